"""From a map on the photograph to pictures: colours, overlay, the photograph times the map.

Values are (H, W) float32: in [0, 1], or in [-1, 1] where the look is signed; NaN where the model did not
look. Public names: `COLORMAPS`, `DEFAULT_LOOK`, `Look`, `color_table`, `heatmap_picture`, `masked_picture`,
`overlay_picture`, `png_of`. The page draws the same pictures from the same tables by the same formulas; a test compares
them pixel by pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import OptionError
from .project import Projection

__all__ = [
    "COLORMAPS",
    "DEFAULT_LOOK",
    "UNSEEN",
    "Look",
    "color_table",
    "heatmap_picture",
    "masked_picture",
    "overlay_picture",
    "png_of",
]

Pixels = NDArray[np.uint8]
FloatArray = NDArray[np.float32]
# a map on the photograph, all of it or made row by row
Drawable: TypeAlias = "FloatArray | Projection"

# perceptually even and safe for colour-blind eyes but for the last, which is there for old habits
COLORMAPS = {
    "viridis": cv2.COLORMAP_VIRIDIS,
    "cividis": cv2.COLORMAP_CIVIDIS,
    "inferno": cv2.COLORMAP_INFERNO,
    "magma": cv2.COLORMAP_MAGMA,
    "plasma": cv2.COLORMAP_PLASMA,
    "jet": cv2.COLORMAP_JET,
}
# against, nothing, for
SIGNED_ANCHORS = ((48, 116, 197), (246, 246, 246), (192, 82, 8))
# drawn where the model did not look: neutral, in no colour map, with stripes 8 pixels wide
UNSEEN = 128
STRIPE = 8
# where the network did not look: how much of the photograph shows through, and how bright the two kinds of stripes are
UNSEEN_PHOTO = 0.6
UNSEEN_STRIPES = (0.93, 1.0)
# rows, and pixels, that are blended at a time at most: what fits into a core's own cache is blended twice as fast
CHUNK_ROWS = 256
CHUNK_PIXELS = 65_000
# each line less the one above it, and what repeats counted: of photographs it is a tenth larger than Pillow's PNG
PACKING = [
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE),
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
]
# pictures of more values (pixels times colours) than this are painted by two threads
LARGE = 24_000_000


@dataclass(frozen=True)
class Look:
    """How a map is drawn: `opacity` and `threshold` in [0, 1], `colormap` a key of COLORMAPS.

    `signed` shows evidence against beside evidence for, in colours symmetric about zero; `colormap` is not
    used then. A weak side looks weak, for both share one scale; with `stretched` each reaches to its own strongest
    place. Raises OptionError.
    """

    opacity: float = 0.7
    threshold: float = 0.0
    colormap: str = "viridis"
    signed: bool = False
    stretched: bool = False

    def __post_init__(self) -> None:
        for name, value in (("opacity", self.opacity), ("threshold", self.threshold)):
            if not isinstance(value, Real) or not 0 <= value <= 1:
                raise OptionError("look.out_of_range", name=name, value=value)
        if not isinstance(self.colormap, str) or self.colormap not in COLORMAPS:
            raise OptionError("look.colormap_unknown", colormap=self.colormap, known=tuple(COLORMAPS))

    @property
    def table(self) -> Pixels:
        """(256, 3) uint8 RGB colours from the lowest value to the highest."""
        return signed_color_table() if self.signed else color_table(self.colormap)

    def levels(self, values: FloatArray) -> NDArray[np.intp]:
        """Rows of `table` for finite values."""
        unit = (values + 1) / 2 if self.signed else values
        return np.floor(unit * 255 + 0.5).astype(np.intp)


DEFAULT_LOOK = Look()


@lru_cache
def color_table(colormap: str) -> Pixels:
    """(256, 3) uint8 RGB colours of the values 0 to 1."""
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    return cv2.applyColorMap(ramp, COLORMAPS[colormap])[:, 0, ::-1].copy()


@lru_cache
def signed_color_table() -> Pixels:
    """(256, 3) uint8 RGB colours of the values -1 to 1: blue, near white at zero, orange.

    Interpolated in CIE Lab between three anchors, both ends equally dark.
    """
    anchors = cv2.cvtColor(np.array([SIGNED_ANCHORS], np.float32) / 255, cv2.COLOR_RGB2Lab)[0]
    steps = np.linspace(-1, 1, 256)
    lab = np.stack([np.interp(steps, (-1, 0, 1), anchors[:, i]) for i in range(3)], axis=-1).astype(np.float32)
    rgb = cv2.cvtColor(lab[None], cv2.COLOR_Lab2RGB)[0]
    return np.floor(np.clip(rgb, 0, 1) * 255 + 0.5).astype(np.uint8)


def heatmap_picture(values: Drawable, look: Look = DEFAULT_LOOK) -> Image.Image:
    """The map in colours; not seen is striped grey, below the threshold is the colour of zero."""
    table = look.table.astype(np.float32)

    def paint(part: FloatArray, _: Pixels) -> FloatArray:
        return table[look.levels(_shown(part, look))]

    def grey(_: Pixels, stripes: FloatArray) -> FloatArray:
        return np.float32(UNSEEN) * stripes

    return _paint(values, np.zeros((*values.shape, 0), np.uint8), paint, grey)


def overlay_picture(photograph: Pixels, values: Drawable, look: Look = DEFAULT_LOOK) -> Image.Image:
    """The map over the photograph: the stronger the value, the more its colour covers.

    out = photograph (1 - a) + colour a with a = opacity * |value|, so that the photograph stays itself
    where there is no evidence. Where the model did not look it is greyed and striped.
    """
    table = look.table.astype(np.float32)

    def paint(part: FloatArray, photo: Pixels) -> FloatArray:
        shown = _shown(part, look)
        alpha = (look.opacity * np.abs(shown))[..., None]
        return np.add(photo * (1 - alpha), table[look.levels(shown)] * alpha)

    return _paint(values, photograph, paint, _dimmed)


def masked_picture(photograph: Pixels, values: Drawable, look: Look = DEFAULT_LOOK) -> Image.Image:
    """The photograph multiplied by the map: only the evidence is lit."""

    def paint(part: FloatArray, photo: Pixels) -> FloatArray:
        return np.multiply(photo, np.abs(_shown(part, look))[..., None])

    return _paint(values, photograph, paint, _dimmed)


def png_of(picture: Image.Image) -> bytes:
    """An RGB picture as a PNG file, packed in a quarter of the time that Pillow takes."""
    turned = np.empty((picture.height, picture.width, 3), np.uint8)
    # band by band, for a picture of 64 megapixels is in memory often enough
    for rows in _chunks(*turned.shape[:2]):
        band = np.asarray(picture.crop((0, rows.start, picture.width, rows.stop)))
        turned[rows] = cv2.cvtColor(band, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".png", turned, PACKING)[1].tobytes()


def _shown(values: FloatArray, look: Look) -> FloatArray:
    """Finite values: zero where not seen or weaker than the threshold."""
    return np.where(np.isnan(values) | (np.abs(values) < look.threshold), np.float32(0), values)


def _dimmed(photo: Pixels, stripes: FloatArray) -> FloatArray:
    """Grey of pixels (n, 3) of the photograph, dark and striped: there, but not seen by the model."""
    grey = photo.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return (grey * UNSEEN_PHOTO + np.float32(UNSEEN) * (1 - UNSEEN_PHOTO)) * stripes


def _paint(
    values: Drawable,
    photograph: Pixels,
    paint: Callable[[FloatArray, Pixels], FloatArray],
    unseen_grey: Callable[[Pixels, FloatArray], FloatArray],
) -> Image.Image:
    """A picture of what `paint` makes of rows of the map, and `unseen_grey` of the pixels that were not seen."""
    picture, stripes = np.empty((*values.shape, 3), np.uint8), _stripes(values.shape[1])

    def fill(rows: slice) -> None:
        part, photo = values[rows], photograph[rows]
        drawn, unseen = paint(part, photo), np.isnan(part)
        if unseen.any():
            light = stripes[np.arange(rows.start, rows.stop) % len(stripes)]
            drawn[unseen] = unseen_grey(photo[unseen], light[unseen])[:, None]
        drawn += 0.5
        picture[rows] = np.floor(drawn, out=drawn)

    # a picture of 64 megapixels takes seconds, half as many on two cores
    with ThreadPoolExecutor(2) if picture.size > LARGE else nullcontext() as pool:
        for _ in (pool.map if pool else map)(fill, _chunks(*values.shape)):
            pass
    return Image.fromarray(picture)


def _chunks(height: int, width: int) -> Iterator[slice]:
    step = max(min(CHUNK_ROWS, CHUNK_PIXELS // width), 1)
    return (slice(start, min(start + step, height)) for start in range(0, height, step))


def _stripes(width: int) -> FloatArray:
    """Light of diagonal stripes, (rows, width) until they repeat."""
    diagonal = np.arange(2 * STRIPE)[:, None] + np.arange(width)[None]
    return np.take(np.array(UNSEEN_STRIPES, np.float32), diagonal // STRIPE % 2)
