"""How much each visitor may hand in. Public names: `MAX_PHOTOGRAPH`, `MAX_WEIGHTS`, `Room`, `megabytes`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from ..errors import ServingError
from .folder import ServerFolder

__all__ = ["MAX_PHOTOGRAPH", "MAX_WEIGHTS", "Room", "megabytes"]

MAX_PHOTOGRAPH = 20_000_000
MAX_WEIGHTS = 400_000_000
# of one address, as long as the files lie there: weights are deleted when they are read
VISITOR_BYTES = 1_000_000_000
VISITOR_FILES = 2_000
UPLOADS_AT_ONCE = 8


def megabytes(count: int) -> str:
    """Bytes as they are said: "20 MB"."""
    return f"{count / 1e6:.0f} MB"


class Room:
    """What of the `folder` is left for each visitor."""

    def __init__(self, folder: ServerFolder, *, visitor_bytes: int = VISITOR_BYTES) -> None:
        self.folder = folder
        self._visitor_bytes = visitor_bytes
        # of each address: path -> bytes
        self._held: dict[str, dict[str, int]] = {}
        self._coming: dict[str, list[int]] = {}
        self._lock = Lock()

    @contextmanager
    def coming(self, visitor: str, count: int) -> Iterator[None]:
        """An upload of at most `count` bytes is on its way as long as the block runs.

        Raises ServingError where it would be too much, saying what is full.
        """
        with self._lock:
            held, coming = self._kept(visitor), self._coming.get(visitor, [])
            if len(coming) >= UPLOADS_AT_ONCE:
                raise ServingError(f"{len(coming)} uploads from your address are under way; wait for one to end.")
            used = sum(held.values()) + sum(coming)
            if used + count > self._visitor_bytes or len(held) >= VISITOR_FILES:
                raise ServingError(
                    f"Your share of this server's room for uploads is full: it keeps {len(held)} files of"
                    f" {megabytes(used)} from your address, and at most {megabytes(self._visitor_bytes)} or"
                    f" {VISITOR_FILES} files. They are deleted within a day; use a photograph that you have handed in."
                )
            everybody = sum(map(sum, self._coming.values()))
            if not self.folder.has_room(everybody + count):
                raise ServingError(full(self.folder))
            self._coming.setdefault(visitor, []).append(count)
        try:
            yield
        finally:
            with self._lock:
                self._coming[visitor].remove(count)
                if not self._coming[visitor]:
                    del self._coming[visitor]

    def holds(self, visitor: str, paths: Iterable[str]) -> None:
        """What `visitor` has handed in lies there now."""
        with self._lock:
            held = self._held.setdefault(visitor, {})
            for path in paths:
                if size := _size(path):
                    held[path] = size
                    self.folder.took(size)

    def _kept(self, visitor: str) -> dict[str, int]:
        kept = {path: size for path, size in self._held.get(visitor, {}).items() if _size(path)}
        if kept:
            self._held[visitor] = kept
        else:
            self._held.pop(visitor, None)
        return kept


def full(folder: ServerFolder) -> str:
    """Say that nothing more fits into the `folder`."""
    return (
        f"This server's folder for uploads and answers is full ({megabytes(folder.size())} of"
        f" {megabytes(folder.max_bytes)}, or its disk is); try again in some minutes."
    )


def _size(path: str) -> int:
    try:
        return Path(path).lstat().st_size
    except OSError:
        return 0
