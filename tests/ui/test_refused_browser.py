"""What the page shows where the server refuses an event, as where a share is used up: nothing waits for ever."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from .visits import DRAWN, SECONDS, tab, visit

pytestmark = pytest.mark.browser

SAID = "did not answer this"


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Any]:
    with visit(browser, address, width=1440, height=1000, refused=True) as view:
        yield view


def _refuse(view: Any, page: gr.Blocks, elem_id: str, *, alone: bool = False) -> None:
    """From now on the server refuses events that change the part `elem_id`, or that change it `alone`."""
    refused = {
        number
        for number, function in page.fns.items()
        if function.fn is not None
        and any(getattr(one, "elem_id", None) == elem_id for one in function.outputs)
        and (len(function.outputs) == 1 or not alone)
    }
    assert refused

    def answer(route: Any) -> None:
        if json.loads(route.request.post_data)["fn_index"] in refused:
            route.fulfill(status=429, content_type="application/json", body='{"detail": "Your share is used up."}')
        else:
            route.continue_()

    view.route("**/queue/join*", answer)


def _wait(view: Any, place: str, words: str) -> None:
    view.locator(place, has_text=words).wait_for(timeout=30 * SECONDS)


def test_a_verdict_that_is_refused_says_how_to_ask(opened: Any, page: gr.Blocks) -> None:
    _refuse(opened, page, "verdict-found")
    opened.locator("#bars button").nth(1).click()
    _wait(opened, "#verdict [data-state=looking]", "Checking")
    _wait(opened, "#verdict [data-state=none]", "Not checked by itself")


def test_a_first_verdict_that_is_refused_says_how_to_ask(browser: Any, address: str, page: gr.Blocks) -> None:
    with tab(browser, address, width=1440, height=1000) as view:
        _refuse(view, page, "verdict-found")
        view.goto(f"{address}?__theme=light")
        _wait(view, "#verdict [data-state=none]", "Not checked by itself")


def test_a_question_that_is_refused_leaves_the_answer_before(opened: Any, page: gr.Blocks) -> None:
    shown = "#sentence .sentence", "#verdict"
    before = [opened.inner_text(place) for place in shown]
    _refuse(opened, page, "stage")
    opened.locator("#bars button").nth(1).click()
    _wait(opened, "#problem", SAID)
    opened.wait_for_timeout(500)
    assert [opened.inner_text(place) for place in shown] == before
    opened.unroute("**/queue/join*")
    # asked again, it is answered
    opened.locator("#bars button").nth(1).click()
    label = opened.locator("#bars .name").nth(1).inner_text()
    _wait(opened, "#sentence .sentence", f"“{label}”")
    opened.locator("#problem").wait_for(state="hidden", timeout=30 * SECONDS)


def test_a_model_or_a_task_that_is_refused_is_not_chosen(opened: Any, page: gr.Blocks) -> None:
    before = opened.input_value("#model input")
    _refuse(opened, page, "model")
    opened.click("#model input")
    opened.get_by_role("option", name="EfficientNet-Lite1").click()
    _wait(opened, "#problem", SAID)
    opened.wait_for_function("b => document.querySelector('#model input').value === b", arg=before)
    opened.get_by_label("Describe it").click()
    opened.wait_for_function("document.querySelector('#task input[value=classes]').checked")


def test_a_first_question_that_is_refused_leaves_an_empty_page_that_says_so(
    browser: Any, address: str, page: gr.Blocks
) -> None:
    with tab(browser, address, width=1280, height=720) as view:
        _refuse(view, page, "stage")
        view.goto(address)
        _wait(view, "#problem", SAID)
        view.wait_for_selector("#stage .panels.empty")
        view.unroute("**/queue/join*")
        view.locator("#examples button").nth(2).click()
        view.wait_for_selector(DRAWN, timeout=60 * SECONDS)
        assert not view.locator("#stage .panels.empty").count()


def test_what_is_shown_outlasts_a_lost_connection(browser: Any, address: str) -> None:
    """Gradio loads the page anew once the server is there again."""
    with visit(browser, address, width=1440, height=1000, refused=True, left=True) as view:
        view.locator("#examples button").nth(2).click()
        _wait(view, "#sentence .sentence", "cat”")
        view.wait_for_timeout(1000)
        before = view.inner_text("#sentence .sentence")
        view.context.set_offline(True)
        view.locator("#bars button").nth(3).click()
        view.wait_for_selector("#offline", state="visible", timeout=30 * SECONDS)
        with view.expect_event("domcontentloaded", timeout=60 * SECONDS):
            view.context.set_offline(False)
        view.wait_for_selector(DRAWN, timeout=60 * SECONDS)
        assert view.inner_text("#sentence .sentence") == before


def test_gradios_own_notices_speak_the_pages_language(browser: Any, address: str, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no photograph")
    with visit(browser, address, width=390, height=844, asked="lang=ko") as view:
        view.locator("#photograph button").nth(1).click()
        view.wait_for_selector("#photograph input[type=file]", state="attached")
        view.set_input_files("#photograph input[type=file]", str(path))
        _wait(view, ".toast-wrap", "notes.txt: 여기에 올릴 수 없는 파일입니다. 올릴 수 있는 형식: image/*")
        assert "오류" in view.inner_text(".toast-wrap")
        assert "Error" not in view.inner_text(".toast-wrap")


def test_texts_and_folders_that_are_refused_say_so(opened: Any, page: gr.Blocks) -> None:
    opened.get_by_role("tab", name="Text").click()
    opened.wait_for_selector("#text-verdict [data-state=holds], #text-verdict [data-state=fails]", timeout=30 * SECONDS)
    _refuse(opened, page, "text-verdict-found")
    opened.fill("#review textarea", "배우들의 연기가 정말 훌륭했다")
    _wait(opened, "#text-verdict [data-state=none]", "leaves the strongest words out")
    opened.unroute("**/queue/join*")
    _refuse(opened, page, "text-stage")
    opened.fill("#review textarea", "줄거리가 너무 지루하다")
    _wait(opened, "#text-problem", SAID)
    opened.get_by_role("tab", name="Folder").click()
    _refuse(opened, page, "folder-said")
    opened.click("#folder-go")
    _wait(opened, "#folder-said", SAID)
