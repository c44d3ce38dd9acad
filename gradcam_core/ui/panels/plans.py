"""What the comparing panel asks for, and what stands under each map; no component in it.

Public names: `Beside`, `PLANS`, `STRIP`, `WARNED`, `compared`, `every_layer`, `lines_under`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ...checks import Examiner, HideAndLook
from ...compare import AXES, TOLD_APART, Comparison
from ...engine.watch import Watch
from ...explainer import Explainer
from ...explanation import Explanation
from ...request import CENTRE
from ..wording import word

__all__ = ["PLANS", "STRIP", "WARNED", "Beside", "compared", "every_layer", "lines_under"]

WARNED = "compare.chance"


@dataclass(frozen=True)
class Beside:
    """What stands beside the explanation: the `methods` chosen, and the name of another `model`."""

    methods: Sequence[str]
    model: str


Plan: TypeAlias = Callable[[Explainer, Explanation, Beside], dict[str, Any]]


def _layers(explainer: Explainer, explanation: Explanation, _: Beside) -> dict[str, Any]:
    return _methods(explainer, explanation, Beside([explanation.method], ""))


def _methods(explainer: Explainer, explanation: Explanation, beside: Beside) -> dict[str, Any]:
    return {"methods": beside.methods, "layers": every_layer(explainer, explanation)}


def _classes(_: Explainer, explanation: Explanation, beside: Beside) -> dict[str, Any]:
    return {**_of_classes(explanation), "methods": beside.methods, "layers": [explanation.layer]}


def _models(explainer: Explainer, explanation: Explanation, beside: Beside) -> dict[str, Any]:
    first, second = explainer.load(explanation.model), explainer.load(beside.model or None)
    label = explanation.target.label
    # the same class where both know it; else each its own most probable one
    same = explanation.target.index if first.labels == second.labels else label if label in second.labels else None
    # two photographs that are not the same would not compare
    view = explanation.request.view if second.stride.pixels else CENTRE
    asked = {"targets": [same], "methods": [explanation.method], "layers": [None], "models": [first.name, second.name]}
    return {**asked, "view": view, "rival": None}


def _classes_layers(explainer: Explainer, explanation: Explanation, _: Beside) -> dict[str, Any]:
    return {**_of_classes(explanation), "methods": [explanation.method], "layers": every_layer(explainer, explanation)}


def every_layer(explainer: Explainer, explanation: Explanation) -> list[str]:
    """The offered layers of the model that was asked."""
    return [layer.name for layer in explainer.layers(explanation.model)]


def _of_classes(explanation: Explanation) -> dict[str, Any]:
    # held against none: the others stand beside it
    return {"targets": list(dict.fromkeys(one.index for one in (explanation.target, *explanation.top))), "rival": None}


# key of the words in the menu -> what is asked for
STRIP = "compare.layers"
PLANS: dict[str, Plan] = {
    STRIP: _layers,
    "compare.methods_layers": _methods,
    "compare.classes_methods": _classes,
    "compare.classes_layers": _classes_layers,
    "compare.models": _models,
}


def compared(
    examiner: Examiner, explanation: Explanation, plan: str, beside: Beside, watch: Watch, *, hide: bool
) -> tuple[Comparison, Sequence[HideAndLook | None]]:
    """The grid, and for each of its cells, row by row, what hiding does where that is asked for."""
    options = {name: value for name, value in explanation.request.record().items() if name not in AXES}
    options |= {"targets": [explanation.target.index], **PLANS[plan](examiner.explainer, explanation, beside)}
    watch_maps = watch.part(0, 2) if hide else watch
    found = examiner.explainer.compare(explanation.photograph, watch=watch_maps, **options)
    cells = [cell.explanation for row in found.cells for cell in row]
    return found, examiner.hide_each(cells, watch=watch.part(1, 2)) if hide else [None] * len(cells)


def lines_under(grid: Comparison, hidden: Sequence[HideAndLook | None]) -> list[list[list[str]]]:
    """For each cell, in rows, what is said of its map."""
    found = iter(hidden)
    return [
        [[*_alike(grid, i, j), *_figure(next(found))] for j in range(len(grid.columns))] for i in range(len(grid.rows))
    ]


def _figure(found: HideAndLook | None) -> list[str]:
    if found is None:
        return []
    return [
        word("compare.hidden", share=found.told.hottest),
        word("compare.at_random", share=found.told.random_mean),
        word("compare.holds" if found.holds else WARNED),
    ]


def _alike(grid: Comparison, row: int, column: int) -> list[str]:
    if grid.row_axis not in TOLD_APART or row == 0 or np.isnan(value := grid.rank_correlation(column)[0, row]):
        return []
    return [word("compare.alike", value=value)]
