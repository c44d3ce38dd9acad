"""A region of the photograph is brushed over in a real browser, with a mouse, by touch and by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ..visits import PINK, SECONDS, visit

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Any]:
    with visit(browser, address, width=1280, height=1100, touch=True) as view:
        view.get_by_role("button", name="Draw on it").click()
        yield view


def _pink(view: Any) -> int:
    view.wait_for_timeout(200)
    return int(view.evaluate(PINK))


def _stroke(view: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    # a control that was pressed before may lie below
    view.locator("canvas.picture").scroll_into_view_if_needed()
    area = view.locator("canvas.picture").bounding_box()
    (x, y), (to_x, to_y) = ((area["x"] + area["width"] * a, area["y"] + area["height"] * b) for a, b in (start, end))
    view.mouse.move(x, y)
    view.mouse.down()
    view.mouse.move(to_x, to_y, steps=8)
    view.mouse.up()


def _ask(view: Any, awaited: str) -> str:
    view.get_by_role("button", name="Look again without this").click()
    view.locator("#without", has_text=awaited).wait_for(timeout=30 * SECONDS)
    return str(view.inner_text("#without"))


def test_what_is_brushed_over_is_hidden_and_both_answers_stand_side_by_side(opened: Any) -> None:
    before = _pink(opened)
    _stroke(opened, (0.35, 0.4), (0.6, 0.5))
    one = _pink(opened)
    assert one > before + 1000
    text = _ask(opened, "Without this region")
    labels = opened.locator("#bars .name").all_inner_texts()
    assert f"Without this region {labels[0]} goes from" in text
    rows = opened.locator("#without tr")
    assert rows.first.inner_text().split("\t") == ["class", "with everything", "without the region"]
    shares = opened.locator("#bars .share").all_inner_texts()
    for number, (label, share) in enumerate(zip(labels, shares, strict=True), start=1):
        assert [text.strip() for text in rows.nth(number).locator("th, td").all_inner_texts()][:2] == [label, share]
    # no place was asked meanwhile
    assert "Click on a picture" in opened.inner_text("#place")
    _stroke(opened, (0.4, 0.8), (0.6, 0.8))
    two = _pink(opened)
    assert two > one
    # whoever draws no more sees the map again, and whoever goes on what was drawn
    opened.get_by_role("button", name="Draw on it").click()
    assert _pink(opened) == before
    opened.get_by_role("button", name="Draw on it").click()
    assert _pink(opened) == two
    opened.get_by_role("button", name="Undo").click()
    assert _pink(opened) == one
    opened.click("#stage .clear")
    assert _pink(opened) == before
    opened.locator("#bars button").nth(1).click()
    opened.locator("#without table").wait_for(state="detached", timeout=30 * SECONDS)


def test_a_tap_and_a_key_are_dabs(opened: Any) -> None:
    before = _pink(opened)
    area = opened.locator("canvas.picture").bounding_box()
    opened.touchscreen.tap(area["x"] + area["width"] / 2, area["y"] + area["height"] / 2)
    tapped = _pink(opened)
    assert tapped > before
    opened.locator("canvas.picture").focus()
    for key in ("ArrowLeft",) * 9:
        opened.keyboard.press(key)
    opened.keyboard.press("Space")
    assert _pink(opened) > tapped
    assert "Without this region" in _ask(opened, "Without this region")


def test_nothing_and_everything_get_a_sentence(opened: Any) -> None:
    opened.get_by_label("What it was trained to see").click()
    opened.locator("#sentence", has_text="(7×7)").wait_for(timeout=30 * SECONDS)  # noqa: RUF001
    assert "nothing to hide" in _ask(opened, "nothing to hide")
    opened.locator("#stage .radius").fill("25")
    for height in (0.15, 0.5, 0.85):
        _stroke(opened, (0.05, height), (0.95, height))
    assert "covers everything" in _ask(opened, "covers everything")
    opened.click("#stage .clear")
    opened.locator("#stage .radius").fill("1")
    _stroke(opened, (0.01, 0.02), (0.01, 0.03))
    assert "covers nothing" in _ask(opened, "covers nothing")
    # another photograph is not brushed over
    opened.click("#examples button >> nth=2")
    opened.locator("#sentence", has_text="cat”").wait_for(timeout=30 * SECONDS)
    assert "nothing to hide" in _ask(opened, "nothing to hide")
