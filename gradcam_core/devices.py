"""Choosing where to compute. Public name: `resolve_device`."""

from __future__ import annotations

from collections.abc import Callable

import torch

from .errors import DeviceError

__all__ = ["DEVICES", "resolve_device"]

DEVICES = ("auto", "cuda", "mps", "cpu")


def resolve_device(name: str | torch.device) -> torch.device:
    """The device called `name`; "auto" is CUDA, else MPS, else the CPU. Raises DeviceError."""
    there: dict[str, Callable[[], bool]] = {
        "cuda": torch.cuda.is_available,
        "mps": torch.backends.mps.is_available,
        "cpu": lambda: True,
    }
    if name == "auto":
        name = next(kind for kind, is_there in there.items() if is_there())
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError) as error:
        raise DeviceError(f"`device` {name!r} is unknown; choose one of {', '.join(DEVICES)}.") from error
    if device.type not in there:
        raise DeviceError(f"`device` {str(name)!r} is not supported; choose one of {', '.join(DEVICES)}.")
    if not there[device.type]():
        raise DeviceError(f"`device` {str(name)!r} is not available on this machine; use 'auto' or 'cpu'.")
    if device.type == "cuda" and device.index is not None and device.index >= torch.cuda.device_count():
        raise DeviceError(f"`device` {str(name)!r} does not exist: there are {torch.cuda.device_count()} CUDA devices.")
    return device
