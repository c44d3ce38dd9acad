"""Downloads of what is on the page, rendered by the core at full size.

Public names: `FILES`, `TEXT_FILES`, `downloads_panel`, `text_downloads_panel`.
"""

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
from ...explanation import Explained, Explanation
from ...report import Checked, report_page
from ...serving.folder import written
from ...serving.lanes import CHEAP, COSTLY
from ...text_explainer import TextExplainer
from ...text_explanation import TextExplanation
from ..handlers import Controls, TextControls, answer, explain_text
from ..parts import Page
from ..web.stage import look_of
from ..wording import word

__all__ = ["FILES", "TEXT_FILES", "downloads_panel", "text_downloads_panel"]

Maker: TypeAlias = Callable[[Explanation, Look, str, Examiner], bytes]
TextMaker: TypeAlias = Callable[[TextExplanation, TextExplainer], bytes]
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
    return _json({**explanation.record(), "look": {**asdict(look), "view": view}})


def _report(explanation: Explanation, look: Look, _: str, examiner: Examiner) -> bytes:
    # made before, they are at hand
    checks: list[Checked] = (
        [] if explanation.blank else [examiner.hide_and_look(explanation), examiner.sanity(explanation)]
    )
    return report_page(explanation, checks=checks, look=look).encode()


def _text_record(explanation: TextExplanation, _: TextExplainer) -> bytes:
    return _json(explanation.record())


def _text_report(explanation: TextExplanation, texts: TextExplainer) -> bytes:
    return report_page(explanation, checks=texts.checks(explanation)).encode()


def _json(record: dict[str, Any]) -> bytes:
    return json.dumps(record, indent=2, ensure_ascii=False).encode()


# key of the button's words -> (ending of the file's name, how its bytes are made)
FILES: dict[str, tuple[str, Maker]] = {
    "file.overlay": ("overlay.png", _picture),
    "file.heatmap": ("heatmap.png", _heatmap),
    "file.map": ("map.npy", _map),
    "file.record": ("record.json", _record),
    "file.report": ("report.html", _report),
}
TEXT_FILES: dict[str, tuple[str, TextMaker]] = {
    "file.record": ("record.json", _text_record),
    "file.report": ("report.html", _text_report),
}
# those that take many passes of the network: a check of a text takes none that are long
CHECKED = frozenset({_report})


def downloads_panel(page: Page, stage: gr.HTML, shown_photograph: gr.State) -> None:
    """A button a file. A file is made when it is asked for, from what is shown and with the look on screen."""
    with gr.Row(elem_id="downloads"):
        for title, (ending, make) in FILES.items():
            lane = COSTLY if make in CHECKED else CHEAP
            _button(
                title, ending, partial(_file, page.services.explainer, ending, make), [stage, shown_photograph], lane
            )


def text_downloads_panel(page: Page, shown_text: gr.State) -> None:
    """A button a file about `shown_text`."""
    with gr.Row(elem_id="text-downloads"):
        for title, (ending, make) in TEXT_FILES.items():
            _button(
                title, f"text-{ending}", partial(_text_file, page.services.texts, ending, make), [shown_text], CHEAP
            )


def _button(title: str, name: str, make: Callable[..., str], of: list[Any], lane: str) -> None:
    """A button for the file that `make` writes into a folder, from the values of the parts that it is made `of`."""
    button = gr.Button(word(title), size="sm", min_width=120)
    # a download button fetches the file it already has: a hidden one is given the new file first
    carrier = gr.DownloadButton(word(title), visible="hidden", elem_id=f"carrier-{name.replace('.', '-')}")
    button.click(
        partial(make, carrier.GRADIO_CACHE),
        of,
        carrier,
        show_progress="hidden",
        concurrency_id=lane,
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
    # the model's title: the name of somebody's own is known to nobody else, and files are handed on
    return written(packed, _name(explanation, explanation.model_title, ending), folder)


def _text_file(texts: TextExplainer, ending: str, make: TextMaker, folder: str, shown: TextControls | None) -> str:
    if shown is None:
        raise gr.Error(word("file.no_text_yet"), print_exception=False)
    try:
        explanation = explain_text(texts, shown)
        return written(make(explanation, texts), _name(explanation, texts.trained.name, ending), folder)
    except CamError as error:
        raise gr.Error(str(error), print_exception=False) from error


def _name(explanation: Explained, model: str, ending: str) -> str:
    title = re.sub(r"[^\w.-]+", "-", model).strip("-")
    return f"{title}_{explanation.target.index}_{'against' if explanation.counterfactual else 'for'}_{ending}"
