"""In which language whoever is answered now reads.

    with in_language("ko"):
        explanation.sentence    # in Korean

Public names: `ENGLISH`, `NAMES`, `in_language`, `known`, `language_now`, `preferred`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["ENGLISH", "NAMES", "in_language", "known", "language_now", "preferred"]

ENGLISH = "en"
# what stands in the switch for each
NAMES = {ENGLISH: "EN", "ko": "한국어"}
# of a browser's list of languages
MOST_ACCEPTED = 1000
_now: ContextVar[str] = ContextVar("language", default=ENGLISH)


def language_now() -> str:
    """The language of whoever is answered now; English unless somebody said otherwise."""
    return _now.get()


@contextmanager
def in_language(language: str) -> Iterator[None]:
    """Say all sentences in `language`, a key of NAMES, as long as the block runs. Raises KeyError for another."""
    NAMES[language]
    token = _now.set(language)
    try:
        yield
    finally:
        _now.reset(token)


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
