"""Is the explanation true of the model? Leave out the strongest words, and as many at random.

Comprehensiveness and sufficiency after DeYoung et al. 2020, "ERASER", arXiv:1911.03429, section 4.2, averaged
over the same shares of the words. Public names: `Check`, `check`, `faithfulness`, `random_orders`, `ranked`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import TextError
from ..languages import percent
from .explanation import TextExplanation, listed

__all__ = ["SHARES", "Check", "Faithfulness", "check", "faithfulness", "random_orders", "ranked"]

Probabilities = Callable[[Sequence[str]], NDArray[np.float32]]

SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)
# the share that the sentence speaks of
TOLD = 0.2
DRAWS = 20


@dataclass(frozen=True)
class Faithfulness:
    """Fall of the probability without the first words of an order, and with them alone, averaged over SHARES."""

    comprehensiveness: float
    sufficiency: float


@dataclass(frozen=True)
class Check:
    """The words of an explanation in its own order, against `draws` random orders.

    `left_out` are the words that the sentence speaks of; `before`, `after` and `random_after` the target's
    probability with them, without them, and without as many at random. With `counterfactual` the words speak
    against the target, so `own` and `random` count the rise of its probability, not the fall.
    """

    label: str
    counterfactual: bool
    left_out: tuple[str, ...]
    before: float
    after: float
    random_after: float
    own: Faithfulness
    random: Faithfulness
    draws: int

    @property
    def sentence(self) -> str:
        """The outcome in plain words."""
        count = "one random word" if len(self.left_out) == 1 else f"{len(self.left_out)} random words"
        return (
            f"Leaving out {listed(list(self.left_out))} takes {self.label} from {percent(self.before)} to"
            f" {percent(self.after)}; leaving out {count} leaves {percent(self.random_after)}."
        )


def ranked(values: Sequence[float]) -> list[int]:
    """Positions by falling value."""
    return sorted(range(len(values)), key=lambda position: -values[position])


def random_orders(count: int, draws: int, seed: int = 0) -> list[list[int]]:
    """`draws` random orders of `count` words."""
    generator = np.random.default_rng(seed)
    return [generator.permutation(count).tolist() for _ in range(draws)]


def first(share: float, count: int) -> int:
    """How many of `count` words a share is: at least one, never all."""
    return min(max(math.ceil(share * count), 1), count - 1)


def faithfulness(
    words: Sequence[str], orders: Sequence[Sequence[int]], target: int, probabilities: Probabilities
) -> list[Faithfulness]:
    """Comprehensiveness and sufficiency of each order of the words, for the class `target`.

    Words are joined by single spaces, what is left out leaves no gap. Raises TextError for fewer than two words.
    """
    if len(words) < 2:
        raise TextError("Leaving words out needs at least two words; write a longer sentence.")
    texts: dict[str, int] = {}

    def number(kept: set[int]) -> int:
        return texts.setdefault(" ".join(word for place, word in enumerate(words) if place in kept), len(texts))

    whole = set(range(len(words)))
    full = number(whole)
    cuts = [[set(order[: first(share, len(words))]) for share in SHARES] for order in orders]
    places = [[(number(whole - cut), number(cut)) for cut in row] for row in cuts]
    found = probabilities(list(texts))[:, target]
    return [
        Faithfulness(
            comprehensiveness=float(np.mean([found[full] - found[without] for without, _ in row])),
            sufficiency=float(np.mean([found[full] - found[alone] for _, alone in row])),
        )
        for row in places
    ]


def check(explanation: TextExplanation, probabilities: Probabilities, draws: int = DRAWS) -> Check:
    """Check one explanation; raises TextError where there are fewer than two words."""
    words = [word.text for word in explanation.words]
    own = ranked([word.value for word in explanation.words])
    chance = random_orders(len(words), draws)
    target = explanation.target.index
    scores = faithfulness(words, [own, *chance], target, probabilities)
    if explanation.counterfactual:
        scores = [Faithfulness(-score.comprehensiveness, -score.sufficiency) for score in scores]
    count = first(TOLD, len(words))
    kept = [[word for place, word in enumerate(words) if place not in order[:count]] for order in [own, *chance]]
    found = probabilities([" ".join(words), *(" ".join(rest) for rest in kept)])[:, target]
    return Check(
        label=explanation.target.label,
        counterfactual=explanation.counterfactual,
        left_out=tuple(words[place] for place in sorted(own[:count])),
        before=float(found[0]),
        after=float(found[1]),
        random_after=float(found[2:].mean()),
        own=scores[0],
        random=Faithfulness(
            float(np.mean([score.comprehensiveness for score in scores[1:]])),
            float(np.mean([score.sufficiency for score in scores[1:]])),
        ),
        draws=draws,
    )
