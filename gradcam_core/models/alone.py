"""A copy of somebody's network that leaves the original alone, whatever its forward and others' hooks write.

    detached(copied, memo)               # its hooks and patched calls hold copies of what they write to
    alone(copied, lambda: run(copied))   # what a call writes is gone after it, so that each begins as the first did
    with_other_dice(lambda: run(copied)) # is it the same, or does it draw random numbers?
    writes_weights(copied)               # whether its calls do, as far as they were made

The tensors of the two are shared, but for those that a call writes. Public names: `Returned`, `alone`, `detached`,
`patched_forward`, `with_other_dice`, `writes_weights`.
"""

from __future__ import annotations

import copy
import functools
import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import RLock
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, nn

from ..engine.tracing import HOOKS, KEPT_BY_TORCH

__all__ = ["Returned", "alone", "detached", "patched_forward", "with_other_dice", "writes_weights"]

Returned = TypeVar("Returned")
CONTAINERS = (list, dict, set, deque, bytearray, np.ndarray)
NUMBERS = (int, float, complex, str, bytes)
# all but its mode
TORCHS = KEPT_BY_TORCH - {"training"}
MISSING = object()
PATCHED = "patched_forward"


class _OwnFunction:
    """A function that whoever copies the module that it hangs on copies with all that it holds."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self._function(*args, **options)

    def __deepcopy__(self, memo: dict[int, Any]) -> _OwnFunction:
        return _OwnFunction(_own(self._function, memo))


def detached(copied: nn.Module, memo: dict[int, Any]) -> None:
    """Let the functions that hang on `copied` hold copies of the lists, numbers and modules that they use.

    `memo` has what was copied already, by the address of the original, as `copy.deepcopy` leaves it.
    """
    for part in copied.modules():
        for kind in HOOKS:
            hooks = getattr(part, kind)
            for key, hook in hooks.items():
                hooks[key] = _held_copy(hook, memo)
        for name, value in vars(part).items():
            if name not in TORCHS and isinstance(value, (FunctionType, MethodType, functools.partial)):
                vars(part)[name] = _held_copy(value, memo)
        # what stands in a class is shared by all its modules
        for parent in type(part).__mro__[: type(part).__mro__.index(nn.Module)]:
            for name, value in vars(parent).items():
                if isinstance(value, CONTAINERS) and not name.startswith("__") and name not in vars(part):
                    vars(part)[name] = copy.copy(value)
    # stands in front of the call of its class, and so of what is derived from it
    if "forward" in vars(copied):
        vars(copied)[PATCHED] = vars(copied).pop("forward")


def patched_forward(copied: nn.Module) -> Callable[..., Any] | None:
    """The forward that was put on the module itself, in the place of its class's; None where there is none."""
    return vars(copied).get(PATCHED)


def _held_copy(value: Any, memo: dict[int, Any]) -> Any:
    made = _own(value, memo)
    return _OwnFunction(made) if isinstance(made, (FunctionType, functools.partial)) else made


def _own(value: Any, memo: dict[int, Any]) -> Any:
    """`value` with copies of what it may write to; what cannot be copied stays."""
    if id(value) in memo:
        return memo[id(value)]
    made = value
    if isinstance(value, FunctionType):
        made = _own_function(value, memo)
    elif isinstance(value, MethodType):
        made = MethodType(_own(value.__func__, memo), _own(value.__self__, memo))
    elif isinstance(value, functools.partial):
        words = {name: _own(one, memo) for name, one in value.keywords.items()}
        made = functools.partial(_own(value.func, memo), *(_own(one, memo) for one in value.args), **words)
    elif isinstance(value, CONTAINERS):
        made = copy.copy(value)
    elif hasattr(value, "__dict__") and not isinstance(value, (type, nn.Module, Tensor)) and not callable(value):
        made = _own_object(value)
    memo[id(value)] = made
    # a memo goes by address: the original has to stay
    memo.setdefault(id(memo), []).append(value)
    return made


def _own_object(value: Any) -> Any:
    try:
        made = copy.copy(value)
        for name, one in vars(made).items():
            if isinstance(one, CONTAINERS):
                vars(made)[name] = copy.copy(one)
    except Exception:
        # modules, files, locks
        return value
    return made


def _own_function(function: FunctionType, memo: dict[int, Any]) -> FunctionType:
    cells = tuple(CellType() for _ in function.__closure__ or ())
    known = function.__globals__
    own = {name: copy.copy(known[name]) for name in _names(function.__code__) if _written(known.get(name))}
    if not cells and not own and not function.__defaults__:
        return function
    # a view of the globals would be no dict, which functions want
    around = {**known, **own} if own else known
    defaults = tuple(_own(one, memo) for one in function.__defaults__ or ()) or None
    made = FunctionType(function.__code__, around, function.__name__, defaults, cells or None)
    made.__kwdefaults__, made.__qualname__, made.__module__ = (
        function.__kwdefaults__,
        function.__qualname__,
        function.__module__,
    )
    vars(made).update(vars(function))
    # before what it holds, which may be itself
    memo[id(function)] = made
    for mine, theirs in zip(cells, function.__closure__ or (), strict=True):
        try:
            mine.cell_contents = _own(theirs.cell_contents, memo)
        except ValueError:
            # nothing is in it yet
            continue
    return made


def _names(code: CodeType) -> set[str]:
    inner = (one for one in code.co_consts if isinstance(one, CodeType))
    return set(code.co_names).union(*map(_names, inner))


def _written(value: Any) -> bool:
    return isinstance(value, (*CONTAINERS, *NUMBERS)) and not isinstance(value, (str, bytes))


@dataclass(eq=False)
class _Writes:
    """What calls of a network write: `things` are (holder, name, value before); `draws`: they take random numbers."""

    things: list[tuple[Any, str, Any]] = field(default_factory=list)
    draws: bool = False
    lock: Any = field(default_factory=RLock)


_states: WeakKeyDictionary[nn.Module, _Writes] = WeakKeyDictionary()
_first = RLock()


def alone(network: nn.Module, run: Callable[[], Returned]) -> Returned:
    """`run()`, a call of `network`, which leaves nothing behind: neither there nor in tensors that others share.

    The first call finds out what is written; later ones begin with copies of that, one call at a time.
    """
    if torch.compiler.is_exporting() or torch.compiler.is_compiling():
        # writing is a reason not to be made a graph
        return run()
    state = _states.get(network)
    if state is None:
        with _first:
            if network not in _states:
                _states[network], returned = _tried(network, run)
                return returned
        state = _states[network]
    if not state.things and not state.draws:
        return run()
    with state.lock:
        dice = _dice() if state.draws else None
        _put_back(state)
        try:
            return run()
        finally:
            _put_back(state)
            if dice:
                _set_dice(*dice)


def writes_weights(network: nn.Module) -> bool:
    """Whether a call of `network` was seen to write to its own parameters, so that these are put back after each."""
    state = _states.get(network)
    return state is not None and any(isinstance(value, nn.Parameter) for _, _, value in state.things)


def _tried(network: nn.Module, run: Callable[[], Returned]) -> tuple[_Writes, Returned]:
    """What the first call of `network` writes, and what it returns; what it wrote is as it was before."""
    compiled: dict[nn.Module, _Compiled] = {}
    before = [
        (holder, name, value, _copied(value), _version(value)) for holder, name, value in _held(network, compiled)
    ]
    known = {(id(holder), name) for holder, name, *_ in before}
    dice = _dice()
    try:
        returned = run()
    finally:
        state = _Writes(draws=not _same_dice(dice))
        if state.draws:
            _set_dice(*dice)
        copies: dict[int, Any] = {}
        for holder, name, value, kept, version in before:
            # what was written may happen to be what was there
            if holder.get(name, MISSING) is value and _version(value) == version and _same(value, kept):
                continue
            if isinstance(value, Tensor) and not _same(value, kept):
                # others hold it too
                with torch.no_grad():
                    value.copy_(kept)
            own = copies.setdefault(id(value), kept)
            if isinstance(value, nn.Parameter) and not isinstance(own, nn.Parameter):
                own = copies[id(value)] = nn.Parameter(own, requires_grad=value.requires_grad)
            state.things.append((holder, name, own))
        state.things += [(h, name, MISSING) for h, name, _ in _held(network, compiled) if (id(h), name) not in known]
        _put_back(state)
    return state, returned


class _Compiled:
    """What a part that torch.jit has compiled holds, as a dict; its tensors are copies already, of this part alone."""

    def __init__(self, part: torch.jit.ScriptModule) -> None:
        self._part = part._c
        kinds = getattr(part, "_concrete_type", None)
        names = kinds.get_attributes() if kinds else (*dict(part.named_parameters(recurse=False)), *_buffers(part))
        self._seen = {name: self._part.getattr(name) for name in names if name not in TORCHS}

    def items(self) -> list[tuple[str, Any]]:
        return [(name, self.get(name)) for name in self._seen]

    def get(self, name: str, _otherwise: Any = None) -> Any:
        found, seen = self._part.getattr(name), self._seen[name]
        # numbers are made anew each time that they are asked for
        return seen if isinstance(found, NUMBERS) and found == seen else found

    def __setitem__(self, name: str, value: Any) -> None:
        self._part.setattr(name, value)


def _buffers(part: nn.Module) -> Iterable[str]:
    return dict(part.named_buffers(recurse=False))


def _held(network: nn.Module, compiled: dict[nn.Module, _Compiled]) -> list[tuple[Any, str, Any]]:
    """All that a call may write to: tensors, and what modules keep under names of their own.

    What holds those of parts that torch.jit has compiled is put into `compiled`, to be the same at the next call.
    """
    found: list[tuple[Any, str, Any]] = []
    for part in network.modules():
        if isinstance(part, torch.jit.ScriptModule):
            own = compiled.setdefault(part, _Compiled(part))
            found += [(own, name, value) for name, value in own.items()]
            continue
        for holder in (part._parameters, part._buffers):
            found += [(holder, name, value) for name, value in holder.items() if value is not None]
        found += [(vars(part), name, value) for name, value in vars(part).items() if name not in TORCHS]
    return found


def _version(value: Any) -> int:
    """How often a tensor was written to, as far as torch counts that."""
    return value._version if isinstance(value, Tensor) and not value.is_inference() else 0


def _copied(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone()
    return copy.copy(value) if isinstance(value, CONTAINERS) else value


def _same(value: Any, kept: Any) -> bool:
    if isinstance(value, Tensor):
        return bool(torch.equal(value, kept)) or bool(((value == kept) | (value.isnan() & kept.isnan())).all())
    if isinstance(value, np.ndarray):
        return bool(np.array_equal(value, kept, equal_nan=value.dtype.kind == "f"))
    if isinstance(value, dict):
        return list(map(id, value.values())) == list(map(id, kept.values())) and list(value) == list(kept)
    if isinstance(value, (list, deque)):
        return list(map(id, value)) == list(map(id, kept))
    return value is kept or (isinstance(value, CONTAINERS) and value == kept)


def _put_back(state: _Writes) -> None:
    copies: dict[int, Any] = {}
    for holder, name, value in state.things:
        if value is MISSING:
            holder.pop(name, None)
            continue
        if id(value) not in copies:
            made = _copied(value)
            copies[id(value)] = nn.Parameter(made, value.requires_grad) if isinstance(value, nn.Parameter) else made
        holder[name] = copies[id(value)]


def with_other_dice(run: Callable[[], Returned]) -> Returned:
    """`run()` with random numbers other than those that would be drawn now, which are drawn after it all the same."""
    dice = _dice()
    seed = int(torch.randint(2**31, ()))
    try:
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed)
        return run()
    finally:
        _set_dice(*dice)


def _dice() -> tuple[Any, ...]:
    on_gpu = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return torch.get_rng_state(), on_gpu, random.getstate(), np.random.get_state()


def _set_dice(on_cpu: Tensor, on_gpu: list[Tensor], pythons: Any, numpys: Any) -> None:
    torch.set_rng_state(on_cpu)
    if on_gpu:
        torch.cuda.set_rng_state_all(on_gpu)
    random.setstate(pythons)
    np.random.set_state(numpys)


def _same_dice(before: tuple[Any, ...]) -> bool:
    now = _dice()
    same_gpu = len(now[1]) == len(before[1]) and all(map(torch.equal, now[1], before[1]))
    numpys = all(np.array_equal(one, other) for one, other in zip(now[3], before[3], strict=True))
    return torch.equal(now[0], before[0]) and same_gpu and now[2] == before[2] and numpys
