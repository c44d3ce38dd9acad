"""The switch between the languages, and gradio's own words.

Public names: `language_switch`, `speak_the_pages_language`.
"""

from __future__ import annotations

import gradio as gr
from gradio import routes
from jinja2 import DictLoader

from ....languages import NAMES
from .. import component, file_text

__all__ = ["language_switch", "speak_the_pages_language"]

TEMPLATES = ("frontend/index.html", "frontend/share.html")


def language_switch(elem_id: str) -> gr.HTML:
    """A link for each language: the same question again, in that one."""
    return component("languages", [{"key": key, "name": name} for key, name in NAMES.items()], elem_id)


def speak_the_pages_language() -> None:
    """Let gradio's page take the language that the server chose; on its own it takes the browser's, and no other."""
    environment = routes.templates.env
    if not isinstance(environment.loader, DictLoader):
        script = f"<head>\n<script>{file_text('languages/head.js')}</script>"
        sources = {name: environment.loader.get_source(environment, name)[0] for name in TEMPLATES}  # type: ignore[union-attr]
        environment.loader = DictLoader({name: text.replace("<head>", script, 1) for name, text in sources.items()})
