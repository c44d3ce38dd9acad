"""How a module's output lies over the image: maps, channels last, or a sequence of tokens.

    layout = find_layout((1, 197, 768), (224, 224))    # a class token and 14 x 14 patches
    layout.to_map(output)                              # (n, 768, 14, 14)

Methods see (C, h, w) arrays whatever the network computes with. Public names: `MAPS`, `Grid`, `Layer`, `Layout`,
`find_layout`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import ceil, exp, log, prod, sqrt

import torch
from torch import Tensor

from ..types import WHOLE, Box

__all__ = ["MAPS", "Grid", "Layer", "Layout", "find_layout"]

# height, width
Grid = tuple[int, int]
# tokens in front of those of the image: class, distillation, registers
MOST_PREFIX = 16
CLASS_TOKENS = 2
# each extra token in front counts as much against a layout as this difference (of logarithms) in shape does
PREFIX_COST = 0.02
# the shape of a map may differ from its input's, where borders are cut off or sides rounded: of maps, of tokens;
# of a square input less
MAP_TOLERANCE, TOKEN_TOLERANCE, SQUARE_TOLERANCE = log(1.5), log(1.2), log(1.2)
# what rounding may make of a square root
SLACK = 1e-6


@dataclass(frozen=True)
class Layout:
    """Which axis of an output holds what.

    `channels` and `batch` are axes. Without `grid` the other two are height and width; with it the one left holds
    `prefix` tokens that show no place, then height x width tokens of the image, row by row; where they do not stand in
    front, `special` has their places. What is not `on_image`, such as the words of a question, has a grid of its own
    whatever the image's size.

    Networks may turn what they are given: where cells are `transposed`, rows of cells are columns of the image; where
    they are `upturned`, the first of the image's rows is the last of cells, where `mirrored`, of its columns. Maps are
    always upright. `part` is where on the input they lie, in parts of its sides.
    """

    channels: int = 1
    batch: int = 0
    prefix: int = 0
    grid: Grid | None = None
    on_image: bool = True
    special: tuple[int, ...] = ()
    transposed: bool = False
    upturned: bool = False
    mirrored: bool = False
    part: Box = WHOLE

    def to_map(self, output: Tensor) -> Tensor:
        """(n, C, h, w) of an output, or of its gradient, upright; tokens that show no place are left out."""
        whole = output.movedim((self.batch, self.channels), (0, 1))
        if self.grid is not None:
            places = whole[:, :, self._places(whole)] if self.special else whole[:, :, self.prefix :]
            whole = places.unflatten(-1, self.grid)
        whole = whole.mT if self.transposed else whole
        return whole.flip(self._flipped) if self._flipped else whole

    def inverse(self, maps: Tensor, output: Tensor) -> Tensor:
        """The output with the map (n, C, h, w); tokens that show no place keep what they are in `output`."""
        maps = maps.flip(self._flipped) if self._flipped else maps
        maps = maps.mT if self.transposed else maps
        if self.grid is not None:
            whole = output.movedim((self.batch, self.channels), (0, 1))
            if self.special:
                tokens = whole.expand(len(maps), -1, -1).clone()
                tokens[:, :, self._places(whole)] = maps.flatten(2).to(tokens)
                maps = tokens
            else:
                front = whole[:, :, : self.prefix].expand(len(maps), -1, -1)
                maps = torch.cat([front, maps.flatten(2)], dim=-1)
        return maps.movedim((0, 1), (self.batch, self.channels))

    @property
    def _flipped(self) -> list[int]:
        return [axis for axis, wrong in ((-2, self.upturned), (-1, self.mirrored)) if wrong]

    def _places(self, whole: Tensor) -> Tensor:
        """The tokens that show places, by number."""
        shows = torch.ones(whole.shape[-1], dtype=torch.bool, device=whole.device)
        shows[list(self.special)] = False
        return shows.nonzero()[:, 0]

    def map_shape(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """(C, h, w) of the map of an output of `shape`."""
        channels = self.channels % len(shape)
        places = [n for axis, n in enumerate(shape) if axis not in (self.batch, channels)]
        height, width = self.grid or places
        return (shape[channels], width, height) if self.transposed else (shape[channels], height, width)

    def fitted(self, shape: tuple[int, ...], size: Grid) -> Layout | None:
        """The same layout for an output of `shape` of an input of `size`; None where there is none."""
        if self.grid is None:
            fits = len(shape) == 4 and self.map_shape(shape)[1:] != (1, 1)
            return self if fits else None
        if len(shape) != 3:
            return None
        count = shape[3 - self.batch - self.channels] - self.prefix
        upright = self.grid[::-1] if self.transposed else self.grid
        if count == self.grid[0] * self.grid[1] and (not self.on_image or _misfit(upright, size) <= TOKEN_TOLERANCE):
            return self
        # where tokens stand apart, or how they are turned, was found at one size
        if not self.on_image or self.special or self.transposed:
            return None
        grid = _best_grid(count, size)
        return replace(self, grid=grid) if grid else None


MAPS = Layout()


@dataclass(frozen=True)
class Layer:
    """A layer whose map can be asked for: `shape` is (channels, height, width) of its activations as a map.

    `layout` says how the network holds them.
    """

    name: str
    shape: tuple[int, int, int]
    layout: Layout = MAPS

    @property
    def title(self) -> str:
        """The name with its resolution, as a menu shows it."""
        return f"{self.name} · {self.shape[2]}×{self.shape[1]}"  # noqa: RUF001


def find_layout(
    shape: tuple[int, ...], size: Grid, known: Iterable[Grid] = (), *, loosely: bool = False
) -> Layout | None:
    """The layout of an output of `shape`, one image a batch, of an input of `size`; None where it shows no places.

    `loosely` allows maps of any shape, of a part of the input or of one that was turned: whether they show places is to
    be tried out.

    A map has the input's shape, so which axes hold it can be seen; so has the grid of tokens, once those in front
    are left out. `known` are the grids of the maps in front, in order.
    """
    if len(shape) == 4 and shape[0] == 1:
        misfit, channels = min((_misfit(grid, size), axis) for axis, grid in ((1, shape[2:]), (3, shape[1:3])))
        allowed = SQUARE_TOLERANCE if size[0] == size[1] else MAP_TOLERANCE
        if loosely and min(shape[2:]) > 1 and max(shape[2:]) <= max(size):
            return MAPS
        return Layout(channels) if misfit <= allowed else None
    if len(shape) == 3 and 1 in shape[:2] and max(shape[:2]) > 1:
        batch, grids = shape[:2].index(1), list(known)
        found = _token_grids(shape[1 - batch], size, grids)
        options: list[tuple[float, int, Grid, int]] = [(*one, 2) for one in found]
        # maps whose rows were laid end to end; as anything may be a number of channels, only where the grid is known
        options += [(0.0, 0, grid, 1) for grid in grids if batch == 0 and prod(grid) == shape[2]]
        if not options:
            return None
        _, prefix, grid, channels = min(options)
        return Layout(channels, batch, prefix, grid)
    return None


def _token_grids(count: int, size: Grid, known: list[Grid]) -> Iterator[tuple[float, int, Grid]]:
    # behind maps a grid of another kind is coarser than theirs, and registers have no place in it
    most, largest = (CLASS_TOKENS, prod(known[-1])) if known else (MOST_PREFIX, count)
    for prefix in range(min(MOST_PREFIX, count - 2) + 1):
        cost = prefix * PREFIX_COST
        if prefix > count - prefix:
            # more in front than places: no image
            return
        yield from ((cost, prefix, grid) for grid in set(known) if prod(grid) == count - prefix)
        grid = _best_grid(count - prefix, size)
        if grid and prefix <= most and prod(grid) <= largest:
            yield _misfit(grid, size) + cost, prefix, grid


def _best_grid(count: int, size: Grid) -> Grid | None:
    # of a square image every grid is square
    allowed = 0.0 if size[0] == size[1] else TOKEN_TOLERANCE
    middle, wide = sqrt(count * size[0] / size[1]), exp(allowed / 2)
    heights = range(max(ceil(middle / wide - SLACK), 1), int(middle * wide + SLACK) + 1)
    grids = [(height, count // height) for height in heights if count % height == 0]
    best = min(grids, key=lambda grid: _misfit(grid, size), default=None)
    return best if best and _misfit(best, size) <= allowed else None


def _misfit(grid: tuple[int, ...], size: Grid) -> float:
    """How far the shape of `grid` is from that of the image; without end where it shows no places or too many."""
    (high, wide), (height, width) = grid, size
    if high * wide < 2 or high > height or wide > width:
        return float("inf")
    return abs(log(high / wide) - log(height / width))
