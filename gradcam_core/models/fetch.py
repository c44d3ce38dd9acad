"""Fetching weight files: how far a download is, and one clear sentence where it fails.

    with fetching("resnet50", "ResNet-50", folder, megabytes=98):
        ...  # whatever downloads into `folder`
    print(how_far("resnet50"))  # from another thread: "Downloading ResNet-50: 45 of 98 MB"

Public names: `fetching`, `how_far`, `reason`.
"""

from __future__ import annotations

import errno
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ModelError
from ..languages import Finding
from ..types import MEGABYTE

__all__ = ["fetching", "how_far", "reason"]

# endings of what torch and the Hugging Face hub write to before a download is whole
PARTS = ("*.partial", "*.incomplete")
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class _Fetch:
    title: str
    folder: Path
    megabytes: float
    begun: float = field(default_factory=time.time)

    def parts(self) -> Iterator[Path]:
        """Files of this download that are not whole; older ones are somebody else's."""
        for pattern in PARTS:
            for path in self.folder.glob(pattern):
                with suppress(OSError):
                    if path.stat().st_mtime >= self.begun - 1:
                        yield path

    @property
    def finding(self) -> Finding:
        """How much of it is there."""
        done = 0
        for path in self.parts():
            with suppress(OSError):
                done += path.stat().st_size
        return Finding("fetch.downloading", title=self.title, done=done / MEGABYTE, whole=self.megabytes)


_under_way: dict[str, _Fetch] = {}


def how_far(name: str) -> Finding | None:
    """What the download of the model called `name` is at; None where there is none."""
    fetch = _under_way.get(name)
    return fetch.finding if fetch else None


@contextmanager
def fetching(name: str, title: str, folder: Path, *, megabytes: float = 0.0) -> Iterator[None]:
    """The block downloads into `folder`; raises ModelError where that fails, and leaves no part of a file there."""
    fetch = _under_way[name] = _Fetch(title, folder, megabytes)
    try:
        yield
    except Exception as error:  # every library of transfer has its own, and none derive from one another
        for path in list(fetch.parts()):
            path.unlink(missing_ok=True)
        key = "weights.no_room_on_disk" if _no_room(error) else "weights.not_downloaded"
        raise ModelError(key, title=title, megabytes=megabytes, reason=reason(error)) from error
    finally:
        _under_way.pop(name, None)


def _no_room(error: BaseException) -> bool:
    # the hub's own transfer library tells of it in words only
    return getattr(error, "errno", None) in NO_ROOM or "space" in str(error).lower()


def reason(error: BaseException) -> str:
    """Why, in a few words that may be shown to anybody."""
    # an OSError's own text may hold the path of a private folder
    text = str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)
    if not text:
        return type(error).__name__
    line = text.splitlines()[0].removeprefix("<urlopen error ").rstrip(">")
    return re.sub(r"^\[Errno -?\d+\] ", "", line)[:120]
