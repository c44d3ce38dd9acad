"""What cells answer to changes of strips of the input, and how well that agrees with where they may lie.

    cells = CellAnswer.of(layout, down, across).cells(layout)
    cells.agrees(USUAL), cells.off(USUAL), cells.down.measured()

Public names: `USUAL`, `CellAnswer`, `CellPlace`, `CellSpan`, `Cells`, `wanted_of`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .bends import STRAIGHT, Lines, fitted, lines_of
from .layout import Layout

__all__ = ["USUAL", "CellAnswer", "CellPlace", "CellSpan", "Cells", "wanted_of"]

Float64Array = NDArray[np.float64]
# at least this share of the cells lies outside any one strip: what those answer is taken for the background
OUTSIDE = 0.2
# correlation of what cells answer with what they should: of noise it is 0 +- 0.06 for 7 x 7 cells, of layers of random
# networks that mix everything 0.4, of most 1
FOLLOWS, FOLLOWS_EACH_WAY, AHEAD = 0.2, 0.1, 0.1
# how finely a layer's place is searched for, in steps to a side of the input: first, and then around the best one
COARSE, FINE = 16, 128
NARROWEST, WIDEST = 0.25, 3.0
# as a share of the input's side: nobody sees that a map is off by less
SMALLEST = 0.05
# how far, for each step along, cells step aside, and what part of a side they go back, where they lie askew or mirrored
ASKEW, BACK = 0.22, 0.09
# whether a map is askew is told from cells whose answers are at least this concentrated, and from so many a side
TELLING, FEWEST_A_SIDE = 0.5, 4
# as a share of the input's side: what lies farther from a cell than this is not beside it. Rows of cells that answer
# less than this part of what the middle one of them does are padding
FAR, PADDING = 0.4, 0.2
# cells lie further apart than they can where steps from one to the next are longer by more than this factor: padded
# edges
STRETCHED = 1.04


class CellSpan(NamedTuple):
    """Along which `axis` of the cells a side of the input lies, and where on it the cells begin and end."""

    axis: int
    low: float
    high: float

    @property
    def turned(self) -> Iterator[CellSpan]:
        """The same place, read backwards and along the other axis."""
        yield CellSpan(self.axis, self.high, self.low)
        yield CellSpan(1 - self.axis, self.low, self.high)
        yield CellSpan(1 - self.axis, self.high, self.low)


class CellPlace(NamedTuple):
    """Where cells lie, down and across the input."""

    down: CellSpan
    across: CellSpan


USUAL = CellPlace(CellSpan(0, 0.0, 1.0), CellSpan(1, 0.0, 1.0))


@dataclass(frozen=True)
class CellAnswer:
    """How much of each place's answer, (places, strips), comes from each strip down and across the input.

    What is `silent` answers to no change; where all places answer alike, none comes from anywhere. `ends` are where the
    strips end, down and across, in parts of the input.
    """

    down: Float64Array
    across: Float64Array
    grid: tuple[int, int]
    silent: bool
    ends: tuple[Float64Array, Float64Array]

    @classmethod
    def of(
        cls,
        layout: Layout,
        there: Tensor,
        down: list[Tensor],
        across: list[Tensor],
        ends: tuple[Float64Array, Float64Array],
    ) -> CellAnswer:
        """Of how much each place changed with each strip, and of what was there."""
        most = (there + there.mean()).flatten().double().cpu().numpy()
        changed = [torch.stack(side).flatten(1).double().cpu().numpy() for side in (down, across)]
        first, second = (_shares(side / np.where(most > 0, most, 1)) for side in changed)
        silent = not all(side.any() for side in changed)
        return cls(first, second, layout.grid or (down[0].shape[0], down[0].shape[1]), silent, ends)

    def cells(self, layout: Layout) -> Cells:
        """The answers of the cells alone, without the tokens that show no place."""
        special = layout.special or tuple(range(layout.prefix))
        sides = zip((self.down, self.across), self.ends, strict=True)
        return Cells(*(_Along.of(np.delete(one, special, 0), self.grid, ends) for one, ends in sides))


@dataclass(frozen=True)
class _Along:
    """The same along each axis of the cells, (cells, strips), and how much it varies over all cells.

    `pure` is the part of the cells' answers that comes from one strip alone; `slopes` is how far the middle of what a
    cell answers to moves from the first row, and column, to the last, in sides of the input, and by how much more it
    moves along the last row than along the first. `lines` are the edges between strips along each axis.
    """

    profiles: tuple[Float64Array, Float64Array]
    spreads: tuple[float, float]
    pure: float
    slopes: tuple[float, float, float] = (0.0, 0.0, 0.0)
    lines: tuple[Lines, Lines] = (STRAIGHT, STRAIGHT)

    @classmethod
    def of(cls, answers: Float64Array, grid: tuple[int, int], ends: Float64Array) -> _Along:
        shaped = answers.reshape(*grid, -1)
        whole = (answers.sum(1) ** 2).sum()
        pure = float((answers**2).sum() / whole) if whole else 0.0
        answering = np.asarray((shaped > 0).any(axis=2))
        # rows and columns of cells that lie outside of the input tell nothing across
        down, across = shaped[:, answering.any(axis=0)], shaped[answering.any(axis=1)]
        if not answering.any():
            return cls((np.zeros_like(shaped[:, 0]), np.zeros_like(shaped[0])), (0.0, 0.0), 0.0)
        lines = lines_of(shaped, 0, ends), lines_of(shaped, 1, ends)
        spreads = float(down.std()), float(across.std())
        return cls((down.mean(1), across.mean(0)), spreads, pure, _slopes(shaped), lines)

    def even(self, axis: int) -> float:
        """How far cells of one row, or column, answer alike: 1 where all do."""
        return float(self.profiles[axis].std() / self.spreads[axis]) if self.spreads[axis] else 1.0

    def agrees(self, span: CellSpan) -> float:
        """The correlation of what the cells answer with what they should if they lay there, from -1 to 1."""
        profile = self.profiles[span.axis]
        if len(profile) == 1 or profile.shape[1] == 1:
            # one cell, or one strip: it cannot be told, and does not matter
            return 1.0
        wanted, varies = _centred(len(profile), profile.shape[1], span.low, span.high)
        spread = self.spreads[span.axis] * varies * profile.size
        return float(np.vdot(profile, wanted) / spread) if spread else 0.0

    def off(self, span: CellSpan) -> float:
        """How far the cells at the ends lie from there, in cells, those that are very small taken as larger."""
        profile = self.profiles[span.axis]
        count, strips = profile.shape
        if count == 1 or strips == 1:
            return 0.0
        seen, wanted = (_centres(one) for one in (profile, wanted_of(count, strips, span.low, span.high)))
        both = np.isfinite(seen) & np.isfinite(wanted)
        if both.sum() < 2:
            return float(count)
        at = (np.arange(count) + 0.5) / count
        slope, start = fitted(at[both], (seen - wanted)[both], 1)
        return float(max(abs(start), abs(start + slope)) / self.unit(span))

    def bends(self, span: CellSpan, part: float = 1.0) -> bool | None:
        """Whether cells of one row, or column, lie askew, or the rows turn back; None where it cannot be told.

        With a smaller `part` a smaller slope is enough.
        """
        profile = self.profiles[span.axis]
        along, aside, more = (abs(self.slopes[at]) for at in (span.axis, 1 - span.axis, 2))
        if along < TELLING or min(len(one) for one in self.profiles) < FEWEST_A_SIDE or profile.shape[1] == 1:
            return None
        # convolutions of panoramas pad with what lies at the other edge, so that outer cells show a little of it
        centres = _centres(_where_strongest(profile)) * np.sign(span.high - span.low)
        centres = centres[np.isfinite(centres)]
        back = float((np.maximum.accumulate(centres) - centres).max(initial=0))
        # at the corners, which both reach, the one is worth half of the other
        return max(aside, more / 2) > part * ASKEW * along or back > part * BACK

    def stretched(self, span: CellSpan) -> bool:
        """Whether the cells seem to lie further apart than they can: some at the edges show what others show."""
        profile = self.profiles[span.axis]
        longest = _longest(*profile.shape, span.low, span.high)
        return abs(self.slopes[span.axis]) > STRETCHED * longest > 0

    def unit(self, span: CellSpan) -> float:
        """What counts as one cell's width, in parts of the input's side."""
        return max(abs(span.high - span.low) / len(self.profiles[span.axis]), SMALLEST)

    def elsewhere(self, span: CellSpan) -> float:
        """The part of the answers that comes neither from there nor from what lies beside it."""
        profile = self.profiles[span.axis]
        near = wanted_of(*profile.shape, span.low, span.high) > 0
        for axis in (0, 1):
            along = np.swapaxes(near.copy(), 0, axis)
            wider = np.swapaxes(near, 0, axis)
            wider[1:] |= along[:-1]
            wider[:-1] |= along[1:]
        return float(profile[~near].sum() / (profile.sum() or 1))

    def strays(self, span: CellSpan) -> float:
        """Of the row, or column, of cells that answers most to what is far from it, the part that comes from there."""
        profile = self.profiles[span.axis]
        count, strips = profile.shape
        whole = profile.sum(1)
        if strips == 1 or not whole.any():
            return 0.0
        lies = np.clip(span.low + (span.high - span.low) * (np.arange(count) + 0.5) / count, 0, 1)
        far = np.abs((np.arange(strips) + 0.5) / strips - lies[:, None]) > FAR
        telling = whole > PADDING * np.median(whole[whole > 0])
        return float(((profile * far).sum(1)[telling] / whole[telling]).max(initial=0))

    def measured(self) -> CellSpan:
        """Where the cells lie: of all places that which agrees best."""
        found = [_best(profile, spread) for profile, spread in zip(self.profiles, self.spreads, strict=True)]
        axis = int(np.argmax([agreement for agreement, _, _ in found]))
        return CellSpan(axis, *map(_on_edge, found[axis][1:]))


class Cells(NamedTuple):
    down: _Along
    across: _Along

    def off(self, place: CellPlace) -> float:
        """How far the cells at the ends lie from there, in cells of some size."""
        return max(along.off(span) for along, span in zip(self, place, strict=True))

    @property
    def strips(self) -> int:
        """How many strips there are down."""
        return self.down.profiles[0].shape[1]

    @property
    def pure(self) -> float:
        """The part of the answers that comes from one strip alone, in the direction in which it is smaller."""
        return min(self.down.pure, self.across.pure)

    def bends(self, place: CellPlace, part: float = 1.0) -> bool | None:
        """Whether the cells lie askew or turn back, as no turned or moved box of cells does; None: it cannot be told.

        With a smaller `part` less is enough.
        """
        told = [along.bends(span, part) for along, span in zip(self, place, strict=True)]
        return True if True in told else None if None in told else False

    def warped(self, place: CellPlace, part: float = 1.0) -> bool:
        """Whether straight lines of the input are bent or lean a little, of layers that are sharp enough to tell.

        With a smaller `part` less is enough. Of what seems to show the whole input, whether it does.
        """
        lines = [along.lines[span.axis] for along, span in zip(self, place, strict=True)]
        shifted = place == USUAL and any(one.shift > SMALLEST for one in lines)
        return shifted or any(one.bent(self.pure, part) for one in lines)

    def stretched(self, place: CellPlace) -> bool:
        """Whether the cells seem to lie further apart than they can at this place."""
        return any(along.stretched(span) for along, span in zip(self, place, strict=True))

    def elsewhere(self, place: CellPlace) -> float:
        """The part of the answers that comes neither from there nor from what lies beside it."""
        return max(along.elsewhere(span) for along, span in zip(self, place, strict=True))

    def strays(self, place: CellPlace) -> float:
        """Of the row or column of cells that answers most to what is far from it, the part that comes from there."""
        return max(along.strays(span) for along, span in zip(self, place, strict=True))

    def even(self, place: CellPlace) -> float:
        """How far cells that should answer alike, of one row or column, do."""
        return min(along.even(span.axis) for along, span in zip(self, place, strict=True))

    def agrees(self, place: CellPlace) -> float:
        """The mean agreement down and across."""
        return (self.down.agrees(place.down) + self.across.agrees(place.across)) / 2

    def follows(self, place: CellPlace) -> bool:
        """Whether the cells lie there rather than turned in any way."""
        for along, span in zip(self, place, strict=True):
            if along.agrees(span) < max(FOLLOWS_EACH_WAY, max(map(along.agrees, span.turned)) + AHEAD):
                return False
        return self.agrees(place) >= FOLLOWS


def _shares(changed: Float64Array) -> Float64Array:
    """(places, strips) shares of each place's answers, without what every place answers to a strip."""
    whole = changed.sum(0)
    shares = (changed / np.where(whole > 0, whole, 1)).T
    # what hardly answers at all answers to rounding
    shares[whole <= 1e-9 * whole.max(initial=0)] = 0
    return np.clip(shares - np.quantile(shares, OUTSIDE, axis=0), 0, None)


@lru_cache(4096)
def wanted_of(cells: int, strips: int, low: float, high: float) -> Float64Array:
    """(cells, strips) part of each cell that lies in each strip, of cells spread evenly from `low` to `high`."""
    return _overlaps(cells, strips, np.array([low]), np.array([high]))[0]


@lru_cache(4096)
def _centred(cells: int, strips: int, low: float, high: float) -> tuple[Float64Array, float]:
    """`wanted_of` less its mean, and how much it varies."""
    wanted = wanted_of(cells, strips, low, high)
    return wanted - wanted.mean(), float(wanted.std())


@lru_cache(4096)
def _longest(cells: int, strips: int, low: float, high: float) -> float:
    """How far the middles of `wanted_of` move; by the same fit as what is seen, so that strips of any width tell so."""
    return abs(_slopes(np.repeat(wanted_of(cells, strips, low, high)[:, None], 2, 1))[0])


def _overlaps(cells: int, strips: int, low: Float64Array, high: Float64Array) -> Float64Array:
    edges = low[:, None] + (high - low)[:, None] * np.arange(cells + 1) / cells
    first, last = np.minimum(edges[:, :-1], edges[:, 1:]), np.maximum(edges[:, :-1], edges[:, 1:])
    bounds = np.arange(strips + 1) / strips
    within = np.minimum(last[..., None], bounds[1:]) - np.maximum(first[..., None], bounds[:-1])
    return np.clip(within, 0, None) / (last - first)[..., None]


def _centres(answers: Float64Array) -> Float64Array:
    """(cells,) middle of the strips that each cell answers to; NaN where it answers to none."""
    middles = (np.arange(answers.shape[1]) + 0.5) / answers.shape[1]
    whole = answers.sum(1)
    return np.where(whole > 0, answers @ middles / np.where(whole > 0, whole, 1), np.nan)


def _where_strongest(answers: Float64Array) -> Float64Array:
    """The (cells, strips) answers to the strip to which each cell answers most, and to those on either side of it."""
    strips = np.arange(answers.shape[1])
    return np.where(np.abs(strips - answers.argmax(1)[:, None]) <= 1, answers, 0)


def _on_edge(end: float) -> float:
    """`end`, or the edge of the input from which it is no farther than one step of the search."""
    edge = float(np.clip(np.round(end), 0, 1))
    return edge if abs(end - edge) <= 1 / FINE else end


def _slopes(shaped: Float64Array) -> tuple[float, float, float]:
    """How far the middles of (rows, columns, strips) answers move over all rows, over all columns, and over both."""
    rows, columns, strips = shaped.shape
    whole = shaped.sum(2)
    middles = _centres(shaped.reshape(-1, strips))
    down, across = (one.ravel() for one in np.indices((rows, columns)))
    told = np.isfinite(middles)
    if not told.any():
        return 0.0, 0.0, 0.0
    weights = whole.ravel()[told, None]
    y, x = (down[told] + 0.5) / rows - 0.5, (across[told] + 0.5) / columns - 0.5
    terms = np.stack([np.ones(told.sum()), y, x, y * x], 1)
    # four equations instead of one a cell
    found = np.linalg.lstsq((terms * weights).T @ terms, (terms * weights).T @ middles[told], rcond=None)[0]
    return float(found[1]), float(found[2]), float(found[3])


def _best(profile: Float64Array, spread: float) -> tuple[float, float, float]:
    """The highest agreement of (cells, strips) answers with any place, and that place's ends."""
    _, low, high = _search(profile, spread, _everywhere(profile.shape))
    near = np.arange(-FINE // COARSE, FINE // COARSE + 1) / FINE
    return _search(profile, spread, _Places.between(profile.shape, low + near, high + near))


class _Places(NamedTuple):
    """(n,) places by their ends; what answers there should be, (n, cells * strips) less the mean, and their spread."""

    low: Float64Array
    high: Float64Array
    wanted: Float64Array
    spreads: Float64Array

    @classmethod
    def between(cls, shape: tuple[int, ...], lows: Float64Array, highs: Float64Array) -> _Places:
        low, high = (one.ravel() for one in np.meshgrid(lows, highs))
        fits = (np.abs(high - low) >= NARROWEST) & (np.abs(high - low) <= WIDEST)
        low, high = low[fits], high[fits]
        wanted = _overlaps(shape[0], shape[1], low, high).reshape(len(low), -1)
        return cls(low, high, wanted - wanted.mean(1, keepdims=True), wanted.std(axis=1))


@lru_cache(maxsize=16)
def _everywhere(shape: tuple[int, ...]) -> _Places:
    # layers of one size share them: a network has hundreds of layers, and few sizes
    ends = np.arange(-COARSE, 2 * COARSE + 1) / COARSE
    return _Places.between(shape, ends, ends)


def _search(profile: Float64Array, spread: float, places: _Places) -> tuple[float, float, float]:
    spreads = spread * places.spreads
    together = places.wanted @ (profile - profile.mean()).ravel() / profile.size
    agreement = np.where(spreads > 0, together / np.where(spreads > 0, spreads, 1), -1)
    at = int(agreement.argmax())
    return float(agreement[at]), float(places.low[at]), float(places.high[at])
