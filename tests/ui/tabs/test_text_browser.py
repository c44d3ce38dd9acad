"""The text tab in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from gradcam_core import TextExplainer
from gradcam_core.ui.tabs.text import EXAMPLES

from .. import visits
from ..visits import SECONDS

pytestmark = pytest.mark.browser

SENTENCE = "#text-sentence .sentence"


@pytest.fixture(scope="module")
def texts() -> TextExplainer:
    return TextExplainer(device="cpu")


@pytest.fixture
def tab(browser: Any, address: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The text tab with its first example explained; fails on errors of its scripts."""
    problems: list[str] = []
    with visits.tab(browser, address, width=1280, height=1000) as view:
        view.on("pageerror", lambda error: problems.append(str(error)))
        view.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        view.goto(f"{address}?__theme={getattr(request, 'param', 'light')}")
        view.get_by_role("tab", name="Text").click()
        view.wait_for_selector("#text-stage .piece", timeout=60 * SECONDS)
        yield view
    assert problems == []


def says(view: Any, sentence: str) -> None:
    view.wait_for_function(
        "([where, what]) => document.querySelector(where)?.textContent === what",
        arg=[SENTENCE, sentence],
        timeout=20 * SECONDS,
    )


def test_the_first_look_needs_no_click(tab: Any, texts: TextExplainer) -> None:
    found = texts.explain(EXAMPLES[0])
    says(tab, found.sentence)
    assert tab.locator("#text-stage .piece .text").all_inner_texts() == [word.text for word in found.words]
    # each value can be read without its colour
    numbers = tab.locator("#text-stage .piece .number").all_inner_texts()
    assert [float(number.replace("−", "-")) for number in numbers] == [  # noqa: RUF001
        pytest.approx(word.value, abs=0.0051) for word in found.words
    ]
    assert tab.locator("#text-bars .name").all_inner_texts() == [top.label for top in found.top]


def test_typing_updates_by_itself(tab: Any, texts: TextExplainer) -> None:
    tab.locator("#review textarea").fill("")
    tab.locator("#review textarea").press_sequentially("정말 최고의 영화", delay=20)
    says(tab, texts.explain("정말 최고의 영화").sentence)


def test_an_example_a_bar_and_the_switches(tab: Any, texts: TextExplainer) -> None:
    tab.get_by_text(EXAMPLES[1], exact=True).click()
    found = texts.explain(EXAMPLES[1])
    says(tab, found.sentence)
    tab.locator("#text-bars button").nth(1).click()
    other = found.top[1].label
    says(tab, texts.explain(EXAMPLES[1], other).sentence)
    tab.get_by_label("Counterfactual").last.check()
    says(tab, texts.explain(EXAMPLES[1], other, counterfactual=True).sentence)
    tab.get_by_label("Contrast").check()
    says(tab, texts.explain(EXAMPLES[1], other, counterfactual=True, contrast=True).sentence)


def test_characters_instead_of_words(tab: Any, texts: TextExplainer) -> None:
    tab.get_by_label("Characters").check()
    found = texts.explain(EXAMPLES[0])
    shown = [char.text for char in found.chars if not char.text.isspace()]
    assert tab.locator("#text-stage .piece .text").all_inner_texts() == shown


def test_check_it(tab: Any, texts: TextExplainer) -> None:
    tab.locator("#text-check").click()
    tab.wait_for_selector("#text-checked table")
    assert tab.inner_text("#text-checked .sentence") == texts.check(texts.explain(EXAMPLES[0])).sentence
    # another text takes the old check away
    tab.locator("#review textarea").fill("재미없다")
    says(tab, texts.explain("재미없다").sentence)
    tab.wait_for_selector("#text-checked table", state="detached")
    tab.locator("#text-check").click()
    tab.get_by_text(re.compile("at least two words")).wait_for()


def test_the_files_are_what_the_core_makes(tab: Any, texts: TextExplainer, tmp_path: Path) -> None:
    tab.get_by_label("Counterfactual").last.check()
    found = texts.explain(EXAMPLES[0], counterfactual=True)
    says(tab, found.sentence)
    files = {}
    for title in ("Record (JSON)", "Report (HTML)"):
        with tab.expect_download() as download:
            tab.locator("#text-downloads").get_by_role("button", name=title).click()
        files[title] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[title])
    assert files["Report (HTML)"].name == f"reviews_{found.target.index}_against_report.html"
    assert json.loads(files["Record (JSON)"].read_text("utf-8")) == json.loads(json.dumps(found.record()))
    # numbers with their units are elements of their own
    said = unescape(re.sub("<[^>]*>", "", files["Report (HTML)"].read_text("utf-8")))
    assert found.sentence in said
    assert texts.check(found).sentence in said


def test_a_link_asks_the_same_of_the_same_text_in_either_language(
    browser: Any, tab: Any, address: str, texts: TextExplainer
) -> None:
    text = "<b>지루하고</b> 100 % 아깝다\n그래도 좋다"
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.locator("#review textarea").fill(text)
    tab.locator("#text-bars button").nth(1).click()
    tab.get_by_label("Contrast").check()
    found = texts.explain(text, texts.explain(text).top[1].label, contrast=True)
    says(tab, found.sentence)
    tab.locator("#text-stage .copy-link").click()
    tab.locator("#text-stage .copied", has_text="Copied.").wait_for()
    link = tab.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{address}?text=")
    with visits.tab(browser, address, width=1280, height=720) as other:
        other.goto(link)
        # on the tab of texts, which it opens by itself
        other.locator("#text-stage .piece").first.wait_for(timeout=60 * SECONDS)
        says(other, found.sentence)
        assert other.input_value("#review textarea") == text
        assert other.get_by_label("Contrast").is_checked()
        other.locator("#languages a[lang=ko]").click()
        other.wait_for_function("document.documentElement.lang === 'ko'")
        says(other, found.said("ko"))
        assert other.locator("[role=tab][aria-selected=true]").inner_text() == "텍스트"


def test_a_long_text_has_a_link_and_one_that_is_too_long_a_sentence(
    browser: Any, tab: Any, address: str, texts: TextExplainer
) -> None:
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    # more than twice as many syllables as an address holds that names them
    text = " ".join(f"{number}번째로 봐도 {'정말 좋다' if number % 2 else '조금 아깝다'}" for number in range(90))
    tab.locator("#review textarea").fill(text)
    says(tab, texts.explain(text).sentence)
    tab.locator("#text-stage .copy-link").click()
    tab.locator("#text-stage .copied", has_text="Copied.").wait_for()
    link = tab.evaluate("navigator.clipboard.readText()")
    other = browser.new_page()
    other.goto(link)
    other.locator("#text-stage .piece").first.wait_for(timeout=60 * SECONDS)
    assert other.input_value("#review textarea") == text
    # a link of which the end is missing
    other.goto(link[:-30])
    other.locator("#text-problem", has_text="damaged").wait_for(timeout=60 * SECONDS)
    assert other.input_value("#review textarea") == EXAMPLES[0]
    other.close()
    tab.locator("#review textarea").fill("".join(map(chr, range(0xAC00, 0xAC00 + 4000))))
    tab.locator("#text-stage .copied", has_text="too long for a link").wait_for()
    assert not tab.locator("#text-stage .copy-link").is_visible()


def test_html_and_markdown_are_shown_as_text(tab: Any, texts: TextExplainer) -> None:
    text = "<img src=x onerror=alert(1)> **좋다** <b>x</b>"
    tab.locator("#review textarea").fill(text)
    says(tab, texts.explain(text).sentence)
    assert tab.locator("#text-stage .piece .text").all_inner_texts() == text.split()
    assert tab.locator("#text-stage .shaded img, #text-sentence img, #text-stage .shaded b").count() == 0


def test_a_long_text_is_cut_and_the_rest_striped(tab: Any, texts: TextExplainer) -> None:
    text = "정말 좋다 " * 1000
    tab.locator("#review textarea").fill(text)
    says(tab, texts.explain(text).sentence)
    assert tab.locator("#text-stage .unread").text_content() == text[texts.limit :]
    assert "Only the first 140 characters" in tab.inner_text("#text-sentence")


def test_an_emptied_field_keeps_the_answer_and_says_why(tab: Any) -> None:
    before = tab.inner_text(SENTENCE)
    tab.locator("#review textarea").fill("")
    tab.wait_for_selector("#text-problem [role=alert]")
    assert "The text is empty" in tab.inner_text("#text-problem")
    assert tab.inner_text(SENTENCE) == before


@pytest.mark.parametrize("tab", ["light", "dark"], indirect=True)
def test_axe_finds_nothing(tab: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe

    tab.locator("#text-check").click()
    tab.wait_for_selector("#text-checked table")
    # while it is made anew the one before is shown pale
    tab.wait_for_timeout(300)
    tab.locator("#text-checked .pending").wait_for(state="detached", timeout=60 * SECONDS)
    for width in (390, 1280):
        tab.set_viewport_size({"width": width, "height": 900})
        tab.wait_for_timeout(300)
        results = Axe().run(tab)
        assert results.violations_count == 0, (width, results.generate_report())


def test_nothing_reaches_over_the_edge_of_a_phone(browser: Any, address: str) -> None:
    with visits.tab(browser, address, width=390, height=844) as view:
        view.goto(address)
        view.get_by_role("tab", name="Text").click()
        view.wait_for_selector("#text-stage .piece", timeout=60 * SECONDS)
        assert view.evaluate("document.documentElement.scrollWidth") <= 390
