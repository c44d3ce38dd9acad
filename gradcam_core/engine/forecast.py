"""What one pass through a network takes, told before it is run. Public names: `Bound`, `Forecast`, `forecast`.

The pass is gone through with tensors that have a shape and no values: it takes no memory, and a moment, whatever the
size of the input.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

__all__ = ["Bound", "Forecast", "forecast"]


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
