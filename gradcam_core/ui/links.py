"""Links to what is on the page: the question in the address, and back. Public names: `link_to`, `restored`.

    link_to(explanation, examples)               # "model=resnet50&target=281&example=3-cat"
    restored("?model=resnet50&target=281")       # the options and the example that the address names

Photographs do not travel in a link, but examples are known by their names; the name of somebody's own model is nobody
else's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

from ..explanation import Explanation
from ..request import Request

__all__ = ["Restored", "link_to", "restored"]

EXAMPLE = "example"
# characters, and fields, of a link that are read: more than any question takes
LONGEST, MOST_FIELDS = 4000, 60


@dataclass(frozen=True)
class Restored:
    """What an address asks for: `options` by name as they stand there, and the name of an `example` or None."""

    options: Mapping[str, str]
    example: str | None = None

    def __bool__(self) -> bool:
        return bool(self.options or self.example)


def link_to(explanation: Explanation, examples: Mapping[Any, Path]) -> dict[str, Any]:
    """What the page needs for a link: the `query`, and whether the `photo` and the `model` are in it.

    `examples` are the example photographs by their fingerprints.
    """
    asked, default = explanation.request.record(), Request().record()
    options = {name: value for name, value in asked.items() if value != default[name] and not isinstance(value, list)}
    if explanation.private:
        options.pop("model", None)
    example = examples.get(explanation.photograph.digest)
    named = {name: str(value) for name, value in options.items()} | ({EXAMPLE: example.stem} if example else {})
    return {"query": urlencode(named), "photo": example is not None, "model": not explanation.private}


def restored(address: Any) -> Restored:
    """What the query of an address asks for; whatever else stands in it is left alone."""
    if not isinstance(address, str) or len(address) > LONGEST:
        return Restored({})
    try:
        fields = parse_qs(address.removeprefix("?"), max_num_fields=MOST_FIELDS)
    except ValueError:
        return Restored({})
    known = Request.options()
    options = {name: values[-1] for name, values in fields.items() if name in known}
    return Restored(options, fields.get(EXAMPLE, [None])[-1])
