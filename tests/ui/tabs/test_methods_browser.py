"""Methods that take long, in a real browser: told, shown, cancelled, overtaken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..visits import DRAWN, SECONDS, cut_the_network, visit

# what the menu of methods says before anybody chooses
USUAL = "The one that suits the model"

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("slow_methods")]


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Any]:
    with visit(browser, address, width=1280, height=1000) as view:
        view.get_by_role("button", name="Advanced").first.click()
        yield view


def _method(view: Any, title: str) -> None:
    view.click("#method input")
    view.get_by_role("option", name=title, exact=True).click()


def _asked(view: Any, word: str) -> list[str]:
    """The questions with `word` that the page will send from now on."""
    sent: list[str] = []

    def note(request: Any) -> None:
        if "queue/join" in request.url and word in (request.post_data or ""):
            sent.append(request.url)

    view.on("request", note)
    return sent


def test_a_slow_method_is_told_shown_and_cancelled(opened: Any) -> None:
    before = opened.inner_text("#sentence .sentence"), opened.get_attribute(DRAWN, "data-drawn")
    assert not opened.locator("#cancel").is_visible()
    _method(opened, "Score-CAM")
    opened.locator("#about-method", has_text="one pass per channel").wait_for(timeout=5 * SECONDS)
    opened.locator("#sentence [role=progressbar]").wait_for(timeout=20 * SECONDS)
    opened.locator("#cancel").click(timeout=20 * SECONDS)
    opened.locator("#problem", has_text="Stopped after").wait_for(timeout=30 * SECONDS)
    assert "still shows the answer before" in opened.inner_text("#problem")
    assert opened.input_value("#method input") == USUAL
    opened.locator("#about-method", has_text="for words of the embedded captioner").wait_for(timeout=5 * SECONDS)
    assert (opened.inner_text("#sentence .sentence"), opened.get_attribute(DRAWN, "data-drawn")) == before
    opened.locator("#cancel").wait_for(state="hidden", timeout=2 * SECONDS)


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


def test_a_menu_that_is_only_looked_at_ends_nothing(opened: Any) -> None:
    sent = _asked(opened, '"scorecam"')
    _method(opened, "Score-CAM")
    opened.locator("#sentence", has_text="passes").wait_for(timeout=20 * SECONDS)
    for menu in ("#layer input", "#method input"):
        opened.click(menu)
        opened.click("#lead h1")
    opened.wait_for_timeout(1000)
    assert len(sent) == 1
    opened.locator("#cancel").click()
    opened.locator("#problem", has_text="Stopped after").wait_for(timeout=30 * SECONDS)
    # and the menu's telling of its choice again does not start it again
    opened.wait_for_timeout(1000)
    assert len(sent) == 1
    assert opened.input_value("#method input") == USUAL


def test_cancelled_and_asked_again_at_once_it_runs_again(opened: Any) -> None:
    sent = _asked(opened, '"scorecam"')
    for times in (1, 2):
        _method(opened, "Score-CAM")
        opened.locator("#sentence", has_text="passes").wait_for(timeout=20 * SECONDS)
        opened.locator("#cancel").click(timeout=20 * SECONDS)
        opened.locator("#problem", has_text="Stopped after").wait_for(timeout=30 * SECONDS)
        assert len(sent) == times


# when the bar of progress and the button came, in milliseconds
WATCH_CANCEL = """() => {
  const came = window.came = {};
  const look = () => {
    const shows = getComputedStyle(document.querySelector('#cancel')).visibility === 'visible';
    if (document.querySelector('#sentence [role=progressbar]')) came.bar ??= performance.now();
    if (shows) came.button ??= performance.now();
    requestAnimationFrame(look);
  };
  look();
}"""


def test_what_takes_no_half_second_shows_no_button(opened: Any) -> None:
    opened.evaluate(WATCH_CANCEL)
    _method(opened, "Score-CAM")
    opened.locator("#cancel").click(timeout=20 * SECONDS)
    came = opened.evaluate("window.came")
    assert came["button"] - came["bar"] >= 450


def test_a_model_that_cannot_be_had_does_not_end_what_is_computed(
    opened: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cut_the_network(monkeypatch, tmp_path)
    sent = _asked(opened, '"scorecam"')
    _method(opened, "Score-CAM")
    opened.locator("#sentence", has_text="passes").wait_for(timeout=20 * SECONDS)
    opened.click("#model input")
    opened.get_by_role("option", name="MobileNetV3-Large").click()
    opened.locator("#problem", has_text="could not be downloaded").wait_for(timeout=20 * SECONDS)
    opened.wait_for_timeout(500)
    # it goes on, not anew, and the menu says so
    opened.locator("#sentence", has_text="passes").wait_for(timeout=5 * SECONDS)
    assert len(sent) == 1
    assert opened.input_value("#method input") == "Score-CAM"
    opened.locator("#cancel").click(timeout=20 * SECONDS)
    opened.locator("#problem", has_text="Stopped after").wait_for(timeout=30 * SECONDS)


def test_detail_is_not_sold_as_evidence(opened: Any) -> None:
    _method(opened, "Guided backpropagation")
    opened.locator("#about-method", has_text="Detail, not evidence").wait_for(timeout=5 * SECONDS)
    opened.locator("#sentence", has_text="Guided backpropagation").wait_for(timeout=30 * SECONDS)
    # beside the map, too
    assert "Detail, not evidence" in opened.inner_text("#sentence")
