"""Values that all parts share: predictions, where a map lies, and what a model is.

Frozen, so that they can be handed between threads without a copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["BILLION", "GIGABYTE", "MEGABYTE", "TOP", "WHOLE", "Box", "ModelInfo", "Placement", "Prediction"]

MEGABYTE = 1_000_000
GIGABYTE = BILLION = 1_000_000_000
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


# all of an input, in parts of its sides
WHOLE = Box(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class Placement:
    """Where on the original image a model looked.

    The model's input, (height, width) `input_size`, shows exactly `box` of an image of `height` x `width` pixels.
    The cells of a map divide `part` of the box, in parts of its sides, evenly. A box that reaches beyond the image, or
    a part beyond the box (padding), is allowed.
    """

    height: int
    width: int
    box: Box
    input_size: tuple[int, int] = (0, 0)
    part: Box = WHOLE

    @property
    def cells(self) -> Box:
        """Where the cells of a map lie, in original pixels."""
        if self.part == WHOLE:
            return self.box
        left, top, right, bottom = self.box
        wide, high = right - left, bottom - top
        return Box(
            left + wide * self.part.left,
            top + high * self.part.top,
            left + wide * self.part.right,
            top + high * self.part.bottom,
        )

    @property
    def looked_at(self) -> Box:
        """What the model saw through the cells of a map, in original pixels: those of its input that they cover."""
        box, cells = self.box, self.cells
        return Box(
            max(box.left, cells.left),
            max(box.top, cells.top),
            min(box.right, cells.right),
            min(box.bottom, cells.bottom),
        )
