"""Statements made of questions."""

from __future__ import annotations

import pytest

from gradcam_core.models.captioner.sentences import statement


@pytest.mark.parametrize(
    ("question", "answer", "made"),
    [
        ("what is the color of the horses", "brown", "a brown horses"),
        ("how many boats near the shore", "eight", "eight boats near the shore"),
        ("what is sitting on a couch", "cat", "a cat is sitting on a couch"),
        ("what are eating grass", "zebras", "zebras are eating grass"),
        ("what walks through the gate", "elephant", "an elephant walks through the gate"),
        ("the man riding what down a slope", "skis", "the man riding skis down a slope"),
        ("a bowl of what", "fruit", "a bowl of fruit"),
        ("what is the pitcher throwing", "ball", None),
        ("what does the man hold", "bat", None),
        ("where is the cat", "sink", None),
        ("what", "cat", None),
        ("", "cat", None),
    ],
)
def test_statements_by_hand(question, answer, made) -> None:
    found = statement(question.split(), answer)
    assert (" ".join(found) if found else None) == made
