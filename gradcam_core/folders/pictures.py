"""Rows and groups as small pictures. Public names: `mean_picture`, `thumbnail_url`."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..canvases.project import normalise, project
from ..canvases.render import heatmap_picture, overlay_picture
from ..canvases.urls import jpeg_url, url_of
from ..types import Box, Placement
from .rows import Row

__all__ = ["mean_picture", "thumbnail_url"]


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
    values = project(normalise(row.cam), Placement(height, width, box))
    return jpeg_url(overlay_picture(pixels, values), max(height, width))


def mean_picture(mean: NDArray[np.float32], side: int) -> Image.Image:
    """An average map alone, `side` pixels wide and high."""
    return heatmap_picture(project(normalise(mean), Placement(side, side, Box(0, 0, side, side))))
