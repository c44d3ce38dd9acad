"""One file at a time over the hub's HTTP: no more bytes than it said, none too slowly, none that differ from its sum.

    found = asked("owner/name", None, token=False)
    path = download(found, "model.safetensors", folder)

What the hub says of a file is a promise that is checked while it comes. A file lies in its folder whole or not at all.
Public names: `SECONDS_TO_ANSWER`, `Offered`, `asked`, `download`.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelError
from ..types import MEGABYTE
from .fetch import reason

__all__ = ["SECONDS_TO_ANSWER", "Offered", "asked", "download"]

# how long is waited for the hub's answer, and for the next piece of a file
SECONDS_TO_ANSWER = 10.0
# a connection that is slower than this for so long is given up, for it holds a place that others wait for
SLOWEST_BYTES_PER_SECOND, SECONDS_OF_PATIENCE = 20_000, 30.0
PIECE = 1 << 20


@dataclass(frozen=True)
class Offered:
    """What the hub has of a repository at one commit: by file name its bytes and its SHA-256, where it tells that."""

    repository: str
    commit: str
    files: Mapping[str, tuple[int | None, str | None]]
    token: bool | None = None

    def size(self, name: str) -> int:
        """The bytes of a file; raises ModelError where the hub does not say."""
        size = self.files[name][0]
        if size is None or size < 0:
            raise ModelError("hub.size_unknown", name=self.repository, file=name)
        return size


def asked(repository: str, revision: str | None, *, token: bool | None) -> Offered:
    """Ask the hub for the commit and the files of a repository; raises ModelError.

    `token` None: with the token of whoever runs this program, False: as anybody.
    """
    from huggingface_hub import HfApi  # noqa: PLC0415
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError  # noqa: PLC0415

    try:
        info = HfApi().model_info(
            repository, revision=revision, files_metadata=True, timeout=SECONDS_TO_ANSWER, token=token
        )
        files = {one.rfilename: (one.size, _sum(one.lfs)) for one in info.siblings or ()}
        commit = str(info.sha)
    except RevisionNotFoundError as error:
        raise ModelError("hub.revision_unknown", name=repository, revision=revision) from error
    except RepositoryNotFoundError as error:
        raise ModelError("hub.unknown", name=repository) from error
    except Exception as error:  # every library of transfer has its own, and none derive from one another
        raise ModelError("hub.unreachable", name=repository, reason=reason(error)) from error
    return Offered(repository, commit, files, token)


def _sum(large: object) -> str | None:
    value = large.get("sha256") if isinstance(large, Mapping) else getattr(large, "sha256", None)
    return value if isinstance(value, str) else None


def download(found: Offered, name: str, folder: Path) -> Path:
    """The file in `folder`, fetched where it does not lie there; raises OSError and what the connection raises."""
    size, path = found.size(name), folder / name
    if path.is_file() and path.stat().st_size == size:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    # of its own name: two programs may fetch the same file at the same time
    number, part = tempfile.mkstemp(dir=folder, suffix=".partial")
    try:
        with os.fdopen(number, "wb") as file:
            _receive(found, name, size, file.write)
        Path(part).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(part).unlink()
        raise
    return path


def _receive(found: Offered, name: str, size: int, write: Callable[[bytes], object]) -> None:
    """Hand the file's bytes to `write`, piece by piece."""
    from huggingface_hub import get_session, hf_hub_url  # noqa: PLC0415
    from huggingface_hub.utils import build_hf_headers  # noqa: PLC0415

    address = hf_hub_url(found.repository, name, revision=found.commit)
    summed, got, begun = hashlib.sha256(), 0, time.monotonic()
    headers = build_hf_headers(token=found.token)
    with get_session().stream("GET", address, headers=headers, timeout=SECONDS_TO_ANSWER) as answer:
        if answer.status_code >= 400:
            raise OSError(f"the hub answered {answer.status_code}")
        for piece in answer.iter_bytes(PIECE):
            got += len(piece)
            if got > size:
                raise OSError(f"the hub sends more than the {size / MEGABYTE:.1f} MB that it announced")
            seconds = time.monotonic() - begun
            if seconds > SECONDS_OF_PATIENCE and got < SLOWEST_BYTES_PER_SECOND * seconds:
                raise OSError("the connection is too slow")
            summed.update(piece)
            write(piece)
    if got < size:
        raise OSError(f"it broke off after {got / MEGABYTE:.1f} of {size / MEGABYTE:.1f} MB")
    if found.files[name][1] not in (None, summed.hexdigest()):
        raise OSError("what came is not the file that the hub announced")
