"""Batch norms whose gradient is right: torch's own is not where it comes with other strides than their input has.

    with exact_norms():
        network(inputs)

On a CPU, for one image at a time, torch 2.14 takes the values of such a gradient in the wrong order, as behind tokens
that were laid out as a map. With its statistics known a batch norm is one factor and one shift a channel, which is what
torch's forward pass computes as well, and less has to be kept of it for the gradient. Public names: `exact_norms`,
`known_norm`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

__all__ = ["exact_norms", "known_norm"]


def known_norm(
    values: Tensor, mean: Tensor, variance: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float
) -> Tensor:
    """(n, C, ...) values less the mean, by the deviation, times the weight, plus the bias, each (C,)."""
    factor = torch.rsqrt(variance + eps)
    factor = factor if weight is None else factor * weight
    shift = -mean * factor if bias is None else bias - mean * factor
    places = (1,) * (values.ndim - 2)
    return torch.addcmul(shift.view(-1, *places), values, factor.view(-1, *places))


class _ExactNorms(TorchFunctionMode):
    def __torch_function__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is functional.batch_norm and torch.is_grad_enabled():
            found = _computed(*args, **kwargs)
            if found is not None:
                return found
        return func(*args, **kwargs)


def _computed(
    input: Tensor,  # noqa: A002 - torch's own names
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor | None:
    if training or running_mean is None or running_var is None or not input.requires_grad:
        return None
    if not input.dtype == running_mean.dtype == running_var.dtype or torch.is_autocast_enabled(input.device.type):
        return None
    return known_norm(input, running_mean, running_var, weight, bias, eps)


def exact_norms() -> TorchFunctionMode:
    """In this thread, as long as it is entered, batch norms that take part in gradients are computed so."""
    return _ExactNorms()
