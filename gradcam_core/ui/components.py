"""The page's own components: the stage that draws maps and the bars, and what they are given."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Container, Sequence
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..canvases.render import (
    COLORMAPS,
    DEFAULT_LOOK,
    STRIPE,
    UNSEEN,
    UNSEEN_PHOTO,
    UNSEEN_STRIPES,
    Look,
    color_table,
    signed_color_table,
)
from ..compare import Cell, Comparison
from ..explanation import Explanation
from ..languages import percent
from ..reading.photograph import SCREEN_PIXELS, Photograph
from ..text import TextExplanation

__all__ = [
    "PICKED",
    "TAKEN",
    "bars_value",
    "example_buttons",
    "grid_value",
    "look_of",
    "maps_grid",
    "problem_box",
    "said",
    "stage",
    "stage_answer",
    "stage_photo",
    "text_stage",
    "top_bars",
]

WEB = Path(__file__).parent / "web"
THUMBNAIL_PIXELS = 128
# the longer side of the photograph, and of a map, in the grid
GRID_PIXELS, GRID_CELLS = 288, 56
JPEG_QUALITY = 92
JPEG_URL = "data:image/jpeg;base64,"
# a click on a bar sets the menu of classes in the browser, without a request
PICKED = "(bars, target) => bars.picked === undefined ? target : String(bars.picked)"
# and one on a map of the grid sets class, method, layer and module
TAKEN = (
    "({ picked }, target, method, layer, module) => picked === undefined ? [target, method, layer, module]"
    " : [picked.target, picked.method, picked.layer ?? layer, picked.module]"
)
VIEWS = ("overlay", "masked", "photograph")


def _web(name: str) -> str:
    return (WEB / name).read_text(encoding="utf-8")


def stage(elem_id: str) -> gr.HTML:
    """Heatmap, overlay and colour bar, drawn in the browser: see web/stage.js for what it is given.

    Update it with `gr.update(photo=stage_photo(...), answer=stage_answer(...))`.
    """
    return gr.HTML(
        value={**asdict(DEFAULT_LOOK), "view": VIEWS[0]},
        html_template=_web("stage.html"),
        css_template=_web("stage.css"),
        js_on_load=_web("maps.js") + _web("stage.js"),
        elem_id=elem_id,
        photo=None,
        answer=None,
        colors={
            "tables": {name: _base64(color_table(name).tobytes()) for name in COLORMAPS},
            "signed": _base64(signed_color_table().tobytes()),
        },
        unseen=_unseen(),
    )


def _unseen() -> dict[str, Any]:
    return {"grey": UNSEEN, "photo": UNSEEN_PHOTO, "stripes": UNSEEN_STRIPES, "stripe": STRIPE}


def maps_grid(elem_id: str) -> gr.HTML:
    """Small maps side by side: see web/grid.js. At the event `select` its value holds `picked`, what a cell asks.

    Update it with `gr.update(grid=grid_value(...))`.
    """
    # within the script: an update that finds the grid in a closed accordion would replace all its other properties
    fixed = {
        "look": asdict(DEFAULT_LOOK),
        "colors": _base64(color_table(DEFAULT_LOOK.colormap).tobytes()),
        "signed": _base64(signed_color_table().tobytes()),
        "unseen": _unseen(),
    }
    return gr.HTML(
        value={},
        html_template=_web("grid.html"),
        css_template=_web("grid.css"),
        js_on_load=f"const fixed = {json.dumps(fixed)};\n" + _web("maps.js") + _web("grid.js"),
        elem_id=elem_id,
        grid={},
    )


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
            "url": _jpeg_url(Image.fromarray(one.photograph.preview), GRID_PIXELS),
            "width": width,
            "height": height,
        },
        "box": list(one.placement.box),
        "rows": list(grid.rows),
        "columns": list(grid.columns),
        "scale": grid.scale if shared else 0,
        "signed": grid.signed,
        "cells": [
            [
                _cell_value(cell, grid.values(i, j, shared=shared), offered)
                | {"lines": list(lines[i][j]), "warn": warn}
                for j, cell in enumerate(row)
            ]
            for i, row in enumerate(grid.cells)
        ],
    }


def _cell_value(cell: Cell, shown: NDArray[np.float32], offered: Container[str]) -> dict[str, Any]:
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
        "values": _base64(np.rint(np.asarray(values) * 127).astype(np.int8).tobytes()),
        "size": f"{width}×{height}",  # noqa: RUF001
        "own": not cell.in_score,
        "pick": {
            "target": str(explanation.target.index),
            "method": explanation.method,
            "layer": explanation.layer if in_menu else None,
            "module": "" if in_menu else explanation.layer,
        },
    }


def top_bars(elem_id: str) -> gr.HTML:
    """The most probable classes as bars to click on; at the event `select` its value holds `picked`, an index."""
    return gr.HTML(
        value={"rows": []},
        html_template=_web("bars.html"),
        css_template=_web("bars.css"),
        js_on_load=_web("bars.js"),
        elem_id=elem_id,
    )


def example_buttons(paths: Sequence[Path], elem_id: str) -> gr.HTML:
    """Example photographs as buttons with names; the event `select` carries the number of the one chosen."""
    return gr.HTML(
        value=[{"title": _title(path), "url": _jpeg_url(Image.open(path), THUMBNAIL_PIXELS)} for path in paths],
        html_template=_web("examples.html"),
        css_template=_web("examples.css"),
        js_on_load=_web("examples.js"),
        elem_id=elem_id,
    )


def _title(path: Path) -> str:
    # files are numbered to set their order: 2-cat-and-coffee
    return path.stem.lstrip("0123456789-").replace("-", " ").capitalize()


def text_stage(elem_id: str) -> gr.HTML:
    """A sentence shaded by words or characters, and its strongest words as bars: see web/text.js."""
    return gr.HTML(
        value={},
        html_template=_web("text.html"),
        css_template=_web("text.css"),
        js_on_load=_web("text.js"),
        elem_id=elem_id,
        colors=_base64(signed_color_table().tobytes()),
    )


def said(explanation: Explanation | TextExplanation) -> str:
    """The plain sentence of an explanation, with its notes."""
    notes = "".join(f"<p class='note'>{html.escape(note)}</p>" for note in explanation.notes)
    return f"<p class='sentence' role='status'>{html.escape(explanation.sentence)}</p>{notes}"


def problem_box(text: str, *, kept: bool) -> str:
    """What went wrong, in a box; `kept` says that the page still shows the answer before."""
    rest = " The page still shows the answer before." if kept else ""
    return f"<p class='problem' role='alert'>{html.escape(text)}{rest}</p>"


def stage_photo(photograph: Photograph) -> dict[str, Any]:
    """What the stage needs of a photograph, sent once: the picture at screen size and the original's size."""
    width, height = photograph.size
    if photograph.ready:
        url = JPEG_URL + _base64(photograph.ready)
    else:
        url = _jpeg_url(Image.fromarray(photograph.preview), SCREEN_PIXELS)
    return {"id": photograph.digest, "url": url, "width": width, "height": height}


def _jpeg_url(image: Image.Image, longest: int) -> str:
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2.0)
    packed = BytesIO()
    image.save(packed, "JPEG", quality=JPEG_QUALITY)
    return JPEG_URL + _base64(packed.getvalue())


def stage_answer(explanation: Explanation, number: int) -> dict[str, Any]:
    """What the stage needs of a map: the raw values and where they lie. `number` tells answers apart."""
    rows, columns = explanation.cam.shape
    return {
        "id": explanation.photograph.digest,
        "number": number,
        "rows": rows,
        "columns": columns,
        "values": _base64(np.ascontiguousarray(explanation.cam, "<f4").tobytes()),
        "box": list(explanation.placement.box),
        "note": explanation.sentence,
        "sides": list(explanation.sides),
        "signed": explanation.look.signed,
    }


def bars_value(explanation: Explanation | TextExplanation) -> dict[str, Any]:
    """What the bars show: the top classes, the explained one marked, and added where it is not among them."""
    shown = list(explanation.top)
    if explanation.target not in shown:
        shown.append(explanation.target)
    return {
        "rows": [
            {
                "index": prediction.index,
                "label": prediction.label,
                "percent": percent(prediction.probability),
                "share": prediction.probability,
                "chosen": prediction.index == explanation.target.index,
            }
            for prediction in shown
        ]
    }


def look_of(value: Any) -> tuple[Look, str]:
    """The look and the view that the stage sent along; raises ValueError where they are none."""
    given = dict(value or {})
    view = given.pop("view", VIEWS[0])
    if view not in VIEWS:
        raise ValueError(f"`view` {view!r} is unknown; choose one of {', '.join(VIEWS)}.")
    return Look(**given), view


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
