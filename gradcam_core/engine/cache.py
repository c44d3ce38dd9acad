"""A cache bounded in bytes that computes each missing value once, however many ask for it.

Public name: `ByteCache`. Its bound, order of eviction and time to live are cachetools'; what is added is
that threads asking for the same missing key wait for one computation, while other keys go on.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, Protocol, TypeVar

from cachetools import TTLCache

from ..errors import OptionError

__all__ = ["ByteCache"]


class HasBytes(Protocol):
    """Anything that knows how many bytes it holds."""

    @property
    def nbytes(self) -> int: ...


Value = TypeVar("Value", bound=HasBytes)


class ByteCache(Generic[Value]):
    """Least recently used values, together at most `max_bytes`, each for at most `ttl` seconds."""

    def __init__(self, max_bytes: int, ttl: float) -> None:
        if max_bytes < 0:
            raise OptionError("cache.negative_size", max_bytes=max_bytes)
        self._values: TTLCache[Hashable, Value] = TTLCache(max_bytes, ttl, getsizeof=lambda value: value.nbytes)
        self._pending: dict[Hashable, Future[Value]] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        with self._lock:
            return len(self._values)

    @property
    def nbytes(self) -> int:
        """Bytes held now."""
        with self._lock:
            self._values.expire()
            return int(self._values.currsize)

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of `key`; where it is missing, `make()` runs once and all who wait get its result.

        No lock is held while `make` runs. What it raises reaches everybody who waited, and nothing is kept.
        """
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                return value
            future = self._pending.get(key)
            mine = future is None
            if future is None:
                future = self._pending[key] = Future()
        try:
            if not mine:
                return future.result()
            value = make()
        except BaseException as error:
            if mine:
                with self._lock:
                    del self._pending[key]
                future.set_exception(error)
            # its exception's traceback holds this frame: all that failed would stay in memory as a cycle
            del future
            raise
        with self._lock:
            if value.nbytes <= self._values.maxsize:
                self._values[key] = value
            del self._pending[key]
        future.set_result(value)
        return value

    def drop(self, belongs: Callable[[Hashable], bool]) -> None:
        """Forget the values whose key `belongs`; one that is being computed is still kept when it is done."""
        with self._lock:
            for key in [key for key in self._values if belongs(key)]:
                self._values.pop(key, None)

    def clear(self) -> None:
        """Forget everything; computations under way go on."""
        with self._lock:
            self._values.clear()
