"""What is drawn in the browser: a folder for each component, with its Python, template, style sheet and script.

Public names: `component`, `file_text`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

__all__ = ["component", "file_text"]

WEB = Path(__file__).parent


def component(name: str, value: Any, elem_id: str, *, scripts: Sequence[str] = (), **props: Any) -> gr.HTML:
    """The component in the folder `name`, showing `value`; `scripts` stand in front of its own one.

    In its files the words are marks, such as [[say stage.undo]]: see `wording`.
    """
    template, style, script = (file_text(f"{name}/{name}.{ending}") for ending in ("html", "css", "js"))
    return gr.HTML(
        value=value,
        html_template=template,
        css_template=style,
        js_on_load="".join([file_text("fill.js"), *scripts, script]),
        elem_id=elem_id,
        **props,
    )


def file_text(name: str) -> str:
    """The text of a file in this folder."""
    return (WEB / name).read_text(encoding="utf-8")
