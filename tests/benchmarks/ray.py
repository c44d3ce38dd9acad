"""What a cluster costs: answers a second of one and of two replicas of Ray on this machine, against the plain app.

    pip install -r gradcam_core/serving/requirements.txt
    python -m tests.benchmarks.ray [--rounds 7] [--questions 32]

All three answer the same in every round, in random order, so that what else runs on the machine is fair to them. Prints
answers a second, the bytes that went over the wire for one, and how long one waits by itself.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

from gradcam_core import Explainer
from gradcam_core.canvases.render import png_of
from gradcam_core.engine.devices import share_cores
from gradcam_core.serving.cluster.connecting import connected
from gradcam_core.serving.cluster.far import FarServices
from gradcam_core.serving.endpoints import ENDPOINTS
from gradcam_core.serving.lanes import CHEAP, usual_lanes
from gradcam_core.serving.options import OPTIONS
from gradcam_core.serving.services import Services

from .timing import interleaved, quartiles
from .whole import jpeg

CLIENTS = 8
EXPLAIN = next(endpoint for endpoint in ENDPOINTS if endpoint.name == "explain")
# tells photographs apart
NUMBERS = itertools.count()
Ask = Callable[[bytes], object]


def new_photographs(ask: Ask, questions: int) -> None:
    """`questions` photographs that nobody has asked about, of `CLIENTS` at once."""
    photographs = [jpeg(640, 480, next(NUMBERS)) for _ in range(questions)]
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(ask, photographs))


def another_class(ask: Callable[..., object], questions: int, photographs: list[bytes]) -> None:
    """`questions` about other classes of known photographs, of `CLIENTS` at once."""
    asked = [(photographs[number % len(photographs)], number % 1000) for number in range(questions)]
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(lambda one: ask(one[0], target=one[1]), asked))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--questions", type=int, default=32)
    parser.add_argument("--engine", default="auto")
    given = parser.parse_args()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    options = {name: option.default for name, option in OPTIONS.items()} | {"engine": given.engine}
    share_cores(usual_lanes()[CHEAP].run)
    explainer = Explainer(engine=given.engine)
    explainer.warm_up()
    plain = Services.of(explainer)
    with connected("local", options, replicas=2) as (far_explainer, demo):
        far = FarServices.of(far_explainer.offering(demo.offer))
        asking: Any = far_explainer.asking

        def here(image: bytes, **more: Any) -> None:
            # as files, as the page has to send them
            for part in plain.bound(EXPLAIN)(image, **more)[:2]:
                png_of(part)

        def one(image: bytes, **more: Any) -> None:
            far.bound(EXPLAIN)(image, key="one", **more)

        def two(image: bytes, **more: Any) -> None:
            far.bound(EXPLAIN)(image, **more)

        ways: dict[str, Callable[..., Any]] = {"plain app": here, "one replica": one, "two replicas": two}
        print("| work | who | answers a second | quartiles | kB sent | kB received | ms alone |")
        print("|---|---|---|---|---|---|---|")
        known = [jpeg(640, 480, next(NUMBERS)) for _ in range(4)]
        works: dict[str, Callable[[Callable[..., Any]], None]] = {
            "new photographs": lambda ask: new_photographs(ask, given.questions),
            "another class": lambda ask: another_class(ask, given.questions, known),
        }
        for work, do in works.items():
            wire: dict[str, list[tuple[int, int]]] = {name: [] for name in ways}

            def counted(name: str, ask: Callable[..., Any], do: Any = do, wire: Any = wire) -> None:
                before = asking.sent, asking.received
                do(ask)
                wire[name].append((asking.sent - before[0], asking.received - before[1]))

            seconds = interleaved(
                {name: lambda name=name, ask=ask: counted(name, ask) for name, ask in ways.items()}, given.rounds
            )
            for name, ask in ways.items():
                low, middle, high = quartiles([given.questions / taken for taken in seconds[name]])
                sent, received = (median(counts) / given.questions / 1000 for counts in zip(*wire[name], strict=True))
                begin = time.perf_counter()
                for target in range(10):
                    ask(known[0], target=target + 500)
                alone = (time.perf_counter() - begin) * 100
                print(
                    f"| {work} | {name} | {middle:.1f} | {low:.1f} to {high:.1f} | {sent:.1f} | {received:.1f}"
                    f" | {alone:.0f} |"
                )


if __name__ == "__main__":
    main()
