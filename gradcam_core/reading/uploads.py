"""The one door for every file that a visitor names: photographs, weights, labels, over page, API and tools.

    with Upload(path, folder).open(limit=20_000_000) as file:
        ...

Only a regular file whose real path lies below the folder of uploads is opened. Everything else, whether it is there or
not, gets the same sentence, so that nobody learns what lies on the server. Public names: `NOT_UPLOADED`,
`PHOTOGRAPH_FILE`, `Carried`, `Upload`.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from io import BytesIO
from tempfile import gettempdir
from typing import BinaryIO

from ..errors import UploadError
from ..languages import Finding

__all__ = ["NOT_UPLOADED", "PHOTOGRAPH_FILE", "Carried", "Upload"]

# one sentence for everything that is not opened
NOT_UPLOADED = "uploads.not_here"
# how what is too large is called
FILE, PHOTOGRAPH_FILE = Finding("uploads.the_file"), Finding("uploads.the_photograph")
# a pipe must not be waited for, and a link that takes the file's place in the last moment not be followed
FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_BINARY", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"))


@dataclass(frozen=True)
class Upload:
    """The file that a visitor calls `path`, which has to lie below `folder`, the server's folder of uploads.

    No `str` or `Path`, so that nothing opens it but this door.
    """

    path: str
    folder: str

    @property
    def name(self) -> str:
        """The file's own name, as its visitor gave it."""
        return os.path.basename(self.path)

    @property
    def is_below(self) -> bool:
        """Whether there is something of that name below the folder; nothing outside of it is looked at."""
        return self._real() is not None

    def open(self, *, limit: int, what: Finding = FILE) -> BinaryIO:
        """The file, opened once, at most `limit` bytes long; `what` it is begins the sentence where it is longer.

        Raises UploadError.
        """
        real = self._real()
        if real is None:
            raise UploadError(NOT_UPLOADED)
        try:
            descriptor = os.open(real, FLAGS)
        except (OSError, ValueError):
            raise UploadError(NOT_UPLOADED) from None
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise UploadError(NOT_UPLOADED)
            if found.st_size > limit:
                raise UploadError("uploads.too_large", what=what, limit=limit / 1_000_000)
            return os.fdopen(descriptor, "rb")
        except BaseException:
            os.close(descriptor)
            raise

    def read(self, *, limit: int, what: Finding = FILE) -> bytes:
        """All bytes of the file, at most `limit`; raises UploadError as `open` does."""
        with self.open(limit=limit, what=what) as file:
            # what is written to it meanwhile is not read
            return file.read(limit)

    def _real(self) -> str | None:
        """The path with all links resolved, None where it is not below the folder."""
        try:
            folder = os.path.realpath(self.folder)
            named = os.path.abspath(self.path)
            if not any(_is_below(named, place) for place in (folder, os.path.abspath(self.folder))):
                return None
            real = os.path.realpath(named, strict=True)
        except (OSError, ValueError):
            # nothing there, endless links, zero bytes, letters that no file system knows
            return None
        return real if _is_below(real, folder) else None


@dataclass(frozen=True)
class Carried:
    """An upload that another process has read: its page took it in, and hands on what it holds."""

    name: str
    content: bytes
    folder: str = field(default_factory=gettempdir)

    def open(self, *, limit: int, what: Finding = FILE) -> BytesIO:
        """As `Upload.open`; raises UploadError."""
        if len(self.content) > limit:
            raise UploadError("uploads.too_large", what=what, limit=limit / 1_000_000)
        return BytesIO(self.content)


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(os.path.join(folder, ""))
