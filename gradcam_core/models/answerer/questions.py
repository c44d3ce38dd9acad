"""Questions to train on: the given ones, and others made from captions and guessed objects.

    made = caption_questions(plain("a brown dog runs through the grass"), answers)
    # (("what", "is", "the", "color", "of", "the", "dog"), "brown")
    # (("what", "runs", "through", "the", "grass"), "dog")

Public names: `COLOURS`, `Made`, `Match`, `absent_kinds`, `caption_questions`, `plain`, `presence_questions`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from random import Random

from ..kinds import KINDS, PLURALS, SINGULARS, kind_of, kinds_in
from ..photographs import Detection, PhotographQuestion
from ..vocabulary import split_words

__all__ = ["COLOURS", "Made", "Match", "absent_kinds", "caption_questions", "plain", "presence_questions"]

COLOURS = frozenset(
    ["white", "red", "blue", "black", "green", "brown", "yellow", "orange", "gray", "purple", "pink", "tan"]
)
NUMBERS = frozenset(["two", "three", "four", "five", "six"])
ARTICLES = frozenset(["a", "an", "the", "some", "his", "her", "their", "its"])
ADJECTIVES = frozenset(
    [
        "big",
        "small",
        "large",
        "little",
        "young",
        "old",
        "tan",
        "long",
        "short",
        "tall",
        "wooden",
        "wet",
        "dirty",
        "tiny",
        "huge",
        "fluffy",
        "furry",
        "spotted",
    ]
)
PLACES = frozenset(["in", "on", "inside", "at", "into"])
Made = tuple[tuple[str, ...], str]

# ways to ask whether something is there; {} takes the article as well
PRESENCE = (
    "is there {} in the picture", "is there {} in this picture", "is there {}", "is there {} in the photo",
    "is there {} in the image", "do you see {}", "can you see {} in the picture", "is this {}", "is {} in the picture",
    "does the picture show {}", "is there {} here", "are there any {s}", "are there {s} in the picture",
    "are there any {s} in the picture", "do you see any {s}",
)  # fmt: skip


def plain(text: str) -> tuple[str, ...]:
    """The words of `text` as they are looked up; grey becomes gray."""
    return tuple("gray" if word.plain == "grey" else word.plain for word in split_words(text))


def caption_questions(words: Sequence[str], answers: Collection[str]) -> Iterator[Made]:
    """Questions that a caption answers, in COCO-QA's manner: what does it, of what, which colour, how many, where."""
    words = tuple(words)
    for at, word in enumerate(words):
        before, after = words[:at], words[at + 1 :]
        if word in COLOURS and after and after[0] not in COLOURS | {"and"} | ARTICLES | PLACES:
            noun = next((name for name in after[:3] if name in answers or kind_of(name)), after[0])
            yield ("what", "is", "the", "color", "of", "the", noun), word
        elif word in NUMBERS and after:
            yield ("how", "many", *after), word
        elif word in answers and word not in NUMBERS | COLOURS:
            yield from _about_thing(word, before, after)


def _about_thing(word: str, before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[Made]:
    start = len(before)
    while start and before[start - 1] in COLOURS | ADJECTIVES:
        start -= 1
    if start and before[start - 1] in ARTICLES | NUMBERS:
        start -= 1
    front = before[:start]
    if not front and after:
        verb = () if after[0] in {"is", "are"} or after[0].endswith("s") else ("is",)
        yield ("what", *verb, *after), word
    elif front and front[-1] in PLACES:
        subject = _subject(front)
        if subject:
            yield ("where", "is", *subject, *front[len(subject) : -1]), word
        yield ("what", "is", *front[:12], *after[:2]), word
    elif front:
        yield ("what", "is", *front, *after), word


def _subject(words: tuple[str, ...]) -> tuple[str, ...]:
    """The first words up to the first thing or person."""
    for at, word in enumerate(words):
        if kind_of(word):
            return words[: at + 1]
    return ()


def presence_questions(present: Sequence[str], absent: Sequence[str], random: Random) -> Iterator[Made]:
    """As many questions with the answer yes as with no, for kinds that are in a photograph and kinds that are not."""
    for kinds, answer in ((present, "yes"), (absent, "no")):
        for kind in kinds:
            yield presence_question(kind, random), answer


def presence_question(kind: str, random: Random) -> tuple[str, ...]:
    """One way to ask whether a kind is there."""
    form = random.choice(PRESENCE)
    one = SINGULARS[kind][0] if random.random() < 0.7 else random.choice((kind, *SINGULARS[kind]))
    article = "an" if one[0] in "aeiou" else "a"
    filled = form.replace("{s}", random.choice(PLURALS[kind])).replace("{}", f"{article} {one}")
    return tuple(filled.split())


class Match:
    """Given questions without a photograph, found again for photographs that they fit.

    A question fits where the detector sees the kind that answers it and all that it names, and nothing else (but
    people) that it could be about. `blind` are questions with one answer each.
    """

    def __init__(self, blind: Sequence[PhotographQuestion]) -> None:
        self._by_kind: dict[tuple[str, bool], list[tuple[tuple[str, ...], frozenset[str], str]]] = defaultdict(list)
        for question in blind:
            answer = question.answers[0]
            kind = kind_of(answer)
            if question.type != "object" or kind is None:
                continue
            words = plain(question.text)
            named = frozenset(name for _, _, name in kinds_in(words))
            for several in (True, False):
                if answer in (PLURALS if several else SINGULARS)[kind]:
                    self._by_kind[kind, several].append((words, named, answer))

    def questions(
        self, found: Sequence[Detection], random: Random, at_most: int = 3, tries: int = 12
    ) -> Iterator[Made]:
        """Up to `at_most` questions for a photograph in which the detector has `found` these objects."""
        counts: dict[str, int] = defaultdict(int)
        for one in found:
            if one.score >= 0.4:
                counts[one.kind] += 1
        things = [kind for kind in counts if kind != "person"]
        given = 0
        for _ in range(tries if things else 0):
            kind = random.choice(things)
            pool = self._by_kind.get((kind, counts[kind] > 1))
            if not pool or given == at_most:
                continue
            words, named, answer = random.choice(pool)
            others = set(things) - {kind}
            if named - {kind} <= set(counts) and others <= named:
                given += 1
                yield words, answer


def absent_kinds(present: Collection[str], count: int, weights: Sequence[float], random: Random) -> list[str]:
    """`count` kinds that are not in `present`, drawn as often as `weights` (one for each of `KINDS`) say."""
    drawn: list[str] = []
    for kind in random.choices(KINDS, weights=weights, k=4 * count + 8):
        if kind not in present and kind not in drawn and len(drawn) < count:
            drawn.append(kind)
    return drawn
