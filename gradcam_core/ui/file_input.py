"""The input of a file. Public name: `FileInput`.

Alone in its module: gradio writes a stub file beside every module that subclasses a component.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

__all__ = ["FileInput"]


class FileInput(gr.File):
    """A file input that hands on what the visitor named, unopened.

    gr.File leaves an empty file behind for each.
    """

    def preprocess(self, payload: Any) -> Any:
        # gradio copies this body, but none of the names above it, into a stub file
        from ..reading.uploads import Upload  # noqa: PLC0415

        return Upload(payload.path, self.GRADIO_CACHE) if payload else None

    def get_block_name(self) -> str:
        return "file"
