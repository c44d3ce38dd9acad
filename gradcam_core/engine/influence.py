"""Whether the scores of a network depend on what its layers return, by gradients and without them.

Public names: `changes`, `matters`, `slopes_of`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import OutputError
from .calls import Call
from .capture import recording, tensor_in, with_tensor
from .devices import is_out_of_memory
from .inputs import Inputs, called, first_of, with_first

__all__ = ["changes", "matters", "slopes_of"]


def slopes_of(scores: Tensor, outputs: list[Tensor], dice: torch.Generator) -> Sequence[Tensor | None]:
    """Of each output the gradient of a random sum of the `scores`; None where there is none."""
    nothing: list[Tensor | None] = [None] * len(outputs)
    if not scores.requires_grad or not outputs:
        return nothing
    weights = torch.randn(scores.shape, generator=dice).to(scores)
    try:
        return torch.autograd.grad(scores, outputs, weights, allow_unused=True)
    except Exception as error:
        # operations without a derivative, or whose derivative allows no asking for a part (reentrant checkpoints), and
        # hooks and derivatives of somebody's own, which raise anything
        if is_out_of_memory(error):
            raise
        return nothing


def changes(network: nn.Module, inputs: Inputs, scores: Tensor) -> bool:
    """Whether other inputs give other scores than `inputs` did."""
    image = first_of(inputs)
    others = (
        image.flip(-1),
        image.flip(-2),
        torch.full_like(image, float(image.min())),
        torch.full_like(image, float(image.max())),
    )
    with torch.no_grad():
        return any(not torch.equal(called(network, with_first(inputs, other)), scores) for other in others)


class _Zeros:
    """Lets the network go on from nothing where one call has returned something."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._runs = 0

    def see(self, module: nn.Module, output: Any) -> Any:
        self._runs += module is self._call.module
        values = tensor_in(output) if module is self._call.module and self._runs == self._call.number else None
        return None if values is None else with_tensor(output, torch.zeros_like(values))


def matters(network: nn.Module, inputs: Inputs, call: Call) -> bool:
    """Whether the scores are others without what a call returns, found without a gradient."""
    with torch.no_grad():
        usual = called(network, inputs)
        try:
            with recording(_Zeros(call)):
                return not torch.equal(called(network, inputs), usual)
        except OutputError:
            # it does not go on from nothing
            return True
