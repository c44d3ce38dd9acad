"""What an endpoint takes beside the options of a request, and how it is read.

Public names: `REQUIRED`, `Input`, `language`, `number`, `several`, `switch`, `text`, `unread`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..errors import OptionError
from ..languages import ENGLISH, spoken
from ..request import Request

__all__ = ["REQUIRED", "Input", "language", "number", "several", "switch", "text", "unread"]

# the default of what has to be given
REQUIRED: Any = object()
# "archive" is one photograph or a zip of many, "json" a list or a table of values
InputKind = Literal["archive", "image", "text", "switch", "number", "json"]


@dataclass(frozen=True)
class Input:
    """One value that is given to an endpoint.

    `default` stands there if nothing is given; `read` makes the value that the endpoint works with, and is told the
    input's name for its error. `choices` are the values there are, where they can be listed. `schema` describes a list
    or a table of values as JSON Schema does.
    """

    name: str
    kind: InputKind
    description: str
    default: Any
    read: Callable[[Any, str], Any]
    choices: tuple[str, ...] = ()
    schema: Mapping[str, Any] = field(default_factory=dict, hash=False)


def unread(value: Any, _name: str) -> Any:
    """The value as it came, for what reads and refuses it further inside."""
    return value


def switch(value: Any, name: str) -> bool:
    """On or off, as the options of a request are read. Raises OptionError."""
    return Request.options()["counterfactual"].read(value, name)


def language(value: Any, name: str) -> str:
    """A language of the sentences, English where nothing is given. Raises OptionError."""
    return spoken(text(value or ENGLISH, name), name)


def number(value: Any, name: str) -> float:
    """A finite number; raises OptionError."""
    try:
        read = float(value)
    except (TypeError, ValueError):
        read = math.nan
    if not math.isfinite(read):
        raise OptionError("inputs.number", name=name, value=str(value)[:80])
    return read


def text(value: Any, name: str) -> str:
    """A text, or a number in digits; raises OptionError."""
    if isinstance(value, (str, int, float)):
        return str(value)
    raise OptionError("inputs.text", name=name, value_type=type(value).__name__)


def several(value: Any, name: str) -> list[str]:
    """The texts between semicolons."""
    return [part.strip() for part in text(value, name).split(";") if part.strip()]
