"""An answer in words, shown together with its pictures. Public name: `shown_sentence`."""

from __future__ import annotations

import gradio as gr

from .. import component

__all__ = ["shown_sentence"]


def shown_sentence(elem_id: str) -> gr.HTML:
    """The words of the answer that the stage of the same tab shows; until then, that it is on its way."""
    return component("sentence", None, elem_id)
