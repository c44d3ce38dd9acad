"""The sanity check: does the map change when the network forgets what it learned? Public names:
`Forgotten`, `Sanity`.

Adebayo et al. 2018, "Sanity Checks for Saliency Maps", arXiv:1810.03292: cascading randomisation.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..engine.calls import Calls, module_of
from ..engine.capture import recording
from ..engine.inputs import Inputs, called
from ..languages import Finding, Said

__all__ = ["UNCHANGED", "Forgotten", "Sanity", "forgetting"]

# a rank correlation above this is no change to speak of: tests.benchmarks.faithfulness found at most 0.34 for Grad-CAM
# and 0.55 for LayerCAM, at least 0.43 for Eigen-CAM, which looks at no class, and 0.82 for guided backpropagation
UNCHANGED = 0.5


@dataclass(frozen=True)
class Forgotten:
    """How alike the map is to the true one once all weights behind `layer` are random; None: all weights."""

    layer: str | None
    correlation: float


@dataclass(frozen=True, repr=False)
class Sanity(Said):
    """The stages of forgetting, from the top of the network to its bottom."""

    stages: tuple[Forgotten, ...]
    nbytes: int = 1024

    @property
    def halfway(self) -> Forgotten:
        """The stage at which the upper half of the network's stages is random."""
        return self.stages[max(len(self.stages) // 2 - 1, 0)]

    @property
    def passed(self) -> bool:
        """Whether the map is another one once the upper half is random: what a class is, is known there."""
        return abs(self.halfway.correlation) < UNCHANGED

    @property
    def finding(self) -> Finding:
        """How alike the maps are at `halfway`, and what follows from that."""
        return Finding("sanity.passed" if self.passed else "sanity.failed", correlation=self.halfway.correlation)


class _Order:
    """A recorder that notes the modules in the order in which they finish."""

    def __init__(self) -> None:
        self.of: list[nn.Module] = []

    def see(self, module: nn.Module, _: Any) -> None:
        self.of.append(module)


def forgetting(network: nn.Module, inputs: Inputs, layers: list[str]) -> Iterator[tuple[str | None, nn.Module]]:
    """A copy of `network` that forgets, behind the last of `layers` first, then behind the one before, then all.

    Each tensor of weights is drawn again from a normal distribution with its own mean and spread, so that the
    signal keeps its strength. The network itself is not touched.
    """
    twin = copy.deepcopy(network)
    with torch.no_grad(), recording(_Order()) as order:
        called(twin, inputs)
    dice = torch.Generator().manual_seed(0)
    finished = {module: place for place, module in enumerate(order.of)}
    leaves = [module for module in finished if any(True for _ in module.parameters(recurse=False))]
    waiting = sorted(leaves, key=lambda module: finished[module])
    calls = Calls({layer: module_of(twin, layer) for layer in layers})
    # of several calls of one name the last
    ends = {calls.of(module): place for place, module in enumerate(order.of)}
    for layer in [*reversed(layers), None]:
        edge = -1 if layer is None else ends[layer]
        while waiting and finished[waiting[-1]] > edge:
            _forget(waiting.pop(), dice)
        yield layer, twin


def _forget(module: nn.Module, dice: torch.Generator) -> None:
    for parameter in module.parameters(recurse=False):
        values = parameter.detach().float().cpu()
        spread = values.std(correction=0)
        drawn = torch.randn(values.shape, generator=dice) * spread + values.mean()
        # not through `.data`, which would not tell what is kept of the weights that they are others now
        with torch.no_grad():
            parameter.copy_(drawn)
