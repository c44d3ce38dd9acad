"""A graph on OpenVINO, an engine made for inference: scores, layers and what crosses into their tails, in one pass.

    convert(graph, network, inputs, folder)      # in a process of its own, see convert.py
    convert_back(graph, network, inputs, folder)
    front = Front.read(folder, graph)
    values = front.run(inputs)                   # every value of the graph by name
    scores = front.scores(batch)                 # of many inputs, several at once

Nothing here talks to a host: OpenVINO tells its maker of every import and conversion where its package for that is
found, so it is not let find it. Public names: `Front`, `convert`, `convert_back`, `decompositions`,
`engine_missing`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from math import ceil
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, fx, nn

from ..languages import Finding
from .backward import differentiated
from .cores import allowed_cores
from .graph import Graph
from .inputs import Inputs, named

__all__ = ["Front", "convert", "convert_back", "decompositions", "engine_missing"]

log = logging.getLogger(__name__)

MODEL, BACK = "model.xml", "back.xml"
# one pass on more cores than these hardly gets faster, so that several passes share a larger machine
CORES_A_PASS = 4
REPORTER = "openvino_telemetry"
_importing = Lock()


@lru_cache(maxsize=1)
def _openvino() -> Any:
    """The package, whose own reports are off; raises ImportError."""
    with _importing:
        absent = object()
        before = sys.modules.get(REPORTER, absent)
        # an import of what is None fails, and openvino goes on with a stub of its own
        sys.modules[REPORTER] = None  # type: ignore[assignment]
        try:
            import openvino  # noqa: PLC0415 - takes most of a second
        finally:
            if before is absent:
                del sys.modules[REPORTER]
            else:
                sys.modules[REPORTER] = before  # type: ignore[assignment]
    return openvino


@lru_cache(maxsize=1)
def _core() -> Any:
    return _openvino().Core()


@lru_cache(maxsize=1)
def engine_missing() -> Finding | None:
    """Why there is no engine here, said once in the log; None where there is one."""
    try:
        devices = _core().available_devices
        why = None if "CPU" in devices else Finding("engine.processor_unknown")
    except Exception as error:
        # a library that does not fit the machine may raise anything
        why = Finding("engine.not_loaded", error=str(error))
    if why:
        log.info("%s, so networks run in PyTorch alone, at about twice the time.", why)
    return why


def decompositions() -> Any:
    """The table for `tracing.trace` of what OpenVINO wants in smaller operations, and what it wants whole."""
    _openvino()
    from openvino.frontend.pytorch.torchdynamo.export_decompositions import ops_to_not_decompose  # noqa: PLC0415
    from torch.export.decomp_utils import CustomDecompTable  # noqa: PLC0415

    table = CustomDecompTable()
    for operation in ops_to_not_decompose():
        if operation in table:
            table.pop(operation)
    return table


def convert(graph: Graph, network: nn.Module, inputs: Tensor | Inputs, folder: Path) -> None:
    """Write what `Front.read` reads into `folder`; raises whatever OpenVINO raises for what it does not know."""
    model = _model(graph.whole(network), list(named(inputs).values()))
    # the weights as they are: they are rounded to half their bits otherwise
    _openvino().save_model(model, folder / MODEL, compress_to_fp16=False)


def convert_back(graph: Graph, network: nn.Module, inputs: Tensor | Inputs, folder: Path) -> None:
    """Write what `Front.back` reads into `folder`: the gradients at all layers; raises as `convert` does."""
    with torch.no_grad():
        values = dict(zip(graph.values, graph.whole(network)(*named(inputs).values()), strict=True))
    module = differentiated(graph, network, list(graph.layers), values, decompositions())
    begin = [values[name] for name in graph.needs(list(graph.layers))]
    model = _model(module, [*begin, values[graph.scores]])
    _openvino().save_model(model, folder / BACK, compress_to_fp16=False)


def _model(module: fx.GraphModule, values: Sequence[Tensor]) -> Any:
    from openvino.frontend import FrontEndManager  # noqa: PLC0415
    from openvino.frontend.pytorch.fx_decoder import TorchFXPythonDecoder  # noqa: PLC0415

    decoder = TorchFXPythonDecoder(
        module,
        input_shapes=[list(value.shape) for value in values],
        input_types=[str(value.dtype) for value in values],
    )
    reader = FrontEndManager().load_by_framework("pytorch")
    # it takes any of a value's names for its number, also that of an operation such as "add_1"
    with patch.object(TorchFXPythonDecoder, "get_output_debug_name", _numbered):
        return reader.convert(reader.load(decoder, True))


def _numbered(decoder: Any, index: int) -> str:
    return str(decoder.output(index))


class Front:
    """A module of single operations, compiled for this machine's processor in float32; for any number of threads.

    `model` is OpenVINO's, `names` those of its outputs, the scores first; `nbytes` is what its weights take. `needs`
    are the values of a graph that it is given, where these are not the network's inputs.
    """

    def __init__(
        self, model: Any, names: Sequence[str], nbytes: int, *, needs: Sequence[str] = (), threads: int | None = None
    ) -> None:
        threads = allowed_cores() if threads is None else threads
        self.nbytes = nbytes
        self.needs = tuple(needs)
        self._names = names
        options = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": ceil(threads / CORES_A_PASS),
            # other processes may be bound to the same cores
            "ENABLE_CPU_PINNING": False,
        }
        self._compiled = _core().compile_model(model, "CPU", options)
        self._at_once = int(self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        self._idle: SimpleQueue[Any] = SimpleQueue()

    @classmethod
    def read(cls, folder: Path, graph: Graph, *, threads: int | None = None) -> Front:
        """What `convert` wrote into `folder`, for all values of `graph`."""
        path = folder / MODEL
        return cls(_core().read_model(path), graph.values, path.with_suffix(".bin").stat().st_size, threads=threads)

    @classmethod
    def back(cls, folder: Path, graph: Graph, *, threads: int | None = None) -> Callable[[], Front] | None:
        """Compiles what `convert_back` wrote into `folder`, also once the folder is gone; None where nothing is there.

        It is given the values that it `needs` and slopes at the scores, and returns gradients by the layers' names.
        """
        path = folder / BACK
        if not path.exists():
            return None
        layers, size = list(graph.layers), path.with_suffix(".bin").stat().st_size
        return partial(cls, _core().read_model(path), layers, size, needs=graph.needs(layers), threads=threads)

    @classmethod
    def of(cls, module: fx.GraphModule, names: Sequence[str], values: Sequence[Tensor]) -> Front:
        """`module` for inputs like `values`, converted here; `names` are those of its outputs, the scores first."""
        _openvino()
        return cls(_model(module, values), names, sum(one.nbytes for one in module.buffers()))

    def run(self, inputs: Tensor | Inputs) -> dict[str, Tensor]:
        """All values of the graph by name, for one input of the shape that it was traced with."""
        with self._borrowed(1) as (request,):
            # copies of its own of all outputs are left out: those below are enough
            request.infer(_arrays(inputs), share_inputs=True, share_outputs=True)
            return {name: _taken(request, place) for place, name in enumerate(self._names)}

    def scores(self, inputs: Tensor | Inputs) -> Tensor:
        """(n, ...) scores of n inputs, each (n, ...), as many at once as share the machine's cores well."""
        batch = named(inputs)
        count = len(next(iter(batch.values())))
        items = [dict(zip(batch, one, strict=True)) for one in zip(*(v.split(1) for v in batch.values()), strict=True)]
        found: list[Tensor] = []
        with self._borrowed(min(count, self._at_once)) as requests:
            for start in range(0, count, len(requests)):
                busy = list(zip(requests, items[start:], strict=False))
                for request, item in busy:
                    request.start_async(_arrays(item), share_inputs=True)
                for request, _ in busy:
                    request.wait()
                    found.append(_taken(request, 0))
        return torch.cat(found)

    @contextmanager
    def _borrowed(self, count: int) -> Iterator[list[Any]]:
        """Requests that nobody else uses meanwhile; each keeps its memory for the next who needs one."""
        requests = []
        try:
            for _ in range(count):
                try:
                    requests.append(self._idle.get_nowait())
                except Empty:
                    requests.append(self._compiled.create_infer_request())
            yield requests
        finally:
            for request in requests:
                # one that somebody's error left running would write into the next one's answer
                request.wait()
                self._idle.put(request)


def _arrays(inputs: Tensor | Inputs) -> list[Any]:
    return [value.detach().contiguous().numpy() for value in named(inputs).values()]


def _taken(request: Any, place: int) -> Tensor:
    # a copy, for the next pass writes to the same memory
    return torch.from_numpy(request.get_output_tensor(place).data.copy())
