"""Why somebody's own network does not take a picture, and what can help.

Public names: `check_weights`, `failing`, `registered`.
"""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Callable
from itertools import chain
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from ..engine.capture import recording
from ..errors import ModelError, first_line
from ..languages import Finding
from .alone import Returned

__all__ = ["check_weights", "failing", "registered"]

HOOKS = ("_forward_hooks", "_forward_pre_hooks")
CHANNELS = re.compile(r"to have (\d+) channels, but got (\d+)")
# how torch and others say that the size of the input does not fit
OF_SIZE = re.compile(
    r"size|shape|dimension|channels|too small|kernel|multipl|stride|pixels|height|width|resolution|must be \d",
    re.IGNORECASE,
)


def check_weights(module: nn.Module) -> None:
    """Raises ModelError for modules that have no weights to run with, or whose layers Python does not see."""
    kind = type(module).__name__
    if isinstance(module, torch.jit.ScriptModule):
        raise ModelError("module.scripted", kind=kind)
    for name, tensor in chain(module.named_parameters(), module.named_buffers()):
        if is_lazy(tensor):
            raise ModelError("module.lazy", kind=kind, name=name)
        if tensor.is_meta:
            raise ModelError("module.meta", kind=kind, name=name)
        if tensor.is_inference():
            raise ModelError("module.made_in_inference_mode", kind=kind, name=name)


def registered(module: nn.Module, network: nn.Module, run: Callable[[], Returned]) -> Returned:
    """What a `run` of `network`, the twin of `module`, returns; raises ModelError where it runs layers of others.

    What stands in a plain list, or outside of the module, is no part of it for PyTorch: eval() and to() do not reach
    it, its weights are in no checkpoint, and the twin would go on with a copy of them.
    """
    with recording(_Strangers(module, network)) as before:
        returned = run()
    if before.ran:
        # what is made anew in each pass, as some do with norms, belongs to nobody else
        with recording(_Strangers(module, network)) as again:
            run()
        strange = next((one for one in before.ran if one in again.ran), None)
        if strange is not None:
            raise ModelError("module.not_registered", kind=type(module).__name__, layer=type(strange).__name__)
    return returned


class _Strangers:
    """A recorder of modules with weights that run and are registered neither with a module nor with its twin."""

    def __init__(self, module: nn.Module, network: nn.Module) -> None:
        self._known = frozenset(chain(module.modules(), network.modules()))
        self.ran: dict[nn.Module, None] = {}

    def see(self, module: nn.Module, _output: Any) -> None:
        if module not in self._known and any(True for _ in chain(module.parameters(), module.buffers())):
            self.ran[module] = None


def failing(module: nn.Module, error: BaseException, shape: tuple[int, ...], name: str) -> ModelError:
    """What to raise where `module` has raised `error` on an input of `shape`; `name` is what it is called."""
    try:
        text = str(error)
    except Exception:
        text = ""
    values = {
        "input_shape": shape,
        "error_type": type(error).__name__,
        "first_line": first_line(error, type(error).__name__),
    }
    found = CHANNELS.search(text)
    if _in_hook(module, error):
        advice = Finding("module.hook_fails")
    elif more := _further_inputs(module):
        advice = Finding("module.further_inputs", inputs=more)
    elif isinstance(error, TypeError) and "positional argument" in text:
        advice = Finding("module.by_name")
    elif any(isinstance(part, nn.Conv3d) for part in module.modules()):
        advice = Finding("module.volumes")
    elif found:
        advice = Finding("module.other_channels", channels=int(found[1]))
    elif isinstance(error, (RuntimeError, ValueError, AssertionError)) and OF_SIZE.search(text):
        advice = Finding("module.other_size", name=name)
    else:
        advice = Finding("module.try_it")
    return ModelError("module.fails", **values, advice=advice)


def _further_inputs(module: nn.Module) -> tuple[str, ...]:
    """What its forward needs beside the image."""
    try:
        parameters = list(inspect.signature(module.forward).parameters.values())
    except (TypeError, ValueError):
        return ()
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    first = next((one for one in parameters if one.kind in by_place), None)
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = (one for one in parameters if one is not first and one.kind not in variadic)
    return tuple(one.name for one in needed if one.default is inspect.Parameter.empty)


def _in_hook(module: nn.Module, error: BaseException) -> bool:
    hooks = (hook for part in module.modules() for kind in HOOKS for hook in getattr(part, kind, {}).values())
    codes = {getattr(hook, "__code__", None) for hook in hooks}
    return any(frame.f_code in codes for frame, _ in traceback.walk_tb(error.__traceback__))
