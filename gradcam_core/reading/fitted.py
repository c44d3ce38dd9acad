"""Photographs at their own shape, as wide and high as a network's cells allow. Public name: `Fitted`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..types import Box, Placement
from .preprocess import FINE_ENOUGH

__all__ = ["Fitted"]


@dataclass(frozen=True)
class Fitted:
    """Resize the shorter side to `short` pixels, the longer to `long` at most, both down to whole cells; normalise.

    Nothing is cut off: a side is squeezed by less than a cell, of `cell` pixels. Rounds as transformers' processor of
    ViLT does. `mean`, `std` and `interpolation` are those of `Preprocessing`.
    """

    short: int
    long: int
    cell: int
    interpolation: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @property
    def input_shape(self) -> tuple[int, int, int, int]:
        """(1, 3, height, width) for a square photograph."""
        side = self.short // self.cell * self.cell
        return (1, 3, side, side)

    @property
    def enough(self) -> int:
        """How many pixels the shorter side of a reduced photograph must have at least."""
        return FINE_ENOUGH * self.short

    def record(self) -> dict[str, Any]:
        """The fields by name, as plain JSON values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def encode(self, pixels: NDArray[np.uint8], size: tuple[int, int] | None = None) -> tuple[Tensor, Placement]:
        """(H, W, 3) uint8 RGB to the (1, 3, height, width) float32 input, and that it lies all over the image."""
        width, height = size or (pixels.shape[1], pixels.shape[0])
        new = self._sides(height, width)
        resized = Image.fromarray(pixels).resize(new[::-1], Image.Resampling[self.interpolation])
        values = torch.from_numpy(np.array(resized)).permute(2, 0, 1).to(torch.float32).div(255)
        mean, std = (torch.tensor(numbers).view(3, 1, 1) for numbers in (self.mean, self.std))
        return values.sub(mean).div(std)[None], Placement(height, width, Box(0, 0, width, height), new)

    def _sides(self, height: int, width: int) -> tuple[int, int]:
        scale = self.short / min(height, width)
        sides = [self.short if side == min(height, width) else scale * side for side in (height, width)]
        if max(sides) > self.long:
            sides = [side * self.long / max(sides) for side in sides]
        # a very long photograph keeps one cell across
        high, wide = (max(int(side + 0.5) // self.cell, 1) * self.cell for side in sides)
        return high, wide
