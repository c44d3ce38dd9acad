"""What people type that is no good question or caption: through the web API, and through what the page runs."""

from __future__ import annotations

import html
from typing import Any

import gradio as gr
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from gradcam_core import Explainer
from gradcam_core.ui.handlers import Controls, answer
from gradcam_core.ui.messages import problem_box, said
from gradcam_core.ui.tabs.photograph import EXAMPLES
from gradcam_core.ui.tabs.words import words
from gradcam_core.ui.tasks import TASKS

PICTURE = str(min(EXAMPLES.glob("*.jpg")))
CAPTION = "a dog on a bed"
# the endpoint, what is given, and words of the sentence
BAD: list[tuple[str, dict[str, Any], str]] = [
    ("ask", {"question": ""}, "`question` is empty"),
    ("ask", {"question": " \n\t "}, "`question` is empty"),
    ("ask", {"question": "?! ..."}, "holds no word"),
    ("ask", {"question": "what is " * 300}, "reads at most 20"),
    ("ask", {"question": "사진에 무엇이 있나요?"}, "not in English"),
    ("ask", {"question": "写真に何がありますか"}, "not in English"),
    ("ask", {"question": "qwxz vbnm"}, "knows no word"),
    ("ask", {"question": "<qwxz>vbnm</qwxz>"}, "knows no word"),
    ("ask", {"question": "what is this?", "target": "no such answer"}, "is not a class of"),
    ("describe", {"caption": "a dog " * 30}, "reads at most 23"),
    ("describe", {"caption": "강아지가 앉아 있다"}, "not in English"),
    ("describe", {"caption": "qwxz vbnm"}, "knows no word"),
    ("describe", {"caption": CAPTION, "word": "5"}, "the words 0 to 4"),
    ("describe", {"caption": CAPTION, "word": "-1"}, "is not in the caption"),
    ("describe", {"caption": CAPTION, "word": "a"}, "at the places 0, 3"),
    ("describe", {"caption": CAPTION, "word": "<b>"}, "is not in the caption"),
]
IDS = [f"{name}-{list(given.values())[-1][:12]!r}" for name, given, _ in BAD]


@pytest.mark.parametrize(("name", "given", "sentence"), BAD, ids=IDS)
def test_over_the_api_it_gets_a_sentence(client: Client, name: str, given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(AppError, match=sentence) as caught:
        client.predict(image=handle_file(PICTURE), **given, api_name=f"/{name}")
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(("name", "given", "sentence"), BAD, ids=IDS)
def test_on_the_page_it_gets_the_same_and_nothing_is_lost(
    explainer: Explainer, name: str, given: dict[str, Any], sentence: str
) -> None:
    model = TASKS["answer" if name == "ask" else "caption"].model
    options = {"question": "what is in the picture?"} if name == "ask" else {"caption": CAPTION}
    shown = Controls.of(PICTURE, "", model=model, **options)
    outcome = answer(explainer, Controls.of(PICTURE, "", **{"model": model, **options, **given}), shown)
    assert sentence in outcome.problem
    assert outcome.asked == shown
    box = problem_box(outcome.problem, kept=True)
    assert html.escape(outcome.problem) in box or "<" not in outcome.problem


def test_what_is_unknown_or_about_nothing_is_answered_all_the_same(client: Client, explainer: Explainer) -> None:
    question = "what color is the zorgle <img src=x onerror=alert(1)>?"
    *_, record = client.predict(image=handle_file(PICTURE), question=question, api_name="/ask")
    assert len(record["top"]) == len(record["without_picture"]) == 5
    assert "zorgle" in record["notes"][0]
    assert [word["text"] for word in record["words"] if not word["known"]][:1] == ["zorgle"]
    assert record["question"] == question
    elephant = explainer.ask(PICTURE, "what is the elephant doing?")
    blind = elephant.without_picture[0].label
    assert blind in elephant.sentence


def test_html_is_shown_as_it_was_typed(explainer: Explainer) -> None:
    with gr.Blocks():
        shown = words(explainer)
    for options in ({"question": "what <b>is</b> it?"}, {"caption": "a <img src=x onerror=alert(1)> on a table"}):
        task = "answer" if "question" in options else "caption"
        explanation = explainer.answer(PICTURE, Controls.of(PICTURE, "", model=TASKS[task].model, **options).question)
        drawn = [said(explanation), *map(str, (shown.changes(explainer, explanation)[shown.said],))]
        assert not any("<img" in text or "<b>is" in text for text in drawn)


def test_words_of_a_caption_one_by_one(client: Client, explainer: Explainer) -> None:
    *_, record = client.predict(image=handle_file(PICTURE), caption=CAPTION, word="3", api_name="/describe")
    found = explainer.describe(PICTURE, caption=CAPTION).explain(3)
    assert record["explanation"]["request"] == {**found.record()["request"]}
    assert record["explanation"]["request"]["method"] == "hirescam"
    assert [word["probability"] for word in record["words"]] == pytest.approx(
        [word.probability for word in explainer.describe(PICTURE, caption=CAPTION).words]
    )
