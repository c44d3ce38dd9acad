"""Everything that is raised on purpose: one tree under `CamError`.

Each message names what was wrong, the value, and what to do next, in words that may be shown to the
person in front of the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "CamError",
    "DeviceError",
    "ImageError",
    "LayerError",
    "MethodError",
    "ModelError",
    "OutputError",
    "StoppedError",
    "TargetError",
    "TextError",
    "did_you_mean",
]


class CamError(Exception):
    """Base of everything that this package raises on purpose."""


class ImageError(CamError, ValueError):
    """The image cannot be read, or is outside the limits."""


class ModelError(CamError, ValueError):
    """The model is unknown, or its weights cannot be had."""


class LayerError(CamError, ValueError):
    """The layer is unknown, or has no map to show."""


class TargetError(CamError, ValueError):
    """The target class does not exist in the model."""


class TextError(CamError, ValueError):
    """The text cannot be read, or holds nothing to explain."""


class MethodError(CamError, ValueError):
    """The method is unknown, or cannot be used here."""


class DeviceError(CamError, RuntimeError):
    """The device is unknown or not there."""


class OutputError(CamError, RuntimeError):
    """The model returned something that cannot be explained."""


class StoppedError(CamError, RuntimeError):
    """A long computation was stopped because somebody asked for that."""


def did_you_mean(value: str, known: Iterable[str]) -> str:
    """End of a sentence that lists near misses of `value`, or the first known names where none is near."""
    names = list(known)
    folded = {name.lower(): name for name in names}
    close = [folded[name] for name in get_close_matches(value.lower(), folded, n=3, cutoff=0.5)]
    close += [name for name in names if value and value.lower() in name.lower() and name not in close]
    if close:
        return "Did you mean " + ", ".join(repr(name) for name in close[:5]) + "?"
    more = ", ..." if len(names) > 8 else ""
    return "Known: " + ", ".join(repr(name) for name in names[:8]) + more + "."
