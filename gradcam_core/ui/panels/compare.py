"""Below the checks: maps side by side, each with what hiding its hottest places does. Public name: `compare_panel`."""

from __future__ import annotations

import html
import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from ...canvases.urls import jpeg_url
from ...compare import Comparison
from ...explanation import Explanation
from ...languages import Finding
from ...methods import METHODS, REPLAY
from ...serving.failures import plain_words
from ...serving.lanes import COSTLY
from ...serving.services import Services
from ..handlers import Controls, explain, model_choices
from ..messages import note, problem_box, sentence
from ..parts import AT_ONCE, Page, told
from ..web.bars import bars_value
from ..web.grid import TAKEN, grid_value, maps_grid
from ..wording import word
from .plans import PLANS, STRIP, WARNED, Beside, compared, every_layer, lines_under

__all__ = ["compare_panel"]

SLOT = "comparison"
# a map whose strongest place has less than this part of the shared scale is nearly the photograph alone
FAINT = 0.1
# the longer side of each picture of two models
DIFFERENCE = 480
QUICK = [key for key, method in METHODS.items() if REPLAY not in method.needs and method.in_score]
# layers by themselves are looked at for their shape: far from the output one scale for all leaves nothing to see
SHARED_AT_FIRST = f"plan => plan !== {json.dumps(STRIP)}"


def compare_panel(page: Page, shown_photograph: gr.State, controls: Mapping[str, Any], asks: list[Any]) -> None:
    """A grid of maps beside that of `shown_photograph`; a press on one sets the `controls` and asks for it."""
    with gr.Accordion(word("compare.title"), open=False, elem_id="compare"):
        plan, methods, other, one_scale = _choices(page)
        page.kept.extend([plan, methods, other, one_scale])
        with gr.Row():
            plain = gr.Button(word("compare.button"), size="sm", min_width=120, elem_id="compare-plain")
            hiding = gr.Button(word("compare.again"), size="sm", min_width=200, elem_id="compare-hide")
            stop = gr.Button(word("page.stop"), size="sm", min_width=80, elem_id="compare-stop")
        text = gr.HTML(explained(), elem_id="compared", min_height=60)
        grid = maps_grid("grid")
    # what the grid was asked of
    about = gr.State(None)
    plan.input(None, plan, one_scale, js=SHARED_AT_FIRST, api_visibility="private")
    for button, hide in ((plain, False), (hiding, True)):
        button.click(
            _filling(page.services, hide=hide),
            [shown_photograph, plan, methods, one_scale, other],
            [text, grid, about],
            concurrency_id=COSTLY,
            show_progress_on=text,
            api_visibility="private",
        )
    running = page.services.running

    def stop_it(request: gr.Request) -> None:
        running.stop(request.session_hash, slot=SLOT)

    def forget(asked: Controls | None, asked_before: Controls | None, request: gr.Request) -> Any:
        """Another class, layer or method leaves the grid; about anything else it must not stay."""
        if asked is None or asked_before is None or _context(asked) == _context(asked_before):
            return gr.skip(), gr.skip(), gr.skip()
        running.overtake(request.session_hash, slot=SLOT)
        return explained(), gr.update(grid={}), None

    stop.click(stop_it, None, None, **AT_ONCE)
    shown_photograph.change(forget, [shown_photograph, about], [text, grid, about], **AT_ONCE)
    taken = [controls[name] for name in ("target", "method", "layer", "module")]
    grid.select(None, [grid, *taken], taken, js=TAKEN, api_visibility="private")
    asks.append(grid.select)


def _choices(page: Page) -> tuple[gr.Radio, gr.Dropdown, gr.Dropdown, gr.Checkbox]:
    """What is compared, by which methods, with which other model, and whether on one scale."""
    explainer = page.services.explainer
    infos, first = explainer.models_first(), explainer.default_model
    with gr.Row():
        plan = gr.Radio(
            [(word(key), key) for key in PLANS], value=STRIP, label=word("compare.button"), elem_id="compare-plan"
        )
        methods = gr.Dropdown(
            [(method.title, key) for key, method in METHODS.items()],
            value=QUICK,
            multiselect=True,
            label=word("compare.methods"),
            info=word("compare.methods_info"),
            elem_id="compare-methods",
        )
        other = gr.Dropdown(
            model_choices(infos),
            value=next((info.name for info in infos if info.name != first), first),
            allow_custom_value=True,
            label=word("compare.other"),
            info=word("compare.other_info"),
            min_width=240,
            elem_id="compare-model",
        )
        one_scale = gr.Checkbox(
            value=False,
            label=word("compare.scale"),
            info=word("compare.scale_info"),
            min_width=240,
            elem_id="compare-scale",
        )
    return plan, methods, other, one_scale


def _filling(services: Services, *, hide: bool) -> Callable[..., Any]:
    """What answers a click on one of the buttons that fill the grid."""

    # gradio names endpoints after functions, hidden ones too: `compare` is the API's
    def fill_grid(
        asked: Controls | None,
        plan_now: str,
        methods_now: list[str],
        one_scale_now: bool,
        other_now: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio wants to be asked for it
    ) -> Any:
        if asked is None:
            return problem_box(word("compare.nothing_yet"), kept=False), gr.skip(), gr.skip()
        # whoever asks again no longer waits for the grid before
        services.running.overtake(request.session_hash, slot=SLOT)
        with services.running.task(request.session_hash, told(progress), slot=SLOT) as task:
            try:
                explanation = explain(services.explainer, asked, task.watch)
                beside = Beside(methods_now, other_now)
                found, hidden = compared(services.examiner, explanation, plan_now, beside, task.watch, hide=hide)
            except Exception as error:
                problem = gr.skip() if task.overtaken else problem_box(plain_words(error), kept=False)
                return problem, gr.skip(), gr.skip()
        if task.overtaken:
            return gr.skip(), gr.skip(), gr.skip()
        offered = every_layer(services.explainer, explanation)
        drawn = grid_value(found, lines_under(found, hidden), warn=word(WARNED), offered=offered, shared=one_scale_now)
        return _said(found, explanation, shared=one_scale_now), gr.update(grid=drawn), asked

    return fill_grid


def _context(asked: Controls) -> Controls:
    """What stays the same while maps of one grid are looked at."""
    return asked.but(target=None, layer=None, module="", method=None, rival=None)


def _is_faint(grid: Comparison, row: int, column: int) -> bool:
    """Whether a map, on the scale of all, is hardly to be seen."""
    cell = grid.cells[row][column]
    return cell.in_score and 0 < float(np.abs(grid.values(row, column)).max()) < FAINT


def _said(grid: Comparison, explanation: Explanation, *, shared: bool) -> str:
    said = grid.finding
    if not shared:
        own = Finding("compare.own_scales", maps=len(grid.rows) * len(grid.columns))
        said = Finding(said.key, **{**said.values, "grid": own}) if "grid" in said.values else own
    at = itertools.product(range(len(grid.rows)), range(len(grid.columns)))
    found = word(
        "compare.said", target=explanation.target.label, probability=explanation.target.probability,
        faint=sum(_is_faint(grid, *place) for place in at) if shared else 0, maps=said,
        counterfactual=explanation.counterfactual,
    )  # fmt: skip
    return sentence(found) + _side_by_side(grid) + (explained() if shared else "")


def _side_by_side(grid: Comparison) -> str:
    """What two models see and say, and where they differ, as pictures of one size."""
    picture = grid.difference() if grid.row_axis == "model" else None
    if picture is None:
        return ""
    both = [row[0].explanation for row in grid.cells[:2]]
    models = [
        _figure(one.at_most(DIFFERENCE**2).overlay(), word("compare.by_itself", title=title), _bars(one))
        for one, title in zip(both, grid.rows, strict=False)
        if one is not None
    ]
    differ = _figure(picture, word("compare.difference", first=grid.rows[0], second=grid.rows[1]))
    return f"<div class='models'>{''.join(models)}{differ}</div>"


def _figure(picture: Image.Image, said: str, under: str = "") -> str:
    url, said = jpeg_url(picture, DIFFERENCE), html.escape(said)
    return f"<figure><img src='{url}' alt=''><figcaption>{said}</figcaption>{under}</figure>"


def _bars(explanation: Explanation) -> str:
    rows = bars_value(explanation)["rows"]
    return "".join(
        f"<p class='bar'><span>{html.escape(row['label'])}</span><span>{row['percent']}</span>"
        f"<span class='track'><span class='meter' style='width:{row['share'] * 100:.1f}%'></span></span></p>"
        for row in rows
    )


def explained() -> str:
    """What stands there before anything is compared."""
    return note(word("compare.explained"))
