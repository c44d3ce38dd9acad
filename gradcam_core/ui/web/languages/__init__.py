"""The switch between the languages, and gradio's own words.

Public names: `language_switch`, `show_as_kept`, `speak_the_pages_language`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio import routes
from jinja2 import DictLoader

from ....languages import NAMES
from ...gradio_words import english_only
from ...parts import Page
from .. import component, file_text

__all__ = ["language_switch", "show_as_kept", "speak_the_pages_language"]

# what the switch finds in the browser: see camKeep in page.js
SET = "(...values) => { window.camSet = Object.fromEntries(IDS.map((id, at) => [id, values[at]])); }"
TEMPLATES = ("frontend/index.html", "frontend/share.html")


def language_switch(elem_id: str) -> gr.HTML:
    """A link for each language: the same question again, in that one."""
    links = [{"key": key, "name": name} for key, name in NAMES.items()]
    return component("languages", links, elem_id, english=english_only())


def show_as_kept(page: Page, tabs: gr.Tabs, titles: Sequence[str]) -> None:
    """After a switch show the tab that was seen, by its place in `titles`, and in all of `page.kept` what was there."""
    ids = json.dumps([part.elem_id for part in page.kept])
    hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    # connected first: what is set from here on is known to it
    show = file_text("languages/kept.js").replace("TITLES", json.dumps(titles)).replace("IDS", ids)
    page.blocks.load(None, None, [tabs, *page.kept], js=show, **hidden)
    gr.on([part.change for part in page.kept], None, page.kept, None, js=SET.replace("IDS", ids), **hidden)


def speak_the_pages_language() -> None:
    """Let gradio's page take the language that the server chose; on its own it takes the browser's, and no other."""
    environment = routes.templates.env
    if not isinstance(environment.loader, DictLoader):
        script = f"<head>\n<script>{file_text('languages/head.js')}</script>"
        sources = {name: environment.loader.get_source(environment, name)[0] for name in TEMPLATES}  # type: ignore[union-attr]
        environment.loader = DictLoader({name: text.replace("<head>", script, 1) for name, text in sources.items()})
