"""The graph of a network, by running its own code under torch.export.

    graph = trace(network, inputs, ["layer3", "layer4"])

torch.export exchanges `nn.Module.__call__` and other things of the whole process meanwhile, so this belongs in a
process in which nothing else runs (`convert.py`). Public names: `HOOKS`, `KEPT_BY_TORCH`, `check_hooks`, `trace`,
`twin_of`.
"""

from __future__ import annotations

import copy
import json
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn.modules import module as torch_module

from ..errors import ModelError
from .calls import Calls, module_of
from .capture import recording, tensor_in, with_tensor
from .graph import GETITEM, Graph, Ref, Step, plain
from .inputs import Inputs, named
from .narrowing import narrowed

__all__ = ["HOOKS", "KEPT_BY_TORCH", "check_hooks", "trace", "twin_of"]

# what a module keeps somebody's hooks in
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
# what torch itself keeps in every module, and finds again in its parameters, buffers and modules
KEPT_BY_TORCH = frozenset(vars(nn.Module()))


def trace(
    network: nn.Module,
    inputs: Tensor | Inputs,
    layers: Iterable[str],
    *,
    scores: Callable[[Any], Tensor] | None = None,
    decompositions: Any = None,
) -> Graph:
    """The graph of `network` for inputs of these shapes, one tensor or several by name, with the outputs of `layers`.

    `layers` that do not run are left out; of a module that runs several times it is the last output, or
    the one whose number stands behind the name. `scores` picks them
    out of what the network returns where that is not a tensor. `decompositions` is a table for
    `ExportedProgram.run_decompositions`; None leaves operations as they are.
    What is traced is a twin that shares the network's tensors: the network itself is left as it is.
    Raises ModelError where tracing would call somebody else's hooks or change the network, and whatever
    torch.export raises for what it cannot follow.
    """
    check_hooks(network)
    keeper = _ScoresAndLayers(twin_of(network), layers, scores)
    program = torch.export.export(keeper, tuple(named(inputs).values()), strict=False)
    program = program.run_decompositions({} if decompositions is None else decompositions)
    return _read_program(program, keeper.kept.of)


def twin_of(network: nn.Module) -> nn.Module:
    """The modules copied, the tensors shared: what is set on the copy does not reach the original.

    Its parameters take part in gradients, for some modules compute otherwise, and not traceably, where none is wanted.
    """
    shared: dict[int, Any] = {}
    for part in network.modules():
        for parameter in part.parameters(recurse=False):
            wanted = parameter.is_floating_point() or parameter.is_complex()
            shared[id(parameter)] = nn.Parameter(parameter.detach(), requires_grad=wanted)
        for tensor in (*part.buffers(recurse=False), *(v for v in vars(part).values() if isinstance(v, Tensor))):
            shared.setdefault(id(tensor), tensor.detach())
    return copy.deepcopy(network, shared)


class _ScoresAndLayers(nn.Module):
    """Returns the scores and what the layers returned, of which the network goes on with a copy."""

    def __init__(self, network: nn.Module, layers: Iterable[str], scores: Callable[[Any], Tensor] | None) -> None:
        super().__init__()
        self.network = network
        self._layers = {layer: module_of(network, layer) for layer in layers}
        self._scores = scores
        # torch.export puts a module's own lists back as they were
        self.kept = _Names()

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        outputs: dict[str, Tensor] = {}
        with recording(_Copies(self._layers, outputs)):
            returned = self.network(*values)
        self.kept.of = tuple(outputs)
        return (returned if self._scores is None else self._scores(returned), *outputs.values())


class _Names:
    of: tuple[str, ...] = ()


class _Copies:
    def __init__(self, layers: Mapping[str, nn.Module], outputs: dict[str, Tensor]) -> None:
        self._calls = Calls(layers)
        self._outputs = outputs

    def see(self, module: nn.Module, output: Any) -> Any:
        name = self._calls.of(module)
        values = None if name is None else tensor_in(output)
        if name is None or values is None:
            return None
        self._outputs.pop(name, None)
        self._outputs[name] = values
        # what lies behind may write to its input
        return with_tensor(output, values.clone())


def check_hooks(network: nn.Module) -> None:
    """Raises ModelError where others hung something on the network or on all modules: a graph does not call it."""
    for name, module in network.named_modules():
        if any(getattr(module, kind, None) for kind in HOOKS):
            raise ModelError("engine.hook_on_module", name=name)
    for kind in HOOKS:
        hooks = getattr(torch_module, f"_global{kind}", {})
        if any(not str(getattr(hook, "__module__", "")).startswith(__package__) for hook in hooks.values()):
            raise ModelError("engine.hook_on_all_modules")


def _read_program(program: torch.export.ExportedProgram, layers: Sequence[str]) -> Graph:
    signature = program.graph_signature
    written = [*signature.buffers_to_mutate.values(), *signature.user_inputs_to_mutate.values()]
    if written:
        raise ModelError("engine.writes_to_itself", written=written[0])
    prefix = "network."
    named = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    lifted = signature.inputs_to_lifted_tensor_constants
    constants = {name: program.constants[key] for name, key in lifted.items()}
    # buffers that are no part of the state are found in the network all the same
    weights = {name: key.removeprefix(prefix) for name, key in named.items()}
    steps, ends = [], []
    for node in program.graph.nodes:
        if node.op == "call_function":
            steps.append(_step(node))
        elif node.op == "output":
            ends = [node.args[0]] if isinstance(node.args[0], fx.Node) else list(node.args[0])
        elif node.op != "placeholder":
            raise ModelError("engine.part_not_written", target=node.target)
    scores, *kept = (end.name for end in ends)
    values = ((node.name, node.meta.get("val")) for node in program.graph.nodes)
    shapes = {name: tuple(value.shape) for name, value in values if isinstance(value, Tensor)}
    graph = Graph(
        inputs=tuple(signature.user_inputs),
        weights=weights,
        constants=constants,
        steps=narrowed(steps, shapes, {scores, *kept}),
        scores=scores,
        layers=dict(zip(layers, kept, strict=True)),
    )
    # raises here, where it is caught, what could not be written down
    json.dumps([[plain(step.args), plain(dict(step.kwargs))] for step in graph.steps])
    return graph


def _step(node: fx.Node) -> Step:
    if node.target is torch.ops.aten.copy.default:
        # what writing in place becomes; it has no derivative of its own
        into, source = node.args[:2]
        held, written = (one.meta["val"] for one in (into, source))  # type: ignore[union-attr]
        if held.dtype != written.dtype:
            raise ModelError("engine.writes_other_type", written_dtype=written.dtype, held_dtype=held.dtype)
        return Step(node.name, "aten.expand.default", (Ref(str(source)), list(held.shape)), {})
    if node.target is torch.ops.aten.as_strided.default and _is_other_layout(*node.args):
        # what pooling all places becomes where channels lie last; engines know nothing of how values lie
        given: Any = node.args[0]
        return Step(node.name, "aten.view.default", (Ref(given.name), list(given.meta["val"].shape)), {})
    # torch's types know of no values but its own
    found: Any = fx.node.map_arg((node.args, node.kwargs), lambda one: Ref(one.name))  # type: ignore[arg-type,return-value]
    args, kwargs = found
    return Step(node.name, _target(node.target), tuple(args), dict(kwargs))


def _is_other_layout(of: Any, size: Any, stride: Any, offset: Any = None) -> bool:
    """Whether only axes of length one lie otherwise than before."""
    held = of.meta["val"]
    return (
        not offset
        and list(size) == list(held.shape)
        and all(length == 1 or step == own for length, step, own in zip(size, stride, held.stride(), strict=True))
    )


def _target(target: Any) -> str:
    if target is operator.getitem:
        return GETITEM
    if isinstance(target, torch._ops.OpOverload):
        return str(target)
    raise ModelError("engine.no_single_operation", target=target)
