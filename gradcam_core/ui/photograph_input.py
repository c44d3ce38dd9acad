"""The photograph's input. Public name: `PhotographInput`.

Alone in its module: gradio writes a stub file beside every module that subclasses a component.
"""

from __future__ import annotations

import gradio as gr
from gradio.data_classes import ImageData

__all__ = ["PhotographInput"]


class PhotographInput(gr.Image):
    """An image input that hands on the file's path untouched, so that the core's own guards see it first.

    gr.Image decodes the file before any handler runs, and fails there on a damaged or huge one.
    """

    def preprocess(self, payload: ImageData | None) -> str | None:
        # gradio copies this body, but none of the names above it, into a stub file
        from pathlib import Path  # noqa: PLC0415

        if payload and payload.path and Path(payload.path).stat().st_size > 20_000_000:
            # the server's own limit is higher where weights may be uploaded
            raise gr.Error("The photograph's file is larger than 20 MB; make it smaller.", print_exception=False)
        return payload.path if payload else None

    def get_block_name(self) -> str:
        return "image"
