"""Which classes are taken for each other, and what speaks for the wrong one. Public names: `Confusion`,
`confusions_of`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..engine.watch import Watch
from ..explanation import Explanation
from ..languages import Finding, Said
from .clusters import Indices
from .looking import Looker
from .table import Table

__all__ = ["Confusion", "confusions_of"]

# pairs of classes, and mistakes of each that are shown
PAIRS, SHOWN = 5, 3


@dataclass(frozen=True, eq=False, repr=False)
class Confusion(Said):
    """Photographs of one class that are taken for another; `members` are their entries in the table, typical first.

    `contrasts` are maps of the most typical: what speaks for the wrong class rather than the right one.
    """

    truth: str
    taken_for: str
    members: Indices
    among: int
    contrasts: tuple[Explanation, ...]

    def record(self, names: Sequence[str]) -> dict[str, Any]:
        """Which photographs they are, ready for JSON; `names` are those of the table."""
        photographs = [names[one] for one in self.members]
        return {"truth": self.truth, "taken_for": self.taken_for, "among": self.among, "photographs": photographs}

    @property
    def finding(self) -> Finding:
        """How many of which class are taken for which other."""
        found = {"count": len(self.members), "among": self.among}
        return Finding("audit.confusion", truth=self.truth, taken_for=self.taken_for, **found)


def confusions_of(looker: Looker, table: Table, folder: Path, watch: Watch) -> tuple[Confusion, ...]:
    """The most frequent mistakes, the commonest first."""
    labels = looker.labels
    wrong = np.flatnonzero((table.truth >= 0) & (table.truth != table.index))
    pairs = Counter((int(table.truth[one]), int(table.index[one])) for one in wrong)
    found: list[Confusion] = []
    for (truth, index), _ in sorted(pairs.items(), key=lambda one: (-one[1], one[0]))[:PAIRS]:
        members = np.flatnonzero((table.truth == truth) & (table.index == index))
        maps = table.soft[members]
        members = members[np.argsort(((maps - maps.mean(0)) ** 2).sum(1), kind="stable")]
        contrast = partial(_contrast, looker, folder, index, truth)
        watch.at(len(found), PAIRS)
        contrasts = tuple(looker.each(contrast, [table.names[one] for one in members[:SHOWN]]))
        among = int((table.truth == truth).sum())
        found.append(Confusion(labels[truth], labels[index], members, among, contrasts))
    return tuple(found)


def _contrast(looker: Looker, folder: Path, index: int, truth: int, name: str) -> Explanation:
    return looker.answer(folder / name, target=index, rival=truth)
