"""The README and the pages of rooms list what there is: options with their defaults, endpoints, methods with papers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor, ones

from gradcam_core import METHODS
from gradcam_core.methods.maps import method
from gradcam_core.request import Option, Request
from gradcam_core.serving.endpoints import ENDPOINTS
from gradcam_core.ui.tabs.photograph import method_choices, method_notes

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
API = (ROOT / "gradcam_core/serving/README.md").read_text("utf-8")
OF_METHODS = (ROOT / "gradcam_core/methods/README.md").read_text("utf-8")
# what is longer is not read to its end: details belong to the page of a room
LONGEST = 340
# the first page, and those of single rooms
ROOMS = ("gradcam_core", "tests", "assets")
PAGES = [ROOT / "README.md", *(page for room in ROOMS for page in (ROOT / room).rglob("README.md"))]


def row(option: Option) -> str:
    default = {True: "on", False: "off", "": "none"}.get(option.default, f"`{option.default}`")
    return f"| `{option.name}` | {default} | {option.description} |"


def test_options_are_those_of_a_request() -> None:
    table = API.split("<!-- options -->")[1].split("<!-- end of options -->")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert rows == [row(option) for option in Request.options().values()]


def test_endpoints_are_those_of_the_table() -> None:
    table = API.split("| endpoint |")[1].split("\n\n")[0]
    listed = re.findall(r"^\| `/(\w+)` \|", table, re.MULTILINE)
    assert sorted(listed) == sorted(endpoint.name for endpoint in ENDPOINTS)


def test_the_first_page_stays_short() -> None:
    assert len(README.splitlines()) <= LONGEST


@pytest.mark.parametrize("key", METHODS)
def test_methods_are_those_of_the_registry(key: str) -> None:
    method = METHODS[key]
    assert f"| `{key}` | {method.title} | {method.paper} | {method.good_for} |" in OF_METHODS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    for target, heading in re.findall(r"\]\((?!http)([^)#]*)(?:#([^)]+))?\)", page.read_text("utf-8")):
        there = page.parent / target if target else page
        assert there.exists(), target
        headings = re.findall(r"^#+ (.*)", there.read_text("utf-8"), re.MULTILINE) if heading else []
        assert not heading or heading in {re.sub(r"[^\w -]", "", one).replace(" ", "-").lower() for one in headings}


def test_the_method_of_the_readme_is_offered_in_the_words_that_it_came_with(monkeypatch: pytest.MonkeyPatch) -> None:
    code = next(block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "@method(" in block)
    # taken out again by monkeypatch
    monkeypatch.setitem(METHODS, "mycam", METHODS["gradcam"])
    names: dict[str, Any] = {"method": method, "Tensor": Tensor}
    exec(code.replace('good_for="..."', 'good_for="A test & nothing else."'), names)  # noqa: S102 - the README's own
    assert METHODS["mycam"].function(ones(2, 3, 3), ones(2, 3, 3)).shape == (3, 3)
    assert str(METHODS["mycam"].good_for) == "A test & nothing else."
    assert ("My-CAM", "mycam") in method_choices()
    assert "A test &amp; nothing else." in method_notes()["mycam"]
