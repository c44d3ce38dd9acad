"""Who is computed for next: cheap and costly work in lanes of their own, a share for each address and visitor.

A job runs only while somebody listens for its answer. Public names: `BESIDE`, `CHEAP`, `COSTLY`, `LOADING`, `Job`,
`Lane`, `Lanes`, `Listening`, `usual_lanes`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ..engine.cores import allowed_cores
from ..errors import ServingError
from ..languages import Finding

__all__ = ["BESIDE", "CHEAP", "COSTLY", "LOADING", "Job", "Lane", "Lanes", "Listening", "usual_lanes"]

# what waits for a disk or a network hardly computes
CHEAP, COSTLY, LOADING = "cheap", "costly", "loading"
# what nobody has asked for gives way to what somebody has
BESIDE = "beside"
SAID = {CHEAP: Finding("lane.cheap"), COSTLY: Finding("lane.costly"), LOADING: Finding("lane.loading")}
# how long a job waits for somebody to listen: a client asks by one request and listens by the next, perhaps typed by
# hand
GRACE_SECONDS = 30.0
# where an address has no place left, the oldest that nobody has listened to for so long is dropped for the next
UNHEARD_SECONDS = 1.0
# how long a running job goes on after the last stream that listened to it has ended
GONE_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Lane:
    """How many jobs `run` at the same time, and how many may wait: in all, of one address, of one visitor there."""

    run: int
    wait: int
    of_address: int
    of_visitor: int


def usual_lanes() -> dict[str, Lane]:
    """For the cores of this machine: passes that run at once on few cores only make each of them slower."""
    cores = max(2, min(allowed_cores(), 8))
    return {
        CHEAP: Lane(run=cores, wait=256, of_address=128, of_visitor=64),
        COSTLY: Lane(run=cores // 2, wait=64, of_address=32, of_visitor=16),
        LOADING: Lane(run=cores, wait=32, of_address=16, of_visitor=4),
        BESIDE: Lane(run=1, wait=256, of_address=128, of_visitor=64),
    }


class Job(Protocol):
    """One question that waits or runs."""

    @property
    def address(self) -> str:
        """Where it came from."""

    @property
    def visitor(self) -> Hashable:
        """Who of that address asked."""

    @property
    def since(self) -> float:
        """When it was asked, or heard for the last time; `time.monotonic`."""


AnyJob = TypeVar("AnyJob", bound=Job)


class Listening:
    """The streams that are open: of a visitor, of one job, or of a program's call behind which jobs are asked."""

    def __init__(self) -> None:
        # as long as nobody notes streams down here, everybody counts as listening
        self.watched = False
        self._streams: Counter[str] = Counter()

    @contextmanager
    def to(self, key: str) -> Iterator[None]:
        """A stream is open as long as the block runs."""
        self._streams[key] += 1
        try:
            yield
        finally:
            self._streams[key] -= 1
            if not self._streams[key]:
                del self._streams[key]

    def hears(self, *keys: str) -> bool:
        """Whether a stream of one of these is open."""
        return not self.watched or any(key in self._streams for key in keys)


class Lanes(Generic[AnyJob]):
    """Shares and order; whoever calls keeps the jobs. With `gives_way` costly work waits for cheap between passes."""

    def __init__(
        self,
        lanes: dict[str, Lane] | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        gives_way: bool = True,
    ) -> None:
        self.lanes = lanes or usual_lanes()
        self.gives_way = gives_way
        self._clock = clock

    def admit(
        self, lane: str, address: str, visitor: Hashable, waiting: Sequence[AnyJob], heard: Callable[[AnyJob], bool]
    ) -> AnyJob | None:
        """Whether one more may wait behind `waiting`; returns the job that has to make place for it.

        Raises ServingError with a sentence for whoever asked.
        """
        rules = self.lanes[lane]
        mine = [job for job in waiting if job.address == address]
        same = [job for job in mine if job.visitor == visitor]
        if len(same) >= rules.of_visitor:
            raise ServingError("queue.full_for_visitor", same_count=len(same))
        if len(mine) < rules.of_address and len(waiting) < rules.wait:
            return None
        silent = (job for job in mine if not heard(job) and self._clock() - job.since > UNHEARD_SECONDS)
        oldest = min(silent, key=lambda job: job.since, default=None)
        if oldest is not None:
            return oldest
        if len(waiting) >= rules.wait:
            raise ServingError("queue.full", waiting_count=len(waiting), lane=SAID.get(lane, lane))
        raise ServingError("queue.full_for_address", mine_count=len(mine), lane=SAID.get(lane, lane))

    def next(
        self, waiting: Sequence[AnyJob], running: Sequence[AnyJob], heard: Callable[[AnyJob], bool]
    ) -> AnyJob | None:
        """The job to start: of the address, and there of the visitor, with the fewest that run; then the oldest."""
        addresses = Counter(job.address for job in running)
        visitors = Counter((job.address, job.visitor) for job in running)
        return min(
            (job for job in waiting if heard(job)),
            key=lambda job: (addresses[job.address], visitors[job.address, job.visitor]),
            default=None,
        )

    def unheard(self, jobs: Sequence[AnyJob], *, running: bool) -> list[AnyJob]:
        """Of jobs that nobody listens to, those that nobody has listened to for too long."""
        limit = GONE_SECONDS if running else GRACE_SECONDS
        return [job for job in jobs if self._clock() - job.since > limit]
