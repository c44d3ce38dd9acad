"""Leaving words out, on a model whose probabilities can be added up by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from gradcam_core import TextError
from gradcam_core.canvases.sentence import Piece
from gradcam_core.checks.judged import Verdict
from gradcam_core.checks.words import Check, Faithfulness, check, faithfulness
from gradcam_core.types import Prediction

WORTH = {"x": 0.4, "y": 0.2}


def probabilities(texts: Sequence[str]) -> np.ndarray:
    positive = np.array([0.1 + sum(WORTH.get(word, 0) for word in text.split()) for text in texts], np.float32)
    return np.stack([1 - positive, positive], axis=1)


def test_faithfulness_by_hand() -> None:
    words = ["n", "x", "n", "y", "n"]
    best, worst = faithfulness(words, [[1, 3, 0, 2, 4], [0, 2, 4, 3, 1]], 1, probabilities)
    # four of the shares are one word, a half is three
    assert best.comprehensiveness == pytest.approx((4 * 0.4 + 0.6) / 5)
    assert best.sufficiency == pytest.approx((4 * 0.2 + 0) / 5)
    assert worst.comprehensiveness == pytest.approx(0)
    assert worst.sufficiency == pytest.approx(0.6)


def test_one_word_cannot_be_checked() -> None:
    with pytest.raises(TextError, match="at least two words"):
        faithfulness(["x"], [[0]], 1, probabilities)


def test_check_on_a_network(toy) -> None:
    outcome = toy.check(toy.explain("ac c a"))
    assert outcome.label == "positive"
    assert len(outcome.left_out) == 1
    assert outcome.before == pytest.approx(toy.explain("ac c a").target.probability)
    rest = [word for word in ["ac", "c", "a"] if word not in outcome.left_out]
    assert outcome.after == pytest.approx(toy.explain(" ".join(rest), "positive").target.probability, abs=1e-6)
    assert outcome.sentence.startswith(f"Leaving out '{outcome.left_out[0]}' takes positive from")


def test_counterfactual_words_are_checked_by_the_rise(toy) -> None:
    against = toy.check(toy.explain("ac c a", "negative", counterfactual=True))
    towards = toy.check(toy.explain("ac c a", "positive"))
    # two classes: what speaks against the one speaks for the other here
    assert against.counterfactual
    assert against.left_out == towards.left_out
    assert against.own.comprehensiveness == pytest.approx(towards.own.comprehensiveness, abs=1e-6)
    assert against.random.sufficiency == pytest.approx(towards.random.sufficiency, abs=1e-6)


WORTHLESS = ["n", "m", "o", "p"]


@pytest.mark.parametrize(("order", "holds"), [(["x", "y", *WORTHLESS], True), ([*WORTHLESS, "y", "x"], False)])
def test_a_check_holds_where_the_first_words_matter_more_than_most_random_ones(order: list[str], holds: bool) -> None:
    values = dict(zip(order, range(len(order), 0, -1), strict=True))
    words = ("n", "x", "m", "y", "o", "p")
    pieces = tuple(Piece(word, 2 * at, 2 * at + 1, float(values[word]), 0.0) for at, word in enumerate(words))
    for counterfactual in (False, True):
        target = Prediction(int(not counterfactual), "any", 0.7)
        asked = SimpleNamespace(words=pieces, target=target, counterfactual=counterfactual)
        found = check(asked, probabilities)  # type: ignore[arg-type]
        assert found.holds is holds, found
        assert 0 <= found.beaten <= 1


@pytest.mark.parametrize(
    ("counterfactual", "after", "random", "by_little"),
    [(False, 0.4, 0.55, False), (False, 0.4, 0.45, True), (True, 0.9, 0.75, False), (True, 0.9, 0.85, True)],
)
def test_a_check_that_holds_by_little_says_so(
    counterfactual: bool, after: float, random: float, by_little: bool
) -> None:
    own, chance = Faithfulness(0.3, 0.0), Faithfulness(0.1, 0.1)
    found = Check("good", counterfactual, ("x",), 0.7, after, random, own, chance, draws=20, beaten=1.0)
    assert found.holds
    assert (found.verdict is Verdict.BY_LITTLE) is by_little
    assert replace(found, beaten=0.5).verdict is Verdict.FAILS
