"""Results in a notebook, a prompt and a log: a sentence, and not all of their arrays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradcam_core import CamError, Examiner, Explainer, TextExplainer, in_language
from gradcam_core.reading.photograph import read_photograph

PICTURE = Path(__file__).parents[1] / "assets" / "examples" / "3-cat.jpg"


@pytest.fixture(scope="module")
def explainer() -> Explainer:
    return Explainer(device="cpu")


RESULTS: dict[str, Callable[[Explainer], Any]] = {
    "Explanation": lambda explainer: explainer.explain(PICTURE),
    "Answer": lambda explainer: explainer.ask(PICTURE, "what is on the bed?"),
    "Description": lambda explainer: explainer.describe(PICTURE, caption="a dog on a bed"),
    "Comparison": lambda explainer: explainer.compare(PICTURE, methods=["gradcam", "hirescam"]),
    "HideAndLook": lambda explainer: Examiner(explainer).hide_and_look(explainer.explain(PICTURE)),
    "TextExplanation": lambda _: TextExplainer(device="cpu").explain("재미있어요"),
}


@pytest.mark.parametrize("kind", RESULTS)
def test_a_result_is_shown_as_its_sentence(kind: str, explainer: Explainer) -> None:
    found = RESULTS[kind](explainer)
    assert repr(found) == f"<{kind}: {found.sentence}>"
    with in_language("ko"):
        assert repr(found) == f"<{kind}: {found.said('ko')}>"
    assert len(repr(found)) < 500


def test_what_it_is_made_of_is_shown_in_a_few_words(explainer: Explainer) -> None:
    assert repr(read_photograph(PICTURE)) == "<Photograph: {} × {} pixels>".format(*read_photograph(PICTURE).size)  # noqa: RUF001
    assert repr(explainer.load("efficientnet_lite0")) == "<LoadedModel: EfficientNet-Lite0>"


def test_an_error_is_shown_as_python_shows_errors(explainer: Explainer) -> None:
    with pytest.raises(CamError) as caught:
        explainer.explain(PICTURE, target="no such class")
    assert repr(caught.value).startswith("TargetError(")


def test_a_notebook_shows_an_answer_and_a_caption_with_their_pictures(explainer: Explainer) -> None:
    answer = explainer.ask(PICTURE, "what is on the <bed>?")
    shown = answer._repr_html_()
    assert "data:image/" in shown
    assert answer.target.label in shown
    assert "&lt;bed&gt;" in shown
    assert "<bed>" not in shown
    caption = explainer.describe(PICTURE, caption="a dog on a bed")
    assert "a dog on a bed" in caption._repr_html_()
    assert "data:image/" in caption._repr_html_()
