"""What travels between a page and the replicas that compute for it: without photographs, networks and pixels drawn.

Both ends are processes of one host, which trust each other. Public names: `Handed`, `content`, `packed`, `photograph`,
`unpacked`.
"""

from __future__ import annotations

import copyreg
import io
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias

from torch import nn

from ...explainer import Explainer
from ...explanation import Explanation
from ...reading.photograph import ImageSource, Photograph, content_of, digest_of, read_photograph

__all__ = ["Handed", "content", "packed", "photograph", "unpacked"]

PHOTOGRAPH, EXPLAINER, NETWORK = "photograph", "explainer", "network"


@dataclass(frozen=True, eq=False)
class Handed:
    """The file of a photograph, not yet read; `digest` is the fingerprint that it will have."""

    digest: str
    file: bytes

    @classmethod
    def of(cls, source: ImageSource | Photograph | None) -> Handed | Photograph:
        """What somebody handed in; raises ImageError, UploadError."""
        if isinstance(source, Photograph):
            return source
        found = content_of(source)
        digest = digest_of(found)
        return cls(digest, found) if isinstance(found, bytes) else read_photograph(found, digest)


AnyPhotograph: TypeAlias = "Handed | Photograph"


class _Packer(pickle.Pickler):
    """Notes in `photographs` which ones it leaves out."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.photographs: dict[str, AnyPhotograph] = {}

    def persistent_id(self, thing: Any) -> tuple[str, str] | None:
        if isinstance(thing, (Handed, Photograph)):
            self.photographs.setdefault(thing.digest, thing)
            return PHOTOGRAPH, thing.digest
        if isinstance(thing, Explainer):
            return EXPLAINER, ""
        # the weights stay where they are
        return (NETWORK, "") if isinstance(thing, nn.Module) else None

    def reducer_override(self, thing: Any) -> Any:
        if type(thing) is Explanation:
            # what was drawn of it is not sent along
            state = {one.name: getattr(thing, one.name) for one in fields(thing)}
            return copyreg.__newobj__, (Explanation,), state  # type: ignore[attr-defined]
        return NotImplemented


class _Unpacker(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, kinds: Mapping[str, Callable[[str], Any]]) -> None:
        super().__init__(file)
        self._kinds = kinds

    def persistent_load(self, reference: Any) -> Any:
        kind, name = reference
        return self._kinds[kind](name)


def packed(value: Any) -> tuple[bytes, Mapping[str, AnyPhotograph]]:
    """`value` as bytes, and the photographs that it speaks of by their digests."""
    file = io.BytesIO()
    packer = _Packer(file)
    packer.dump(value)
    return file.getvalue(), packer.photographs


def unpacked(parcel: bytes, explainer: Explainer, photographs: Callable[[str], Photograph]) -> Any:
    """What was packed, with the photographs and the explainer of this side; raises what `photographs` raises."""
    kinds: dict[str, Callable[[str], Any]] = {
        PHOTOGRAPH: photographs,
        EXPLAINER: lambda _: explainer,
        NETWORK: lambda _: nn.Identity(),
    }
    return _Unpacker(io.BytesIO(parcel), kinds).load()


def content(shown: AnyPhotograph) -> bytes:
    """All of a photograph, to be sent."""
    # pixels that were decoded later are not sent along
    return pickle.dumps(shown.file if isinstance(shown, Handed) else replace(shown), pickle.HIGHEST_PROTOCOL)


def photograph(sent: bytes, digest: str) -> Photograph:
    """The photograph that `content` was made of; raises ImageError."""
    found = pickle.loads(sent)  # noqa: S301 - of a page of the same host
    return found if isinstance(found, Photograph) else read_photograph(found, digest)
