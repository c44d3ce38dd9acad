"""How much each visitor may hand in. Public names: `MAX_WEIGHTS`, `Room`, `megabytes`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from ..errors import ServingError
from .folder import SURE_SECONDS, ServerFolder

__all__ = ["MAX_WEIGHTS", "Room", "megabytes"]

# bytes of a file of weights; `reading` has the bound for photographs
MAX_WEIGHTS = 400_000_000
# what the files of one address may take together, as long as they are kept: weights are deleted when they are read
VISITOR_BYTES = 1_000_000_000
VISITOR_FILES = 10_000
UPLOADS_AT_ONCE = 64
LOOK_SECONDS = 60.0


def megabytes(count: int) -> str:
    """Bytes as they are said: "20 MB"."""
    return f"{count / 1e6:.0f} MB"


@dataclass
class _HandedIn:
    """What one address has handed in: path -> bytes, in that order; their sum; when it was looked at."""

    files: dict[str, int] = field(default_factory=dict)
    size: int = 0
    looked: float = 0.0

    def add(self, path: str, size: int) -> None:
        self.size += size - self.files.pop(path, 0)
        self.files[path] = size

    def look(self) -> None:
        """Forget what is no longer there."""
        self.files = {path: size for path, size in self.files.items() if _size(path)}
        self.size, self.looked = sum(self.files.values()), time.monotonic()


class Room:
    """What of the `folder` is left for each visitor."""

    def __init__(
        self, folder: ServerFolder, *, visitor_bytes: int = VISITOR_BYTES, visitor_files: int = VISITOR_FILES
    ) -> None:
        self.folder = folder
        self._most = visitor_bytes, visitor_files
        self._held: dict[str, _HandedIn] = {}
        self._coming: dict[str, list[int]] = {}
        self._lock = Lock()

    @contextmanager
    def coming(self, visitor: str, count: int) -> Iterator[None]:
        """An upload of at most `count` bytes is on its way as long as the block runs.

        Raises ServingError where it would be too much, saying what is full.
        """
        with self._lock:
            held, coming = self._held.setdefault(visitor, _HandedIn()), self._coming.get(visitor, [])
            if len(coming) >= UPLOADS_AT_ONCE:
                raise ServingError("room.uploads_under_way", coming_count=len(coming))
            self._make_share(held, sum(coming) + count)
            if not self.folder.has_room(sum(map(sum, self._coming.values())) + count):
                raise full(self.folder)
            self._coming.setdefault(visitor, []).append(count)
        try:
            yield
        finally:
            with self._lock:
                self._coming[visitor].remove(count)
                if not self._coming[visitor]:
                    del self._coming[visitor]
                if not held.files and not self._coming.get(visitor):
                    self._held.pop(visitor, None)

    def holds(self, visitor: str, paths: Iterable[str]) -> None:
        """What `visitor` has handed in lies there now."""
        with self._lock:
            held = self._held.setdefault(visitor, _HandedIn())
            for path in paths:
                if size := _size(path):
                    held.add(path, size)
                    self.folder.took(size)

    def _make_share(self, held: _HandedIn, count: int) -> None:
        """Make sure that `count` bytes more are within a visitor's share; the oldest of his go where they are not."""

        def fits() -> bool:
            return held.size + count <= self._most[0] and len(held.files) < self._most[1]

        if not fits() or time.monotonic() > held.looked + LOOK_SECONDS:
            held.look()
        for path in [*held.files]:
            if fits():
                return
            with suppress(OSError):
                if time.time() - Path(path).stat().st_mtime < SURE_SECONDS:
                    break
                Path(path).unlink()
            held.size -= held.files.pop(path)
        if not fits():
            raise ServingError(
                "room.share_full",
                files_count=len(held.files),
                megabytes=megabytes(held.size),
                megabytes2=megabytes(self._most[0]),
                most=self._most[1],
            )


def full(folder: ServerFolder) -> ServingError:
    """That nothing more fits into the `folder`."""
    return ServingError("room.full", used=megabytes(folder.size), most=megabytes(folder.max_bytes))


def _size(path: str) -> int:
    try:
        return Path(path).lstat().st_size
    except OSError:
        return 0
