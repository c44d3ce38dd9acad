"""Hiding parts of what the model was given, and what it says then: the same for pictures and sentences.

An order gives every part, a pixel or a word, its place from 0 to below 1; a mask says which parts are hidden. What is
hidden how, and in which random orders, is a canvas's own. Public names: `Ask`, `Curve`, `Curves`, `Hidden`,
`HideAndLook`, `hidden_and_shown`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..languages import Finding
from ..types import Prediction
from .judged import Judged, Verdict

__all__ = ["Ask", "Curve", "Curves", "Hidden", "HideAndLook", "hidden_and_shown"]

Array: TypeAlias = NDArray[Any]
# gives the (n, K) probabilities of all classes with each of n masks' parts hidden
Ask: TypeAlias = Callable[[Sequence[Array]], Array]
FOUND = {
    Verdict.HOLDS: "hide.holds",
    Verdict.BY_LITTLE: "hide.holds_by_little",
    Verdict.FAILS: "hide.fails",
    Verdict.NO_CHANGE: "hide.no_change",
}


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
class HideAndLook(Judged):
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
    def changes(self) -> tuple[float, float]:
        """By the hottest places at the share that is told, and by as many at random."""
        return self._changed(self.told.hottest), self._changed(self.told.random_mean)

    @property
    def mean_change(self) -> float:
        """By the hottest places, averaged over the shares."""
        return float(self._changed(np.mean([step.hottest for step in self.steps])))

    @property
    def beaten(self) -> float:
        """The share of the random draws that change less, averaged over the shares."""
        random = np.array([step.random for step in self.steps]).mean(axis=0)
        return float((self.mean_change > self._changed(random)).mean())

    def _changed(self, probability: Any) -> Any:
        """How far it is from what it was, above zero where the map says so."""
        return (probability - self.target.probability) * (1 if self.against else -1)

    @property
    def finding(self) -> Finding:
        """What hiding does, for the middle share, and whether the map holds."""
        step = self.told
        return Finding(
            FOUND[self.verdict],
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
