"""What a check comes to: the same words for places of a picture and for words of a text. Public names: `Judged`,
`Verdict`.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from ..languages import Said

__all__ = ["Judged", "Verdict"]

# a map holds if it beats at least this share of the random draws: eight of nine
ENOUGH = 0.8
# and does so clearly where its places matter so many times as much as as many others
CLEARLY = 1.5


class Verdict(Enum):
    """Whether what a map shows matters."""

    HOLDS = "it matters more than most of what is taken at random"
    BY_LITTLE = "it does, and as much taken at random matters nearly as much"
    FAILS = "it matters, but what is taken at random does as well"
    NO_CHANGE = "the probability does not change as the map says"


class _Compared(Protocol):
    """What is known of a check; a change is above zero where the probability goes where the map says."""

    @property
    def changes(self) -> tuple[float, float]:
        """The change by what the sentence tells of, and by as much taken at random."""

    @property
    def mean_change(self) -> float:
        """The change by what the map shows, averaged over the shares that were tried."""

    @property
    def beaten(self) -> float:
        """The share of the random draws that change it less, averaged over the same shares."""

    @property
    def moves(self) -> bool: ...

    @property
    def holds(self) -> bool: ...


class Judged(Said):
    """A check of a map by what becomes of the probability without what it shows, against as much taken at random."""

    @property
    def moves(self: _Compared) -> bool:
        """Whether the probability changes as the map says: by what is told, and on average."""
        return self.changes[0] > 0 and self.mean_change > 0

    @property
    def holds(self: _Compared) -> bool:
        """Whether it `moves`, and what the map shows matters more than at least four fifths of the random draws: others
        may raise a probability that this leaves as it is, which is no evidence.

        A draw may hit the strongest places or words by chance, so that not all of them have to stand back.
        """
        return self.moves and self.beaten >= ENOUGH

    @property
    def verdict(self: _Compared) -> Verdict:
        """What it comes to."""
        if not self.holds:
            return Verdict.FAILS if self.moves else Verdict.NO_CHANGE
        own, random = self.changes
        return Verdict.BY_LITTLE if own < CLEARLY * random else Verdict.HOLDS
