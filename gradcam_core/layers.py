"""Which layers of a network have a map, found by running it once, not by name lists.

Public name: `find_layers`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from .capture import recording
from .types import Layer

__all__ = ["default_layer", "find_layers"]

# pass their input on or thin it out: the layer in front says the same, at a finer resolution or as fine
PASSING = (
    nn.Identity, nn.Dropout, nn.Dropout2d, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d,
)  # fmt: skip
SMALLEST_DEFAULT = 7


class _Shapes:
    """A recorder that notes the shape of every module's spatial output, in the order they run."""

    def __init__(self) -> None:
        self.of: dict[nn.Module, tuple[int, int, int]] = {}

    def see(self, module: nn.Module, output: Any) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and output.shape[-1] * output.shape[-2] > 1:
            self.of.pop(module, None)
            channels, height, width = output.shape[1:]
            self.of[module] = (channels, height, width)


def find_layers(network: nn.Module, input_shape: tuple[int, int, int, int]) -> tuple[Layer, ...]:
    """The stages of `network` that have a map, in order from input to output.

    A stage is the last of a run of modules with the same output shape; a run of plain convolutions,
    norms and activations at one resolution counts as one stage. Runs the network once.
    """
    first = next(network.parameters())
    with torch.no_grad(), recording(_Shapes()) as shapes:
        network(torch.zeros(input_shape, dtype=first.dtype, device=first.device))
    order = {module: place for place, module in enumerate(shapes.of)}
    units = sorted(_units("", network, shapes.of), key=lambda unit: order[unit[1]])
    stages: list[tuple[str, nn.Module]] = []
    for name, module in units:
        shape, plain = shapes.of[module], _is_plain(module)
        if stages:
            before = stages[-1][1]
            same_run = plain and _is_plain(before) and shapes.of[before][1:] == shape[1:]
            if same_run or shapes.of[before] == shape:
                stages.pop()
        stages.append((name, module))
    return tuple(Layer(name, shapes.of[module]) for name, module in stages)


def default_layer(layers: tuple[Layer, ...]) -> Layer:
    """The deepest layer with at least 7 x 7 positions, else the deepest."""
    fine = [layer for layer in layers if min(layer.shape[1:]) >= SMALLEST_DEFAULT]
    return (fine or list(layers))[-1]


def _units(
    prefix: str, parent: nn.Module, shapes: dict[nn.Module, tuple[int, int, int]]
) -> Iterator[tuple[str, nn.Module]]:
    for name, child in parent.named_children():
        path = f"{prefix}{name}"
        if child not in shapes:
            yield from _units(f"{path}.", child, shapes)
        elif len({shapes[part][1:] for part in child.children() if part in shapes}) > 2:
            # holds several stages itself
            yield from _units(f"{path}.", child, shapes)
        elif not isinstance(child, PASSING):
            yield path, child


def _is_plain(module: nn.Module) -> bool:
    return not any(isinstance(part, (nn.Conv2d, nn.Linear)) for part in module.modules() if part is not module)
