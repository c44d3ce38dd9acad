"""An endpoint: a plain function whose signature and documentation are made of what it takes.

Public names: `EVERY_OPTION`, `LANG`, `Endpoint`, `Output`, `changed`, `in_language_of`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from ..engine.watch import NOBODY, Watch
from ..errors import CamError
from ..languages import ENGLISH, NAMES, in_language, language_now
from ..methods import METHODS
from ..request import AUTO, VIEWS, Request
from .inputs import REQUIRED, Input, language

__all__ = ["EVERY_OPTION", "LANG", "Endpoint", "Output", "changed", "in_language_of"]

EVERY_OPTION = frozenset(Request.options())
# a "file" is given as bytes
Output: TypeAlias = Literal["file", "picture", "record", "text"]
CHOICES = {"method": (AUTO, *METHODS), "view": VIEWS}
TYPES = {"archive": Any, "image": Any, "text": str, "switch": bool, "number": float, "json": list}


# what all that answer in words take; requests that count their values have it behind this option, and newer ones
# behind it
LAST_BEFORE_LANG = "view"
LANG = Input("lang", "text", f"Language of the sentences: {' or '.join(NAMES)}.", ENGLISH, language, tuple(NAMES))


def option(name: str) -> Input:
    """The option of a request, as an endpoint takes it."""
    one = Request.options()[name]
    return Input(one.name, one.kind, one.description, one.default, one.read, CHOICES.get(name, ()))


def changed(name: str, **changes: Any) -> Input:
    """The option of a request with another default or description."""
    return replace(option(name), **changes)


@contextmanager
def in_language_of(arguments: Mapping[str, Any]) -> Iterator[None]:
    """Say all, and what is raised, in the language that is asked for among the `arguments`. Raises OptionError."""
    with in_language(LANG.read(arguments.get(LANG.name, ENGLISH), LANG.name)):
        try:
            yield
        except CamError as error:
            # whoever reads the message later is no longer in here
            error.language = language_now()
            raise


@dataclass(frozen=True, eq=False)
class Endpoint:
    """Something that can be asked for over a network.

    `function` is given the services, then by name the endpoint's own inputs, and those of `request` (the options it
    takes, as one Request), `watch` and `visitor` that it names. `wire` has what is given, in the order of requests
    that count their values: inputs of its own, or names of options; those options that it neither names nor `lacks`
    come behind, so that a new one is offered everywhere. `returns` has the kinds and names of what comes back.

    In which language comes behind the options that were there before it; one that returns nothing says nothing.

    A `costly` one takes many passes of the network. One that is not `queued` is answered at once.
    """

    name: str
    function: Callable[..., Any]
    wire: tuple[str | Input, ...]
    returns: Mapping[str, Output]
    lacks: frozenset[str] = frozenset()
    costly: bool = False
    queued: bool = True

    @property
    def inputs(self) -> tuple[Input, ...]:
        """All that is given, in order."""
        named = [option(one) if isinstance(one, str) else one for one in self.wire]
        known = self.lacks | {one.name for one in named}
        order = [*Request.options()]
        newer = order.index(LAST_BEFORE_LANG) + 1
        before, behind = (
            [option(name) for name in part if name not in known] for part in (order[:newer], order[newer:])
        )
        return (*named, *before, *([LANG] if self.returns else []), *behind)

    @property
    def options(self) -> frozenset[str]:
        """The names of the options of a request among the inputs."""
        return frozenset(one.name for one in self.inputs) & (EVERY_OPTION - self.lacks)

    @property
    def signature(self) -> inspect.Signature:
        """What is given, with its defaults."""
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        return inspect.Signature(
            [
                inspect.Parameter(
                    one.name,
                    kind,
                    default=inspect.Parameter.empty if one.default is REQUIRED else one.default,
                    annotation=TYPES[one.kind],
                )
                for one in self.inputs
            ]
        )

    @property
    def documentation(self) -> str:
        """What the function's docstring says, with every input on a line of its own."""
        before, _, after = inspect.getdoc(self.function).partition("\n\nReturns:\n")  # type: ignore[union-attr]
        parts = [before]
        if self.inputs:
            parts.append("\n".join(["Args:", *(f"    {one.name}: {one.description}" for one in self.inputs)]))
        if after:
            parts.append(f"Returns:\n{after}")
        return "\n\n".join(parts)

    def answer(
        self, services: Any, /, *values: Any, watch: Watch = NOBODY, visitor: str | None = None, **named: Any
    ) -> Any:
        """What comes back for `values` in order, or by name; raises CamError.

        `watch` is told how far it is, from the beginning to the end, and can stop it.
        """
        bound = self.signature.bind(*values, **named)
        bound.apply_defaults()
        with in_language_of(bound.arguments):
            return self._answered(services, bound.arguments, watch, visitor)

    def _answered(self, services: Any, arguments: Mapping[str, Any], watch: Watch, visitor: str | None) -> Any:
        given = {one.name: one.read(arguments[one.name], one.name) for one in self.inputs if one is not LANG}
        options = {name: given.pop(name) for name in self.options}
        offered = {"request": Request(**options), "watch": watch, "visitor": visitor}
        taken = inspect.signature(self.function).parameters
        watch.at(0, 1)
        found = self.function(services, **given, **{name: offered[name] for name in offered if name in taken})
        watch.at(1, 1)
        return found

    def bound(self, services: Any) -> Callable[..., Any]:
        """The endpoint as a plain function over Services, with the signature and the documentation of what it takes."""

        def function(*values: Any, watch: Watch = NOBODY, visitor: str | None = None, **named: Any) -> Any:
            return self.answer(services, *values, watch=watch, visitor=visitor, **named)

        function.__name__ = function.__qualname__ = self.name
        function.__doc__ = self.documentation
        function.__signature__ = self.signature  # type: ignore[attr-defined]
        return function
