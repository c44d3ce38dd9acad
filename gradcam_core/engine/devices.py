"""Where to compute, in what precision, and what to do when there is no room.

Public names: `full_precision`, `is_mixed`, `is_out_of_memory`, `mixed`, `model_bytes`, `resolve_device`,
`share_cores`, `with_room`.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import torch
from torch import nn

from ..errors import DeviceError
from .cores import allowed_cores

__all__ = [
    "DEVICES",
    "full_precision",
    "is_mixed",
    "is_out_of_memory",
    "mixed",
    "model_bytes",
    "resolve_device",
    "share_cores",
    "with_room",
]

DEVICES = ("auto", "cuda", "mps", "cpu")
# how much memory models may fill: bytes on the host, a share of it on a GPU, whose rest is for what they compute
HOST_MODEL_BYTES = 4_000_000_000
CARD_SHARE = 0.5

Result = TypeVar("Result")
_full: ContextVar[bool] = ContextVar("gradcam_full_precision", default=False)


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
        raise DeviceError("device.unknown", name=name, known=tuple(DEVICES)) from error
    if device.type not in there:
        raise DeviceError("device.not_supported", name=str(name), known=tuple(DEVICES))
    if not there[device.type]():
        raise DeviceError("device.not_here", name=str(name))
    if device.type == "cuda" and device.index is not None and device.index >= torch.cuda.device_count():
        raise DeviceError("device.no_such_number", name=str(name), device_count=torch.cuda.device_count())
    return device


def model_bytes(device: torch.device) -> int:
    """How many bytes of models may stay on `device`; the least recently used go."""
    if device.type == "cuda":
        _, total = torch.cuda.mem_get_info(device)
        return int(total * CARD_SHARE)
    return HOST_MODEL_BYTES


def share_cores(at_once: int) -> None:
    """Give each of `at_once` computations its part of this process's cores; to be called before the first of them.

    Threads of one wait for each other at every layer, so that those of several stand in each other's way
    (tests/benchmarks/README.md).
    """
    torch.set_num_threads(max(1, min(torch.get_num_threads(), allowed_cores()) // at_once))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device, or this machine, had no room; only CUDA has an error of its own for that."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and ("allocate memory" in str(error) or "out of memory" in str(error))


def with_room(make: Callable[[], Result], free: Callable[[], object]) -> Result:
    """`make()`; where it runs out of memory, `free()` is called and it is tried once more.

    Raises DeviceError where the second time fails for the same reason.
    """
    try:
        return make()
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    # outside the except block, where the failed attempt no longer holds its tensors
    free()
    _empty_caches()
    try:
        return make()
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise DeviceError("memory.none_left") from error


def _empty_caches() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def mixed(network: nn.Module, device: torch.device, dtype: torch.dtype | None = None) -> nn.Module:
    """`network` itself, computing in half precision where that is fast: on CUDA, bfloat16 where the card knows it.

    Its weights stay in float32, and so do maps, which are made of its outputs. Everybody who runs it gets the same:
    the forward pass, methods that run it again, checks. On other devices it is left as it is, unless `dtype` is given.
    """
    if dtype is None:
        if device.type != "cuda":
            return network
        dtype = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    kind = type(network)

    class Mixed(kind):  # type: ignore[valid-type, misc]
        computes_mixed = True

        def forward(self, *args: Any, **options: Any) -> Any:
            with torch.autocast(device.type, dtype, enabled=not _full.get()):
                return super().forward(*args, **options)

    Mixed.__name__ = Mixed.__qualname__ = kind.__name__
    network.__class__ = Mixed
    return network


def is_mixed(network: nn.Module) -> bool:
    """Whether `network` computes in half precision where that is fast."""
    return getattr(network, "computes_mixed", False)


@contextmanager
def full_precision() -> Iterator[None]:
    """Networks that are `mixed` compute in float32 in this context."""
    token = _full.set(True)
    try:
        yield
    finally:
        _full.reset(token)
