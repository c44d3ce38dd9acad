"""Pictures to try networks out with, as their own transform hands them over: no value that it would not make.

Public names: `trial_picture`, `trial_pictures`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..errors import CamError
from .preprocess import Encoder

__all__ = ["trial_picture", "trial_pictures"]

# what every transform takes, where it does not take a picture of the input's own size
USUAL = (197, 263)


def trial_picture(encoder: Encoder) -> Tensor:
    """(1, C, H, W) input made of a picture of which no place is like another, the same at every call."""
    return _encoded(encoder, lambda height, width: np.random.default_rng(0).integers(0, 256, (height, width, 3)))


def trial_pictures(encoder: Encoder) -> list[Tensor]:
    """Several inputs that differ as much as photographs can: noise, black, white, and two that brighten evenly."""

    def brightening(height: int, width: int) -> NDArray[np.int64]:
        along = np.linspace(0, 255, width)[None, :, None] * np.array([1.0, 0.6, 0.2])
        return np.broadcast_to(along, (height, width, 3)).astype(np.int64)

    return [
        trial_picture(encoder),
        *(
            _encoded(encoder, lambda height, width, shade=shade: np.full((height, width, 3), shade))
            for shade in (0, 255)
        ),
        _encoded(encoder, brightening),
        _encoded(encoder, lambda height, width: 255 - brightening(height, width)[..., ::-1]),
    ]


def _encoded(encoder: Encoder, make: object) -> Tensor:
    height, width = encoder.input_shape[-2:]
    try:
        return encoder.encode(make(height, width).astype(np.uint8))[0]  # type: ignore[operator]
    except CamError:
        return encoder.encode(make(*USUAL).astype(np.uint8))[0]  # type: ignore[operator]
