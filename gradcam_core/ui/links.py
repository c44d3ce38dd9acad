"""Links to what is on the page: the question in the address, and back.

    link_to(explanation, examples)               # "model=resnet50&target=281&example=3-cat"
    restored("?model=resnet50&target=281")       # the options and the example that the address names

Public names: `LONGEST`, `Restored`, `link_to`, `link_to_text`, `restored`, `text_restored`.

Photographs do not travel in a link, but examples are known by their names; the name of somebody's own model is nobody
else's business.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

from ..explanation import Explanation
from ..methods.text import DEFAULT_TEXT_METHOD, TEXT_METHODS
from ..request import AUTO, Request
from .handlers import TextControls

__all__ = ["LONGEST", "Restored", "link_to", "link_to_text", "restored", "text_restored"]

EXAMPLE, TEXT = "example", "text"
# characters, and fields, of a link that are read: more than any question takes
LONGEST, MOST_FIELDS = 4000, 60
# of them, for what the page adds to what was asked: language and theme
ROOM = 100
ON = "1"


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


def link_to_text(asked: TextControls) -> str:
    """The query that asks the same of a text again; "" where the text is too long for an address."""
    usual = TextControls("", AUTO, DEFAULT_TEXT_METHOD, counterfactual=False, contrast=False)
    changed = {name: value for name, value in vars(asked).items() if value != vars(usual)[name]}
    query = urlencode({name: ON if value is True else value for name, value in changed.items()})
    return query if len(query) < LONGEST - ROOM else ""


def restored(address: Any) -> Restored:
    """What the query of an address asks of a photograph; whatever else stands in it is left alone."""
    fields, known = _fields(address), Request.options()
    if TEXT in fields:
        return Restored({})
    options = {name: value for name, value in fields.items() if name in known}
    return Restored(options, fields.get(EXAMPLE))


def text_restored(address: Any, targets: Container[str]) -> TextControls | None:
    """What the query of an address asks of a text, None where it asks of none; `targets` are those of the menu."""
    fields = _fields(address)
    if TEXT not in fields:
        return None
    target, method = fields.get("target", AUTO), fields.get("method", DEFAULT_TEXT_METHOD)
    sides = {name: fields.get(name) == ON for name in ("counterfactual", "contrast")}
    return TextControls(
        fields[TEXT],
        target if target in targets else AUTO,
        method if method in TEXT_METHODS else DEFAULT_TEXT_METHOD,
        **sides,
    )


def _fields(address: Any) -> dict[str, str]:
    """The fields of the query of an address, the last one of each name."""
    if not isinstance(address, str) or len(address) > LONGEST:
        return {}
    try:
        fields = parse_qs(address.removeprefix("?"), max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    return {name: values[-1] for name, values in fields.items()}
