"""What is read of a text, and where each piece stands in the original."""

from __future__ import annotations

import unicodedata

import pytest

from gradcam_core.reading.text import UNKNOWN, Vocabulary, graphemes, jamo, words_of

FAMILY = "👨‍👩‍👧"
ACCENTED = "e\N{COMBINING ACUTE ACCENT}"


@pytest.mark.parametrize("char", [FAMILY, ACCENTED, "🇰🇷", "👍🏽", unicodedata.normalize("NFD", "한")])
def test_what_a_reader_sees_as_one_character_is_never_split(char: str) -> None:
    spans = graphemes(f"a{char}b")
    assert [span.text for span in spans] == ["a", char, "b"]
    assert (spans[1].start, spans[1].end) == (1, 1 + len(char))


def test_decomposed_hangul_reads_as_composed_and_keeps_its_place_in_the_original() -> None:
    vocabulary = Vocabulary("한글")
    composed, decomposed = "한글", unicodedata.normalize("NFD", "한글")
    assert len(decomposed) == 6
    reading = vocabulary.read(decomposed, 10)
    assert reading.inputs.equal(vocabulary.read(composed, 10).inputs)
    assert [(char.start, char.end) for char in reading.chars] == [(0, 3), (3, 6)]


def test_letters_of_hangul() -> None:
    # U+1112 hieuh, U+1161 a, U+11AB nieun, counted from U+1100 on
    assert jamo("한") == (0x12 + 1, 0x61 + 1, 0xAB + 1)
    assert jamo("하") == (0x12 + 1, 0x61 + 1, 0)
    # the letter on its own is the same letter
    assert jamo("ㅎ") == (0x12 + 1, 0, 0)
    assert jamo("x") == (0, 0, 0)


def test_a_rare_syllable_is_read_by_its_letters_and_a_foreign_one_is_unknown() -> None:
    reading = Vocabulary("한").read("한뷁☃", 10)
    assert reading.inputs[0, :, 0].tolist() == [2, UNKNOWN, UNKNOWN]
    assert reading.unknown == (False, False, True)


def test_every_white_space_reads_as_a_space() -> None:
    vocabulary = Vocabulary("a ")
    assert vocabulary.read("a\t\N{IDEOGRAPHIC SPACE}\na", 10).inputs[0, :, 0].tolist() == [2, 3, 3, 3, 2]


def test_the_cut_is_given_in_the_original() -> None:
    reading = Vocabulary("ab").read(f"{ACCENTED}ab", 2)
    assert [char.text for char in reading.chars] == [ACCENTED, "a"]
    assert reading.cut == 3
    assert Vocabulary("ab").read("ab", 2).cut is None


def test_words_are_split_at_white_space() -> None:
    text = "  ab c\n\nd "
    chars = graphemes(text)
    assert ["".join(char.text for char in chars[slice(*place)]) for place in words_of(chars)] == ["ab", "c", "d"]
    assert words_of(graphemes(" ")) == ()
