"""The report of a text: what stands in it, that it asks nobody for anything, and that no text is taken for HTML."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from gradcam_core import TextExplainer, TextExplanation
from gradcam_core.languages import LANGUAGES, Finding, say
from gradcam_core.report import report_page, summary
from gradcam_core.request import Request
from gradcam_core.ui.tabs.text import EXAMPLES

from .test_page import Parts, record_in

MARKUP = "<script>alert(1)</script> 정말 <img src=x onerror=alert(2)> 재미있어요 & 좋다"


@pytest.fixture(scope="module")
def texts() -> TextExplainer:
    return TextExplainer(device="cpu")


@pytest.fixture(scope="module")
def found(texts: TextExplainer) -> TextExplanation:
    return texts.explain(EXAMPLES[0])


def pieces(page: str) -> list[tuple[str, str, str, str]]:
    """(colour, text, line, number) of each shaded word."""
    return re.findall(
        r"<span class='piece' style='background: (#\w{6}); color: #\w+'>(.*?)<span class='mark'"
        r" style='border-top: (\d+px \w+)'></span><small>(.*?)</small></span>",
        page,
    )


def test_all_that_is_promised_stands_in_it(texts: TextExplainer, found: TextExplanation) -> None:
    (check,) = texts.checks(found)
    page = report_page(found, checks=[check])
    asked = record_in(page, found, check)
    assert texts.answer(asked["text"], Request.parse(**asked["request"])) == found
    assert "No check was made" not in page
    assert "No check was made" in report_page(found)


def test_each_word_has_its_colour_its_number_and_its_line(texts: TextExplainer) -> None:
    found = texts.explain(EXAMPLES[0], "positive")
    assert {word.value > 0 for word in found.words} == {True, False}
    shown = pieces(report_page(found))
    assert [unescape(text) for _, text, _, _ in shown] == [word.text for word in found.words]
    numbers = [float(number.replace("\N{MINUS SIGN}", "-")) for *_, number in shown]
    assert numbers == pytest.approx([word.value for word in found.words], abs=0.0051)
    lines = [line.split()[1] for _, _, line, _ in shown]
    assert lines == ["dashed" if word.value < 0 else "solid" for word in found.words]
    top = max(found.words, key=lambda word: abs(word.value))
    color, _, line, _ = shown[found.words.index(top)]
    # the ends of the colours for and against: see `render.SIGNED_ANCHORS`
    assert color == ("#c05208" if top.value > 0 else "#3074c5")
    assert line.startswith("4px")


def test_the_strongest_words_are_bars_in_order(found: TextExplanation) -> None:
    page = report_page(found)
    _, rows = page.split("Strongest words</h2>")
    names = re.findall(r"<th scope='row'>(.*?)</th>", rows.split("</table>")[0])
    expected = sorted(found.words, key=lambda word: -abs(word.value))
    assert names == [word.text for word in expected][:8]


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_speaks_either_language(texts: TextExplainer, found: TextExplanation, language: str) -> None:
    (check,) = texts.checks(found)
    text = Parts(report_page(found, checks=[check], language=language)).text
    for said in (found.said(language), check.said(language)):
        assert said in text
    for key in ("report.words", "report.not_right_text", "report.not_what_word", "report.neighbours"):
        assert say(Finding(key), language) in text
    other = next(one for one in LANGUAGES if one != language)
    assert say(Finding("report.checks"), other) not in text
    assert found.said(language) in Parts(summary(found, language=language)).text


@pytest.mark.parametrize("make", [report_page, summary])
def test_it_asks_nobody_for_anything(make: object, texts: TextExplainer) -> None:
    page = make(texts.explain(MARKUP))  # type: ignore[operator]
    parts = Parts(page)
    assert not [name for _, attributes in parts.tags for name in attributes if name in ("src", "href")]
    assert not {"script", "link", "iframe", "object", "form", "img"} & {tag for tag, _ in parts.tags}
    assert "url(" not in page


def test_no_text_is_taken_for_html(texts: TextExplainer) -> None:
    found = texts.explain(MARKUP)
    page = report_page(found, checks=texts.checks(found))
    assert "<script" not in page
    assert "<img" not in page
    assert "onerror=" not in {name for _, attributes in Parts(page).tags for name in attributes}
    assert [unescape(text) for _, text, _, _ in pieces(page)] == [word.text for word in found.words]


def test_what_was_not_read_is_there_and_striped(texts: TextExplainer) -> None:
    found = texts.explain("정말 좋다 " * 100 + "<b>")
    page = report_page(found)
    assert found.unread is not None
    (striped,) = re.findall(r"<span class='unread'>(.*?)</span>", page, re.DOTALL)
    assert unescape(striped) == found.unread.text
    assert "Striped: not read." in Parts(page).text
    assert "Striped" not in report_page(texts.explain("정말 좋다"))


def test_a_single_word_has_a_report_without_a_check(texts: TextExplainer) -> None:
    found = texts.explain("재미없다")
    assert texts.checks(found) == ()
    assert found.sentence in Parts(report_page(found, checks=texts.checks(found))).text


def test_a_file_and_a_notebook(texts: TextExplainer, found: TextExplanation, tmp_path: Path) -> None:
    path = found.report(tmp_path / "why.html", checks=texts.checks(found), lang="ko")
    assert path == tmp_path / "why.html"
    assert found.said("ko") in Parts(path.read_text("utf-8")).text
    shown = found._repr_html_()
    assert found.sentence in Parts(shown).text
    (style,) = re.findall("<style>(.*?)</style>", shown, re.DOTALL)
    rules = [line.split("{")[0] for line in style.splitlines() if "{" in line]
    assert all(selector.strip().startswith(".gradcam ") for rule in rules for selector in rule.split(","))
    assert {".piece", ".text"} <= {selector.strip().split()[1] for rule in rules for selector in rule.split(",")}
