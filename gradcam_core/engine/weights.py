"""Whether somebody changed a network's weights since they were last looked at. Public name: `Weights`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain
from operator import attrgetter, is_
from threading import Lock
from typing import Any

from torch import Tensor, nn

__all__ = ["Weights"]

_version = attrgetter("_version")


class Weights:
    """Notices that weights of a network were trained further, written to, or exchanged, other than through `.data`.

    It is asked at every use. So it keeps what looks into the modules, where a change shows by itself: to walk through
    the modules again takes four times as long, and to make names of all weights, as `parameters()` does, ten times.
    Without `buffers` it asks about parameters alone: to buffers a network may write by itself, in every pass.
    """

    def __init__(self, *, buffers: bool = False) -> None:
        self._buffers = buffers
        self._lock = Lock()
        self._network: nn.Module | None = None
        self._changes = 0
        self._views: Sequence[Collection[Any]] = ()
        self._parts: Sequence[nn.Module | Tensor | None] = ()
        # those that count how often they are written to: tensors made in inference mode do not
        self._counting: Sequence[Tensor] = ()
        self._counts: Sequence[int] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        # what was noticed here says nothing about the network of another process
        return _made, (self._buffers,)

    def state(self, network: nn.Module) -> int:
        """How often it was noticed that weights of `network`, always the same one, were others than before."""
        with self._lock:
            if network is not self._network or not self._as_before():
                self._changes += self._network is not None
                self._network = network
                self._look_into(network)
            return self._changes

    def _look_into(self, network: nn.Module) -> None:
        modules = list(network.modules())
        kinds = ("_modules", "_parameters", *(["_buffers"] if self._buffers else []))
        # views of dicts show what is in these at any time
        self._views = [getattr(one, kind).values() for one in modules for kind in kinds]
        self._parts = list(chain.from_iterable(self._views))
        tensors = (one for one in self._parts if isinstance(one, Tensor))
        self._counting = [one for one in tensors if not one.is_inference()]
        self._counts = list(map(_version, self._counting))

    def _as_before(self) -> bool:
        now = list(chain.from_iterable(self._views))
        same = len(now) == len(self._parts) and all(map(is_, now, self._parts))
        return same and list(map(_version, self._counting)) == self._counts


def _made(buffers: bool) -> Weights:
    return Weights(buffers=buffers)
