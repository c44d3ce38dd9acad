"""What maps of the same photograph, fed at several sizes, agree on. Public name: `agreement`.

agreement([coarse, fine], [coarse_placement, fine_placement])   # (h, w) of the finest, where the first one lies
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..types import Placement
from .project import interpolation_matrix

__all__ = ["agreement"]

FloatArray = NDArray[np.float32]


def agreement(cams: Sequence[FloatArray], placements: Sequence[Placement]) -> FloatArray:
    """Maps (h, w), signed, to one at the resolution of the finest, which lies where the first one does.

    At each place stands the geometric mean of what the maps say for the class there, or of what they say against it;
    where they differ in sign, or one says nothing, 0: both sides agree by themselves. A score is shared among few
    places here and many there, so each map counts times the number of its places, which a common factor for each map,
    such as its sum, changes nothing about but the unit: this way it stays that of the maps.
    """
    if len(cams) == 1:
        return cams[0]
    shape = max((cam.shape for cam in cams), key=np.prod)
    dense = [
        _on(cam * np.float32(cam.size), one, placements[0], shape) for cam, one in zip(cams, placements, strict=True)
    ]
    sides = [_geometric_mean([np.maximum(sign * one, 0) for one in dense]) for sign in (1, -1)]
    found: FloatArray = ((sides[0] - sides[1]) / np.prod(shape)).astype(np.float32)
    return found


def _on(cam: FloatArray, own: Placement, place: Placement, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A map that lies at its `own` placement, at the cells of a map of `shape` that lies at `place`."""
    vertical = _weights(cam.shape[0], shape[0], own.cells[1::2], place.cells[1::2])
    horizontal = _weights(cam.shape[1], shape[1], own.cells[::2], place.cells[::2])
    return vertical.astype(np.float64) @ cam @ horizontal.T


def _weights(cells: int, wanted: int, own: Sequence[float], place: Sequence[float]) -> FloatArray:
    unit = (place[1] - place[0]) / wanted
    low, high = ((edge - place[0]) / unit for edge in own)
    return interpolation_matrix(slice(0, wanted), cells, low, high)


def _geometric_mean(values: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    # the logarithm of 0 is minus infinity, and its exponential 0 again
    with np.errstate(divide="ignore"):
        found: NDArray[np.float64] = np.exp(np.mean(np.log(values), axis=0))
    return found
