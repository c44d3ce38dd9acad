"""Where the cells of layers lie on the input: strips of it are changed, and the cells that follow are seen.

    found = placed(network, inputs, {call: layout})    # {call: its layout, turned and moved as it was found}

Networks mirror, turn, crop and pad what they are given, keep their class token in front or behind, and hold things that
look like places and are none: latents, queries, channels, frequencies. A call that is not in `found` has cells that
follow no place. Everything is tried out at once, by 9 forward passes; 17 more place exactly what does not lie as
usual. Public name: `placed`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise, product
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ..types import Box
from .calls import Call
from .capture import recording, tensor_in
from .inputs import Inputs, called, first_of, with_first
from .layout import Layout

__all__ = ["placed"]

Array = NDArray[np.float64]
# strips down and across in which the input is changed, one at a time: to see that all is as usual, and to measure
STRIPS, FINE_STRIPS = 4, 8
# maps are looked at by so many cells a side at most
MOST_CELLS = 32
# of the cells, so many lie outside any strip
OUTSIDE = 0.2
# correlation of what cells answer with what they should: of noise it is 0 +- 0.06 for 7 x 7 cells, of layers of random
# networks that mix everything 0.4, of most 1
FOLLOWS, FOLLOWS_EACH_WAY, AHEAD = 0.2, 0.1, 0.1
# of a sharp layer: how well it agrees with where it was measured, how far its rows and columns answer alike, and what
# part of its answers may come from elsewhere
SHARP, EVEN, ELSEWHERE = 0.8, 0.8, 0.15
# of the cells' answers, the part that comes from one strip, where a layer is sharp enough to measure where it lies
PURE = 0.7
# in cells: convolutions with a step are off by half a cell
OFF = 0.75
# fewer cells of a map tell nothing
FEWEST = 16
# by so much another order or place has to fit better than the usual one
BETTER = 0.03
MOST_KNOWN = 16


class _Span(NamedTuple):
    """Along which `axis` of the cells a side of the input lies, and where on it the cells begin and end."""

    axis: int
    low: float
    high: float

    @property
    def turned(self) -> Iterator[_Span]:
        """The same place, read backwards and along the other axis."""
        yield _Span(self.axis, self.high, self.low)
        yield _Span(1 - self.axis, self.low, self.high)
        yield _Span(1 - self.axis, self.high, self.low)


class _Place(NamedTuple):
    """Where cells lie, down and across the input."""

    down: _Span
    across: _Span


USUAL = _Place(_Span(0, 0.0, 1.0), _Span(1, 0.0, 1.0))


def placed(network: nn.Module, inputs: Inputs, layouts: Mapping[Call, Layout]) -> dict[Call, Layout]:
    """The layouts of those calls whose cells follow places of the first input, as their cells lie on it.

    `layouts` are what their shapes suggest, in the order of the calls. What does not answer to any change stays.
    """
    found: dict[Call, Layout] = {}
    for strips in (STRIPS, FINE_STRIPS):
        answers = _answers(network, inputs, layouts, strips)
        orders = _orders(answers, layouts)
        known = [USUAL]
        found = {}
        for call, layout in layouts.items():
            ordered = orders.get((layout.grid, layout.prefix), layout.apart)
            one = replace(layout, apart=ordered)
            place = _place(answers[call].cells(one), layout, known) if call in answers else known[0]
            if place is not None:
                known = [place, *(other for other in known if other != place)][:MOST_KNOWN]
                found[call] = _laid_out(one, place)
        if all(layout == layouts[call] for call, layout in found.items()):
            break
    return found


# --- what cells answer


class _Watcher:
    """A recorder that keeps what calls return, or with `before` how much of it has changed, a value each place."""

    def __init__(self, layouts: Mapping[Call, Layout], before: Mapping[Call, Tensor] | None = None) -> None:
        self._layouts = layouts
        self._before = before
        self._runs: Counter[nn.Module] = Counter()
        self._modules = {call.module for call in layouts}
        self.of: dict[Call, Tensor] = {}

    def see(self, module: nn.Module, output: Any) -> None:
        if module not in self._modules:
            return
        self._runs[module] += 1
        call = Call(module, self._runs[module])
        layout, values = self._layouts.get(call), tensor_in(output)
        if layout is None or values is None:
            return
        if self._before is None:
            # what follows may write to it
            self.of[call] = values.detach().clone()
        elif call in self._before and self._before[call].shape == values.shape:
            there = _energy(self._before[call], layout)
            changed = _energy(values.detach() - self._before[call], layout)
            # a part of what was there: gates change all places by the same factor
            self.of[call] = changed / (there + there.mean()).clamp_min(torch.finfo(torch.float32).tiny)


def _energy(values: Tensor, layout: Layout) -> Tensor:
    maps = values.movedim((layout.batch, layout.channels), (0, 1))[0]
    energy = maps.float().square().sum(0)
    if layout.grid is None:
        high, wide = (min(side, MOST_CELLS) for side in energy.shape)
        energy = functional.adaptive_avg_pool2d(energy[None], (high, wide))[0]
    return energy.nan_to_num(0, 0, 0)


@dataclass(frozen=True)
class _Answer:
    """How much of each place's answer, (places, strips), comes from each strip down and across the input."""

    down: Array
    across: Array
    grid: tuple[int, int]

    @classmethod
    def of(cls, layout: Layout, down: list[Tensor], across: list[Tensor]) -> _Answer:
        """Of how much each place changed with each strip."""
        first, second = (_shares(torch.stack(side).flatten(1).double().cpu().numpy()) for side in (down, across))
        return cls(first, second, layout.grid or (down[0].shape[0], down[0].shape[1]))

    def cells(self, layout: Layout) -> _Cells:
        """The answers of the cells alone, without the tokens that show no place."""
        apart = layout.apart or tuple(range(layout.prefix))
        return _Cells(*(_Along.of(np.delete(one, apart, 0), self.grid) for one in (self.down, self.across)))


@dataclass(frozen=True)
class _Along:
    """The same along each axis of the cells, (cells, strips), and how much it varies over all cells.

    `pure` is the part of the cells' answers that comes from one strip alone.
    """

    profiles: tuple[Array, Array]
    spreads: tuple[float, float]
    pure: float

    @classmethod
    def of(cls, answers: Array, grid: tuple[int, int]) -> _Along:
        shaped = answers.reshape(*grid, -1)
        whole = (answers.sum(1) ** 2).sum()
        pure = float((answers**2).sum() / whole) if whole else 0.0
        answering = np.asarray((shaped > 0).any(axis=2))
        # rows and columns of cells that lie outside of the input tell nothing across
        down, across = shaped[:, answering.any(axis=0)], shaped[answering.any(axis=1)]
        if not answering.any():
            return cls((np.zeros_like(shaped[:, 0]), np.zeros_like(shaped[0])), (0.0, 0.0), 0.0)
        return cls((down.mean(1), across.mean(0)), (float(down.std()), float(across.std())), pure)

    def even(self, axis: int) -> float:
        """How far cells of one row, or column, answer alike: 1 where all do."""
        return float(self.profiles[axis].std() / self.spreads[axis]) if self.spreads[axis] else 1.0

    def agrees(self, span: _Span) -> float:
        """The correlation of what the cells answer with what they should if they lay there, from -1 to 1."""
        profile = self.profiles[span.axis]
        if len(profile) == 1 or profile.shape[1] == 1:
            # one cell, or one strip: it cannot be told, and does not matter
            return 1.0
        wanted = _wanted(*profile.shape, span.low, span.high)
        spread = self.spreads[span.axis] * wanted.std()
        return float(((profile - profile.mean()) * (wanted - wanted.mean())).mean() / spread) if spread else 0.0

    def off(self, span: _Span) -> float:
        """How far the cells at the ends lie from there, in cells."""
        profile = self.profiles[span.axis]
        count, strips = profile.shape
        if count == 1 or strips == 1:
            return 0.0
        seen, wanted = (_centres(one) for one in (profile, _wanted(count, strips, span.low, span.high)))
        both = np.isfinite(seen) & np.isfinite(wanted)
        if both.sum() < 2:
            return float(count)
        at = (np.arange(count) + 0.5) / count
        slope, start = np.polyfit(at[both], (seen - wanted)[both], 1)
        cell = abs(span.high - span.low) / count
        return float(max(abs(start), abs(start + slope)) / cell)

    def elsewhere(self, span: _Span) -> float:
        """The part of the answers that comes neither from there nor from what lies beside it."""
        profile = self.profiles[span.axis]
        near = _wanted(*profile.shape, span.low, span.high) > 0
        for axis in (0, 1):
            along = np.swapaxes(near.copy(), 0, axis)
            wider = np.swapaxes(near, 0, axis)
            wider[1:] |= along[:-1]
            wider[:-1] |= along[1:]
        return float(profile[~near].sum() / (profile.sum() or 1))

    def measured(self) -> _Span:
        """Where the cells lie: of all places that which agrees best."""
        found = [_best(profile, spread) for profile, spread in zip(self.profiles, self.spreads, strict=True)]
        axis = int(np.argmax([agreement for agreement, _, _ in found]))
        return _Span(axis, *found[axis][1:])


class _Cells(NamedTuple):
    down: _Along
    across: _Along

    @property
    def silent(self) -> bool:
        """Whether no cell answers to any change."""
        return not (any(self.down.spreads) and any(self.across.spreads))

    def off(self, place: _Place) -> float:
        """How far the cells at the ends lie from there, in cells."""
        return max(along.off(span) for along, span in zip(self, place, strict=True))

    def elsewhere(self, place: _Place) -> float:
        """The part of the answers that comes neither from there nor from what lies beside it."""
        return max(along.elsewhere(span) for along, span in zip(self, place, strict=True))

    def even(self, place: _Place) -> float:
        """How far cells that should answer alike, of one row or column, do."""
        return min(along.even(span.axis) for along, span in zip(self, place, strict=True))

    def agrees(self, place: _Place) -> float:
        """The mean agreement down and across."""
        return (self.down.agrees(place.down) + self.across.agrees(place.across)) / 2

    def follows(self, place: _Place) -> bool:
        """Whether the cells lie there rather than turned in any way."""
        for along, span in zip(self, place, strict=True):
            if along.agrees(span) < max(FOLLOWS_EACH_WAY, max(map(along.agrees, span.turned)) + AHEAD):
                return False
        return self.agrees(place) >= FOLLOWS


def _answers(network: nn.Module, inputs: Inputs, layouts: Mapping[Call, Layout], strips: int) -> dict[Call, _Answer]:
    """What each call answers to a change in each strip, from one forward pass for each and one without any."""
    before = _watched(network, inputs, _Watcher(layouts))
    image = first_of(inputs)
    # what is put into a strip comes from elsewhere in the input, so that it is in its range
    other = image.flip(-1, -2)
    sides: list[list[dict[Call, Tensor]]] = [[], []]
    for axis, side in zip((-2, -1), sides, strict=True):
        edges = np.linspace(0, image.shape[axis], min(strips, image.shape[axis]) + 1).round().astype(int).tolist()
        for first, last in pairwise(edges):
            changed = image.clone()
            changed.narrow(axis, first, last - first).copy_(other.narrow(axis, first, last - first))
            side.append(_watched(network, with_first(inputs, changed), _Watcher(layouts, before)))
    # what does not run every time, or returns another shape, tells nothing
    always = [call for call in before if all(call in one for side in sides for one in side)]
    return {call: _Answer.of(layouts[call], *([one[call] for one in side] for side in sides)) for call in always}


def _watched(network: nn.Module, inputs: Inputs, watcher: _Watcher) -> dict[Call, Tensor]:
    with torch.no_grad(), recording(watcher):
        called(network, inputs)
    return watcher.of


def _shares(changed: Array) -> Array:
    """(places, strips) shares of each place's answers, without what every place answers to a strip."""
    whole = changed.sum(0)
    shares = (changed / np.where(whole > 0, whole, 1)).T
    # what hardly answers at all answers to rounding
    shares[whole <= 1e-9 * whole.max(initial=0)] = 0
    return np.clip(shares - np.quantile(shares, OUTSIDE, axis=0), 0, None)


@lru_cache(4096)
def _wanted(cells: int, strips: int, low: float, high: float) -> Array:
    """(cells, strips) part of each cell that lies in each strip, of cells spread evenly from `low` to `high`."""
    return _overlaps(cells, strips, np.array([low]), np.array([high]))[0]


def _overlaps(cells: int, strips: int, low: Array, high: Array) -> Array:
    edges = low[:, None] + (high - low)[:, None] * np.arange(cells + 1) / cells
    first, last = np.minimum(edges[:, :-1], edges[:, 1:]), np.maximum(edges[:, :-1], edges[:, 1:])
    bounds = np.arange(strips + 1) / strips
    within = np.minimum(last[..., None], bounds[1:]) - np.maximum(first[..., None], bounds[:-1])
    return np.clip(within, 0, None) / (last - first)[..., None]


def _centres(answers: Array) -> Array:
    """(cells,) middle of the strips that each cell answers to; NaN where it answers to none."""
    middles = (np.arange(answers.shape[1]) + 0.5) / answers.shape[1]
    whole = answers.sum(1)
    return np.where(whole > 0, answers @ middles / np.where(whole > 0, whole, 1), np.nan)


# --- where that places them


def _place(cells: _Cells, layout: Layout, known: list[_Place]) -> _Place | None:
    """Where the cells of a layer lie; `known` are the places of layers in front, the nearest first.

    What is sharp is measured. What is not lies as a layer in front of it does, as far as its cells follow. None where
    they do not.
    """
    if cells.silent:
        return known[0]
    best = max(known, key=cells.agrees)
    if cells.agrees(known[0]) >= cells.agrees(best) - BETTER:
        best = known[0]
    if not cells.follows(best):
        best = max((_Place(*spans) for one in known for spans in _turns(one)), key=cells.agrees)
    few = layout.grid is None and len(cells.down.profiles[0]) * len(cells.down.profiles[1]) < FEWEST
    if few or min(cells.down.pure, cells.across.pure) < PURE:
        return best if cells.follows(best) else known[0] if few else None
    if cells.off(best) > OFF:
        measured = _Place(cells.down.measured(), cells.across.measured())
        if measured.down.axis == measured.across.axis or cells.agrees(measured) < SHARP:
            return None
        if cells.agrees(measured) > cells.agrees(best) + BETTER and _apart(measured, best, cells) > OFF:
            best = measured
    tidy = cells.even(best) >= EVEN and cells.elsewhere(best) <= ELSEWHERE
    return best if tidy and cells.follows(best) else None


def _turns(place: _Place) -> Iterator[tuple[_Span, _Span]]:
    down, across = ([span, *span.turned] for span in place)
    return ((first, second) for first, second in product(down, across) if first.axis != second.axis)


def _apart(one: _Place, other: _Place, cells: _Cells) -> float:
    """How far the ends of two places are apart, in cells of the first."""
    if any(first.axis != second.axis for first, second in zip(one, other, strict=True)):
        return float("inf")
    steps = [
        max(abs(first.low - second.low), abs(first.high - second.high))
        * len(along.profiles[first.axis])
        / abs(first.high - first.low)
        for first, second, along in zip(one, other, cells, strict=True)
    ]
    return max(steps)


COARSE, FINE = 16, 128
NARROWEST, WIDEST = 0.25, 3.0


def _best(profile: Array, spread: float) -> tuple[float, float, float]:
    """The highest agreement of (cells, strips) answers with any place, and that place's ends."""
    ends = np.arange(-COARSE, 2 * COARSE + 1) / COARSE
    _, low, high = _search(profile, spread, ends, ends)
    near = np.arange(-FINE // COARSE, FINE // COARSE + 1) / FINE
    return _search(profile, spread, low + near, high + near)


def _search(profile: Array, spread: float, lows: Array, highs: Array) -> tuple[float, float, float]:
    low, high = (one.ravel() for one in np.meshgrid(lows, highs))
    fits = (np.abs(high - low) >= NARROWEST) & (np.abs(high - low) <= WIDEST)
    low, high = low[fits], high[fits]
    wanted = _overlaps(len(profile), profile.shape[1], low, high)
    spreads = spread * wanted.std(axis=(1, 2))
    together = ((profile - profile.mean()) * (wanted - wanted.mean((1, 2), keepdims=True))).mean((1, 2))
    agreement = np.where(spreads > 0, together / np.where(spreads > 0, spreads, 1), -1)
    at = int(agreement.argmax())
    return float(agreement[at]), float(low[at]), float(high[at])


def _laid_out(layout: Layout, place: _Place) -> Layout:
    """`layout` with its cells at `place`."""
    down, across = place
    top, bottom = sorted((down.low, down.high))
    left, right = sorted((across.low, across.high))
    return replace(
        layout,
        transposed=down.axis == 1,
        upturned=down.low > down.high,
        mirrored=across.low > across.high,
        part=Box(left, top, right, bottom),
    )


# --- which tokens show no place


def _orders(answers: Mapping[Call, _Answer], layouts: Mapping[Call, Layout]) -> dict[Hashable, tuple[int, ...]]:
    """Of each grid and number of tokens that show no place, where those stand; nothing where they stand in front."""
    groups: dict[Hashable, list[Call]] = {}
    for call in answers:
        if layouts[call].grid and layouts[call].prefix:
            groups.setdefault((layouts[call].grid, layouts[call].prefix), []).append(call)
    return {key: _order([answers[call] for call in calls], layouts[calls[0]]) for key, calls in groups.items()}


def _order(answers: list[_Answer], layout: Layout) -> tuple[int, ...]:
    count, total = layout.prefix, len(answers[0].down)
    middle = (total - count) // 2

    def agreement(apart: tuple[int, ...]) -> float:
        return float(np.mean([one.cells(replace(layout, apart=apart)).agrees(USUAL) for one in answers]))

    options = [(*range(front), *range(total - count + front, total)) for front in range(count, -1, -1)]
    options.append(tuple(range(middle, middle + count)))
    options.append(_aligned(max(answers, key=lambda one: one.down.std()), count))
    agreements = [agreement(option) for option in options]
    at = int(np.argmax(agreements))
    return options[at] if at and agreements[at] > agreements[0] * (1 + BETTER) else ()


def _aligned(answer: _Answer, count: int) -> tuple[int, ...]:
    """The `count` tokens without which the others follow the grid best, row by row; by dynamic programming."""
    (high, wide), total = answer.grid, len(answer.down)
    wanted = [_wanted(high, answer.down.shape[1], 0.0, 1.0), _wanted(wide, answer.across.shape[1], 0.0, 1.0)]
    down, across = (one - one.mean() for one in wanted)
    cells = np.arange(high * wide)
    best, left_out = np.full(count + 1, -np.inf), []
    best[0] = 0.0
    for token in range(total):
        at = token - np.arange(count + 1)
        fits = (at >= 0) & (at < len(cells))
        place = cells[np.clip(at, 0, len(cells) - 1)]
        value = down[place // wide] @ answer.down[token] + across[place % wide] @ answer.across[token]
        kept = np.where(fits, best + value, -np.inf)
        dropped = np.concatenate([[-np.inf], best[:-1]])
        left_out.append(dropped > kept)
        best = np.maximum(kept, dropped)
    apart, skipped = [], count
    for token in reversed(range(total)):
        if left_out[token][skipped]:
            apart.append(token)
            skipped -= 1
    return tuple(reversed(apart))
