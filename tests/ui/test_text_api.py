"""`/explain_text` through the network, good and bad input, and what the tab is given."""

from __future__ import annotations

import json
import re
import unicodedata
from html import unescape
from typing import Any

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from gradcam_core import TEXT_METHODS, TextExplainer
from gradcam_core.ui.tabs.text import EXAMPLES
from gradcam_core.ui.web.text import text_value

FAMILY = "👨‍👩‍👧"


@pytest.fixture(scope="module")
def texts() -> TextExplainer:
    return TextExplainer(device="cpu")


def ask(client: Client, text: str, **options: Any) -> dict[str, Any]:
    return client.predict(text=text, **options, api_name="/explain_text")


def test_a_text_is_all_that_is_needed(client: Client, texts: TextExplainer) -> None:
    assert ask(client, EXAMPLES[0]) == json.loads(json.dumps(texts.explain(EXAMPLES[0]).record()))


@pytest.mark.parametrize("method", TEXT_METHODS)
def test_every_parameter_reaches_the_core(client: Client, texts: TextExplainer, method: str) -> None:
    options: dict[str, Any] = {"target": "positive", "method": method, "counterfactual": True, "contrast": True}
    record = ask(client, EXAMPLES[0], **options)
    assert record == json.loads(json.dumps(texts.explain(EXAMPLES[0], **options).record()))
    assert (record["target"]["label"], record["method"]) == ("positive", method)
    assert record["counterfactual"]
    assert record["contrast"]


def test_a_report_holds_what_was_asked_and_the_check(client: Client, texts: TextExplainer) -> None:
    options: dict[str, Any] = {"target": "positive", "method": "gradcam", "counterfactual": True, "contrast": True}
    found = texts.explain(EXAMPLES[0], **options)
    (check,) = texts.checks(found)
    page = client.predict(text=EXAMPLES[0], **options, lang="ko", api_name="/report_text")
    (record,) = re.findall("<pre>(.*?)</pre>", page, re.DOTALL)
    assert json.loads(unescape(record))["words"] == json.loads(json.dumps(found.record()))["words"]
    # numbers with their units are elements of their own
    said = unescape(re.sub("<[^>]*>", "", page))
    assert found.said("ko") in said
    assert check.said("ko") in said
    page = client.predict(text=EXAMPLES[0], check=False, api_name="/report_text")
    assert "No check was made" in page
    with pytest.raises(AppError, match="The text is empty"):
        client.predict(text=" ", api_name="/report_text")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text": ""}, "The text is empty"),
        ({"text": " \n\t "}, "The text is empty"),
        ({"text": "좋다", "method": "gradcm"}, "Did you mean 'gradcam'"),
        ({"text": "좋다", "target": "neutral"}, "`target` 'neutral' is not a class"),
        ({"text": "좋다", "target": "2"}, "out of range"),
    ],
)
def test_bad_input_is_told_in_words(client: Client, options: dict[str, Any], message: str) -> None:
    with pytest.raises(AppError, match=message):
        client.predict(**options, api_name="/explain_text")


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("☃☃", "never seen any of these"),
        ("a rather good film", "Korean"),
        ("فيلم رائع جدا", "Korean"),
        ("<b>bold</b> <script>alert(1)</script>", "Korean"),
        ("# heading *stars* [link](x)", "Korean"),
        ("재미있다 " * 2000, "Only the first 140 characters"),
    ],
)
def test_odd_input_is_answered_with_a_note(client: Client, text: str, note: str) -> None:
    record = ask(client, text)
    assert any(note in line for line in record["notes"])
    assert record["text"] == text
    for piece in (*record["chars"], *record["words"]):
        assert text[piece["start"] : piece["end"]] == piece["text"]


def test_one_character(client: Client) -> None:
    record = ask(client, "굿")
    assert [piece["text"] for piece in record["chars"]] == ["굿"]


def test_graphemes_stay_whole_and_decomposed_hangul_is_the_same_text(client: Client) -> None:
    composed = f"좋다 {FAMILY}"
    decomposed = unicodedata.normalize("NFD", composed)
    one, other = ask(client, composed), ask(client, decomposed)
    assert one["chars"][-1]["text"] == FAMILY
    assert [piece["value"] for piece in one["chars"]] == [piece["value"] for piece in other["chars"]]
    assert other["chars"][0]["end"] == 3


def test_the_tab_is_given_the_whole_text_in_order(texts: TextExplainer) -> None:
    text = "  정말 좋다\n그런데 " + "음 " * 100
    found = texts.explain(text)
    value = text_value(found)
    for unit in ("words", "characters"):
        shown = "".join(part for part, _ in value[unit])
        # the gap before what was not read is the only thing left out
        assert (shown + value["unread"]).replace(" ", "") == text.replace(" ", "")
        assert text.startswith(shown)
    assert [number for _, number in value["words"] if number is not None] == [word.value for word in found.words]
    strongest = [abs(word["value"]) for word in value["chart"]]
    assert strongest == sorted(strongest, reverse=True)
