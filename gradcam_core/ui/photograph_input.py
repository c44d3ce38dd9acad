"""The photograph's input. Public name: `PhotographInput`.

Alone in its module: gradio writes a stub file beside every module that subclasses a component.
"""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.data_classes import ImageData

__all__ = ["PhotographInput"]


class PhotographInput(gr.Image):
    """An image input that hands on what the visitor named, unopened, so that the core's own guards see it first.

    gr.Image decodes the file before any handler runs, and fails there on a damaged or huge one.
    """

    def preprocess(self, payload: ImageData | None) -> Any:
        # gradio copies this body, but none of the names above it, into a stub file
        from ..reading.uploads import Upload  # noqa: PLC0415

        # no path as from gr.Image: nothing but the door opens an Upload
        return Upload(payload.path, self.GRADIO_CACHE) if payload and payload.path else None

    def postprocess(self, value: Any) -> Any:
        from ..reading.uploads import Upload  # noqa: PLC0415

        # the page is told which upload it shows
        return super().postprocess(value.path if isinstance(value, Upload) else value)

    def get_block_name(self) -> str:
        return "image"
