"""Guided backpropagation: the gradient at the input that passed only where it was positive.

Public name: `guided_gradients`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from ..errors import MethodError
from .capture import recording
from .inputs import Inputs, called, first_of, with_first
from .score import Score

__all__ = ["guided_gradients"]


class _OnlyPositive(torch.autograd.Function):
    """Hands on its input; of the gradient only what is positive."""

    @staticmethod
    def forward(_: Any, values: Tensor) -> Tensor:
        return values.clone()

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        return gradient.clamp(min=0)


RECTIFYING = (nn.ReLU, nn.ReLU6)
RECTIFIERS = (functional.relu, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_, functional.relu6)


def _rectifies(func: Any, args: Any, kwargs: Mapping[str, Any]) -> bool:
    # nn.ReLU6 calls hardtanh(input, 0, 6, inplace)
    lowest = args[1] if len(args) > 1 else kwargs.get("min_val")
    return func in RECTIFIERS or (func is functional.hardtanh and lowest == 0)


class _Guided(TorchFunctionMode):
    """In this thread, as long as it is entered: every rectifier lets only positive gradients back.

    Sees functions as a mode of torch and modules as a recorder: a module may hide its function from the mode.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rectifiers = 0

    def __torch_function__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        # without gradients it runs inside an autograd function, whose module is seen as a whole
        guided = torch.is_grad_enabled() and _rectifies(func, args, kwargs or {})
        return self._guide(result) if guided else result

    def see(self, module: nn.Module, output: Any) -> Any:
        return self._guide(output) if isinstance(module, RECTIFYING) else None

    def _guide(self, output: Tensor) -> Tensor:
        self.rectifiers += 1
        return _OnlyPositive.apply(output)


def guided_gradients(network: nn.Module, inputs: Inputs, explained: Score) -> Tensor:
    """(3, H, W) gradient of the score at the first of `inputs`, negative parts dropped at every rectifier on its way.

    Springenberg et al., arXiv:1412.6806, fig. 1. ReLU as a module or a function counts, and so does ReLU6, which
    captum and grad-cam leave alone. Nothing of the network is exchanged, so others may run it meanwhile.
    Raises MethodError where the network has no rectifier to guide.
    """
    leaf = first_of(inputs).detach().clone().requires_grad_()
    with torch.enable_grad(), _Guided() as guide, recording(guide):
        score = explained.of(called(network, with_first(inputs, leaf)))[0]
    if not guide.rectifiers:
        raise MethodError("method.needs_relu")
    (gradient,) = torch.autograd.grad(score, leaf)
    return gradient[0]
