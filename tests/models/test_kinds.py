"""The kinds' names."""

from __future__ import annotations

from collections import Counter

import pytest

from gradcam_core.models.kinds import KINDS, kind_of, kinds_in, words_of


def test_there_are_eighty_and_no_name_belongs_to_two() -> None:
    assert len(set(KINDS)) == 80
    names = Counter(name for kind in KINDS for name in words_of(kind))
    assert [name for name, count in names.items() if count > 1] == []
    assert all(kind_of(name) == kind for kind in KINDS for name in words_of(kind))
    assert kind_of("grass") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a hot dog on a plate", [(1, 2, "hot dog")]),
        ("the teddy bear and a bear", [(1, 2, "teddy bear"), (5, 1, "bear")]),
        ("an orange cat", [(2, 1, "cat")]),
        ("Women near fire hydrants", [(0, 1, "person"), (2, 2, "fire hydrant")]),
        ("two planes", [(1, 1, "airplane")]),
        ("", []),
    ],
)
def test_the_longest_name_counts(text, found) -> None:
    assert kinds_in(text.split()) == found
