"""Maps worked out by hand, sums that must hold, one forward pass, many threads, bad input."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from math import exp
from threading import Event

import numpy as np
import pytest
import torch

from gradcam_core import (
    METHODS,
    TEXT_METHODS,
    CamError,
    MethodError,
    OptionError,
    OutputError,
    Request,
    StoppedError,
    TargetError,
    TextError,
    Watch,
)
from gradcam_core.methods import GRADIENTS
from gradcam_core.models.reviews.network import CharCNN


def values(explanation) -> list[float]:
    return [piece.value for piece in explanation.chars]


# the toy's maps for "ab" are [2, 5, 2] and [0, 3, 4, 1], their maxima 5 and 4, the head's weights for positive 1 and 2
def test_hirescam_by_hand(toy) -> None:
    found = toy.explain("ab", method="hirescam")
    # 5 * 1 on the window over both, 4 * 2 on the window over both
    assert values(found) == [5 / 2 + 8 / 2] * 2
    assert (found.score, found.bias) == (13.5, 0.5)
    assert [piece.weight for piece in found.chars] == [1, 1]


def test_gradcam_by_hand(toy) -> None:
    found = toy.explain("ab", method="gradcam")
    # weights 1/3 and 2/4; window 0 of width 2 covers a alone, the last of width 3 covers b alone
    two = [2 / 3 + 5 / 3 / 2, 5 / 3 / 2 + 2 / 3]
    three = [0 + 3 / 2 / 2 + 4 / 2 / 2, 3 / 2 / 2 + 4 / 2 / 2 + 1 / 2]
    assert values(found) == pytest.approx([two[0] + three[0], two[1] + three[1]])
    assert [piece.weight for piece in found.chars] == pytest.approx([3.25 / 3.75, 1])


def test_the_other_class_counterfactual_and_contrast_by_hand(toy) -> None:
    negative = toy.explain("ab", "negative", method="hirescam")
    assert values(negative) == [-2.5, -2.5]
    assert [piece.weight for piece in negative.chars] == [0, 0]
    assert (negative.score, negative.bias) == (-5, 0)
    assert values(toy.explain("ab", 0, method="hirescam", counterfactual=True)) == [2.5, 2.5]
    contrast = toy.explain("ab", method="hirescam", contrast=True)
    assert values(contrast) == [9, 9]
    assert contrast.score - contrast.bias == 18


def test_similarity_by_hand(toy) -> None:
    # only the first of the three dimensions is ever used, and there every gradient is positive
    assert values(toy.explain("ab ", method="similarity")) == pytest.approx([1, 1])
    assert values(toy.explain("ab ", "negative", method="similarity")) == pytest.approx([-1, -1])


def test_probabilities_carry_the_temperature(toy) -> None:
    found = toy.explain("ab")
    assert found.target.label == "positive"
    assert [prediction.index for prediction in found.top] == [1, 0]
    assert found.target.probability == pytest.approx(1 / (1 + exp(-18.5 / 2)))
    np.testing.assert_allclose(toy.probabilities(["ab"])[0, 1], found.target.probability, rtol=1e-6)


def test_words_are_the_average_of_their_characters(toy) -> None:
    found = toy.explain("ab  c", method="gradcam")
    assert [(word.text, word.start, word.end) for word in found.words] == [("ab", 0, 2), ("c", 4, 5)]
    assert found.words[0].value == pytest.approx(np.mean(values(found)[:2]))
    assert found.words[1].value == pytest.approx(values(found)[4])


@pytest.mark.parametrize("text", ["a", "ab", "abc cba", "  c", "aaaaaaaaaaaa", "한a☃"])
@pytest.mark.parametrize("options", [{}, {"counterfactual": True}, {"contrast": True}, {"target": 0}])
def test_hirescam_sums_to_the_score_less_the_bias(rich, text: str, options: dict) -> None:
    found = rich.explain(text, method="hirescam", **options)
    assert sum(values(found)) == pytest.approx(found.score - found.bias, abs=1e-5)


@pytest.mark.parametrize("method", TEXT_METHODS)
def test_every_method_gives_each_character_a_finite_value(rich, method: str) -> None:
    found = rich.explain("ab c", method=method)
    assert found.method == method
    assert len(found.chars) == 4
    assert np.isfinite(values(found)).all()
    assert np.abs(values(found)).max() > 0
    assert max(piece.weight for piece in found.chars) in (0, 1)


def test_every_method_of_the_registry_is_offered() -> None:
    assert {key for key, entry in METHODS.items() if entry.needs == (GRADIENTS,)} < set(TEXT_METHODS)


def test_one_forward_pass_for_every_question(rich) -> None:
    passes = []
    handle = rich.trained.network.register_forward_pre_hook(lambda *_: passes.append(1))
    for method in TEXT_METHODS:
        for target in (0, 1):
            rich.explain("ab c", target, method=method, counterfactual=bool(target), contrast=not target)
    handle.remove()
    assert len(passes) == 1


def test_threads_give_what_a_serial_run_gives(rich) -> None:
    asked = [
        ("abc "[i % 4] * (i % 7) + "abcab"[: i % 5 + 1], i % 2, list(TEXT_METHODS)[i % len(TEXT_METHODS)])
        for i in range(300)
    ]
    serial = [values(rich.explain(text, target, method=method)) for text, target, method in asked]
    rich._captures.clear()
    with ThreadPoolExecutor(8) as pool:
        threaded = list(pool.map(lambda item: values(rich.explain(item[0], item[1], method=item[2])), asked))
    assert threaded == serial


def test_batches_of_probabilities_equal_single_ones(rich) -> None:
    texts = ["a", "ab c", "cccccccccccccc", "b"]
    np.testing.assert_allclose(
        rich.probabilities(texts), np.concatenate([rich.probabilities([text]) for text in texts]), rtol=1e-5
    )


@pytest.mark.parametrize("text", ["", " ", "\n\t \N{IDEOGRAPHIC SPACE}"])
def test_nothing_to_read(toy, text: str) -> None:
    with pytest.raises(TextError, match="The text is empty"):
        toy.explain(text)


@pytest.mark.parametrize("around", ["{}\n", "  {}", "\u3000{}\t \r\n", " " * 99 + "{}"])
def test_white_space_around_a_text_changes_nothing(toy, around: str) -> None:
    alone, e = toy.explain("ab c"), toy.explain(around.format("ab c"))
    assert (e.top, e.notes) == (alone.top, alone.notes)
    assert [(word.text, word.value) for word in e.words] == [(word.text, word.value) for word in alone.words]
    start = around.index("{")
    assert [(word.start, word.end) for word in e.words] == [(start, start + 2), (start + 3, start + 4)]
    assert e.reading.unread is None


@pytest.mark.parametrize("text", [None, 3, b"ab", ["ab"]])
def test_no_text_at_all(toy, text: object) -> None:
    with pytest.raises(TextError, match="should be a string"):
        toy.explain(text)


def test_a_lone_surrogate_is_refused(toy) -> None:
    with pytest.raises(TextError, match="no valid Unicode at character 2"):
        toy.explain("a\ud800")


def test_unknown_method_and_target(toy) -> None:
    with pytest.raises(MethodError, match="Did you mean 'gradcam'"):
        toy.explain("ab", method="gradcm")
    with pytest.raises(TargetError, match="out of range"):
        toy.explain("ab", 2)
    with pytest.raises(TargetError, match="positive"):
        toy.explain("ab", "positiv")
    assert issubclass(TextError, CamError)


def test_only_characters_never_seen_are_said_to_be_so(toy) -> None:
    found = toy.explain("☃☃")
    assert any("never seen any of these" in note for note in found.notes)
    assert [word.text for word in found.words] == ["☃☃"]


def test_one_character(rich) -> None:
    found = rich.explain("a", method="hirescam")
    assert len(found.chars) == len(found.words) == 1


def test_ten_thousand_characters_are_cut_and_said_to_be(toy) -> None:
    text = "ab " * 3334
    found = toy.explain(text)
    assert len(found.chars) == 8
    assert found.unread is not None
    assert (found.unread.start, found.unread.end) == (8, len(text))
    assert found.unread.text == text[8:]
    assert any("Only the first 8 characters" in note for note in found.notes)


def test_graphemes_stay_whole(toy) -> None:
    family = "👨‍👩‍👧"
    found = toy.explain(f"a{family}e\N{COMBINING ACUTE ACCENT}")
    assert [char.text for char in found.chars] == ["a", family, "e\N{COMBINING ACUTE ACCENT}"]


def test_pieces_stand_where_they_say(rich) -> None:
    text = unicodedata.normalize("NFD", "한글 ab 좋다")
    found = rich.explain(text)
    assert all(text[piece.start : piece.end] == piece.text for piece in (*found.chars, *found.words))


@pytest.mark.parametrize("text", ["a good film", "فيلم رائع جدا", "<b>ab</b>", "# *ab* [x](y)"])
def test_foreign_text_works_and_is_told_apart(toy, text: str) -> None:
    found = toy.explain(text)
    assert any("Korean" in note for note in found.notes)


def test_korean_text_needs_no_such_note(toy) -> None:
    assert not any("Korean" in note for note in toy.explain("ab 한").notes)


def test_the_record_is_plain(rich) -> None:
    import json

    record = json.loads(json.dumps(rich.explain("ab c").record()))
    assert record["words"][1]["text"] == "c"
    assert record["sentence"].startswith("The model calls this")


def test_a_rival_is_the_contrast_and_all_ways_to_ask_agree(toy) -> None:
    asked = [{"rival": "negative"}, {"rival": 0}, {"rival": "auto"}, {"rival": "next three"}, {"contrast": True}]
    found = [toy.explain("ab", method="hirescam", **options) for options in asked]
    assert [values(one) for one in found] == [[9, 9]] * 5
    assert all(one.contrast and [rival.label for rival in one.rivals] == ["negative"] for one in found)
    assert not toy.explain("ab", contrast="no").contrast
    with pytest.raises(TargetError, match="the explained class itself"):
        toy.explain("ab", "positive", rival=1)
    with pytest.raises(OptionError, match="`contrast` 'maybe' is neither on nor off"):
        toy.explain("ab", contrast="maybe")


def test_what_is_left_to_the_program_is_its_default(toy) -> None:
    plain = toy.explain("ab").record()
    for nothing in ("auto", "", None):
        assert toy.explain("ab", nothing, method=nothing).record() == plain
    assert plain["method"] == "hirescam"


def test_a_record_tells_what_made_it_and_asks_for_it_again(rich, tmp_path) -> None:
    found = rich.explain("ab c", 0, method="gradcam", counterfactual=True, contrast=True)
    record = found.record()
    content = (tmp_path / "rich.safetensors").read_bytes()
    assert record["weights"] == {"name": "reviews", "fingerprint": sha256(content).hexdigest()}
    assert set(record["versions"]) == {"numpy", "regex", "torch"}
    assert "temperature 2" in record["head"]
    assert rich.answer(record["text"], Request.parse(**record["request"])) == found
    assert rich.answer(record["text"], Request.parse(**record["request"])).record() == record


def test_pictures_and_texts_have_the_same_in_their_records(explainer, chelsea, toy) -> None:
    picture, text = explainer.explain(chelsea).record(), toy.explain("ab").record()
    shared = {"sentence", "request", "target", "top", "rivals", "notes", "score", "head", "device", "versions"}
    assert shared <= set(picture) & set(text)
    assert set(picture["request"]) == set(text["request"]) == set(Request.options())


def test_out_of_memory_lets_go_of_what_is_kept_and_tries_again(toy, monkeypatch) -> None:
    before = values(toy.explain("ab"))
    forward, failed = CharCNN.forward, []

    def fail_once(network, characters):
        if not failed:
            failed.append(len(toy._captures))
            raise torch.OutOfMemoryError
        return forward(network, characters)

    monkeypatch.setattr(CharCNN, "forward", fail_once)
    assert toy.explain("abc").text == "abc"
    assert failed == [3]
    assert values(toy.explain("ab")) == before


def test_a_batch_that_does_not_fit_is_made_smaller(rich, monkeypatch) -> None:
    texts = ["a", "ab c", "b c", "c"] * 8
    expected = rich.probabilities(texts)
    forward, sizes = CharCNN.forward, []

    def fits_five(network, characters):
        sizes.append(len(characters))
        if len(characters) > 5:
            raise torch.OutOfMemoryError
        return forward(network, characters)

    monkeypatch.setattr(CharCNN, "forward", fits_five)
    np.testing.assert_allclose(rich.probabilities(texts), expected, rtol=1e-5)
    assert max(size for size in sizes if size <= 5) == 4


def test_a_check_tells_how_far_it_is_and_can_be_stopped(rich) -> None:
    told, stop = [], Event()
    outcome = rich.check(rich.explain("ab c a"), watch=Watch(lambda done, count: told.append((done, count)), stop))
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1] > 5
    assert outcome == rich.check(rich.explain("ab c a"))
    stop.set()
    with pytest.raises(StoppedError):
        rich.check(rich.explain("ab c a"), watch=Watch(stop=stop))


def test_values_that_are_not_finite_are_refused(toy) -> None:
    with torch.no_grad():
        toy.trained.network.head.weight[0, 0] = float("nan")
    with pytest.raises(OutputError, match="not finite"):
        toy.explain("ab")
