"""Somebody who waits for a long computation: is told how far it is and can end it. Public names: `NOBODY`, `Watch`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from ..errors import StoppedError
from ..languages import Finding

__all__ = ["NOBODY", "Watch"]


@dataclass(frozen=True, eq=False)
class Watch:
    """Somebody who waits: `progress(done, count)` is told how far it is, setting `stop` ends it.

    Where there is something to say, it comes behind these two as a Finding.
    """

    progress: Callable[..., object] | None = None
    stop: Event | None = None

    @property
    def stopped(self) -> bool:
        """Whether nobody waits any more."""
        return self.stop is not None and self.stop.is_set()

    def at(self, done: int, count: int) -> None:
        """Report progress; raises StoppedError where nobody waits any more."""
        if self.stopped:
            raise StoppedError("passes.stopped", done=done, count=count)
        if self.progress is not None:
            self.progress(done, count)

    def say(self, finding: Finding) -> None:
        """Tell whoever waits why it takes longer."""
        if self.progress is not None:
            self.progress(0, 1, finding)

    def part(self, number: int, parts: int) -> Watch:
        """For the part `number`, from 0, of so many: what it reports is counted as if all were as long."""

        def report(done: int, count: int, *said: Finding) -> None:
            if self.progress is not None:
                self.progress(number * count + done, parts * count, *said)

        return Watch(report, self.stop)


NOBODY = Watch()
