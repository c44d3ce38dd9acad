"""Words, where they stand, their numbers, and what is refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcam_core.errors import TextError
from gradcam_core.models.vocabulary import END, UNKNOWN, WordVocabulary, split_words

VOCABULARY = WordVocabulary(["a", "dog", "don't", "runs"])


@given(st.text())
def test_words_stand_where_they_are_said_to_and_in_order(text) -> None:
    words = split_words(text)
    assert all(text[word.start : word.end] == word.text for word in words)
    assert all(first.end <= second.start for first, second in pairwise(words))
    rest = "".join(char for at, char in enumerate(text) if not any(word.start <= at < word.end for word in words))
    assert not any(char.isalnum() for char in rest)


def test_words_by_hand() -> None:
    assert [word.plain for word in split_words("A dog, I DON\u2019T t-shirt (2x)")] == [
        "a", "dog", "i", "don't", "t", "shirt", "2x",
    ]  # fmt: skip


def test_numbers_and_the_words_never_seen() -> None:
    reading = VOCABULARY.read("A zebra, a Zebra don\u2019t flies", limit=6, name="caption")
    assert reading.numbers == (4, UNKNOWN, 4, UNKNOWN, 6, UNKNOWN)
    assert reading.unknown == ("zebra", "Zebra", "flies")
    assert (reading.words[2].start, reading.words[2].end) == (9, 10)


def test_text_ends_at_the_end() -> None:
    assert VOCABULARY.text([4, 5, UNKNOWN, END, 7]) == "a dog ?"
    assert [VOCABULARY.number(VOCABULARY.word(number)) for number in range(4, len(VOCABULARY))] == [4, 5, 6, 7]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no word"),
        (" .,!? \n", "holds no word"),
        ("강아지가 뛴다", "not in English"),
        ("zyx wvu", "no word of"),
        ("a " * 7, "7 words; this network reads at most 6"),
        ("a dog " * 200_000, "1,200,000 characters; this network reads at most 6 words"),
        (" " * 20_000, "20,000 characters"),
        ("<b>", "no word of"),
        (None, "must be a text"),
        (7, "must be a text"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(text, says) -> None:
    with pytest.raises(TextError, match=says) as caught:
        VOCABULARY.read(text, limit=6, name="question")
    assert "`question`" in str(caught.value)


def test_a_very_long_text_is_not_repeated_whole() -> None:
    with pytest.raises(TextError) as caught:
        VOCABULARY.read("z" * 100_000, limit=6, name="question")
    assert len(str(caught.value)) < 300


def test_markup_is_read_as_words_and_handed_back_as_typed() -> None:
    reading = VOCABULARY.read("<img src=x> dog", limit=6, name="caption")
    assert [word.text for word in reading.words] == ["img", "src", "x", "dog"]
    assert reading.unknown == ("img", "src", "x")
