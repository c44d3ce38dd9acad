"""From a photograph to a model's input, and the memory of where that input lies.

Public names: `FINE_ENOUGH`, `LARGEST_SIDE`, `Encoder`, `Preprocessing`, `input_side`, `reduced`, `rounded`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..errors import ModelError, OptionError
from ..request import whole_number
from ..types import Box, Placement

__all__ = ["FINE_ENOUGH", "LARGEST_SIDE", "Encoder", "Preprocessing", "input_side", "reduced", "rounded"]

# resized pictures longer than this are never made whole: 1 x 5000 pixels would become 256 x 1,280,000
LONGEST_RESIZED = 8192
# pixels a side of a network's input
LARGEST_SIDE = 4096
# a photograph reduced to this many times the resized side, and resized from there, gives nearly the same input
FINE_ENOUGH = 2


def input_side(size: Any) -> int:
    """`size` as the pixels a side of a network's input; raises ModelError."""
    side = whole_number(size)
    if side is None or not 1 <= side <= LARGEST_SIDE:
        raise ModelError("input_size.out_of_range", size=size, most=LARGEST_SIDE)
    return side


@runtime_checkable
class Encoder(Protocol):
    """Anything that turns photographs into a model's input and knows where that lies."""

    @property
    def input_shape(self) -> tuple[int, int, int, int]:
        """(1, channels, height, width) of the model's input."""

    @property
    def enough(self) -> int:
        """How many pixels the shorter side of a reduced photograph must have at least."""

    def encode(self, pixels: NDArray[np.uint8], size: tuple[int, int] | None = None) -> tuple[Tensor, Placement]:
        """(H, W, 3) uint8 RGB to the (1, channels, height, width) float32 input and where it lies on the image.

        `size` is (width, height) of the image where `pixels` are a reduced decode of it.
        """

    def record(self) -> dict[str, Any]:
        """What was done, as plain JSON values."""


@dataclass(frozen=True)
class Preprocessing:
    """Resize the shorter side, crop the centre, normalise: what ImageNet classifiers are fed with.

    `resize` and `crop` in pixels, `mean` and `std` per RGB channel for values in [0, 1]; `interpolation`
    is a name of PIL.Image.Resampling. With `squash` both sides become `resize`, whatever the photograph's shape.
    A crop larger than what was resized is filled up with black. Rounds as torchvision's Resize and CenterCrop do,
    so that the model sees exactly what its authors measured it on.
    """

    resize: int
    crop: int
    interpolation: str = "BILINEAR"
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    squash: bool = False

    def __post_init__(self) -> None:
        for name, value in (("resize", self.resize), ("crop", self.crop)):
            if whole_number(value) is None or value <= 0:
                raise OptionError("preprocessing.not_positive", name=name, value=value)

    @property
    def input_shape(self) -> tuple[int, int, int, int]:
        """(1, 3, height, width) of the model's input."""
        return (1, 3, self.crop, self.crop)

    def enlarged(self, factor: float, stride: int = 1) -> Preprocessing:
        """The same part of the photograph with `factor` times as many pixels a side, a multiple of `stride`."""
        crop = rounded(factor * self.crop, stride)
        return replace(self, resize=round(self.resize * crop / self.crop), crop=crop)

    def record(self) -> dict[str, Any]:
        """The fields by name, as plain JSON values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @property
    def enough(self) -> int:
        """How many pixels the shorter side of a reduced photograph must have at least."""
        return FINE_ENOUGH * self.resize

    def encode(self, pixels: NDArray[np.uint8], size: tuple[int, int] | None = None) -> tuple[Tensor, Placement]:
        """(H, W, 3) uint8 RGB to the (1, 3, crop, crop) float32 input and where it lies on the image.

        `size` is (width, height) of the image where `pixels` are a decode of it at 1/2, 1/4 or 1/8, rounded up. The
        placement is exact then too; the input differs by a few 255ths from that of all pixels.
        """
        width, height, whole = reduced(pixels, size)
        new_width, new_height = self._resized(width, height)
        left, top = (_edge(side, self.crop) for side in (new_width, new_height))
        wide, high = width / new_width, height / new_height
        box = Box(left * wide, top * high, (left + self.crop) * wide, (top + self.crop) * high)
        image = Image.fromarray(pixels)
        if max(new_width, new_height) <= LONGEST_RESIZED:
            method = Image.Resampling[self.interpolation]
            resized = image.resize((new_width, new_height), method, box=(0.0, 0.0, *whole))
            seen = resized.crop((left, top, left + self.crop, top + self.crop))
        else:
            seen = self._part(image, whole, (left, top), (new_width, new_height))
        return self.standardised(seen), Placement(height, width, box, (self.crop, self.crop))

    def standardised(self, image: Image.Image) -> Tensor:
        """(1, 3, height, width) float32 of an image of the input's size."""
        values = torch.from_numpy(np.array(image)).permute(2, 0, 1).to(torch.float32).div(255)
        mean, std = (torch.tensor(numbers).view(3, 1, 1) for numbers in (self.mean, self.std))
        return values.sub(mean).div(std)[None]

    def _resized(self, width: int, height: int) -> tuple[int, int]:
        if self.squash:
            return self.resize, self.resize
        short = min(height, width)
        return int(self.resize * width / short), int(self.resize * height / short)

    def _part(
        self, image: Image.Image, whole: tuple[float, float], corner: tuple[int, int], resized: tuple[int, int]
    ) -> Image.Image:
        """The crop at `corner` of `image` once its `whole` width and height are `resized`, without making all of it."""
        starts = [max(edge, 0) for edge in corner]
        ends = [min(edge + self.crop, side) for edge, side in zip(corner, resized, strict=True)]
        wide, high = (before / after for before, after in zip(whole, resized, strict=True))
        piece = image.resize(
            (ends[0] - starts[0], ends[1] - starts[1]),
            Image.Resampling[self.interpolation],
            box=(starts[0] * wide, starts[1] * high, ends[0] * wide, ends[1] * high),
        )
        seen = Image.new("RGB", (self.crop, self.crop))
        seen.paste(piece, (starts[0] - corner[0], starts[1] - corner[1]))
        return seen


def reduced(pixels: NDArray[np.uint8], size: tuple[int, int] | None) -> tuple[int, int, tuple[float, float]]:
    """Width and height of an image, and (width, height) of all of it in `pixels`, a decode at 1/1, 1/2, 1/4 or 1/8.

    The last of the reduced pixels may reach over the edge.
    """
    reduced_height, reduced_width = pixels.shape[:2]
    width, height = size or (reduced_width, reduced_height)
    reduction = round(max(width, height) / max(reduced_width, reduced_height))
    return width, height, (width / reduction, height / reduction)


def rounded(pixels: float, stride: int) -> int:
    """The multiple of `stride` that is nearest to a number of pixels, at least one."""
    return max(round(pixels / stride), 1) * stride


def _edge(side: int, crop: int) -> int:
    # torchvision rounds half to even where it cuts, and down where it fills up
    return round((side - crop) / 2) if side >= crop else -((crop - side) // 2)
