"""How to read what the tab shows. Public name: `reading_panel`."""

from __future__ import annotations

import gradio as gr

from ..parts import Page
from ..wording import word

__all__ = ["reading_panel"]


def reading_panel(page: Page, reading: tuple[str, str]) -> None:
    """An area with a title and its text in Markdown, keys of their words."""
    title, text = reading
    with gr.Accordion(word(title), open=False):
        gr.Markdown(word(text))
