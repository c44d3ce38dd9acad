"""No word of the page stands outside the languages, and each visitor gets his own."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import gradio as gr
import pytest
from PIL import Image

from gradcam_core import METHODS
from gradcam_core.languages import ENGLISH, LANGUAGES, in_language
from gradcam_core.serving.endpoints import ENDPOINTS
from gradcam_core.ui.wording import building, word, worded
from tests.helpers import noise

from .visits import JUDGED, visit

UI = Path(__file__).parents[2] / "gradcam_core" / "ui"
HANGUL, LETTERS = re.compile("[가-힣]"), re.compile("[A-Za-z]{3,}")
# what a person reads of a part of the page
READ = ("label", "info", "placeholder", "html_template")
SHOWING = {"button", "downloadbutton", "markdown", "html", "tabitem", "accordion"}
# whose first value or these keywords are words for people
SAYING = {
    "Accordion",
    "Button",
    "Checkbox",
    "DownloadButton",
    "Error",
    "Markdown",
    "Tab",
    "note",
    "problem_box",
    "sentence",
}
NAMED = {"label", "info", "placeholder"}


def told(page: gr.Blocks, language: str) -> dict[str, Any]:
    with in_language(language):
        return page.config  # type: ignore[return-value]


def words_of(config: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a person reads of each part, without its marks of HTML."""
    for part in config["components"]:
        for name, text in part["props"].items():
            shown = name in READ or (name == "value" and part["type"] in SHOWING)
            if shown and isinstance(text, str):
                yield (
                    f"{part['type']} {name} {part['props'].get('elem_id')}",
                    re.sub(r"<[^>]+>|\$?\{+[^}]+\}+", " ", text),
                )
        for choice in part["props"].get("choices") or ():
            yield f"{part['type']} choice {part['props'].get('elem_id')}", choice[0]


def test_the_page_is_korean_for_koreans(page: gr.Blocks) -> None:
    names = {one.name for endpoint in ENDPOINTS for one in endpoint.inputs} | {endpoint.name for endpoint in ENDPOINTS}
    names |= {name for endpoint in ENDPOINTS for name in endpoint.returns} | {one.title for one in METHODS.values()}
    names |= {"Similarity to the gradient", "Grad-CAM Explorer"}
    # classes, layers and questions are the networks' own, and so are names without a word beside them
    others = ("choice target", "choice rival", "choice text-target", "choice question", "choice layer", "choice None")
    english = [
        (where, text)
        for where, text in words_of(told(page, "ko"))
        if LETTERS.search(text) and not HANGUL.search(text) and text.strip() not in names and not where.endswith(others)
    ]
    assert not english


def test_no_mark_is_left_and_the_same_page_is_english_for_others(page: gr.Blocks) -> None:
    for language in LANGUAGES:
        config = told(page, language)
        assert config["language"] == language
        assert "[[say" not in json.dumps(config, default=str)
    assert told(page, "en")["components"] != told(page, "ko")["components"]
    assert not any(HANGUL.search(text) for where, text in words_of(told(page, "en")) if where.startswith("button"))


def test_what_stands_in_scripts_and_attributes_cannot_end_them() -> None:
    drawn = "".join(path.read_text("utf-8") for ending in ("html", "js") for path in UI.rglob(f"web/**/*.{ending}"))
    used = set(re.findall(r"\[\[say ([\w.-]+)\]\]", drawn))
    assert len(used) > 40
    for language, sentences in LANGUAGES.items():
        for key in used:
            assert not re.search(r"[\"<>&\\`\n]|\$\{", str(sentences[key])), (language, key)


@pytest.mark.parametrize("path", sorted(UI.rglob("*.py")), ids=lambda path: str(path.relative_to(UI)))
def test_no_words_stand_in_the_code(path: Path) -> None:
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        said = [keyword.value for keyword in node.keywords if keyword.arg in NAMED]
        said += node.args[:1] if name in SAYING else []
        found += [one.value for one in said if isinstance(one, ast.Constant) and LETTERS.search(str(one.value))]
    assert {*found} <= LANGUAGES[ENGLISH].keys()


@pytest.mark.parametrize("path", sorted(UI.glob("web/**/*.html")), ids=lambda path: path.name)
def test_no_words_stand_in_templates(path: Path) -> None:
    text = path.read_text("utf-8")
    shown = re.findall(r">([^<]+)<", text) + re.findall(r"(?:aria-label|title|placeholder)=\"([^\"]+)\"", text)
    assert not [one for one in shown if LETTERS.search(re.sub(r"\[\[say [\w.-]+\]\]", "", one))]


@pytest.mark.parametrize("path", sorted(UI.glob("web/**/*.js")), ids=lambda path: path.name)
def test_no_words_stand_in_scripts(path: Path) -> None:
    code = re.sub(r"^\s*//.*$", "", path.read_text("utf-8"), flags=re.M)
    assert not re.findall(r"[\"`][A-Z][a-z]+[ .][^\"`]*[\"`]|[\"`] [a-z]+ [a-z ]+[\"`]", code)


def test_a_mark_holds_plain_values() -> None:
    with building():
        mark = word("own.note", minutes=20)
        assert word("page.stop") == "[[say page.stop]]"
    assert "20 minutes" in worded(mark, ENGLISH)
    assert "20분" in worded([{"a": (mark,)}], "ko")[0]["a"][0]
    assert worded(3, "ko") == 3
    # filled in the browser
    assert "{label}" in worded("[[say bars.explain]]", "ko")
    with in_language("ko"):
        assert word("page.stop") == "중지"


@pytest.mark.parametrize(
    ("asked", "headers", "language"),
    [
        ("", {}, "en"),
        ("", {"Accept-Language": "ko-KR,ko;q=0.9,en;q=0.8"}, "ko"),
        ("?lang=ko", {"Accept-Language": "en"}, "ko"),
        ("?lang=en", {"Accept-Language": "ko"}, "en"),
        ("?lang=xx", {"Accept-Language": "ko"}, "ko"),
        ("", {"Referer": "/?model=resnet50&lang=ko"}, "ko"),
    ],
)
def test_each_visitor_gets_the_page_in_his_language(
    address: str, asked: str, headers: dict[str, str], language: str
) -> None:
    with urlopen(Request(f"{address}config{asked}", headers=headers), timeout=60) as answer:  # noqa: S310
        assert json.loads(answer.read())["language"] == language


def test_errors_of_the_api_are_said_in_the_language_that_was_asked_for(client: Any) -> None:
    for lang, said in (("en", "is unknown"), ("ko", "'nosuch'가 없습니다")):
        with pytest.raises(Exception, match=said):
            client.predict("나쁘지 않은 영화", method="nosuch", lang=lang, api_name="/explain_text")
    record = client.predict("나쁘지 않은 영화", lang="ko", api_name="/explain_text")
    assert HANGUL.search(record["sentence"].replace("나쁘지 않은 영화", ""))


@pytest.mark.browser
def test_the_switch_keeps_a_photograph_of_ones_own(browser: Any, address: str, tmp_path: Path) -> None:
    Image.fromarray(noise(40, 60)).save(tmp_path / "mine.png")
    with visit(browser, address, width=1280, height=900, asked="lang=en", left=True) as view:
        clear = view.locator("#photograph").get_by_label("Remove image")
        clear.or_(view.locator("#photograph").get_by_label("Clear")).first.click()
        view.wait_for_selector("#photograph input[type=file]", state="attached")
        view.set_input_files("#photograph input[type=file]", str(tmp_path / "mine.png"))
        view.wait_for_function("document.querySelector('canvas.picture').width === 60")
        view.wait_for_selector(JUDGED)
        label = view.inner_text("#bars [aria-pressed=true] .name")
        view.locator("#languages a[lang=ko]").click()
        view.wait_for_function("document.documentElement.lang === 'ko'")
        view.wait_for_function("document.querySelector('canvas.picture')?.width === 60")
        assert view.inner_text("#bars [aria-pressed=true] .name") == label
        view.locator("#photograph img[src*='mine.png']").wait_for()
        view.wait_for_selector(JUDGED)


@pytest.mark.browser
def test_the_switch_keeps_what_is_asked(browser: Any, address: str) -> None:
    asked = "lang=ko&example=3-cat&target=282"
    with visit(browser, address, width=1280, height=900, asked=asked, left=True) as view:
        assert view.evaluate("document.documentElement.lang") == "ko"
        assert "이 클래스" in view.locator("#sentence").inner_text()
        # gradio's own words
        assert HANGUL.search(view.locator("footer").inner_text())
        view.locator("#languages a[lang=en]").click()
        view.wait_for_function(
            "document.documentElement.lang === 'en' && document.querySelector('#stage [data-drawn]')"
        )
        assert {"lang=en", "target=282", "example=3-cat"} <= {*view.url.partition("?")[2].split("&")}
        assert "speak for it" in view.locator("#sentence").inner_text()
        assert not HANGUL.search(view.locator("footer").inner_text())
