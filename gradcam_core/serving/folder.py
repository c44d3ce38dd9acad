"""A server's own folder for what visitors hand in and what is written for them.

Several servers may share one place: each has a folder of its own in it, which it keeps locked as long as it lives.
Folders without a living owner are deleted by whoever starts next, and by the others while they run. Public names:
`ServerFolder`, `written`.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from threading import Event, Lock, Thread

from filelock import FileLock, Timeout

from ..errors import ServingError
from ..languages import Finding

__all__ = ["ServerFolder", "written"]

PREFIX = "server-"
ALIVE = ".alive"
# what gradio itself leaves in a place that it had for itself: folders named after a file's content
ANYBODYS = re.compile(r"[0-9a-f]{64}")
SWEEP_EVERY_SECONDS, SWEEP_AGAIN_SECONDS = 30.0, 5.0
KEEP_SECONDS = 86_400
# while there is no room, what is older than this may go before its day is over
SURE_SECONDS = 600
MAX_BYTES = 4_000_000_000
# bytes of the disk that stay free for everybody else on this machine
SPARE_BYTES = 200_000_000
# paths are made from content and this secret, for content alone can be guessed
SECRET = secrets.token_bytes(32)


def written(content: bytes, name: str, folder: str) -> str:
    """The path of a file of that name below `folder`, the same for the same content; nobody can guess it.

    Raises OSError where there is no room for all of it; then nothing of it is left.
    """
    place = Path(folder) / blake2b(content, key=SECRET, digest_size=32).hexdigest()
    place.mkdir(parents=True, exist_ok=True)
    part = place / secrets.token_hex(8)
    try:
        part.write_bytes(content)
        part.replace(place / name)
    except OSError:
        with suppress(OSError):
            part.unlink()
            place.rmdir()
        raise
    return str(place / name)


class ServerFolder:
    """One server's folder below `place`; `close` deletes it. Raises ServingError where it cannot be made."""

    def __init__(self, place: Path | None = None, *, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        given = place or Path(os.environ.get("GRADIO_TEMP_DIR") or Path(tempfile.gettempdir()) / "gradio")
        self._ended = Event()
        self._sweeping = Lock()
        self._size, self._swept = 0, -SWEEP_AGAIN_SECONDS
        self._kept: frozenset[Path] = frozenset()
        try:
            given.mkdir(parents=True, exist_ok=True)
            self._place = given.resolve()
            with FileLock(self._place / ".lock", timeout=30):
                self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._place))
                self._alive = FileLock(self.path / ALIVE, timeout=0)
                self._alive.acquire()
                self._sweep_place()
        except (OSError, Timeout) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else Finding("folder.locked")
            raise ServingError("folder.not_usable", given=str(given), reason=reason) from None
        self._sweeper = Thread(target=self._sweep_always, name="sweeper", daemon=True)
        self._sweeper.start()

    @property
    def size(self) -> int:
        """Bytes in the folder, as counted when it was swept last, and what has been handed in since."""
        return self._size

    def has_room(self, count: int = 0) -> bool:
        """Whether `count` bytes more fit in; what is old enough is deleted first where they do not."""
        if not self._fits(count) and time.monotonic() > self._swept + SWEEP_AGAIN_SECONDS:
            self.sweep(count)
        return self._fits(count)

    def keep(self, paths: Iterable[str | Path]) -> None:
        """What the page itself shows stays as long as the server, however old it is."""
        self._kept |= frozenset(map(Path, paths))

    def took(self, count: int) -> None:
        """Somebody has written `count` bytes."""
        self._size += count

    def sweep(self, room_for: int = 0) -> None:
        """Delete what is older than a day; and the oldest of the rest, but for the last minutes', to make room."""
        with self._sweeping:
            now = time.time()
            files = sorted(self._files())
            left = sum(size for _, size, _ in files)
            for changed, size, path in files:
                too_full = left + room_for > self.max_bytes or not self._disk_has(room_for)
                if now - changed > (SURE_SECONDS if too_full else KEEP_SECONDS):
                    with suppress(OSError):
                        path.unlink()
                        left -= size
            self._size, self._swept = left, time.monotonic()
            for folder in self.path.iterdir():
                # uploads are made in the folder first: one that is empty for a minute has lost its file
                with suppress(OSError):
                    if folder.is_dir() and now - folder.stat().st_mtime > 60:
                        folder.rmdir()

    def close(self) -> None:
        """Delete the folder with all that is in it."""
        self._ended.set()
        self._alive.release()
        shutil.rmtree(self.path, ignore_errors=True)

    def _fits(self, count: int) -> bool:
        return self.size + count <= self.max_bytes and self._disk_has(count)

    def _disk_has(self, count: int) -> bool:
        try:
            return shutil.disk_usage(self.path).free >= count + SPARE_BYTES
        except OSError:
            return False

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """When each file was changed, its bytes, its path."""
        for folder, _, names in os.walk(self.path):
            for name in names:
                path = Path(folder) / name
                with suppress(OSError):
                    found = path.lstat()
                    if name != ALIVE and path not in self._kept:
                        yield found.st_mtime, found.st_size, path

    def _sweep_place(self) -> None:
        """Delete the folders of servers that have died, and what is old of nobody's."""
        for folder in self._place.iterdir():
            with suppress(OSError, Timeout):
                if folder.is_symlink() or not folder.is_dir() or folder == self.path:
                    continue
                if folder.name.startswith(PREFIX):
                    with FileLock(folder / ALIVE, timeout=0):
                        shutil.rmtree(folder, ignore_errors=True)
                elif ANYBODYS.fullmatch(folder.name) and time.time() - folder.stat().st_mtime > KEEP_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)

    def _sweep_always(self) -> None:
        while not self._ended.wait(SWEEP_EVERY_SECONDS):
            with suppress(OSError, Timeout):
                self.sweep()
                with FileLock(self._place / ".lock", timeout=0):
                    self._sweep_place()
