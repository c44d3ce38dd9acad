"""The image tab: a photograph, what a network says of it, and where that comes from. Public name: `image_tab`."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import gradio as gr

from ..explanation import Explanation
from ..methods import METHODS, RERUN
from ..models import DEFAULT_MODEL
from ..score import AUTO, NEXT_THREE
from ..service import Explainer
from .components import (
    PICKED,
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
from .handlers import Asked, answer, ask, layer_choices, model_choices, target_choices
from .photograph_input import PhotographInput
from .trust_panel import trust_panel

__all__ = ["image_tab"]

EXAMPLES = Path(__file__).parents[2] / "assets" / "examples"
# forward passes that may run at the same time; more would only make each of them slower
CONCURRENT = 4
# tells the stage's answers apart
ANSWERS = itertools.count(1)
RIVAL_CHOICES = [("nothing", ""), ("the most probable other class", AUTO), ("the mean of the next three", NEXT_THREE)]
# those that run the network again and again take minutes, and the page cannot stop them yet: Python and the API can
METHOD_CHOICES = [(method.title, key) for key, method in METHODS.items() if RERUN not in method.needs]


def image_tab(explainer: Explainer, page: gr.Blocks) -> None:
    """Lay out the tab and connect it; must be called inside `page`."""
    examples = sorted(EXAMPLES.glob("*.jpg"))
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
            model = gr.Dropdown(model_choices(explainer), value=DEFAULT_MODEL, label="Model", elem_id="model")
            target = gr.Dropdown(
                [("Top prediction", AUTO)],
                value=AUTO,
                label="Target class",
                info="Type to search all names, or click a bar.",
                elem_id="target",
            )
            layer = gr.Dropdown([("default", AUTO)], value=AUTO, label="Layer, from input to output", elem_id="layer")
            counterfactual = gr.Checkbox(
                label="Counterfactual", info="Show what speaks against the class.", elem_id="counterfactual"
            )
            method, rival, module = _advanced()
        with gr.Column(scale=4, min_width=320, elem_classes="found"):
            problem = gr.HTML(elem_id="problem", visible=False)
            sentence = gr.HTML(WAITING, elem_id="sentence")
            with gr.Row():
                with gr.Column(scale=4, min_width=320):
                    drawing = stage("stage")
                with gr.Column(scale=1, min_width=220):
                    bars = top_bars("bars")
            shown = gr.State(None)
            trust_panel(explainer, drawing, shown)
            download_row(explainer, drawing, shown)
            with gr.Accordion("How to read the pictures", open=False):
                gr.Markdown(READING)
    menus = [model, layer, target, method, rival]
    controls = [image, model, layer, module, target, method, counterfactual, rival]

    def update(
        image_now: str | None,
        model_now: str,
        layer_now: str,
        module_now: str,
        target_now: str,
        method_now: str,
        counterfactual_now: bool,
        rival_now: str,
        before: Asked | None,
    ) -> dict[Any, Any]:
        now = Asked(image_now, model_now, layer_now, module_now, target_now, method_now, counterfactual_now, rival_now)
        asked = ask(now, before)
        if asked == before:
            return {problem: gr.skip()}
        outcome = answer(explainer, asked, before)
        changes: dict[Any, Any] = {}
        if outcome.asked is not None:
            settled = zip(controls, astuple(now), astuple(outcome.asked), strict=True)
            changes |= {control: gr.update(value=new) for control, old, new in settled if new != old}
        if outcome.explanation is None or outcome.asked is None:
            return changes | {
                problem: gr.update(value=problem_box(outcome.problem, kept=before is not None), visible=True)
            }
        return changes | _answered(outcome.explanation, outcome.asked, before)

    def _answered(explanation: Explanation, asked: Asked, before: Asked | None) -> dict[Any, Any]:
        on_stage: dict[str, Any] = {"answer": stage_answer(explanation, next(ANSWERS))}
        changes = {
            problem: gr.update(visible=False),
            sentence: said(explanation),
            bars: bars_value(explanation),
            shown: asked,
        }
        if before is None or asked.image != before.image:
            on_stage["photo"] = stage_photo(explanation.photograph)
        if before is None or asked.model != before.model:
            changes[model] = gr.update(choices=model_choices(explainer))
            changes[layer] = gr.update(choices=layer_choices(explainer, asked.model), value=asked.layer)
            classes = target_choices(explainer, asked.model)
            changes[target] = gr.update(choices=classes, value=asked.target)
            changes[rival] = gr.update(choices=[*RIVAL_CHOICES, *classes[1:]], value=asked.rival)
        return changes | {drawing: gr.update(**on_stage)}

    gallery.select(_picker(examples), None, image, show_progress="hidden", api_visibility="private")
    # in the browser, and connected first: an event that had to wait is sent again with the controls' values of
    # then, but without its own data; an answer that came in between has no pick
    bars.select(None, [bars, target], target, js=PICKED, api_visibility="private")
    gr.on(
        [page.load, image.change, bars.select, module.submit, counterfactual.input, *(menu.input for menu in menus)],
        update,
        [*controls, shown],
        [*controls, problem, sentence, drawing, bars, shown],
        trigger_mode="always_last",
        concurrency_limit=CONCURRENT,
        show_progress="minimal",
        show_progress_on=sentence,
        api_visibility="private",
    )


def _picker(examples: list[Path]) -> Callable[[gr.EventData], str]:
    def pick(event: gr.EventData) -> str:
        return str(examples[event._data["index"]])

    return pick


def _advanced() -> tuple[gr.Dropdown, gr.Dropdown, gr.Textbox]:
    """Method, rival and any module."""
    with gr.Accordion("Advanced", open=False):
        method = gr.Dropdown(METHOD_CHOICES, value="gradcam", label="Method", elem_id="method")
        rival = gr.Dropdown(
            RIVAL_CHOICES,
            value="",
            label="Rather than",
            info="Why this class and not that one: shows the difference.",
            elem_id="rival",
        )
        module = gr.Textbox(
            value="",
            label="Any module of the model",
            info="A dotted name such as blocks.5.0.conv_pw; press Enter. Replaces the layer above.",
            elem_id="module",
        )
    return method, rival, module


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
