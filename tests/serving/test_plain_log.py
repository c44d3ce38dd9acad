"""One line of the log stays one line."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from gradcam_core.serving.plain_log import keep_lines_apart, plain

NASTY = "a\nb\r\x1b[31mred\x1b]0;title\x07\u202edlrow\u2028\x00\x85"


@pytest.fixture
def written() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    before = logging.getLogRecordFactory()
    keep_lines_apart()
    keep_lines_apart()
    stream = io.StringIO()
    logger = logging.Logger("somebody")
    logger.addHandler(logging.StreamHandler(stream))
    yield logger, stream
    logging.setLogRecordFactory(before)


def test_printable_text_of_any_language_stays_as_it_is() -> None:
    assert plain("Köln, 서울, 東京 'x' \\n") == "Köln, 서울, 東京 'x' \\n"


@pytest.mark.parametrize("how", ["argument", "message", "object", "mapping", "bytes"])
def test_whatever_is_logged_is_one_printable_line(how: str, written: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = written
    if how == "argument":
        logger.error("path %s, %d times in %.1f s", NASTY, 3, 0.25)
        assert "3 times in 0.2 s" in stream.getvalue()
    elif how == "message":
        logger.error(NASTY)
    elif how == "object":
        logger.error("%s", ValueError(NASTY))
    elif how == "mapping":
        logger.error("%(path)s", {"path": NASTY})
    else:
        logger.error("%r", NASTY.encode())
    (line,) = stream.getvalue().splitlines()
    assert line.isprintable()


def test_a_traceback_keeps_its_lines_but_not_those_of_what_the_error_says(
    written: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = written
    try:
        try:
            raise KeyError(NASTY)
        except KeyError as first:
            raise ValueError(NASTY) from first
    except ValueError:
        logger.exception("Exception in ASGI application\n")
    lines = stream.getvalue().splitlines()
    assert lines[0] == "Exception in ASGI application"
    assert lines[-1].startswith("ValueError: a\\nb")
    assert any(line.startswith("KeyError: ") for line in lines)
    assert sum("test_plain_log.py" in line for line in lines) == 2
    assert all(line.isprintable() for line in lines)
