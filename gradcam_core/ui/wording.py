"""The page's words in the language of whoever looks at it.

    with building():
        gr.Button(word("page.stop"))    # the label is a mark, which `worded` replaces for each visitor
    word("page.stop")                   # in an event: "Stop" or "중지"

Public names: `building`, `word`, `worded`, `words_of`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ..languages import LANGUAGES, Finding, say

__all__ = ["building", "word", "worded", "words_of"]

# no letter in it that HTML, JSON or a script would write otherwise
MARK = re.compile(r"\[\[say ([\w.-]+)((?: \w+=\w+)*)\]\]")
_is_building: ContextVar[bool] = ContextVar("is_building", default=False)


@contextmanager
def building() -> Iterator[None]:
    """What `word` gives as long as the block runs is a mark: one page is built for all languages."""
    token = _is_building.set(True)
    try:
        yield
    finally:
        _is_building.reset(token)


def word(key: str, **values: Any) -> str:
    """The words for `key`, in the language of whoever is answered; while the page is built, the mark of them.

    In a mark `values` are words without spaces.
    """
    if _is_building.get():
        return f"[[say {' '.join([key, *(f'{name}={value}' for name, value in values.items())])}]]"
    return say(Finding(key, **values))


def words_of(found: Finding | str) -> str:
    """The words of a finding, or plain ones as they are, ready for HTML."""
    return html.escape(found) if isinstance(found, str) else word(found.key, **found.values)


def worded(value: Any, language: str) -> Any:
    """A copy of texts, lists and dicts with the words of `language` in place of their marks.

    What is to be filled in the browser keeps its {places}.
    """
    if isinstance(value, str):
        return MARK.sub(lambda mark: _marked(mark, language), value) if "[[say " in value else value
    if isinstance(value, (list, tuple)):
        return type(value)(worded(one, language) for one in value)
    if isinstance(value, dict):
        return {name: worded(one, language) for name, one in value.items()}
    return value


def _marked(mark: re.Match[str], language: str) -> str:
    if not mark[2]:
        return str(LANGUAGES[language][mark[1]])
    values = dict(one.split("=", 1) for one in mark[2].split())
    return say(Finding(mark[1], **values), language)
