"""Questions made from captions, and given ones found again for photographs that they fit."""

from __future__ import annotations

from random import Random

import pytest

from gradcam_core.models.answerer.questions import (
    Match,
    absent_kinds,
    caption_questions,
    plain,
    presence_questions,
)
from gradcam_core.models.kinds import KINDS, kinds_in
from gradcam_core.models.photographs import Detection, PhotographQuestion


def chance() -> Random:
    return Random(0)  # noqa: S311 - draws questions, keeps no secret


ANSWERS = {"dog", "grass", "man", "bike", "street", "brown", "two"}


@pytest.mark.parametrize(
    ("caption", "made"),
    [
        (
            "A brown dog runs through the grass .",
            {
                ("what is the color of the dog", "brown"),
                ("what runs through the grass", "dog"),
                ("what is a brown dog runs through", "grass"),
            },
        ),
        ("two kids play", {("how many kids play", "two")}),
        (
            "a man rides on the street",
            {
                ("what rides on the street", "man"),
                ("where is a man rides", "street"),
                ("what is a man rides on", "street"),
            },
        ),
        (
            "a grey bike",
            {
                ("what is the color of the bike", "gray"),
            },
        ),
        ("nothing here", set()),
    ],
)
def test_questions_of_a_caption_by_hand(caption, made) -> None:
    assert {(" ".join(words), answer) for words, answer in caption_questions(plain(caption), ANSWERS)} == made


def test_presence_is_asked_as_often_with_yes_as_with_no() -> None:
    made = list(presence_questions(["dog", "bus"], ["apple", "stop sign"], chance()))
    assert [answer for _, answer in made] == ["yes", "yes", "no", "no"]
    assert [kinds_in(words)[0][2] for words, _ in made] == ["dog", "bus", "apple", "stop sign"]


def test_absent_kinds_are_absent_and_different() -> None:
    drawn = absent_kinds({"dog", "cat"}, 10, [1.0] * len(KINDS), chance())
    assert len(drawn) == len(set(drawn)) == 10
    assert not {"dog", "cat"} & set(drawn)


def found(*kinds: str) -> list[Detection]:
    return [Detection(kind, 0.9, 0.1) for kind in kinds]


def test_given_questions_are_matched_where_nothing_else_could_be_meant() -> None:
    blind = [
        PhotographQuestion("", "coco-qa", "object", "what sits on a couch", ("cat",)),
        PhotographQuestion("", "coco-qa", "object", "what stand in a field", ("cows",)),
        PhotographQuestion("", "coco-qa", "colour", "what is the color of the cat", ("black",)),
    ]
    match, sits = Match(blind), (("what", "sits", "on", "a", "couch"), "cat")
    assert set(match.questions(found("cat", "couch", "person"), chance())) == {sits}
    # no couch; a dog that could sit there as well; two cats, where the answer is one
    for kinds in (("cat",), ("cat", "couch", "dog"), ("cat", "cat", "couch"), ("person",), ()):
        assert not list(match.questions(found(*kinds), chance())), kinds
    assert {answer for _, answer in match.questions(found("cow", "cow"), chance())} == {"cows"}
