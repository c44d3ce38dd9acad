"""Captions for photographs that have none, made of questions and their answers.

    statement(("what", "sits", "on", "a", "couch"), "cat")   # ("a", "cat", "sits", "on", "a", "couch")

Public names: `statement`.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["statement"]

AUXILIARIES = frozenset(["is", "are", "was", "were", "does", "do", "did", "has", "have", "can"])
BEGINNINGS = frozenset(
    [
        "a",
        "an",
        "the",
        "some",
        "two",
        "three",
        "four",
        "five",
        "six",
        "many",
        "several",
        "his",
        "her",
        "their",
        "its",
        "young",
        "old",
        "little",
    ]
)
UNCOUNTED = frozenset(
    [
        "grass",
        "luggage",
        "furniture",
        "equipment",
        "gear",
        "broccoli",
        "fruit",
        "meat",
        "bread",
        "cheese",
        "hay",
        "food",
    ]
)


def statement(question: Sequence[str], answer: str) -> tuple[str, ...] | None:
    """A question in COCO-QA's manner with the answer put in its place; None where that makes no sentence."""
    words = tuple(question)
    if words[:6] == ("what", "is", "the", "color", "of", "the"):
        return ("a", answer, *words[6:])
    if words[:2] == ("how", "many"):
        return (answer, *words[2:]) if len(words) > 3 else None
    if words.count("what") != 1 or len(words) < 3:
        return None
    at = words.index("what")
    if at == 0 and words[1] in AUXILIARIES:
        inverted = words[2] in BEGINNINGS or words[1] in {"does", "do", "did"}
        if inverted or not (words[2].endswith(("ing", "ed")) or words[2] in PREPOSITIONS):
            return None
    thing = (
        (answer,) if answer.endswith("s") or answer in UNCOUNTED else ("an" if answer[0] in "aeiou" else "a", answer)
    )
    if at and words[at - 1] in BEGINNINGS:
        thing = (answer,)
    return (*words[:at], *thing, *words[at + 1 :])


PREPOSITIONS = frozenset(
    ["in", "on", "at", "near", "by", "with", "under", "behind", "above", "next", "sitting", "inside", "outside"]
)
