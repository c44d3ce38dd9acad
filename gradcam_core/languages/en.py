"""English: a sentence for every finding. Public name: `SENTENCES`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

__all__ = ["SENTENCES"]


def _near_misses(near: tuple[str, ...], known: tuple[str, ...], more: bool) -> str:
    if near:
        return "Did you mean " + ", ".join(map(repr, near)) + "?"
    return "Known: " + ", ".join(map(repr, known)) + (", ..." if more else "") + "."


SENTENCES: Mapping[str, str | Callable[..., str]] = {
    "near_misses": _near_misses,
}
