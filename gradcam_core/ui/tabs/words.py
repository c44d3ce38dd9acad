"""The three questions that a photograph can be asked, and what is shown of captions and questions.

`TASKS` is the switch's table. Public names: `TASKS`, `Task`, `Words`, `switching`, `words`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ...explainer import Explainer
from ...explanation import Explanation
from ...models import DEFAULT_ANSWERER, DEFAULT_CAPTIONER, DEFAULT_MODEL
from ...models.base import CLASSES
from ...models.spoken import ANSWER, CAPTION
from ...request import AUTO, Request
from ...serving.failures import plain_words
from ...serving.lanes import LOADING
from ..handlers import QUESTION, Controls, model_choices
from ..messages import note, problem_box
from ..model_menu import LOADED
from ..parts import Page
from ..web.caption import caption_value, caption_words
from ..web.text import sentence_value, shaded_text

__all__ = ["TASKS", "Task", "Words", "switching", "words"]

QUESTIONS = (
    "what is in the picture?",
    "what color is the cup?",
    "what is on the table?",
    "is there a cat?",
    "is there a dog?",
    "what is the man wearing?",
    "where is this?",
)
SMALL = (
    "This network is small and was trained here on {photographs}: dogs, people, sports and everyday things. It knows"
    " little else, and says something all the same."
)


@dataclass(frozen=True)
class Task:
    """One of the questions: its `key` as models have it, its `title`, the `model` asked at first, its `control`."""

    key: str
    title: str
    model: str
    control: str = ""
    about: str = ""


TASKS = {
    task.key: task
    for task in (
        Task(CLASSES, "What is it?", DEFAULT_MODEL),
        Task(CAPTION, "Describe it", DEFAULT_CAPTIONER, "caption", SMALL.format(photographs="described photographs")),
        Task(ANSWER, "Ask it", DEFAULT_ANSWERER, "question", SMALL.format(photographs="photographs with questions")),
    )
}


@dataclass(frozen=True, eq=False)
class Words:
    """The switch, the `controls` that belong to one of the questions, and the `area` where words are shown."""

    switch: gr.Radio
    controls: dict[str, Any]
    area: gr.Column
    caption: gr.HTML
    question: gr.HTML
    said: gr.HTML

    @property
    def drawn(self) -> tuple[Any, ...]:
        """What an answer changes."""
        return self.area, self.caption, self.question, self.said, self.switch

    def switched(self, request: Request) -> dict[Any, Any]:
        """The switch and its controls as they stand for a question that a link has asked."""
        task = next((task for task in TASKS.values() if task.control and getattr(request, task.control)), None)
        if task is None:
            return {}
        asked = getattr(request, task.control) if task.control == "question" else ""
        return {
            self.switch: gr.update(value=task.key),
            self.controls[task.control]: gr.update(visible=True, value=asked),
        }

    def changes(self, explainer: Explainer, explanation: Explanation) -> dict[Any, Any]:
        """What of it changes with an answer."""
        request = explanation.request
        empty: dict[Any, Any] = {self.caption: {"words": []}, self.question: {}}
        if request.caption:
            found = explainer.describe(explanation.photograph, model=request.model)
            if found.caption != request.caption:
                found = explainer.describe(explanation.photograph, model=request.model, caption=request.caption)
            chosen = None if request.word is None else place(explainer, explanation)
            said = "".join(map(note, [found.sentence, *found.notes, TASKS[CAPTION].about]))
            filled = {self.caption: caption_value(found, chosen), self.said: said}
            return empty | filled | {self.area: gr.update(visible=True)}
        if request.question:
            answered = explainer.ask(explanation.photograph, request.question, model=request.model)
            valued = answered.words_for(explanation.target.index)
            score = f"score for {explanation.target.label}"
            shaded = {**sentence_value(answered.question, valued, score, language="en"), "chart": []}
            said = "".join(map(note, [answered.sentence, *answered.notes, TASKS[ANSWER].about]))
            return empty | {self.question: shaded, self.said: said, self.area: gr.update(visible=True)}
        return {self.area: gr.update(visible=False)}


def place(explainer: Explainer, explanation: Explanation) -> int:
    """Where the explained word stands in its caption."""
    return explainer.network_of(explanation).step


def words(explainer: Explainer) -> Words:
    """Lay out the switch, and under it what belongs to captions and questions."""
    switch = gr.Radio(
        [(task.title, key) for key, task in TASKS.items()], value=CLASSES, show_label=False, container=False,
        elem_id="task", elem_classes="switch", visible=not explainer.offer.only,
    )  # fmt: skip
    question = gr.Dropdown(
        list(QUESTIONS), value="", allow_custom_value=True, visible=False, label="Your question, in English",
        info="Type one and press Enter, or choose.", elem_id="question",
    )  # fmt: skip
    caption = gr.Textbox(
        "", visible=False, label="A caption of your own, in English", elem_id="caption",
        info="Type one and press Enter, to see how likely each word is; empty for the network's own.",
    )  # fmt: skip
    word = gr.Textbox(AUTO, visible=False)
    with gr.Column(visible=False, elem_id="words") as area:
        drawn = caption_words("caption-words"), shaded_text("question-words"), gr.HTML("", elem_id="words-said")
    return Words(switch, {"question": question, "caption": caption, "word": word}, area, *drawn)


def switching(
    page: Page, made: Words, menu: gr.Dropdown, ready: gr.State, shown_now: gr.State, problem: gr.HTML
) -> None:
    """Let the switch choose the model, and show the control that its question needs."""
    services = page.services

    def switch_task(key: str, question: str, before: Controls | None, request: gr.Request) -> tuple[Any, ...]:
        task = TASKS[key]
        explainer = services.explainer
        model = explainer.default_model if key == CLASSES else task.model
        infos = explainer.models_first() if key == CLASSES else explainer.models(key)
        try:
            explainer.load(model)
        except Exception as error:
            box = problem_box(plain_words(error), kept=before is not None)
            return (*[gr.skip()] * 3, gr.update(value=box, visible=True), gr.skip())
        services.running.overtake(request.session_hash, slot=QUESTION)
        return (
            gr.update(choices=model_choices(infos), value=model),
            gr.update(visible=task.control == "question", value=question or QUESTIONS[0]),
            gr.update(visible=task.control == "caption", value=""),
            gr.update(visible=False),
            next(LOADED),
        )

    made.switch.input(
        switch_task,
        [made.switch, made.controls["question"], shown_now],
        [menu, made.controls["question"], made.controls["caption"], problem, ready],
        trigger_mode="always_last",
        concurrency_id=LOADING,
        show_progress="minimal",
        api_visibility="private",
    )
