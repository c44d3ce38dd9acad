"""Reading a pickle as data: containers, numbers, text and what a table says about a few names; nothing in it is run.

    read_pickle(BytesIO(record), globals_, persistent)

A pickle is a small program. Python's own reader follows it wherever it leads: `bytearray(3_000_000_000)` in it takes
3 GB, a list handed to `set` a million times takes any amount. Here each operation is looked at before it is done, only
those that `torch.save` writes are known, and a function is never called: what its call stands for is described.
Public names: `NotPlainError`, `PickledCall`, `read_pickle`.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from ..languages import Finding

__all__ = ["NotPlainError", "PickledCall", "read_pickle"]

# a large network with the state of its optimizer takes 200,000 operations, each up to 200 bytes
MOST_OPERATIONS = 500_000
# Python spreads larger numbers over its dicts by a rule that is no secret, so that many can be made to collide
LARGEST_KEY = 1 << 60
# as Python 2 called them, and as files for both are written
RENAMED = {"__builtin__": "builtins", "copy_reg": "copyreg"}

Machine = Any


class NotPlainError(ValueError):
    """The pickle asks for something that is more than data: the name of that, or what was found."""


@dataclass(frozen=True)
class PickledCall:
    """What a function's call stands for: `describe(*arguments)`. It must not copy what it is given."""

    describe: Callable[..., Any]


def read_pickle(file: BinaryIO, known: Mapping[str, Any], persistent: Callable[[Any], Any]) -> Any:
    """The value of the next pickle in `file`, which stands behind it then.

    `known` holds what the names of the pickle mean, a `PickledCall` where they are functions; `persistent` makes a
    value of what was saved outside of it. Memory and time grow with the length of the file alone. Raises NotPlainError
    where it needs a name or an operation that is not known, ValueError where it is damaged.
    """
    machine = _Stacks(known, persistent)
    try:
        for number, (operation, argument, _) in enumerate(pickletools.genops(file)):
            if number > MOST_OPERATIONS:
                raise ValueError(f"more than {MOST_OPERATIONS:,} values beside its tensors")
            if operation.name == "STOP":
                return machine.stack.pop()
            if operation.name not in OPERATIONS:
                raise NotPlainError(Finding("file.pickle_operation", name=operation.name))
            OPERATIONS[operation.name](machine, argument)
    except (IndexError, KeyError, TypeError, AttributeError, OverflowError) as error:
        # less on the stack than an operation takes, or of another kind
        raise ValueError(f"no whole pickle ({type(error).__name__})") from error
    raise ValueError("no whole pickle")


class _Stacks:
    """What the operations work on: a stack, the stacks that marks have put aside, and what is remembered by number."""

    def __init__(self, known: Mapping[str, Any], persistent: Callable[[Any], Any]) -> None:
        self.known = known
        self.persistent = persistent
        self.stack: list[Any] = []
        self.aside: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def since_mark(self) -> list[Any]:
        values, self.stack = self.stack, self.aside.pop()
        return values

    def last(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise IndexError
        values = self.stack[-count:]
        del self.stack[-count:]
        return values

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def mark(self) -> None:
        self.aside.append(self.stack)
        self.stack = []

    def name(self, module: Any, name: Any) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise NotPlainError(Finding("file.name_no_text"))
        full = f"{RENAMED.get(module, module)}.{name}"
        if full not in self.known:
            raise NotPlainError(full)
        self.push(self.known[full])

    def call(self) -> None:
        function, arguments = self.last(2)
        if not isinstance(function, PickledCall) or not isinstance(arguments, tuple):
            raise NotPlainError(function if isinstance(function, str) else Finding("file.call_of_other"))
        self.push(function.describe(*arguments))

    def append(self, values: list[Any]) -> None:
        _expect(self.stack[-1], list)
        self.stack[-1].extend(values)

    def put(self, values: list[Any]) -> None:
        _expect(self.stack[-1], dict)
        for key, value in zip(values[::2], values[1::2], strict=True):
            # others take long to compare, or as long as somebody wants
            fits = abs(key) < LARGEST_KEY if isinstance(key, int) else isinstance(key, (str, float, bytes))
            if not fits:
                raise NotPlainError(Finding("file.key_type", kind=type(key).__name__))
            self.stack[-1][key] = value


def _expect(value: Any, kind: type) -> None:
    if type(value) is not kind:
        raise NotPlainError(Finding("file.put_into_other", kind=kind.__name__))


def _take(machine: Machine, argument: Any) -> None:
    machine.push(argument)


def _remember(machine: Machine, argument: Any) -> None:
    machine.memo[len(machine.memo) if argument is None else argument] = machine.stack[-1]


def _tuple_of(count: int) -> Callable[[Machine, Any], None]:
    return lambda machine, _: machine.push(tuple(machine.last(count)))


# names of `pickletools`; attributes that are set on a value (BUILD) are dropped
OPERATIONS: dict[str, Callable[[Machine, Any], None]] = {
    **dict.fromkeys(
        ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINSTRING",
         "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES"), _take,
    ),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT", "MEMOIZE"), _remember),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda machine, number: machine.push(machine.memo[number])),
    **dict.fromkeys(("PROTO", "FRAME"), lambda machine, _: None),
    "APPEND": lambda machine, _: machine.append(machine.last(1)),
    "APPENDS": lambda machine, _: machine.append(machine.since_mark()),
    "ADDITEMS": lambda machine, _: machine.append(machine.since_mark()),
    "BINPERSID": lambda machine, _: machine.push(machine.persistent(machine.stack.pop())),
    "BUILD": lambda machine, _: machine.last(1),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    # only looked through: a list does as well
    "EMPTY_SET": lambda machine, _: machine.push([]),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "GLOBAL": lambda machine, names: machine.name(*names.split(" ", 1)),
    "MARK": lambda machine, _: machine.mark(),
    "NEWFALSE": lambda machine, _: machine.push(False),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NONE": lambda machine, _: machine.push(None),
    "REDUCE": lambda machine, _: machine.call(),
    "SETITEM": lambda machine, _: machine.put(machine.last(2)),
    "SETITEMS": lambda machine, _: machine.put(machine.since_mark()),
    "STACK_GLOBAL": lambda machine, _: machine.name(*machine.last(2)),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.since_mark())),
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
}  # fmt: skip
