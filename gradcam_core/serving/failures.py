"""What a failure says to the person who asked. Public name: `plain_words`."""

from __future__ import annotations

import errno
import logging

from ..errors import CamError
from ..languages import Finding, say

__all__ = ["plain_words"]

# what the system says of a disk, a share of it, or a file that is full, or may not be written to
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})

log = logging.getLogger(__name__)


def plain_words(error: Exception) -> str:
    """A sentence for whoever asked; anything unexpected goes to the log in full."""
    if isinstance(error, CamError):
        return str(error)
    if isinstance(error, OSError) and error.errno in FULL:
        log.error("An answer could not be written: %s", error)
        return say(Finding("door.no_room"))
    log.exception("unexpected error", exc_info=error)
    return say(Finding("door.unexpected"))
