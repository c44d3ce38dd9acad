"""The photograph tab: what a network says of a photograph, and where that comes from.

Public names: `EXAMPLES`, `METHOD_CHOICES`, `METHOD_NOTES`, `photograph_tab`.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.processing_utils import save_bytes_to_cache

from ...methods import DEFAULT_METHOD, METHODS, Method
from ...reading.photograph import content_of, digest_of
from ...request import AUTO, CENTRE, WHOLE, WORDED, Request
from ..handlers import layer_choices, target_choices, usual_view
from ..model_menu import model_menu
from ..panels import lay_out_panels
from ..parts import Page
from ..photograph_input import PhotographInput
from ..web.bars import top_bars
from ..web.examples import example_buttons
from ..web.stage import stage
from .answering import Given, Shown, answering, rival_choices
from .words import switching, words

__all__ = ["EXAMPLES", "METHOD_CHOICES", "METHOD_NOTES", "photograph_tab"]

EXAMPLES = Path(__file__).parents[3] / "assets" / "examples"
PLAIN_CONTROLS: dict[str, Any] = {"text": gr.Textbox, "switch": gr.Checkbox, "number": gr.Number}
# options with a place of their own above
ELSEWHERE = frozenset({"model", "target", "layer", "counterfactual", "view", "sharper", *WORDED})
VIEWS = [("The whole photograph", WHOLE), ("What it was trained to see", CENTRE)]
METHOD_CHOICES = [("The one that suits the model", AUTO), *((method.title, key) for key, method in METHODS.items())]


def photograph_tab(page: Page) -> None:
    """Lay out the tab and connect it."""
    # the events that ask another question; panels add theirs
    asks: list[Any] = []
    with gr.Row(elem_classes="workplace"):
        with gr.Column(scale=1, min_width=300, elem_classes="given"):
            controls, ready, filled = _given(page)
        with gr.Column(scale=4, min_width=320, elem_classes="found"):
            shown = _shown(page, controls, asks)
    examples = {digest_of(content_of(str(path))): path for path in _examples(page)}
    hidden = gr.Number(0, visible=False), gr.Textbox("", visible=False)
    given = Given(controls, ready, *hidden, examples)
    switching(page, shown, controls["model"], ready, filled)
    answering(page, given, shown, asks)


def _examples(page: Page) -> list[Path]:
    """The host's own photographs, or the usual ones."""
    return list(page.examples) or sorted(EXAMPLES.glob("*.jpg"))


def _given(page: Page) -> tuple[dict[str, Any], gr.State, gr.State]:
    """The photograph and the controls by their names in `Controls`, and the states of a loaded model and its menu."""
    explainer, examples = page.services.explainer, _examples(page)
    controls: dict[str, Any] = {}
    controls["image"] = PhotographInput(
        type="filepath",
        format="png",
        value=str(examples[0]) if examples else None,
        sources=["upload", "webcam", "clipboard"],
        label="Photograph",
        height=200,
        buttons=["fullscreen"],
        elem_id="photograph",
    )
    gallery = example_buttons(examples, "examples")
    gallery.select(
        _picker(examples, controls["image"].GRADIO_CACHE),
        None,
        controls["image"],
        show_progress="hidden",
        api_visibility="private",
    )
    controls["model"], filled = model_menu(explainer)
    ready = gr.State(0)
    # in the page from its start: a thousand names in the first answer would cost more than the map
    classes, _ = target_choices(explainer, explainer.default_model, ())
    controls["target"] = gr.Dropdown(
        classes,
        value=AUTO,
        label="Target class",
        info="Type to search all names, or click a bar.",
        elem_id="target",
    )
    controls["layer"] = gr.Dropdown(
        layer_choices(explainer, explainer.default_model),
        value=explainer.default_layer().name,
        label="Layer, from input to output",
        elem_id="layer",
    )
    controls |= _advanced(classes)
    lay_out_panels("below the controls", page, {"menu": controls["model"], "ready": ready})
    return controls, ready, filled


def _shown(page: Page, controls: dict[str, Any], asks: list[Any]) -> Shown:
    """What the answer is shown in, with the `controls` that belong there, and the panels about it."""
    problem = gr.HTML(elem_id="problem", visible=False)
    with gr.Column(elem_id="answering"):
        spoken = words(page.services.explainer)
        controls |= spoken.controls
        sentence = gr.HTML(WAITING, elem_id="sentence")
        cancel = gr.Button("Cancel", size="sm", min_width=80, elem_id="cancel")
    asked = gr.State(None)
    has: dict[str, Any] = {"shown_photograph": asked, "controls": controls, "asks": asks}
    with gr.Row():
        with gr.Column(scale=4, min_width=320):
            has["stage"] = stage("stage")
            controls |= _below_the_pictures(page.services.explainer.default_model)
            lay_out_panels("below the pictures", page, has)
        with gr.Column(scale=1, min_width=220):
            bars = top_bars("bars")
    has["reading"] = ("How to read the pictures", READING)
    lay_out_panels("below the answer", page, has)
    return Shown(problem, sentence, cancel, has["stage"], bars, asked, spoken)


def _below_the_pictures(model: str) -> dict[str, Any]:
    """The side, what the network `model` is shown, and whether several sizes have to agree."""
    with gr.Row(elem_id="switches"):
        view = gr.Radio(
            VIEWS,
            value=usual_view(model),
            label="The network is shown",
            info="The probabilities are those of what it is shown.",
            min_width=240,
            elem_id="view",
        )
        with gr.Column(min_width=200):
            side = gr.Checkbox(
                label="Counterfactual", info="Show what speaks against the class.", elem_id="counterfactual"
            )
        with gr.Column(min_width=200):
            sharper = gr.Checkbox(
                label="Sharper", info="Only places on which several sizes agree; more work.", elem_id="sharper"
            )
    return {"view": view, "counterfactual": side, "sharper": sharper}


def _picker(examples: list[Path], folder: str) -> Callable[[gr.EventData], str]:
    def pick(event: gr.EventData) -> str:
        path = examples[event._data["index"]]
        # the page may show what lies in the server's folder, and a host's photographs lie anywhere
        return save_bytes_to_cache(path.read_bytes(), path.name, folder)

    return pick


def _advanced(classes: list[tuple[str, str]]) -> dict[str, Any]:
    """Method, rival (one of `classes`), detail, any module, and every option that has no place of its own."""
    with gr.Accordion("Advanced", open=False):
        method = gr.Dropdown(METHOD_CHOICES, value=AUTO, label="Method", elem_id="method")
        about = gr.HTML(METHOD_NOTES[AUTO], elem_id="about-method")
        # in the browser: it stands there before the answer does
        method.change(
            None, method, about, js=f"key => ({json.dumps(METHOD_NOTES)})[key] ?? ''", api_visibility="private"
        )
        rival = gr.Dropdown(
            rival_choices(classes),
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
        made = {"method": method, "rival": rival, "detail": detail, "module": module}
        more = {
            name: PLAIN_CONTROLS[option.kind](option.default, label=option.title, info=option.description, elem_id=name)
            for name, option in Request.options().items()
            if name not in {*made, *ELSEWHERE}
        }
    return {**made, **more}


def _note(method: Method) -> str:
    warning = f" <strong>{html.escape(str(method.warning))}</strong>" if method.warning else ""
    paper = html.escape(method.paper)
    return f"<p class='note'>{html.escape(method.good_for)}{warning} Cost: {html.escape(method.cost)}. {paper}.</p>"


BEST = (
    f"<p class='note'>{METHODS[DEFAULT_METHOD].title}; for words of the embedded captioner HiResCAM, whose maps lie"
    f" on the object that a word names far more often there. {METHODS[DEFAULT_METHOD].paper};"
    f" {METHODS['hirescam'].paper}.</p>"
)
METHOD_NOTES = {AUTO: BEST, **{key: _note(method) for key, method in METHODS.items()}}
WAITING = "<p class='sentence' role='status'>Choose a photograph, or wait a moment for the first example.</p>"
READING = """
- **Heatmap**: how strongly each place raised the score of the class, from nothing to the strongest place. The
  score is the class's logit, the number before probabilities are made of it.
- **Overlay**: the same map over the photograph; where it is weak, the photograph stays as it is.
- **One scale for both sides**: what hardly speaks for or against the class looks weak. Under "How it looks" the colours
  can be stretched to what is shown; the colour bar says so then.
- **Striped grey**: cut away before the model looked. It is not cold, it was never seen.
- **Counterfactual**: the places whose absence would raise the score; they speak against the class.
- A map shows where the evidence for the model's answer lies. It does not show that the answer is right, what
  about the place mattered (shape, colour, texture), or what the model would say of another photograph.
- The map has the resolution of its layer, often 7 x 7: edges between its cells are drawn smooth, not known.
"""
