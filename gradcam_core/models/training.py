"""What the two training commands share: averaged weights, the schedule, progress, and weight files in half precision.

Public names: `Average`, `Progress`, `half_cosine`, `read_weights`, `restore`, `write_weights`.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ..errors import ModelError

__all__ = ["Average", "Progress", "half_cosine", "read_weights", "restore", "write_weights"]

_Network = TypeVar("_Network", bound=nn.Module)


class Average(Generic[_Network]):
    """A running mean of a network's weights, which scores better than the last ones; `network` holds it."""

    def __init__(self, network: _Network, keep: float) -> None:
        self.network = deepcopy(network).eval().requires_grad_(False)
        self.keep = keep
        self._steps = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move a little towards the weights of `network`; more in the beginning, when they are still random."""
        self._steps += 1
        keep = min(self.keep, (1 + self._steps) / (10 + self._steps))
        means: list[Tensor] = list(self.network.parameters())
        values: list[Tensor] = list(network.parameters())
        torch._foreach_lerp_(means, values, 1 - keep)


def half_cosine(step: int, steps: int, warmup: int) -> float:
    """The share of the full learning rate at `step`: a line up during `warmup`, then half a cosine down to zero."""
    return min(1.0, (step + 1) / warmup) * (1 + math.cos(math.pi * min(step / steps, 1.0))) / 2


@dataclass
class Progress:
    """Says on stderr how far a training is, every `each` steps."""

    steps: int
    each: int = 50
    begun: float = field(default_factory=time.monotonic)

    def step(self, step: int, loss: float) -> None:
        """Report `step` (counted from 1) where it is one of those to report."""
        if step % self.each == 0:
            left = (time.monotonic() - self.begun) * (self.steps - step) / step
            self.say(f"step {step}/{self.steps}  loss {loss:.3f}  {left / 60:.0f} min left")

    @property
    def minutes(self) -> float:
        return round((time.monotonic() - self.begun) / 60, 1)

    @staticmethod
    def say(line: str) -> None:
        """One line to stderr."""
        print(line, file=sys.stderr, flush=True)


def write_weights(path: Path, network: nn.Module, header: Mapping[str, Any]) -> None:
    """Write all but the backbone's tensors in float16, and `header` as JSON beside them."""
    tensors = {
        name: tensor.detach().to(torch.float16).contiguous()
        for name, tensor in network.state_dict().items()
        if not name.startswith("backbone.")
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    save_file(tensors, beside, {"header": json.dumps(dict(header))})
    beside.replace(path)


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of a weight file in float32, and its header; raises ModelError where it is missing or damaged."""
    try:
        with safe_open(path, "pt") as file:
            header = json.loads(file.metadata()["header"])
            return {name: file.get_tensor(name).float() for name in file.keys()}, header  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelError("weights.damaged", file=path.name) from error


def restore(network: _Network, tensors: Mapping[str, Tensor], path: Path) -> _Network:
    """Put a weight file's tensors into a network that has its backbone already: frozen, in eval mode.

    Raises ModelError where the file, `path`, holds other tensors than the network has.
    """
    own = {name: tensor for name, tensor in network.state_dict().items() if not name.startswith("backbone.")}
    if {name: tensor.shape for name, tensor in own.items()} != {name: tensor.shape for name, tensor in tensors.items()}:
        raise ModelError("weights.damaged", file=path.name)
    network.load_state_dict(tensors, strict=False)
    return network.eval().requires_grad_(False)
