"""English words as numbers, and where they stand in what was typed.

    vocabulary = WordVocabulary(["a", "dog", "runs"])
    reading = vocabulary.read("A dog  flies", limit=20, name="caption")
    reading.numbers            # (4, 5, 3): the last is the unknown word
    reading.unknown            # ("flies",)
    reading.words[1].start     # 2

Public names: `END`, `PAD`, `START`, `UNKNOWN`, `EncodedText`, `Token`, `Word`, `WordVocabulary`, `read`, `split_words`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..errors import TextError

__all__ = ["END", "PAD", "START", "UNKNOWN", "EncodedText", "Token", "Word", "WordVocabulary", "read", "split_words"]

# a number, and the characters that it stands for: from one to before another
Token: TypeAlias = tuple[int, int, int]

PAD, START, END, UNKNOWN = range(4)
SPECIAL = 4
# characters of a text that an error repeats
SHOWN = 60
# no network here reads a text as long as this, and to split one of a million words takes half a minute
MOST_CHARACTERS = 10_000

# letters and digits, with apostrophes inside: "don't" and "player's" are one word, "t-shirt" two
PATTERN = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
LATIN = re.compile(r"[a-z0-9]", re.IGNORECASE)


@dataclass(frozen=True)
class Word:
    """One word as it was typed, and its characters `start` to before `end` in the whole text."""

    text: str
    start: int
    end: int

    @property
    def plain(self) -> str:
        """What it is looked up by: small letters, the straight apostrophe."""
        return self.text.lower().replace("\u2019", "'")


def split_words(text: str) -> tuple[Word, ...]:
    """All words of `text` in order; punctuation belongs to none of them."""
    return tuple(Word(match.group(), match.start(), match.end()) for match in PATTERN.finditer(text))


@dataclass(frozen=True)
class EncodedText:
    """A text as a network gets it: its words, its numbers, and for each word the `places` of its numbers among them.

    A network may have several numbers for a word, and others for what stands between words. `unknown` are the words
    that it never saw, each once, as they were typed.
    """

    words: tuple[Word, ...]
    numbers: tuple[int, ...]
    places: tuple[tuple[int, ...], ...]
    unknown: tuple[str, ...] = ()


class WordVocabulary:
    """Words and their numbers; 0 to 3 are padding, start, end and the unknown word."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(words)
        self._numbers = {word: number for number, word in enumerate(self.words, SPECIAL)}

    def __len__(self) -> int:
        return len(self.words) + SPECIAL

    def __contains__(self, word: str) -> bool:
        return word in self._numbers

    def number(self, word: str) -> int:
        """The number of a word in small letters; `UNKNOWN` for one never seen."""
        return self._numbers.get(word, UNKNOWN)

    def word(self, number: int) -> str:
        """The word of a number; padding, start and end are empty, the unknown word is "?"."""
        if number < SPECIAL:
            return "?" if number == UNKNOWN else ""
        return self.words[number - SPECIAL]

    def text(self, numbers: Sequence[int]) -> str:
        """The words of `numbers` with spaces between them, up to the end."""
        numbers = list(numbers)
        whole = numbers[: numbers.index(END)] if END in numbers else numbers
        return " ".join(word for word in map(self.word, whole) if word)

    def read(self, text: str, *, limit: int, name: str) -> EncodedText:
        """Split `text` and number its words; `name` is what an error calls it ("question", "caption").

        Raises TextError where there is no word in it, none that the network knows, or more than `limit`.
        """
        return read(text, self.tokens, limit=limit, name=name, unknown=UNKNOWN)

    def tokens(self, text: str) -> list[Token]:
        """The number of each word, and where it stands in `text`."""
        return [(self.number(word.plain), word.start, word.end) for word in split_words(text)]


def read(
    text: str,
    tokens: Callable[[str], Sequence[Token]],
    *,
    limit: int,
    name: str,
    unknown: int | None = None,
    english_only: bool = False,
) -> EncodedText:
    """Split `text` into words, and into at most `limit` numbers by `tokens`; `name` is what an error calls it.

    `unknown` is the number of what the network never saw; with `english_only` other scripts are refused. Raises
    TextError where there is no word in it, none that the network knows, or too much of it.
    """
    if not isinstance(text, str):
        raise TextError("words.not_text", name=name, value=text)
    if len(text) > MOST_CHARACTERS:
        raise TextError("words.too_long", name=name, count=len(text), limit=limit)
    shown = text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
    words = split_words(text)
    if not words:
        raise TextError("words.none", name=name, text=shown)
    found = tokens(text)
    if len(found) > limit:
        raise TextError("words.too_many", name=name, count=len(found), limit=limit)
    places = tuple(
        tuple(at for at, (_, start, end) in enumerate(found) if start < word.end and end > word.start) for word in words
    )
    numbers = tuple(number for number, _, _ in found)
    strange = [not own or any(numbers[at] == unknown for at in own) for own in places]
    foreign = not any(LATIN.search(word.text) for word in words)
    if all(strange) or (foreign and english_only):
        raise TextError("words.not_english" if foreign else "words.unknown", name=name, text=shown)
    odd = tuple(dict.fromkeys(word.text for word, one in zip(words, strange, strict=True) if one))
    return EncodedText(words, numbers, places, odd)
