"""The switch between the languages loses nothing of what is asked on any tab, on whichever of them one stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gradcam_core.ui.links import MOST
from gradcam_core.ui.tabs.photograph import EXAMPLES

from .visits import JUDGED, PINK, SECONDS, visit

pytestmark = pytest.mark.browser

QUESTION = "is there a dog?"
# longer than any link
REVIEW = "".join(chr(0xAC00 + (number * 7919) % 11172) for number in range(MOST))


def open_tab(view: Any, number: int) -> None:
    view.locator("[role=tab]:visible").nth(number).click()


def open_now(view: Any) -> int:
    tabs = view.locator("[role=tab]:visible")
    return [tab.get_attribute("aria-selected") for tab in tabs.all()].index("true")


def speak(view: Any, language: str) -> None:
    view.locator(f"#languages a[lang={language}]").click()
    view.wait_for_function("(language) => document.documentElement.lang === language", arg=language)
    view.wait_for_selector("#stage [data-drawn]", state="attached", timeout=60 * SECONDS)


def on_the_photograph_tab(view: Any) -> dict[str, Any]:
    open_tab(view, 0)
    view.wait_for_selector(JUDGED, timeout=60 * SECONDS)
    return {
        "question": view.input_value("#question input"),
        "task": view.locator("#task input:checked").get_attribute("value"),
        "class": view.inner_text("#bars [aria-pressed=true] .name"),
        "side": view.locator("#counterfactual input:checked").get_attribute("value"),
        "picture": view.locator(".look .view").evaluate("(menu) => menu.value"),
        "opacity": view.locator(".look .opacity").evaluate("(range) => range.value"),
        "words": view.locator("#question-words .piece .text").all_inner_texts(),
    }


def on_the_text_tab(view: Any) -> dict[str, Any]:
    open_tab(view, 1)
    view.wait_for_selector("#text-stage .piece", timeout=60 * SECONDS)
    return {
        "text": view.input_value("#review textarea"),
        "class": view.inner_text("#text-bars [aria-pressed=true] .name"),
        "contrast": view.locator("#text-contrast input").is_checked(),
        "side": view.locator("#text-counterfactual input").is_checked(),
    }


def ask_of_both(view: Any, text: str) -> None:
    view.locator("#task input").nth(2).click()
    view.locator("#question-words .piece").first.wait_for(timeout=60 * SECONDS)
    field = view.locator("#question input")
    field.fill(QUESTION)
    field.press("Enter")
    view.locator("#question-words .piece .text", has_text="dog").wait_for(timeout=60 * SECONDS)
    view.wait_for_selector(JUDGED, timeout=60 * SECONDS)
    view.locator("#bars button").nth(1).click()
    view.wait_for_function(
        "document.querySelectorAll('#bars button')[1].getAttribute('aria-pressed') === 'true'"
        " && document.querySelector('#stage [data-link]').dataset.link.includes('target')"
    )
    view.locator(".look .view").select_option("masked")
    view.locator(".look .opacity").fill("0.4")
    open_tab(view, 1)
    view.locator("#review textarea").fill(text)
    view.locator("#text-stage .piece .text", has_text=text[:2]).first.wait_for(timeout=60 * SECONDS)
    view.locator("#text-bars button").nth(1).click()
    view.locator("#text-contrast input").check()
    # the pictures of a review in words follow its class
    view.wait_for_function("document.querySelectorAll('#text-bars button')[1].getAttribute('aria-pressed') === 'true'")


@pytest.mark.parametrize(("tab", "text"), [(0, "정말 좋다 그런데 아깝다"), (1, "정말 좋다 그런데 아깝다"), (2, REVIEW)])
def test_the_switch_loses_nothing_on_whichever_tab_one_stands(browser: Any, address: str, tab: int, text: str) -> None:
    with visit(browser, address, width=1280, height=900, asked="lang=en", left=True) as view:
        ask_of_both(view, text)
        texts, photographs = on_the_text_tab(view), on_the_photograph_tab(view)
        assert photographs["question"] == QUESTION
        assert photographs["opacity"] == "0.4"
        assert texts["text"] == text
        assert texts["contrast"]
        open_tab(view, tab)
        speak(view, "ko")
        assert open_now(view) == tab
        view.locator(".look").evaluate("(look) => { look.open = true; }")
        assert on_the_photograph_tab(view) == photographs
        assert on_the_text_tab(view) == texts
        # the address is of what was seen, and what was left for it is used once
        assert ("text=" in view.url) == (tab == 1)
        assert view.evaluate("sessionStorage.length") == 0


def test_what_was_left_for_one_page_comes_into_no_other(browser: Any, address: str) -> None:
    with visit(browser, address, width=1280, height=900, asked="lang=en", left=True) as view:
        open_tab(view, 1)
        # as when the server was gone, and a link is opened before it is there again
        view.evaluate("window.camKeep('ko')")
        view.goto(f"{address}?example=3-cat&target=282&lang=en")
        view.wait_for_selector("#stage [data-drawn]", timeout=60 * SECONDS)
        assert open_now(view) == 0
        assert "282" in view.locator("#stage [data-link]").get_attribute("data-link")


def in_the_panels(view: Any) -> dict[str, Any]:
    """What was set beside the question, on the photograph's tab and on that of the folder."""
    open_tab(view, 2)
    view.wait_for_selector("#folder-files a[download]")
    files = view.locator("#folder-files .filename").all_inner_texts()
    folder_model = view.input_value("#folder-model input").rpartition(" ")[2]
    view.locator("#folder-report a[download]").nth(1).wait_for()
    rows = view.frame_locator("#folder-found iframe").locator("#rows figure")
    rows.nth(1).wait_for()
    open_tab(view, 0)
    view.locator("#compare-plan").wait_for()
    view.wait_for_function(f"({PINK})() > 1000")
    return {
        "files": files,
        "folder_model": folder_model,
        "photographs": rows.count(),
        "plan": view.locator("#compare-plan input:checked").get_attribute("value"),
        "methods": view.locator("#compare-methods .token").all_inner_texts(),
        "other": view.input_value("#compare-model input").rpartition(" ")[2],
        "one_scale": view.locator("#compare-scale input").is_checked(),
        "brush": view.input_value("#stage .radius"),
        "architecture": view.locator("#own-architecture").locator("input, textarea").input_value(),
        "strokes": view.evaluate("window.camBrushed().strokes"),
    }


def set_in_the_panels(view: Any) -> None:
    view.click("#compare > button")
    view.locator("#compare-plan input").nth(2).check()
    view.locator("#compare-methods .token-remove").first.click()
    view.fill("#compare-model input", "efficientnet_lite2")
    view.press("#compare-model input", "Enter")
    view.locator("#compare-scale input").check()
    view.click("#own-model > button")
    view.locator("#own-architecture").locator("input, textarea").fill("resnet18")
    view.click("#stage .draw")
    view.locator("#stage .radius").fill("9")
    area = view.locator("canvas.picture").bounding_box()
    view.mouse.move(area["x"] + area["width"] * 0.3, area["y"] + area["height"] * 0.4)
    view.mouse.down()
    view.mouse.move(area["x"] + area["width"] * 0.6, area["y"] + area["height"] * 0.5, steps=8)
    view.mouse.up()
    open_tab(view, 2)
    view.set_input_files("#folder-files input[type=file]", sorted(EXAMPLES.glob("*.jpg"))[:2])
    view.wait_for_selector("#folder-files a[download]")
    view.fill("#folder-model input", "efficientnet_lite1")
    view.press("#folder-model input", "Enter")
    view.click("#folder-go")


@pytest.fixture(scope="module")
def switched(browser: Any, address: str) -> Iterator[tuple[Any, dict[str, Any]]]:
    """A page that was switched to Korean on the tab of the folder, and what had been set in its panels."""
    with visit(browser, address, width=1280, height=900, asked="lang=en", left=True) as view:
        set_in_the_panels(view)
        before = in_the_panels(view)
        open_tab(view, 2)
        speak(view, "ko")
        yield view, before


def test_the_switch_keeps_comparison_brush_and_folder(switched: tuple[Any, dict[str, Any]]) -> None:
    view, before = switched
    assert open_now(view) == 2
    # the report cannot be had in another language without looking at all photographs again
    view.locator("#folder-said", has_text="만들 때의 언어").wait_for()
    assert before["folder_model"] == "efficientnet_lite1"
    assert (before["other"], before["plan"]) == ("efficientnet_lite2", "compare.classes_methods")
    assert (len(before["files"]), before["photographs"], before["one_scale"]) == (2, 2, True)
    assert in_the_panels(view) == before
    # and once more, without anything set anew
    speak(view, "en")
    assert in_the_panels(view) == before
    # the files are there on the server, too
    open_tab(view, 2)
    view.click("#folder-go")
    view.locator("#folder-said", has_text="2 of 2").wait_for(timeout=60 * SECONDS)
    speak(view, "ko")


LABELS = """() => {
  const said = ["aria-label", "title", "placeholder", "alt"].flatMap((name) =>
    [...document.querySelectorAll(`[${name}]`)].map((one) => one.getAttribute(name)));
  return [...said, ...[...document.querySelectorAll("button:not(#bars *, #text-bars *)")].map((one) => one.innerText)];
}"""


def not_korean(view: Any, names: set[str]) -> set[str]:
    """Labels and buttons without a Korean word, but for `names` and the bars, which are a network's own classes."""
    said = {said.strip() for said in view.evaluate(LABELS)}
    return {one for one in said - names if re.search("[A-Za-z]{2}", one) and not re.search("[가-힣]", one)}


def test_gradios_own_labels_are_korean_in_every_state(switched: tuple[Any, dict[str, Any]]) -> None:
    view, _ = switched
    names = {"EN", "Gradio", "audit.html", "rows.parquet", *(path.name for path in EXAMPLES.glob("*.jpg"))}
    open_tab(view, 2)
    # beside files that were handed in
    view.get_by_label("파일 추가").wait_for()
    assert not_korean(view, names) == set()
    open_tab(view, 1)
    view.wait_for_selector("#text-stage .piece", timeout=60 * SECONDS)
    assert not_korean(view, names) == set()
    open_tab(view, 0)
    view.locator("#photograph").get_by_label("전체 화면").wait_for()
    assert not_korean(view, names) == set()
    view.locator("#photograph").get_by_label("사진 빼기").click()
    view.locator("#photograph").get_by_label("카메라로 촬영").click()
    view.locator("#photograph button", has_text="카메라 사용 허용").wait_for()
    assert not_korean(view, names) == set()


def test_what_only_looks_like_gradios_words_stays(switched: tuple[Any, dict[str, Any]]) -> None:
    view, _ = switched
    open_tab(view, 1)
    view.locator("#review textarea").fill("Close")
    view.locator("#text-stage .piece .text", has_text="Close").first.wait_for(timeout=60 * SECONDS)
