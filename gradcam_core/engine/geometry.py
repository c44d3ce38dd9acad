"""Where the cells of layers lie on the input: strips of it are changed, and the cells that follow are seen.

    found = placed(network, inputs, {call: layout})    # {call: its layout, turned and moved as it was found}

Networks mirror, turn, crop and pad what they are given, keep their class token in front or behind, and hold things that
look like places and are none: latents, queries, channels, frequencies. A call that is not in `found` has cells that
follow no place. Everything is tried out at once, by 9 forward passes; 17 more place exactly what does not lie as
usual. Public names: `placed`, `placed_for`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import CamError
from ..types import Box
from .calls import Call, call_of
from .capture import recording, tensor_in
from .cells import USUAL, CellAnswer, CellPlace, Cells, CellSpan
from .decisions import Decisions
from .inputs import Inputs, called, first_of, with_first
from .layout import Layout
from .token_order import orders

__all__ = ["placed", "placed_for"]

# in how many strips, down and across, the input is changed one at a time: to see whether all is as usual, and to
# measure
STRIPS, FINE_STRIPS = 4, 8
# larger maps are reduced to this many cells a side first
MOST_CELLS = 32
# and about this many of their channels are looked at
FEW_CHANNELS = 32
# of a sharp layer: how well it agrees with where it was measured, how far its rows and columns answer alike, and what
# part of its answers may come from elsewhere
SHARP, EVEN, ELSEWHERE = 0.8, 0.7, 0.15
# a layer is sharp enough for its place to be measured if this share of each cell's answer comes from one strip
PURE = 0.7
# the same share for a layer behind one that lies askew: so sharp it is believed to be upright again
UPRIGHT = 0.45
# of a row of cells, the part of its answers that may come from far away, and of all of them that from elsewhere: more
# does where maps are rolled round or summed up. It is told of layers of which this share of each answer comes from one
# strip, thin ones; of one behind such a layer that is believed to be in order again
STRAYS, ASTRAY, TOLD_THIN, IN_ORDER = 0.5, 0.25, 0.4, 0.2
# in cells: a measured place is believed only if it is farther off than this; a convolution with a stride is off by half
# a cell, and seems a little more
OFF = 0.9
# in cells: the place of a layer that seems farther off than this is measured; less may come of strips that are broad
DOUBTFUL = 0.6
# of a layer that is not sharp: how well it has to agree with a place where none in front of it lies, and a map with any
CLEAR, HARDLY = 0.5, 0.15
# of the cells' answers, the part that comes from one strip, where thin strips tell a small warp, and where broad ones
# hint at it; of what is too much to come about by chance, the part that makes the closer look worth while
TELLING, HINTING, SUSPECT = 0.8, 0.9, 0.6
# a map with fewer cells tells nothing about its place
FEWEST = 16
# another place is taken instead of that of the layer in front only if it agrees better by this much (a correlation)
BETTER = 0.03
# and for a layer that is not sharp by this much, where it is at least so many cells off
FAR_BETTER, FAR_OFF = 0.08, 1.4
MOST_KNOWN = 16


def placed(
    network: nn.Module,
    inputs: Inputs,
    layouts: Mapping[Call, Layout],
    *,
    doubted: bool = False,
    decided: Sequence[Any] = (),
) -> tuple[dict[Call, Layout], bool]:
    """The layouts of those calls whose cells follow places of the first input, as their cells lie on it.

    `layouts` are what their shapes suggest, in the order of the calls. What does not answer to any change stays, unless
    the shapes are `doubted`. The second says whether the network decides by what it sees where it looks. Then what it
    `decided` by these inputs, or by others, stays so while strips are changed; by these alone it is not told that it
    turns or warps what it sees, for another photograph it may not.
    """
    found: dict[Call, Layout] = {}
    deciding = False
    # broad strips tell it of more layers than thin ones do
    astray: set[Call] = set()
    for strips in (STRIPS, FINE_STRIPS):
        answers, made = _answers(network, inputs, layouts, strips, decided)
        deciding = bool(made)
        special = orders(answers, layouts)
        # as usual until a layer is found to lie elsewhere
        known = [USUAL]
        found = {}
        crooked = leaning = doubtful = False
        known_cells: dict[Any, Cells] = {}
        for call, layout in layouts.items():
            ordered = special.get((layout.grid, layout.prefix), layout.special)
            one = replace(layout, special=ordered)
            # of what answers to no change nothing can be told
            told = call in answers and not answers[call].silent
            cells = _cells(answers[call], one, known_cells) if told else None
            place = known[0] if cells is None else _place(cells, layout, known)
            if cells is not None and (decided or not deciding):
                if call in astray or _astray(cells, place, first=not found and not crooked):
                    astray.add(call)
                    place = None
                crooked = _crooked(cells, place, crooked) or call in astray
                leaning = strips == FINE_STRIPS and _leaning(cells, place, leaning)
                near = place or known[0]
                hinted = cells.pure >= HINTING and cells.warped(near, SUSPECT)
                doubtful = doubtful or hinted or cells.stretched(near)
            unsure = doubted and (cells is None or (place is not None and not cells.follows(place)))
            if place is not None and not (crooked or leaning or unsure):
                before = known if found else []
                known = [place, *(other for other in before if other != place)][:MOST_KNOWN]
                found[call] = _laid_out(one, place)
        if not doubtful and all(layout == layouts[call] for call, layout in found.items()):
            break
    return found, deciding


def _cells(answer: CellAnswer, layout: Layout, known: dict[Any, Cells]) -> Cells:
    """The answers of the cells alone; `known` are those that were found before."""
    key = (id(answer), layout)
    if key not in known:
        known[key] = answer.cells(layout)
    return known[key]


def placed_for(
    network: nn.Module, inputs: Inputs, trial: Tensor, layouts: Mapping[str, Layout]
) -> dict[str, Layout] | None:
    """The layouts of those layers whose cells follow places of these inputs, of a network that decides by what it sees.

    What it decided by these inputs it is tried out with on the `trial` in their place, for a picture may be the same
    everywhere. None where it decided nothing.
    """
    with torch.no_grad(), Decisions(first_of(inputs)) as decisions:
        called(network, inputs)
    if not decisions.made:
        return None
    calls = {call_of(network, name): layout for name, layout in layouts.items()}
    found, _ = placed(network, with_first(inputs, trial), calls, decided=decisions.made)
    return {name: found[call] for name, call in zip(layouts, calls, strict=True) if call in found}


class _Watcher:
    """A recorder that keeps what calls return, or with `before` how much of it has changed, a value each place.

    What is handed on as it is, by a block what its last part has returned, is looked at once.
    """

    def __init__(self, layouts: Mapping[Call, Layout], before: Mapping[Call, Tensor] | None = None) -> None:
        self._layouts = layouts
        self._before = before
        self._runs: Counter[nn.Module] = Counter()
        self._modules = {call.module for call in layouts}
        # what was returned last, how often it had been written to by then, how it is laid out, and by which call
        self._last: tuple[Tensor, int, Layout, Call] | None = None
        self.of: dict[Call, Tensor] = {}

    def see(self, module: nn.Module, output: Any) -> None:
        if module not in self._modules:
            return
        self._runs[module] += 1
        call = Call(module, self._runs[module])
        layout, values = self._layouts.get(call), tensor_in(output)
        if layout is None or values is None:
            return
        handed_on = self._handed_on(call, values, layout)
        if handed_on in self.of and (self._before is None or self._same_before(call, handed_on)):
            self.of[call] = self.of[handed_on]
        elif self._before is None:
            # what follows may write to it
            self.of[call] = _some(values.detach(), layout).clone()
        elif call in self._before:
            now = _some(values.detach(), layout)
            if now.shape == self._before[call].shape:
                self.of[call] = _energy(now - self._before[call], layout)

    def _handed_on(self, call: Call, values: Tensor, layout: Layout) -> Call:
        """The call that returned the same values right before, which nothing has written to since; else `call`."""
        version = -1 if values.is_inference() else values._version
        last, self._last = self._last, (values, version, layout, call)
        same = last is not None and last[0] is values and last[1] == version >= 0 and last[2] == layout
        return last[3] if last is not None and same else call

    def _same_before(self, call: Call, other: Call) -> bool:
        before = self._before or {}
        return call in before and before[call] is before.get(other)


def _some(values: Tensor, layout: Layout) -> Tensor:
    """(channels, places...) of an output, of many channels a few."""
    maps = values.movedim((layout.batch, layout.channels), (0, 1))[0]
    return maps[:: max(len(maps) // FEW_CHANNELS, 1)]


def _energy(maps: Tensor, layout: Layout) -> Tensor:
    energy = maps.float().square().sum(0)
    if layout.grid is None:
        high, wide = (min(side, MOST_CELLS) for side in energy.shape)
        if (high, wide) != tuple(energy.shape):
            energy = functional.adaptive_avg_pool2d(energy[None], (high, wide))[0]
    return energy.nan_to_num(0, 0, 0)


def _answers(
    network: nn.Module, inputs: Inputs, layouts: Mapping[Call, Layout], strips: int, decided: Sequence[Any]
) -> tuple[dict[Call, CellAnswer], Sequence[Any]]:
    """What each call answers to a change in each strip, from one forward pass for each and one without any.

    The second is what the network decides by what it sees, or has `decided`.
    """
    before, made = _watched(network, inputs, layouts, decided)
    image = first_of(inputs)
    other = _other(image)
    sides: list[list[dict[Call, Tensor]]] = [[], []]
    ends = []
    for axis, side in zip((-2, -1), sides, strict=True):
        edges = np.linspace(0, image.shape[axis], min(strips, image.shape[axis]) + 1).round().astype(int).tolist()
        ends.append(np.array(edges[1:]) / image.shape[axis])
        for first, last in pairwise(edges):
            changed = image.clone()
            changed.narrow(axis, first, last - first).copy_(other.narrow(axis, first, last - first))
            with Decisions(changed, made) if made else nullcontext():
                side.append(_changes(network, with_first(inputs, changed), layouts, before))
    # what does not run every time, or returns another shape, tells nothing
    always = [call for call in before if all(call in one for side in sides for one in side)]
    answers: dict[Call, CellAnswer] = {}
    # of values that were handed on as they are, one answer
    known: dict[Any, CellAnswer] = {}
    for call in always:
        down, across = ([one[call] for one in side] for side in sides)
        key = (layouts[call], *map(id, (before[call], *down, *across)))
        if key not in known:
            # a part of what was there: gates change all places by the same factor
            there = _energy(before[call], layouts[call])
            known[key] = CellAnswer.of(layouts[call], there, down, across, (ends[0], ends[1]))
        answers[call] = known[key]
    return answers, made


def _other(image: Tensor) -> Tensor:
    """What is put into strips of an `image`: it comes from elsewhere in it, so that it is in its range.

    What is opposite; where that is the same, as in the bars with which transforms fill up, what is half a side away.
    """
    other = image.flip(-1, -2)
    height, width = (side // 2 for side in image.shape[-2:])
    for steps in ((height, 0), (0, width), (height, width)):
        other = torch.where(other == image, image.roll(steps, (-2, -1)), other)
    return other


def _watched(
    network: nn.Module, inputs: Inputs, layouts: Mapping[Call, Layout], decided: Sequence[Any]
) -> tuple[dict[Call, Tensor], Sequence[Any]]:
    """What each call returns, and what is decided on the way."""
    try:
        with Decisions(first_of(inputs), decided or None) as decisions:
            return _changes(network, inputs, layouts), decisions.made
    except CamError:
        # not everything goes on where its operations are watched
        return _changes(network, inputs, layouts), ()


def _changes(
    network: nn.Module, inputs: Inputs, layouts: Mapping[Call, Layout], before: Mapping[Call, Tensor] | None = None
) -> dict[Call, Tensor]:
    """What each call returns, or how much of it has changed since `before`."""
    with torch.no_grad(), recording(_Watcher(layouts, before)) as watcher:
        called(network, inputs)
    return watcher.of


def _place(cells: Cells, layout: Layout, known: list[CellPlace]) -> CellPlace | None:
    """Where the cells of a layer lie; `known` are the places of layers in front, the nearest first.

    What is sharp is measured. What is not lies as a layer in front of it does, as far as its cells follow. None where
    they do not.
    """
    best = max(known, key=cells.agrees)
    if cells.agrees(known[0]) >= cells.agrees(best) - BETTER:
        best = known[0]
    sharp = cells.pure >= PURE
    if not cells.follows(best):
        turned = max((CellPlace(*spans) for one in known for spans in _turns(one)), key=cells.agrees)
        best = turned if sharp or cells.agrees(turned) >= CLEAR else best
    few = len(cells.down.profiles[0]) * len(cells.down.profiles[1]) < FEWEST
    measured = _measured(cells) if cells.off(best) > DOUBTFUL else None
    if measured and not few:
        gain = cells.agrees(measured) - cells.agrees(best)
        if gain > FAR_BETTER and _apart(measured, best, cells) > FAR_OFF:
            # a part that was cut out behind other layers, such as by boxes, however much its cells mix
            best = measured
    if not sharp or (few and layout.grid is None):
        # gates and large kernels mix the places of maps, and leave them maps
        stays = layout.grid is None and (few or cells.agrees(best) >= HARDLY)
        return best if stays or cells.follows(best) else None
    if measured and cells.off(best) > DOUBTFUL and cells.agrees(measured) > cells.agrees(best) + BETTER:
        best = measured if _apart(measured, best, cells) > OFF else best
    tidy = cells.even(best) >= EVEN and cells.elsewhere(best) <= ELSEWHERE
    return best if tidy and cells.follows(best) else None


def _measured(cells: Cells) -> CellPlace | None:
    """Where the cells lie by what they answer to; None where no place agrees well."""
    measured = CellPlace(cells.down.measured(), cells.across.measured())
    fits = measured.down.axis != measured.across.axis and cells.agrees(measured) >= SHARP
    return measured if fits else None


def _astray(cells: Cells, place: CellPlace | None, *, first: bool) -> bool:
    """Whether some of the cells show what lies far from them, as where maps are rolled round, summed up or sorted.

    A box of cells may well fit all others, as where the input is cropped on one side and padded on the other. The
    `first` layer of a network mixes little.
    """
    if place is None:
        return False
    elsewhere = cells.elsewhere(place)
    if first and cells.pure < PURE and elsewhere > ELSEWHERE:
        return True
    told = cells.pure >= (PURE if cells.strips <= STRIPS else TOLD_THIN)
    return told and (elsewhere > ASTRAY or cells.strays(place) > STRAYS)


def _crooked(cells: Cells, place: CellPlace | None, before: bool) -> bool:
    """Whether a layer shows the input turned by some degrees, sheared, mirrored at its edges or warped.

    What mixes its places too much to tell shows it as the layer before it does.
    """
    sharp = cells.pure >= PURE
    if place is None:
        return before or sharp
    if before:
        told = cells.pure >= UPRIGHT and cells.agrees(place) >= SHARP and not cells.stretched(place)
        return not (told and cells.strays(place) <= IN_ORDER and cells.bends(place, 0.5) is False)
    return sharp and cells.bends(place) is True


def _leaning(cells: Cells, place: CellPlace | None, before: bool) -> bool:
    """The same of what is so little that thin strips alone tell it, and the sharpest layers."""
    if place is None or cells.pure < TELLING:
        return before
    return cells.warped(place, SUSPECT if before else 1.0)


def _turns(place: CellPlace) -> Iterator[tuple[CellSpan, CellSpan]]:
    down, across = ([span, *span.turned] for span in place)
    return ((first, second) for first, second in product(down, across) if first.axis != second.axis)


def _apart(one: CellPlace, other: CellPlace, cells: Cells) -> float:
    """How far the ends of two places are apart, in cells of the first."""
    if any(first.axis != second.axis for first, second in zip(one, other, strict=True)):
        return float("inf")
    steps = [
        max(abs(first.low - second.low), abs(first.high - second.high)) / along.unit(first)
        for first, second, along in zip(one, other, cells, strict=True)
    ]
    return max(steps)


def _laid_out(layout: Layout, place: CellPlace) -> Layout:
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
