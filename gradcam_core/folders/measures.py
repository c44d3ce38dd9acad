"""What a map is like, in a few numbers: how small its place is, where that lies, how much of it is at the border.

Maps are (h, w) float32, signed; what speaks for the class, their positive part, counts. Places are in parts of what
the network saw: (0, 0) is its upper left corner and (1, 1) its lower right one, and each cell is as strong everywhere
in it. Public names: `BORDER`, `PLACES`, `border`, `centre`, `concentration`, `evidence`, `inside`, `place_of`,
`resampled`, `softened`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..canvases.project import normalise, project
from ..types import Box, Placement

__all__ = [
    "BORDER",
    "PLACES",
    "border",
    "centre",
    "concentration",
    "evidence",
    "inside",
    "place_of",
    "resampled",
    "softened",
]

Float64Array = NDArray[np.float64]
# maps that differ by less than about one place are alike
TOLERANCE = 1.0
# how wide the border is, in parts of a side
BORDER = 0.15
# row by row, from the upper left
PLACES = (
    ("top_left", "top", "top_right"),
    ("left", "middle", "right"),
    ("bottom_left", "bottom", "bottom_right"),
)
THIRDS = (0.0, 1 / 3, 2 / 3, 1.0)
RIM = (0.0, BORDER, 1 - BORDER, 1.0)
# pixels along the longer side on which a map and an outline are laid over each other
CANVAS = 160


def evidence(cam: NDArray[np.float32]) -> Float64Array:
    """The positive part of a map, (h, w), with the sum 1; zero everywhere where nothing is positive."""
    positive = np.maximum(cam, 0).astype(np.float64)
    total = positive.sum()
    return positive / total if total > 0 else positive


def concentration(cam: NDArray[np.float32]) -> float:
    """From 0 where the evidence is even to almost 1 where one place has it all.

    It is 1 - 2 a, where a is the smallest part of the area that holds half of the evidence.
    """
    strongest = np.sort(evidence(cam), axis=None)[::-1]
    held = np.cumsum(strongest)
    if held[-1] <= 0:
        return 0.0
    cells = int(np.searchsorted(held, 0.5))
    before = held[cells - 1] if cells else 0.0
    return float(max(1 - 2 * (cells + (0.5 - before) / strongest[cells]) / len(strongest), 0.0))


def centre(cam: NDArray[np.float32]) -> tuple[float, float]:
    """The evidence's centre of mass, x and y; the middle where there is none."""
    shares = evidence(cam)
    if not shares.any():
        return 0.5, 0.5
    y, x = ((np.arange(length) + 0.5) / length for length in shares.shape)
    return float(shares.sum(0) @ x), float(shares.sum(1) @ y)


def border(cam: NDArray[np.float32]) -> tuple[float, str]:
    """The share of the evidence within `BORDER` of an edge, and in which of the eight outer `PLACES` most lies."""
    shares = evidence(cam)
    outer = _in_bands(shares, THIRDS)
    outer[1, 1] = -1
    row, column = np.unravel_index(int(outer.argmax()), outer.shape)
    middle = _in_bands(shares, RIM)[1, 1]
    return float(max(shares.sum() - middle, 0.0)), PLACES[int(row)][int(column)]


def place_of(cam: NDArray[np.float32]) -> str:
    """Which of the `PLACES` has most of the evidence."""
    row, column = np.unravel_index(int(_in_bands(evidence(cam), THIRDS).argmax()), (3, 3))
    return PLACES[int(row)][int(column)]


def resampled(cam: NDArray[np.float32], cells: int) -> Float64Array:
    """The evidence on (cells, cells) places, each with what lies in it; its sum stays 1."""
    return _in_bands(evidence(cam), tuple(np.linspace(0, 1, cells + 1)))


def inside(cam: NDArray[np.float32], placement: Placement, mask: NDArray[np.bool_]) -> tuple[float, bool]:
    """The share of the drawn map that lies in `mask`, (H, W) on the photograph, and whether its peak does.

    Source of the second: the pointing game, Zhang et al., arXiv:1608.00507, section 5.2.
    """
    times = max(max(placement.width, placement.height) / CANVAS, 1.0)
    small = replace(
        placement,
        width=max(round(placement.width / times), 1),
        height=max(round(placement.height / times), 1),
        box=Box(*(edge / times for edge in placement.box)),
    )
    drawn = np.nan_to_num(project(normalise(cam), small)).astype(np.float64)
    size = (small.width, small.height)
    covered = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    total = drawn.sum()
    if total <= 0:
        return 0.0, False
    return float((drawn * covered).sum() / total), bool(covered.flat[int(drawn.argmax())] >= 0.5)


def _in_bands(shares: Float64Array, edges: Sequence[float]) -> Float64Array:
    """What of the evidence lies between each two `edges`, along both sides."""
    rows, columns = (_overlap(length, edges) for length in shares.shape)
    return rows @ shares @ columns.T


def _overlap(cells: int, edges: Sequence[float]) -> Float64Array:
    """(bands, cells): which part of each of so many cells lies in each band between `edges`."""
    low, high = np.array(edges[:-1])[:, None] * cells, np.array(edges[1:])[:, None] * cells
    at = np.arange(cells)[None]
    return np.clip(np.minimum(high, at + 1) - np.maximum(low, at), 0, 1)


def softened(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, h * w) of (n, h, w) maps: so that maps a place apart are near each other, in the distance of Hellinger."""
    soft = [cv2.GaussianBlur(one, (0, 0), TOLERANCE, borderType=cv2.BORDER_REFLECT) for one in maps]
    return np.sqrt(np.array(soft, np.float32)).reshape(len(maps), -1)
