"""What a failure says to the person who asked. Public names: `UNEXPECTED`, `plain_words`."""

from __future__ import annotations

import logging

from ..errors import CamError

__all__ = ["UNEXPECTED", "plain_words"]

UNEXPECTED = "Something went wrong here, and it is not your image's fault. Try again; the details are in the log."

log = logging.getLogger(__name__)


def plain_words(error: Exception) -> str:
    """A sentence for whoever asked; anything unexpected goes to the log in full."""
    if isinstance(error, CamError):
        return str(error)
    log.exception("unexpected error", exc_info=error)
    return UNEXPECTED
