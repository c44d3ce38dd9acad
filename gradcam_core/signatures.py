"""Help for functions that take options by name: what `inspect` and editors show in the place of `**options`.

    @takes_options(but=["target"])
    def compare(self, image, **options): ...

Public names: `takes_fields`, `takes_options`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from textwrap import fill
from typing import Any, TypeVar

from .request import OPTIONS, Request

__all__ = ["takes_fields", "takes_options"]

AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])


def takes_fields(of: type) -> Callable[[AnyFunction], AnyFunction]:
    """For a function whose `**options` are the fields of the dataclass `of`: lists them in its help."""
    return lambda function: _listing(function, [*inspect.signature(of).parameters.values()])


def _listing(function: AnyFunction, named: Iterable[inspect.Parameter]) -> AnyFunction:
    """`function` with the parameters `named` in its help instead of its `**options`."""
    signature = inspect.signature(function)
    kept = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    function.__signature__ = signature.replace(parameters=[*kept, *named])  # type: ignore[attr-defined]
    return function


def takes_options(*, but: Iterable[str] = ()) -> Callable[[AnyFunction], AnyFunction]:
    """For a function whose `**options` are those of a request `but` some: lists them in its help and its docstring.

    `OPTIONS` on a line of its own in the docstring is where they are described.
    """

    def decorate(function: AnyFunction) -> AnyFunction:
        taken = [option for name, option in OPTIONS.items() if name not in but]
        default = Request()
        named = [
            inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=getattr(default, one.name))
            for one in taken
        ]
        described = (f"`{one.name}`: {one.description}" for one in taken)
        lines = (fill(text, 112, initial_indent=" " * 8, subsequent_indent=" " * 12) for text in described)
        function.__doc__ = (function.__doc__ or "").replace(" " * 8 + "OPTIONS", "\n".join(lines))
        return _listing(function, named)

    return decorate
