"""Text as the network reads it: graphemes, normalised to NFC, each with its place in the original.

A character here is what a reader sees as one (an extended grapheme cluster, Unicode UAX 29): an emoji of
several code points or decomposed Hangul is one character and is never split. Public names: `Reading`,
`Span`, `Vocabulary`, `read_text`, `visibly`, `words_of`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import regex
import torch
from torch import Tensor

from ..errors import TextError
from ..languages import Finding, Noted

__all__ = [
    "FIELDS",
    "JAMO",
    "PAD",
    "UNKNOWN",
    "Reading",
    "Span",
    "Vocabulary",
    "graphemes",
    "jamo",
    "read_text",
    "visibly",
    "words_of",
]

PAD = 0
UNKNOWN = 1
# the conjoining jamo of Unicode begin here; 0 stands for none
FIRST_JAMO = 0x1100
JAMO = 257
# per character: its number in the vocabulary and up to three letters (initial, medial, final)
FIELDS = 4
_GRAPHEME = regex.compile(r"\X")
HANGUL = (range(0xAC00, 0xD7A4), range(0x1100, 0x1200), range(0x3131, 0x318F))
# how many of the characters that the network does not know are named
NAMED = 8
# makes one emoji of several
JOINER = "\u200d"


@dataclass(frozen=True)
class Span:
    """A piece of the original text: `text` is `original[start:end]`."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Reading(Noted):
    """What was read of a `text`, one entry a character.

    `inputs` is (1, characters, FIELDS) int64. `unknown` marks characters of which the network knows neither the
    syllable nor a letter. `cut` is where, in the original, the part begins that was not read; None where all was.
    """

    text: str
    chars: tuple[Span, ...]
    inputs: Tensor = field(compare=False)
    unknown: tuple[bool, ...]
    cut: int | None

    @property
    def digest(self) -> bytes:
        """The same for two texts that a network cannot tell apart."""
        return self.inputs.numpy().tobytes()

    @property
    def unread(self) -> Span | None:
        """The part behind what was read, if any."""
        return None if self.cut is None else Span(self.text[self.cut :], self.cut, len(self.text))

    @property
    def remarks(self) -> tuple[Finding, ...]:
        """What a person should know about how this text was read."""
        remarks = []
        if self.cut is not None:
            remarks.append(Finding("review.cut", count=len(self.chars)))
        unknown = {char.text for char, strange in zip(self.chars, self.unknown, strict=True) if strange}
        visible = [char.text for char in self.chars if not char.text.isspace()]
        if unknown.issuperset(visible):
            remarks.append(Finding("review.nothing_known"))
        elif unknown:
            remarks.append(Finding("review.unknown", chars=" ".join(map(visibly, sorted(unknown)[:NAMED]))))
        if not any(ord(point) in block for char in visible for point in char for block in HANGUL):
            remarks.append(Finding("review.no_korean"))
        return tuple(remarks)


def graphemes(text: str, limit: int | None = None) -> tuple[Span, ...]:
    """The characters of `text`, at most `limit`, each with its place."""
    found: list[Span] = []
    for match in _GRAPHEME.finditer(text):
        if limit is not None and len(found) == limit:
            break
        found.append(Span(match.group(), match.start(), match.end()))
    return tuple(found)


def visibly(char: str) -> str:
    """A character as it can be shown in a sentence: what has no shape, or turns the line around, by its number."""
    shown = (point if point.isprintable() or point == JOINER else f"U+{ord(point):04X}" for point in char)
    return "U+200D" if char == JOINER else "".join(shown)


def words_of(chars: Sequence[Span]) -> tuple[tuple[int, int], ...]:
    """The words, split at white space, as (first, behind the last) positions in `chars`."""
    words = []
    first = None
    for position, char in enumerate(chars):
        if char.text.isspace():
            if first is not None:
                words.append((first, position))
            first = None
        elif first is None:
            first = position
    if first is not None:
        words.append((first, len(chars)))
    return tuple(words)


def normal(char: str) -> str:
    """One character as the vocabulary has it: NFC, and every kind of white space a plain space."""
    return " " if char.isspace() else unicodedata.normalize("NFC", char)


def jamo(char: str) -> tuple[int, int, int]:
    """The letters of a Hangul character, 1 to 256 each, 0 for none; so that rare syllables share letters."""
    points = [ord(point) - FIRST_JAMO + 1 for point in unicodedata.normalize("NFKD", char)]
    letters = [point for point in points if 0 < point < JAMO][:3]
    first, second, third = letters + [0] * (3 - len(letters))
    return first, second, third


class Vocabulary:
    """The characters that the network has a vector for; 0 is padding and 1 stands for all others."""

    def __init__(self, chars: Iterable[str]) -> None:
        self.chars = tuple(chars)
        self._numbers = {char: number for number, char in enumerate(self.chars, UNKNOWN + 1)}

    def __len__(self) -> int:
        return len(self.chars) + UNKNOWN + 1

    def fields(self, char: str) -> tuple[int, int, int, int]:
        """The number and the letters of one character."""
        char = normal(char)
        return (self._numbers.get(char, UNKNOWN), *jamo(char))

    def read(self, text: str, limit: int) -> Reading:
        """The first `limit` characters of `text`, whatever they are, but for white space around it."""
        start, end = len(text) - len(text.lstrip()), len(text.rstrip())
        found = graphemes(text[start:end], limit)
        chars = tuple(Span(char.text, start + char.start, start + char.end) for char in found)
        fields = [self.fields(char.text) for char in chars]
        last = chars[-1].end if chars else end
        return Reading(
            text=text,
            chars=chars,
            inputs=torch.tensor(fields, dtype=torch.int64).reshape(1, -1, FIELDS),
            unknown=tuple(field == (UNKNOWN, 0, 0, 0) for field in fields),
            cut=last if last < end else None,
        )


def read_text(text: str, vocabulary: Vocabulary, limit: int) -> Reading:
    """The first `limit` characters of what somebody typed; raises TextError where there is nothing to read."""
    if not isinstance(text, str):
        raise TextError("text.no_text", kind=type(text).__name__)
    if not text.strip():
        raise TextError("text.empty")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise TextError("text.no_unicode", position=error.start + 1) from None
    return vocabulary.read(text, limit)
