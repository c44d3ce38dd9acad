"""The photograph tab: what a network says of a photograph, and where that comes from.

Public names: `EXAMPLES`, `method_choices`, `method_notes`, `photograph_tab`.
"""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import gradio as gr

from ...explainer import Explainer
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
from ..web.sentence import shown_sentence
from ..web.stage import stage
from ..wording import word, words_of
from .answering import QuestionControls, Shown, answering, rival_choices
from .words import Examples, switching, words

__all__ = ["EXAMPLES", "method_choices", "method_notes", "photograph_tab"]

EXAMPLES = Path(__file__).parents[3] / "assets" / "examples"
PLAIN_CONTROLS: dict[str, Any] = {"text": gr.Textbox, "switch": gr.Checkbox, "number": gr.Number}
# options with a place of their own above
ELSEWHERE = frozenset({"model", "target", "layer", "counterfactual", "both", "view", "sharper", *WORDED})
# keys of the words, and what they stand for
VIEWS = {"photograph.view_whole": WHOLE, "photograph.view_centre": CENTRE}
SIDE_WORDS = {"photograph.side_for": "for", "photograph.side_against": "against", "photograph.side_both": "both"}


def photograph_tab(page: Page) -> None:
    """Lay out the tab and connect it."""
    # the events that ask another question; panels add theirs
    asks: list[Any] = []
    ticket = gr.Number(0, visible=False)
    with gr.Column(elem_classes="found"):
        offered = _handed_in(page)
        controls: dict[str, Any] = {"image": offered.image}
        shown, filled = _shown(page, controls, asks, ticket)
    examples = {digest_of(content_of(str(path))): path for path in _examples(page)}
    page.offered.update(photograph=controls["image"], model=controls["model"])
    hidden = gr.Textbox("", visible=False), PhotographInput(visible=False), gr.Textbox("", visible=False)
    given = QuestionControls(controls, page.ready, ticket, *hidden, examples)
    switching(page, shown, controls["model"], filled, offered)
    answering(page, given, shown, asks)


def _examples(page: Page) -> list[Path]:
    """The host's own photographs, or the usual ones."""
    return list(page.examples) or sorted(EXAMPLES.glob("*.jpg"))


def _handed_in(page: Page) -> Examples:
    """The place for a photograph, and the examples beside it."""
    examples = _examples(page)
    with gr.Row(elem_id="hand-in"):
        with gr.Column(scale=1, min_width=240):
            image = PhotographInput(
                type="filepath",
                format="png",
                value=str(examples[0]) if examples else None,
                sources=["upload", "webcam", "clipboard"],
                label=word("photograph.photograph"),
                height=170,
                buttons=["fullscreen"],
                elem_id="photograph",
            )
        with gr.Column(scale=4, min_width=320):
            gallery = example_buttons(examples, "examples")
    offered = Examples(gallery, image, examples)

    def pick(event: gr.EventData) -> str:
        return offered.given(event._data["index"])

    gallery.select(pick, None, image, show_progress="hidden", api_visibility="private")
    return offered


def _shown(page: Page, controls: dict[str, Any], asks: list[Any], ticket: gr.Number) -> tuple[Shown, gr.State]:
    """What the answer is shown in, below it the other `controls` in the order of use, and the panels.

    Also returns whether the menu of models has been filled.
    """
    problem = gr.HTML(elem_id="problem", visible=False)
    asked = page.shown_photograph
    has: dict[str, Any] = {"shown_photograph": asked, "controls": controls, "asks": asks, "ticket": ticket}
    with gr.Column(elem_id="answering"):
        spoken = words(page.services.explainer)
        controls |= spoken.controls
        with gr.Row(elem_id="answer"):
            with gr.Column(scale=4, min_width=320):
                found = shown_sentence("sentence")
            with gr.Column(scale=1, min_width=220):
                lay_out_panels("beside the sentence", page, has)
        cancel = gr.Button(word("page.cancel"), size="sm", min_width=80, elem_id="cancel")
    with gr.Row(elem_id="pictures"):
        with gr.Column(scale=4, min_width=320):
            has["stage"] = stage("stage", empty=not _examples(page))
            # of the sentence what follows its headline, where the screen is too small for it above the pictures
            shown_sentence("details")
            spoken.said.render()
            spoken.about.render()
            lay_out_panels("below the pictures", page, has)
        with gr.Column(scale=1, min_width=220):
            bars = top_bars("bars")
    menus, filled = _menus(page.services.explainer)
    controls |= menus | _below_the_menus(page.services.explainer.default_model)
    classes, _ = target_choices(page.services.explainer, page.services.explainer.default_model, ())
    controls |= _advanced(classes)
    has |= {"reading": ("photograph.reading_title", "photograph.reading"), "menu": menus["model"]}
    lay_out_panels("below the answer", page, has)
    return Shown(problem, found, cancel, has["stage"], bars, asked, spoken), filled


def _menus(explainer: Explainer) -> tuple[dict[str, Any], gr.State]:
    """The menus of models, classes and layers, and whether the first one has been filled."""
    with gr.Row(elem_id="menus"):
        model, filled = model_menu(explainer)
        # in the page from its start: a thousand names in the first answer would cost more than the map
        classes, _ = target_choices(explainer, explainer.default_model, ())
        target = gr.Dropdown(
            classes,
            value=AUTO,
            label=word("photograph.target"),
            info=word("photograph.click_a_bar"),
            min_width=220,
            elem_id="target",
        )
        layer = gr.Dropdown(
            layer_choices(explainer, explainer.default_model),
            value=explainer.default_layer().name,
            label=word("photograph.layer"),
            info=word("photograph.layer_info"),
            min_width=220,
            elem_id="layer",
        )
    return {"model": model, "target": target, "layer": layer}, filled


def _below_the_menus(model: str) -> dict[str, Any]:
    """The side, what the network `model` is shown, and whether several sizes have to agree."""
    with gr.Row(elem_id="switches"):
        side = gr.Radio(
            [(word(key), value) for key, value in SIDE_WORDS.items()],
            value="for",
            label=word("photograph.sides"),
            info=word("photograph.sides_info"),
            scale=3,
            min_width=300,
            elem_id="counterfactual",
        )
        view = gr.Radio(
            [(word(key), value) for key, value in VIEWS.items()],
            value=usual_view(model),
            label=word("photograph.view"),
            info=word("photograph.view_info"),
            scale=3,
            min_width=240,
            elem_id="view",
        )
        with gr.Column(scale=2, min_width=200):
            sharper = gr.Checkbox(
                label=word("photograph.sharper"), info=word("photograph.sharper_info"), elem_id="sharper"
            )
    return {"view": view, "counterfactual": side, "sharper": sharper}


def _advanced(classes: list[tuple[str, str]]) -> dict[str, Any]:
    """Method, rival (one of `classes`), detail, any module, and every option that has no place of its own."""
    with gr.Accordion(word("page.advanced"), open=False):
        method = gr.Dropdown(method_choices(), value=AUTO, label=word("photograph.method"), elem_id="method")
        notes = method_notes()
        about = gr.HTML(notes[AUTO], elem_id="about-method")
        # in the browser: it stands there before the answer does
        method.change(None, method, about, js=f"key => ({json.dumps(notes)})[key] ?? ''", api_visibility="private")
        rival = gr.Dropdown(
            rival_choices(classes),
            value="",
            label=word("photograph.rival"),
            info=word("photograph.rival_info"),
            elem_id="rival",
        )
        detail = gr.Checkbox(label=word("photograph.detail"), info=word("photograph.detail_info"), elem_id="detail")
        module = gr.Textbox(
            value="",
            label=word("photograph.module"),
            info=word("photograph.module_info"),
            elem_id="module",
        )
        made = {"method": method, "rival": rival, "detail": detail, "module": module}
        more = {
            name: PLAIN_CONTROLS[option.kind](option.default, label=option.title, info=option.description, elem_id=name)
            for name, option in Request.options().items()
            if name not in {*made, *ELSEWHERE}
        }
    return {**made, **more}


def method_choices() -> list[tuple[str, str]]:
    """The menu of methods."""
    return [(word("photograph.method_that_suits"), AUTO), *((method.title, key) for key, method in METHODS.items())]


def method_notes() -> dict[str, str]:
    """What stands below the menu of methods for each of them."""
    papers = f"{METHODS[DEFAULT_METHOD].paper}; {METHODS['hirescam'].paper}."
    best = f"<p class='note'>{word('photograph.best')} {papers}</p>"
    return {AUTO: best, **{key: _note(method) for key, method in METHODS.items()}}


def _note(method: Method) -> str:
    warning = f" <strong>{words_of(method.warning)}</strong>" if method.warning else ""
    cost = f"{word('method.cost')} {words_of(method.cost)}."
    return f"<p class='note'>{words_of(method.good_for)}{warning} {cost} {html.escape(method.paper)}.</p>"
