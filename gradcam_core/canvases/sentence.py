"""A sentence as a canvas: values of windows come onto its characters, those of characters onto its words.

    values = spread(hirescam(activations, gradients)[0], len(chars))
    found = words(text, pieces(chars, values))
    shaded(text, found, end=len(text))    # [("good", 0.8), (" ", None), ("film", 0.1)]
    without([word.text for word in found], hidden)

Anything with a place in a text can be shaded: characters, words, or the tokens of a question. Public names: `Piece`,
`foremost`, `pieces`, `places`, `random_orders`, `ranked`, `shaded`, `spread`, `without`, `words`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..reading.text import Span, words_of
from .project import normalise

__all__ = ["Piece", "foremost", "pieces", "places", "random_orders", "ranked", "shaded", "spread", "without", "words"]

FloatArray = NDArray[np.float32]
# words that are shown as bars
FOREMOST = 8


@dataclass(frozen=True)
class Piece(Span):
    """A character or a word with its place and its value.

    `value` is signed: above zero it speaks for the score that is explained. `weight` is the map's usual form,
    ReLU for each filter width, and the largest of the text 1.
    """

    value: float
    weight: float


def spread(values: FloatArray, length: int) -> FloatArray:
    """(windows,) values of windows -> (length,) values of characters.

    Windows of width w reach over both ends, so that there are length + w - 1 of them: window p covers the characters
    p - w + 1 to p. Its value is shared evenly among those of them that are in the text, so that nothing is lost and
    the sum stays the same, at both ends too. Where there are as many windows as characters each keeps its own.
    """
    windows = len(values)
    width = windows - length + 1
    position = np.arange(1, windows + 1)
    covered = np.minimum(position, position[::-1]).clip(max=min(width, length)).astype(np.float32)
    return sliding_window_view(values / covered, width).sum(axis=-1)


def pieces(spans: Sequence[Span], values: FloatArray, positive: FloatArray | None = None) -> tuple[Piece, ...]:
    """`spans` with their values, (n,); their weights are made of `positive`, (n,), None for the values themselves."""
    weights = normalise(values if positive is None else positive)
    return tuple(
        Piece(span.text, span.start, span.end, float(value), float(weight))
        for span, value, weight in zip(spans, values, weights, strict=True)
    )


def words(text: str, chars: Sequence[Piece]) -> tuple[Piece, ...]:
    """The words of `text`, split at white space, each with the average of its characters."""

    def word(of: Sequence[Piece]) -> Piece:
        start, end = of[0].start, of[-1].end
        # in the precision of the characters' values
        value, weight = (np.array([getattr(c, name) for c in of], np.float32).mean() for name in ("value", "weight"))
        return Piece(text[start:end], start, end, float(value), float(weight))

    return tuple(word(chars[first:behind]) for first, behind in words_of(chars))


def shaded(text: str, found: Sequence[Piece], *, end: int) -> list[tuple[str, float | None]]:
    """The text up to `end`, piece by piece with its value, and the gaps between with None."""
    parts: list[tuple[str, float | None]] = []
    at = 0
    for piece in found:
        if piece.start > at:
            parts.append((text[at : piece.start], None))
        parts.append((piece.text, piece.value))
        at = piece.end
    if at < end:
        parts.append((text[at:end], None))
    return parts


def foremost(found: Sequence[Piece], count: int = FOREMOST) -> list[Piece]:
    """Those with the largest values, whichever side they speak for, the largest first."""
    return sorted(found, key=lambda piece: -abs(piece.value))[:count]


def without(texts: Sequence[str], hidden: NDArray[np.bool_]) -> str:
    """The words less those that are `hidden`, (n,), joined by single spaces: what is left out leaves no gap."""
    return " ".join(text for text, left_out in zip(texts, hidden, strict=True) if not left_out)


def ranked(values: Sequence[float]) -> list[int]:
    """Positions of words by falling value."""
    return sorted(range(len(values)), key=lambda position: -values[position])


def random_orders(count: int, draws: int, seed: int = 0) -> list[list[int]]:
    """`draws` random orders of `count` words."""
    generator = np.random.default_rng(seed)
    return [generator.permutation(count).tolist() for _ in range(draws)]


def places(order: Sequence[int]) -> NDArray[np.float64]:
    """(n,) place of each word in an order of their positions, from 0 for the first to below 1."""
    found = np.empty(len(order))
    found[list(order)] = np.arange(len(order)) / len(order)
    return found
