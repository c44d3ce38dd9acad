"""In which language whoever is answered now reads.

`say.in_language` sets it. Public names: `ENGLISH`, `NAMES`, `NOW`, `SPOKEN`, `known`, `language_now`, `preferred`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from types import ModuleType

from . import en, ko

__all__ = ["ENGLISH", "NAMES", "NOW", "SPOKEN", "known", "language_now", "preferred"]

ENGLISH = "en"
# a new language is its package and an entry here
SPOKEN: Mapping[str, ModuleType] = {ENGLISH: en, "ko": ko}
# what the switch of the page calls each
NAMES: Mapping[str, str] = {key: package.NAME for key, package in SPOKEN.items()}
# characters that are read of a browser's list of languages
MOST_ACCEPTED = 1000
NOW: ContextVar[str] = ContextVar("language", default=ENGLISH)


def language_now() -> str:
    """The language of whoever is answered now; English unless somebody said otherwise."""
    return NOW.get()


def known(text: str | None) -> str | None:
    """The language that `text` names, such as "ko" or "ko-KR"; None for one that is not spoken here."""
    name = (text or "").strip().lower().replace("_", "-").partition("-")[0]
    return name if name in NAMES else None


def preferred(accepted: str | None) -> str:
    """The language that a browser likes best of those spoken here, by its header Accept-Language (RFC 9110, 12.5.4)."""
    liked: list[tuple[float, str]] = []
    for part in (accepted or "")[:MOST_ACCEPTED].split(","):
        name, _, weight = part.partition(";")
        try:
            share = float(weight.partition("q=")[2]) if weight else 1.0
        except ValueError:
            continue
        if (language := known(name)) and share > 0:
            liked.append((share, language))
    # of equals the first one
    return max(liked, key=lambda one: one[0])[1] if liked else ENGLISH
