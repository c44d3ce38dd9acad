"""Hiding parts of what the model was given, and what it says then: the same for pictures and sentences.

An order gives every part, a pixel or a word, its place from 0 to below 1; a mask says which parts are hidden. What is
hidden how, and in which random orders, is a canvas's own. Public names: `CLEARLY`, `ENOUGH`, `Ask`, `Curve`, `Curves`,
`Hidden`, `HideAndLook`, `hidden_and_shown`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..languages import Finding, Said
from ..types import Prediction

__all__ = ["CLEARLY", "ENOUGH", "Ask", "Curve", "Curves", "Hidden", "HideAndLook", "hidden_and_shown"]

Array: TypeAlias = NDArray[Any]
# gives the (n, K) probabilities of all classes with each of n masks' parts hidden
Ask: TypeAlias = Callable[[Sequence[Array]], Array]
# a map holds if it beats at least this share of the random draws: eight of nine
ENOUGH = 0.8
# and does so clearly where its places matter so many times as much as as many others
CLEARLY = 1.5


@dataclass(frozen=True)
class Hidden:
    """The class's probability with `share` of the seen area hidden: the hottest, and shares taken at random."""

    share: float
    hottest: float
    random: tuple[float, ...]

    @property
    def random_mean(self) -> float:
        """The mean over the random draws."""
        return float(np.mean(self.random))


@dataclass(frozen=True, repr=False)
class HideAndLook(Said):
    """The probability of `target` before, and with growing shares hidden."""

    target: Prediction
    against: bool
    steps: tuple[Hidden, ...]
    nbytes: int = 1024

    @property
    def told(self) -> Hidden:
        """The middle share, of which the sentences speak."""
        return self.steps[len(self.steps) // 2]

    @property
    def moves(self) -> bool:
        """Whether the probability changes as the map says: at the share that is told, and on average."""
        return all(self._changed(one) > 0 for one in (self.told.hottest, self._mean))

    @property
    def holds(self) -> bool:
        """Whether it `moves`, and the hottest places matter more than at least four fifths of the random draws of as
        much: other places may raise a probability that these leave as it is, which is no evidence.

        What matters is the change of the probability, averaged over the shares; a draw may hit the hottest
        places by chance, so that not all of them have to stand back.
        """
        random = np.array([step.random for step in self.steps]).mean(axis=0)
        return self.moves and bool((self._changed(self._mean) > self._changed(random)).mean() >= ENOUGH)

    @property
    def by_little(self) -> bool:
        """Whether it `holds`, and as many places taken at random matter nearly as much."""
        return self.holds and self._changed(self.told.hottest) < CLEARLY * self._changed(self.told.random_mean)

    @property
    def _mean(self) -> float:
        """The probability with the hottest places hidden, averaged over the shares."""
        return float(np.mean([step.hottest for step in self.steps]))

    def _changed(self, probability: Any) -> Any:
        """How far it is from what it was, above zero where the map says so."""
        return (probability - self.target.probability) * (1 if self.against else -1)

    @property
    def finding(self) -> Finding:
        """What hiding does, for the middle share, and whether the map holds."""
        step = self.told
        held = "hide.holds_by_little" if self.by_little else "hide.holds"
        return Finding(
            held if self.holds else "hide.fails" if self.moves else "hide.no_change",
            share=step.share,
            label=self.target.label,
            before=self.target.probability,
            hottest=step.hottest,
            random=step.random_mean,
        )


@dataclass(frozen=True)
class Curve:
    """The probability at each share in `Curves.shares`; `area` under it, from 0 to 1."""

    values: tuple[float, ...]

    @property
    def area(self) -> float:
        """Mean height by the trapezoid rule; the shares are evenly spaced."""
        inner = np.asarray(self.values, np.float64)
        return float((inner[1:] + inner[:-1]).mean() / 2)


@dataclass(frozen=True)
class Curves:
    """Deletion and insertion (Petsiuk et al., RISE, arXiv:1806.07421, sec. 4.2) in three orders each.

    `shares` of the seen area from 0 to 1 are hidden (deletion) or all that is shown (insertion), the hottest
    first, the coldest first (`reversed`), or in random orders, of which the mean is kept.
    """

    shares: tuple[float, ...]
    deletion: Curve
    deletion_random: Curve
    deletion_reversed: Curve
    insertion: Curve
    insertion_random: Curve
    insertion_reversed: Curve
    nbytes: int = 4096


def hidden_and_shown(
    ask: Ask, orders: Sequence[Array], shares: Sequence[float], index: int, *, also: Sequence[Array] = ()
) -> tuple[Array, Array, Array]:
    """How probable the class `index` is as the first parts of each of the `orders` are hidden, and with them alone.

    Returns three arrays: (len(also),) with the masks in `also`, (len(orders), len(shares)) with that share of the parts
    hidden, and the same with all the others hidden. All is asked at once.
    """
    hidden = [places < share for places in orders for share in shares]
    found = ask([*also, *hidden, *(~part for part in hidden)])[:, index]
    without, alone = found[len(also) :].reshape(2, len(orders), len(shares))
    return found[: len(also)], without, alone
