"""What is computed for whom, so that it can be ended: on request, or because something else was asked.

Public names: `Running`, `Task`, `told`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import TypeAlias

import gradio as gr

from ..engine.rerun import Watch

__all__ = ["Running", "Task", "told"]

Visitor: TypeAlias = "str | None"


def told(progress: gr.Progress) -> Callable[[int, int], object]:
    """What tells the page of passes done, of how many."""
    return lambda done, count: progress((done, count), unit="passes")


@dataclass(eq=False)
class Task:
    """One computation under way. `ticket` numbers a visitor's questions; `overtaken` says that a later one came."""

    visitor: Visitor
    ticket: float
    progress: Callable[[int, int], object] | None
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
    """The computations under way of all visitors; each can end its own."""

    def __init__(self) -> None:
        self._tasks: set[Task] = set()
        # the number of each visitor's last question
        self._last: dict[Visitor, float] = {}
        self._lock = Lock()

    @contextmanager
    def task(
        self, visitor: Visitor, progress: Callable[[int, int], object] | None = None, *, ticket: float = 0
    ) -> Iterator[Task]:
        """A task of `visitor` that can be stopped as long as the block runs.

        With a `ticket` it ends those before it; where a later one has come already, it is overtaken from the start.
        """
        task = Task(visitor, ticket, progress)
        with self._lock:
            self._tasks.add(task)
        if ticket:
            self.overtake(visitor, ticket)
        try:
            yield task
        finally:
            with self._lock:
                self._tasks.discard(task)

    def stop(self, visitor: Visitor) -> None:
        """End what is computed for `visitor`, who is told so."""
        self._stop(visitor, float("inf"), overtaken=False)

    def overtake(self, visitor: Visitor, ticket: float | None = None) -> None:
        """End what `visitor` asked before `ticket`, without one all that was asked until now, and drop its answers."""
        last = float("inf")
        if ticket is not None:
            with self._lock:
                last = self._last[visitor] = max(ticket, self._last.get(visitor, ticket))
        self._stop(visitor, last, overtaken=True)

    def leave(self, visitor: Visitor) -> None:
        """End and forget all that is `visitor`'s."""
        self.stop(visitor)
        with self._lock:
            self._last.pop(visitor, None)

    def _stop(self, visitor: Visitor, before: float, *, overtaken: bool) -> None:
        with self._lock:
            tasks = [task for task in self._tasks if task.visitor == visitor and task.ticket < before]
        for task in tasks:
            task.stop(overtaken=overtaken)
