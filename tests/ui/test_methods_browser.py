"""Methods that take long, in a real browser: told, shown, cancelled, overtaken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .visits import DRAWN, SECONDS, visit

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Any]:
    with visit(browser, address, width=1280, height=1000) as view:
        view.get_by_role("button", name="Advanced").first.click()
        yield view


def _method(view: Any, title: str) -> None:
    view.click("#method input")
    view.get_by_role("option", name=title, exact=True).click()


def test_a_slow_method_is_told_shown_and_cancelled(opened: Any) -> None:
    before = opened.inner_text("#sentence .sentence"), opened.get_attribute(DRAWN, "data-drawn")
    assert not opened.locator("#cancel").is_visible()
    _method(opened, "Score-CAM")
    opened.locator("#about-method", has_text="one pass per channel").wait_for(timeout=5 * SECONDS)
    opened.locator("#sentence [role=progressbar]").wait_for(timeout=20 * SECONDS)
    opened.locator("#cancel").click(timeout=20 * SECONDS)
    opened.locator("#problem", has_text="Stopped after").wait_for(timeout=30 * SECONDS)
    assert "still shows the answer before" in opened.inner_text("#problem")
    assert opened.input_value("#method input") == "Grad-CAM"
    opened.locator("#about-method", has_text="partial backward pass").wait_for(timeout=5 * SECONDS)
    assert (opened.inner_text("#sentence .sentence"), opened.get_attribute(DRAWN, "data-drawn")) == before
    assert not opened.locator("#cancel").is_visible()


def test_the_last_question_ends_the_slow_one_before_it(opened: Any) -> None:
    label = opened.locator("#bars .name").nth(2).inner_text()
    _method(opened, "Score-CAM")
    opened.locator("#sentence [role=progressbar]").wait_for(timeout=20 * SECONDS)
    opened.locator("#bars button").nth(2).click()
    opened.wait_for_timeout(300)
    _method(opened, "HiResCAM")
    # far less than a whole Score-CAM takes
    opened.locator("#sentence", has_text="by HiResCAM").wait_for(timeout=10 * SECONDS)
    assert f"“{label}”" in opened.inner_text("#sentence")
    assert opened.input_value("#target input") == label
    assert opened.input_value("#method input") == "HiResCAM"
    assert not opened.locator("#problem").is_visible()


def test_detail_is_not_sold_as_evidence(opened: Any) -> None:
    _method(opened, "Guided backpropagation")
    opened.locator("#about-method", has_text="Detail, not evidence").wait_for(timeout=5 * SECONDS)
    opened.locator("#sentence", has_text="Guided backpropagation").wait_for(timeout=30 * SECONDS)
    # beside the map, too
    assert "Detail, not evidence" in opened.inner_text("#sentence")
