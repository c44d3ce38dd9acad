"""The checks below the pictures in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .visits import DRAWN, SECONDS, visit

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def opened(browser: Any, address: str) -> Iterator[Any]:
    with visit(browser, address, width=1440, height=1400) as view:
        yield view


def _check(view: Any, title: str, awaited: str) -> str:
    button = view.get_by_role("button", name=title, exact=True)
    if not button.is_visible():
        view.click("#trust > button")
    button.click()
    view.locator("#checked", has_text=awaited).wait_for(timeout=120 * SECONDS)
    return str(view.inner_text("#checked"))


def test_a_place_is_asked_by_a_click(opened: Any) -> None:
    area = opened.locator("#stage canvas.picture").bounding_box()
    opened.mouse.click(area["x"] + area["width"] / 2, area["y"] + area["height"] / 2)
    opened.locator("#place", has_text="; against").wait_for(timeout=30 * SECONDS)
    assert "speaks for" in opened.inner_text("#place")


def test_of_two_checks_the_last_one_stays(opened: Any) -> None:
    _check(opened, "Curves", "passes")
    _check(opened, "Sanity check", "With the weights of the network")
    opened.locator("#checked [role=progressbar]").wait_for(state="hidden", timeout=120 * SECONDS)
    opened.wait_for_timeout(500)
    assert "With the weights of the network" in opened.inner_text("#checked")


def test_every_check_answers(opened: Any) -> None:
    hidden = _check(opened, "Hide and look again", "Hiding the hottest 20 % takes")
    assert "random, mean" in hidden
    assert "rank correlation to this one" in _check(opened, "Sanity check", "With the weights of the network")
    _check(opened, "Curves", "Probability of")
    assert opened.locator("#checked svg polyline").count() == 6


def test_another_map_takes_the_old_answer_away(opened: Any) -> None:
    before = opened.get_attribute(DRAWN, "data-drawn")
    opened.click("#counterfactual input")
    opened.wait_for_function("([s, b]) => document.querySelector(s).dataset.drawn !== b", arg=[DRAWN, before])
    opened.locator("#checked", has_text="Hides (blurs)").wait_for(timeout=30 * SECONDS)
    assert "Click on a picture" in opened.inner_text("#place")


def test_a_check_can_be_stopped(opened: Any) -> None:
    opened.get_by_role("button", name="Curves", exact=True).click()
    opened.locator("#checked", has_text="passes").wait_for(timeout=30 * SECONDS)
    opened.get_by_role("button", name="Stop", exact=True).click()
    opened.locator("#checked", has_text="Stopped after").wait_for(timeout=60 * SECONDS)


def test_a_rival_is_chosen_and_a_bad_combination_gets_a_sentence(opened: Any) -> None:
    opened.get_by_role("button", name="Advanced").first.click()
    opened.click("#rival input")
    opened.get_by_role("option", name="the most probable other class", exact=True).click()
    opened.locator("#sentence", has_text="rather than").wait_for(timeout=30 * SECONDS)
    opened.click("#method input")
    opened.get_by_role("option", name="Eigen-CAM", exact=True).click()
    opened.locator("#problem", has_text="looks at no class").wait_for(timeout=30 * SECONDS)


def test_on_a_phone_controls_follow_the_pictures_and_the_figures_fit(browser: Any, address: str) -> None:
    with visit(browser, address, width=390, height=844, touch=True) as view:
        places = (
            "#photograph",
            "#examples",
            "#sentence",
            "#stage canvas.picture",
            "#place",
            "#bars",
            "#model",
            "#trust",
        )
        boxes = [view.locator(place).bounding_box() for place in places]
        assert [box["y"] for box in boxes] == sorted(box["y"] for box in boxes)
        picture = view.locator("canvas.picture")
        picture.scroll_into_view_if_needed()
        picture.tap()
        view.locator("#place", has_text="; against").wait_for(timeout=30 * SECONDS)
        _check(view, "Hide and look again", "Hiding the hottest 20 % takes")
        table, around = (view.locator(name).bounding_box() for name in ("#checked table", "#checked"))
        assert table["x"] + table["width"] <= around["x"] + around["width"]
