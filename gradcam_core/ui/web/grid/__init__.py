"""Small maps side by side, each a button that takes its map over. Public names: `TAKEN`, `grid_value`, `maps_grid`."""

from __future__ import annotations

import json
from collections.abc import Container, Sequence
from dataclasses import asdict
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ....canvases.render import DEFAULT_LOOK
from ....canvases.urls import base64_text, jpeg_url
from ....compare import Cell, Comparison
from .. import component
from ..maps import both_sides, colors_of, maps_script, unseen

__all__ = ["TAKEN", "grid_value", "maps_grid"]

# the longer side of the photograph, and of a map, in the grid
GRID_PIXELS, GRID_CELLS = 288, 56
# a click on a map sets class, method, layer and module in the browser, without a request
TAKEN = (
    "({ picked }, target, method, layer, module) => picked === undefined ? [target, method, layer, module]"
    " : [picked.target, picked.method, picked.layer ?? layer, picked.module]"
)


def maps_grid(elem_id: str) -> gr.HTML:
    """The grid: see grid.js. At the event `select` its value holds `picked`, what a cell asks.

    Update it with `gr.update(grid=grid_value(...))`.
    """
    # within the script: an update that finds the grid in a closed accordion would replace all its other properties
    fixed = {
        "look": asdict(DEFAULT_LOOK),
        "colors": colors_of(DEFAULT_LOOK.colormap),
        "signed": both_sides(),
        "unseen": unseen(),
    }
    scripts = [f"const fixed = {json.dumps(fixed)};\n", maps_script()]
    return component("grid", {}, elem_id, scripts=scripts, grid={})


def grid_value(
    grid: Comparison, lines: Sequence[Sequence[Sequence[str]]], *, warn: str, offered: Container[str], shared: bool
) -> dict[str, Any]:
    """What the grid needs of a comparison; `lines` of text stand under each cell, those that say `warn` in bold.

    `offered` are the layers in the menu; any other one is picked as a module. Without `shared` every map has a scale
    of its own.
    """
    one = next(cell.explanation for row in grid.cells for cell in row if cell.explanation)
    width, height = one.photograph.size
    return {
        "photo": {
            "url": jpeg_url(Image.fromarray(one.photograph.preview), GRID_PIXELS),
            "width": width,
            "height": height,
        },
        "rows": list(grid.rows),
        "columns": list(grid.columns),
        "scale": grid.scale if shared else 0,
        "signed": grid.signed,
        "cells": [
            [
                _cell_value(cell, grid.values(i, j, shared=shared), offered, one.model)
                | {"lines": list(lines[i][j]), "warn": warn}
                for j, cell in enumerate(row)
            ]
            for i, row in enumerate(grid.cells)
        ],
    }


def _cell_value(cell: Cell, shown: NDArray[np.float32], offered: Container[str], model: str) -> dict[str, Any]:
    explanation = cell.explanation
    if explanation is None:
        return {"problem": cell.problem}
    values = Image.fromarray(shown)
    # finer than it is drawn, it would only take longer to arrive
    values.thumbnail((GRID_CELLS, GRID_CELLS), Image.Resampling.BOX)
    height, width = explanation.cam.shape
    in_menu = explanation.layer in offered
    return {
        "rows": values.height,
        "columns": values.width,
        "box": list(explanation.placement.cells),
        "seen": list(explanation.placement.looked_at),
        "values": base64_text(np.rint(np.asarray(values) * 127).astype(np.int8).tobytes()),
        "size": f"{width}×{height}",  # noqa: RUF001
        "own": not cell.in_score,
        # a map of another model than that of the first one is there to be looked at
        "pick": explanation.model == model
        and {
            "target": str(explanation.target.index),
            "method": explanation.method,
            "layer": explanation.layer if in_menu else None,
            "module": "" if in_menu else explanation.layer,
        },
    }
