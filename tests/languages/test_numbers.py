"""Words for shares."""

from __future__ import annotations

import pytest

from gradcam_core.languages import Amount, percent


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0, "0 %"),
        (0.00005, "< 0.01 %"),
        (0.0001, "0.01 %"),
        (0.0123, "1.2 %"),
        (0.099, "9.9 %"),
        (0.394, "39 %"),
        (0.994, "99 %"),
        (0.9993, "99.93 %"),
        (0.99999, "> 99.99 %"),
        (1, "100 %"),
    ],
)
def test_a_share_in_words_is_neither_nothing_nor_all_unless_it_is(share: float, words: str) -> None:
    assert percent(share) == words


@pytest.mark.parametrize(("number", "words"), [(0.25, "0.25"), (36.612, "36.61"), (-3, "-3"), (1, "1")])
def test_what_is_no_share_stays_the_number_that_it_is(number: float, words: str) -> None:
    assert percent(Amount(number)) == words
