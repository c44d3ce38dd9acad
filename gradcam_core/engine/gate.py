"""Whether a network may run as a graph: tried out beside the first answers, used where it is equal.

    gate = Gate(network, inputs, layers)      # begins at once, in the background
    gate.engine                               # None while it is undecided, or where the answer is no
    gate.wait()                               # the Decision, with the reason

Nothing is assumed of a network: its graph is run on trial inputs, and scores, layers and gradients are compared with
those of the network itself. Public names: `Gate`, `Limits`, `difference`, `trial`.
"""

from __future__ import annotations

import atexit
import logging
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor, nn

from ..errors import ModelError
from ..languages import Finding
from .calls import Calls, module_of
from .capture import recording, tensor_in, with_tensor
from .convert import in_own_process, reason_of
from .decisions import reads
from .engine import LAST_SECONDS, TRIALS, Engine, WayBack, close
from .front import Front, engine_missing
from .graph import Graph
from .inputs import Inputs, called, named
from .norms import exact_norms
from .runner import OPENVINO, TORCH, Decision
from .store import Store, digest
from .tracing import check_hooks

__all__ = ["Gate", "Limits", "difference", "trial"]

log = logging.getLogger(__name__)

# of the trials the one that has no places
FLAT = 2
# the compiler holds a network several times while it works
COPIES = 4
MEMORY = Path("/proc/meminfo")


@dataclass(frozen=True)
class Limits:
    """What deciding about one network may take: `seconds`, and `nbytes` of weights."""

    seconds: float = 600.0
    nbytes: int = 2_000_000_000


class Gate:
    """Decides in the background whether `network` may run as a graph, for inputs like `inputs`.

    `layers` are those whose outputs are wanted. `store` keeps what was converted, None nothing. `scores` picks the
    scores out of what the network returns, where that is not a tensor. Only one network is tried at a time.
    """

    def __init__(
        self,
        network: nn.Module,
        inputs: Tensor | Inputs,
        layers: Sequence[str],
        *,
        store: Store | None = None,
        scores: Callable[[Any], Tensor] | None = None,
        limits: Limits | None = None,
        convert: Callable[..., Graph] = in_own_process,
    ) -> None:
        # what somebody handed in is neither kept nor written anywhere
        self._network, self._inputs, self._layers = network, trial(inputs, 0), tuple(layers)
        self._store, self._scores, self._convert = store, scores, convert
        self._limits = Limits() if limits is None else limits
        self._stopped, self._decided, self._looked = threading.Event(), threading.Event(), threading.Event()
        self._kept: Path | None = None
        self._decision = Decision(TORCH, Finding("engine.undecided"))
        self._engine: Engine | None = None
        self._gone = False
        _running.add(self)
        threading.Thread(target=self._decide, name="engine-gate", daemon=True).start()

    @property
    def engine(self) -> Engine | None:
        """What may be used in the network's stead now."""
        engine = self._engine
        return engine if engine is not None and engine.current else None

    @property
    def nbytes(self) -> int:
        """What the engine holds beside the network's own weights."""
        return 0 if self._engine is None else self._engine.nbytes

    @property
    def network(self) -> nn.Module:
        """What is decided about."""
        return self._network

    @property
    def is_gone(self) -> bool:
        """Whether what was compiled had to make room for something else."""
        return self._gone

    def let_go(self) -> None:
        """Give back the memory that the engine takes."""
        self._gone, self._engine = True, None

    def wait(self, seconds: float | None = None, kept_seconds: float = 0.0) -> Decision:
        """The decision, or after so many `seconds` what holds until it is made.

        What was converted before has to be tried only, which takes a second or two: then it is `kept_seconds`, where
        these are more.
        """
        end = time.monotonic() + kept_seconds
        if seconds is not None and seconds < kept_seconds and self._looked.wait(kept_seconds) and self._kept:
            seconds = max(seconds, end - time.monotonic())
        self._decided.wait(seconds)
        return self._decision

    def stop(self) -> None:
        """Nobody wants to know any more."""
        self._stopped.set()

    def _decide(self) -> None:
        try:
            with _turn:
                self._engine = self._made()
            self._decision = Decision(OPENVINO)
        except Exception as error:
            # somebody's own code and a converter may raise anything: the network itself goes on answering
            self._decision = Decision(TORCH, reason_of(error))
            if not self._stopped.is_set():
                log.info("%s runs in PyTorch alone: %s", type(self._network).__name__, self._decision.reason)
        finally:
            self._looked.set()
            self._decided.set()
            _running.discard(self)

    def _made(self) -> Engine:
        if missing := engine_missing():
            raise ModelError(missing.key, **missing.values)
        check_hooks(self._network)
        self._check_room()
        if reads(self._network, self._inputs):
            raise ModelError("engine.reads_values")
        # what is read is tried as if it were new
        key = digest(self._network, self._inputs, version("openvino"), self._layers) if self._store else ""
        self._kept = self._store.find(key) if self._store else None
        self._looked.set()
        if self._kept is not None:
            try:
                return self._proved(Graph.load(self._kept), self._kept)
            except Exception:
                # of an older version of somebody's code, or damaged where no check sees it
                self._store.drop(key)  # type: ignore[union-attr]
                self._kept = None
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as made:
            folder = Path(made)
            graph = self._convert(
                self._network, self._inputs, self._layers, folder,
                seconds=self._limits.seconds, scores=self._scores, stop=self._stopped,
            )  # fmt: skip
            engine = self._proved(graph, folder)
            if self._store:
                self._store.keep(key, folder)
            return engine

    def _check_room(self) -> None:
        held = sum(tensor.nbytes for tensor in (*self._network.parameters(), *self._network.buffers()))
        if held > self._limits.nbytes:
            raise ModelError("engine.weights_too_large", held=held / 1000000000.0)
        free = _free_bytes()
        if free is not None and COPIES * held > free:
            raise ModelError("engine.no_memory", free=free / 1000000000.0)

    def _proved(self, graph: Graph, folder: Path) -> Engine:
        end = time.monotonic() + self._limits.seconds
        back = Front.back(folder, graph)
        way_back = None if back is None else WayBack(list(graph.layers), back, partial(trial, self._inputs))
        engine = Engine(self._network, graph, Front.read(folder, graph), way_back)
        absent = [layer for layer in self._layers if layer not in graph.layers or not graph.leads_on(layer)]
        if absent:
            raise ModelError("engine.layer_left_out", absent=absent[0])
        whole = graph.whole(self._network)
        for number in range(TRIALS):
            inputs = trial(self._inputs, number)
            if self._stopped.is_set():
                raise ModelError("engine.stopped")
            if time.monotonic() > end:
                raise ModelError("engine.trying_too_slow", seconds=self._limits.seconds)
            found = difference(engine, whole, inputs, self._layers, self._scores)
            if found:
                raise ModelError(found.key, **found.values)
        return engine


def trial(inputs: Tensor | Inputs, number: int) -> Inputs:
    """An input like `inputs`: of numbers noise, noise whose neighbours are alike, or nothing but one number.

    Whole numbers, such as words, change places.
    """
    return {name: _trial(value, number) for name, value in named(inputs).items()}


def difference(
    engine: Engine,
    whole: nn.Module,
    inputs: Tensor | Inputs,
    layers: Sequence[str],
    scores: Callable[[Any], Tensor] | None = None,
) -> Finding | None:
    """In which way the engine's answers, or those of its `whole` graph in PyTorch, differ from the network's, for one
    input; None where they do not."""
    network, graph = engine.network, engine.graph
    truth, outputs = _eager(network, inputs, layers, scores)
    if not isinstance(truth, Tensor) or not truth.requires_grad:
        return Finding("engine.no_gradient")
    if not torch.equal(truth, _eager(network, inputs, layers, scores)[0]):
        return Finding("engine.random_scores")
    with torch.no_grad():
        traced = dict(zip(graph.values, whole(*named(inputs).values()), strict=True))
    values = engine.run(inputs)
    pairs = [(Finding("engine.scores_differ"), values[graph.scores], truth)]
    for layer in layers:
        what = Finding("engine.layer_differs", layer=layer)
        pairs += [(what, found[graph.layers[layer]], outputs[layer]) for found in (traced, values)]
    pairs += [(Finding("engine.value_differs", name=name), values[name], traced[name]) for name in traced]
    weights = torch.randn(truth.shape, generator=torch.Generator().manual_seed(1)).to(truth)
    slopes = torch.autograd.grad(truth, list(outputs.values()), weights, allow_unused=True)
    # from equal values: close to the kink of a rectifier the last digit of a value decides about its slope
    others = engine.gradients_by_torch(list(outputs), traced, weights)
    for layer, slope, other in zip(outputs, slopes, others, strict=True):
        pairs.append((Finding("engine.gradient_differs", layer=layer), other, slope))
    wrong = next((what for what, found, wanted in pairs if not close(found, wanted)), None)
    if wrong is None and not torch.equal(values[graph.scores].argmax(-1), truth.argmax(-1)):
        return Finding("engine.classes_differ")
    return wrong


def _eager(
    network: nn.Module, inputs: Tensor | Inputs, layers: Sequence[str], scores: Callable[[Any], Tensor] | None
) -> tuple[Any, dict[str, Tensor]]:
    roots = _Roots({layer: module_of(network, layer) for layer in layers})
    with torch.enable_grad(), exact_norms(), recording(roots):
        returned = called(network, named(inputs))
        return returned if scores is None else scores(returned), roots.outputs


class _Roots:
    """Keeps what the layers return; nothing in front of the first of them is part of the autograd graph."""

    def __init__(self, layers: Mapping[str, nn.Module]) -> None:
        self._calls = Calls(layers)
        self.outputs: dict[str, Tensor] = {}

    def see(self, module: nn.Module, output: Any) -> Any:
        name = self._calls.of(module)
        values = None if name is None else tensor_in(output)
        if name is None or values is None:
            return None
        if not values.requires_grad:
            values = values.detach().requires_grad_()
        self.outputs[name] = values
        return with_tensor(output, values.clone())


def _trial(value: Tensor, number: int) -> Tensor:
    dice = torch.Generator().manual_seed(number)
    if not value.is_floating_point():
        order = torch.randperm(value.shape[-1], generator=dice) if number and value.ndim else slice(None)
        return value[..., order] if value.ndim else value
    if number == FLAT:
        # some norms divide by nothing there
        return torch.full_like(value, 0.5)
    noise = torch.randn(value.shape, generator=dice)
    for axis in range(2, value.ndim):
        # as in photographs
        noise = noise + number * noise.roll(1, axis)
    return (noise + number / 2).to(value)


def _free_bytes() -> int | None:
    """What the machine can still give, in bytes; None where it does not say."""
    with suppress(OSError, ValueError, StopIteration):
        lines = MEMORY.read_text("ascii").splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1])
    return None


# tracing and compiling take a core and memory: networks wait for one another
_turn = threading.Lock()
_running: WeakSet[Gate] = WeakSet()


@atexit.register
def _end() -> None:
    for gate in list(_running):
        gate.stop()
    for gate in list(_running):
        gate.wait(LAST_SECONDS)
