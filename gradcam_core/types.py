"""Values that all parts share: predictions, where a map lies, and what a model is.

Frozen, so that they can be handed between threads without a copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["TOP", "Box", "ModelInfo", "Placement", "Prediction"]

# how many of the most probable classes an answer names
TOP = 5


@dataclass(frozen=True)
class Prediction:
    """One class and how sure the model is of it."""

    index: int
    label: str
    probability: float


@dataclass(frozen=True)
class ModelInfo:
    """A model that is offered, whether or not it has been loaded.

    `offline` is true where nothing has to be downloaded to use it.
    """

    name: str
    title: str
    source: str
    offline: bool
    download_mb: float = 0.0


class Box(NamedTuple):
    """A rectangle in original pixels; edges, not pixel centres, so a whole image is (0, 0, W, H)."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Placement:
    """Where on the original image a model looked.

    The model's input, (height, width) `input_size`, shows exactly `box` of an image of `height` x `width` pixels.
    The cells of a map divide the box evenly. A box that reaches beyond the image (padding) is allowed.
    """

    height: int
    width: int
    box: Box
    input_size: tuple[int, int] = (0, 0)
