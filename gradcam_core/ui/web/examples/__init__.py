"""Example photographs as buttons. Public name: `example_buttons`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import gradio as gr
from PIL import Image, ImageOps

from ....canvases.urls import jpeg_url
from ....languages import ENGLISH, LANGUAGES
from ...wording import word
from .. import component

__all__ = ["example_buttons"]

THUMBNAIL_PIXELS = 128


def example_buttons(paths: Sequence[Path], elem_id: str) -> gr.HTML:
    """Buttons with names; the event `select` carries the number of the one chosen."""
    value = [{"title": _title(path), "url": jpeg_url(_upright(path), THUMBNAIL_PIXELS)} for path in paths]
    return component("examples", value, elem_id)


def _upright(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def _title(path: Path) -> str:
    # files are numbered to set their order: 2-cat-and-coffee
    name = path.stem.lstrip("0123456789-_ ") or path.stem
    if f"example.{name}" in LANGUAGES[ENGLISH]:
        return word(f"example.{name}")
    return name.replace("-", " ").replace("_", " ").capitalize()
