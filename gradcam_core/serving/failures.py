"""What a failure says to the person who asked. Public names: `NO_ROOM`, `UNEXPECTED`, `plain_words`."""

from __future__ import annotations

import errno
import logging

from ..errors import CamError

__all__ = ["NO_ROOM", "UNEXPECTED", "plain_words"]

UNEXPECTED = "Something went wrong here, and it is not your image's fault. Try again; the details are in the log."
NO_ROOM = "The server could not write its answer down: its disk is full, or cannot be written to. Try again later."
# what the system says of a disk, a share of it, or a file that is full, or may not be written to
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})

log = logging.getLogger(__name__)


def plain_words(error: Exception) -> str:
    """A sentence for whoever asked; anything unexpected goes to the log in full."""
    if isinstance(error, CamError):
        return str(error)
    if isinstance(error, OSError) and error.errno in FULL:
        log.error("An answer could not be written: %s", error)
        return NO_ROOM
    log.exception("unexpected error", exc_info=error)
    return UNEXPECTED
