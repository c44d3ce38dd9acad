"""Which runner serves: one for each engine that can be asked for, or a borrowed GPU.

    runner_for("auto", engine="auto")

Public names: `ENGINES`, `runner_for`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ..errors import OptionError
from ..request import AUTO
from .borrowed_gpu import BorrowedRunner
from .devices import resolve_device
from .runner import TORCH, LocalRunner, Runnable, Runner
from .store import Store, cache_folder
from .traced import TracedRunner

__all__ = ["ENGINES", "runner_for"]

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _traced(device: torch.device) -> Runner:
    plain = LocalRunner(device)
    return TracedRunner(plain, Store(cache_folder())) if device.type == "cpu" else plain


ENGINES: dict[str, Callable[[torch.device], Runner]] = {AUTO: _traced, TORCH: LocalRunner}


def runner_for(
    device: str | torch.device,
    engine: str,
    borrow: Decorator | None = None,
    find: Callable[[str, bool], Runnable] | None = None,
) -> Runner:
    """The runner on `device` with `engine`, a key of ENGINES; on a borrowed GPU where `borrow` lends one.

    There another process finds a model by `find(name, detail)`. Raises OptionError, DeviceError.
    """
    if not isinstance(engine, str) or engine not in ENGINES:
        raise OptionError("explainer.engine_unknown", engine=engine, known=tuple(ENGINES))
    if borrow is not None and find is not None:
        borrowed = BorrowedRunner(borrow, find)
        if borrowed.borrows:
            return borrowed
    return ENGINES[engine](resolve_device(device))
