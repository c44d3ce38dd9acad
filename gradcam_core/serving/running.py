"""What is computed for whom, so that it can be ended: on request, or because something else was asked.

Public names: `Running`, `Computation`.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition, Event
from typing import TypeAlias
from weakref import WeakSet

from ..engine.watch import Watch
from ..languages import Finding

__all__ = ["Computation", "Running"]

VisitorName: TypeAlias = "str | None"
# whose last questions are remembered; visitors say when they leave, but for those who are none
MOST_VISITORS = 10_000
# to wait for what is computed when the program ends: PyTorch in a thread that outlives Python aborts the process
LAST_SECONDS = 20.0


@dataclass(eq=False)
class Computation:
    """One computation under way.

    Its answer goes to one `slot` of what the visitor sees. `ticket` numbers a visitor's questions for a slot;
    `overtaken` says that a later one came.
    """

    visitor: VisitorName
    slot: str
    ticket: float
    progress: Callable[..., object] | None
    overtaken: bool = False
    _end: Event = field(default_factory=Event)

    @property
    def watch(self) -> Watch:
        """What the core reports to and asks whether to go on."""
        return Watch(self.progress, self._end)

    def stop(self, *, overtaken: bool) -> None:
        """End it at its next report; where it was `overtaken`, nobody wants its answer."""
        self.overtaken |= overtaken
        self._end.set()


class Running:
    """The computations under way of all visitors; each can end its own.

    A question overtakes those before it for the same slot only: a check goes on while another layer is looked at.
    """

    def __init__(self) -> None:
        # called between two passes of a task, which may wait there for others; says whether the task goes on
        self.between_passes: Callable[[], bool] = lambda: True
        self._tasks: set[Computation] = set()
        # the number of each visitor's last question for a slot
        self._last: dict[VisitorName, dict[str, float]] = {}
        self._lock = Condition()
        _all.add(self)

    @contextmanager
    def task(
        self,
        visitor: VisitorName,
        progress: Callable[..., object] | None = None,
        *,
        slot: str = "",
        ticket: float = 0,
    ) -> Iterator[Computation]:
        """A task of `visitor` that can be stopped as long as the block runs.

        With a `ticket` it ends those before it; where a later one has come already, it is overtaken from the start.
        """

        def passed(done: int, count: int, *said: Finding) -> None:
            if progress is not None:
                progress(done, count, *said)
            if not self.between_passes():
                task.stop(overtaken=False)

        task = Computation(visitor, slot, ticket, passed)
        with self._lock:
            self._tasks.add(task)
        if ticket:
            self.overtake(visitor, ticket, slot=slot)
        try:
            yield task
        finally:
            with self._lock:
                self._tasks.discard(task)
                self._lock.notify_all()

    def end(self, seconds: float = LAST_SECONDS) -> None:
        """Stop all that is computed, for whomever, and wait until it has ended, at most so many `seconds`."""
        with self._lock:
            for task in self._tasks:
                task.stop(overtaken=False)
            self._lock.wait_for(lambda: not self._tasks, seconds)

    def stop(self, visitor: VisitorName, *, slot: str | None = None) -> None:
        """End what is computed for `visitor`, None: for every slot; the visitor is told so."""
        self._stop(visitor, slot, float("inf"), overtaken=False)

    def overtake(self, visitor: VisitorName, ticket: float | None = None, *, slot: str = "") -> None:
        """End what `visitor` asked before `ticket`, without one all that was asked until now, and drop its answers."""
        last = float("inf")
        if ticket is not None:
            with self._lock:
                numbers = self._last.pop(visitor, {})
                self._last[visitor] = numbers
                while len(self._last) > MOST_VISITORS:
                    # whoever has asked nothing for longest
                    del self._last[next(iter(self._last))]
                last = numbers[slot] = max(ticket, numbers.get(slot, ticket))
        self._stop(visitor, slot, last, overtaken=True)

    def leave(self, visitor: VisitorName) -> None:
        """End and forget all that is `visitor`'s."""
        self.stop(visitor)
        with self._lock:
            self._last.pop(visitor, None)

    def _stop(self, visitor: VisitorName, slot: str | None, before: float, *, overtaken: bool) -> None:
        with self._lock:
            tasks = [
                task
                for task in self._tasks
                if task.visitor == visitor and slot in (None, task.slot) and task.ticket < before
            ]
        for task in tasks:
            task.stop(overtaken=overtaken)


_all: WeakSet[Running] = WeakSet()


@atexit.register
def _end() -> None:
    for running in list(_all):
        running.end()
