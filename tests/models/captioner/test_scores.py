"""BLEU-4 and CIDEr-D worked out by hand."""

from __future__ import annotations

import math

import pytest

from gradcam_core.models.captioner.scores import bleu4, cider


def test_bleu_by_hand() -> None:
    # of one word 5 of 6 ("the" once only), of two 3 of 5, of three 2 of 4, of four 1 of 3; the same length
    caption, reference = ["the", "cat", "sat", "on", "the", "mat"], ["the", "cat", "sat", "on", "a", "mat"]
    expected = (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25
    assert bleu4([caption], [[reference]]) == pytest.approx(expected)
    # a second reference allows the second "the"
    assert bleu4([caption], [[reference, ["the", "the"]]]) == pytest.approx((1 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25)


def test_bleu_is_of_the_collection_and_punishes_brevity() -> None:
    whole, short = list("abcdef"), list("abcd")
    assert bleu4([whole, short], [[whole], [whole]]) == pytest.approx(math.exp(1 - 12 / 10))
    assert bleu4([whole], [[whole]]) == pytest.approx(1)
    assert bleu4([list("xyz")], [[whole]]) == 0


def test_cider_by_hand() -> None:
    # every n-gram is in one of two photographs, so that all weigh log 2
    captions, references = [list("abcd"), list("wxyz")], [[list("abef")], [list("wxyz")]]
    # one word: 2 of 4 shared; two: ab of 3; longer: none. The second is its reference
    first = (1 / 2 + 1 / 3) / 4
    assert cider(captions, references) == pytest.approx(10 * (first + 1) / 2)


def test_cider_ignores_what_every_photograph_has_and_punishes_another_length() -> None:
    assert cider([["a"], ["a"]], [[["a"]], [["a"]]]) == 0
    # one n-gram, "a": as alike as can be, but six words shorter than the reference
    assert cider([["a"], ["b"]], [[["a"] * 7], [["c"]]]) == pytest.approx(10 * math.exp(-0.5) / 4 / 2)
