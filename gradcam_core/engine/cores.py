"""Computations beside each other on the cores of a CPU that have nothing else to do.

A server gives each visitor one core (`devices.share_cores`); while nobody else computes, the others' cores can help
with what comes in many like pieces. Public names: `SpareCores`, `allowed_cores`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from contextvars import copy_context
from functools import lru_cache
from itertools import islice
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TypeVar

import torch

__all__ = ["SpareCores", "allowed_cores"]

GROUPS = Path("/sys/fs/cgroup")

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Cores:
    """How many of this process's cores compute pieces, whoever asked for them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._busy = 0

    @contextmanager
    def taken(self) -> Iterator[int]:
        """All that are free, at least one: whoever asks computes at any rate."""
        with self._lock:
            count = max(1, cores() - self._busy)
            self._busy += count
        try:
            yield count
        finally:
            with self._lock:
                self._busy -= count


_cores = _Cores()


def cores() -> int:
    """How many computations this process may have beside each other, each with torch's number of threads."""
    return max(1, allowed_cores() // torch.get_num_threads())


def allowed_cores() -> int:
    """Of the machine's cores as many as this process may use: a container sees all, and gets the time of a few."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return int(min(there, _quota(GROUPS)))


@lru_cache
def _quota(groups: Path) -> float:
    """What Linux grants a container, in whole cores; infinite where it says nothing of that.

    https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu, cpu.max; version 1 has two files.
    """
    for names in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        with suppress(OSError, ValueError):
            # "max" where there is no limit, -1 in version 1
            granted, period = (float(word) for name in names for word in (groups / name).read_text().split())
            if granted > 0:
                return max(1, math.ceil(granted / period))
    return math.inf


class SpareCores:
    """Computes pieces, several at once where `device` is a CPU with cores to spare; to be entered."""

    def __init__(self, device: torch.device) -> None:
        self._on_cpu = device.type == "cpu"
        # starts a thread where one is needed, not before
        self._others = ThreadPoolExecutor(cores(), thread_name_prefix="spare-core")

    def __enter__(self) -> SpareCores:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._others.shutdown()

    def some(self, compute: Callable[[Item], Result], pieces: Iterable[Item]) -> list[Result]:
        """The results of the first of the `pieces`, one for each core that is free; this thread computes one itself.

        Raises what `compute` raised, after the last of them has ended.
        """
        if not self._on_cpu:
            return [compute(piece) for piece in islice(pieces, 1)]
        with _cores.taken() as count:
            first, *rest = islice(pieces, count)
            others = [self._others.submit(copy_context().run, compute, piece) for piece in rest]
            try:
                return [compute(first), *map(Future.result, others)]
            finally:
                wait(others)
