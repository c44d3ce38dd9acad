"""From a map on the photograph to pictures: colours, overlay, the photograph times the map.

Public names: `COLORMAPS`, `DEFAULT_LOOK`, `Look`, `color_table`, `heatmap_picture`, `masked_picture`,
`overlay_picture`. The page draws the same pictures from the same tables by the same formulas; a test
compares them pixel by pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = [
    "COLORMAPS",
    "DEFAULT_LOOK",
    "UNSEEN",
    "Look",
    "color_table",
    "heatmap_picture",
    "masked_picture",
    "overlay_picture",
]

Pixels = NDArray[np.uint8]
FloatArray = NDArray[np.float32]

# perceptually even and safe for colour-blind eyes but for the last, which is there for old habits
COLORMAPS = {
    "viridis": cv2.COLORMAP_VIRIDIS,
    "cividis": cv2.COLORMAP_CIVIDIS,
    "inferno": cv2.COLORMAP_INFERNO,
    "magma": cv2.COLORMAP_MAGMA,
    "plasma": cv2.COLORMAP_PLASMA,
    "jet": cv2.COLORMAP_JET,
}
# drawn where the model did not look: neutral, in no colour map, with stripes 8 pixels wide
UNSEEN = (128, 128, 128)
STRIPE = 8
# of the photograph's own light that is left under the stripes, and how much darker every second one is
UNSEEN_PHOTO = 0.4
UNSEEN_STRIPES = (0.85, 1.0)
# rows of a picture that are blended at a time, so that floats of a large photograph are never all in memory
CHUNK_ROWS = 256


@dataclass(frozen=True)
class Look:
    """How a map is drawn: `opacity` and `threshold` in [0, 1], `colormap` a key of COLORMAPS."""

    opacity: float = 0.7
    threshold: float = 0.0
    colormap: str = "viridis"

    def __post_init__(self) -> None:
        for name, value in (("opacity", self.opacity), ("threshold", self.threshold)):
            if not 0 <= value <= 1:
                raise ValueError(f"`{name}` must lie between 0 and 1, got {value!r}.")
        if self.colormap not in COLORMAPS:
            raise ValueError(f"`colormap` {self.colormap!r} is unknown; choose one of {', '.join(COLORMAPS)}.")


DEFAULT_LOOK = Look()


@lru_cache
def color_table(colormap: str) -> Pixels:
    """(256, 3) uint8 RGB colours of the values 0 to 255."""
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    return cv2.applyColorMap(ramp, COLORMAPS[colormap])[:, 0, ::-1].copy()


def heatmap_picture(heatmap: FloatArray, look: Look = DEFAULT_LOOK) -> Image.Image:
    """The map in colours: values in [0, 1], NaN striped grey, below the threshold the colour of zero."""
    table = color_table(look.colormap)

    def paint(values: FloatArray, _: Pixels, stripes: FloatArray) -> FloatArray:
        colors = table[_levels(np.where(values < look.threshold, 0, values))].astype(np.float32)
        grey = np.asarray(UNSEEN, np.float32) * stripes[..., None]
        return np.where(np.isnan(values)[..., None], grey, colors)

    return _paint(heatmap, np.zeros((*heatmap.shape, 0), np.uint8), paint)


def overlay_picture(photograph: Pixels, heatmap: FloatArray, look: Look = DEFAULT_LOOK) -> Image.Image:
    """The map over the photograph: the stronger the value, the more its colour covers.

    out = photograph (1 - a) + colour a with a = opacity * value, so that the photograph stays itself
    where there is no evidence. Where the model did not look it is greyed and striped.
    """
    table = color_table(look.colormap).astype(np.float32)

    def paint(values: FloatArray, photo: Pixels, stripes: FloatArray) -> FloatArray:
        shown = np.where(np.isnan(values) | (values < look.threshold), 0, values)
        alpha = (look.opacity * shown)[..., None]
        blended = photo * (1 - alpha) + table[_levels(shown)] * alpha
        return np.where(np.isnan(values)[..., None], _dimmed(photo, stripes), blended)

    return _paint(heatmap, photograph, paint)


def masked_picture(photograph: Pixels, heatmap: FloatArray, look: Look = DEFAULT_LOOK) -> Image.Image:
    """The photograph multiplied by the map: only the evidence is lit."""

    def paint(values: FloatArray, photo: Pixels, stripes: FloatArray) -> FloatArray:
        light = np.where(np.isnan(values) | (values < look.threshold), 0, values)[..., None]
        return np.where(np.isnan(values)[..., None], _dimmed(photo, stripes), photo * light)

    return _paint(heatmap, photograph, paint)


def _levels(values: FloatArray) -> NDArray[np.intp]:
    return np.floor(np.nan_to_num(values) * 255 + 0.5).astype(np.intp)


def _dimmed(photo: Pixels, stripes: FloatArray) -> FloatArray:
    """The photograph in grey, dark and striped: there, but not seen by the model."""
    grey = photo.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    mixed = grey * UNSEEN_PHOTO + np.float32(UNSEEN[0]) * (1 - UNSEEN_PHOTO)
    return np.repeat((mixed * stripes)[..., None], 3, axis=-1)


def _paint(
    heatmap: FloatArray, photograph: Pixels, paint: Callable[[FloatArray, Pixels, FloatArray], FloatArray]
) -> Image.Image:
    picture = np.empty((*heatmap.shape, 3), np.uint8)
    for rows in _chunks(len(heatmap)):
        picture[rows] = np.floor(paint(heatmap[rows], photograph[rows], _stripes(rows, heatmap.shape[1])) + 0.5)
    return Image.fromarray(picture)


def _chunks(height: int) -> Iterator[slice]:
    return (slice(start, min(start + CHUNK_ROWS, height)) for start in range(0, height, CHUNK_ROWS))


def _stripes(rows: slice, width: int) -> FloatArray:
    """Light of diagonal stripes (rows, width)."""
    diagonal = np.arange(rows.start, rows.stop)[:, None] + np.arange(width)[None]
    return np.take(np.array(UNSEEN_STRIPES, np.float32), diagonal // STRIPE % 2)
