"""What is drawn in the browser: a folder for each component, with its Python, template, style sheet and script.

Public names: `base64_text`, `component`, `file_text`, `jpeg_url`, `url_of`.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

__all__ = ["base64_text", "component", "file_text", "jpeg_url", "url_of"]

WEB = Path(__file__).parent
JPEG_QUALITY = 92
JPEG_URL = "data:image/jpeg;base64,"


def component(name: str, value: Any, elem_id: str, *, scripts: Sequence[str] = (), **props: Any) -> gr.HTML:
    """The component in the folder `name`, showing `value`; `scripts` stand in front of its own one."""
    template, style, script = (file_text(f"{name}/{name}.{ending}") for ending in ("html", "css", "js"))
    return gr.HTML(
        value=value,
        html_template=template,
        css_template=style,
        js_on_load="".join([*scripts, script]),
        elem_id=elem_id,
        **props,
    )


def base64_text(data: bytes) -> str:
    """`data` as it travels to the browser."""
    return base64.b64encode(data).decode("ascii")


def jpeg_url(image: Image.Image, longest: int) -> str:
    """A URL that holds a picture itself, made no larger than `longest` pixels a side."""
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2.0)
    packed = BytesIO()
    image.save(packed, "JPEG", quality=JPEG_QUALITY)
    return url_of(packed.getvalue())


def url_of(jpeg: bytes) -> str:
    """A URL that holds the file itself."""
    return JPEG_URL + base64_text(jpeg)


def file_text(name: str) -> str:
    """The text of a file in this folder."""
    return (WEB / name).read_text(encoding="utf-8")
