"""What the page says, as HTML.

Public names: `headed`, `note`, `problem_box`, `said`, `sentence`, `table`.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from ..explanation import Explained
from .wording import word

__all__ = ["headed", "note", "problem_box", "said", "sentence", "table"]

# by what was found, the key of a few words for it
SHORT = {
    "map.against": "short.against",
    "map.all_other_side_against": "short.nothing_against",
    "map.all_other_side_for": "short.nothing_for",
    "map.any_class": "short.any_class",
    "map.both": "short.both",
    "map.for": "short.for",
    "map.hardly_against": "short.hardly_against",
    "map.hardly_for": "short.hardly_for",
    "map.nothing_against": "short.nothing_against",
    "map.nothing_for": "short.nothing_for",
    "review.against": "short.review_against",
    "review.for": "short.review_for",
}


def sentence(text: str) -> str:
    """An answer in large letters, read out to whoever cannot see it."""
    return f"<p class='sentence' role='status'>{html.escape(text)}</p>"


def note(text: str, *, aloud: bool = False) -> str:
    """Something to know beside an answer; read out `aloud` to whoever cannot see it."""
    return f"<p class='note'{' role=status' * aloud}>{html.escape(text)}</p>"


def said(explanation: Explained) -> str:
    """The plain sentence of an explanation, with its notes."""
    return sentence(explanation.sentence) + "".join(map(note, explanation.notes))


def headed(explanation: Explained) -> str:
    """The answer in a few large words, and below it the plain sentence of a map, with its notes."""
    finding = explanation.finding
    short = html.escape(word(SHORT[finding.key], **finding.values))
    return f"<div class='answer'><p class='headline'>{short}</p>{said(explanation)}</div>"


def problem_box(text: str, *, kept: bool) -> str:
    """What went wrong, in a box; `kept` says that the page still shows the answer before."""
    rest = f" {word('page.kept')}" if kept else ""
    return f"<p class='problem' role='alert'>{html.escape(text)}{rest}</p>"


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with a row of `heads`."""
    head = "".join(f"<th scope='col'>{html.escape(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    return f"<table><caption>{html.escape(caption)}</caption><tr>{head}</tr>{body}</table>"
