"""The page's own components: the stage that draws maps and the bars, and what they are given."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from ..explanation import Explanation, percent
from ..imageio import Photograph
from ..render import (
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
from ..text import TextExplanation

__all__ = [
    "PICKED",
    "bars_value",
    "example_buttons",
    "look_of",
    "problem_box",
    "said",
    "stage",
    "stage_answer",
    "stage_photo",
    "text_stage",
    "top_bars",
]

WEB = Path(__file__).parent / "web"
# the longer side of the photograph as the page draws it; downloads have the original's size
SHOWN_PIXELS = 1024
THUMBNAIL_PIXELS = 128
JPEG_QUALITY = 92
# a click on a bar sets the menu of classes in the browser, without a request
PICKED = "(bars, target) => bars.picked === undefined ? target : String(bars.picked)"
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
        js_on_load=_web("stage.js"),
        elem_id=elem_id,
        photo=None,
        answer=None,
        colors={
            "tables": {name: _base64(color_table(name).tobytes()) for name in COLORMAPS},
            "signed": _base64(signed_color_table().tobytes()),
        },
        unseen={"grey": UNSEEN, "photo": UNSEEN_PHOTO, "stripes": UNSEEN_STRIPES, "stripe": STRIPE},
    )


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
    # files are numbered to set their order: 3-cat-and-coffee
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
    url = _jpeg_url(Image.fromarray(photograph.pixels), SHOWN_PIXELS)
    return {"id": photograph.digest, "url": url, "width": width, "height": height}


def _jpeg_url(image: Image.Image, longest: int) -> str:
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2.0)
    packed = BytesIO()
    image.save(packed, "JPEG", quality=JPEG_QUALITY)
    return "data:image/jpeg;base64," + _base64(packed.getvalue())


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
