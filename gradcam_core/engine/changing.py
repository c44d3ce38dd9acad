"""Which calls of modules return something else for another input. Public name: `changing`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from .calls import Call
from .capture import recording, tensor_in
from .inputs import Inputs, called, first_of, with_first
from .layout import Grid, Layout

__all__ = ["changing"]


def changing(network: nn.Module, inputs: Inputs, layouts: Mapping[Call, Layout]) -> set[Call]:
    """Those calls that depend on the input; what a network adds by itself, such as codes of places, shows nothing."""
    mirrored = with_first(inputs, first_of(inputs).flip(-1))
    before, after = (_maps(network, given, layouts) for given in (inputs, mirrored))
    return {
        call
        for call in layouts
        if call not in before or call not in after or not torch.equal(before[call], after[call])
    }


class _MapKeeper:
    """A recorder that keeps what some calls of modules return, as maps."""

    def __init__(self, layouts: Mapping[Call, Layout], size: Grid) -> None:
        self._layouts = layouts
        self._size = size
        self._runs: Counter[nn.Module] = Counter()
        self.maps: dict[Call, Tensor] = {}

    def see(self, module: nn.Module, output: Any) -> None:
        self._runs[module] += 1
        call = Call(module, self._runs[module])
        layout = self._layouts.get(call)
        values = None if layout is None else tensor_in(output)
        if layout is not None and values is not None and layout.fitted(tuple(values.shape), self._size) == layout:
            self.maps[call] = layout.to_map(values)[0].float()


def _maps(network: nn.Module, inputs: Inputs, layouts: Mapping[Call, Layout]) -> dict[Call, Tensor]:
    image = first_of(inputs)
    with torch.no_grad(), recording(_MapKeeper(layouts, (image.shape[-2], image.shape[-1]))) as keeper:
        called(network, inputs)
    return keeper.maps
