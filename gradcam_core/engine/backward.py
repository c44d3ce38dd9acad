"""The gradients of a graph as a graph, so that an engine made for inference computes them as well.

    module = differentiated(graph, network, layers, values, decompositions)
    gradients = module(*(values[name] for name in graph.needs(layers)), slopes)     # one a layer, in order

What torch does behind the earliest of the layers, forwards and back, is written down operation by operation, and each
gradient of an operation in terms of such as are known for inference: that of a convolution is a convolution. Public
name: `differentiated`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from typing import Any, NamedTuple

import torch
from torch import Tensor, fx, nn
from torch._decomp import get_decompositions
from torch.nn.attention import SDPBackend, sdpa_kernel

from ..errors import ModelError
from .graph import Graph

__all__ = ["differentiated"]

aten = torch.ops.aten
# where there is nothing, nothing is largest
LOWEST = torch.finfo(torch.float32).min
PERMUTE = aten.permute.default


def differentiated(
    graph: Graph, network: nn.Module, layers: Sequence[str], values: Mapping[str, Tensor], decompositions: Any
) -> fx.GraphModule:
    """A module from what the layers' tail needs, and slopes at the scores, to the gradient at each of `layers`.

    `values` are those of the graph for any input, to trace with; `decompositions` says which operations to take apart.
    Raises whatever torch raises for what it cannot follow.
    """
    from torch.fx.experimental.proxy_tensor import make_fx  # noqa: PLC0415 - takes half a second

    tail = graph.tail(network, layers)
    names = [graph.layers[layer] for layer in layers]

    def gradients(*given: Tensor) -> tuple[Tensor, ...]:
        *begin, slopes = given
        scores, known = tail.behind(names, begin)
        return torch.autograd.grad(scores, [known[name] for name in names], slopes)

    apart = {operation: _of_whole(found) for operation, found in get_decompositions(APART).items()}
    table = {**dict(decompositions.items()), **apart, **OWN}
    given = [*(values[name] for name in tail.needs), torch.ones_like(values[graph.scores])]
    # attention in one step has a gradient that only torch knows
    with sdpa_kernel(SDPBackend.MATH):
        return _not_shared(_turned_once(make_fx(gradients, decomposition_table=table)(*given)))


def _turned_once(module: fx.GraphModule) -> fx.GraphModule:
    """Axes that are put somewhere twice in a row are put there at once, or left where they were."""
    for node in module.graph.nodes:
        if node.target is not PERMUTE or node.args[0].target is not PERMUTE:
            continue
        values, first = node.args[0].args
        order = [first[axis] % len(first) for axis in node.args[1]]
        if order == list(range(len(order))):
            node.replace_all_uses_with(values)
        else:
            node.args = (values, order)
    module.graph.eliminate_dead_code()
    module.recompile()
    return module


def _not_shared(module: fx.GraphModule) -> fx.GraphModule:
    """Its square weights each for one operation, once as they are and once, for the same product, negative.

    OpenVINO 2026.4 takes weights that it has packed for the way there for the way back as well, where they are to be
    turned; so it does with a copy of them, and with the negative ones it does not.
    """
    graph = module.graph
    for node in [*graph.nodes]:
        products = [user for user in node.users if user.target is aten.mm.default and user.args[1] is node]
        if node.op != "get_attr" or len(node.users) == len(products) or not products:
            continue
        weight = getattr(module, node.target)
        if weight.shape[0] != weight.shape[1]:
            continue
        name = f"{node.target}_negative"
        setattr(module, name, nn.Parameter(-weight.detach(), requires_grad=False))
        for product in products:
            with graph.inserting_before(product):
                product.args = (graph.call_function(aten.neg.default, (product.args[0],)), graph.get_attr(name))
    module.recompile()
    return module


def _of_whole(decomposed: Callable[..., Any]) -> Callable[..., Any]:
    """Takes apart as torch computes: what lies in another order is brought into order first, and stays so."""

    def whole(values: Tensor, *others: Any) -> Any:
        return decomposed(values.contiguous(), *others)

    return whole


class _Steps(NamedTuple):
    """How a convolution goes over its input, along each axis."""

    stride: Sequence[int]
    padding: Sequence[int]
    dilation: Sequence[int]
    groups: int


def _convolution(slopes: Tensor, values: Tensor, weight: Tensor, *how: Any) -> tuple[Tensor, None, None]:
    # in the order of torch's own operation
    _, stride, padding, dilation, transposed, _, groups, wanted = how
    if transposed or wanted[1] or wanted[2]:
        raise ModelError("engine.gradient_unknown", operation="convolution")
    return _of_input(slopes, values, weight, _Steps(stride, padding, dilation, groups)), None, None


def _of_input(slopes: Tensor, values: Tensor, weight: Tensor, steps: _Steps) -> Tensor:
    """The gradient of a convolution of `values` with `weight`, at `values`."""
    stride, padding, dilation, groups = steps
    axes = range(values.ndim - 2)
    reach = [dilation[axis] * (weight.shape[2 + axis] - 1) for axis in axes]
    # what the stride left over
    rest = [
        values.shape[2 + axis] - ((slopes.shape[2 + axis] - 1) * stride[axis] - 2 * padding[axis] + reach[axis] + 1)
        for axis in axes
    ]
    before = [reach[axis] - padding[axis] for axis in axes]
    if any(step != 1 for step in stride) or any(rest) or min(before) < 0:
        return aten.convolution(slopes, weight, None, stride, padding, dilation, True, rest, groups)
    # a plain one with the weights mirrored, for which engines have more than for transposed ones
    out, into = weight.shape[0] // groups, weight.shape[1]
    mirrored = weight.reshape(groups, out, into, *weight.shape[2:]).transpose(1, 2)
    mirrored = mirrored.reshape(groups * into, out, *weight.shape[2:]).flip([2 + axis for axis in axes])
    return aten.convolution(slopes, mirrored, None, stride, before, dilation, False, rest, groups)


def _max_pool(
    slopes: Tensor,
    values: Tensor,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    *_others: Any,
) -> Tensor:
    """Each slope at the first place of its window that holds the largest value.

    In terms of slices: an engine's own pool that tells its places took OpenVINO ten times as long as all this.
    """
    kernel, stride, padding, dilation = ((*one, *one)[:2] for one in (kernel, stride or kernel, padding, dilation))
    size, count = values.shape[-2:], slopes.shape[-2:]
    reach = [(count[axis] - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis] + 1 for axis in (0, 1)]
    after = [max(reach[axis] - size[axis] - padding[axis], 0) for axis in (0, 1)]
    padded = aten.constant_pad_nd(values, [padding[1], after[1], padding[0], after[0]], LOWEST)
    offsets = [(row * dilation[0], column * dilation[1]) for row in range(kernel[0]) for column in range(kernel[1])]
    rows, columns = (partial(_every, count=count[axis], step=stride[axis]) for axis in (0, 1))
    parts = [padded[..., rows(row), columns(column)] for row, column in offsets]
    largest = reduce(torch.maximum, parts)
    # in steps of the stride; what lies between them is put there last
    cells = [-(-max(reach[axis], size[axis] + padding[axis]) // stride[axis]) for axis in (0, 1)]
    between = [[slopes.new_zeros((*slopes.shape[:2], *cells)) for _ in range(stride[1])] for _ in range(stride[0])]
    free = torch.ones_like(slopes)
    for offset, part in zip(offsets, parts, strict=True):
        hit = free * (part == largest).to(slopes.dtype)
        free = free - hit
        (up, row), (left, column) = (divmod(offset[axis], stride[axis]) for axis in (0, 1))
        around = [left, cells[1] - count[1] - left, up, cells[0] - count[0] - up]
        between[row][column] = between[row][column] + aten.constant_pad_nd(hit * slopes, around)
    whole = torch.stack([torch.stack(row, -1) for row in between], -3)
    whole = whole.reshape(*slopes.shape[:2], cells[0] * stride[0], cells[1] * stride[1])
    return whole[..., padding[0] : padding[0] + size[0], padding[1] : padding[1] + size[1]]


def _every(start: int, count: int, step: int) -> slice:
    return slice(start, start + (count - 1) * step + 1, step)


def _mean_pool(
    slopes: Tensor,
    values: Tensor,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    ceil: bool,
    counts_padding: bool,
    divisor: int | None,
) -> Tensor:
    if ceil or (any(padding) and not counts_padding):
        # the share of each cell differs at the edge
        raise ModelError("engine.gradient_unknown", operation="avg_pool2d")
    high, wide = (*kernel, *kernel)[:2]
    channels = values.shape[1]
    weight = slopes.new_full((channels, 1, high, wide), 1 / (divisor or high * wide))
    return _of_input(slopes, values, weight, _Steps(list(stride or kernel), padding, [1, 1], channels))


# their gradients want the mean and the deviation, which engines keep to themselves
APART = (aten.native_layer_norm, aten.native_group_norm)
# gradients in terms of what engines for inference know
OWN: Mapping[Any, Callable[..., Any]] = {
    aten.avg_pool2d_backward.default: _mean_pool,
    aten.convolution_backward.default: _convolution,
    aten.max_pool2d_with_indices_backward.default: _max_pool,
}
