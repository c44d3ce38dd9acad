"""What a place speaks for, and what is left without a region. Public names: `Change`, `Evidence`, `Place`, `region`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError
from ..project import interpolation_matrix, seen
from ..types import Placement, Prediction

__all__ = ["Change", "Evidence", "Place", "cell_weights", "region"]

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Evidence:
    """What one place adds to the logit of one class: the value of that class's Grad-CAM map there."""

    prediction: Prediction
    value: float


@dataclass(frozen=True)
class Place:
    """The classes that a pixel of the photograph speaks for, and those it speaks against, strongest first."""

    x: int
    y: int
    speaks_for: tuple[Evidence, ...]
    speaks_against: tuple[Evidence, ...]


@dataclass(frozen=True)
class Change:
    """One class with its probability before, in `prediction`, and without the region."""

    prediction: Prediction
    after: float


def cell_weights(x: int, y: int, shape: tuple[int, int], placement: Placement) -> FloatArray:
    """(h, w) weights with which the cells of a map are mixed at a pixel of the photograph; raises ImageError."""
    box = placement.box
    rows = seen(placement.height, box.top, box.bottom)
    columns = seen(placement.width, box.left, box.right)
    if not (rows.start <= y < rows.stop and columns.start <= x < columns.stop):
        raise ImageError(
            f"`x` {x!r}, `y` {y!r} lies outside what the model saw (x {columns.start} to {columns.stop - 1},"
            f" y {rows.start} to {rows.stop - 1}); choose a place that is not striped."
        )
    vertical = interpolation_matrix(slice(y, y + 1), shape[0], box.top, box.bottom)
    horizontal = interpolation_matrix(slice(x, x + 1), shape[1], box.left, box.right)
    return vertical.T @ horizontal


def region(mask: NDArray[np.bool_], placement: Placement, size: tuple[int, int]) -> NDArray[np.bool_]:
    """A region of the photograph, (H, W), as pixels of the input of `size`; raises ImageError.

    A pixel of the input belongs to it where the pixel of the photograph under its centre does.
    """
    if mask.shape != (placement.height, placement.width):
        raise ImageError(
            f"`mask` has shape {mask.shape}, expected {(placement.height, placement.width)}: that of the photograph."
        )
    box, (height, width) = placement.box, size
    y = np.floor(box.top + (np.arange(height) + 0.5) / height * (box.bottom - box.top)).astype(int)
    x = np.floor(box.left + (np.arange(width) + 0.5) / width * (box.right - box.left)).astype(int)
    inside = ((y >= 0) & (y < placement.height))[:, None] & ((x >= 0) & (x < placement.width))
    found = mask[y.clip(0, placement.height - 1)][:, x.clip(0, placement.width - 1)] & inside
    if not found.any():
        raise ImageError("`mask` covers nothing of what the model saw; brush over a part that is not striped.")
    if found[inside].all():
        raise ImageError("`mask` covers everything that the model saw, so nothing is left to judge; brush over less.")
    return found
