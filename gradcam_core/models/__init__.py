"""Where models come from: one registry, one module a source.

`MODELS` maps each name to its `ModelSpec`, models that need no download first. `load` turns a spec into a
`LoadedModel`. A new model is one entry; a new source is one module that fills the registry.
"""

from __future__ import annotations

from . import embedded, torchvision_source
from .base import LoadedModel, ModelSpec, find_spec, load

__all__ = ["DEFAULT_MODEL", "MODELS", "LoadedModel", "ModelSpec", "find_spec", "load"]

DEFAULT_MODEL = "efficientnet_lite0"
MODELS: dict[str, ModelSpec] = {spec.name: spec for spec in (*embedded.SPECS, *torchvision_source.SPECS)}
