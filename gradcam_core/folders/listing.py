"""Which photographs a folder holds, and which class each is said to show. Public names: `SUFFIXES`, `Listed`, `listed`.

folder/horse/1.jpg        a sub-folder is the class where it is the label of one
folder/labels.csv         or a table: file,label
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import OptionError, TargetError
from ..reading.archive import TABLE

__all__ = ["SUFFIXES", "Listed", "listed"]

# what is taken for a photograph by its name; whether it is one its content decides
SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif")
)
# what the first line of a table calls its columns
HEADINGS = frozenset(("file", "filename", "file_name", "image", "name", "path"))


@dataclass(frozen=True)
class Listed:
    """One file, by its `path` and by its `name` below the folder; `truth` is the index of its class, where known.

    `size` and `modified` tell whether it is still the same file.
    """

    path: Path
    name: str
    truth: int | None
    size: int
    modified: float


def listed(folder: Path, class_index: Callable[[str], int], without: Path | None = None) -> list[Listed]:
    """The photographs below `folder` by name, but for those below `without`; `class_index` knows the labels.

    Raises OptionError where there are none, TargetError for a label in the table that is no class.
    """
    if not folder.is_dir():
        raise OptionError("audit.no_folder", folder=folder.name)
    tables: dict[PurePosixPath, dict[str, int] | None] = {}
    classes: dict[str, int | None] = {}

    def truth(name: str) -> int | None:
        for place in PurePosixPath(name).parents:
            if place not in tables:
                tables[place] = _table(folder / place / TABLE, class_index)
            table = tables[place]
            # it tells of all that is below the folder in which it lies
            if table is not None:
                return table.get(PurePosixPath(name).relative_to(place).as_posix())
        for part in reversed(name.split("/")[:-1]):
            if part not in classes:
                classes[part] = _known(part, class_index)
            if classes[part] is not None:
                return classes[part]
        return None

    found = []
    for path in _files(folder, without):
        name, state = path.relative_to(folder).as_posix(), path.stat()
        found.append(Listed(path, name, truth(name), state.st_size, state.st_mtime))
    if not found:
        raise OptionError("audit.no_photographs", folder=folder.name, suffixes=tuple(sorted(SUFFIXES)))
    return sorted(found, key=lambda one: one.name)


def _files(folder: Path, without: Path | None) -> Iterator[Path]:
    hidden = without and without.absolute()
    for place, folders, names in os.walk(folder):
        here = Path(place)
        folders[:] = [one for one in folders if not one.startswith(".") and (here / one).absolute() != hidden]
        for name in names:
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES and (here / name).is_file():
                yield here / name


def _known(part: str, class_index: Callable[[str], int]) -> int | None:
    """The class that a folder is named after, with blanks or with underscores."""
    for text in (part, part.replace("_", " ")):
        try:
            return class_index(text)
        except TargetError:
            continue
    return None


def _table(path: Path, class_index: Callable[[str], int]) -> dict[str, int] | None:
    """The classes by file name that the table says; None where there is no table."""
    if not path.is_file():
        return None
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [line for line in csv.reader(file) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise OptionError("audit.table_not_read", file=TABLE, reason=str(error)) from None
    if lines and lines[0][0].strip().lower() in HEADINGS:
        del lines[0]
    if any(len(line) < 2 for line in lines):
        raise OptionError("audit.table_not_read", file=TABLE, reason=",".join(next(x for x in lines if len(x) < 2)))
    known: dict[str, int] = {}
    classes: dict[str, int] = {}
    for name, label, *_ in lines:
        if label not in classes:
            classes[label] = class_index(label.strip())
        known[name.strip().replace("\\", "/").removeprefix("./")] = classes[label]
    return known
