"""What a place speaks for, and what is left without a region.

Public names: `Change`, `Evidence`, `Place`, `brushed`, `cell_weights`, `coarsely`, `found_without`,
`region`.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..canvases.project import interpolation_matrix, seen
from ..engine.watch import NOBODY, Watch
from ..errors import ImageError
from ..languages import Finding
from ..types import Box, Placement, Prediction

__all__ = ["Change", "Evidence", "Place", "brushed", "cell_weights", "coarsely", "found_without", "region"]

FloatArray = NDArray[np.float32]
# bounds for all strokes together: more than anybody draws by hand
MOST_STROKES, MOST_POINTS = 1_000, 20_000
# pixels that are drawn on at most, still many for each one of a network's input
MOST_CANVAS = 2_000_000
# points as close as this part of the radius, or of a pixel, are one
RIM = 1 / 16
# points that are drawn before it is checked again whether somebody still waits
POINTS_AT_ONCE = 250
# the widest line that cv2 draws
WIDEST = 32_000
# cv2 draws between fractions of a pixel given as whole numbers of sixteenths
SIXTEENTHS = 4


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
    looked_at, cells = placement.looked_at, placement.cells
    rows = seen(placement.height, looked_at.top, looked_at.bottom)
    columns = seen(placement.width, looked_at.left, looked_at.right)
    if not (rows.start <= y < rows.stop and columns.start <= x < columns.stop):
        raise ImageError(
            "place.outside",
            x=x,
            y=y,
            columns_start=columns.start,
            columns_last=columns.stop - 1,
            rows_start=rows.start,
            rows_last=rows.stop - 1,
        )
    vertical = interpolation_matrix(slice(y, y + 1), shape[0], cells.top, cells.bottom)
    horizontal = interpolation_matrix(slice(x, x + 1), shape[1], cells.left, cells.right)
    return vertical.T @ horizontal


def region(mask: NDArray[np.bool_], placement: Placement, size: tuple[int, int]) -> NDArray[np.bool_]:
    """A region of the photograph, (H, W), as pixels of the input of `size`; raises ImageError.

    A pixel of the input belongs to it where the pixel of the photograph under its centre does. Of a large photograph
    `mask` may be as coarse as `coarsely` says.
    """
    times = coarsely(placement)
    coarse = (-(-placement.height // times), -(-placement.width // times))
    if mask.shape == coarse:
        box = Box(*(edge / times for edge in placement.box))
        placement = Placement(*coarse, box)
    elif mask.shape != (placement.height, placement.width):
        raise ImageError("mask.other_shape", mask_shape=mask.shape, expected=(placement.height, placement.width))
    box, (height, width) = placement.box, size
    y = np.floor(box.top + (np.arange(height) + 0.5) / height * (box.bottom - box.top)).astype(int)
    x = np.floor(box.left + (np.arange(width) + 0.5) / width * (box.right - box.left)).astype(int)
    inside = ((y >= 0) & (y < placement.height))[:, None] & ((x >= 0) & (x < placement.width))
    found = mask[y.clip(0, placement.height - 1)][:, x.clip(0, placement.width - 1)] & inside
    if not found.any():
        raise ImageError("mask.covers_nothing")
    if found[inside].all():
        raise ImageError("mask.covers_everything")
    return found


def brushed(strokes: Sequence[Mapping[str, Any]], placement: Placement, *, watch: Watch = NOBODY) -> NDArray[np.bool_]:
    """(H, W) region of the photograph under strokes of a brush; of a large photograph as `coarsely` as `region` takes.

    A stroke is {"points": [[x, y], ...], "radius": r} in pixels of the photograph, the corner of its first pixel
    being (0, 0); one point is a dab. Raises ImageError for anything else, StoppedError.
    """
    times = coarsely(placement)
    drawn = [(points / times, radius / times) for points, radius in map(_stroke, _listed(strokes))]
    count = sum(len(points) for points, _ in drawn)
    if count > MOST_POINTS:
        raise ImageError("strokes.too_many_points", count=count, most_points=MOST_POINTS)
    canvas = np.zeros((-(-placement.height // times), -(-placement.width // times)), np.uint8)
    # a brush wider than all that there is covers no more
    widest = np.hypot(*canvas.shape)
    done = 0
    for points, radius in drawn:
        for part in _simplified(points, min(radius, widest)):
            watch.at(done, count)
            _draw(canvas, part, min(radius, widest))
        if canvas.all():
            break
        done += len(points)
    return canvas.astype(bool)


def coarsely(placement: Placement) -> int:
    """How many pixels of the photograph, along a side, are one of a region's: 1 but for large photographs."""
    return math.ceil(math.sqrt(placement.height * placement.width / MOST_CANVAS))


def _simplified(points: NDArray[np.float64], radius: float) -> Iterator[NDArray[np.float64]]:
    """The stroke without points that change it by less than its rim is sharp, in parts that are drawn at a time."""
    closeness = max(radius * RIM, RIM)
    kept = [0]
    for number in range(1, len(points)):
        if number == len(points) - 1 or np.abs(points[number] - points[kept[-1]]).max() >= closeness:
            kept.append(number)
    chosen = points[kept]
    for start in range(0, max(len(chosen) - 1, 1), POINTS_AT_ONCE):
        # the next part goes on where this one ends
        yield chosen[start : start + POINTS_AT_ONCE + 1]


def _draw(canvas: NDArray[np.uint8], points: NDArray[np.float64], radius: float) -> None:
    # cv2 counts from the centre of the first pixel
    ends = np.clip((points - 0.5) * 2**SIXTEENTHS, -(2**30), 2**30).round().astype(np.int32)
    for first, second in pairwise(ends):
        width = min(max(1, round(2 * radius)), WIDEST)
        cv2.line(canvas, tuple(first), tuple(second), 1, width, cv2.LINE_8, SIXTEENTHS)
    for end in ends:
        reach = round(min(radius, WIDEST) * 2**SIXTEENTHS)
        cv2.circle(canvas, tuple(end), reach, 1, cv2.FILLED, cv2.LINE_8, SIXTEENTHS)


def _listed(strokes: Any) -> list[Any]:
    if not isinstance(strokes, (list, tuple)) or not strokes:
        raise ImageError("strokes.empty")
    if len(strokes) > MOST_STROKES:
        raise ImageError("strokes.too_many", strokes_count=len(strokes), most_strokes=MOST_STROKES)
    return list(strokes)


def _stroke(stroke: Any) -> tuple[NDArray[np.float64], float]:
    try:
        given = stroke["points"]
        # more than may be drawn need not be understood
        points = np.asarray(given, np.float64) if len(given) <= MOST_POINTS else np.zeros((len(given), 2))
        radius = float(stroke["radius"])
    except (TypeError, ValueError, KeyError, IndexError, OverflowError):
        points, radius = np.empty(0), 0.0
    usable = points.ndim == 2 and points.shape[1] == 2 and len(points) > 0
    if not (usable and np.isfinite(points).all() and 0 < radius < math.inf):
        raise ImageError("strokes.no_stroke", stroke=reprlib.repr(stroke)[:80])
    return points, radius


def found_without(target: Prediction, changes: Sequence[Change]) -> Finding:
    """What hiding a region did to `target`, and which class is the strongest now."""
    after = next(change.after for change in changes if change.prediction.index == target.index)
    found = {"label": target.label, "before": target.probability, "after": after}
    top = max(changes, key=lambda change: change.after)
    if top.prediction.index == target.index:
        return Finding("without.strongest", **found)
    return Finding("without.other", **found, top=top.prediction.label, top_probability=top.after)
