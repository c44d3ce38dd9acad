"""A network that was proved to run as a graph: all values on OpenVINO, gradients where they are cheapest.

    engine = Engine(network, graph, front)
    values = engine.run(inputs)
    slopes = engine.gradients(["layer3", "layer4"], values, weights)

Behind a late layer little is left to do, and PyTorch does it; the way back to the first layers runs on OpenVINO too,
where that is compiled. Public names: `TRIALS`, `Engine`, `Kept`, `WayBack`, `close`.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from weakref import WeakSet

import torch
from torch import Tensor, nn

from .allowance import Allowance
from .capture import graph_bytes
from .front import Front
from .graph import Graph, Tail
from .inputs import Inputs
from .weights import Weights

__all__ = ["TRIALS", "Engine", "Kept", "WayBack", "close"]

log = logging.getLogger(__name__)

# values are equal if they differ by at most this share of the largest one
TOLERANCE = 1e-4
# gradients are equal if they differ by at most this share of their length: near the kink of a ReLU the last digit
# decides about the slope of single places
LENGTH_TOLERANCE = 1e-3
# share of each value by which it is changed to see what its last digits decide: another order of adding changes sums
# that nearly cancel as much
LAST_DIGITS = 1e-5
# how often it is changed where once there and back again was not enough, and the share of a gradient's length that last
# digits may decide: what is computed wrongly is further off
NUDGES, MOST_DECIDED = 8, 0.05
# inputs to try, and to try at most to find one at which no last digit decides
TRIALS, MOST_TRIALS = 3, 9
# seconds of one pass behind a layer; compiling takes 0.1 to 1, for the hundreds of passes of one map
WORTH_COMPILING = 0.003
SLOPES = "slopes"
# bytes of autograd graph that are kept for one input, beside its values: enough for late layers
KEPT_BYTES = 4_000_000
# bytes for the compiled gradients and other input sizes of all networks: what is let go is compiled again when it is
# needed
spare = Allowance(500_000_000)


@dataclass(frozen=True, eq=False)
class _Way:
    """PyTorch's autograd graph from `begins`, what `layers` returned for one input, to the `end` of a tail."""

    tail: Tail
    layers: tuple[str, ...]
    end: Tensor
    begins: Sequence[Tensor]

    def gradients(self, slopes: Tensor) -> list[Tensor]:
        """At each of the layers, for `slopes` at the scores; any number of times, by any number of threads."""
        return list(torch.autograd.grad(self.end, self.begins, self.tail.slopes(slopes), retain_graph=True))


class Kept:
    """Of one input what a first question about it leaves for the next: let go, too, where others want the room."""

    def __init__(self) -> None:
        self.way: _Way | None = None
        self.nbytes = 0

    def keep(self, way: _Way, nbytes: int) -> None:
        """Keep that instead of what was there, where it is small."""
        if nbytes <= KEPT_BYTES:
            self.way, self.nbytes = way, nbytes
            spare.used(self)

    def let_go(self) -> None:
        """Make it again when it is wanted again."""
        self.way, self.nbytes = None, 0


class Engine:
    """A network whose graph was proved equal to it; `back` makes gradients at its layers, None: PyTorch alone does."""

    def __init__(self, network: nn.Module, graph: Graph, front: Front, back: WayBack | None = None) -> None:
        self.network = network
        self.graph = graph
        self._front = front
        self._back = back
        self._tails: dict[tuple[bool, tuple[str, ...]], Tail] = {}
        self._sizes: dict[tuple[str, ...], int] = {}
        self._weights = Weights(buffers=True)
        self._converted = self._weights.state(network)

    @property
    def nbytes(self) -> int:
        """What it holds beside the network's own weights, all that can be let go left out."""
        return self._front.nbytes

    @property
    def current(self) -> bool:
        """Whether the network's weights are still those that were converted."""
        return self._weights.state(self.network) == self._converted

    def run(self, inputs: Tensor | Inputs) -> dict[str, Tensor]:
        """All values of the graph by name, for one input."""
        return self._front.run(inputs)

    def scores(self, inputs: Tensor | Inputs) -> Tensor:
        """(n, ...) scores of n inputs, each (n, ...)."""
        return self._front.scores(inputs)

    def tail(self, layers: Sequence[str], *, of_gradients: bool = False) -> Tail:
        """What leads from `layers` to the scores, or with `of_gradients` as little of it as these need."""
        key = tuple(sorted(set(layers)))
        if (of_gradients, key) not in self._tails:
            make = self.graph.gradient_tail if of_gradients else self.graph.tail
            self._tails[of_gradients, key] = make(self.network, key)
        return self._tails[of_gradients, key]

    def gradients(
        self, layers: Sequence[str], values: Mapping[str, Tensor], slopes: Tensor, kept: Kept | None = None
    ) -> list[Tensor]:
        """The gradient of the scores, weighted by `slopes`, at each of `layers`, as its output is laid out.

        `kept` is filled with what makes the next question about the same `values` cheaper.
        """
        front = None if self._back is None else self._back.for_layers(self, layers)
        if front is not None:
            found = _back(front, values, slopes)
            return [found[layer] for layer in layers]
        if kept is None:
            return self.gradients_by_torch(layers, values, slopes)
        way = kept.way
        if way is None or way.layers != tuple(layers):
            way = self._way(layers, values)
            kept.keep(way, self._nbytes(way, values))
        return way.gradients(slopes)

    def wait(self, seconds: float) -> None:
        """Wait, at most so long, for what was begun to be compiled beside the answers."""
        if self._back is not None:
            self._back.wait(seconds)

    def gradients_by_torch(self, layers: Sequence[str], values: Mapping[str, Tensor], slopes: Tensor) -> list[Tensor]:
        """The same by PyTorch."""
        return self._way(layers, values).gradients(slopes)

    def _way(self, layers: Sequence[str], values: Mapping[str, Tensor]) -> _Way:
        tail = self.tail(layers, of_gradients=True)
        end, begins = self._run(tail, layers, values)
        return _Way(tail, tuple(layers), end, [begins[layer] for layer in layers])

    def _nbytes(self, way: _Way, values: Mapping[str, Tensor]) -> int:
        """What it holds beside the values and the weights, found out once for each of its kind."""
        if way.layers not in self._sizes:
            known = (*values.values(), *self.network.parameters(), *self.network.buffers(), *way.tail.module.buffers())
            lasting = {tensor.untyped_storage().data_ptr() for tensor in known}
            self._sizes[way.layers] = graph_bytes([way.end, *way.begins], lasting)
        return self._sizes[way.layers]

    def behind(self, layers: Sequence[str], values: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """The scores, and what `layers` returned as parts of the scores' autograd graph."""
        return self._run(self.tail(layers), layers, values)

    def _run(self, tail: Tail, layers: Sequence[str], values: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        named = {layer: self.graph.layers[layer] for layer in layers}
        end, known = tail.behind(set(named.values()), (values[name] for name in tail.needs))
        return end, {layer: known[name] for layer, name in named.items()}

    def behind_many(self, layer: str, values: Mapping[str, Tensor]) -> Callable[[Tensor], Tensor]:
        """A function from n outputs of `layer`, (n, ...), to (n, ...) scores, all else being as in `values`.

        A long way to the scores is compiled for it, where that gives the scores among `values`, and let go with it.
        """
        root = self.graph.layers[layer]

        def by(run: Callable[[dict[str, Tensor]], Tensor], needs: Sequence[str], outputs: Tensor) -> Tensor:
            given = {name: values[name].expand(len(outputs), *values[name].shape[1:]) for name in needs}
            return run({**given, root: outputs})

        tail = self.tail([layer])
        by_torch = partial(by, partial(_one_by_one, tail), tail.needs)
        # the first time is not like the others
        by_torch(values[root])
        if _seconds(partial(by_torch, values[root])) < WORTH_COMPILING:
            return by_torch
        tail = self.graph.convertible_tail(self.network, layer)
        try:
            front = Front.of(tail.module, (self.graph.scores,), [values[name] for name in tail.needs])
            compiled = partial(by, front.scores, tail.needs)
            return compiled if close(compiled(values[root]), values[self.graph.scores]) else by_torch
        except Exception as error:
            # a converter may raise anything
            log.info("What follows %r runs in PyTorch: %s", layer, error)
            return by_torch


class WayBack:
    """The gradients at `layers`, all in one pass, compiled in the background when they are first worth it.

    `make` compiles it; it is compared with PyTorch's on inputs of `trial`, each with a number, before it is used.
    """

    def __init__(self, layers: Sequence[str], make: Callable[[], Front], trial: Callable[[int], Inputs]) -> None:
        self._layers = tuple(layers)
        self._make = make
        self._trial = trial
        self._front: Front | None = None
        self._worth: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        self._begun: threading.Thread | None = None

    @property
    def nbytes(self) -> int:
        """Bytes that can be let go."""
        front = self._front
        # the weights as they are used forwards, and as they are used back
        return 0 if front is None else 2 * front.nbytes

    def let_go(self) -> None:
        """Compile it again when it is wanted again."""
        with self._lock:
            self._front = self._begun = None

    def for_layers(self, engine: Engine, layers: Sequence[str]) -> Front | None:
        """What computes gradients at `layers` in less time than PyTorch; None where nothing does, or not yet."""
        front = self._front
        if front is not None:
            spare.used(self)
            return None if self._worth.isdisjoint(layers) else front
        if self._is_long(engine.graph, layers):
            self._begin(engine)
        return None

    def wait(self, seconds: float) -> bool:
        """Whether it is compiled; waits so many `seconds` for that where it has begun."""
        begun = self._begun
        if begun is not None:
            begun.join(seconds)
        return self._front is not None

    def _is_long(self, graph: Graph, layers: Sequence[str]) -> bool:
        """Whether most of what lies behind the first of all layers lies behind one of these."""
        at = {step.name: number for number, step in enumerate(graph.steps)}
        first = min(at.get(graph.layers[layer], 0) for layer in self._layers)
        asked = min(at.get(graph.layers[layer], 0) for layer in layers)
        return asked - first <= (len(graph.steps) - first) / 2

    def _begin(self, engine: Engine) -> None:
        with self._lock:
            if self._begun is None:
                self._begun = threading.Thread(target=self._compile, args=(engine,), name="way-back", daemon=True)
                _compiling.add(self._begun)
                self._begun.start()

    def _compile(self, engine: Engine) -> None:
        try:
            front = self._make()
            differs = self._differing(engine, front)
            if differs is not None:
                log.info("Gradients stay with PyTorch: those at %r differ", differs)
                return
            self._worth = self._faster(engine, front, engine.run(self._trial(0)))
        except Exception as error:
            # an engine may raise anything: PyTorch goes on
            log.info("Gradients stay with PyTorch: %s", error)
            return
        self._front = front
        spare.used(self)

    def _differing(self, engine: Engine, front: Front) -> str | None:
        """The first layer whose gradient is not PyTorch's, or None.

        At one input it has to be the same, and at the others as close as PyTorch's own stays to itself while the last
        digits of what it begins with change: those decide on which side of its kink a rectifier stands, and of ten
        million rectifiers some stand there.
        """
        unequal = set(self._layers)
        for number in range(MOST_TRIALS):
            if number >= TRIALS and not unequal:
                break
            inputs = self._trial(number)
            values, dice = engine.run(inputs), torch.Generator().manual_seed(number)
            slopes = torch.randn(values[engine.graph.scores].shape, generator=dice)
            found, truth = _back(front, values, slopes), engine.gradients_by_torch(self._layers, values, slopes)
            apart = [_distance(found[layer], wanted) for layer, wanted in zip(self._layers, truth, strict=True)]
            unequal -= {layer for layer, far in zip(self._layers, apart, strict=True) if far <= LENGTH_TOLERANCE}
            far = self._further_than_torch(engine, values, slopes, truth, apart)
            if far is not None:
                return far
        return next((layer for layer in self._layers if layer in unequal), None)

    def _further_than_torch(
        self, engine: Engine, values: Mapping[str, Tensor], slopes: Tensor, truth: Sequence[Tensor], apart: list[float]
    ) -> str | None:
        """The first layer at which the gradient is further from the `truth` than last digits explain, or None."""
        explained = [LENGTH_TOLERANCE] * len(apart)
        for number in range(NUDGES):
            if all(far <= most for far, most in zip(apart, explained, strict=True)):
                return None
            # there and back again: one of the two lies on the other side of a kink
            moved = _nudged(values, LAST_DIGITS * (-1) ** number, number // 2)
            own = map(_distance, engine.gradients_by_torch(self._layers, moved, slopes), truth)
            # two of them may stand at a kink
            explained = [max(most, min(2 * new, MOST_DECIDED)) for most, new in zip(explained, own, strict=True)]
        pairs = zip(self._layers, apart, explained, strict=True)
        return next((layer for layer, far, most in pairs if not far <= most), None)

    def _faster(self, engine: Engine, front: Front, values: Mapping[str, Tensor]) -> frozenset[str]:
        """The layers from which PyTorch takes longer: those in front of one of them do, too."""
        slopes = torch.ones_like(values[engine.graph.scores])
        limit = min(_seconds(partial(_back, front, values, slopes)) for _ in range(2))
        at = {step.name: number for number, step in enumerate(engine.graph.steps)}
        ordered = sorted(self._layers, key=lambda layer: at.get(engine.graph.layers[layer], 0))

        def is_short(layer: str) -> bool:
            return min(_seconds(partial(engine.gradients_by_torch, [layer], values, slopes)) for _ in range(2)) < limit

        return frozenset(ordered[: bisect_left(ordered, True, key=is_short)])


def _distance(found: Tensor, wanted: Tensor) -> float:
    """How far `found` is from what is `wanted`, in parts of its length; infinite where their shapes differ."""
    if found.shape != wanted.shape:
        return inf
    difference, length = float((found - wanted).norm()), float(wanted.norm())
    return difference / length if length else inf if difference else 0.0


def _nudged(values: Mapping[str, Tensor], amount: float, seed: int) -> dict[str, Tensor]:
    """All of `values`, each number changed by about so much of itself."""
    dice = torch.Generator().manual_seed(seed)
    return {
        name: one * (1 + amount * torch.randn(one.shape, generator=dice)) if one.dtype == torch.float32 else one
        for name, one in values.items()
    }


def _back(front: Front, values: Mapping[str, Tensor], slopes: Tensor) -> dict[str, Tensor]:
    """The gradients that a compiled way back makes of what lies in front of it and the slopes at the scores."""
    return front.run({**{name: values[name] for name in front.needs}, SLOPES: slopes})


def close(found: Tensor | None, truth: Tensor | None) -> bool:
    """Whether they are equal up to what another order of adding makes."""
    if found is None or truth is None:
        return False
    found, truth = found.detach(), truth.detach()
    if found.shape != truth.shape or found.dtype != truth.dtype:
        return False
    if not truth.is_floating_point():
        return torch.equal(found, truth)
    if not truth.numel():
        return True
    return bool((found - truth).abs().max() <= TOLERANCE * truth.abs().max())


def _one_by_one(tail: Tail, inputs: Mapping[str, Tensor]) -> Tensor:
    parts = zip(*(inputs[name].split(1) for name in tail.needs), strict=True)
    with torch.inference_mode():
        return torch.cat([tail.module(*part)[0] for part in parts])


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


_compiling: WeakSet[threading.Thread] = WeakSet()
# seconds to wait for a running compiler when the program ends: it cannot be interrupted, must not outlive what it uses,
# and takes less for most networks
LAST_SECONDS = 20.0


@atexit.register
def _end() -> None:
    for thread in list(_compiling):
        thread.join(LAST_SECONDS)
