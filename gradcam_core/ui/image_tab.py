"""The image tab: a photograph, what a network says of it, and where that comes from. Public name: `image_tab`."""

from __future__ import annotations

import html
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import ImageData

from ..engine.cores import allowed_cores
from ..engine.score import AUTO, NEXT_THREE
from ..explainer import Explainer
from ..explanation import Explanation
from ..methods import METHODS, Method
from ..models import DEFAULT_MODEL
from .compare_panel import compare_panel
from .components import (
    PICKED,
    TAKEN,
    bars_value,
    example_buttons,
    problem_box,
    said,
    stage,
    stage_answer,
    stage_photo,
    top_bars,
)
from .downloads import download_row
from .handlers import Asked, Choices, answer, ask, layer_choices, target_choices
from .model_menu import loaded_by, model_menu
from .own_model import own_model
from .photograph_input import PhotographInput
from .running import Running, told
from .trust_panel import place_answers, trust_panel

__all__ = ["image_tab"]

EXAMPLES = Path(__file__).parents[2] / "assets" / "examples"
# forward passes that may run at the same time: more than there are cores only make each of them slower, and one alone
# would keep everybody waiting while a slow method runs
CONCURRENT = max(2, min(allowed_cores(), 8))
# tells the stage's answers apart
ANSWERS = itertools.count(1)
RIVAL_CHOICES = [("nothing", ""), ("the most probable other class", AUTO), ("the mean of the next three", NEXT_THREE)]
METHOD_CHOICES = [(method.title, key) for key, method in METHODS.items()]
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
WITH_TICKET = "(...values) => [...values.slice(0, -1), window.camTicket || 0]"


@dataclass(frozen=True)
class _Parts:
    """The tab's components: the `controls` in the order of `Asked`, and what the answer is shown in."""

    gallery: gr.HTML
    image: PhotographInput
    model: gr.Dropdown
    ready: gr.State
    layer: gr.Dropdown
    module: gr.Textbox
    target: gr.Dropdown
    method: gr.Dropdown
    counterfactual: gr.Checkbox
    rival: gr.Dropdown
    detail: gr.Checkbox
    ticket: gr.Number
    problem: gr.HTML
    sentence: gr.HTML
    cancel: gr.Button
    drawing: gr.HTML
    bars: gr.HTML
    grid: gr.HTML
    shown: gr.State

    @property
    def controls(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(Asked)]

    @property
    def changes(self) -> list[Any]:
        """What asks another question at once; another model has to be loaded first."""
        set_at_once = (
            self.layer,
            self.target,
            self.method,
            self.counterfactual,
            self.rival,
            self.detail,
        )
        return [
            self.image.change,
            self.bars.select,
            self.grid.select,
            self.module.submit,
            *(control.input for control in set_at_once),
        ]


def image_tab(explainer: Explainer, page: gr.Blocks, *, own_models: bool) -> None:
    """Lay out the tab and connect it; must be called inside `page`."""
    examples = sorted(EXAMPLES.glob("*.jpg"))
    parts = _lay_out(explainer, page, examples, own_models)
    parts.gallery.select(_picker(examples), None, parts.image, show_progress="hidden", api_visibility="private")
    # in the browser, and connected first: an event that had to wait is sent again with the controls' values of
    # then, but without its own data; an answer that came in between has no pick
    parts.bars.select(None, [parts.bars, parts.target], parts.target, js=PICKED, api_visibility="private")
    running = Running()
    loaded_by(explainer, parts.model, parts.ready, parts.shown, parts.problem, parts.sentence, running)
    taken = [parts.target, parts.method, parts.layer, parts.module]
    parts.grid.select(None, [parts.grid, *taken], taken, js=TAKEN, api_visibility="private")
    # gradio goes through what is connected to an event one after the other, and waits for each: first the number,
    # then the question, and what ends the one before it only where the question has to wait for that one
    gr.on(parts.changes, None, parts.controls, None, js=NEXT_TICKET, trigger_mode="multiple", api_visibility="private")
    _answering(explainer, page, parts, running)
    _endable(running, page, parts)


def _lay_out(explainer: Explainer, page: gr.Blocks, examples: list[Path], own_models: bool) -> _Parts:
    with gr.Row(elem_classes="workplace"):
        with gr.Column(scale=1, min_width=300, elem_classes="given"):
            image = PhotographInput(
                type="filepath",
                format="png",
                value=str(examples[0]) if examples else None,
                sources=["upload", "webcam", "clipboard"],
                label="Photograph",
                height=240,
                buttons=["fullscreen"],
                elem_id="photograph",
            )
            gallery = example_buttons(examples, "examples")
            model = model_menu(explainer)
            ready = gr.State(0)
            # in the page from its start: a thousand names in the first answer would cost more than the map
            classes, _ = target_choices(explainer, DEFAULT_MODEL, ())
            target = gr.Dropdown(
                classes,
                value=AUTO,
                label="Target class",
                info="Type to search all names, or click a bar.",
                elem_id="target",
            )
            layer = gr.Dropdown(
                layer_choices(explainer, DEFAULT_MODEL),
                value=explainer.default_layer(DEFAULT_MODEL).name,
                label="Layer, from input to output",
                elem_id="layer",
            )
            counterfactual = gr.Checkbox(
                label="Counterfactual", info="Show what speaks against the class.", elem_id="counterfactual"
            )
            method, rival, detail, module = _advanced(classes)
            if own_models:
                own_model(explainer, model, ready)
            ticket = gr.Number(0, visible=False)
        with gr.Column(scale=4, min_width=320, elem_classes="found"):
            problem = gr.HTML(elem_id="problem", visible=False)
            with gr.Column(elem_id="answering"):
                sentence = gr.HTML(WAITING, elem_id="sentence")
                cancel = gr.Button("Cancel", size="sm", min_width=80, elem_id="cancel")
            with gr.Row():
                with gr.Column(scale=4, min_width=320):
                    drawing = stage("stage")
                    place, without = place_answers()
                with gr.Column(scale=1, min_width=220):
                    bars = top_bars("bars")
            shown = gr.State(None)
            trust_panel(explainer, page, drawing, place, without, shown)
            grid = compare_panel(explainer, page, shown)
            download_row(explainer, drawing, shown)
            with gr.Accordion("How to read the pictures", open=False):
                gr.Markdown(READING)
    return _Parts(
        gallery=gallery,
        image=image,
        model=model,
        ready=ready,
        layer=layer,
        module=module,
        target=target,
        method=method,
        counterfactual=counterfactual,
        rival=rival,
        detail=detail,
        ticket=ticket,
        problem=problem,
        sentence=sentence,
        cancel=cancel,
        drawing=drawing,
        bars=bars,
        grid=grid,
        shown=shown,
    )


def _answering(explainer: Explainer, page: gr.Blocks, parts: _Parts, running: Running) -> None:
    """Answer every change of a control, the last one for certain."""
    controls = parts.controls

    def update(
        image_now: dict[str, Any] | None,
        model_now: str,
        layer_now: str,
        module_now: str,
        target_now: str,
        method_now: str,
        counterfactual_now: bool,
        rival_now: str,
        detail_now: bool,
        before: Asked | None,
        ticket_now: float,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio wants to be asked for it
    ) -> dict[Any, Any]:
        now = Asked(
            image=parts.image.preprocess(ImageData(**image_now) if image_now else None),
            model=model_now,
            layer=layer_now,
            module=module_now,
            target=target_now,
            method=method_now,
            counterfactual=counterfactual_now,
            rival=rival_now,
            detail=detail_now,
        )
        asked = ask(now, before)
        if asked == before:
            return {parts.problem: gr.skip()}
        with running.task(request.session_hash, told(progress), ticket=ticket_now) as task:
            outcome = answer(explainer, asked, before, task.watch)
        if task.overtaken:
            # what it found, and the controls it would set, belong to a question that is no longer asked
            return {parts.problem: gr.skip()}
        changes: dict[Any, Any] = {}
        if outcome.asked is not None:
            settled = zip(controls, vars(now).values(), vars(outcome.asked).values(), strict=True)
            changes |= {control: gr.update(value=new) for control, old, new in settled if new != old}
        if outcome.explanation is None or outcome.asked is None:
            return changes | {
                parts.problem: gr.update(value=problem_box(outcome.problem, kept=before is not None), visible=True)
            }
        return changes | _answered(outcome.explanation, outcome.asked, before)

    def _answered(explanation: Explanation, asked: Asked, before: Asked | None) -> dict[Any, Any]:
        on_stage: dict[str, Any] = {"answer": stage_answer(explanation, next(ANSWERS))}
        changes = {
            parts.problem: gr.update(visible=False),
            parts.sentence: said(explanation),
            parts.bars: bars_value(explanation),
            parts.shown: asked,
        }
        if before is None or asked.image != before.image:
            on_stage["photo"] = stage_photo(explanation.photograph)
        if asked.model != (before.model if before else DEFAULT_MODEL):
            changes[parts.layer] = gr.update(choices=layer_choices(explainer, asked.model), value=asked.layer)
            classes, complete = target_choices(explainer, asked.model, explanation.top)
            more: dict[str, Any] = {"allow_custom_value": not complete}
            changes[parts.target] = gr.update(choices=classes, value=asked.target, **more)
            changes[parts.rival] = gr.update(choices=_rival_choices(classes), value=asked.rival, **more)
        return changes | {parts.drawing: gr.update(**on_stage)}

    gr.on(
        [page.load, parts.ready.change, *parts.changes],
        update,
        [*controls, parts.shown, parts.ticket],
        [*controls, parts.problem, parts.sentence, parts.drawing, parts.bars, parts.shown],
        js=WITH_TICKET,
        # the core tells in plain words what it cannot use; gradio would go through another thread for each control
        preprocess=False,
        trigger_mode="always_last",
        concurrency_limit=CONCURRENT,
        show_progress="minimal",
        show_progress_on=parts.sentence,
        api_visibility="private",
    )


def _endable(running: Running, page: gr.Blocks, parts: _Parts) -> None:
    """Every change ends the question before it; the button, and leaving the page, whatever is asked."""

    def overtake(ticket_now: float, request: gr.Request) -> None:
        running.overtake(request.session_hash, ticket_now)

    # gradio names endpoints after functions, hidden ones too: `stop` is the API's
    def stop_it(request: gr.Request) -> None:
        running.stop(request.session_hash)

    def leave(request: gr.Request) -> None:
        running.leave(request.session_hash)

    # not queued, or it would wait for what it is to end
    at_once: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    gr.on(parts.changes, overtake, parts.ticket, None, js=TICKET, trigger_mode="multiple", **at_once)
    parts.cancel.click(stop_it, None, None, **at_once)
    page.unload(leave)


def _picker(examples: list[Path]) -> Callable[[gr.EventData], str]:
    def pick(event: gr.EventData) -> str:
        return str(examples[event._data["index"]])

    return pick


def _rival_choices(classes: Choices) -> Choices:
    return [*RIVAL_CHOICES, *classes[1:]]


def _advanced(classes: Choices) -> tuple[gr.Dropdown, gr.Dropdown, gr.Checkbox, gr.Textbox]:
    """Method, rival (one of `classes`), detail and any module."""
    with gr.Accordion("Advanced", open=False):
        method = gr.Dropdown(METHOD_CHOICES, value="gradcam", label="Method", elem_id="method")
        about = gr.HTML(METHOD_NOTES["gradcam"], elem_id="about-method")
        # in the browser: it stands there before the answer does
        method.change(
            None, method, about, js=f"key => ({json.dumps(METHOD_NOTES)})[key] ?? ''", api_visibility="private"
        )
        rival = gr.Dropdown(
            _rival_choices(classes),
            value="",
            label="Rather than",
            info="Why this class and not that one: shows the difference.",
            elem_id="rival",
        )
        detail = gr.Checkbox(
            label="Detail",
            info="A map twice as fine: the network gets twice as many pixels a side as it was trained on. Four times"
            " the work, and lower probabilities.",
            elem_id="detail",
        )
        module = gr.Textbox(
            value="",
            label="Any module of the model",
            info="A dotted name such as blocks.5.0.conv_pw; press Enter. Replaces the layer above.",
            elem_id="module",
        )
    return method, rival, detail, module


def _note(method: Method) -> str:
    warning = f" <strong>{html.escape(method.warning)}</strong>" if method.warning else ""
    paper = html.escape(method.paper)
    return f"<p class='note'>{html.escape(method.good_for)}{warning} Cost: {html.escape(method.cost)}. {paper}.</p>"


METHOD_NOTES = {key: _note(method) for key, method in METHODS.items()}
WAITING = "<p class='sentence' role='status'>Choose a photograph, or wait a moment for the first example.</p>"
READING = """
- **Heatmap**: how strongly each place raised the score of the class, from nothing to the strongest place. The
  score is the class's logit, the number before probabilities are made of it.
- **Overlay**: the same map over the photograph; where it is weak, the photograph stays as it is.
- **Striped grey**: cut away before the model looked. It is not cold, it was never seen.
- **Counterfactual**: the places whose absence would raise the score; they speak against the class.
- A map shows where the evidence for the model's answer lies. It does not show that the answer is right, what
  about the place mattered (shape, colour, texture), or what the model would say of another photograph.
- The map has the resolution of its layer, often 7 x 7: edges between its cells are drawn smooth, not known.
"""
