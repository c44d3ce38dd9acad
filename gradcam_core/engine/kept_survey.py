"""Surveys on disk, so that a network whose code comes in a package is proved once, not at every start.

    found = kept_survey(network, shape, image=image, store=Store(cache_folder()))

What a survey finds out follows from a network's code, its settings, its weights and what it is tried on, and all of
these are part of the name under which it is kept. A network of which some of it cannot be told is surveyed each time.
Public name: `kept_survey`.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ..errors import ModelError
from ..types import Box
from .inputs import Inputs
from .layout import Layer, Layout
from .store import Store, bytes_of, digest
from .survey import NOTHING_BESIDE, Survey, survey
from .tracing import KEPT_BY_TORCH, check_hooks

__all__ = ["kept_survey"]

FILE = "survey.json"
ROOT = Path(__file__).parents[1]
# settings that are written down as they are; of what is neither one nor made of these the kind alone is known
PLAIN = (bool, int, float, str, type(None))


def kept_survey(
    network: nn.Module,
    shape: tuple[int, int, int, int],
    *,
    image: Tensor,
    beside: Inputs = NOTHING_BESIDE,
    only: Collection[str] | None = None,
    store: Store,
) -> Survey:
    """The same as `survey`, read from `store` where it was found out before; raises as `survey` does."""
    key = _key(network, {"image": image, **beside}, only)
    if key is None:
        return survey(network, shape, beside, image, only)
    folder = store.find(key)
    if folder is not None:
        try:
            return _read(json.loads((folder / FILE).read_text("utf-8")))
        except (OSError, ValueError, TypeError, LookupError):
            # somebody else deleted it, or wrote it
            store.drop(key)
    found = survey(network, shape, beside, image, only)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as made:
        (Path(made) / FILE).write_text(json.dumps(_written(found)), "utf-8")
        store.keep(key, Path(made))
    return found


def _key(network: nn.Module, inputs: Inputs, only: Collection[str] | None) -> str | None:
    """What tells this survey from all others; None where that cannot be told."""
    if any("forward" in vars(part) for part in network.modules()):
        # somebody put it there
        return None
    try:
        check_hooks(network)
        about = [sorted(only) if only is not None else None, _settings(network), _code(network)]
        tried = [hashlib.blake2b(bytes_of(values)).hexdigest() for values in inputs.values()]
        return digest(network, inputs, "survey", [str(values.device) for values in inputs.values()], tried, about)
    except (ModelError, OSError, TypeError, RuntimeError):
        return None


def _settings(network: nn.Module) -> list[tuple[str, str, object]]:
    """The plain values among the attributes of all modules."""
    found: list[tuple[str, str, object]] = []
    for name, part in network.named_modules():
        found += [(name, key, _setting(value)) for key, value in sorted(vars(part).items()) if key not in KEPT_BY_TORCH]
    return found


def _setting(value: object) -> object:
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, (list, tuple)):
        return [_setting(one) for one in value]
    if isinstance(value, Mapping):
        return [(repr(key), _setting(one)) for key, one in value.items()]
    if isinstance(value, Tensor):
        return hashlib.blake2b(bytes_of(value)).hexdigest()
    named = value if callable(value) and hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}.{named.__qualname__}"


def _code(network: nn.Module) -> list[str]:
    """What tells the code of all modules from any other; raises OSError, TypeError where it cannot be read."""
    kinds = {kind for part in network.modules() for kind in type(part).__mro__} - {nn.Module, object}
    files = {file for kind in kinds for file in _files(kind)}
    packages = {kind.__module__.partition(".")[0] for kind in kinds}
    return [_own_code(), _content(tuple(sorted(files))), *sorted(map(_version, packages))]


def _files(kind: type) -> Iterator[str]:
    """Where a class and each of its functions is written: somebody may have put in one of theirs."""
    yield inspect.getfile(kind)
    for function in vars(kind).values():
        inner = inspect.unwrap(function) if callable(function) else function
        if inspect.isfunction(inner):
            yield inner.__code__.co_filename


@lru_cache(maxsize=1)
def _own_code() -> str:
    """What tells this project's code from any other."""
    return _content(tuple(sorted(map(str, ROOT.rglob("*.py")))))


@lru_cache(maxsize=256)
def _content(files: tuple[str, ...]) -> str:
    """What tells the content of these files from any other; raises OSError."""
    found = hashlib.blake2b(digest_size=20)
    for file in files:
        content = Path(file).read_bytes()
        found.update(f"{file} {len(content)} ".encode() + content)
    return found.hexdigest()


@lru_cache(maxsize=256)
def _version(package: str) -> str:
    with suppress(PackageNotFoundError):
        return f"{package} {version(package)}"
    return package


def _written(found: Survey) -> dict[str, Any]:
    return {
        "every": [asdict(layer) for layer in found.every.values()],
        "stages": [layer.name for layer in found.stages],
        "in_place_safe": sorted(found.in_place_safe),
        "differentiable": found.differentiable,
        "unplaced": sorted(found.unplaced),
        "deciding": found.deciding,
    }


def _read(written: dict[str, Any]) -> Survey:
    every = {one["name"]: _layer(**one) for one in written["every"]}
    return Survey(
        every,
        tuple(every[name] for name in written["stages"]),
        frozenset(written["in_place_safe"]),
        written["differentiable"],
        frozenset(written["unplaced"]),
        written["deciding"],
    )


def _layer(name: str, shape: list[int], layout: dict[str, Any]) -> Layer:
    channels, height, width = shape
    grid = layout.pop("grid")
    special, part = tuple(layout.pop("special")), Box(*layout.pop("part"))
    return Layer(
        name, (channels, height, width), Layout(**layout, grid=grid and tuple(grid), special=special, part=part)
    )
