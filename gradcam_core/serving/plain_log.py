"""One line of the log stays one line, whatever a visitor sends. Public names: `keep_lines_apart`, `plain`."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, Mapping
from numbers import Number
from typing import Any

__all__ = ["keep_lines_apart", "plain"]


def plain(text: str) -> str:
    """`text` with everything escaped that starts a line, moves a cursor or turns the writing's direction."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def keep_lines_apart() -> None:
    """Escape what is logged from now on, by whatever logger and handler: texts, their arguments, errors."""
    make = logging.getLogRecordFactory()
    if getattr(make, "keeps_lines_apart", False):
        return

    def made(*given: Any, **options: Any) -> logging.LogRecord:
        record = make(*given, **options)
        if isinstance(record.msg, str):
            record.msg = plain(record.msg.rstrip("\n"))
        else:
            record.msg = plain(str(record.msg))
        record.args = _escaped(record.args)
        if record.exc_info and record.exc_info[1] is not None:
            # formatters take what has been written before
            record.exc_text = "\n".join(_lines(record.exc_info[1]))
        return record

    made.keeps_lines_apart = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(made)


def _escaped(given: Any) -> Any:
    if isinstance(given, Mapping):
        return {key: _one(value) for key, value in given.items()}
    return tuple(map(_one, given)) if given else given


def _one(value: Any) -> Any:
    return value if value is None or isinstance(value, Number) else plain(str(value))


def _lines(error: BaseException) -> Iterator[str]:
    """The traceback with what the error says in one line, behind those of the errors that led to it."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _lines(before)
        yield "which led to:"
    yield "Traceback (most recent call last):"
    yield from (line.rstrip("\n") for line in traceback.format_tb(error.__traceback__))
    yield f"{type(error).__name__}: {plain(str(error))}"
