"""Trace and convert a network in a process of its own.

    graph = in_own_process(network, inputs, layers, folder, seconds=60)

torch.export exchanges `nn.Module.__call__`, switches oneDNN off and sets other things of its whole process while it
runs: 107 of 147 passes of another thread had other last digits meanwhile. A process can also be ended when it takes too
long, and is given no more memory than it may have. Public names: `in_own_process`, `reason_of`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import cloudpickle
import torch
from torch import Tensor, nn

from ..errors import CamError, ModelError
from ..languages import Finding
from .front import convert, convert_back, decompositions
from .graph import Graph
from .inputs import Inputs
from .tracing import check_hooks, trace, twin_of

__all__ = ["in_own_process", "reason_of"]

ASKED, REASON = "asked.pt", "reason.json"
# nothing of what is imported is garbage
PROGRAM = f"import gc, sys; gc.disable(); from {__name__} import main; gc.freeze(); gc.enable(); main(sys.argv[1])"
# what Python, torch and OpenVINO take before there is a network, and how often its weights are there at most
BASE_BYTES, COPIES = 4_000_000_000, 6
BUSY_SECONDS = 0.2
LOW_PRIORITY = 10


def in_own_process(
    network: nn.Module,
    inputs: Tensor | Inputs,
    layers: Iterable[str],
    folder: Path,
    *,
    seconds: float,
    scores: Callable[[Any], Tensor] | None = None,
    stop: threading.Event | None = None,
) -> Graph:
    """The graph of `network`, with what `Front` reads written into `folder`, made by another process.

    Arguments are `tracing.trace`'s; `stop` ends it early. If this process ends meanwhile, in whatever way, the folder
    goes too. Raises ModelError with the reason where it cannot be done, or not in so many `seconds`.
    """
    check_hooks(network)
    try:
        asked = (twin_of(network), inputs, tuple(layers), scores)
        torch.save(asked, folder / ASKED, pickle_module=cloudpickle)
    except Exception as error:
        raise ModelError("engine.cannot_be_handed_over", first_line=_first_line(error)) from error
    _run(folder, seconds, stop or threading.Event())
    reason = folder / REASON
    if reason.exists():
        found = json.loads(reason.read_text("utf-8"))
        raise ModelError(found["key"], **found["values"])
    return Graph.load(folder)


def _run(folder: Path, seconds: float, stop: threading.Event) -> None:
    if not sys.executable:
        raise ModelError("engine.no_python_program")
    paths = os.pathsep.join(path or os.curdir for path in sys.path)
    # one thread: it runs beside the first answers
    surroundings = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    with subprocess.Popen(  # noqa: S603 - this file, by the Python that runs already
        command, env=surroundings, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        said: list[bytes] = []
        reader = threading.Thread(target=lambda: said.append(process.stderr.read()[-4000:]), daemon=True)  # type: ignore[union-attr]
        reader.start()
        waited = 0.0
        while process.poll() is None and waited < seconds and not stop.wait(BUSY_SECONDS):
            waited += BUSY_SECONDS
        ended = process.poll() is not None
        if not ended:
            process.kill()
        reader.join()
    if stop.is_set():
        raise ModelError("engine.stopped")
    if not ended:
        raise ModelError("engine.converting_too_slow", seconds=seconds)
    if process.returncode != 0:
        words = b"".join(said).decode(errors="replace").strip().splitlines() or ["-"]
        raise ModelError("engine.process_failed", returncode=process.returncode, words=words[-1])


def main(place: str) -> None:
    """Do what `in_own_process` has asked for in the folder `place`; why it cannot be done is written there too."""
    folder = Path(place)
    threading.Thread(target=_end_with_parent, args=(folder,), daemon=True).start()
    with suppress(AttributeError, OSError):
        os.nice(LOW_PRIORITY)
    _bound(COPIES * (folder / ASKED).stat().st_size)
    try:
        # our own parent wrote it, into a folder that nobody else can write to
        network, inputs, layers, scores = torch.load(folder / ASKED, weights_only=False)
        (folder / ASKED).unlink()
        graph = trace(network, inputs, layers, scores=scores, decompositions=decompositions())
        graph.save(folder)
        convert(graph, network, inputs, folder)
        # the better part is done: without the way back its gradients stay with torch
        with suppress(Exception):
            convert_back(graph, network, inputs, folder)
    except Exception as error:
        # anything may happen in somebody's own code
        traceback.print_exc()
        why = reason_of(error)
        (folder / REASON).write_text(json.dumps({"key": why.key, "values": why.values}, default=str), "utf-8")


def _end_with_parent(folder: Path) -> None:
    # its end of the pipe is closed when it ends, however it ends
    os.read(0, 1)
    # a copy of the weights is in it, and nobody is left who would delete it
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def _bound(more: int) -> None:
    try:
        import resource  # noqa: PLC0415 - there is none on Windows
    except ImportError:
        return
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (BASE_BYTES + more, resource.RLIM_INFINITY))


def reason_of(error: BaseException) -> Finding:
    """What an error found; of one that was not raised on purpose its first line."""
    return error.finding if isinstance(error, CamError) else Finding("engine.failed", error=_first_line(error))


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
