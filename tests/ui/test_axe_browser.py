"""What axe finds in the states that somebody comes to by pressing something; the first look is tried elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .visits import DRAWN, SECONDS, visit

pytestmark = pytest.mark.browser


def _task(number: int, words: str) -> Callable[[Any], None]:
    def act(view: Any) -> None:
        view.locator("#task input").nth(number).click()
        view.locator(words).first.wait_for(timeout=60 * SECONDS)

    return act


def _tab(number: int, place: str) -> Callable[[Any], None]:
    def act(view: Any) -> None:
        view.get_by_role("tab").nth(number).click()
        view.locator(place).first.wait_for(timeout=30 * SECONDS)

    return act


def _opened(view: Any) -> None:
    view.click("#stage .draw")
    view.select_option("#stage .signed", "1")
    for place in ("#trust", "#compare", "#own-model"):
        view.click(f"{place} > button")
    view.click("#compare-plain")
    view.locator("#grid .strip button").first.wait_for(timeout=60 * SECONDS)


STATES: dict[str, Callable[[Any], None]] = {
    "all opened": _opened,
    "described": _task(1, "#caption-words button"),
    "asked": _task(2, "#question-words .piece"),
    "text": _tab(1, "#text-stage .piece"),
    "folder": _tab(2, "#folder-go"),
}


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("ko", "dark")])
def test_axe_finds_nothing(browser: Any, address: str, language: str, theme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    found = []
    with visit(browser, address, width=1024, height=900, asked=f"lang={language}", theme=theme) as view:
        for name, act in STATES.items():
            act(view)
            view.wait_for_timeout(800)
            violations = axe.Axe().run(view).response["violations"]
            found += [(name, rule["id"], [node["target"] for node in rule["nodes"]]) for rule in violations]
            assert view.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
            assert view.locator(DRAWN).count() == 1
    assert found == []
