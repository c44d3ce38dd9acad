"""A sentence shaded by words or characters, and its strongest words as bars.

Public names: `shaded_text`, `text_value`.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from ....canvases.sentence import shaded
from ....text_explanation import TextExplanation
from .. import component
from ..maps import both_sides

__all__ = ["shaded_text", "text_value"]

STRONGEST = 8


def shaded_text(elem_id: str) -> gr.HTML:
    """The sentence and the bars: see text.js."""
    return component("text", {}, elem_id, colors=both_sides())


def text_value(explanation: TextExplanation) -> dict[str, Any]:
    """What the shaded sentence and its bars need: see text.js."""
    strongest = sorted(explanation.words, key=lambda word: -abs(word.value))[:STRONGEST]
    score = f"score for {explanation.target.label}"
    if explanation.counterfactual:
        score = f"score against {explanation.target.label}"
    return {
        "score": score,
        "words": shaded(explanation.text, explanation.words),
        "characters": shaded(explanation.text, [char for char in explanation.chars if not char.text.isspace()]),
        "unread": explanation.unread.text if explanation.unread else "",
        "chart": [{"text": word.text, "value": word.value} for word in strongest],
    }
