"""Heatmap, overlay and colour bar, drawn in the browser.

Public names: `about`, `look_of`, `stage`, `stage_answer`, `stage_photo`.
"""

from __future__ import annotations

from dataclasses import asdict
from hashlib import blake2b
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from ....canvases.render import COLORMAPS, DEFAULT_LOOK, Look
from ....canvases.urls import base64_text, jpeg_url, url_of
from ....errors import OptionError
from ....explanation import Explanation
from ....reading.photograph import SCREEN_PIXELS, Photograph
from ....request import Request
from .. import component, file_text
from ..maps import both_sides, colors_of, maps_script, unseen

__all__ = ["about", "look_of", "stage", "stage_answer", "stage_photo"]

VIEWS = ("overlay", "masked", "photograph")


def stage(elem_id: str, *, empty: bool = False) -> gr.HTML:
    """The pictures and the controls of their look: see stage.js for what it is given; `empty` with nothing to come.

    Update it with `gr.update(photo=stage_photo(...), answer=stage_answer(...))`.
    """
    return component(
        "stage",
        {**asdict(DEFAULT_LOOK), "view": VIEWS[0]},
        elem_id,
        scripts=[maps_script(), file_text("link.js")],
        photo=None,
        answer=None,
        near=None,
        refused=0,
        empty=empty,
        colors={"tables": {name: colors_of(name) for name in COLORMAPS}, "signed": both_sides()},
        unseen=unseen(),
    )


def stage_photo(photograph: Photograph, path: str = "") -> dict[str, Any]:
    """What the stage needs of a photograph, sent once: the picture at screen size and the original's size.

    Where the page has fetched the file itself, of `path`, and it can be drawn as it is, it is not sent again.
    """
    width, height = photograph.size
    ready, preview = photograph.ready, photograph.preview
    known = {"id": photograph.digest, "width": width, "height": height}
    if ready and path:
        return {**known, "path": path}
    return {**known, "url": url_of(ready) if ready else jpeg_url(Image.fromarray(preview), SCREEN_PIXELS)}


def about(explanation: Explanation, asked: Request) -> str:
    """The same for all classes and sides of what is `asked` about a photograph."""
    key = (explanation.photograph.digest, asked.replace(target=None, counterfactual=False, both=False).key())
    return blake2b(repr(key).encode(), digest_size=8).hexdigest()


def stage_answer(explanation: Explanation, number: int, asked: Request) -> dict[str, Any]:
    """What the stage needs of a map: the raw values and where they lie. `number` tells answers apart."""
    rows, columns = explanation.cam.shape
    return {
        "id": explanation.photograph.digest,
        "number": number,
        "context": about(explanation, asked),
        "target": explanation.target.index,
        "side": "both" if asked.both else "against" if asked.counterfactual else "for",
        "rows": rows,
        "columns": columns,
        "values": base64_text(np.ascontiguousarray(explanation.cam, "<f4").tobytes()),
        "box": list(explanation.placement.cells),
        "seen": list(explanation.placement.looked_at),
        "note": explanation.sentence,
        "sides": list(explanation.sides),
        "signed": explanation.look.signed,
        "scale": explanation.scale,
    }


def look_of(value: Any) -> tuple[Look, str]:
    """The look and the view that the stage sent along; raises OptionError where they are none."""
    given = dict(value or {})
    view = given.pop("view", VIEWS[0])
    if view not in VIEWS:
        raise OptionError("stage.view_unknown", view=view, known=tuple(VIEWS))
    return Look(**given), view
