"""Networks that run as graphs once that is proved to change nothing, and as they are until then.

    runner = TracedRunner(LocalRunner(device), Store(cache_folder()))
    capture = runner.capture(model, inputs, model.offered)     # PyTorch; behind it the network is tried out as a graph
    runner.decide(model, inputs)                               # waits for the answer: Decision("openvino")
    capture = runner.capture(model, inputs, model.offered)     # from the graph

Public names: `PartsReplay`, `TracedCapture`, `TracedReplay`, `TracedRunner`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

import torch
from torch import Tensor, nn

from ..errors import LayerError
from .capture import Capture
from .chunks import in_chunks
from .engine import Engine, Kept, spare
from .gate import Gate
from .inputs import Inputs, first_of, with_first
from .layout import Layout
from .parts import PartsCapture
from .replay import Replay
from .runner import OPENVINO, Decision, Runnable, Runner, Variants
from .score import Score
from .store import Store
from .watch import NOBODY, Watch

__all__ = ["PartsReplay", "TracedCapture", "TracedReplay", "TracedRunner"]


@dataclass(frozen=True, eq=False)
class TracedCapture:
    """A `Capture` that keeps the values of one pass, and makes the autograd graph behind a layer when it is asked."""

    graph: Engine
    values: Mapping[str, Tensor]
    layouts: Mapping[str, Layout]
    _kept: Kept = field(default_factory=Kept)

    @property
    def engine(self) -> str:
        """Where the pass ran."""
        return OPENVINO

    @property
    def logits(self) -> Tensor:
        """(1, K) or (1, steps, K) outputs of the network."""
        return self.values[self.graph.graph.scores]

    @property
    def nbytes(self) -> int:
        """Bytes of all values."""
        return sum(value.nbytes for value in self.values.values())

    def activations(self, layer: str) -> Tensor:
        """(C, h, w) activations of `layer`; raises LayerError where it was not captured."""
        self._check(layer)
        return self._map(layer, self.values[self.graph.graph.layers[layer]])

    def gradient(self, layer: str, score: Score) -> Tensor:
        """(C, h, w) gradient of `score` at `layer`; raises LayerError, TargetError."""
        return self.gradients_at([layer], score)[layer]

    def gradients_at(self, layers: Sequence[str], score: Score) -> dict[str, Tensor]:
        """Like `gradient` for several layers at the cost of one pass back to the earliest."""
        for layer in layers:
            self._check(layer)
        found = self.graph.gradients(layers, self.values, score.slopes(self.logits), self._kept)
        return {layer: self._map(layer, gradient) for layer, gradient in zip(layers, found, strict=True)}

    def along(self, layer: str, direction: Tensor) -> Tensor:
        """(K,) or (steps, K) slopes of all logits as the activations of `layer` move along `direction`, (C, h, w).

        The gradient of a weighted sum of logits is linear in the weights: see `EagerCapture.along`.
        """
        self._check(layer)
        scores, begins = self.graph.behind([layer], self.values)
        weights = torch.zeros_like(scores, requires_grad=True)
        (gradient,) = torch.autograd.grad(scores, begins[layer], weights, create_graph=True)
        raw = self.layouts[layer].inverse(direction[None].to(gradient), torch.zeros_like(gradient))
        (slopes,) = torch.autograd.grad(gradient, weights, raw)
        return slopes.detach()[0]

    def _map(self, layer: str, values: Tensor) -> Tensor:
        return self.layouts[layer].to_map(values.detach())[0]

    def _check(self, layer: str) -> None:
        if layer not in self.layouts:
            raise LayerError("layer.not_captured", layer=layer, captured=tuple(self.layouts))


@dataclass(frozen=True, eq=False)
class TracedReplay(Replay):
    """A `Replay` in which only what lies behind the layer runs again, and that as a graph."""

    capture: TracedCapture | None = None

    def with_activations(self, change: Callable[[slice], Tensor], count: int) -> Tensor:
        """(count,) scores with the layer's activations replaced by the items of `change(part)`, (n, C, h, w)."""
        assert self.capture is not None  # noqa: S101 - dataclasses want defaults behind defaults
        engine, values = self.capture.graph, self.capture.values
        original = values[engine.graph.layers[self.name]]
        if self.layout.batch != 0:
            return super().with_activations(change, count)
        scores = engine.behind_many(self.name, values)

        def compute(part: slice) -> Tensor:
            return self.explained.of(scores(self.layout.inverse(change(part), original)))

        return in_chunks(compute, count, size=PART, device=self._first.device, watch=self.watch)

    def with_masks(self, masks: Callable[[slice], Tensor], count: int) -> Tensor:
        """(count,) scores of the input times the items of `masks(part)`, (n, H, W) at the input's size."""
        assert self.capture is not None  # noqa: S101 - as above
        engine = self.capture.graph

        def compute(part: slice) -> Tensor:
            lit = self._first * masks(part)[:, None].to(self._first)
            return self.explained.of(engine.scores(with_first(self.inputs, lit)))

        return in_chunks(compute, count, size=PART, device=self._first.device, watch=self.watch)


@dataclass(frozen=True, eq=False)
class PartsReplay(Replay):
    """A `Replay` of a network whose first part runs as a graph."""

    capture: PartsCapture | None = None
    engine: Engine | None = None

    def with_activations(self, change: Callable[[slice], Tensor], count: int) -> Tensor:
        """(count,) scores with the layer's activations replaced by the items of `change(part)`, (n, C, h, w)."""
        assert self.capture is not None  # noqa: S101 - dataclasses want defaults behind defaults
        parts, looked = self.capture.parts, self.capture.looked
        own = parts.own_name(self.name)
        if own is None or self.layout.batch != 0 or not isinstance(looked, TracedCapture):
            return super().with_activations(change, count)
        original = looked.values[looked.graph.graph.layers[own]]
        rows = looked.graph.behind_many(own, looked.values)

        def compute(part: slice) -> Tensor:
            return self.explained.of(
                parts.scores(rows(self.layout.inverse(change(part), original)), _beside(self.inputs))
            )

        return in_chunks(compute, count, size=PART, device=self._first.device, watch=self.watch)

    def with_masks(self, masks: Callable[[slice], Tensor], count: int) -> Tensor:
        """(count,) scores of the input times the items of `masks(part)`, (n, H, W) at the input's size."""
        assert self.capture is not None  # noqa: S101 - as above
        assert self.engine is not None  # noqa: S101 - as above
        parts, engine = self.capture.parts, self.engine

        def compute(part: slice) -> Tensor:
            lit = self._first * masks(part)[:, None].to(self._first)
            return self.explained.of(parts.scores(engine.scores(lit), _beside(self.inputs)))

        return in_chunks(compute, count, size=PART, device=self._first.device, watch=self.watch)


# inputs between two looks at whether somebody still waits
PART = 8
# how often another size of input has to come before the network is converted for it; and where that had to make room
SECOND_TIME, MANY_TIMES = 1, 16


class TracedRunner:
    """Runs networks as graphs where their gate has said yes, and else as `plain` does.

    A network is tried out after its first capture; with inputs of another size once that is proved, and such a size
    comes again. `store` keeps what was converted, None nothing.
    """

    def __init__(self, plain: Runner, store: Store | None = None) -> None:
        self._plain = plain
        self._store = store
        self._lock = Lock()
        self.device = plain.device

    # its own, and those that the engine has arranged as it likes
    copies = 2.5

    @property
    def in_parts(self) -> bool:
        """Whether it runs a part of a network as it runs a network."""
        return self._plain.in_parts

    def placed(self, model: Runnable, inputs: Inputs) -> Inputs:
        """`inputs` where `model` is, in the type that it computes in."""
        return self._plain.placed(model, inputs)

    def capture(self, model: Runnable, inputs: Inputs, layers: Mapping[str, nn.Module]) -> Capture:
        """One forward pass with what maps at `layers` need; raises LayerError, OutputError."""
        if layers is not model.offered:
            return self._plain.capture(model, inputs, layers)
        engine = self._engine(model, inputs)
        if engine is not None:
            values = engine.run(inputs)
            layouts = _fitted(model, engine, values, first_of(inputs))
            found = TracedCapture(engine, values, layouts)
            if len(layouts) == len(layers) and torch.isfinite(found.logits).all():
                return found
        # says where scores are not finite, too
        capture = self._plain.capture(model, inputs, layers)
        self._came(model, inputs)
        return capture

    def outputs(self, model: Runnable, inputs: Inputs, variants: Variants, watch: Watch = NOBODY) -> Tensor:
        """(count, K) logits of the `variants` of `inputs`, in chunks."""
        parts, engine = model.parts, self._engine(*_looking(model, inputs))
        if engine is None:
            return self._plain.outputs(model, inputs, variants, watch)

        def compute(part: slice) -> Tensor:
            if parts is not None:
                return parts.scores(engine.scores(variants.change(part)), _beside(inputs))
            return engine.scores(with_first(inputs, variants.change(part)))

        return in_chunks(
            compute, variants.count, size=variants.at_once or PART, device=first_of(inputs).device, watch=watch
        )

    def replay(
        self, model: Runnable, inputs: Inputs, layer: str, score: Score, capture: Capture, watch: Watch = NOBODY
    ) -> Replay:
        """Asks for `score` again with the activations of `layer`, or the first of `inputs`, changed."""
        plain = self._plain.replay(model, inputs, layer, score, capture, watch)
        common = (plain.network, inputs, plain.layer, score, plain.logits, watch, plain.layout, layer)
        if isinstance(capture, PartsCapture):
            engine = self._engine(*_looking(model, inputs))
            return plain if engine is None else PartsReplay(*common, capture, engine)
        if not isinstance(capture, TracedCapture) or not capture.graph.current:
            return plain
        return TracedReplay(*common, capture)

    def guided(self, model: Runnable, inputs: Inputs, score: Score) -> Tensor:
        """(3, H, W) guided gradient of `score` at the first of `inputs`; raises MethodError."""
        return self._plain.guided(model, inputs, score)

    def decide(
        self, model: Runnable, inputs: Inputs, seconds: float | None = None, kept_seconds: float = 0.0
    ) -> Decision:
        """Which engine `model` runs on for inputs like these, once that is decided or so many `seconds` are over."""
        return self._gate(*_looking(model, inputs)).wait(seconds, kept_seconds)

    def _engine(self, model: Runnable, inputs: Inputs) -> Engine | None:
        shapes = _shapes(inputs)
        with self._lock:
            gate, usual = model.gates.get(shapes), next(iter(model.gates), None)
        # one that has forgotten its weights is another network
        if gate is None or isinstance(gate, int) or gate.network is not model.network:
            return None
        engine = gate.engine
        if engine is not None and shapes != usual:
            spare.used(gate)
        # a rectifier of OpenVINO makes 0 of what is no number, and the scores would look sound
        return engine if all(map(_finite, inputs.values())) else None

    def _came(self, model: Runnable, inputs: Inputs) -> None:
        """Note that such inputs were asked about, and try the network out as a graph where that is worth it."""
        shapes, gates = _shapes(inputs), model.gates
        with self._lock:
            # a gate, or how often such inputs have to come before there is one
            waits = gates.get(shapes, SECOND_TIME if gates else 0)
            if not isinstance(waits, int):
                if not waits.is_gone:
                    return
                # there is no room for all sizes: making them again and again would take longer than they save
                waits = MANY_TIMES
            gates[shapes] = max(waits - 1, 0)
            usual, first = next(iter(gates.items()))
            proved = not isinstance(first, int) and first.engine is not None
        if shapes == usual or (proved and not waits):
            self._gate(model, inputs)

    def _gate(self, model: Runnable, inputs: Inputs) -> Gate:
        shapes = _shapes(inputs)
        with self._lock:
            gate = model.gates.get(shapes)
            if gate is None or isinstance(gate, int) or gate.is_gone or gate.network is not model.network:
                kept = None if model.private else self._store
                gate = model.gates[shapes] = Gate(model.network, inputs, list(model.offered), store=kept)
            return gate


def _finite(values: Tensor) -> bool:
    """Whether all are numbers."""
    # a sum is so where they all are, but for some very large ones; it takes a tenth of the time
    return bool(values.sum().isfinite()) or bool(values.isfinite().all())


def _looking(model: Runnable, inputs: Inputs) -> tuple[Runnable, Inputs]:
    """What takes nearly all of the time, and what that is given: the part that looks, where there is one."""
    return (model, inputs) if model.parts is None else (model.parts.looks, {"image": first_of(inputs)})


def _beside(inputs: Inputs) -> Inputs:
    """All but the first."""
    return dict(list(inputs.items())[1:])


def _shapes(inputs: Inputs) -> Hashable:
    return tuple((name, values.shape, values.dtype, values.device) for name, values in inputs.items())


def _fitted(model: Runnable, engine: Engine, values: Mapping[str, Tensor], given: Tensor) -> dict[str, Layout]:
    """How the outputs of the offered layers are laid out for an input of this size, as far as they are maps."""
    size = (given.shape[-2], given.shape[-1])
    outputs = {layer: values[engine.graph.layers[layer]] for layer in model.offered}
    found = {layer: model.layouts[layer].fitted(tuple(output.shape), size) for layer, output in outputs.items()}
    return {layer: layout for layer, layout in found.items() if layout is not None}
