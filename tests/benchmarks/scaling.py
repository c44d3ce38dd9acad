"""How cost grows: with the size of the photograph, with the captures held, with the people who ask at once.

OMP_NUM_THREADS=1 python -m tests.benchmarks --parts scaling
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import numpy as np

from gradcam_core import Explainer
from gradcam_core.request import AUTO

from .server import Page, Served, using
from .timing import Row, interleaved, quartiles
from .whole import MEGABYTE, jpeg, resident

SIDES = ((816, 612), (1632, 1224), (4000, 3000), (8000, 6000))
HELD = (1, 8, 32)
USERS = (1, 4, 16, 48)


def sizes(
    rounds: int, clock: Callable[[], float], sides: tuple[tuple[int, int], ...] = SIDES, engine: str = AUTO
) -> list[Row]:
    """Milliseconds from a JPEG's bytes to its first map, by megapixels."""
    explainer = Explainer(cache_mb=0, engine=engine)
    explainer.warm_up()
    files = {f"{width * height / 1e6:.1f} megapixels": jpeg(width, height) for width, height in sides}
    works: dict[str, Callable[[], object]] = {
        name: lambda data=data: explainer.explain(data)
        for name, data in files.items()  # type: ignore[misc]
    }
    timed = interleaved(works, rounds, clock)
    return [
        _row(f"first map of a JPEG of {name}", [1000 * s for s in seconds], "ms") for name, seconds in timed.items()
    ]


def held(rounds: int, clock: Callable[[], float], counts: tuple[int, ...] = HELD, engine: str = AUTO) -> list[Row]:
    """Milliseconds of another class of one photograph, and the process's growth, by captures held."""
    explainer = Explainer(cache_mb=8000, engine=engine)
    explainer.warm_up()
    dice = np.random.default_rng(0)
    photographs = [dice.integers(0, 256, (300, 400, 3), np.uint8) for _ in range(max(counts))]
    before, rows, seen, classes = resident(), [], 0, count(10)
    for number in counts:
        for photograph in photographs[seen:number]:
            explainer.explain(photograph)
        seen = number
        works = {"class": lambda: explainer.explain(photographs[0], target=next(classes))}
        taken = interleaved(works, rounds, clock)["class"]
        rows += [
            _row(f"another class with {number} photographs held", [1000 * s for s in taken], "ms"),
            _row(f"memory of {number} photographs held", [(resident() - before) / MEGABYTE], "MB"),
        ]
    return rows


def users(each: int, counts: tuple[int, ...] = USERS, engine: str = AUTO, app: Served | None = None) -> list[Row]:
    """New photographs a second over HTTP, the longest usual wait, and switches of class, by visitors at once.

    Nobody pauses here: a person who looks at a map for ten seconds between two clicks counts a fraction of one.
    """
    with using(app, engine) as (url, _):
        pages = [Page(url) for _ in range(max(counts))]
        pages[0].ask(pages[0].upload(jpeg(640, 480, 10_000)))
        seeds = count()
        return [row for number in counts for row in _crowd(pages[:number], each, seeds)]


def _crowd(pages: list[Page], each: int, seeds: Iterator[int]) -> list[Row]:
    """All `pages` ask at once, `each` times in a row: about new photographs, then about other classes of the last."""
    files = [[page.upload(jpeg(640, 480, next(seeds))) for _ in range(each)] for page in pages]

    def new(one: int) -> list[float]:
        return [_wait(pages[one], file, "auto") for file in files[one]]

    def switch(one: int) -> list[float]:
        return [_wait(pages[one], files[one][-1], str(10 + turn)) for turn in range(each)]

    rows = []
    for name, visit in (("new photographs", new), ("switches of class", switch)):
        with ThreadPoolExecutor(len(pages)) as pool:
            begin = time.perf_counter()
            waits = sorted(wait for found in pool.map(visit, range(len(pages))) for wait in found)
            seconds = time.perf_counter() - begin
        rows += [
            _row(f"{name} of {len(pages)} at once", [len(waits) / seconds], "a second"),
            _row(f"{name} of {len(pages)} at once, 95 of 100 wait at most", [_95(waits) * 1000], "ms"),
        ]
    return rows


def _wait(page: Page, file: dict[str, Any], target: str) -> float:
    begin = time.perf_counter()
    page.ask(file, target)
    return time.perf_counter() - begin


def _95(waits: list[float]) -> float:
    return waits[min(int(len(waits) * 0.95), len(waits) - 1)]


def _row(work: str, values: list[float], unit: str) -> Row:
    low, middle, high = quartiles(values)
    return Row(work, "efficientnet_lite0", "this project", middle, low, high, unit)
