"""Where models come from: one registry, one module a source.

`MODELS` maps the names of the classifiers shown first to their `ModelSpec`, those that need no download first, and
`SPEAKERS` those of the networks that describe photographs or answer questions. `find_model`
also knows every classifier of torchvision and timm, which are only imported to look for a name that is not there.
`load` turns a spec into a `LoadedModel`. A new model is one entry; a new source is one module with `names`,
`spec`, `at_hand` and `architecture`. `own` makes the spec of somebody's own network, which an Explainer keeps to
itself; `checkpoint` reads a file of weights.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import ModelError, did_you_mean, shown
from . import embedded, embedded_words, hub_source, own, timm_source, torchvision_source, transformers_source
from .base import Architecture, LoadedModel, ModelSpec, load
from .embedded_words import DEFAULT_ANSWERER, DEFAULT_CAPTIONER
from .fetch import how_far
from .hub import Access

__all__ = [
    "DEFAULT_ANSWERER",
    "DEFAULT_CAPTIONER",
    "DEFAULT_MODEL",
    "MODELS",
    "SPEAKERS",
    "Access",
    "LoadedModel",
    "ModelSpec",
    "at_hand",
    "every",
    "find_architecture",
    "find_model",
    "how_far",
    "load",
    "own",
]

LONGEST_SHOWN = 100
DEFAULT_MODEL = "efficientnet_lite0"
MODELS: dict[str, ModelSpec] = {spec.name: spec for spec in (*embedded.SPECS, *torchvision_source.FEATURED)}
# those that speak: captions and answers
SPEAKERS: dict[str, ModelSpec] = {spec.name: spec for spec in (*embedded_words.SPECS, *transformers_source.SPECS)}
# a name that several have is the first one's; "timm/..." always is timm's
SOURCES = (torchvision_source, timm_source)


def find_model(
    name: str, specs: Mapping[str, ModelSpec], access: Access = Access.NOTHING, only: bool = False
) -> ModelSpec:
    """The model called `name`, of `specs` or, but for `only` these, of any source; raises ModelError with near misses.

    An id of the hub is one where `access` says so; a path is none for anybody.
    """
    if isinstance(name, str):
        if name in specs and specs[name].is_usable:
            return specs[name]
        for source in () if only else SOURCES:
            if found := source.spec(name):
                return found
        if found := hub_source.spec(name, access):
            return found
        if access is Access.NOTHING and hub_source.spec(name, Access.PUBLIC):
            raise ModelError("hub.switched_off", name=shown(name, LONGEST_SHOWN))
    listed = (spec.name for spec in specs.values() if not spec.private)
    known = [*listed, *(name for source in (() if only else SOURCES) for name in source.names())]
    raise ModelError("model.unknown", shown=shown(name, LONGEST_SHOWN), near=did_you_mean(str(name), known))


def find_architecture(name: str) -> Architecture:
    """torchvision's or timm's classifier called `name`, without weights; raises ModelError with near misses."""
    if isinstance(name, str):
        for source in SOURCES:
            if found := source.architecture(name):
                return found
    known = dict.fromkeys(known.split(".")[0] for source in SOURCES for known in source.names())
    raise ModelError("architecture.unknown", shown=shown(name, LONGEST_SHOWN), near=did_you_mean(str(name), known))


def at_hand(specs: Mapping[str, ModelSpec], access: Access = Access.NOTHING) -> dict[str, ModelSpec]:
    """`specs` and whatever else of the sources is on this machine, by name; imports no source that has nothing here."""
    found = (*(spec for source in SOURCES for spec in source.at_hand()), *hub_source.at_hand(access))
    return {**{spec.name: spec for spec in found}, **specs}


def every(specs: Mapping[str, ModelSpec], access: Access = Access.NOTHING) -> dict[str, ModelSpec]:
    """`specs` and behind them all that the sources offer, by name; imports them, which takes seconds the first time.

    Of the hub, which has more than can be listed, those that are here.
    """
    offered = (source.spec(name) for source in SOURCES for name in source.names())
    found = (*(spec for spec in offered if spec), *hub_source.at_hand(access))
    return {**specs, **{spec.name: spec for spec in found}, **specs}
