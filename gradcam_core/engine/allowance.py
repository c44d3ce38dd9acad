"""A bound for what is compiled to be faster and can be compiled again. Public names: `Allowance`, `Lettable`."""

from __future__ import annotations

from threading import Lock
from typing import Protocol
from weakref import WeakKeyDictionary

__all__ = ["Allowance", "Lettable"]


class Lettable(Protocol):
    """Holds `nbytes` of memory until it is told to let go of them; what needs them then makes them again."""

    @property
    def nbytes(self) -> int: ...

    def let_go(self) -> None: ...


class Allowance:
    """What is in use, together at most `max_bytes`; what was not used for longest is told to let go.

    Nothing is kept alive by it.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held: WeakKeyDictionary[Lettable, None] = WeakKeyDictionary()
        self._lock = Lock()

    def used(self, thing: Lettable) -> None:
        """Note that `thing` is in use now, and make room for it."""
        with self._lock:
            # the dictionary keeps the order in which things came
            self._held.pop(thing, None)
            self._held[thing] = None
            held = list(self._held)
        room = self._max_bytes
        for one in reversed(held):
            room -= one.nbytes
            if room < 0:
                one.let_go()
                with self._lock:
                    self._held.pop(one, None)
