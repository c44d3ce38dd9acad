"""Speed and memory of this project and its peers on the same work, in the same run.

    pip install -r tests/benchmarks/requirements.txt
    python -m tests.benchmarks [--rounds 15] [--clock wall] [--parts maps whole spoken server scaling] [--quick]

Prints a table. `forwards` are plain forward passes of the model in inference mode on this machine in this
run. `--quick` runs every row once on small cases, to see that it runs: its figures mean nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from contextlib import ExitStack
from pathlib import Path

import torch

from gradcam_core.engine.engines import ENGINES
from gradcam_core.engine.runner import TORCH
from gradcam_core.request import AUTO

from . import maps, scaling, server, spoken, whole
from .timing import CLOCKS, Row, table

PARTS = ("maps", "whole", "spoken", "server", "scaling")
MODELS = ("efficientnet_lite0", "resnet50", "vgg16")


def measure(parts: list[str], models: list[str], rounds: int, quick: bool, clock: str, engine: str) -> list[Row]:
    """The rows of `parts`."""
    rows: list[Row] = []
    if "maps" in parts:
        for model in models[:1] if quick else models:
            rows += maps.measure(model, rounds, CLOCKS[clock], engine)
    if "whole" in parts:
        rows += whole.large(rounds, CLOCKS[clock], engine)
        rows += whole.memory(10 if quick else 1000, engine=engine)
    if "spoken" in parts:
        rows += spoken.measure(rounds, CLOCKS[clock], engine)
    with ExitStack() as running:
        # to see that all of it runs, one app is enough
        alone = quick and {"server", "scaling"} & {*parts}
        app = running.enter_context(server.served(engine)) if alone else None
        if "server" in parts:
            rows += server.starting(1 if quick else 3, engine, app)
            requests = server.CLIENTS if quick else 4 * server.CLIENTS
            rows += server.serving(1 if quick else 3 * rounds, requests, engine, app)
        if "scaling" in parts:
            rows += scaling.sizes(rounds, CLOCKS[clock], scaling.SIDES[:1] if quick else scaling.SIDES, engine)
            rows += scaling.held(rounds, CLOCKS[clock], scaling.HELD[:1] if quick else scaling.HELD, engine)
            rows += scaling.users(1 if quick else 8, scaling.USERS[:2] if quick else scaling.USERS, engine, app)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--threads", type=int, help="of one computation; torch's own choice by default")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu: own work only; use --threads 1")
    parser.add_argument("--engine", choices=ENGINES, default=AUTO)
    parser.add_argument("--json", type=Path, help="write the rows there as well")
    parser.add_argument("--quick", action="store_true", help="only see that everything runs")
    options = parser.parse_args()
    if options.threads or options.quick:
        torch.set_num_threads(options.threads or 1)
    rounds = 1 if options.quick else options.rounds
    # converting takes longer than all of a quick run
    engine = TORCH if options.quick else options.engine
    rows = measure(list(options.parts), list(options.models), rounds, options.quick, options.clock, engine)
    machine = {
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "clock": options.clock,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
    print(", ".join(f"{key} {value}" for key, value in machine.items()))
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps({"machine": machine, "rows": [row.plain() for row in rows]}, indent=1))


if __name__ == "__main__":
    main()
