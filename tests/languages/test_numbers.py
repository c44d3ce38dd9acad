"""Words for shares."""

from __future__ import annotations

import pytest

from gradcam_core.languages import percent


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
