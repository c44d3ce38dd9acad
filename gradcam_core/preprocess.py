"""From a photograph to a model's input, and the memory of where that input lies.

Public name: `Preprocessing`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from .types import Box, Placement

__all__ = ["Preprocessing"]

# resized pictures longer than this are never made whole: 1 x 5000 pixels would become 256 x 1,280,000
LONGEST_RESIZED = 8192


@dataclass(frozen=True)
class Preprocessing:
    """Resize the shorter side, crop the centre, normalise: what ImageNet classifiers are fed with.

    `resize` and `crop` in pixels, `mean` and `std` per RGB channel for values in [0, 1]; `interpolation`
    is a name of PIL.Image.Resampling. Rounds as torchvision's Resize and CenterCrop do, so that the model
    sees exactly what its authors measured it on.
    """

    resize: int
    crop: int
    interpolation: str = "BILINEAR"
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    def __post_init__(self) -> None:
        if not 0 < self.crop <= self.resize:
            raise ValueError(f"`crop` {self.crop!r} must be positive and at most `resize` {self.resize!r}.")

    @property
    def input_shape(self) -> tuple[int, int, int, int]:
        """(1, 3, height, width) of the model's input."""
        return (1, 3, self.crop, self.crop)

    def encode(self, pixels: NDArray[np.uint8]) -> tuple[Tensor, Placement]:
        """(H, W, 3) uint8 RGB to the (1, 3, crop, crop) float32 input and where it lies on the image."""
        height, width = pixels.shape[:2]
        short = min(height, width)
        new_width, new_height = (int(self.resize * side / short) for side in (width, height))
        left, top = (round((side - self.crop) / 2) for side in (new_width, new_height))
        wide, high = width / new_width, height / new_height
        box = Box(left * wide, top * high, (left + self.crop) * wide, (top + self.crop) * high)
        image = Image.fromarray(pixels)
        method = Image.Resampling[self.interpolation]
        if max(new_width, new_height) <= LONGEST_RESIZED:
            resized = image.resize((new_width, new_height), method)
            seen = resized.crop((left, top, left + self.crop, top + self.crop))
        else:
            seen = image.resize((self.crop, self.crop), method, box=box)
        values = torch.from_numpy(np.array(seen)).permute(2, 0, 1).to(torch.float32).div(255)
        mean, std = (torch.tensor(numbers).view(3, 1, 1) for numbers in (self.mean, self.std))
        return values.sub(mean).div(std)[None], Placement(height, width, box)
