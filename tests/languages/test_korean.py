"""Korean: every sentence is there and holds what the English one holds; particles fit what stands before them."""

from __future__ import annotations

import inspect
import re
from string import Formatter
from typing import Any

import pytest

from gradcam_core import Explainer, ModelError
from gradcam_core.languages import ENGLISH, LANGUAGES, NAMES, Finding, OptionError, in_language, language_now, say
from gradcam_core.languages.particles import PARTICLES, particle
from gradcam_core.languages.reader import known, preferred

ENGLISH_SENTENCES, KOREAN = LANGUAGES[ENGLISH], LANGUAGES["ko"]
HANGUL = re.compile("[가-힣]")


def places(sentence: Any) -> set[str]:
    """What is filled in; for a function the names of what it takes, all that it hands on left out."""
    if callable(sentence):
        kinds = inspect.signature(sentence).parameters.items()
        return {name for name, one in kinds if one.kind is not inspect.Parameter.VAR_KEYWORD}
    return {re.split(r"[.\[]", field)[0] for _, field, _, _ in Formatter().parse(sentence) if field}


def test_every_sentence_is_said_in_korean_with_the_same_values() -> None:
    assert set(KOREAN) == set(ENGLISH_SENTENCES)
    assert set(NAMES) == set(LANGUAGES)
    for key, english in ENGLISH_SENTENCES.items():
        korean = KOREAN[key]
        if callable(korean) and not callable(english):
            korean_places, english_places = places(korean), places(english)
            assert korean_places == english_places, key
        elif callable(english) and any(
            one.kind is inspect.Parameter.VAR_KEYWORD for one in inspect.signature(korean).parameters.values()
        ):
            # hands its values on: what it makes of them is tried below
            continue
        else:
            assert places(korean) == places(english), key


def test_no_korean_sentence_is_the_english_one() -> None:
    for key, english in ENGLISH_SENTENCES.items():
        korean = KOREAN[key]
        if callable(english) or callable(korean):
            continue
        words = "".join(text for text, _, _, _ in Formatter().parse(english))
        if re.search("[A-Za-z]", words):
            assert korean != english, key
            assert HANGUL.search(korean) or key == "page.language_key", key


@pytest.mark.parametrize(
    "key", [key for key, sentence in KOREAN.items() if key.startswith("map.") and callable(sentence)]
)
def test_every_sentence_for_a_map_is_korean(key: str) -> None:
    target = Finding("class.given", label="tabby", probability=0.91)
    rivals = (Finding("class.sure", label="beagle", probability=0.05),)
    for against in ((), rivals, rivals * 2):
        found = Finding(
            key, model="ResNet-50", target=target, rivals=against, layer="layer4", rows=7, columns=7,
            method="Grad-CAM", strength=0.004, other_side=Finding("side.against", label="tabby"),
        )  # fmt: skip
        said = say(found, "ko")
        assert HANGUL.search(said)
        assert "{" not in said
        assert ("beagle" in said) == bool(against) or key == "map.any_class"
        assert not re.search("[A-Za-z]{3,}", re.sub("ResNet-50|tabby|beagle|layer4|Grad-CAM", "", said)), said


@pytest.mark.parametrize(
    ("word", "object_of", "subject", "topic", "towards"),
    [
        # 한글: a final consonant, none, and ㄹ
        ("사진", "을", "이", "은", "으로"),
        ("고양이", "를", "가", "는", "로"),
        ("연필", "을", "이", "은", "로"),
        # as Koreans say these names: 에스프레소, 비글, 태비, 로켓, 컵, 타이거, 티팟, 그랜드 피아노, 웨일, 팬, 반 (van)
        ("espresso", "를", "가", "는", "로"),
        ("beagle", "을", "이", "은", "로"),
        ("tabby, tabby cat", "을", "이", "은", "으로"),
        ("tabby", "를", "가", "는", "로"),
        ("rocket", "을", "이", "은", "으로"),
        ("cup", "을", "이", "은", "으로"),
        ("tiger", "를", "가", "는", "로"),
        ("grand piano", "를", "가", "는", "로"),
        ("grey whale", "을", "이", "은", "로"),
        ("frying pan", "을", "이", "은", "으로"),
        ("airliner", "를", "가", "는", "로"),
        ("notebook", "을", "이", "은", "으로"),
        ("mask", "를", "가", "는", "로"),
        ("ice cream", "을", "이", "은", "으로"),
        ("washing machine", "을", "이", "은", "으로"),
        ("plate", "를", "가", "는", "로"),
        ("spotlight", "를", "가", "는", "로"),
        ("web", "을", "이", "은", "으로"),
        ("Grad-CAM", "을", "이", "은", "으로"),
        ("HiResCAM", "을", "이", "은", "으로"),
        # 영, 일, 이, 삼, 칠, 팔, 십, 백; 점 오; 퍼센트
        ("0", "을", "이", "은", "으로"),
        ("layer1", "을", "이", "은", "로"),
        ("2", "를", "가", "는", "로"),
        ("3", "을", "이", "은", "으로"),
        ("7", "을", "이", "은", "로"),
        ("bn2", "를", "가", "는", "로"),
        ("100", "을", "이", "은", "으로"),
        ("0.5", "를", "가", "는", "로"),
        ("12 %", "를", "가", "는", "로"),
        # 씨피유, 엘, 엠비
        ("CPU", "를", "가", "는", "로"),
        ("XL", "을", "이", "은", "로"),
        ("224 MB", "를", "가", "는", "로"),
        # signs behind it are not read
        ("“고양이”", "를", "가", "는", "로"),
        ("'beagle'", "을", "이", "은", "로"),
    ],
)
def test_particles_fit(word: str, object_of: str, subject: str, topic: str, towards: str) -> None:
    found = [particle(word, pair) for pair in ("을/를", "이/가", "은/는", "으로/로")]
    assert found == [object_of, subject, topic, towards]


def test_every_particle_has_two_forms_that_differ() -> None:
    assert all(len(forms) == 2 and forms[0] != forms[1] for forms in PARTICLES.values())
    assert particle(("a", "고양이"), "은/는") == "는"
    assert particle("", "은/는") == "는"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko"),
        ("en-US,en;q=0.9,ko;q=0.8", "en"),
        ("fr,de;q=0.9,ko;q=0.2", "ko"),
        ("ko;q=0,en;q=0.1", "en"),
        ("en;q=x,ko", "ko"),
        ("*", "en"),
        ("ko" * 5000, "en"),
    ],
)
def test_a_browsers_language_is_taken_where_it_is_spoken_here(accepted: str | None, language: str) -> None:
    assert preferred(accepted) == language


def test_languages_are_known_by_their_names() -> None:
    assert [known(name) for name in ("ko", "KO-kr", "ko_KR", "en", "fr", "", None)] == ["ko"] * 3 + ["en"] + [None] * 3


def test_all_that_is_said_inside_a_language_is_said_in_it(explainer: Explainer) -> None:
    with pytest.raises(ModelError) as caught:
        explainer.explain("nowhere.jpg", model="resnet5o")
    english = str(caught.value)
    with in_language("ko"):
        assert language_now() == "ko"
        assert HANGUL.search(str(caught.value))
        assert str(caught.value) == caught.value.said() == caught.value.said("ko") != english
        assert caught.value.said("en") == english
    assert str(caught.value) == english
    with (
        pytest.raises(OptionError, match=r"`language` 'xx' is not spoken here; choose one of en"),
        in_language("xx"),
    ):
        pass
