"""Everything that is raised on purpose: one tree under `CamError`.

Each error carries what was found, a key and values; its message, made of them by `languages`, names what was wrong, the
value, and what to do next, in words that may be shown to the person in front of the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from .languages import LONGEST_SHOWN, CamError, Finding, OptionError, shown

__all__ = [
    "LONGEST_SHOWN",
    "CamError",
    "DeviceError",
    "ImageError",
    "LayerError",
    "MethodError",
    "ModelError",
    "OptionError",
    "OutputError",
    "ServingError",
    "StoppedError",
    "TargetError",
    "TextError",
    "UploadError",
    "did_you_mean",
    "first_line",
    "shown",
]

LONGEST_COMPARED = 100
# characters that are repeated of somebody else's error
LONGEST_LINE = 160


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


class UploadError(CamError, ValueError):
    """The file was not handed in here, or is outside the limits."""


class MethodError(CamError, ValueError):
    """The method is unknown, or cannot be used here."""


class DeviceError(CamError, RuntimeError):
    """The device is unknown or not there."""


class OutputError(CamError, RuntimeError):
    """The model returned something that cannot be explained."""


class ServingError(CamError, ValueError):
    """The app cannot be served as asked, or takes no more."""


class StoppedError(CamError, RuntimeError):
    """A long computation was stopped because somebody asked for that."""


def first_line(error: BaseException, otherwise: str = "") -> str:
    """What an error of somebody else's code says first, for a sentence; `otherwise` where it says nothing."""
    try:
        text = str(error)
    except Exception:
        # what it says may fail as well
        text = ""
    return (text.strip().splitlines() or [otherwise])[0][:LONGEST_LINE]


def did_you_mean(value: str, known: Iterable[str]) -> Finding:
    """End of a sentence that lists near misses of `value`, or the first known names where none is near."""
    names = list(known)
    folded = {name.lower(): name for name in names}
    # of a page of text it would take minutes to find that nothing is near
    tried = value.lower() if len(value) <= LONGEST_COMPARED else ""
    close = [folded[name] for name in get_close_matches(tried, folded, n=3, cutoff=0.5)]
    close += [name for name in names if value and value.lower() in name.lower() and name not in close]
    return Finding("near_misses", near=tuple(close[:5]), known=tuple(names[:8]), more=len(names) > 8)
