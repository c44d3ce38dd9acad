"""Timing several ways of doing the same work, interleaved, so that a busy machine is unfair to none of them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from statistics import median, quantiles
from typing import Any


@dataclass(frozen=True)
class Row:
    """One figure: the median with its quartiles; `reach` is what issue 3 asks for, at most or `at_least`."""

    work: str
    model: str
    who: str
    value: float | None
    low: float | None = None
    high: float | None = None
    unit: str = "forwards"
    reach: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def met(self) -> str:
        if self.reach is None or self.value is None:
            return ""
        return "yes" if (self.value >= self.reach if self.at_least else self.value <= self.reach) else "no"

    def plain(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}


# `--clock cpu` counts this process's own work, for machines that others keep busy; needs one thread to be fair
CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}


def interleaved(
    works: Mapping[str, Callable[[], object]], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[float]]:
    """Seconds of each work in each round; every round runs all of them once, in random order."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    dice = random.Random(0)  # noqa: S311 - repeatable, not secret
    # a single round only shows that it runs: it needs no warming up
    for turn in range(-1 if rounds > 1 else 0, rounds):
        for name in dice.sample(list(works), len(works)):
            start = clock()
            works[name]()
            # the first round warms up
            if turn >= 0:
                seconds[name].append(clock() - start)
    return seconds


def quartiles(values: list[float]) -> tuple[float, float, float]:
    """Lower quartile, median and upper quartile."""
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return low, middle, high


def ratio(seconds: list[float], to: list[float]) -> tuple[float, float, float]:
    """Median over median, and the quartiles of the first over the median of the second."""
    base = median(to)
    low, middle, high = quartiles(seconds)
    return low / base, middle / base, high / base


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| work | model | who | median | quartiles | unit | reach | met |", "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        value = row.note or "not measured" if row.value is None else f"{row.value:.3g}"
        spread = "" if row.low is None or row.high is None else f"{row.low:.3g} to {row.high:.3g}"
        reach = "" if row.reach is None else f"{'at least' if row.at_least else 'at most'} {row.reach:g}"
        lines.append(
            f"| {row.work} | {row.model} | {row.who} | {value} | {spread} | {row.unit} | {reach} | {row.met} |"
        )
    return "\n".join(lines)
