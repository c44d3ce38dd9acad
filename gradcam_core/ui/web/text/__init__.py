"""A sentence shaded by words or characters, and its strongest words as bars.

Public names: `sentence_value`, `shaded_text`, `text_value`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from ....canvases.sentence import Piece, foremost, shaded
from ....text_explanation import TextExplanation
from .. import component, file_text
from ..maps import both_sides

__all__ = ["sentence_value", "shaded_text", "text_value"]


def shaded_text(elem_id: str) -> gr.HTML:
    """The sentence and the bars: see text.js."""
    return component("text", {}, elem_id, scripts=[file_text("link.js")], colors=both_sides())


def text_value(explanation: TextExplanation) -> dict[str, Any]:
    """What the shaded sentence and its bars need for a review."""
    return sentence_value(
        explanation.text,
        explanation.words,
        str(explanation.scored),
        language="ko",
        chars=[char for char in explanation.chars if not char.text.isspace()],
        unread=explanation.unread.text if explanation.unread else "",
    )


def sentence_value(
    text: str, words: Sequence[Piece], score: str, *, language: str, chars: Sequence[Piece] = (), unread: str = ""
) -> dict[str, Any]:
    """What the shaded sentence and its bars need for any text: see text.js.

    `score` says what a value raises or lowers. Without `chars` words are all that can be shaded; the end of the
    text that is `unread` is striped.
    """
    return {
        "score": score,
        "language": language,
        "words": shaded(text, words, end=len(text) - len(unread)),
        "characters": shaded(text, chars, end=len(text) - len(unread)) if chars else [],
        "unread": unread,
        "chart": [{"text": word.text, "value": word.value} for word in foremost(words)],
    }
