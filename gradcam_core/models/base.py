"""What a model is before and after loading. Public names: `LoadedModel`, `ModelSpec`, `find_spec`, `load`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import nn

from ..errors import LayerError, ModelError, did_you_mean
from ..layers import default_layer, find_layers
from ..lean import spare
from ..preprocess import Preprocessing
from ..targets import class_index
from ..types import Layer, ModelInfo

__all__ = ["LoadedModel", "ModelSpec", "find_spec", "load"]


@dataclass(frozen=True)
class ModelSpec:
    """A model that can be loaded: nothing here has been read or downloaded yet.

    `build` returns the network with its weights, or raises ModelError; `preprocessing` and `labels` are
    functions because asking for them imports the source. `default_layer` holds what tests/benchmarks
    measured; None means the deepest layer with at least 7 x 7 positions.
    """

    name: str
    title: str
    source: str
    build: Callable[[], nn.Module]
    preprocessing: Callable[[], Preprocessing]
    labels: Callable[[], tuple[str, ...]]
    is_offline: Callable[[], bool]
    default_layer: str | None = None
    download_mb: float = 0.0

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(self.name, self.title, self.source, self.is_offline(), self.download_mb)


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A network that is ready: frozen, in eval mode, on its device, its layers found."""

    name: str
    title: str
    network: nn.Module
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    layers: tuple[Layer, ...]
    default: Layer

    @cached_property
    def nbytes(self) -> int:
        return sum(tensor.nbytes for tensor in (*self.network.parameters(), *self.network.buffers()))

    @cached_property
    def offered(self) -> Mapping[str, nn.Module]:
        """The modules of the offered layers by dotted name."""
        return {layer.name: self.network.get_submodule(layer.name) for layer in self.layers}

    def layer_modules(self, layer: str) -> Mapping[str, nn.Module]:
        """The modules to capture so that a map at `layer` can be made; raises LayerError.

        An offered layer shares one capture with all the others; any other module gets its own.
        """
        modules = dict(self.network.named_modules())
        if isinstance(layer, str) and layer in self.offered:
            return self.offered
        if not isinstance(layer, str) or not layer or layer not in modules:
            raise LayerError(
                f"`layer` {layer!r} is not a module of {self.title}."
                f" {did_you_mean(str(layer), [*self.offered, *(name for name in modules if name)])}"
            )
        return {layer: modules[layer]}

    def class_index(self, target: int | str, name: str = "target") -> int:
        """A class index from an index, its digits, or a label; raises TargetError about the argument `name`."""
        return class_index(target, self.labels, self.title, name)


def find_spec(name: str, specs: Mapping[str, ModelSpec]) -> ModelSpec:
    """The spec called `name`; raises ModelError with near misses."""
    if not isinstance(name, str) or name not in specs:
        raise ModelError(f"`model` {name!r} is unknown. {did_you_mean(str(name), specs)}")
    return specs[name]


def load(spec: ModelSpec, device: torch.device) -> LoadedModel:
    """Build the network, freeze it, move it to `device` and find its layers; raises ModelError."""
    network = spare(spec.build().eval().requires_grad_(False)).to(device)
    preprocessing = spec.preprocessing()
    layers = find_layers(network, preprocessing.input_shape)
    by_name = {layer.name: layer for layer in layers}
    default = by_name[spec.default_layer] if spec.default_layer else default_layer(layers)
    return LoadedModel(spec.name, spec.title, network, spec.labels(), preprocessing, layers, default)
