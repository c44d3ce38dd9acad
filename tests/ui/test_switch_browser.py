"""The switch between the languages loses nothing of what is asked on any tab, on whichever of them one stands."""

from __future__ import annotations

from typing import Any

import pytest

from gradcam_core.ui.links import MOST

from .visits import JUDGED, SECONDS, visit

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
