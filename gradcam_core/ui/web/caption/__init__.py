"""A caption in large words, each a button with its probability.

Public names: `WORD_PICKED`, `caption_value`, `caption_words`.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from ....description import Description
from ....languages import percent
from ....request import AUTO
from .. import component

__all__ = ["WORD_PICKED", "caption_value", "caption_words"]

# a press on a word, or on another caption, sets the controls in the browser, without a request
WORD_PICKED = """(shown, word, caption) => [shown.word === undefined ? word : shown.word,
  shown.caption === undefined ? caption : shown.caption]"""


def caption_words(elem_id: str) -> gr.HTML:
    """The words; at the event `select` their value holds `word`, a place or "auto", and perhaps another `caption`."""
    return component("caption", {"words": []}, elem_id)


def caption_value(description: Description, chosen: int | None) -> dict[str, Any]:
    """What the words show: see caption.js; `chosen` is the place of the explained one, None where all of it is."""
    return {
        "all": AUTO,
        "whole": chosen is None,
        "words": [
            {"text": word.text, "below": percent(word.probability), "known": word.known, "chosen": place == chosen}
            for place, word in enumerate(description.words)
        ],
        "others": [caption for caption in description.captions if caption != description.caption],
    }
