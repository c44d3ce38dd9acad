"""Photographs that a visitor hands in together, several files or a zip, laid into a folder of their own.

    laid_out([Upload(path, folder)], into)

Nothing that an archive says of itself is believed: a name is never a place outside the folder, what is packed is read
to its bounds and no further, and only what is called like a photograph, or `labels.csv`, is taken at all. Public names:
`MAX_ARCHIVE_BYTES`, `MOST_PHOTOGRAPHS`, `TABLE`, `laid_out`.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

from ..errors import UploadError, first_line
from .photograph import MAX_UPLOAD_BYTES
from .uploads import PHOTOGRAPH_FILE, Upload

__all__ = ["MAX_ARCHIVE_BYTES", "MOST_PHOTOGRAPHS", "TABLE", "laid_out"]

# of the archive itself
MAX_ARCHIVE_BYTES = 200_000_000
# of all photographs, unpacked: they are JPEGs, which hardly get smaller
MAX_UNPACKED_BYTES = 400_000_000
MOST_PHOTOGRAPHS = 2_000
# what is listed in an archive beside photographs: other files, folders
MOST_ENTRIES = 20_000
MOST_FOLDERS, LONGEST_NAME = 4, 80
TABLE_BYTES = 1_000_000
TABLE = "labels.csv"
PIECE = 1 << 18
# letters that some file system takes for more than a letter
UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\/]')


def laid_out(uploads: Sequence[Upload], into: Path, suffixes: Iterable[str]) -> int:
    """Write the photographs into the folder `into`, by what `suffixes` call one, and return how many there are.

    Raises UploadError for what is no archive, or is too much; OSError where there is no room.
    """
    files = _Files(into, frozenset(suffixes))
    for upload in uploads:
        if upload.name.lower().endswith(".zip"):
            with upload.open(limit=MAX_ARCHIVE_BYTES) as file:
                _unpacked(file, files)
        else:
            limit = TABLE_BYTES if upload.name == TABLE else MAX_UPLOAD_BYTES
            with upload.open(limit=limit, what=PHOTOGRAPH_FILE) as file:
                files.take(upload.name, file)
    if not files.count:
        raise UploadError("archive.no_photographs")
    return files.count


class _Files:
    """What was written so far."""

    def __init__(self, into: Path, suffixes: frozenset[str]) -> None:
        self.count = 0
        self._into = into
        self._suffixes = suffixes
        self._size = 0

    def wants(self, name: str) -> bool:
        """Whether a file of that name is one to look at."""
        last = name.replace("\\", "/").rsplit("/", 1)[-1]
        hidden = last.startswith(".") or "__MACOSX" in name
        return not hidden and (last == TABLE or Path(last).suffix.lower() in self._suffixes)

    def take(self, name: str, file: IO[bytes]) -> None:
        """Write one file, no more of it than may be."""
        if not self.wants(name):
            return
        path = self._into / _inside(name)
        table = path.name == TABLE
        if not table:
            self.count += 1
            if self.count > MOST_PHOTOGRAPHS:
                raise UploadError("archive.too_many", most=MOST_PHOTOGRAPHS)
        path.parent.mkdir(parents=True, exist_ok=True)
        left = TABLE_BYTES if table else MAX_UPLOAD_BYTES
        with path.open("wb") as copy:
            while piece := file.read(PIECE):
                left -= len(piece)
                self._size += len(piece)
                if left < 0:
                    raise UploadError("archive.file_too_large", name=name[-LONGEST_NAME:], limit=MAX_UPLOAD_BYTES / 1e6)
                if self._size > MAX_UNPACKED_BYTES:
                    raise UploadError("archive.too_much", limit=MAX_UNPACKED_BYTES / 1e6)
                copy.write(piece)


def _unpacked(file: IO[bytes], files: _Files) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            for entry in _entries(archive):
                if files.wants(entry.filename) and not entry.is_dir():
                    with archive.open(entry) as packed:
                        files.take(entry.filename, packed)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, UploadError):
            raise
        # also an archive with a password, or packed in a way that Python does not know
        raise UploadError("archive.not_read", reason=first_line(error)) from None


def _entries(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    if len(archive.filelist) > MOST_ENTRIES:
        raise UploadError("archive.too_many", most=MOST_PHOTOGRAPHS)
    yield from archive.filelist


def _inside(name: str) -> Path:
    """A path below a folder, whatever the name says: folders above, drives and strange letters are left out."""
    parts = [UNFIT.sub("_", part).strip(" .")[-LONGEST_NAME:] for part in name.replace("\\", "/").split("/")]
    kept = [part for part in parts if part]
    return Path(*kept[-MOST_FOLDERS:])
