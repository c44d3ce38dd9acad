"""Values on characters, words and tokens, worked out by hand, and sums that must hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcam_core.canvases.sentence import (
    Piece,
    pieces,
    places,
    random_orders,
    ranked,
    shaded,
    spread,
    without,
    words,
)
from gradcam_core.checks.words import SHARES
from gradcam_core.reading.text import Span, graphemes


def test_windows_share_their_value_among_the_characters_that_they_cover() -> None:
    # width 2 over "ab": the first window covers a alone, the second both, the last b alone
    assert spread(np.array([2, 6, 1], np.float32), 2).tolist() == [2 + 3, 3 + 1]
    # width 3 over one character: each of the three windows covers it
    assert spread(np.array([1, 2, 4], np.float32), 1).tolist() == [7]
    # as many windows as characters: each its own
    assert spread(np.array([1, -2, 4], np.float32), 3).tolist() == [1, -2, 4]


@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 9))
def test_nothing_is_lost_wherever_it_stands(length: int, width: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=length + width - 1).astype(np.float32)
    found = spread(values, length)
    assert found.shape == (length,)
    np.testing.assert_allclose(found.sum(), values.sum(), atol=1e-4)
    # each window by itself reaches the characters that it covers, all alike, and no other
    for place in range(len(values)):
        alone = spread(np.eye(len(values), dtype=np.float32)[place], length)
        covered = np.arange(max(place - width + 1, 0), min(place, length - 1) + 1)
        expected = np.zeros(length)
        expected[covered] = 1 / len(covered)
        np.testing.assert_allclose(alone, expected, rtol=1e-6)


def test_pieces_have_their_value_and_the_positive_part_as_weight() -> None:
    spans = graphemes("abc")
    found = pieces(spans, np.array([-1, 2, 4], np.float32))
    assert found == (Piece("a", 0, 1, -1, 0), Piece("b", 1, 2, 2, 0.5), Piece("c", 2, 3, 4, 1))
    # two maps, of which the one is against where the other is for: their positive parts are added, not their sum
    positive = np.array([1, 0, 2], np.float32)
    assert [one.weight for one in pieces(spans, np.zeros(3, np.float32), positive)] == [0.5, 0, 1]
    assert [one.weight for one in pieces(spans, np.array([-1, -2, 0], np.float32))] == [0, 0, 0]


def test_a_word_is_the_average_of_its_characters() -> None:
    text = " ab  c"
    chars = pieces(graphemes(text), np.array([9, 1, 3, 9, 9, 4], np.float32))
    found = words(text, chars)
    assert [(word.text, word.start, word.end, word.value) for word in found] == [("ab", 1, 3, 2), ("c", 5, 6, 4)]
    assert [word.weight for word in found] == pytest.approx([2 / 9, 4 / 9])
    assert words("", ()) == ()


def test_tokens_of_any_kind_are_shaded_with_the_gaps_between() -> None:
    question = "what color, is it?"
    tokens = [Span("what", 0, 4), Span("color", 5, 10), Span("is", 12, 14), Span("it", 15, 17)]
    tokens = pieces(tokens, np.array([0.25, -1, 0, 0.5], np.float32))
    found = shaded(question, tokens, end=len(question))
    shown = [("what", 0.25), (" ", None), ("color", -1), (", ", None), ("is", 0), (" ", None), ("it", 0.5)]
    assert found == [*shown, ("?", None)]
    assert "".join(text for text, _ in found) == question
    assert shaded(question, tokens, end=tokens[-1].end) == shown
    assert shaded("", (), end=0) == []


def test_what_is_left_out_leaves_no_gap() -> None:
    assert without(["a", "b", "c", "b"], np.array([False, True, False, False])) == "a c b"
    assert without(["a", "b"], np.array([True, True])) == ""


def test_ranked_and_random_orders() -> None:
    assert ranked([0.1, 3, -1, 3]) == [1, 3, 0, 2]
    orders = random_orders(6, 4)
    assert all(sorted(order) == list(range(6)) for order in orders)
    assert orders == random_orders(6, 4)
    assert orders != random_orders(6, 4, seed=1)
    assert places([2, 0, 1]).tolist() == pytest.approx([1 / 3, 2 / 3, 0])


def test_how_many_words_a_share_is() -> None:
    def first(share: float, count: int) -> int:
        return int((places(range(count)) < share).sum())

    assert [first(share, 10) for share in SHARES] == [1, 1, 1, 2, 5]
    # at least one, and one is left
    assert [first(share, 2) for share in SHARES] == [1] * 5
    assert all(
        first(share, count) == max(1, -(-round(share * 100) * count // 100))
        for share in SHARES
        for count in range(2, 300)
    )
