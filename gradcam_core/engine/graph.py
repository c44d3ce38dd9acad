"""One graph of a network: its scores, its layers' outputs, and of each layer the tail that leads on to the scores.

    graph = trace(network, inputs, ["layer3", "layer4"])      # see tracing.py
    values = dict(zip(graph.values, graph.whole(network)(inputs)))
    tail = graph.tail(network, ["layer4"])
    scores = tail(values[name] for name in tail.needs)

A `Graph` is plain values that travel between processes.
Public names: `GETITEM`, `Graph`, `Ref`, `Step`, `Tail`, `plain`.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, fx, nn

from ..errors import ModelError
from .norms import known_norm

__all__ = ["GETITEM", "Graph", "Ref", "Step", "Tail", "plain"]

FILE, CONSTANTS = "graph.json", "constants.safetensors"
GETITEM, LINEAR = "getitem", "aten.linear.default"
# what an argument of an operation may be beside numbers, texts and lists, by the name that it is written down under
KINDS: Mapping[str, tuple[type, Callable[[str], Any]]] = {
    "dtype": (torch.dtype, lambda text: getattr(torch, text.removeprefix("torch."))),
    "layout": (torch.layout, lambda text: getattr(torch, text.removeprefix("torch."))),
    "memory_format": (torch.memory_format, lambda text: getattr(torch, text.removeprefix("torch."))),
    "device": (torch.device, torch.device),
}
NOTHING: Mapping[str, Callable[..., Any]] = {}
# classes whose weights are picked out, which copies them
FEW = 32


def _norm(
    values: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    mean: Tensor,
    variance: Tensor,
    momentum: float,
    eps: float,
) -> tuple[Tensor, None, None]:
    return known_norm(values, mean, variance, weight, bias, eps), None, None


# what gradients are taken through, in the place of operations whose own are wrong, or which want their values to lie in
# memory as they did in the network
IN_GRADIENTS: Mapping[str, Callable[..., Any]] = {
    "aten._native_batch_norm_legit_no_training.default": _norm,
    "aten.view.default": torch.reshape,
}


@dataclass(frozen=True)
class Ref:
    """The value that the step called `name` computes."""

    name: str


@dataclass(frozen=True)
class Step:
    """One operation: `target` is such as "aten.relu.default"; values of other steps are `Ref`s among its arguments."""

    name: str
    target: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """The names of the values that it is computed from."""
        found: list[str] = []
        _mapped((self.args, dict(self.kwargs)), lambda ref: found.append(ref.name))
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, eq=False)
class Tail:
    """What leads from some layers to the scores: `module` takes the values called `needs`, the layers' own among them.

    It returns the scores and, behind them, the values called `inside`: of layers that lie behind others of them. Where
    there is a `classifier`, (K, C), it returns in the place of the scores what that makes them of, (..., C).
    """

    module: fx.GraphModule
    needs: tuple[str, ...]
    inside: tuple[str, ...]
    classifier: Tensor | None = None

    def behind(self, begins: Collection[str], given: Iterable[Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """The scores, made of the values that it needs, and the values called `begins`, as parts of one autograd graph.

        Beside these, the values that are returned by name are all that it needs and makes.
        """
        # leaves of their own: the values are shared with whoever asks about the same input
        known = {name: one.detach().requires_grad_(name in begins) for name, one in zip(self.needs, given, strict=True)}
        with torch.enable_grad():
            scores, *inside = self.module(*known.values())
        return scores, {**known, **dict(zip(self.inside, inside, strict=True))}

    def slopes(self, of_scores: Tensor) -> Tensor:
        """By how much what grows with `of_scores`, (..., K), grows with what the module returns in their place."""
        if self.classifier is None:
            return of_scores
        asked = of_scores.flatten(0, -2).any(0).nonzero().flatten()
        # of the few classes that are asked about: to read all weights takes longer than all else behind a late layer
        few = len(asked) <= FEW
        return of_scores[..., asked] @ self.classifier[asked] if few else of_scores @ self.classifier


@dataclass(frozen=True, eq=False)
class Graph:
    """The steps of a network in order, without anything that changes a value in place.

    `inputs` are the names of its inputs, `weights` maps names to dotted names of the network's tensors, `constants` to
    tensors that its code made itself; `scores` and `layers` name what the steps called so compute.
    """

    inputs: tuple[str, ...]
    weights: Mapping[str, str]
    constants: Mapping[str, Tensor]
    steps: tuple[Step, ...]
    scores: str
    layers: Mapping[str, str]

    @cached_property
    def values(self) -> tuple[str, ...]:
        """All that must be computed once for an input: the scores, the layers, and what crosses into their tails."""
        crossing = (name for layer in self.layers for name in self._cut([layer])[1])
        return tuple(dict.fromkeys([self.scores, *self.layers.values(), *crossing]))

    def leads_on(self, layer: str) -> bool:
        """Whether the scores depend on what `layer` returns."""
        return self.layers[layer] == self.scores or self.scores in self._behind({self.layers[layer]})

    def whole(self, network: nn.Module) -> fx.GraphModule:
        """The network as a module of single operations, from its inputs to a tuple of all `values`."""
        return self._part(network, self.inputs, self.values)

    def needs(self, layers: Sequence[str]) -> tuple[str, ...]:
        """The values that what leads from `layers` to the scores begins with."""
        roots, crossing, _ = self._cut(layers)
        return (*roots, *crossing)

    def tail(self, network: nn.Module, layers: Sequence[str]) -> Tail:
        """What leads from `layers` to the scores, which depend on each; shares its weights with `network`."""
        _, _, inside = self._cut(layers)
        needs = self.needs(layers)
        return Tail(self._part(network, needs, (self.scores, *inside), IN_GRADIENTS), needs, inside)

    def gradient_tail(self, network: nn.Module, layers: Sequence[str]) -> Tail:
        """The same without the linear operation that ends it, where it does and all of `layers` lead there."""
        names = {self.layers[layer] for layer in layers}
        last = next((step for step in self.steps if step.name == self.scores), None)
        if last is None or last.target != LINEAR:
            return self.tail(network, layers)
        hidden, weight = (ref.name for ref in last.args[:2])
        if weight not in self.weights or not all(hidden in {name, *self._behind({name})} for name in names):
            return self.tail(network, layers)
        needs, (_, _, inside) = self.needs(layers), self._cut(layers)
        module = self._part(network, needs, (hidden, *inside), IN_GRADIENTS)
        return Tail(module, needs, inside, _tensor(network, self.weights[weight]).detach())

    def convertible_tail(self, network: nn.Module, layer: str) -> Tail:
        """The same of one layer, of operations that other engines know."""
        (root,), crossing, _ = self._cut([layer])
        return Tail(self._part(network, (root, *crossing), (self.scores,)), (root, *crossing), ())

    def save(self, folder: Path) -> None:
        """Write it into `folder`."""
        about = {
            "inputs": self.inputs,
            "weights": dict(self.weights),
            "steps": [[step.name, step.target, plain(step.args), plain(dict(step.kwargs))] for step in self.steps],
            "scores": self.scores,
            "layers": dict(self.layers),
        }
        (folder / FILE).write_text(json.dumps(about), "utf-8")
        constants = {name: tensor.detach().clone().contiguous() for name, tensor in self.constants.items()}
        safetensors.torch.save_file(constants, folder / CONSTANTS)

    @staticmethod
    def load(folder: Path) -> Graph:
        """Read what `save` wrote; raises whatever a damaged file leads to."""
        about = json.loads((folder / FILE).read_text("utf-8"))
        return Graph(
            inputs=tuple(about["inputs"]),
            weights=about["weights"],
            constants=safetensors.torch.load_file(folder / CONSTANTS),
            steps=tuple(Step(n, target, tuple(_read(a)), _read(k)) for n, target, a, k in about["steps"]),
            scores=about["scores"],
            layers=about["layers"],
        )

    def _behind(self, names: Iterable[str]) -> set[str]:
        """The steps that depend on any of `names`."""
        known, found = set(names), set()
        for step in self.steps:
            if not known.isdisjoint(step.needs):
                known.add(step.name)
                found.add(step.name)
        return found

    def _cut(self, layers: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """The values that a tail begins with, those that cross into it, and those of `layers` that lie in it."""
        names = [self.layers[layer] for layer in dict.fromkeys(layers)]
        roots = tuple(name for name in dict.fromkeys(names) if name not in self._behind(set(names) - {name}))
        behind, fed = self._behind(roots), {*self.inputs, *self._behind(self.inputs)}
        inside = tuple(name for name in dict.fromkeys(names) if name in behind)
        needed = self._needed(roots, (self.scores, *inside))
        outside = (name for step in self.steps if step.name in needed & behind for name in step.needs)
        crossing = tuple(dict.fromkeys(n for n in outside if n in fed and n not in behind and n not in roots))
        return roots, crossing, inside

    def _needed(self, begin: Iterable[str], end: Iterable[str]) -> set[str]:
        """What must be known to compute `end` where `begin` is known."""
        needed, given = set(end), set(begin)
        for step in reversed(self.steps):
            if step.name in needed and step.name not in given:
                needed.update(step.needs)
        return needed

    def _part(
        self,
        network: nn.Module,
        begin: Sequence[str],
        end: Sequence[str],
        instead: Mapping[str, Callable[..., Any]] = NOTHING,
    ) -> fx.GraphModule:
        graph, held = fx.Graph(), {}
        nodes = {name: graph.placeholder(name) for name in begin}
        needed = self._needed(begin, end)
        for name in (*self.weights, *self.constants):
            if name in needed and name not in nodes:
                found = self.constants[name] if name in self.constants else _tensor(network, self.weights[name])
                # an alias: its gradient is nobody's business, and a Parameter would be listed as the part's own
                held[name] = found.detach()
                nodes[name] = graph.get_attr(name)
        for step in self.steps:
            if step.name in needed and step.name not in nodes:
                args, kwargs = _mapped((step.args, dict(step.kwargs)), lambda ref: nodes[ref.name])
                operation = instead.get(step.target) or _operation(step.target)
                nodes[step.name] = graph.call_function(operation, tuple(args), kwargs)
        graph.output(tuple(nodes[name] for name in end))
        holder = nn.Module()
        for name, tensor in held.items():
            holder.register_buffer(name, tensor)
        return fx.GraphModule(holder, graph)


def _operation(target: str) -> Callable[..., Any]:
    if target == GETITEM:
        return operator.getitem
    found: Any = torch.ops
    for name in target.split("."):
        found = getattr(found, name)
    return found


def _tensor(network: nn.Module, name: str) -> Tensor:
    path, _, last = name.rpartition(".")
    return getattr(network.get_submodule(path), last)


def _mapped(value: Any, change: Callable[[Ref], Any]) -> Any:
    """`value` with all `Ref`s in it exchanged; lists, tuples and mappings are looked into."""
    if isinstance(value, Ref):
        return change(value)
    if isinstance(value, (list, tuple)):
        return [_mapped(one, change) for one in value]
    if isinstance(value, Mapping):
        return {key: _mapped(one, change) for key, one in value.items()}
    return value


def plain(value: Any) -> Any:
    """`value` as JSON holds it; raises ModelError where that is not possible."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Ref):
        return {"value": value.name}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, Mapping):
        return {"mapping": {key: plain(one) for key, one in value.items()}}
    for name, (kind, _) in KINDS.items():
        if isinstance(value, kind):
            return {name: str(value)}
    raise ModelError("engine.value_not_written", value=repr(value), kind=type(value).__name__)


def _read(written: Any) -> Any:
    if isinstance(written, list):
        return [_read(one) for one in written]
    if not isinstance(written, dict):
        return written
    ((name, value),) = written.items()
    if name == "value":
        return Ref(value)
    if name == "mapping":
        return {key: _read(one) for key, one in value.items()}
    return KINDS[name][1](value)
