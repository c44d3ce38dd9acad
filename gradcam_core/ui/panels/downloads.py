"""Downloads of what is on the page, rendered by the core at full size. Public names: `FILES`, `downloads_panel`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from io import BytesIO
from threading import BoundedSemaphore
from typing import Any, TypeAlias

import gradio as gr
import numpy as np
from PIL import Image

from ...canvases.render import Look, png_of
from ...checks import Examiner
from ...errors import CamError
from ...explainer import Explainer
from ...explanation import Explanation
from ...report import Checked, report_page
from ...serving.folder import written
from ...serving.lanes import CHEAP, COSTLY
from ..handlers import Controls, answer
from ..parts import Page
from ..web.stage import look_of
from ..wording import word

__all__ = ["FILES", "downloads_panel"]

Maker: TypeAlias = Callable[[Explanation, Look, str, Examiner], bytes]
# pictures of more pixels than this are made only so many at once
LARGE_PIXELS, LARGE_AT_ONCE = 8_000_000, 2
_large = BoundedSemaphore(LARGE_AT_ONCE)


def _picture(explanation: Explanation, look: Look, view: str, _examiner: Examiner) -> bytes:
    if view == "photograph":
        return png_of(Image.fromarray(explanation.photograph.pixels))
    return png_of(explanation.masked(look) if view == "masked" else explanation.overlay(look))


def _heatmap(explanation: Explanation, look: Look, _: str, _examiner: Examiner) -> bytes:
    return png_of(explanation.heatmap_picture(look))


def _map(explanation: Explanation, _look: Look, _: str, _examiner: Examiner) -> bytes:
    packed = BytesIO()
    np.save(packed, explanation.cam)
    return packed.getvalue()


def _record(explanation: Explanation, look: Look, view: str, _examiner: Examiner) -> bytes:
    record = {**explanation.record(), "look": {**asdict(look), "view": view}}
    return json.dumps(record, indent=2, ensure_ascii=False).encode()


def _report(explanation: Explanation, look: Look, _: str, examiner: Examiner) -> bytes:
    # made before, they are at hand
    checks: list[Checked] = (
        [] if explanation.blank else [examiner.hide_and_look(explanation), examiner.sanity(explanation)]
    )
    return report_page(explanation, checks=checks, look=look).encode()


# key of the button's words -> (ending of the file's name, how its bytes are made)
FILES: dict[str, tuple[str, Maker]] = {
    "file.overlay": ("overlay.png", _picture),
    "file.heatmap": ("heatmap.png", _heatmap),
    "file.map": ("map.npy", _map),
    "file.record": ("record.json", _record),
    "file.report": ("report.html", _report),
}
# those that ask the network again
CHECKED = frozenset({_report})


def downloads_panel(page: Page, stage: gr.HTML, shown_photograph: gr.State) -> None:
    """A button a file. A file is made when it is asked for, from what is shown and with the look on screen."""
    with gr.Row(elem_id="downloads"):
        for title, (ending, make) in FILES.items():
            button = gr.Button(word(title), size="sm", min_width=120)
            # a download button fetches the file it already has: a hidden one is given the new file first
            carrier = gr.DownloadButton(word(title), visible="hidden", elem_id=f"carrier-{ending.replace('.', '-')}")
            button.click(
                partial(_file, page.services.explainer, ending, make, carrier.GRADIO_CACHE),
                [stage, shown_photograph],
                carrier,
                show_progress="hidden",
                concurrency_id=COSTLY if make in CHECKED else CHEAP,
                api_visibility="private",
            ).success(fn=None, js=f"() => document.querySelector('#{carrier.elem_id}').click()")


def _file(
    explainer: Explainer,
    ending: str,
    make: Maker,
    folder: str,
    look_value: Any,
    shown: Controls | None,
) -> str:
    if shown is None:
        raise gr.Error(word("file.nothing_yet"), print_exception=False)
    outcome = answer(explainer, shown, shown)
    if outcome.explanation is None:
        raise gr.Error(outcome.problem, print_exception=False)
    explanation = outcome.explanation
    try:
        look, view = look_of(look_value)
    except (TypeError, ValueError) as error:
        raise gr.Error(word("file.unfit_look", error=str(error)), print_exception=False) from error
    try:
        # a large photograph is decoded in full only here
        width, height = explanation.photograph.size
        with _large if width * height > LARGE_PIXELS else nullcontext():
            packed = make(explanation, look, view, Examiner(explainer))
    except CamError as error:
        raise gr.Error(str(error), print_exception=False) from error
    side = "against" if explanation.counterfactual else "for"
    # the model's title: the name of somebody's own is known to nobody else, and files are handed on
    title = re.sub(r"[^\w.-]+", "-", explanation.model_title).strip("-")
    name = f"{title}_{explanation.target.index}_{side}_{ending}"
    return written(packed, name, folder)
