"""A row as a small picture. Public name: `thumbnail_url`."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

from ..canvases.project import normalise, project
from ..canvases.render import overlay_picture
from ..canvases.urls import jpeg_url, url_of
from ..types import Box, Placement
from .rows import Row

__all__ = ["thumbnail_url"]


def thumbnail_url(row: Row) -> str | None:
    """The thumbnail with the map over it, where there is one, as a URL that holds it; None where nothing was read."""
    if row.thumbnail is None:
        return None
    if row.map is None:
        return url_of(row.thumbnail)
    pixels = np.asarray(Image.open(BytesIO(row.thumbnail)).convert("RGB"))
    height, width = pixels.shape[:2]
    edges = (row.left or 0.0, row.top or 0.0, row.right_edge or 1.0, row.bottom or 1.0)
    box = Box(*(edge * side for edge, side in zip(edges, (width, height, width, height), strict=True)))
    return jpeg_url(
        overlay_picture(pixels, project(normalise(row.cam), Placement(height, width, box))), max(height, width)
    )
