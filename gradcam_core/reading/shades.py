"""Grey images of more than 8 bits: which of their values are shown as black and which as white.

    shades = shades_of(image, bands)
    shades.eight_bits(values), shades.remarks

Files say how many bits a value has, not how many are used: cameras keep 12 bits in 16, and floating point knows no
white at all. So the scale is taken from what is in the image. Public names: `Shades`, `shades_of`.
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
# a PNG's white is 65535 by its own rules, so of a dark one fewer bits are only taken for likely where many are used
LIKELY_IN_PNG = 12
# of one, below which a picture of floating point numbers would be nearly black
DARK = 1 / 16
PHOTOMETRIC, SAMPLE_FORMAT = 262, 339
WHITE_IS_ZERO, UNSIGNED = 0, 1


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

    @property
    def remarks(self) -> list[Finding]:
        """What a person should know about the scale."""
        found = []
        if not self.expected:
            found.append(Finding("note.shades", black=self.black, white=self.white))
        if not self.finite:
            found.append(Finding("note.not_finite"))
        return found

    def eight_bits(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """Grey values to 8 bits; what is no number is black, infinity the end that it lies at."""
        wide = _read(values, self.unsigned).astype(np.float64)
        low, high = sorted((self.black, self.white))
        wide = np.nan_to_num(wide, nan=self.black, posinf=high, neginf=low)
        # halved first, for the distance of two numbers may be none that there is
        scaled = (wide / 2 - self.black / 2) / (self.white / 2 - self.black / 2)
        return np.clip(np.rint(scaled * 255), 0, 255).astype(np.uint8)


def shades_of(image: Image.Image, bands: Iterable[NDArray[Any]]) -> Shades:
    """The shades of a grey `image`, all of whose values are in `bands`."""
    tags = getattr(image, "tag_v2", {})
    unsigned = image.mode == "I" and bool(tags) and tags.get(SAMPLE_FORMAT, UNSIGNED) in (UNSIGNED, (UNSIGNED,))
    low, high, finite, kind = np.inf, -np.inf, True, np.dtype(np.uint8)
    for band in bands:
        values = _read(band, unsigned)
        kind, inside = values.dtype, np.isfinite(values)
        if inside.any():
            low = min(low, float(values.min(where=inside, initial=np.inf)) if kind.kind == "f" else float(values.min()))
            high = max(
                high, float(values.max(where=inside, initial=-np.inf)) if kind.kind == "f" else float(values.max())
            )
        finite &= bool(inside.all())
    if low > high:
        # no number at all
        low = high = 0.0
    if kind.kind == "f":
        black, white, expected = _of_fractions(low, high)
    else:
        least = LIKELY_IN_PNG if image.format == "PNG" else DEPTHS[0]
        black, white, expected = _of_whole_numbers(low, high, kind.itemsize, 2.0 ** (least - 2))
    if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        black, white = white, black
    return Shades(black, white, expected, finite, unsigned)


def _of_fractions(low: float, high: float) -> tuple[float, float, bool]:
    if low >= 0 and high <= 1 and (high >= DARK or low == high):
        return 0.0, 1.0, True
    if low >= 0 and 1 < high <= 255:
        return 0.0, 255.0, False
    return min(low, 0.0) if low < high else low - 1, high, False


def _of_whole_numbers(low: float, high: float, itemsize: int, darkest: float) -> tuple[float, float, bool]:
    if low < 0:
        return low, max(high, low + 1), False
    if itemsize == 2 and (low == high or high < darkest):
        # one value tells nothing of the others
        return 0.0, 65535.0, True
    tops = [2.0**bits - 1 for bits in DEPTHS]
    top = next((top for top in tops if high <= top), max(high, 1.0))
    return 0.0, top, top == (tops[-1] if itemsize == 2 or high > tops[0] else tops[0])


def _read(values: NDArray[Any], unsigned: bool) -> NDArray[Any]:
    return values.view(np.uint32) if unsigned and values.dtype == np.int32 else values
