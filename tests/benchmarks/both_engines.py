"""The same work with the engine and by PyTorch alone, in one run: photographs, checks, visitors, memory, new models.

    python -m tests.benchmarks.both_engines [--model efficientnet_lite0] [--threads 2] [--rounds 9] [--clock wall]
        [--parts photograph checks visitors memory sizes start] [--clients 1 4 16]

`visitors` counts answers in a second of wall time, whatever the clock. `memory` is what a network takes beside its own
weights, in times of these, and `start` the time from `add_model` to the first answer.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from statistics import median

import numpy as np
import torch
from numpy.typing import NDArray

from gradcam_core import Examiner, Explainer

from .timing import CLOCKS, Row, interleaved, quartiles, ratio, table
from .whole import jpeg

ENGINES = {"engine": "auto", "torch": "torch"}
CLIENTS, PHOTOGRAPHS = (1, 4, 16), 64
# of the largest value of a map: both compute in float32, in another order
TOLERANCE = 1e-3
Clock = Callable[[], float]
_new = count()


def picture() -> NDArray[np.uint8]:
    """One that nobody has asked about."""
    return np.random.default_rng(next(_new)).integers(0, 256, (256, 320, 3), np.uint8)


def explainers(model: str) -> dict[str, Explainer]:
    """One with each engine, decided."""
    made = {who: Explainer(device="cpu", engine=engine) for who, engine in ENGINES.items()}
    for one in made.values():
        one.warm_up(model)
    return made


def rows_of(work: str, model: str, seconds: Mapping[str, list[float]], to: str, reach: float | None) -> list[Row]:
    found = []
    for who in ENGINES:
        low, middle, high = ratio(seconds[who], seconds[to])
        limit = reach if who == "engine" else None
        found.append(Row(work, model, who, middle, low, high, unit=f"of {to}", reach=limit))
    return found


def photograph(model: str, made: Mapping[str, Explainer], rounds: int, clock: Clock) -> list[Row]:
    """From the bytes of a JPEG of half a megapixel to the map, against a plain pass."""
    files = [jpeg(816, 612, seed) for seed in range(4)]
    network = made["torch"].load(model).network
    inputs = torch.randn(made["torch"].load(model).preprocessing.input_shape)
    fresh = {who: Explainer(device="cpu", engine=engine, cache_mb=0) for who, engine in ENGINES.items()}
    for one in fresh.values():
        one.warm_up(model)

    def forward() -> object:
        with torch.inference_mode():
            return network(inputs)

    works: dict[str, Callable[[], object]] = {"forward": forward}
    works |= {who: lambda one=one: one.explain(files[next(_new) % 4], model=model) for who, one in fresh.items()}
    return rows_of("from the bytes of a JPEG to the map", model, interleaved(works, rounds, clock), "forward", 0.60)


def checks(model: str, made: Mapping[str, Explainer], rounds: int, clock: Clock) -> list[Row]:
    """What asks the network again and again."""

    def asked(work: Callable[[Explainer], object]) -> dict[str, Callable[[], object]]:
        return {who: lambda one=one: work(one) for who, one in made.items()}

    def curves(one: Explainer) -> object:
        return Examiner(one).deletion_and_insertion(one.explain(picture(), model=model))

    works: dict[str, tuple[Callable[[Explainer], object], float | None]] = {
        "hide and look again": (lambda one: Examiner(one).hide_and_look(one.explain(picture(), model=model)), 0.5),
        "deletion and insertion": (curves, None),
        "sanity check": (lambda one: Examiner(one).sanity(one.explain(picture(), model=model)), None),
        "every offered layer": (lambda one: Examiner(one).strip(one.explain(picture(), model=model)), None),
    }
    found: list[Row] = []
    for name, (work, reach) in works.items():
        found += rows_of(name, model, interleaved(asked(work), rounds, clock), "torch", reach)
    return found


def visitors(model: str, made: Mapping[str, Explainer], rounds: int, counts: Sequence[int] = CLIENTS) -> list[Row]:
    """New photographs from many threads: answers in a second, and how many differ from PyTorch's."""
    found: list[Row] = []
    for clients in counts:
        rates: dict[str, list[float]] = {who: [] for who in made}
        wrong = 0
        for _ in range(rounds):
            pictures = [picture() for _ in range(PHOTOGRAPHS)]
            maps = {}
            for who, one in made.items():
                with ThreadPoolExecutor(clients) as pool:
                    start = time.perf_counter()
                    maps[who] = list(
                        pool.map(lambda shown, one=one: one.explain(shown, model=model, target=1), pictures)
                    )
                    rates[who].append(PHOTOGRAPHS / (time.perf_counter() - start))
            pairs = zip(maps["engine"], maps["torch"], strict=True)
            wrong += sum(np.abs(a.cam - b.cam).max() > TOLERANCE * np.abs(b.cam).max() for a, b in pairs)
        base = median(rates["torch"])
        for who, rate in rates.items():
            low, middle, high = quartiles(rate)
            name = f"{clients} visitors, {middle:.3g} answers a second, {wrong} wrong of {rounds * PHOTOGRAPHS}"
            reach = 1.8 if who == "engine" and clients == CLIENTS[-1] else None
            row = Row(name, model, who, middle / base, low / base, high / base, "of torch", reach, at_least=True)
            found.append(row)
    return found


def sizes(model: str, made: Mapping[str, Explainer], rounds: int, clock: Clock) -> list[Row]:
    """Twice as many pixels a side, once that size was proved too."""
    for one in made.values():
        for _ in range(2):
            last = one.explain(picture(), model=model, detail=True)
        one.runner.decide(one.network_of(last), one.given(last))
    works = {who: lambda one=one: one.explain(picture(), model=model, detail=True) for who, one in made.items()}
    return rows_of("detail", model, interleaved(works, rounds, clock), "torch", None)


MEMORY = """
import sys
from pathlib import Path
from gradcam_core import Examiner, Explainer
from tests.benchmarks.both_engines import picture
def held():
    fields = Path("/proc/self/status").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in fields if line.startswith("RssAnon:"))
one = Explainer(device="cpu", engine=sys.argv[2], cache_mb=0)
Explainer(device="cpu", engine=sys.argv[2]).load("efficientnet_lite1")
# what every network shares has been loaded, and a first pass made
Explainer(device="cpu", engine=sys.argv[2], cache_mb=0).warm_up("efficientnet_lite1")
before = held()
one.warm_up(sys.argv[1])
for _ in range(3):
    last = one.explain(picture(), model=sys.argv[1])
print((held() - before) / one.load(sys.argv[1]).nbytes)
Examiner(one).strip(last)
engine = one.capture(last)
if engine.engine == "openvino":
    engine.graph.wait(300)
    Examiner(one).strip(last)
print((held() - before) / one.load(sys.argv[1]).nbytes)
"""


def memory(model: str) -> list[Row]:
    """Bytes that are no file's, of a process of its own, by the weights'; and with the way back compiled."""
    found = []
    for who, engine in ENGINES.items():
        command = [sys.executable, "-c", MEMORY, model, engine]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        for work, value in zip(("memory", "memory, every layer asked for"), said, strict=True):
            reach = 2.5 if (who, work) == ("engine", "memory") else None
            found.append(Row(work, model, who, float(value), unit="times the weights", reach=reach))
    return found


def start(rounds: int, clock: Clock) -> list[Row]:
    """From `add_model` to the first answer, while what was added is converted."""
    from torchvision.models import get_model

    def added(engine: str) -> Callable[[], object]:
        one = Explainer(device="cpu", engine=engine)

        def add() -> object:
            name = f"new {next(_new)}"
            one.add_model(name, get_model("mobilenet_v3_large", weights=None), private=True)
            answer = one.explain(picture(), model=name)
            one.remove_model(name)
            return answer

        return add

    works = {who: added(engine) for who, engine in ENGINES.items()}
    seconds = interleaved(works, rounds, clock)
    return rows_of("add_model until the first answer", "mobilenet_v3_large", seconds, "torch", 1.0)


PARTS = ("photograph", "checks", "visitors", "memory", "sizes", "start")


def measure(parts: list[str], model: str, rounds: int, clock: Clock, clients: Sequence[int] = CLIENTS) -> list[Row]:
    """The rows of `parts`; visitors come as many at once as `clients` says."""
    made = explainers(model)
    each: dict[str, Callable[[], list[Row]]] = {
        "photograph": lambda: photograph(model, made, rounds, clock),
        "checks": lambda: checks(model, made, rounds, clock),
        "visitors": lambda: visitors(model, made, rounds, clients),
        "memory": lambda: memory(model),
        "sizes": lambda: sizes(model, made, rounds, clock),
        "start": lambda: start(rounds, clock),
    }
    found: list[Row] = []
    for part in parts:
        rows = each[part]()
        print(table(rows), flush=True)
        found += rows
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="efficientnet_lite0")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--threads", type=int, default=2, help="of one computation; the engine has all cores")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--clients", nargs="+", type=int, default=CLIENTS, help="visitors at once")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu: own work only, on a busy machine")
    parser.add_argument("--json", type=Path, help="write the rows there as well")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = measure(list(options.parts), options.model, options.rounds, CLOCKS[options.clock], options.clients)
    if options.json:
        options.json.write_text(json.dumps([row.plain() for row in rows], indent=1))


if __name__ == "__main__":
    main()
