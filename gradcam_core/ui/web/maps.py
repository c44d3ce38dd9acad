"""What the stage and the grid share: the script that draws maps, and the colours it is given.

Public names: `both_sides`, `colors_of`, `maps_script`, `unseen`.
"""

from __future__ import annotations

from typing import Any

from ...canvases.render import (
    STRIPE,
    UNSEEN,
    UNSEEN_PHOTO,
    UNSEEN_STRIPES,
    color_table,
    signed_color_table,
)
from ...canvases.urls import base64_text
from . import file_text

__all__ = ["both_sides", "colors_of", "maps_script", "unseen"]


def maps_script() -> str:
    """Stands in front of the script of each component that draws maps."""
    return file_text("maps.js")


def colors_of(colormap: str) -> str:
    """The 256 colours of a map of one side, as base64."""
    return base64_text(color_table(colormap).tobytes())


def both_sides() -> str:
    """The 256 colours of a map of both sides, from against to for, as base64."""
    return base64_text(signed_color_table().tobytes())


def unseen() -> dict[str, Any]:
    """How that is drawn which the model did not see."""
    return {"grey": UNSEEN, "photo": UNSEEN_PHOTO, "stripes": UNSEEN_STRIPES, "stripe": STRIPE}
