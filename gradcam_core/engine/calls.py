"""Layers by name: a module, or one call of a module that a forward pass runs several times.

    module_of(network, "relu#2")             # network.relu, of which the second call is meant
    calls = Calls({"relu#2": network.relu})  # one for each forward pass
    calls.of(module)                         # "relu#2" when it is told of the module for the second time

A plain name stands for the last call. Public names: `Call`, `Calls`, `call_of`, `module_name`, `module_of`, `numbered`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from torch import nn

__all__ = ["Call", "Calls", "call_of", "module_name", "module_of", "numbered"]

_NUMBERED = re.compile(r"(.*)#([1-9]\d{0,8})", re.DOTALL)


class Call(NamedTuple):
    """The run of a module in one forward pass that has that `number`, from 1."""

    module: nn.Module
    number: int


def numbered(module: str, number: int) -> str:
    """The name of the layer that is the call of that `number`, from 1, of the module called `module`."""
    return f"{module}#{number}"


def module_name(layer: str) -> str:
    """The dotted name of the module whose output, or one of whose outputs, `layer` is."""
    found = _NUMBERED.fullmatch(layer)
    return found[1] if found else layer


def module_of(network: nn.Module, layer: str) -> nn.Module:
    """The module of a layer; raises AttributeError where `network` has none of that name."""
    return network.get_submodule(module_name(layer))


def call_of(network: nn.Module, layer: str) -> Call:
    """The call that a layer is the output of, of a module that runs once the only one; raises as `module_of`."""
    found = _NUMBERED.fullmatch(layer)
    return Call(module_of(network, layer), int(found[2]) if found else 1)


class Calls:
    """Tells in one forward pass which layer it is whose module has just run; `layers` maps names to modules."""

    def __init__(self, layers: Mapping[str, nn.Module]) -> None:
        self._names: dict[tuple[nn.Module, int], str] = {}
        for name, module in layers.items():
            found = _NUMBERED.fullmatch(name)
            self._names[module, int(found[2]) if found else 0] = name
        self._modules = {module for module, _ in self._names}
        self._runs: Counter[nn.Module] = Counter()

    def of(self, module: nn.Module) -> str | None:
        """The layer that `module`, which has run once more, has just returned; None where it is none of them."""
        if module not in self._modules:
            return None
        self._runs[module] += 1
        return self._names.get((module, self._runs[module])) or self._names.get((module, 0))
