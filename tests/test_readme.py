"""The README lists what there is: every option with its default, every method with its paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor, ones

from gradcam_core import METHODS
from gradcam_core.methods.maps import method
from gradcam_core.request import Option, Request
from gradcam_core.ui.tabs.photograph import method_choices, method_notes

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def row(option: Option) -> str:
    default = {True: "on", False: "off", "": "none"}.get(option.default, f"`{option.default}`")
    return f"| `{option.name}` | {default} | {option.description} |"


def test_options_are_those_of_a_request() -> None:
    table = README.split("<!-- options -->")[1].split("<!-- end of options -->")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert rows == [row(option) for option in Request.options().values()]


@pytest.mark.parametrize("key", METHODS)
def test_methods_are_those_of_the_registry(key: str) -> None:
    method = METHODS[key]
    assert f"| `{key}` | {method.title} | {method.paper} | {method.good_for} |" in README


def test_links_within_the_repository_lead_somewhere() -> None:
    targets = re.findall(r"\]\((?!http)([^)#]+)", README)
    assert targets
    assert all((Path(__file__).parents[1] / target).exists() for target in targets)


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
