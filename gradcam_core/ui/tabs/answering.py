"""How the photograph tab asks its question, and how the answer comes onto the page.

Public names: `QuestionControls`, `Shown`, `answering`, `rival_choices`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import ImageData

from ...errors import CamError
from ...explanation import Explanation
from ...models.tasks import task_of
from ...request import AUTO, CENTRE, NEXT_THREE, Request
from ..handlers import (
    NEARBY,
    QUESTION,
    VERDICT,
    Choices,
    Controls,
    answer,
    ask,
    layer_choices,
    model_choices,
    target_choices,
    usual_view,
)
from ..links import LONGEST, Restored, link_to, restored
from ..messages import headed, problem_box
from ..model_menu import LOOK_FOR_TYPED, loaded_by
from ..parts import AT_ONCE, Page, say_where_refused, told
from ..tasks import TASKS
from ..web.bars import PICKED, bars_value
from ..web.caption import WORD_PICKED
from ..web.stage import stage_answer, stage_photo
from ..wording import word
from .words import Words, may_be_shown

__all__ = ["QuestionControls", "Shown", "answering", "rival_choices"]

# tells the stage's answers apart
ANSWERS = itertools.count(1)
# keys of the words, and what they stand for
RIVALS = {"photograph.rival_none": "", "photograph.rival_next": AUTO, "photograph.rival_mean": NEXT_THREE}
# every change takes the next number in the browser, before the question that it asks is sent with it. A menu tells
# of its choice again when it is left, also when nothing was chosen: that is no change, and waits until the question
# itself is on its way, behind which gradio then puts it
NEXT_TICKET = """async (...values) => {
  const asked = JSON.stringify(values);
  if (asked === window.camAsked) await new Promise((done) => setTimeout(done, 50));
  else window.camTicket = (window.camTicket || 0) + 1;
  window.camAsked = asked;
}"""
TICKET = "() => [window.camTicket || 0]"
# and behind it the address, which may hold a question that somebody else has asked; instead of it the question that the
# page showed in another language, with its photograph and model: the switch leaves them for the page that comes
WITH_TICKET = """(...values) => {
  const { photograph = null, model = "", question = location.search } = window.camKept;
  delete window.camKept.photograph;
  delete window.camKept.model;
  window.camPhotograph = photograph || values[0] || window.camPhotograph;
  window.camModel = values[MODEL];
  return [...values.slice(0, -4), window.camTicket || 0, question.slice(0, LONGEST + 1), photograph, model];
}""".replace("MODEL", str(Controls.names().index("model"))).replace("LONGEST", str(LONGEST))

# a choice from the menu of layers takes away the module that was typed before it. Here, for of two changes that come
# in one question nobody can tell later which was the last. The menu tells of its choice again when it is left: that
# changes nothing, and must not bring back the module, which it may have been told before it was taken away
LAYER_BEFORE = "(layer) => { window.camLayer = layer; }"
LAYER_CHOSEN = """(layer) => {
  const chosen = layer !== window.camLayer;
  window.camLayer = layer;
  return chosen ? "" : { __type__: "update" };
}"""
# what the stage has shown ahead of an answer that does not come
TAKE_BACK = """() => {
  document.querySelector("#stage .panels").dispatchEvent(new CustomEvent("cam-refused", { bubbles: true }));
}"""

# the others ask when somebody sets them; a model, once it is loaded
ASK_BY_THEMSELVES = {"image": "change", "module": "submit", "caption": "submit"}
LOADED_FIRST = {"model"}


@dataclass(frozen=True, eq=False)
class QuestionControls:
    """What is asked with: the `controls` by their names, put into the order of `Controls`; `ready` is set anew
    whenever a model is loaded, `ticket` numbers the questions, `address` holds what a link asks for, `kept` a
    photograph and `kept_model` the name of a model from before the language was switched. `examples` are the example
    photographs by their fingerprints."""

    controls: dict[str, Any]
    ready: gr.State
    ticket: gr.Number
    address: gr.Textbox
    kept: gr.Image
    kept_model: gr.Textbox
    examples: Mapping[Any, Path]

    def __post_init__(self) -> None:
        object.__setattr__(self, "controls", {name: self.controls[name] for name in Controls.names()})


@dataclass(frozen=True, eq=False)
class Shown:
    """What an answer is shown in; `asked` holds what it answers."""

    problem: gr.HTML
    sentence: gr.HTML
    cancel: gr.Button
    stage: gr.HTML
    bars: gr.HTML
    asked: gr.State
    words: Words


def answering(page: Page, given: QuestionControls, shown: Shown, asks: Sequence[Any]) -> None:
    """Answer every change of a control, the last one for certain; `asks` are events of panels that ask as well."""
    controls, bars, services = given.controls, shown.bars, page.services
    every_control = list(controls.values())
    # in the browser, and connected first: an event that had to wait is sent again with the controls' values of
    # then, but without its own data; an answer that came in between has no pick
    bars.select(None, [bars, controls["target"]], controls["target"], js=PICKED, api_visibility="private")
    layer, module = controls["layer"], controls["module"]
    layer.focus(None, layer, None, js=LAYER_BEFORE, api_visibility="private")
    layer.input(None, layer, module, js=LAYER_CHOSEN, api_visibility="private")
    loaded_by(services, controls["model"], given.ready, shown.asked, shown.problem, shown.sentence)
    worded = [controls["word"], controls["caption"]]
    shown.words.caption.select(None, [shown.words.caption, *worded], worded, js=WORD_PICKED, api_visibility="private")
    changes = [bars.select, shown.words.caption.select, *asks, *_changes(controls)]
    # gradio goes through what is connected to an event one after the other, and waits for each: first the number,
    # then the question, and what ends the one before it only where the question has to wait for that one
    gr.on(changes, None, every_control, None, js=NEXT_TICKET, trigger_mode="multiple", api_visibility="private")
    mine = [page.has["mine"]] if "mine" in page.has else []
    answered = gr.on(
        [page.blocks.load, given.ready.change, *changes],
        QuestionHandler(page, given, shown).update,
        [*every_control, shown.asked, given.ticket, given.address, given.kept, given.kept_model],
        [*every_control, shown.problem, shown.stage, shown.asked, *shown.words.drawn, *mine],
        js=WITH_TICKET,
        # the core tells in plain words what it cannot use; gradio would go through another thread for each control
        preprocess=False,
        trigger_mode="always_last",
        show_progress="minimal",
        show_progress_on=shown.sentence,
        api_visibility="private",
    )
    say_where_refused(answered, shown.problem)
    answered.failure(None, None, None, js=TAKE_BACK, **AT_ONCE)
    # the menus of another model come with its first answer
    answered.then(None, None, None, js=LOOK_FOR_TYPED, api_visibility="private")

    def overtake(ticket_now: float, request: gr.Request) -> None:
        for slot in (QUESTION, VERDICT, NEARBY):
            services.running.overtake(request.session_hash, ticket_now, slot=slot)

    # gradio names endpoints after functions, hidden ones too: `stop` is the API's
    def stop_it(request: gr.Request) -> None:
        services.running.stop(request.session_hash, slot=QUESTION)

    gr.on(changes, overtake, given.ticket, None, js=TICKET, trigger_mode="multiple", **AT_ONCE)
    shown.cancel.click(stop_it, None, None, **AT_ONCE)


def _changes(controls: dict[str, Any]) -> list[Any]:
    """What of the controls asks another question at once."""
    return [
        getattr(control, ASK_BY_THEMSELVES.get(name, "input"))
        for name, control in controls.items()
        if name not in LOADED_FIRST
    ]


def rival_choices(classes: Choices) -> Choices:
    """The menu of what a class is held against, from that of all `classes`."""
    return [*((word(key), value) for key, value in RIVALS.items()), *classes[1:]]


@dataclass(frozen=True, eq=False)
class QuestionHandler:
    """What happens on the server when a question is asked."""

    page: Page
    given: QuestionControls
    shown: Shown

    def update(
        self,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio wants to be asked for it
        *values: Any,
    ) -> dict[Any, Any]:
        """The changes to the page; `values` are those of the controls, what is shown, the question's number, the
        address, and a photograph and a model that were kept."""
        problem, services = self.shown.problem, self.page.services
        *now, before, ticket, address, kept, kept_model = values
        asked_now = self._asked(now)
        asked = ask(asked_now, before)
        if before is None and kept:
            asked = asked.but(image=self._upload(kept))
        handed_over: dict[Any, Any] = {}
        if before is None and self._handed_over(kept_model):
            asked = asked.but(model=kept_model, view=usual_view(kept_model))
            handed_over = {self.page.has["mine"]: (kept_model, request.session_hash)}
        refused = ""
        if before is None and (linked := restored(address)):
            try:
                asked = self._linked(asked, linked)
            except CamError as error:
                refused = str(error)
        if asked == before:
            return {problem: gr.skip()}
        with services.running.task(request.session_hash, told(progress), slot=QUESTION, ticket=ticket) as task:
            outcome = answer(services.explainer, asked, before, task.watch)
            if outcome.explanation is None and before is None and asked != asked_now:
                # the link asks for what cannot be: the page says so, and shows what it shows without one
                refused = outcome.problem
                outcome = answer(services.explainer, asked_now, None, task.watch)
        if task.overtaken:
            # what it found, and the controls it would set, belong to a question that is no longer asked
            return {problem: gr.skip()}
        changes: dict[Any, Any] = handed_over
        if outcome.asked is not None:
            old, new = asked_now.values(), outcome.asked.values()
            settled = [name for name in new if new[name] != old[name]]
            changes |= {self.given.controls[name]: gr.update(value=new[name]) for name in settled}
        if outcome.explanation is None or outcome.asked is None:
            box = problem_box(outcome.problem, kept=before is not None)
            taken_back = {self.shown.stage: gr.update(refused=next(ANSWERS))}
            return changes | taken_back | {problem: gr.update(value=box, visible=True)}
        changes |= self._answered(outcome.explanation, outcome.asked, before)
        if refused:
            box = problem_box(word("link.refused", problem=refused), kept=False)
            changes[problem] = gr.update(value=box, visible=True)
        return changes

    def _handed_over(self, model: str) -> bool:
        """Whether it is a model of the visitor's own, from before the language was switched."""
        shelf = self.page.has.get("shelf")
        return bool(model) and shelf is not None and shelf.hand_over(model)

    def _linked(self, asked: Controls, linked: Restored) -> Controls:
        """The controls with what a link asks for; raises CamError where it asks for what cannot be."""
        image = self.given.controls["image"]
        example = next((path for path in self.given.examples.values() if path.stem == linked.example), None)
        if example is not None:
            asked = asked.but(image=image.preprocess(image.postprocess(may_be_shown(example, image))))
        usual = {"view": CENTRE, "model": asked.request.model}
        return replace(asked, request=Request.parse(**(usual | dict(linked.options))))

    def _asked(self, values: Sequence[Any]) -> Controls:
        given = dict(zip(self.given.controls, values, strict=True))
        return Controls.of(self._upload(given.pop("image")), **given)

    def _upload(self, image: dict[str, Any] | None) -> Any:
        return self.given.controls["image"].preprocess(ImageData(**image) if image else None)

    def _answered(self, explanation: Explanation, asked: Controls, before: Controls | None) -> dict[Any, Any]:
        shown = self.shown
        link = link_to(explanation, self.given.examples)
        # sentence and bars come with the map, and are shown with it: see stage.js
        beside = {"link": link, "said": headed(explanation), "bars": bars_value(explanation)}
        on_stage: dict[str, Any] = {"answer": stage_answer(explanation, next(ANSWERS), asked.question) | beside}
        if before is None or asked.image != before.image:
            on_stage["photo"] = stage_photo(explanation.photograph, getattr(asked.image, "path", ""))
        changes: dict[Any, Any] = {
            shown.problem: gr.update(visible=False),
            shown.asked: asked,
            shown.stage: gr.update(**on_stage),
        }
        changes |= shown.words.changes(self.page.services.explainer, explanation)
        if before is None:
            changes |= shown.words.switched(explanation.request)
        explainer = self.page.services.explainer
        if asked.request.model != (before.request.model if before else explainer.default_model):
            changes |= self._menus(explanation, asked, linked=before is None)
        return changes

    def _menus(self, explanation: Explanation, asked: Controls, *, linked: bool) -> dict[Any, Any]:
        """The menus of layers and classes, which belong to a model; for a link's question also that of models."""
        controls, explainer = self.given.controls, self.page.services.explainer
        model, values = explanation.model, asked.values()
        classes, complete = target_choices(explainer, model, explanation.top)
        more: dict[str, Any] = {"allow_custom_value": not complete}
        own = {controls["model"]: self._own_menu(model)} if explanation.private else {}
        task = TASKS[task_of(explanation.request).key]
        if linked and task.control:
            infos = task.menu_of(explainer)
            own = {controls["model"]: gr.update(choices=model_choices(infos), value=model)}
        return own | {
            controls["layer"]: gr.update(choices=layer_choices(explainer, model), value=values["layer"]),
            controls["target"]: gr.update(choices=classes, value=values["target"], **more),
            controls["rival"]: gr.update(choices=rival_choices(classes), value=values["rival"], **more),
        }

    def _own_menu(self, model: str) -> Any:
        """The menu of models with one that is the visitor's own."""
        title = f"{self.page.has['shelf'].title(model)} · {word('menu.only_for_you')}"
        return gr.update(
            choices=[(title, model), *model_choices(self.page.services.explainer.models_first())], value=model
        )
