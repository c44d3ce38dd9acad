"""Links to what is on the page: the question in the address, and back.

    link_to(explanation, examples)               # "model=resnet50&target=281&example=3-cat"
    restored("?model=resnet50&target=281")       # the options and the example that the address names

Public names: `LONGEST`, `LONGEST_TEXT`, `MOST`, `Restored`, `link_to`, `link_to_text`, `restored`, `text_restored`.

Photographs do not travel in a link, but examples are known by their names; the name of somebody's own model is nobody
else's business. A long text travels packed: as base64url of what DEFLATE (RFC 1951) makes of it.
"""

from __future__ import annotations

import re
import zlib
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

from ..errors import OptionError
from ..explanation import Explanation
from ..methods.text import DEFAULT_TEXT_METHOD, TEXT_METHODS
from ..request import AUTO, Request
from .handlers import TextControls

__all__ = ["LONGEST", "LONGEST_TEXT", "MOST", "Restored", "link_to", "link_to_text", "restored", "text_restored"]

EXAMPLE, TEXT, PACKED = "example", "text", "packed"
# characters, and fields, of a link that are read: more than any question takes
LONGEST, MOST_FIELDS = 4000, 60
# the longest query of a link: the page adds language and theme to it
MOST = LONGEST - 100
# characters of a text that are read
LONGEST_TEXT = 20_000
# up to so many characters a query names the text itself, which browsers show as it was typed
READABLE = 500
NAMES_TEXT = re.compile(rf"(?:^|[?&])(?:{TEXT}|{PACKED})=")
# DEFLATE alone, without the head and the checksum of a file
RAW = -zlib.MAX_WBITS
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
    """The query that asks the same of a text again; one of more than `MOST` characters is too long for an address."""
    usual = TextControls("", AUTO, DEFAULT_TEXT_METHOD, counterfactual=False, contrast=False)
    changed = {name: value for name, value in vars(asked).items() if value != vars(usual)[name]}
    named = {name: ON if value is True else value for name, value in changed.items()}
    plain = urlencode(named)
    if len(plain) <= READABLE:
        return plain
    packed = urlencode({PACKED: _packed(str(named.pop(TEXT))), **named})
    return min(plain, packed, key=len)


def restored(address: Any) -> Restored:
    """What the query of an address asks of a photograph; whatever else stands in it is left alone."""
    fields, known = _fields(address), Request.options()
    if TEXT in fields or PACKED in fields:
        return Restored({})
    options = {name: value for name, value in fields.items() if name in known}
    return Restored(options, fields.get(EXAMPLE))


def text_restored(address: Any, targets: Container[str]) -> TextControls | None:
    """What the query of an address asks of a text, None where it asks of none; `targets` are those of the menu.

    Raises OptionError where the text cannot be read.
    """
    if isinstance(address, str) and len(address) > LONGEST and NAMES_TEXT.search(address):
        raise OptionError("link.too_long", most=LONGEST)
    fields = _fields(address)
    if TEXT not in fields and PACKED not in fields:
        return None
    text = fields[TEXT] if TEXT in fields else _unpacked(fields[PACKED])
    target, method = fields.get("target", AUTO), fields.get("method", DEFAULT_TEXT_METHOD)
    sides = {name: fields.get(name) == ON for name in ("counterfactual", "contrast")}
    return TextControls(
        text,
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


def _packed(text: str) -> str:
    """A text as letters that an address may hold as they are."""
    made = zlib.compressobj(9, zlib.DEFLATED, RAW)
    return urlsafe_b64encode(made.compress(text.encode()) + made.flush()).decode().rstrip("=")


def _unpacked(packed: str) -> str:
    """The text that `_packed` has packed; raises OptionError for whatever else somebody has put into an address."""
    # a few letters may stand for a text without end: no more of it is made than may be read
    made, most = zlib.decompressobj(RAW), 4 * LONGEST_TEXT
    try:
        content = made.decompress(b64decode(packed + "=" * (-len(packed) % 4), b"-_", validate=True), most + 1)
        text = content.decode() if made.eof and not made.unused_data else ""
    except (ValueError, zlib.error):
        content, text = b"", ""
    if len(content) > most or len(text) > LONGEST_TEXT:
        raise OptionError("link.text_too_long", most=LONGEST_TEXT)
    if not text:
        raise OptionError("link.text_broken")
    return text
