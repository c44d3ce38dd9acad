"""One forward pass, kept: the activations of chosen layers, the logits, and the graph between them.

    capture = run(network, inputs, {"layer3": network.layer3, "layer4": network.layer4})
    maps = capture.activations("layer4"), capture.gradient("layer4", Score.logit(281))

Another layer or class costs a partial backward pass, never another forward pass. Nothing is stored on
the network: one stateless hook for the whole process writes to the recorder of the calling context, so
any number of threads may run the same network at once. Public names: `Capture`, `EagerCapture`, `Recorder`,
`graph_bytes`, `in_transform`, `recording`, `run`, `tensor_in`, `with_tensor`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook

from ..errors import LayerError, OutputError, first_line
from ..languages import Finding
from .calls import Calls
from .devices import is_out_of_memory
from .inputs import Inputs, called, first_of, named
from .layout import MAPS, Grid, Layout
from .norms import exact_norms
from .score import Score

__all__ = [
    "Capture",
    "EagerCapture",
    "Recorder",
    "graph_bytes",
    "in_transform",
    "recording",
    "run",
    "tensor_in",
    "with_tensor",
]


class Recorder(Protocol):
    """Something that is shown the output of every module that runs in its context."""

    def see(self, module: nn.Module, output: Any) -> Any:
        """Look at an output; returns what the network goes on with, None for the output itself."""


AnyRecorder = TypeVar("AnyRecorder", bound=Recorder)


class _Outputs:
    """Keeps the outputs of some layers, the first of them as the root of the graph.

    The network goes on with a copy of each output, which an activation in place may overwrite; only of layers that are
    `in_place_safe`, behind which nothing writes to the output, it goes on with the output itself.
    """

    def __init__(self, layers: Mapping[str, nn.Module], in_place_safe: Collection[str] = ()) -> None:
        self._calls = Calls(layers)
        self._in_place_safe = in_place_safe
        # each with what had been written to it by then
        self.not_copied: dict[str, int] = {}
        self.outputs: dict[str, Any] = {}
        self._rooted = False

    @property
    def overwritten(self) -> bool:
        """Whether something has written to the output of a layer that is called in-place-safe."""
        return any(self.outputs[name]._version != version for name, version in self.not_copied.items())

    def see(self, module: nn.Module, output: Any) -> Any:
        name = self._calls.of(module)
        if name is None:
            return None
        values = tensor_in(output)
        if values is None:
            self.outputs[name] = output
            self.not_copied.pop(name, None)
            return None
        if not self._rooted or not values.requires_grad:
            # cuts off all that lies in front: nothing of it is recorded or kept; a branch beside the first
            # layer of a frozen network is not connected to it and needs a root of its own
            values = values.detach().requires_grad_()
            self._rooted = True
        self.outputs[name] = values
        if name in self._in_place_safe:
            self.not_copied[name] = values._version
            return with_tensor(output, values)
        # the network gets a copy, or an in-place activation behind the layer would overwrite the map; a part that
        # switches gradients off ends somewhere, and from there on the copy is connected
        with torch.enable_grad():
            return with_tensor(output, values.clone())


def tensor_in(output: Any) -> Tensor | None:
    """The floating point tensor that a module returned, alone or in front of what is none; else None.

    Transformers like to return their tokens in a tuple, with the size of the grid or with nothing.
    """
    first, *others = output if isinstance(output, (tuple, list)) and output else (output,)
    if any(isinstance(one, Tensor) for one in others) or in_transform(first):
        return None
    return first if isinstance(first, Tensor) and first.is_floating_point() else None


def in_transform(output: Any) -> bool:
    """Whether it lives only inside a transform of torch.func, such as vmap, where its numbers cannot be read."""
    return isinstance(output, Tensor) and torch._C._functorch.is_functorch_wrapped_tensor(output)


def with_tensor(output: Any, tensor: Tensor) -> Any:
    """What a module returned, with `tensor` in the place of the one that `tensor_in` finds."""
    if isinstance(output, Tensor):
        return tensor
    rest = (tensor, *output[1:])
    # named tuples take their fields one by one
    return type(output)(*rest) if hasattr(output, "_fields") else type(output)(rest)


_recorder: ContextVar[Recorder | None] = ContextVar("gradcam_recorder", default=None)


def _hook(module: nn.Module, _inputs: Any, output: Any) -> Any:
    recorder = _recorder.get()
    return None if recorder is None else recorder.see(module, output)


# stateless and process-wide: hooks added per call would fire for every thread that shares the module
register_module_forward_hook(_hook)


@contextmanager
def recording(recorder: AnyRecorder) -> Iterator[AnyRecorder]:
    """Forward passes in this context, and in no other, report to `recorder`."""
    token = _recorder.set(recorder)
    try:
        yield recorder
    finally:
        _recorder.reset(token)


class Capture(Protocol):
    """What one forward pass leaves behind, wherever it ran: all that maps of any score at some layers are made of."""

    @property
    def logits(self) -> Tensor:
        """(1, K) or (1, steps, K) outputs of the network; to be detached where no gradient is asked of them."""

    @property
    def engine(self) -> str:
        """Where the pass ran: "torch" or "openvino"."""

    @property
    def layouts(self) -> Mapping[str, Layout]:
        """How the output of each captured layer is seen as a (1, C, h, w) map."""

    @property
    def nbytes(self) -> int:
        """Bytes that it keeps in memory."""

    def activations(self, layer: str) -> Tensor:
        """(C, h, w) activations of `layer`, detached; raises LayerError where it was not captured."""

    def gradient(self, layer: str, score: Score) -> Tensor:
        """(C, h, w) gradient of `score` at `layer`, detached; raises LayerError, TargetError."""

    def gradients_at(self, layers: Sequence[str], score: Score) -> dict[str, Tensor]:
        """Like `gradient` for several layers at the cost of one backward pass to the earliest."""

    def along(self, layer: str, direction: Tensor) -> Tensor:
        """(K,) or (steps, K) slopes of all logits as the activations of `layer` move along `direction`, (C, h, w)."""


@dataclass(frozen=True, eq=False)
class EagerCapture:
    """A `Capture` that keeps PyTorch's own graph behind the earliest captured layer.

    `outputs` maps each layer's dotted name to what it returned, part of the graph, and `layouts` to how that is
    seen as a (1, C, h, w) map; `logits` is (1, K), or (1, steps, K).
    `nbytes` is what the graph, the activations and the logits hold together.
    """

    outputs: Mapping[str, Tensor]
    layouts: Mapping[str, Layout]
    logits: Tensor
    nbytes: int
    engine: str = "torch"

    def activations(self, layer: str) -> Tensor:
        """(C, h, w) activations of `layer`, detached; raises LayerError where it was not captured."""
        return self._map(layer, self._output(layer))

    def gradient(self, layer: str, score: Score) -> Tensor:
        """(C, h, w) gradient of `score` at `layer`, detached.

        Backpropagates to that layer only. Raises LayerError, TargetError.
        """
        return self.gradients_at([layer], score)[layer]

    def gradients_at(self, layers: Sequence[str], score: Score) -> dict[str, Tensor]:
        """Like `gradient` for several layers at the cost of one backward pass to the earliest."""
        slopes = score.slopes(self.logits)
        # the graph is only read and `.grad` never written, so several threads may ask at once
        outputs = [self._output(layer) for layer in layers]
        connected = self.logits.requires_grad and all(output.requires_grad for output in outputs)
        try:
            found = (
                torch.autograd.grad(self.logits, outputs, slopes, retain_graph=True, allow_unused=True)
                if connected
                else [None] * len(layers)
            )
        except Exception as error:
            raise _without_gradient(layers[0], error) from error
        gradients = {}
        for layer, gradient in zip(layers, found, strict=True):
            if gradient is None:
                raise LayerError("layer.no_influence", layer=layer)
            gradients[layer] = self._map(layer, gradient)
        return gradients

    def along(self, layer: str, direction: Tensor) -> Tensor:
        """(K,) or (steps, K) slopes of all logits as the activations of `layer` move along `direction`, (C, h, w).

        The gradient of a weighted sum of logits is linear in the weights; its own gradient there, against
        `direction`, holds every class's answer, so that a thousand classes cost two backward passes, not a
        thousand. Raises LayerError, and RuntimeError where an operation has no second derivative: see `slopes`.
        """
        if not self.logits.requires_grad:
            raise LayerError("layer.no_influence", layer=layer)
        weights = torch.zeros_like(self.logits, requires_grad=True)
        with torch.enable_grad():
            try:
                (gradient,) = torch.autograd.grad(
                    self.logits, self._output(layer), weights, create_graph=True, allow_unused=True
                )
            except Exception as error:
                raise _without_gradient(layer, error) from error
        if gradient is None:
            raise LayerError("layer.no_influence", layer=layer)
        raw = self.layouts[layer].inverse(direction[None].to(gradient), torch.zeros_like(gradient))
        (slopes,) = torch.autograd.grad(gradient, weights, raw)
        return slopes.detach()[0]

    def _map(self, layer: str, values: Tensor) -> Tensor:
        return self.layouts[layer].to_map(values.detach())[0]

    def _output(self, layer: str) -> Tensor:
        if layer not in self.outputs:
            raise LayerError("layer.not_captured", layer=layer, captured=tuple(self.outputs))
        return self.outputs[layer]


def _without_gradient(layer: str, error: Exception) -> Exception:
    """What to raise where torch, or a hook or a derivative of somebody's own, cannot compute a gradient at `layer`."""
    if is_out_of_memory(error):
        return error
    kind = type(error).__name__
    return LayerError("layer.gradient_fails", layer=layer, error_type=kind, first_line=first_line(error))


NO_LAYOUTS: Mapping[str, Layout] = {}


def run(
    network: nn.Module,
    inputs: Tensor | Inputs,
    layers: Mapping[str, nn.Module],
    *,
    layouts: Mapping[str, Layout] = NO_LAYOUTS,
    in_place_safe: Collection[str] = (),
    logits: Callable[[Any], Tensor] | None = None,
) -> EagerCapture:
    """Run `network` once on a batch of one and keep what maps at `layers` need.

    `inputs` are what it takes, by name and in order; a tensor alone is its only one. `layers` maps dotted names to
    modules of the network, of which a number behind the name means one call (`calls.py`); their order does not matter.
    `layouts` says of some how
    their outputs are laid out, all others are (1, C, h, w). What layers called `in_place_safe` return is not copied:
    nothing behind them writes to it, as activations in place do. `logits` picks the (1, K) scores out
    of what the network returns, where that is not a tensor itself.
    The network's mode, its parameters and their `requires_grad` are left as they are.

    Raises LayerError where a layer does not run or has no spatial positions, OutputError where the
    network returns no class scores or scores that are not finite.
    """
    given = named(inputs)
    try:
        recorder, returned = _recorded(network, given, _Outputs(layers, in_place_safe))
        overwritten = recorder.overwritten
    except RuntimeError as error:
        # torch's words for writing to the root of the graph
        if not in_place_safe or "a leaf Variable" not in str(error):
            raise
        overwritten = True
    if overwritten:
        # this input takes another way through the network than the one that it was tried out with
        recorder, returned = _recorded(network, given, _Outputs(layers))
    scores = logits(returned) if logits is not None else returned
    _check_scores(scores, recorder.outputs)
    size = (first_of(given).shape[-2], first_of(given).shape[-1])
    fitted = {name: _check_map(name, recorder.outputs, layouts.get(name, MAPS), size) for name in layers}
    outputs = {name: recorder.outputs[name] for name in layers}
    return EagerCapture(outputs, fitted, scores, _bytes_of(network, given, scores, recorder))


def _recorded(network: nn.Module, inputs: Inputs, outputs: _Outputs) -> tuple[_Outputs, Any]:
    with torch.enable_grad(), exact_norms(), recording(outputs):
        return outputs, called(network, inputs)


# the same network, input shape and layers keep as much every time, and walking the graph costs a tenth of a small
# network's forward pass
_known_bytes: WeakKeyDictionary[nn.Module, dict[Hashable, int]] = WeakKeyDictionary()


def _bytes_of(network: nn.Module, inputs: Inputs, scores: Tensor, recorder: _Outputs) -> int:
    known, outputs = _known_bytes.setdefault(network, {}), recorder.outputs
    kept = frozenset(outputs), frozenset(recorder.not_copied)
    shapes = tuple((one.shape, one.dtype, one.device) for one in inputs.values())
    key = (shapes, *kept, network.training)
    if key not in known:
        fixed = {tensor.untyped_storage().data_ptr() for tensor in (*network.parameters(), *network.buffers())}
        known[key] = graph_bytes([scores, *outputs.values()], fixed)
    return known[key]


def _check_scores(scores: Any, outputs: Mapping[str, Any]) -> None:
    if not isinstance(scores, Tensor) or scores.ndim not in (2, 3) or scores.shape[0] != 1 or 0 in scores.shape:
        found = (
            Finding("value.shape", shape=tuple(scores.shape)) if isinstance(scores, Tensor) else type(scores).__name__
        )
        raise OutputError("scores.wrong_shape", found=found)
    # a class that the network rules out has minus infinity, and the others are answered for
    told = scores.isfinite()
    if not (told | (scores == -torch.inf)).all() or not told.any(-1).all():
        broken = (n for n, o in outputs.items() if isinstance(o, Tensor) and not torch.isfinite(o).all())
        raise OutputError("scores.not_finite", layer=next(broken, None))


def _check_map(name: str, outputs: Mapping[str, Any], layout: Layout, size: Grid) -> Layout:
    if name not in outputs:
        raise LayerError("layer.not_run", name=name)
    output = outputs[name]
    shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
    fitted = layout.fitted(tuple(output.shape), size) if isinstance(output, Tensor) else None
    if fitted is None:
        raise LayerError("layer.no_places", name=name, shape=shape)
    return fitted


def graph_bytes(roots: list[Tensor], ignore: set[int]) -> int:
    """Bytes of the distinct tensors that the autograd graph behind `roots` keeps alive, `roots` included.

    `ignore` holds the addresses of storages that live anyway, such as the parameters.
    """
    sizes = {storage.data_ptr(): storage.nbytes() for storage in (t.untyped_storage() for t in _kept(roots))}
    return sum(size for address, size in sizes.items() if address not in ignore)


@lru_cache
def _saved_names(node_type: type) -> tuple[str, ...]:
    # sizes, strides and scalars are saved under such names too, but hold no memory to speak of
    return tuple(name for name in dir(node_type) if name.startswith("_saved_") and "_sym_" not in name)


def _kept(roots: list[Tensor]) -> Iterator[Tensor]:
    yield from roots
    waiting = [root.grad_fn for root in roots if root.grad_fn is not None]
    known = set(waiting)
    while waiting:
        node = waiting.pop()
        for name in _saved_names(type(node)):
            # a checkpoint computes anew what it has not saved, which may fail
            saved = None
            with suppress(RuntimeError):
                saved = getattr(node, name)
            yield from (item for item in (saved if isinstance(saved, tuple) else [saved]) if isinstance(item, Tensor))
        for following, _ in node.next_functions:
            if following is not None and following not in known:
                known.add(following)
                waiting.append(following)
