"""Example photographs as buttons. Public names: `example_buttons`, `example_name`, `examples_value`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image, ImageOps

from ....canvases.urls import jpeg_url
from ....languages import ENGLISH, LANGUAGES
from ...wording import word
from .. import component

__all__ = ["example_buttons", "example_name", "examples_value"]

THUMBNAIL_PIXELS = 128


def example_buttons(paths: Sequence[Path], elem_id: str) -> gr.HTML:
    """Buttons with names; the event `select` carries the number of the one chosen."""
    return component("examples", examples_value(paths), elem_id)


def examples_value(paths: Sequence[Path], names: Sequence[str] = (), wrong: str = "") -> list[dict[str, Any]]:
    """What the buttons show: all of `paths`, or those with these `names`, in their order; one is said to be `wrong`."""
    numbers = {example_name(path): number for number, path in enumerate(paths)}
    shown = [numbers[name] for name in (*names, wrong) if name in numbers] if names else list(range(len(paths)))
    titles = {number: _title(paths[number]) for number in shown}
    if wrong in numbers:
        titles[numbers[wrong]] = word("examples.wrong", title=titles[numbers[wrong]])
    return [{"title": titles[number], "url": _thumbnail(paths[number]), "number": number} for number in shown]


def example_name(path: Path) -> str:
    """The name of an example: files are numbered to set their order, as in 2-cat-and-coffee."""
    return path.stem.lstrip("0123456789-_ ") or path.stem


@lru_cache(maxsize=64)
def _thumbnail(path: Path) -> str:
    with Image.open(path) as image:
        return jpeg_url(ImageOps.exif_transpose(image).convert("RGB"), THUMBNAIL_PIXELS)


def _title(path: Path) -> str:
    name = example_name(path)
    if f"example.{name}" in LANGUAGES[ENGLISH]:
        return word(f"example.{name}")
    return name.replace("-", " ").replace("_", " ").capitalize()
