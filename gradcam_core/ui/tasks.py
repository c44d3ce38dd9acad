"""The questions that a photograph can be asked, as the page shows them: a table.

Public names: `FIRST_QUESTION`, `TASKS`, `PageTask`, `WordsShown`, `first_task`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..explainer import Explainer
from ..explanation import Explanation
from ..models import DEFAULT_MODEL
from ..models.base import CLASSES
from ..models.spoken import ANSWER, CAPTION
from ..models.tasks import TASKS as KNOWN
from ..models.tasks import task_of_model
from ..types import ModelInfo
from .web.caption import caption_value
from .web.text import sentence_value
from .wording import word

__all__ = ["FIRST_QUESTION", "TASKS", "PageTask", "WordsShown", "first_task"]

FIRST_QUESTION = "what is in the picture?"


@dataclass(frozen=True, kw_only=True)
class WordsShown:
    """What is shown of words beside a map: values of the components for a caption and a question, and notes."""

    caption: Mapping[str, Any] = field(default_factory=lambda: {"words": []})
    question: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PageTask:
    """One of the questions: its `key` as models have it, and its `title`.

    `about` is to be known of the model that is asked at first, and `menu` of the menu of models; these and the title
    are keys of words. The control for its words begins with `first`, and keeps what was asked; without, it begins
    empty. `beside` tells what is shown of words beside a map, and `drawn_as` which elements of the page an answer to
    this question alone draws; without, it is what is shown where none of the others' are. Of the usual example
    photographs those called `examples` are shown, which that model gets right, and one that it gets `wrong`; without,
    all of them.
    """

    key: str
    title: str
    about: str = ""
    menu: str = "models.others"
    first: str = ""
    beside: Callable[[Explainer, Explanation], WordsShown] | None = None
    drawn_as: str = ""
    examples: tuple[str, ...] = ()
    wrong: str = ""

    @property
    def model(self) -> str:
        """The model that knows this task best among those that come along."""
        return KNOWN[self.key].default_model or DEFAULT_MODEL

    def first_model(self, explainer: Explainer) -> str:
        """The model that is asked at first: that which the page opens with, where it is for this."""
        return explainer.default_model if first_task(explainer) is self else self.model

    def menu_of(self, explainer: Explainer) -> tuple[ModelInfo, ...]:
        """What the menu of models holds at first."""
        return explainer.models(self.key) if self.control else explainer.models_first()

    @property
    def control(self) -> str:
        """The option for the words that it is asked with, which has a control; "" where there are none."""
        return KNOWN[self.key].asked_with

    def notes(self, model: str | None) -> tuple[str, ...]:
        """What is to be known of `model`: `about` is of the one asked at first."""
        return (word(self.about),) if self.about and model == self.model else ()


def first_task(explainer: Explainer) -> PageTask:
    """What the page asks when it opens: what the model is for that is asked where none is named."""
    return TASKS[task_of_model(explainer.load(explainer.default_model)).key]


def _described(explainer: Explainer, explanation: Explanation) -> WordsShown:
    request, photograph = explanation.request, explanation.photograph
    found = explainer.describe(photograph, model=request.model)
    if found.caption != request.caption:
        found = explainer.describe(photograph, model=request.model, caption=request.caption)
    # where the explained word stands in its caption
    chosen = None if request.word is None else explainer.network_of(explanation).word
    return WordsShown(caption=caption_value(found, chosen), notes=(found.sentence, *found.notes))


def _answered(explainer: Explainer, explanation: Explanation) -> WordsShown:
    request, target = explanation.request, explanation.target
    found = explainer.ask(explanation.photograph, request.question or "", model=request.model)
    score = word("shaded.score", label=target.label)
    shaded = sentence_value(found.question, found.words_for(target.index), score, language="en")
    # what is to be known of the model stands below the pictures
    notes = [one for one in found.notes if one not in explanation.notes]
    return WordsShown(question={**shaded, "chart": []}, notes=(found.sentence, *notes))


TASKS = {
    task.key: task
    for task in (
        PageTask(CLASSES, "task.classes", menu=""),
        PageTask(
            CAPTION, "task.caption", "task.caption_small", beside=_described,
            drawn_as="#caption-words button",
            examples=("cat-in-a-bathroom", "pizza", "skateboarder"), wrong="rocket",
        ),
        PageTask(
            ANSWER, "task.answer", "task.answer_small", first=FIRST_QUESTION, beside=_answered,
            drawn_as="#question-words .piece",
            examples=("cat-in-a-bathroom", "pizza", "coffee", "cat"), wrong="rocket",
        ),
    )
}  # fmt: skip
