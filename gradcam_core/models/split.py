"""Networks that take words, split in two: what looks at the photograph is run alone. Public name: `in_parts`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import torch

from ..engine.layout import Layer
from ..engine.parts import Looks, Parts, Says, own_name
from ..engine.weights import Weights
from ..reading.trials import trial_picture
from .sizes import placed

# a `LoadedModel`
Model = TypeVar("Model")

__all__ = ["in_parts"]


def in_parts(loaded: Model, place: str) -> Model:
    """The model, whose module `place` is run alone."""
    model: Any = loaded
    part = model.network.get_submodule(place)
    with torch.no_grad():
        shape = part(placed(trial_picture(model.preprocessing), part)).shape

    def own(layer: Layer) -> Layer:
        return replace(layer, name=own_name(place, layer.name) or layer.name)

    names = {name: inside for name in model.layouts if (inside := own_name(place, name))}
    looks = replace(
        model,
        network=Looks(part),
        layers=tuple(map(own, model.layers)),
        default=own(model.default),
        layouts={inside: model.layouts[name] for name, inside in names.items()},
        in_place_safe=frozenset(names[name] for name in model.in_place_safe if name in names),
        speech=None,
        beside={},
        gates={},
        weights=Weights(),
    )
    split: Model = replace(model, parts=Parts(looks, Says(model.network, shape[1:]), place))
    return split
