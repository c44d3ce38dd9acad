"""What one pass through a network takes, told before it is run.

Public names: `Bound`, `Forecast`, `forecast`, `twice_within`, `without_values`.

The pass is gone through with tensors that have a shape and no values: it takes no memory, and a moment, whatever the
size of the input.
"""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

__all__ = ["Bound", "Forecast", "forecast", "twice_within", "without_values"]


@dataclass(frozen=True)
class Forecast:
    """Bytes of all that is computed on the way, as a gradient needs it, and floating point operations."""

    nbytes: int
    operations: int


@dataclass(frozen=True)
class Bound:
    """The most that one pass may take."""

    nbytes: int
    operations: int

    def share(self, cost: Forecast) -> float:
        """How much of it `cost` takes; above 1 it is too much."""
        return max(cost.nbytes / self.nbytes, cost.operations / self.operations)

    def largest(self, size: int, cost: Forecast) -> int:
        """About how many pixels a side are the most, where `size` of them take `cost`."""
        # where places are compared with each other it grows faster: then even this is too much
        return max(int(size / math.sqrt(self.share(cost))) // 16 * 16, 16)


class _Weighed(TorchDispatchMode):
    """Adds up the bytes of all that is made anew."""

    def __init__(self) -> None:
        super().__init__()
        self.nbytes = 0

    def __torch_dispatch__(self, function: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        given = {_memory(one) for one in _tensors((args, kwargs))}
        self.nbytes += sum(one.nbytes for one in _tensors(result) if _memory(one) not in given)
        return result


def _memory(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _tensors(values: Any) -> list[Tensor]:
    return [one for one in tree_leaves(values) if isinstance(one, Tensor)]


def without_values(network: nn.Module) -> nn.Module:
    """A copy whose tensors have a shape and no values, so that it takes no memory."""
    held = chain(network.parameters(), network.buffers())
    # a copy takes what it finds there for what it has copied already
    return deepcopy(network, {id(tensor): tensor.detach().to("meta") for tensor in held})


def forecast(network: nn.Module, input_shape: tuple[int, ...]) -> Forecast | None:
    """What `network`, whose tensors have no values, takes for one input; None where only running it tells."""
    weighed, counted = _Weighed(), FlopCounterMode(display=False)
    try:
        with torch.no_grad(), weighed, counted:
            network(torch.empty(input_shape, device="meta"))
    except Exception:
        # it looks at values, of which there are none, or takes no input of that size
        return None
    return Forecast(weighed.nbytes, int(counted.get_total_flops()))


def twice_within(network: nn.Module, size: int, bound: Bound) -> int:
    """`size` in pixels a side, or twice that where a pass of `network`, without values, fits within `bound` too."""
    twice = forecast(network, (1, 3, 2 * size, 2 * size))
    return size if twice is None or bound.share(twice) > 1 else 2 * size
