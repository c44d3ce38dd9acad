"""From a map at the layer's resolution to the original image, by the inverse of the preprocessing.

Public names: `Projection`, `normalise`, `project`, `seen`, `interpolation_matrix`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..types import Placement

__all__ = ["Projection", "interpolation_matrix", "normalise", "project", "seen"]

FloatArray = NDArray[np.float32]


def normalise(cam: FloatArray, *, signed: bool = False, scale: float = 0.0) -> FloatArray:
    """Raw values (h, w) to float32 in [0, 1]: ReLU, then division by the maximum, or by `scale` where it is larger.

    The only place where a map is normalised. With `signed` the ReLU is left out and the largest magnitude
    divides, so that the result lies in [-1, 1] and zero stays zero. A map without anything to show is zero
    everywhere: nothing is ever divided by zero.
    Source: Selvaraju et al., arXiv:1610.02391, eq. 2, and the usual scaling for display.
    """
    shown = np.asarray(cam if signed else np.maximum(cam, 0), np.float64)
    top = np.abs(shown).max(initial=scale)
    return (shown / top if top > 0 else np.zeros_like(shown)).astype(np.float32)


def seen(length: int, low: float, high: float) -> slice:
    """The pixels of 0..length-1 whose centres lie in [low, high).

    Where [low, high) is too narrow to hold a centre: the pixels that it touches, so that what the model saw
    is never nothing.
    """
    first = int(np.clip(np.ceil(low - 0.5), 0, length))
    last = int(np.clip(np.ceil(high - 0.5), first, length))
    if first == last:
        first, last = (int(np.clip(edge, 0, length)) for edge in (np.floor(low), np.ceil(high)))
    return slice(first, last)


def interpolation_matrix(pixels: slice, cells: int, low: float, high: float) -> FloatArray:
    """(n, cells) matrix that interpolates `cells` values, spread evenly over [low, high), at pixel centres.

    Linear between the centres of the cells, constant beyond the outer ones.
    """
    centres = np.arange(pixels.start, pixels.stop, dtype=np.float64) + 0.5
    position = np.clip((centres - low) / (high - low) * cells - 0.5, 0, cells - 1)
    left = np.minimum(np.floor(position).astype(np.intp), max(cells - 2, 0))
    weight = position - left
    matrix = np.zeros((len(centres), cells), np.float32)
    rows = np.arange(len(centres))
    matrix[rows, left] = 1 - weight
    matrix[rows, np.minimum(left + 1, cells - 1)] += weight
    return matrix


class Projection:
    """A map (h, w) drawn on the original image, (H, W) float32, made of it only the rows that are asked for.

    One bilinear interpolation straight from the map's cells to the pixels of the original, so that no
    intermediate size rounds anything. Values of the map keep their sign and scale; NaN where the model did not look.
    """

    def __init__(self, values: FloatArray, placement: Placement) -> None:
        looked_at, cells = placement.looked_at, placement.cells
        self.shape = (placement.height, placement.width)
        self._rows = seen(placement.height, looked_at.top, looked_at.bottom)
        self._columns = seen(placement.width, looked_at.left, looked_at.right)
        vertical = interpolation_matrix(self._rows, values.shape[0], cells.top, cells.bottom)
        self._lines = vertical @ values.astype(np.float32)
        self._horizontal = interpolation_matrix(self._columns, values.shape[1], cells.left, cells.right).T

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> FloatArray:
        start, stop, _ = rows.indices(len(self))
        canvas = np.full((stop - start, self.shape[1]), np.nan, np.float32)
        first, last = (int(np.clip(edge, start, stop)) for edge in (self._rows.start, self._rows.stop))
        lines = self._lines[first - self._rows.start : last - self._rows.start]
        canvas[first - start : last - start, self._columns] = lines @ self._horizontal
        return canvas


def project(values: FloatArray, placement: Placement) -> FloatArray:
    """All rows of a `Projection` of a map (h, w): (H, W) float32, NaN where the model did not look."""
    return Projection(values, placement)[:]
