"""Below the checks: maps side by side, each with what hiding its hottest places does. Public name: `compare_panel`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr
import numpy as np

from ...compare import Comparison
from ...explanation import Explanation
from ...languages import Finding, percent, say
from ...methods import METHODS, REPLAY
from ...serving.failures import plain_words
from ...serving.lanes import COSTLY
from ...serving.services import Services
from ..handlers import Controls, explain, model_choices
from ..messages import problem_box, sentence
from ..parts import AT_ONCE, Page, told
from ..web.grid import TAKEN, grid_value, maps_grid
from .plans import PLANS, STRIP, WARNED, Beside, compared, every_layer, lines_under

__all__ = ["compare_panel"]

SLOT = "comparison"
# a map whose strongest place has less than this part of the shared scale is nearly the photograph alone
FAINT = 0.1
NOTHING_YET = "There is nothing to compare yet: choose a photograph first."
QUICK = [key for key, method in METHODS.items() if REPLAY not in method.needs and method.in_score]
EXPLAINED = (
    "<p class='note'>Small maps on one scale: what the whole picture would add to the class's logit if it were all like"
    " one place. Methods whose values are no parts of the logit have a scale of their own and a dashed frame. Press a"
    " map to show it above.</p>"
)
# layers by themselves are looked at for their shape: far from the output one scale for all leaves nothing to see
SHARED_AT_FIRST = f"plan => plan !== {json.dumps(STRIP)}"


def compare_panel(page: Page, shown_photograph: gr.State, controls: Mapping[str, Any], asks: list[Any]) -> None:
    """A grid of maps beside that of `shown_photograph`; a press on one sets the `controls` and asks for it."""
    with gr.Accordion("Compare layers, methods, classes and models", open=False, elem_id="compare"):
        plan, methods, other, one_scale = _choices(page)
        with gr.Row():
            plain = gr.Button("Compare", size="sm", min_width=120, elem_id="compare-plain")
            hiding = gr.Button("Compare, hide and look again in each", size="sm", min_width=200, elem_id="compare-hide")
            stop = gr.Button("Stop", size="sm", min_width=80, elem_id="compare-stop")
        text = gr.HTML(EXPLAINED, elem_id="compared", min_height=60)
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
        return EXPLAINED, gr.update(grid={}), None

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
        plan = gr.Radio(list(PLANS), value=STRIP, label="Compare", elem_id="compare-plan")
        methods = gr.Dropdown(
            [(method.title, key) for key, method in METHODS.items()],
            value=QUICK,
            multiselect=True,
            label="Methods",
            info="For the grids that have methods.",
            elem_id="compare-methods",
        )
        other = gr.Dropdown(
            model_choices(infos),
            value=next((info.name for info in infos if info.name != first), first),
            allow_custom_value=True,
            label="The other model",
            info="For two models; any name of torchvision, timm or your own can be typed.",
            elem_id="compare-model",
        )
        one_scale = gr.Checkbox(
            value=False,
            label="One scale for all",
            info="Shows which map is stronger; without it every map shows its shape.",
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
            return problem_box(NOTHING_YET, kept=False), gr.skip(), gr.skip()
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
        drawn = grid_value(found, lines_under(found, hidden), warn=WARNED, offered=offered, shared=one_scale_now)
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
    target = f"“{explanation.target.label}”"
    maps = f"{len(grid.rows) * len(grid.columns)} maps, each on its own scale."
    text = grid.sentence if shared else maps
    if not shared and isinstance(found := grid.finding.values.get("grid"), Finding):
        text = grid.sentence.replace(say(found), maps)
    text += f" With nothing hidden {target} is at {percent(explanation.target.probability)}."
    faint = sum(_is_faint(grid, i, j) for i in range(len(grid.rows)) for j in range(len(grid.columns))) if shared else 0
    if faint:
        text += (
            f" {faint} of them show next to nothing on this scale: without “One scale for all” each shows its shape."
        )
    side = " The maps are of what speaks against." if explanation.counterfactual else ""
    return sentence(text + side) + (EXPLAINED if shared else "")
