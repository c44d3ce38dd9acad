"""English: the words of a report. Public name: `REPORT`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

__all__ = ["REPORT"]


def _shared(above: str, below: str, signed: bool) -> str:
    ends = f"orange speaks {above}, blue {below}; " if signed else f"speaks {above}; "
    return ends + "one scale for both sides, in units of the score for methods that keep them"


def _stretched(above: str, below: str, signed: bool) -> str:
    ends = f"orange speaks {above}, blue {below}; " if signed else f"speaks {above}; "
    return ends + "stretched to what is shown, the other side is stronger"


REPORT: Mapping[str, str | Callable[..., str]] = {
    "report.asked_caption": "The caption: “{text}”",
    "report.asked_question": "The question: “{text}”",
    "report.cells": "The map has the resolution of its layer: edges between its cells are drawn smooth, not known.",
    "report.checks": "Does it hold? The checks that were made",
    "report.heatmap": "Heatmap",
    "report.made": "Made on {date} with {versions}.",
    "report.meaning": "What this means, and what it does not",
    "report.neighbours": (
        "The network looks at a few characters at a time, so the number of a word also speaks of its neighbours."
    ),
    "report.no_checks": "No check was made of this.",
    "report.not_right": (
        "It does not say that the answer is right, nor what the network would say of another photograph."
    ),
    "report.not_right_text": (
        "It does not say that the answer is right, nor what the network would say of another text."
    ),
    "report.not_what": "It does not say what about a place mattered: its shape, its colour or its texture.",
    "report.not_what_word": "It does not say what about a word mattered: its meaning or its spelling.",
    "report.notes": "To know",
    "report.overlay": "Overlay",
    "report.photograph": "Photograph",
    "report.places": "The map shows where the evidence for the network's answer lies in the photograph.",
    "report.probability": "Probability",
    "report.record": "Record, to get the same again",
    "report.shared": _shared,
    "report.stretched": _stretched,
    "report.title": "Why “{label}”?",
    "report.top": "The most probable classes",
    "report.top_answers": "The most probable answers",
    "report.top_words": "The most probable words here",
    "report.words": (
        "The number of a word says how much it raised (+) or lowered (−) the score that is explained: the average of"
        " the numbers of its characters."
    ),
}
