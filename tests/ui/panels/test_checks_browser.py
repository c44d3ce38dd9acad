"""The checks below the pictures in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ..visits import DRAWN, SECONDS, visit

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
    # a point for the map as it is, and one for each row of the table below the plot
    assert opened.locator("#checked svg circle").count() == opened.locator("#checked tr").count()
    assert "rank correlation" in opened.get_attribute("#checked svg[role=img]", "aria-label")
    _check(opened, "Curves", "Probability of")
    assert opened.locator("#checked svg[role=img] polyline").count() == 6


def test_another_map_takes_the_old_answer_away(opened: Any) -> None:
    before = opened.get_attribute(DRAWN, "data-drawn")
    opened.click("#counterfactual input[value=against]")
    opened.wait_for_function("([s, b]) => document.querySelector(s).dataset.drawn !== b", arg=[DRAWN, before])
    opened.locator("#checked", has_text="Hides (blurs)").wait_for(timeout=30 * SECONDS)
    assert "Click on a picture" in opened.inner_text("#place")


@pytest.mark.usefixtures("slow_methods")
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


@pytest.fixture(scope="module")
def anew(browser: Any, address: str) -> Iterator[Any]:
    """Another visit: a page that is loaded again while it is connected says that it was cut off."""
    with visit(browser, address, width=1440, height=1400) as view:
        yield view


def test_a_contrast_comes_with_both_sides_and_goes_with_them(anew: Any) -> None:
    assert anew.input_value("#stage .signed") == ""
    assert anew.locator("#stage .sides").is_hidden()
    anew.get_by_role("button", name="Advanced").first.click()
    for rival, signs in (("the most probable other class", "1"), ("nothing", "")):
        before = anew.get_attribute(DRAWN, "data-drawn")
        anew.click("#rival input")
        anew.get_by_role("option", name=rival, exact=True).click()
        anew.wait_for_function("([s, b]) => document.querySelector(s).dataset.drawn !== b", arg=[DRAWN, before])
        assert anew.input_value("#stage .signed") == signs
        if signs:
            first, second = anew.locator("#bars .name").all_inner_texts()[:2]
            said = f"Orange speaks for “{first}”, blue for “{second}”."
            assert anew.inner_text("#stage .sides") == said
            high, low = (anew.inner_text(f"#stage .scale .{end}") for end in ("high", "low"))
            assert (high[0], low[0]) == ("+", "\u2212")
            assert high[1:] == low[1:]
            _maps_with_both_sides(anew)
    assert anew.locator("#stage .sides").is_hidden()


def _maps_with_both_sides(view: Any) -> None:
    view.click("#compare > button")
    view.get_by_label("methods × layers").click()  # noqa: RUF001
    view.click("#compare-plain")
    view.locator("#grid table button").first.wait_for(timeout=60 * SECONDS)
    high, low = (view.inner_text(f"#grid .legend .{end}") for end in ("high", "low"))
    assert high == f"+{low[1:]} of the logit"
    assert low[0] == "\u2212"


def test_a_rival_that_is_the_class_itself_gets_a_sentence(anew: Any) -> None:
    label = anew.locator("#bars .name").nth(1).inner_text()
    anew.click("#rival input")
    anew.locator("#rival input").press_sequentially(label)
    anew.get_by_role("option", name=label, exact=True).click()
    anew.locator("#sentence", has_text=f"rather than “{label}”").wait_for(timeout=30 * SECONDS)
    anew.locator("#bars button").nth(1).click()
    anew.locator("#problem", has_text="is the explained class itself").wait_for(timeout=30 * SECONDS)
    assert f"rather than “{label}”" in anew.inner_text("#sentence")


def test_each_method_names_its_paper(anew: Any) -> None:
    assert "Selvaraju et al. 2017, arXiv:1610.02391" in anew.inner_text("#about-method")


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
