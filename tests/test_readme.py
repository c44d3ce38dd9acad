"""The README lists what there is: every option with its default, every method with its paper."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gradcam_core import METHODS
from gradcam_core.request import Option, Request

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
