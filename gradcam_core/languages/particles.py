"""Korean particles by the last syllable of the word in front. Public names: `PARTICLES`, `particle`.

    "{label:을/를}"    # in a sentence: the particle alone, for the value of `label`

Latin letters are read as Koreans write English words (외래어 표기법, chapter 3, section 1): a guess by their
spelling, for class names are English and Koreans read them so. Digits and capitals are read by their names.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["PARTICLES", "particle"]

# behind a syllable that ends in a consonant, and behind one that ends in a vowel
PARTICLES = {
    one: tuple(one.split("/")) for one in ("을/를", "이/가", "은/는", "과/와", "으로/로", "이라/라", "이고/고")
}
# ㄹ is a consonant for all but this one
AFTER_L_TOO = "으로/로"
NONE, CONSONANT, LETTER_L = "", "consonant", "ㄹ"
FIRST_SYLLABLE, LAST_SYLLABLE, ENDINGS, ENDING_L = 0xAC00, 0xD7A3, 28, 8
# 영 일 이 삼 사 오 육 칠 팔 구; ten and all its powers end in a consonant as zero does
DIGITS = dict(zip("0123456789", (CONSONANT, LETTER_L, NONE, CONSONANT, NONE, NONE, CONSONANT, LETTER_L, LETTER_L, NONE),
    strict=True))  # fmt: skip
# 엘 엠 엔 알; all other letters' names end in a vowel
CAPITALS = {"L": LETTER_L, "M": CONSONANT, "N": CONSONANT, "R": LETTER_L}
# by how a word is spelt at its end, the first that fits
SPELT = (
    # 모델, 보틀, 비글, 고릴라 is none of them; 웨일, 크로커다일
    (re.compile(r"(l|[^e]le|[aeiou]le)$"), LETTER_L),
    # 팬, 폰, 머신, 킹; 타임, 콤
    (re.compile(r"(m|mb|mn|me|n|ne|gn|ng)$"), CONSONANT),
    # 캣, 컵, 로켓, 백, 트랙터 is none: behind one short vowel
    (re.compile(r"(^|[^aeiou])[aeiouy](p|t|ck|c|k|tt|pp)$"), CONSONANT),
    # 북, 훅, 쿡
    (re.compile(r"ook$"), CONSONANT),
    # 웹, 클럽, 크랩
    (re.compile(r"(^|[^aeiou])[aeiou]b$"), CONSONANT),
)
LAST_WORD = re.compile(r"[^\W\d_]+$|\d$")


def particle(word: object, pair: str) -> str:
    """The particle of `pair`, a key of PARTICLES, that fits behind `word`."""
    ending = _ending(str(word))
    consonant, vowel = PARTICLES[pair]
    if ending == LETTER_L and pair == AFTER_L_TOO:
        return vowel
    return consonant if ending else vowel


def _ending(text: str) -> str:
    """With what the last syllable of `text` ends; signs behind it, such as quotes, are not read."""
    plain = unicodedata.normalize("NFC", text).rstrip()
    if plain.endswith("%"):
        # 퍼센트
        return NONE
    found = LAST_WORD.search(re.sub(r"[\W_]+$", "", plain))
    if found is None:
        return NONE
    last = found[0]
    if FIRST_SYLLABLE <= ord(last[-1]) <= LAST_SYLLABLE:
        ending = (ord(last[-1]) - FIRST_SYLLABLE) % ENDINGS
        return LETTER_L if ending == ENDING_L else CONSONANT if ending else NONE
    if last.isdigit():
        return DIGITS.get(last, NONE)
    if last.isupper():
        return CAPITALS.get(last[-1], NONE)
    return next((ending for spelt, ending in SPELT if spelt.search(last.lower())), NONE)
