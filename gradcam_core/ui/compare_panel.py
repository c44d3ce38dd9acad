"""Below the checks: maps side by side, each with what hiding its hottest places does. Public name: `compare_panel`."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr
import numpy as np

from ..checks import Examiner, HideAndLook
from ..compare import Comparison
from ..engine.rerun import Watch
from ..explainer import Explainer
from ..explanation import Explanation
from ..languages import percent
from ..methods import METHODS, RERUN
from .components import grid_value, maps_grid, problem_box
from .handlers import Asked, explain, plain_words
from .running import Running, told

__all__ = ["compare_panel"]

CONCURRENT = 2
NOTHING_YET = "There is nothing to compare yet: choose a photograph first."
QUICK = [key for key, method in METHODS.items() if RERUN not in method.needs and method.in_score]
EXPLAINED = (
    "<p class='note'>Small maps on one scale: what the whole picture would add to the class's logit if it were all like"
    " one place. Methods whose values are no parts of the logit have a scale of their own and a dashed frame. Press a"
    " map to show it above.</p>"
)
WARNED = "no more than chance"
Plan = Callable[[Explainer, Explanation, Sequence[str]], dict[str, Any]]


def _layers(explainer: Explainer, explanation: Explanation, _: Sequence[str]) -> dict[str, Any]:
    return _methods(explainer, explanation, [explanation.method])


def _methods(explainer: Explainer, explanation: Explanation, methods: Sequence[str]) -> dict[str, Any]:
    rivals = [rival.index for rival in explanation.rivals] or None
    return {"methods": methods, "layers": _every_layer(explainer, explanation), "rival": rivals}


def _classes(_: Explainer, explanation: Explanation, methods: Sequence[str]) -> dict[str, Any]:
    return {"targets": _top_classes(explanation), "methods": methods, "layers": [explanation.layer]}


def _classes_layers(explainer: Explainer, explanation: Explanation, _: Sequence[str]) -> dict[str, Any]:
    return {
        "targets": _top_classes(explanation),
        "methods": [explanation.method],
        "layers": _every_layer(explainer, explanation),
    }


def _every_layer(explainer: Explainer, explanation: Explanation) -> list[str]:
    return [layer.name for layer in explainer.layers(explanation.model)]


def _top_classes(explanation: Explanation) -> list[int]:
    return list(dict.fromkeys(one.index for one in (explanation.target, *explanation.top)))


# what stands in the menu -> what is asked for
STRIP = "all layers"
PLANS: dict[str, Plan] = {
    STRIP: _layers,
    "methods × layers": _methods,  # noqa: RUF001
    "classes × methods": _classes,  # noqa: RUF001
    "classes × layers": _classes_layers,  # noqa: RUF001
}


def compare_panel(explainer: Explainer, page: gr.Blocks, shown: gr.State) -> gr.HTML:
    """Lay out the area in `page` and connect it; the grid's event `select` says that a map was picked."""
    examiner, running = Examiner(explainer), Running()
    with gr.Accordion("Compare layers, methods and classes", open=False, elem_id="compare"):
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
            one_scale = gr.Checkbox(
                value=True,
                label="One scale for all",
                info="Shows which map is stronger; without it every map shows its shape.",
                elem_id="compare-scale",
            )
        with gr.Row():
            plain = gr.Button("Compare", size="sm", min_width=120, elem_id="compare-plain")
            hiding = gr.Button("Compare, hide and look again in each", size="sm", min_width=200, elem_id="compare-hide")
            stop = gr.Button("Stop", size="sm", min_width=80, elem_id="compare-stop")
        compared = gr.HTML(EXPLAINED, elem_id="compared", min_height=60)
        grid = maps_grid("grid")
    # what the grid was asked of
    about = gr.State(None)

    def asking(hide: bool) -> Callable[..., Any]:
        # gradio names endpoints after functions, hidden ones too: `compare` is the API's
        def fill_grid(
            asked: Asked | None,
            plan_now: str,
            methods_now: list[str],
            one_scale_now: bool,
            request: gr.Request,
            progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio wants to be asked for it
        ) -> Any:
            if asked is None:
                return problem_box(NOTHING_YET, kept=False), gr.skip(), gr.skip()
            # whoever asks again no longer waits for the grid before
            running.overtake(request.session_hash)
            with running.task(request.session_hash, told(progress)) as task:
                try:
                    explanation = explain(explainer, asked, task.watch)
                    found, hidden = _asked_for(examiner, explanation, plan_now, methods_now, task.watch, hide=hide)
                except Exception as error:
                    problem = gr.skip() if task.overtaken else problem_box(plain_words(error), kept=False)
                    return problem, gr.skip(), gr.skip()
            if task.overtaken:
                return gr.skip(), gr.skip(), gr.skip()
            offered = _every_layer(explainer, explanation)
            shared = one_scale_now and plan_now != STRIP
            drawn = grid_value(found, _lines(found, hidden), warn=WARNED, offered=offered, shared=shared)
            return _said(found, explanation, shared=shared), gr.update(grid=drawn), asked

        return fill_grid

    def forget(asked: Asked | None, asked_before: Asked | None, request: gr.Request) -> Any:
        """Another class, layer or method leaves the grid; about anything else it must not stay."""
        if asked is None or asked_before is None or _context(asked) == _context(asked_before):
            return gr.skip(), gr.skip(), gr.skip()
        running.overtake(request.session_hash)
        return EXPLAINED, gr.update(grid={}), None

    def stop_it(request: gr.Request) -> None:
        running.stop(request.session_hash)

    for button, hide in ((plain, False), (hiding, True)):
        button.click(
            asking(hide),
            [shown, plan, methods, one_scale],
            [compared, grid, about],
            concurrency_limit=CONCURRENT,
            concurrency_id="comparisons",
            show_progress_on=compared,
            api_visibility="private",
        )
    at_once: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    stop.click(stop_it, None, None, **at_once)
    shown.change(forget, [shown, about], [compared, grid, about], **at_once)
    page.unload(stop_it)
    return grid


def _asked_for(
    examiner: Examiner, explanation: Explanation, plan: str, methods: Sequence[str], watch: Watch, *, hide: bool
) -> tuple[Comparison, Sequence[HideAndLook | None]]:
    """The grid, and for each of its cells, row by row, what hiding does where that is asked for."""
    options: dict[str, Any] = {"targets": [explanation.target.index]}
    options |= PLANS[plan](examiner.explainer, explanation, methods)
    found = examiner.explainer.compare(
        explanation.photograph,
        model=explanation.model,
        counterfactual=explanation.counterfactual,
        detail=explanation.detail,
        watch=watch.part(0, 2) if hide else watch,
        **options,
    )
    cells = [cell.explanation for row in found.cells for cell in row]
    return found, examiner.hide_each(cells, watch=watch.part(1, 2)) if hide else [None] * len(cells)


def _context(asked: Asked) -> Asked:
    """What stays the same while maps of one grid are looked at."""
    return replace(asked, target="", layer="", module="", method="", rival="")


def _lines(grid: Comparison, hidden: Sequence[HideAndLook | None]) -> list[list[list[str]]]:
    found = iter(hidden)
    return [
        [[*_alike(grid, i, j), *_figure(next(found))] for j in range(len(grid.columns))] for i in range(len(grid.rows))
    ]


def _figure(found: HideAndLook | None) -> list[str]:
    if found is None:
        return []
    middle = found.steps[len(found.steps) // 2]
    return [
        f"20 % hidden: {percent(middle.hottest)}",
        f"at random: {percent(middle.random_mean)}",
        "holds" if found.holds else WARNED,
    ]


def _alike(grid: Comparison, row: int, column: int) -> list[str]:
    if grid.row_axis != "target" or row == 0 or np.isnan(value := grid.alike(column)[0, row]):
        return []
    return [f"like the first: {value:.2f}"]


def _said(grid: Comparison, explanation: Explanation, *, shared: bool) -> str:
    target = f"“{explanation.target.label}”"
    # layers by themselves are looked at for their shape: far from the output the shared scale leaves nothing to see
    maps = f"{len(grid.rows) * len(grid.columns)} maps, each on its own scale."
    text = grid.sentence if shared else maps
    text += f" With nothing hidden {target} is at {percent(explanation.target.probability)}."
    side = " The maps are of what speaks against." if explanation.counterfactual else ""
    return f"<p class='sentence' role='status'>{html.escape(text + side)}</p>{EXPLAINED if shared else ''}"
