"""Sends a question to the replica that remembers its photograph, and asks again where that one is lost.

Public names: `Asking`, `Replicas`, `in_parts`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from cachetools import TTLCache

from ...engine.watch import NOBODY, Watch
from ...errors import ServingError, StoppedError
from ...explainer import Explainer
from ...languages import Finding
from ...reading.photograph import Photograph
from ...remembering import DEFAULT_TTL_SECONDS
from . import parcel
from .parcel import AnyPhotograph
from .replica import AT, FOUND, LACKS, PART, Recipe, Report

__all__ = ["Asking", "Replicas", "in_parts"]

# until it is noticed that a replica is gone, the next attempt may be sent there as well
ATTEMPTS = 6
PAUSE_SECONDS = 0.25
# how soon it is noticed that nobody waits any more
LISTEN_SECONDS = 0.25
# what does not end by then is left behind
END_SECONDS = 5
# photographs of which it is known where they have been sent
MOST_SENT = 100_000


class Replicas(Protocol):
    """What computes."""

    def reports(
        self, key: str, question: bytes, photographs: Mapping[str, bytes], private: Mapping[str, Any]
    ) -> AsyncIterator[Report]:
        """What the replica for `key` reports: see `Replica.answer`. Whoever stops listening ends what is computed."""

    def is_loss(self, error: BaseException) -> bool:
        """Whether `error` says that the replica is gone, rather than that it failed."""

    def keep(self, value: Any) -> Any:
        """A reference to `value`, which every replica can fetch."""


@dataclass(frozen=True, eq=False)
class _SentQuestion:
    """One question; `kept` are references to the visitor's own models that it is about."""

    key: str
    parcel: bytes
    photographs: Mapping[str, AnyPhotograph]
    kept: Mapping[str, Any]


class Asking:
    """Asks `replicas` in the name of any number of threads; to be closed.

    `sent` and `received` count bytes, `asked_again` how often a replica was lost.
    """

    def __init__(self, replicas: Replicas) -> None:
        self.sent = self.received = self.asked_again = 0
        self._replicas = replicas
        # of visitors' own models: a reference to what they are made of, and who may use them
        self._private: dict[str, tuple[Any, Callable[[], bool]]] = {}
        # the file of each photograph that is remembered here
        self._files: WeakKeyDictionary[Photograph, AnyPhotograph] = WeakKeyDictionary()
        self._known: TTLCache[tuple[str, str], bool] = TTLCache(MOST_SENT, DEFAULT_TTL_SECONDS)
        self._lock = Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="asking", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ask no more; whoever waits for an answer hears that there is none."""
        asyncio.run_coroutine_threadsafe(_end_others(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def keep(self, name: str, recipe: Recipe, usable: Callable[[], bool]) -> None:
        """Keep what a visitor's own model is made of, for every replica that is asked about it."""
        self._private[name] = self._replicas.keep(recipe), usable

    def forget(self, name: str) -> None:
        """Keep it no longer."""
        self._private.pop(name, None)

    def ask(
        self,
        explainer: Explainer,
        name: str,
        *values: Any,
        key: str = "",
        watch: Watch = NOBODY,
        options: Mapping[str, Any] | None = None,
        part: Callable[[Any], object] = repr,
    ) -> Any:
        """What `Replica` answers to `name` with `values` and `options`; photographs are read by `explainer`.

        `part` is given what comes before the end, again from the beginning where a replica is lost.
        It goes where the same photograph, or the same `key`, went before. Raises what is raised there, StoppedError
        through `watch`, ServingError where replicas are lost again and again.
        """
        question, photographs = parcel.packed((name, values, options or {}))
        private = self._private.copy().items()
        # such a name is like a password: it stands nowhere by chance
        kept = {one: reference for one, (reference, usable) in private if one.encode() in question and usable()}
        # and its questions go where it has been read
        where = next(iter(kept), key or next(iter(photographs), blake2b(question, digest_size=16).hexdigest()))

        def read(digest: str) -> Photograph:
            shown = photographs[digest]
            if isinstance(shown, Photograph):
                return shown
            photograph = explainer.photograph(shown.file)
            with self._lock:
                self._files[photograph] = shown
            return photograph

        def unpacked(sent: bytes) -> Any:
            return parcel.unpacked(sent, explainer, read)

        return unpacked(
            self._answer(_SentQuestion(where, question, photographs, kept), watch, lambda sent: part(unpacked(sent)))
        )

    def _answer(self, question: _SentQuestion, watch: Watch, part: Callable[[bytes], object]) -> bytes:
        with self._lock:
            along = {digest for digest in question.photographs if (question.key, digest) not in self._known}
        for attempt in range(ATTEMPTS):
            try:
                kind, found = self._listened(question, along, watch, part)
            except Exception as error:
                if not self._replicas.is_loss(error):
                    raise
                self.asked_again += 1
                watch.say(Finding("cluster.asked_again"))
                time.sleep(PAUSE_SECONDS * 2**attempt)
                continue
            if kind == LACKS:
                along = {*question.photographs}
                continue
            with self._lock:
                self._known.update({(question.key, digest): True for digest in question.photographs})
            if kind != FOUND:
                raise found
            self.received += len(found)
            return found
        raise ServingError("cluster.no_answer")

    def _listened(
        self, question: _SentQuestion, along: Collection[str], watch: Watch, part: Callable[[bytes], object]
    ) -> Report:
        """The last report on a question that is asked once."""
        files = {digest: parcel.content(self._file(question.photographs[digest])) for digest in along}
        self.sent += len(question.parcel) + sum(map(len, files.values()))
        reports: SimpleQueue[Report | None] = SimpleQueue()

        async def listen() -> None:
            async for report in self._replicas.reports(question.key, question.parcel, files, question.kept):
                reports.put(report)

        listening = asyncio.run_coroutine_threadsafe(listen(), self._loop)
        listening.add_done_callback(lambda _: reports.put(None))
        at = 0, 1
        try:
            while True:
                try:
                    report = reports.get(timeout=LISTEN_SECONDS)
                except Empty:
                    watch.at(*at)
                    continue
                if report is None:
                    if not listening.cancelled():
                        listening.result()
                    raise ServingError("cluster.no_answer")
                if report[0] == PART:
                    self.received += len(report[1])
                    part(report[1])
                    continue
                if report[0] != AT:
                    return report
                at = report[1]
                # whoever is slow to be told hears of the last one only
                if reports.empty():
                    watch.at(*at)
        except BaseException:
            listening.cancel()
            raise

    def _file(self, shown: AnyPhotograph) -> AnyPhotograph:
        with self._lock:
            return self._files.get(shown, shown) if isinstance(shown, Photograph) else shown


async def _end_others() -> None:
    """End all that runs beside this in its loop."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for one in others:
        one.cancel()
    if others:
        await asyncio.wait(others, timeout=END_SECONDS)


def in_parts(ask: Callable[..., object], watch: Watch) -> Iterator[Any]:
    """What `ask` gives to its `part`, as it comes; whoever stops listening ends it. Raises what `ask` raises."""
    parts: SimpleQueue[tuple[Any, ...]] = SimpleQueue()
    left = Event()

    def progress(done: int, count: int, *said: Finding) -> None:
        if left.is_set():
            raise StoppedError("passes.stopped", done=done, count=count)
        for one in said:
            watch.say(one)
        if not said:
            watch.at(done, count)

    with ThreadPoolExecutor(1, thread_name_prefix="parts") as thread:
        asked = thread.submit(
            copy_context().run, partial(ask, watch=Watch(progress), part=lambda one: parts.put((one,)))
        )
        asked.add_done_callback(lambda _: parts.put(()))
        try:
            while one := parts.get():
                yield one[0]
        finally:
            left.set()
        asked.result()
