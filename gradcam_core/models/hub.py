"""Repositories of the Hugging Face hub: fetched within bounds, whole or not at all, and kept by their commit.

    snapshot = snapshot_of("owner/name", [("config.json",), WEIGHTS], beside=["preprocessor_config.json"])
    snapshot.commit, snapshot.json("config.json"), snapshot.weights()

What was fetched lies in a folder of this program's own, at most `MAX_STORED` bytes of it; the longest unused goes
first. Files are data: nothing in a repository is ever run. Public names: `WEIGHTS`, `Access`, `Snapshot`, `at_hand`,
`folder_of`, `offered`, `parsed`, `snapshot_of`, `stored`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Any

from torch import Tensor

from ..engine.store import cache_folder
from ..errors import ModelError
from ..languages import Finding
from ..types import MEGABYTE
from .checkpoint import read_weights
from .fetch import fetching, reason
from .tensor_file import Stored
from .transfer import Offered, asked, download

__all__ = [
    "WEIGHTS",
    "Access",
    "Snapshot",
    "at_hand",
    "folder_of",
    "offered",
    "parsed",
    "snapshot_of",
    "stored",
]

# the files in which weights may lie there, the best form first; an index names the files that each hold a part
WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
INDEX = ".index.json"
# bytes of all files of one model, and of all models that are kept
MAX_BYTES, MAX_STORED = 2_000_000_000, 20_000_000_000
# bytes of the disk that stay free for everybody else on this machine
SPARE_BYTES = 1_000_000_000
MAX_JSON = 20 * MEGABYTE
AT_ONCE = 3
NAME = re.compile(
    r"(?:hf-hub:|hf_hub:)?([A-Za-z0-9][\w.-]{0,95})/([A-Za-z0-9][\w.-]{0,95})(?:@([\w][\w./-]{0,95}))?", re.ASCII
)
PART = re.compile(r"[\w][\w.-]{0,200}", re.ASCII)
COMMIT = re.compile(r"[0-9a-f]{40}")

_slots = BoundedSemaphore(AT_ONCE)
_clearing = Lock()


class Access(Enum):
    """What of the hub somebody may use: nothing; what anybody may read; what the host of this program may read."""

    NOTHING = "nothing"
    PUBLIC = "public"
    HOST = "host"


@dataclass(frozen=True)
class Snapshot:
    """The files of a model by name, and the repository and commit that they are of; "" for a folder of one's own."""

    files: Mapping[str, Path]
    repository: str = ""
    commit: str = ""

    def json(self, name: str) -> dict[str, Any]:
        """What a JSON file of it holds; raises ModelError where it is no object of JSON."""
        try:
            path = self.files[name]
            value = None if path.stat().st_size > MAX_JSON else json.loads(path.read_text("utf-8"))
        except (KeyError, OSError, ValueError, RecursionError) as error:
            raise ModelError("hub.file_damaged", model=self.title, file=name, reason=reason(error)) from error
        if not isinstance(value, dict):
            raise ModelError("hub.file_damaged", model=self.title, file=name, reason=Finding("hub.no_settings"))
        return value

    def weights(self) -> dict[str, Tensor]:
        """All tensors of its weight files by name, read as data; raises ModelError."""
        values: dict[str, Tensor] = {}
        for name in parts(self):
            content = read_weights(self.files[name], max_bytes=MAX_BYTES)
            tensors = _tensors(content)
            for key, one in tensors.items():
                try:
                    values[key] = one.tensor()
                except (ValueError, RuntimeError) as error:
                    raise ModelError("checkpoint.tensor_cut_off", name=name, tensor=key) from error
        return values

    @property
    def title(self) -> str:
        """What it is called in sentences."""
        return self.repository or next(iter(self.files.values())).parent.name


def _tensors(content: Mapping[str, Any]) -> dict[str, Stored]:
    inner = content.get("state_dict", content)
    found = inner if isinstance(inner, dict) else content
    return {key: one for key, one in found.items() if isinstance(key, str) and isinstance(one, Stored)}


def parsed(text: str) -> tuple[str, str | None] | None:
    """ "owner/name" and the revision of "owner/name@revision", with or without "hf-hub:"; None where it is none."""
    match = NAME.fullmatch(text) if isinstance(text, str) else None
    if match is None or ".." in text or "--" in text:
        return None
    return f"{match[1]}/{match[2]}", match[3]


Needed = Sequence[Sequence[str]]


def snapshot_of(
    repository: str,
    needed: Needed,
    *,
    beside: Sequence[str] = (),
    revision: str | None = None,
    access: Access = Access.HOST,
    max_bytes: int = MAX_BYTES,
) -> Snapshot:
    """The newest that is kept here of what is `needed`, else what the hub has of it now.

    Of each row of `needed` the first file that is there is taken, and of those `beside` them all that are there. How
    far a download is tells `fetch.how_far` of the name, "owner/name" or "owner/name@revision". Raises ModelError.
    """
    here = stored(repository, needed, beside=beside, revision=revision, access=access)
    if here is not None:
        return here
    if access is Access.NOTHING:
        raise ModelError("hub.switched_off", name=repr(repository))
    if not _slots.acquire(blocking=False):
        raise ModelError("hub.busy", name=repository, count=AT_ONCE)
    try:
        found = offered(repository, revision, access=access)
        name = repository if revision is None else f"{repository}@{revision}"
        return _fetched(found, name, needed, beside, access, max_bytes)
    finally:
        _slots.release()


def offered(repository: str, revision: str | None = None, *, access: Access = Access.HOST) -> Offered:
    """What the hub has of a repository now: its commit, its files and their sizes; raises ModelError."""
    return asked(repository, revision, token=None if access is Access.HOST else False)


def stored(
    repository: str,
    needed: Needed,
    *,
    beside: Sequence[str] = (),
    revision: str | None = None,
    access: Access = Access.HOST,
) -> Snapshot | None:
    """What is kept here already, the newest first; None where anything that is `needed` is missing."""
    for commit, folder in _kept(repository, revision, access):
        files = _chosen(_files(folder), needed, beside)
        snapshot = Snapshot({name: folder / name for name in files or ()}, repository, commit)
        if files and all(name in snapshot.files or (folder / name).is_file() for name in parts(snapshot)):
            with suppress(OSError):
                os.utime(folder)
            every = {**snapshot.files, **{name: folder / name for name in parts(snapshot)}}
            return Snapshot(every, repository, commit)
    return None


def folder_of(path: str | Path, needed: Needed, *, beside: Sequence[str] = ()) -> Snapshot:
    """A folder of the host's own, as `save_pretrained` writes it; raises ModelError where something is missing."""
    folder = Path(path)
    files = _chosen(_files(folder), needed, beside)
    if files is None:
        raise ModelError("hub.folder_lacks", folder=folder.name, needed=_missing(_files(folder), needed))
    snapshot = Snapshot({name: folder / name for name in files})
    for name in parts(snapshot):
        if not (folder / name).is_file():
            raise ModelError("hub.folder_lacks", folder=folder.name, needed=name)
    return Snapshot({**snapshot.files, **{name: folder / name for name in parts(snapshot)}})


def at_hand(access: Access) -> tuple[str, ...]:
    """The repositories of which something is kept here."""
    place = _place(access)
    return tuple(sorted(folder.name.replace("--", "/") for folder in _folders(place) if "--" in folder.name))


def parts(snapshot: Snapshot) -> list[str]:
    """The names of the files that hold its weights; raises ModelError for an index that names others than files."""
    name = next((name for name in WEIGHTS if name in snapshot.files), None)
    if name is None or not name.endswith(INDEX):
        return [] if name is None else [name]
    named = snapshot.json(name).get("weight_map")
    values = list(named.values()) if isinstance(named, dict) else []
    if not values or not all(isinstance(value, str) and PART.fullmatch(value) for value in values):
        raise ModelError("hub.file_damaged", model=snapshot.title, file=name, reason=Finding("hub.no_weight_map"))
    return list(dict.fromkeys(values))


def _root() -> Path:
    # by a name that keeps it apart from the networks that are converted there
    return cache_folder() / ".hub"


def _place(access: Access) -> Path:
    # what the host may read must not come to visitors by lying here
    return _root() / access.value


def _folders(place: Path) -> list[Path]:
    with suppress(OSError):
        return [folder for folder in place.iterdir() if folder.is_dir()]
    return []


def _kept(repository: str, revision: str | None, access: Access) -> Iterator[tuple[str, Path]]:
    """Commits of a repository and the folders that they lie in, the newest first."""
    if access is Access.NOTHING:
        return
    places = [_place(access) / repository.replace("/", "--")]
    if access is Access.HOST:
        from huggingface_hub import constants  # noqa: PLC0415

        places.append(Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}" / "snapshots")
    folders = [folder for place in places for folder in _folders(place) if COMMIT.fullmatch(folder.name)]
    for folder in sorted(folders, key=lambda folder: folder.stat().st_mtime, reverse=True):
        if revision is None or folder.name == revision:
            yield folder.name, folder


def _files(folder: Path) -> set[str]:
    with suppress(OSError):
        return {path.name for path in folder.iterdir() if path.is_file()}
    return set()


def _chosen(names: set[str] | Mapping[str, Any], needed: Needed, beside: Sequence[str]) -> list[str] | None:
    """Of each row the first name that is there; None where a row has none."""
    chosen = [next((name for name in row if name in names), None) for row in needed]
    if None in chosen:
        return None
    return [*(name for name in beside if name in names), *(name for name in chosen if name)]


def _missing(names: set[str] | Mapping[str, Any], needed: Needed) -> str:
    return next(" or ".join(row) for row in needed if not any(name in names for name in row))


def _fetched(
    found: Offered, name: str, needed: Needed, beside: Sequence[str], access: Access, max_bytes: int
) -> Snapshot:
    names = _chosen(found.files, needed, beside)
    if names is None:
        raise ModelError("hub.lacks", name=found.repository, needed=_missing(found.files, needed))
    folder = _place(access) / found.repository.replace("/", "--") / found.commit
    got: dict[str, Path] = {}

    def fetch(wanted: Sequence[str]) -> None:
        size = sum(found.size(file) for file in wanted)
        if size > max_bytes:
            raise ModelError(
                "hub.too_large", name=found.repository, megabytes=size / MEGABYTE, most=max_bytes / MEGABYTE
            )
        _make_room(size, folder, access)
        with fetching(name, name, folder, megabytes=size / MEGABYTE):
            for file in wanted:
                got[file] = download(found, file, folder)

    existed = folder.is_dir()
    try:
        fetch(names)
        extra = parts(Snapshot(got, found.repository, found.commit))
        missing = [file for file in extra if file not in got]
        for file in missing:
            if file not in found.files:
                raise ModelError("hub.lacks", name=found.repository, needed=file)
        fetch(missing)
    except BaseException:
        if not existed:
            _removed(folder)
        raise
    return Snapshot(got, found.repository, found.commit)


def _removed(folder: Path) -> None:
    """Delete a folder, and the one around it where that is empty then."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        folder.parent.rmdir()


def _make_room(size: int, folder: Path, access: Access) -> None:
    """Let `size` bytes more fit in: what was not used for longest goes; raises ModelError where that is not enough."""
    with _clearing:
        place = _root()
        commits = [one for kind in _folders(place) for model in _folders(kind) for one in _folders(model)]
        kept = sorted((one.stat().st_mtime, _size(one), one) for one in commits if one != folder)
        left = sum(size for _, size, _ in kept)
        for _, freed, one in kept:
            if left + size <= MAX_STORED:
                break
            _removed(one)
            left -= freed
    free = _free(place)
    if free < size + SPARE_BYTES:
        raise ModelError("hub.no_room", megabytes=size / MEGABYTE, free=free / MEGABYTE, spare=SPARE_BYTES / MEGABYTE)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def _free(place: Path) -> int:
    there: Callable[[Path], bool] = Path.is_dir
    nearest = next(folder for folder in (place, *place.parents) if there(folder))
    return shutil.disk_usage(nearest).free
