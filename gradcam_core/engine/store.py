"""What takes long to find out about networks, on disk, so that a restart is warm: converted networks, surveys.

It is bounded in bytes, and written at once or not at all.

    store = Store(cache_folder())
    folder = store.find(key)      # None where there is none, or it is damaged
    store.keep(key, folder)

Public names: `Store`, `bytes_of`, `cache_folder`, `digest`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import torch
from torch import Tensor, nn

from .inputs import Inputs, named

__all__ = ["Store", "bytes_of", "cache_folder", "digest"]

# to be raised whenever the content of the files changes
FORMAT = 3
CHECKS = "checks.json"
MAX_BYTES = 4_000_000_000
PIECE = 1 << 22
# to copy takes seconds: what is begun for so long, nobody finishes any more
ABANDONED_SECONDS = 3600.0


def cache_folder() -> Path:
    """Where this user's programs keep what can be made again; GRADCAM_CACHE names another place."""
    if given := os.environ.get("GRADCAM_CACHE"):
        return Path(given)
    if given := os.environ.get("XDG_CACHE_HOME"):
        base = Path(given)
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home()))
    else:
        base = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return base / "gradcam" / "converted"


def digest(network: nn.Module, inputs: Tensor | Inputs, *about: object) -> str:
    """What tells what is kept of a network from all else: its weights, its parts, its inputs' shapes, the versions.

    `about` is whatever else decides about it. Code that was changed and keeps the names of its parts is not seen.
    """
    parts = [(name, type(part).__module__, type(part).__qualname__) for name, part in network.named_modules()]
    shapes = [(name, tuple(value.shape), str(value.dtype)) for name, value in named(inputs).items()]
    known = [FORMAT, torch.__version__, sys.version_info[:2], parts, shapes, about]
    found = hashlib.blake2b(repr(known).encode(), digest_size=20)
    for name, tensor in (*network.named_parameters(), *network.named_buffers()):
        found.update(repr((name, tuple(tensor.shape), str(tensor.dtype))).encode())
        found.update(bytes_of(tensor))
    return found.hexdigest()


def bytes_of(tensor: Tensor) -> memoryview:
    """What the values of `tensor` are kept as; raises RuntimeError, TypeError for those that are not kept as such."""
    return tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data


class Store:
    """A folder of folders, one for each thing kept, together at most `max_bytes`; those used last stay."""

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes

    def find(self, key: str) -> Path | None:
        """The folder kept under `key`; one that is damaged is deleted."""
        folder = self._folder / key
        try:
            checks = json.loads((folder / CHECKS).read_text("utf-8"))
            whole = bool(checks) and all(_check(folder / name) == check for name, check in checks.items())
        except FileNotFoundError:
            # nothing there, or a part of it is gone
            whole = False
        except (OSError, ValueError, AttributeError):
            whole = False
        if not whole:
            self.drop(key)
            return None
        with suppress(OSError):
            os.utime(folder)
        return folder

    def keep(self, key: str, made: Path) -> None:
        """Copy the files of the folder `made`; says nothing where the disk has no room or is not ours to write to."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # on the same disk, so that it can be renamed, which happens at once
            with tempfile.TemporaryDirectory(dir=self._folder, prefix=".") as begun:
                whole = Path(begun) / key
                shutil.copytree(made, whole)
                checks = {path.name: _check(path) for path in sorted(whole.iterdir())}
                (whole / CHECKS).write_text(json.dumps(checks), "utf-8")
                if _size(whole) > self._max_bytes:
                    return
                self.drop(key)
                whole.rename(self._folder / key)
            self._prune()

    def drop(self, key: str) -> None:
        """Delete what is kept under `key`; whoever reads it goes on reading."""
        shutil.rmtree(self._folder / key, ignore_errors=True)

    def _prune(self) -> None:
        folders = [path for path in self._folder.iterdir() if path.is_dir()]
        for path in folders:
            if path.name.startswith(".") and time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
        kept = [path for path in folders if not path.name.startswith(".")]
        room = self._max_bytes
        for path in sorted(kept, key=lambda path: path.stat().st_mtime, reverse=True):
            room -= _size(path)
            if room < 0:
                self.drop(path.name)


def _check(path: Path) -> str:
    found = hashlib.blake2b(digest_size=20)
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            found.update(piece)
    return found.hexdigest()


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())
