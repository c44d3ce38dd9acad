"""A photograph as a whole at its own proportions, for networks that take other sizes. Public name: `Whole`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..errors import ImageError
from ..types import Box, Placement
from .preprocess import FINE_ENOUGH, Preprocessing, reduced, rounded

__all__ = ["Whole"]

# a photograph may be at most this many times as long as wide: beyond, its input takes ever more memory and shows little
LONGEST_TIMES = 8


@dataclass(frozen=True)
class Whole:
    """Resize all of a photograph so that its shorter side has `short` pixels, and normalise as `steps` does.

    Both sides are rounded to multiples of `stride`, so that the cells of every map divide the photograph evenly.
    Inputs of more than `largest` pixels a side are refused, None: of more than LONGEST_TIMES the shorter side.
    """

    steps: Preprocessing
    short: int
    stride: int
    largest: int | None = None

    @property
    def input_shape(self) -> tuple[int, int, int, int]:
        """(1, 3, height, width) of the input for a square photograph."""
        return (1, 3, self.short, self.short)

    @property
    def enough(self) -> int:
        """How many pixels the shorter side of a reduced photograph must have at least."""
        return FINE_ENOUGH * self.short

    def enlarged(self, factor: float) -> Whole:
        """The same with `factor` times as many pixels a side."""
        return replace(self, short=rounded(factor * self.short, self.stride))

    def record(self) -> dict[str, Any]:
        """What is done, as plain JSON values."""
        own = self.steps.record()
        return {"short_side": self.short, "stride": self.stride, **{name: own[name] for name in SHARED}}

    def sides(self, width: int, height: int) -> tuple[int, int]:
        """(height, width) of the input for a photograph of that size; raises ImageError where it would be too long."""
        times = max(width, height) / min(width, height)
        long = rounded(self.short * times, self.stride)
        if times > LONGEST_TIMES or (self.largest is not None and long > self.largest):
            raise ImageError("view.too_long", times=times, long=long)
        return (self.short, long) if width > height else (long, self.short)

    def encode(self, pixels: NDArray[np.uint8], size: tuple[int, int] | None = None) -> tuple[Tensor, Placement]:
        """(H, W, 3) uint8 RGB to the (1, 3, height, width) float32 input and where it lies: on all of the image.

        `size` is (width, height) of the image where `pixels` are a decode of it at 1/2, 1/4 or 1/8, rounded up.
        Raises ImageError for a photograph that is too long.
        """
        width, height, part = reduced(pixels, size)
        high, wide = self.sides(width, height)
        method = Image.Resampling[self.steps.interpolation]
        seen = Image.fromarray(pixels).resize((wide, high), method, box=(0.0, 0.0, *part))
        return self.steps.standardised(seen), Placement(height, width, Box(0.0, 0.0, width, height), (high, wide))


SHARED = ("interpolation", "mean", "std")
