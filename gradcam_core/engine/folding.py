"""A batch norm folded into the convolution in front of it: the same numbers up to rounding, from less work.

In eval mode a norm multiplies and shifts each channel, which the convolution's own weights and bias can do as well:
w' = w * gamma / sqrt(var + eps), b' = (b - mean) * gamma / sqrt(var + eps) + beta (Jacob et al., arXiv:1712.05877,
eq. 14). Which norm follows which convolution is found by running the network. Somebody who looks at what the
convolution itself returns still gets that. Public name: `fold`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from .capture import is_wanted
from .devices import full_precision

__all__ = ["fold"]

# of the largest value: rounding is far below, a convolution that treats its weights first is far above
TOLERANCE = 1e-2
# what tells of a tensor, not of its values
ABOUT = (bool, int, torch.Size, torch.dtype, torch.device, torch.layout)
EXACT_ENOUGH = (torch.float32, torch.float64)


def fold(network: nn.Module, inputs: Tensor) -> nn.Module:
    """`network` itself, its norms folded in place where that changes nothing; for networks that nobody else uses.

    It is run on `inputs`, (1, C, H, W), to see which norm takes what which convolution returns, and takes it alone.
    Names, parameters and hooks stay as they are, weights that are written to later are followed, and in training
    mode nothing is folded. What is gained costs the memory of a second set of the convolutions' weights.
    """
    if inputs.dtype not in EXACT_ENOUGH or not any(map(_is_foldable, network.modules())):
        return network
    with torch.no_grad(), full_precision(), _Uses(), _watched(network) as found:
        returned = network(inputs)
    if not isinstance(returned, Tensor):
        # it may hold what a convolution returned
        return network
    for made in found:
        conv, norm = made.conv, made.norm
        if made.uses == 1:
            for module, kinds in ((conv, _folded_conv), (norm, _folded_norm)):
                kind: Any = type(module)
                module.__class__ = kinds(kind)
            conv.__dict__["_norm"] = norm
            _weights(conv, norm)
    return network


@dataclass(eq=False)
class _Made:
    """What a convolution made of `seen`: how many functions take it, and the norm that does, once that has run."""

    conv: Any
    seen: Tensor | None
    uses: int = 0
    norm: Any = None


class _Uses(TorchFunctionMode):
    """Counts, in this thread, which functions make something of what a convolution made."""

    def __torch_function__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if not isinstance(result, ABOUT):
            for value in tree_leaves((args, kwargs)):
                made = getattr(value, "made_by", None) if isinstance(value, Tensor) else None
                if made is not None:
                    made.uses += 1
        return result


def _is_foldable(module: nn.Module) -> bool:
    parts = (getattr(module, name, None) for name in ("running_mean", "running_var", "weight", "bias"))
    return isinstance(module, nn.BatchNorm2d) and not module.training and all(part is not None for part in parts)


@contextmanager
def _watched(network: nn.Module) -> Iterator[list[_Made]]:
    """Collects what is made by a convolution and taken by a norm while `network` runs."""
    found: list[_Made] = []
    times: Counter[nn.Module] = Counter()
    handles = []

    def convolved(conv: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        times[conv] += 1
        if isinstance(output, Tensor):
            # on the tensor, so that it goes with it
            output.made_by = _Made(conv, inputs[0])  # type: ignore[attr-defined]

    def normed(norm: nn.Module, inputs: tuple[Any, ...]) -> None:
        times[norm] += 1
        made = getattr(inputs[0], "made_by", None)
        if made is not None and made.uses == 0 and _agree(made.conv, norm, made.seen, inputs[0]):
            made.norm, made.seen = norm, None
            found.append(made)

    for module in network.modules():
        if isinstance(module, nn.Conv2d) and not hasattr(module, "plain_kind"):
            handles.append(module.register_forward_hook(convolved))
        elif _is_foldable(module):
            handles.append(module.register_forward_pre_hook(normed))
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()
    # modules that run twice may be followed by something else the second time
    found[:] = [made for made in found if times[made.conv] == times[made.norm] == 1]


def _agree(conv: Any, norm: Any, seen: Any, returned: Tensor) -> bool:
    """Whether folded weights do what both do; they do not where a convolution standardises its weights first."""
    with torch._C.DisableTorchFunction():
        usual = nn.functional.batch_norm(
            returned, norm.running_mean, norm.running_var, norm.weight, norm.bias, False, 0.0, norm.eps
        )
        found = type(conv).forward(_twin(conv, type(conv), *_fused(conv, norm)), seen)
        return bool((found - usual).abs().max() <= TOLERANCE * usual.abs().max())


def _fused(conv: nn.Conv2d, norm: Any) -> tuple[Tensor, Tensor]:
    # outside inference mode, whose tensors no graph may keep
    with torch.inference_mode(False), torch.no_grad():
        weight, bias = fuse_conv_bn_weights(
            conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
        )
        return weight.detach(), bias.detach()


def _twin(conv: nn.Conv2d, kind: type[nn.Conv2d], weight: Tensor, bias: Tensor) -> nn.Conv2d:
    """The convolution of that kind with other weights; shares all else."""
    twin = kind.__new__(kind)
    twin.__dict__.update(conv.__dict__)
    twin.__dict__["_parameters"] = {"weight": weight, "bias": bias}
    twin.__dict__["_buffers"] = {}
    return twin


@dataclass(frozen=True)
class _Known:
    """The folded convolution `twin`, and what it was made of: holding `parts`, so that no other can bear their ids."""

    made_of: tuple[Any, ...]
    parts: tuple[Any, ...]
    twin: nn.Conv2d


def _weights(conv: Any, norm: Any) -> nn.Conv2d:
    """The folded convolution, made anew once somebody has written to its parts or exchanged them."""
    (weight, bias), (scale, shift) = conv._parameters.values(), norm._parameters.values()
    mean, variance = norm._buffers["running_mean"], norm._buffers["running_var"]
    # asked at every pass: written out, it takes a microsecond
    made_of = (
        id(weight), weight._version, weight.data_ptr(), id(bias), bias is not None and bias._version,
        id(scale), scale._version, id(shift), shift._version,
        id(mean), mean._version, id(variance), variance._version, norm.eps,
    )  # fmt: skip
    known: _Known | None = conv.__dict__.get("_folded")
    if known is None or known.made_of != made_of:
        folded = _fused(conv, norm)
        parts = (weight, bias, scale, shift, mean, variance)
        known = _Known(made_of, parts, _twin(conv, conv.plain_kind, *folded))
        conv.__dict__["_folded"] = known
        # counted with the network's memory; not among its weights in a state dict
        for name, values in zip(("folded_weight", "folded_bias"), folded, strict=True):
            conv.register_buffer(name, values, persistent=False)
    return known.twin


def _is_frozen(conv: nn.Module, norm: nn.Module) -> bool:
    trained = conv.training or norm.training
    return not trained and not any(
        part is not None and part.requires_grad for part in (*conv._parameters.values(), *norm._parameters.values())
    )


@cache
def _folded_conv(kind: Any) -> Any:
    forward: Callable[..., Any] = kind.forward

    class Folded(kind):
        plain_kind = kind

        def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's own name
            norm = self.__dict__["_norm"]
            if is_wanted(self) or not _is_frozen(self, norm):
                return forward(self, input)
            output = forward(_weights(self, norm), input)
            output.normed_by = norm
            return output

    return _named_as(kind, Folded)


@cache
def _folded_norm(kind: Any) -> Any:
    forward: Callable[..., Any] = kind.forward

    class Folded(kind):
        def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's own name
            if getattr(input, "normed_by", None) is not self:
                return forward(self, input)
            # timm's batch norm has its activation inside
            return self.act(self.drop(input)) if hasattr(self, "act") else input

    return _named_as(kind, Folded)


def _named_as(kind: type, made: type) -> type:
    made.__name__ = made.__qualname__ = kind.__name__
    return made
