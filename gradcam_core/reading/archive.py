"""Photographs that a visitor hands in together, several files or a zip, laid into a folder of their own.

    laid_out([Upload(path, folder)], into, suffixes)
    one_of([Upload(path, folder)], "horse/3.jpg", suffixes)

Nothing that an archive says of itself is believed: a name is never a place outside the folder, what is packed is read
to its bounds and no further, and only what is called like a photograph, or `labels.csv`, is taken at all. Public names:
`MAX_ARCHIVE_BYTES`, `MOST_PHOTOGRAPHS`, `TABLE`, `laid_out`, `one_of`.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..errors import UploadError
from ..languages import Finding
from .photograph import MAX_UPLOAD_BYTES
from .uploads import PHOTOGRAPH_FILE, Carried, Upload

__all__ = ["MAX_ARCHIVE_BYTES", "MOST_PHOTOGRAPHS", "TABLE", "laid_out", "one_of"]

# bytes of the archive itself
MAX_ARCHIVE_BYTES = 200_000_000
# bytes of all photographs once unpacked: they are mostly JPEGs, which a zip hardly makes smaller
MAX_UNPACKED_BYTES = 400_000_000
MOST_PHOTOGRAPHS = 2_000
# entries of an archive, with all that is no photograph: other files, folders
MOST_ENTRIES = 20_000
MOST_FOLDERS, LONGEST_NAME = 4, 80
TABLE_BYTES = 1_000_000
TABLE = "labels.csv"
PIECE = 1 << 18
# how an archive begins
ZIP = b"PK\x03\x04"
# letters that some file system takes for more than a letter
UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\/]')


def laid_out(uploads: Sequence[Upload | Carried], into: Path, suffixes: Iterable[str]) -> int:
    """Write the photographs into the folder `into`, by what `suffixes` call one, and return how many there are.

    Raises UploadError for what is no archive, or is too much; OSError where there is no room.
    """
    files = _Files(into)
    with _reading():
        for path, file in _handed_in(uploads, frozenset(suffixes)):
            files.take(path, file)
    if not files.count:
        raise UploadError("archive.no_photographs")
    return files.count


def one_of(uploads: Sequence[Upload | Carried], name: str, suffixes: Iterable[str]) -> bytes:
    """The photograph that `laid_out` would write to the path `name`; raises UploadError where there is none."""
    with _reading():
        for path, file in _handed_in(uploads, frozenset(suffixes)):
            if path.as_posix() == name:
                return file.read(MAX_UPLOAD_BYTES)
    raise UploadError("archive.not_among_them", name=name[-LONGEST_NAME:])


class _Files:
    """What was written so far."""

    def __init__(self, into: Path) -> None:
        self.count = 0
        self._into = into
        self._size = 0

    def take(self, inside: Path, file: IO[bytes]) -> None:
        """Write one file, no more of it than may be."""
        path = self._into / inside
        table = path.name == TABLE
        if not table:
            self.count += 1
            if self.count > MOST_PHOTOGRAPHS:
                raise UploadError("archive.too_many", most=MOST_PHOTOGRAPHS)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            copy = path.open("wb")
        except (FileExistsError, IsADirectoryError, NotADirectoryError):
            # one entry's folder is another one's file
            raise UploadError("archive.not_read", reason=Finding("archive.two_of_a_name", name=path.name)) from None
        left = TABLE_BYTES if table else MAX_UPLOAD_BYTES
        with copy:
            while piece := file.read(PIECE):
                left -= len(piece)
                self._size += len(piece)
                if left < 0:
                    raise UploadError("archive.file_too_large", name=path.name, limit=MAX_UPLOAD_BYTES / 1e6)
                if self._size > MAX_UNPACKED_BYTES:
                    raise UploadError("archive.too_much", limit=MAX_UNPACKED_BYTES / 1e6)
                copy.write(piece)


def _handed_in(uploads: Sequence[Upload | Carried], suffixes: frozenset[str]) -> Iterator[tuple[Path, IO[bytes]]]:
    """What is called like a photograph or the table, each by a path of its own: phones call all theirs image.jpg."""
    times: dict[Path, int] = {}
    for upload in uploads:
        for name, file in _files_of(upload, suffixes):
            path = _inside(name)
            while path.name != TABLE and path in times:
                times[path] += 1
                path = path.with_name(f"{path.stem} ({times[path]}){path.suffix}")
            times[path] = 1
            yield path, file


def _files_of(upload: Upload | Carried, suffixes: frozenset[str]) -> Iterator[tuple[str, IO[bytes]]]:
    if upload.name.lower().endswith(".zip") or _begins_as_zip(upload):
        with upload.open(limit=MAX_ARCHIVE_BYTES) as file:
            yield from _unpacked(file, suffixes)
    elif _is_wanted(upload.name, suffixes):
        limit = TABLE_BYTES if upload.name == TABLE else MAX_UPLOAD_BYTES
        with upload.open(limit=limit, what=PHOTOGRAPH_FILE) as file:
            yield upload.name, file


def _begins_as_zip(upload: Upload | Carried) -> bool:
    # what tools hand in has no name of its own
    with upload.open(limit=MAX_ARCHIVE_BYTES) as file:
        return file.read(len(ZIP)) == ZIP


def _is_wanted(name: str, suffixes: frozenset[str]) -> bool:
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    hidden = last.startswith(".") or "__MACOSX" in name
    return not hidden and (last == TABLE or Path(last).suffix.lower() in suffixes)


def _unpacked(file: IO[bytes], suffixes: frozenset[str]) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(file) as archive:
        for entry in _entries(archive):
            if _is_wanted(entry.filename, suffixes) and not entry.is_dir():
                with archive.open(entry) as packed:
                    yield entry.filename, packed


@contextmanager
def _reading() -> Iterator[None]:
    """What an archive raises that is none, or is not read as it says, in plain words."""
    try:
        yield
    except UploadError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise UploadError("archive.not_read", reason=_reason(error)) from None


def _reason(error: Exception) -> Finding:
    if isinstance(error, NotImplementedError):
        return Finding("archive.packed_otherwise")
    # Python raises a plain RuntimeError for this alone
    return Finding("archive.has_password" if type(error) is RuntimeError else "archive.damaged")


def _entries(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    if len(archive.filelist) > MOST_ENTRIES:
        raise UploadError("archive.too_many", most=MOST_PHOTOGRAPHS)
    yield from archive.filelist


def _inside(name: str) -> Path:
    """A path below a folder, whatever the name says: folders above, drives and strange letters are left out."""
    parts = [UNFIT.sub("_", part).strip(" .")[-LONGEST_NAME:] for part in name.replace("\\", "/").split("/")]
    kept = [part for part in parts if part]
    return Path(*kept[-MOST_FOLDERS:])
