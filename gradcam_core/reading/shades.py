"""Images of more than 8 bits: which of their values are shown as black and which as white.

    shades = shades_of(image, bands)
    shades.eight_bits(values), shades.remarks

Files say how many bits a value has, not how many are used: cameras keep 10 or 12 bits in 16, floating point knows no
white at all, and sensors have pixels that are broken. So the scale is taken from what is in the image, less the few
values that lie far from all others. Public names: `Shades`, `shades_of`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..languages import Finding

__all__ = ["Shades", "shades_of"]

# what cameras and scanners use
DEPTHS = (8, 10, 12, 14, 16)
# a picture of whole numbers, or one of floating point numbers, whose brightest value is below this share of white would
# look nearly black
DIM, DARK = 1 / 4, 1 / 16
# one pixel in FEW may be broken: those that make the range of values more than FAR times as wide are left out
FEW, FAR = 2000, 2.0
PHOTOMETRIC, SAMPLE_FORMAT = 262, 339
WHITE_IS_ZERO, UNSIGNED = 0, 1
COLOURS = frozenset({"RGB", "RGBA"})


@dataclass(frozen=True)
class Shades:
    """`black` and `white` as the image has them; `expected` where they are those of its type.

    Not all values are `finite`. Whole numbers of an `unsigned` image that Pillow keeps as signed are read as they were.
    """

    black: float
    white: float
    expected: bool
    finite: bool = True
    unsigned: bool = False
    coloured: bool = False

    @property
    def remarks(self) -> list[Finding]:
        """What a person should know about the scale."""
        found = []
        if not self.expected:
            key = "note.shades_of_colours" if self.coloured else "note.shades"
            found.append(Finding(key, black=self.black, white=self.white))
        if not self.finite:
            found.append(Finding("note.not_finite"))
        return found

    def eight_bits(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """Values to 8 bits; what is no number is black, infinity the end that it lies at."""
        wide = _read(values, self.unsigned).astype(np.float64)
        low, high = sorted((self.black, self.white))
        wide = np.nan_to_num(wide, nan=self.black, posinf=high, neginf=low)
        # halved first, for the distance of two numbers may be none that there is
        scaled = (wide / 2 - self.black / 2) / (self.white / 2 - self.black / 2)
        return np.clip(np.rint(scaled * 255), 0, 255).astype(np.uint8)


def shades_of(image: Image.Image, bands: Iterable[NDArray[Any]]) -> Shades:
    """The shades of an `image`, all of whose values are in `bands`."""
    tags = getattr(image, "tag_v2", {})
    unsigned = image.mode == "I" and bool(tags) and tags.get(SAMPLE_FORMAT, UNSIGNED) in (UNSIGNED, (UNSIGNED,))
    least, most, finite, kind = np.empty(0), np.empty(0), True, np.dtype(np.uint8)
    few = image.width * image.height // FEW + 1
    for band in bands:
        values = _read(band, unsigned)
        kind, inside = values.dtype, values[np.isfinite(values)]
        finite &= inside.size == values.size
        if inside.size > few:
            ordered = np.partition(inside.ravel(), (few - 1, inside.size - few))
            lowest, highest = ordered[:few], ordered[-few:]
        else:
            lowest = highest = inside.ravel()
        least = np.sort(np.concatenate([least, lowest.astype(np.float64)]))[:few]
        most = np.sort(np.concatenate([most, highest.astype(np.float64)]))[-few:]
    low, high, broken = _range(least, most)
    if kind.kind == "f":
        black, white, expected = _of_fractions(low, high)
    else:
        black, white, expected = _of_whole_numbers(low, high, kind.itemsize)
    if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        black, white = white, black
    return Shades(black, white, expected and not broken, finite, unsigned, image.mode in COLOURS)


def _range(least: NDArray[np.float64], most: NDArray[np.float64]) -> tuple[float, float, bool]:
    """The lowest and the highest value of the `least` and the `most`, but for broken ones, and whether there are any.

    Values that lie far from all others are broken; where those have one value, it is they that tell something.
    """
    if not len(least):
        # no number at all
        return 0.0, 0.0, False
    (low, below), (above, high) = least[[0, -1]], most[[0, -1]]
    # halved, for the distance of two numbers may be none that there is
    wide = above / 2 - below / 2
    lower, higher = below / 2 - low / 2 > (FAR - 1) * wide > 0, high / 2 - above / 2 > (FAR - 1) * wide > 0
    return float(below if lower else low), float(above if higher else high), bool(lower or higher)


def _of_fractions(low: float, high: float) -> tuple[float, float, bool]:
    if low >= 0 and high <= 1 and (high >= DARK or low == high):
        return 0.0, 1.0, True
    if low >= 0 and DIM * 255 <= high <= 255:
        return 0.0, 255.0, False
    return min(low, 0.0) if low < high else low - 1, high, False


def _of_whole_numbers(low: float, high: float, itemsize: int) -> tuple[float, float, bool]:
    if low < 0:
        return low, max(high, low + 1), False
    if itemsize == 2 and low == high:
        # one value tells nothing of the others
        return 0.0, 65535.0, True
    tops = [2.0**bits - 1 for bits in DEPTHS]
    if low < high < DIM * tops[0]:
        return 0.0, high, False
    top = next((top for top in tops if high <= top), max(high, 1.0))
    return 0.0, top, top == (tops[-1] if itemsize == 2 or high > tops[0] else tops[0])


def _read(values: NDArray[Any], unsigned: bool) -> NDArray[Any]:
    return values.view(np.uint32) if unsigned and values.dtype == np.int32 else values
