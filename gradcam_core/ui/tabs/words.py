"""The three questions that a photograph can be asked, and what is shown of captions and questions.

Public names: `Examples`, `Words`, `fitting`, `may_be_shown`, `switching`, `words`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import gradio as gr
from gradio.processing_utils import save_bytes_to_cache

from ...errors import CamError
from ...explainer import Explainer
from ...explanation import Explanation
from ...models.kinds import PLURALS, kinds_in
from ...models.tasks import task_of
from ...reading.photograph import ImageSource, content_of, digest_of
from ...request import AUTO, Request
from ...serving.failures import plain_words
from ...serving.lanes import LOADING
from ..handlers import QUESTION, Controls, model_choices
from ..messages import note, problem_box
from ..model_menu import LOADED, how_to_search
from ..parts import AT_ONCE, Page, say_where_refused
from ..tasks import FIRST_QUESTION, TASKS, PageTask, first_task
from ..web.caption import caption_words
from ..web.examples import example_name, examples_value
from ..web.text import shaded_text
from ..wording import word as words_for

__all__ = ["Examples", "Words", "fitting", "may_be_shown", "switching", "words"]

# about things that a caption of the photograph names, one of them or several; and what fits always
ABOUT_ONE = ("what color is the {}?", "what is the {} doing?")
ABOUT_SEVERAL = ("what color are the {}?", "how many {} are there?")
ABOUT_THING = ("what color is the {}?", "what is beside the {}?")
ALIVE = frozenset(["person", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe"])
ALWAYS = ("is there a dog?", "is there a cup?", "where is this?")

# which of the three questions the page shows the answer of
TASK_SHOWN = f"""() => {{
  const drawn = {json.dumps({task.key: task.drawn_as for task in TASKS.values()})};
  const shown = (task) => drawn[task] && document.querySelector(drawn[task]);
  return Object.keys(drawn).find(shown) ?? Object.keys(drawn).find((task) => !drawn[task]);
}}"""


@dataclass(frozen=True, eq=False)
class Words:
    """The switch, the `controls` that belong to one of the questions, and the `area` where words are shown.

    What is `said` of them, and `about` the model, have places of their own below the pictures.
    """

    switch: gr.Radio
    controls: dict[str, Any]
    area: gr.Column
    caption: gr.HTML
    question: gr.HTML
    said: gr.HTML
    about: gr.HTML

    @property
    def drawn(self) -> tuple[Any, ...]:
        """What an answer changes."""
        return self.area, self.caption, self.question, self.said, self.about, self.switch

    def switched(self, request: Request) -> dict[Any, Any]:
        """The switch and its controls as they stand for a question that a link has asked."""
        task = TASKS[task_of(request).key]
        if not task.control:
            return {}
        asked = getattr(request, task.control) if task.first else ""
        return {
            self.switch: gr.update(value=task.key),
            self.controls[task.control]: gr.update(visible=True, value=asked),
        }

    def changes(self, explainer: Explainer, explanation: Explanation) -> dict[Any, Any]:
        """What of it changes with an answer."""
        request = explanation.request
        task = TASKS[task_of(request).key]
        if task.beside is None:
            return {part: gr.update(visible=False) for part in (self.area, self.said, self.about)}
        beside = task.beside(explainer, explanation)
        said, about = ("".join(map(note, notes)) for notes in (beside.notes, task.notes(request.model)))
        return {
            self.caption: beside.caption,
            self.question: beside.question,
            self.said: gr.update(value=said, visible=bool(said)),
            self.about: gr.update(value=about, visible=bool(about)),
            self.area: gr.update(visible=True),
        }


def fitting(caption: str) -> list[str]:
    """Questions about a photograph that `caption` describes."""
    words = caption.split()
    made = [FIRST_QUESTION]
    for first, count, kind in kinds_in(words)[:2]:
        name = " ".join(words[first : first + count])
        several = ABOUT_SEVERAL if name in PLURALS[kind] else ABOUT_ONE if kind in ALIVE else ABOUT_THING
        made += [form.format(name) for form in several]
    return list(dict.fromkeys([*made, *ALWAYS]))


def words(explainer: Explainer) -> Words:
    """Lay out the switch and what belongs to captions and questions; what stands below the pictures is not rendered."""
    opened = first_task(explainer)
    with gr.Row(elem_id="questions"):
        switch = gr.Radio(
            [(words_for(task.title), key) for key, task in TASKS.items()], value=opened.key, show_label=False,
            container=False, elem_id="task", elem_classes="switch", visible=not explainer.offer.only,
        )  # fmt: skip
        question = gr.Dropdown(
            [FIRST_QUESTION, *ALWAYS], value=opened.first, allow_custom_value=True,
            visible=opened.control == "question", label=words_for("task.question"),
            info=words_for("task.question_info"), elem_id="question",
        )  # fmt: skip
        caption = gr.Textbox(
            "", visible=opened.control == "caption", label=words_for("task.caption_field"), elem_id="caption",
            info=words_for("task.caption_info"), placeholder=words_for("task.caption_example"),
        )  # fmt: skip
    word = gr.Textbox(AUTO, visible=False)
    with gr.Column(visible=False, elem_id="words") as area:
        drawn = caption_words("caption-words"), shaded_text("question-words")
    below = [gr.HTML("", visible=False, render=False, elem_id=name) for name in ("words-said", "words-about")]
    return Words(switch, {"question": question, "caption": caption, "word": word}, area, *drawn, *below)


def may_be_shown(path: Path, image: Any) -> str:
    """A copy that the page's `image` may show: it may what lies in the server's folder, and a host's lie anywhere."""
    return save_bytes_to_cache(path.read_bytes(), path.name, image.GRADIO_CACHE)


@dataclass(frozen=True, eq=False)
class Examples:
    """The example photographs: their `buttons`, the `paths` in order, and the `image` that a chosen one goes to."""

    buttons: gr.HTML
    image: Any
    paths: Sequence[Path]

    def given(self, number: int) -> str:
        """An example as the page may show it."""
        return may_be_shown(self.paths[number], self.image)

    def fitting(self, task: PageTask, shown: ImageSource | None) -> tuple[Any, Any]:
        """The buttons and the photograph for another question: examples that it suits, and one of them in the place
        of another example that is `shown`, never in that of anybody's own photograph."""
        names = {example_name(path): number for number, path in enumerate(self.paths)}
        suits = [name for name in task.examples if name in names]
        buttons = examples_value(self.paths, suits, task.wrong if suits else "")
        if not suits or shown is None:
            return buttons, gr.skip()
        digests = {digest_of(content_of(str(path))): example_name(path) for path in self.paths}
        try:
            name = digests.get(digest_of(content_of(shown)))
        except CamError:
            # a file that is gone is nobody's example
            name = None
        stays = name is None or name in (*suits, task.wrong)
        return buttons, gr.skip() if stays else gr.update(value=self.given(names[suits[0]]))


class Answered(Protocol):
    """Where answers are shown: what is `asked`, the `words` and the box for a `problem`."""

    @property
    def words(self) -> Words: ...
    @property
    def asked(self) -> gr.State: ...
    @property
    def problem(self) -> gr.HTML: ...


def switching(page: Page, shown: Answered, menu: gr.Dropdown, filled: gr.State, offered: Examples) -> None:
    """Let the switch choose the model, and show the control that its question needs and the `offered` examples.

    The `menu` of models is `filled` once it holds all names.
    """
    services, made = page.services, shown.words

    # the control for the words of each task that has some
    typed = {task.key: made.controls[task.control] for task in TASKS.values() if task.control}

    def switch_task(key: str, before: Controls | None, request: gr.Request, *given: str) -> dict[Any, Any]:
        task, explainer = TASKS[key], services.explainer
        model, infos = task.first_model(explainer), task.menu_of(explainer)
        try:
            explainer.load(model)
        except Exception as error:
            box = problem_box(plain_words(error), kept=before is not None)
            return {shown.problem: gr.update(value=box, visible=True)}
        services.running.overtake(request.session_hash, slot=QUESTION)
        info = words_for(task.menu) if task.menu else how_to_search(explainer)
        changes: dict[Any, Any] = {
            menu: gr.update(choices=model_choices(infos), value=model, info=info),
            shown.problem: gr.update(visible=False),
            page.ready: next(LOADED),
            filled: False,
        }
        for (other, control), words in zip(typed.items(), given, strict=True):
            first = TASKS[other].first
            changes[control] = gr.update(visible=other == key, value=first and (words or first))
        buttons, photograph = offered.fitting(task, None if before is None else before.image)
        return {**changes, offered.buttons: buttons, offered.image: photograph}

    def fit(before: Controls | None) -> Any:
        """Offer questions that fit, once somebody turns to them: no answer waits for that."""
        if before is None or before.image is None:
            return gr.skip()
        try:
            return gr.update(choices=fitting(services.explainer.describe(before.image).caption))
        except Exception:
            # those that fit always stay
            return gr.skip()

    question = made.controls["question"]
    question.focus(fit, shown.asked, question, show_progress="hidden", api_visibility="private")
    switched = made.switch.input(
        switch_task,
        [made.switch, shown.asked, *typed.values()],
        [menu, *typed.values(), shown.problem, page.ready, filled, offered.buttons, offered.image],
        trigger_mode="always_last",
        concurrency_id=LOADING,
        show_progress="minimal",
        # not over the photograph and the examples
        show_progress_on=made.switch,
        api_visibility="private",
    )
    say_where_refused(switched, shown.problem)
    # or it could not be pressed again
    switched.failure(None, None, made.switch, js=TASK_SHOWN, **AT_ONCE)
