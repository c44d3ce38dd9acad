"""What all rows of an audit say, as columns that are small enough for memory. Public names: `GRID`, `Table`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .measures import resampled, softened
from .rows import Row

__all__ = ["GRID", "Table"]

# places along each side on which maps of all sizes are compared
GRID = 8
NOBODY = -1


@dataclass(frozen=True, eq=False)
class Table:
    """One entry a photograph that was answered: about 600 bytes each, whatever its size.

    `maps` are (n, GRID, GRID), each with the sum 1; `truth` and `second` are -1 where they are not known.
    """

    names: Sequence[str]
    maps: NDArray[np.float32]
    index: NDArray[np.int32]
    second: NDArray[np.int32]
    truth: NDArray[np.int32]
    probability: NDArray[np.float32]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Table:
        """Those of the `rows` that have an answer."""
        names: list[str] = []
        maps: list[NDArray[np.float32]] = []
        numbers: list[tuple[int, int, int]] = []
        sure: list[float] = []
        for row in rows:
            if row.index is None:
                continue
            names.append(row.name)
            maps.append(resampled(row.cam, GRID).astype(np.float32))
            numbers.append((row.index, _known(row.second), _known(row.truth)))
            sure.append(row.probability or 0.0)
        index, second, truth = np.array(numbers, np.int32).reshape(-1, 3).T
        stacked = np.array(maps, np.float32).reshape(-1, GRID, GRID)
        return cls(tuple(names), stacked, index, second, truth, np.array(sure, np.float32))

    @cached_property
    def soft(self) -> NDArray[np.float32]:
        """(n, GRID * GRID) `softened` maps."""
        return softened(self.maps)

    def __len__(self) -> int:
        return len(self.names)

    def accuracy(self, chosen: NDArray[np.intp]) -> float | None:
        """The part of the `chosen` that is right, of those whose class is known; None where it is of none."""
        known = chosen[self.truth[chosen] != NOBODY]
        return float((self.truth[known] == self.index[known]).mean()) if len(known) else None


def _known(number: int | None) -> int:
    return NOBODY if number is None else number
