"""Does the explanation of a text hold? Leave out the strongest words, and as many at random.

Comprehensiveness and sufficiency after DeYoung et al. 2020, "ERASER", arXiv:1911.03429, section 4.2, averaged
over the same shares of the words. Public names: `FEWEST`, `SHARES`, `Check`, `Faithfulness`, `check`, `faithfulness`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..canvases.sentence import places, random_orders, ranked, without
from ..errors import TextError
from ..languages import Finding
from ..text_explanation import TextExplanation
from .hiding import hidden_and_shown
from .judged import Judged

__all__ = ["FEWEST", "SHARES", "Check", "Faithfulness", "check", "faithfulness"]

Array = NDArray[Any]
Probabilities = Callable[[Sequence[str]], Array]

SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)
# the share that the sentence speaks of
TOLD = SHARES.index(0.2)
DRAWS = 20
# words of a text of which some can be left out
FEWEST = 2
# characters: a word as long as this is taken for a text without spaces
LONG_WORD = 10


@dataclass(frozen=True)
class Faithfulness:
    """Fall of the probability without the first words of an order, and with them alone, averaged over SHARES."""

    comprehensiveness: float
    sufficiency: float


@dataclass(frozen=True, repr=False)
class Check(Judged):
    """The words of an explanation in its own order, against `draws` random orders.

    `left_out` are the words that the sentence speaks of; `before`, `after` and `random_after` the target's
    probability with them, without them, and without as many at random. With `counterfactual` the words speak
    against the target, so `own` and `random` count the rise of its probability, not the fall. `beaten` is the share of
    the draws whose first words matter less, averaged over SHARES.
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
    beaten: float

    @property
    def changes(self) -> tuple[float, float]:
        """By leaving out the words that are told, and as many at random."""
        return self._changed(self.after), self._changed(self.random_after)

    @property
    def mean_change(self) -> float:
        """By leaving out the strongest words, averaged over SHARES."""
        return self.own.comprehensiveness

    def _changed(self, probability: float) -> float:
        """How far it is from what it was, above zero where the words say so."""
        return (probability - self.before) * (1 if self.counterfactual else -1)

    @property
    def finding(self) -> Finding:
        """What leaving the words out does, and leaving out as many at random."""
        return Finding(
            "review.words_left_out",
            label=self.label,
            words=self.left_out,
            before=self.before,
            after=self.after,
            random=self.random_after,
        )


def faithfulness(
    words: Sequence[str], orders: Sequence[Sequence[int]], target: int, probabilities: Probabilities
) -> list[Faithfulness]:
    """Comprehensiveness and sufficiency of each order of the words' positions, for the class `target`.

    Words are joined by single spaces, what is left out leaves no gap. Raises TextError for fewer than two words.
    """
    before, left_out, alone = _asked(words, [places(order) for order in orders], target, probabilities)
    return [_faithfulness(before, *rows) for rows in zip(left_out, alone, strict=True)]


def check(explanation: TextExplanation, probabilities: Probabilities, draws: int = DRAWS) -> Check:
    """Check one explanation; raises TextError where there are fewer than two words."""
    words = [word.text for word in explanation.words]
    order = places(ranked([word.value for word in explanation.words]))
    orders = [order, *(places(one) for one in random_orders(len(words), draws))]
    before, left_out, alone = _asked(words, orders, explanation.target.index, probabilities)
    side = -1 if explanation.counterfactual else 1
    return Check(
        label=explanation.target.label,
        counterfactual=explanation.counterfactual,
        left_out=tuple(word for word, place in zip(words, order, strict=True) if place < SHARES[TOLD]),
        before=before,
        after=float(left_out[0, TOLD]),
        random_after=float(left_out[1:, TOLD].mean()),
        own=_faithfulness(before, left_out[0], alone[0], side),
        random=_faithfulness(before, left_out[1:], alone[1:], side),
        draws=draws,
        beaten=float((side * left_out[0].mean() < side * left_out[1:].mean(axis=1)).mean()),
    )


def _asked(
    words: Sequence[str], orders: Sequence[Array], target: int, probabilities: Probabilities
) -> tuple[float, Array, Array]:
    """The class's probability with all words, and (len(orders), len(SHARES)) without the first, and with them alone."""
    if len(words) < FEWEST:
        if len(words[0]) >= LONG_WORD:
            raise TextError("words.no_spaces", count=len(words[0]))
        raise TextError("words.too_few")

    def ask(hidden: Sequence[Array]) -> Array:
        texts = [without(words, one) for one in hidden]
        # shares of few words are often the same words
        numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        return probabilities(list(numbers))[[numbers[text] for text in texts]]

    nothing = np.zeros(len(words), bool)
    (before,), left_out, alone = hidden_and_shown(ask, orders, SHARES, target, also=[nothing])
    return float(before), left_out, alone


def _faithfulness(before: float, left_out: Array, alone: Array, side: int = 1) -> Faithfulness:
    return Faithfulness(side * (before - float(left_out.mean())), side * (before - float(alone.mean())))
