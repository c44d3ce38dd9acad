"""Whether straight lines of the input are straight in a layer: the edges between strips of it that were changed.

    lines = lines_of(answers, axis, ends)   # (rows, columns, strips) answers of cells, strips along the rows: axis 0
    lines.lean, lines.bow, lines.uneven, lines.shift

An edge lies where the cells cease to answer to the strips before it. That can be told to a fraction of a cell, for it
is a mean over all cells along it, so that a turn by a few degrees is seen. Public names: `STRAIGHT`, `Lines`,
`fitted`, `lines_of`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["STRAIGHT", "Lines", "fitted", "lines_of"]

Float64Array = NDArray[np.float64]
# cells that answer to all strips together by less than this share of the mean answer only to rounding errors
FAINT = 0.05
# an edge is measured from at least this many cells along it, because a parabola of three numbers is fitted to them
FEWEST = 6
# how far edges may lean, bow and be unevenly spaced, in parts of a layer's extent: what nobody sees, more where answers
# come from several strips, by the part of them that does, and what comes about by chance
LEAN, BOW, UNEVEN = (0.02, 0.1, 0.4), (0.012, 0.12, 1.0), (0.006, 0.04, 0.3)
# in cells: how much farther off the outer edges may lie, because padding shifts what is seen at a border
FILLED = 0.25
# in cells: a layer that sees single pixels, such as a 1 x 1 convolution with a stride, puts an edge wholly into one
# cell
WHOLE_CELLS = 0.5


class Lines(NamedTuple):
    """How far edges are from straight and evenly spaced, in parts of the layer's extent across them.

    `lean` is how far the ends of the worst are to either side of its middle, `bow` how far both are to one side,
    `uneven` how far one is from where the others put it, and `shift` how far from where it is if the layer shows the
    whole input, in the same direction or backwards, less what edges that are filled up make of it. `chance` is how far
    one may seem to be, that crosses cells.
    """

    lean: float
    bow: float
    uneven: float
    shift: float
    chance: float

    def bent(self, pure: float, part: float = 1.0) -> bool:
        """Whether they are further from straight than by chance, of a layer that is so `pure`.

        With a smaller `part` less is enough.
        """
        limits = (base + more * (1 - pure) + by * self.chance for base, more, by in (LEAN, BOW, UNEVEN))
        return any(far > part * limit for far, limit in zip(self, limits, strict=False))


STRAIGHT = Lines(0.0, 0.0, 0.0, 0.0, 0.0)


def lines_of(answers: Float64Array, axis: int, ends: Float64Array) -> Lines:
    """The edges between strips that lie along `axis` of the (rows, columns, strips) answers.

    `ends` is where each strip ends, in parts of the input: strips are of whole pixels, so that some are broader.
    """
    along = np.moveaxis(answers, axis, 0)
    whole = along.sum(2, keepdims=True)
    answering = whole[..., 0] > FAINT * whole.mean()
    told = np.flatnonzero(answering.any(0))
    seen = answering.any(1)
    strips = along.sum((0, 1))
    # an edge beside a strip that no cell sees is none that is seen
    shown = strips > FAINT * strips.mean()
    edges = np.flatnonzero(shown[:-1] & shown[1:])
    if len(told) < FEWEST or seen.sum() < 2 or not len(edges):
        return STRAIGHT
    shares = np.where(answering[..., None], along, 0) / np.where(answering[..., None], whole, 1)
    before = np.cumsum(shares, 2)[:, told][..., edges].sum(0) / answering[:, told].sum(0)[:, None]
    at = (told + 0.5) / answering.shape[1] * 2 - 1
    # (edges,) each
    bow, lean = fitted(at, before, 2)[:2]
    wanted = ends[edges]
    mean = before.mean(0)
    uneven = float(np.abs(mean - _steadily(wanted, mean)).max())
    shift = float(min(np.abs(mean - wanted).max(), np.abs(mean - (1 - wanted)).max()))
    cells = int(seen.sum())
    return Lines(
        float(np.abs(_steadily(wanted, lean)).max()),
        float(np.abs(_steadily(wanted, bow)).max()),
        max(uneven - WHOLE_CELLS / cells, 0.0),
        max(shift - FILLED / cells, 0.0),
        1 / float(cells * np.sqrt(len(told))),
    )


def _steadily(at: Float64Array, values: Float64Array) -> Float64Array:
    """What comes closest to the `values` and changes steadily; where few tell, they themselves."""
    if len(at) <= 2:
        return values
    slope, start = fitted(at, values, 1)
    return np.asarray(slope * at + start, np.float64)


def fitted(at: Float64Array, values: Float64Array, degree: int) -> Float64Array:
    """The coefficients, highest power first, of the polynomial that is closest to the `values` `at` these places.

    As numpy's `polyfit` has them. A network has hundreds of layers whose edges lie at the same few places.
    """
    return np.asarray(_solution(np.ascontiguousarray(at, np.float64).tobytes(), degree) @ values, np.float64)


@lru_cache(512)
def _solution(at: bytes, degree: int) -> Float64Array:
    """(degree + 1, places): what makes coefficients of values."""
    return np.asarray(np.linalg.pinv(np.vander(np.frombuffer(at), degree + 1)), np.float64)
