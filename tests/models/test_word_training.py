"""Both training commands on a handful of photographs, through the real backbone."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from random import Random

import numpy as np
import pytest
import torch

from gradcam_core.errors import ModelError, TextError
from gradcam_core.models.answerer import load_answerer, presence
from gradcam_core.models.answerer import train as answerer_train
from gradcam_core.models.answerer.network import AnswerShape
from gradcam_core.models.captioner import load_captioner
from gradcam_core.models.captioner import train as captioner_train
from gradcam_core.models.captioner.network import CaptionShape
from gradcam_core.models.features import archive_maps, build_backbone, photograph_steps
from gradcam_core.models.photographs import read_photographs
from gradcam_core.models.training import Average, half_cosine

from .photograph_data import noisy, write_data

ANSWERS = answerer_train.AnswererSettings(
    epochs=20, images=4, blind=4, warmup=4, keep=0.8, rate=0.01, answer_seen=1, word_seen=1, others=1.0,
    shape=AnswerShape(embedding=12, question=16, width=12, hidden=12, limit=10),
)  # fmt: skip
CAPTIONS = captioner_train.CaptionerSettings(
    epochs=30, photographs=2, others=1, warmup=4, keep=0.8, rate=0.02, concept_weight=2.0,
    word_seen=1, statement_word_seen=1, scored=1,
    shape=CaptionShape(embedding=12, hidden=16, width=12, limit=10),
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    data = tmp_path_factory.mktemp("photographs")
    write_data(data)
    return data


@pytest.fixture(autouse=True)
def _threads(monkeypatch) -> None:
    monkeypatch.setattr("torch.set_num_threads", lambda _: None)


def picture(colour: str) -> torch.Tensor:
    return photograph_steps().encode(noisy(colour, 100))[0]


def same(first, second) -> bool:
    return all(tensor.equal(second[name]) for name, tensor in first.items())


def test_the_answerer_learns_is_reproducible_and_loads(folder, tmp_path, capsys) -> None:
    files = [tmp_path / f"{name}.safetensors" for name in ("first", "second")]
    for file in files:
        answerer_train.main(["--data", str(folder), "--out", str(file), "--cache", str(folder / "maps")], ANSWERS)
    card = json.loads(capsys.readouterr().out.split("\n}\n")[0] + "\n}")
    first, second = (load_answerer(file) for file in files)
    assert same(first.network.state_dict(), second.network.state_dict())
    assert first.card["history"] == card["history"]
    assert card["history"][-1].get("coco-qa", 1) == 1
    for colour, thing in (("red", "dog"), ("blue", "cat")):
        question = first.question(first.read("What is the color of the picture?"))
        assert first.answers[int(first.network(picture(colour), question).argmax())] == colour
        logits = first.network(picture(colour), first.question(first.read(f"Is there a {thing}?")))[0]
        assert logits[first.answers.index("yes")] > logits[first.answers.index("no")]


def test_the_answerer_learns_further_what_is_there_and_forgets_nothing(folder, tmp_path) -> None:
    place = ["--data", str(folder), "--cache", str(folder / "maps")]
    start, out = tmp_path / "start.safetensors", tmp_path / "further.safetensors"
    answerer_train.main([*place, "--out", str(start)], replace(ANSWERS, until=10))
    further = presence.PresenceSettings(
        epochs=30, until=30, images=4, blind=4, warmup=4, keep=0.8, rate=0.01, others=1.0, asked=8
    )
    presence.main([*place, "--start", str(start), "--out", str(out)], further)
    answerer = load_answerer(out)
    assert (answerer.answers, answerer.vocabulary.words) == (
        load_answerer(start).answers,
        load_answerer(start).vocabulary.words,
    )
    yes, no = (answerer.answers.index(word) for word in ("yes", "no"))
    for colour, there, absent in (("red", "dog", "giraffe"), ("blue", "cat", "giraffe")):
        given = picture(colour)
        for thing, first in ((there, True), (absent, False)):
            logits = answerer.network(given, answerer.question(answerer.read(f"is there a {thing} in the picture")))[0]
            assert bool(logits[yes] > logits[no]) is first
        question = answerer.question(answerer.read("What is the color of the picture?"))
        assert answerer.answers[int(answerer.network(given, question).argmax())] == colour


def test_what_is_known_to_be_there_and_how_often(folder) -> None:
    photographs = read_photographs(folder)
    material = answerer_train.AnswerMaterial(photographs, ANSWERS)
    known = presence.Presence(material)
    red = next(name for name in material.given if photographs.objects[name][0].kind == "dog")
    # the captions' beds and cats are not on it
    assert known.of(red) == ({"dog"}, set())
    count = len(material.given)
    dogs = sum(photographs.objects[name][0].kind == "dog" for name in material.given)
    assert float(known.odds[presence.KINDS.index("dog")].sigmoid()) == pytest.approx((dogs + 5) / (count + 100))
    drawn = known.drawn(red, 8, Random(0))  # noqa: S311 - the same each time
    assert len(drawn) == len({kind for kind, *_ in drawn}) == 8
    assert [(presence.KINDS[kind], there) for kind, there, _ in drawn if there] == [("dog", True)]
    # the one kind that is there is always drawn, of the 79 others seven
    assert [odds - float(known.odds[kind]) for kind, _, odds in drawn] == pytest.approx([math.log(79 / 7)] * 8)


def test_the_captioner_learns_is_reproducible_and_loads(folder, tmp_path) -> None:
    files = [tmp_path / f"{name}.safetensors" for name in ("first", "second")]
    for file in files:
        captioner_train.main(["--data", str(folder), "--out", str(file), "--cache", str(folder / "maps")], CAPTIONS)
    first, second = (load_captioner(file) for file in files)
    assert same(first.network.state_dict(), second.network.state_dict())
    for colour, words in (("red", "dog runs on the grass"), ("blue", "cat sleeps on the bed")):
        best = first.write(picture(colour))[0]
        assert first.vocabulary.text(best.numbers).removeprefix("a ").removeprefix("the ") == words
        logs = first.network(picture(colour), first.previous(best.numbers))[0].log_softmax(-1)
        total = sum(logs[at, word] for at, word in enumerate((*best.numbers, 2)))
        assert float(total) == pytest.approx(best.log_probability, abs=1e-3)


@pytest.mark.parametrize(("command", "settings"), [(answerer_train.main, ANSWERS), (captioner_train.main, CAPTIONS)])
def test_training_may_end_before_its_schedule(command, settings, folder, tmp_path, capsys) -> None:
    out = tmp_path / "early.safetensors"
    command(["--data", str(folder), "--out", str(out), "--cache", str(folder / "maps"), "--until", "1"], settings)
    card = json.loads(capsys.readouterr().out)
    assert len(card["history"]) == 1
    assert (card["settings"]["epochs"], card["settings"]["until"]) == (settings.epochs, 1)


def test_nothing_is_trained_on_photographs_that_are_held_out(folder) -> None:
    photographs = read_photographs(folder)
    held_out = {name for name in photographs.objects if photographs.held_out(name)}
    assert held_out >= {name for name, split in photographs.splits.items() if split == "valid"}
    # an eighth by name: which ones depends on nothing else
    many = [f"COCO_train2014_{number:012}.jpg" for number in range(4000)]
    assert 400 < sum(map(photographs.held_out, many)) < 600
    answers = answerer_train.AnswerMaterial(photographs, ANSWERS)
    captions = captioner_train.CaptionMaterial(photographs, CAPTIONS)
    assert not held_out & {*answers.images, *captions.train, *captions.others}
    assert set(answers.images) | held_out == set(photographs.objects)


def test_maps_are_those_of_the_backbone_and_are_computed_once(folder, tmp_path, monkeypatch) -> None:
    backbone = build_backbone()
    maps = archive_maps(folder / "coco.tar", tmp_path, backbone)
    assert len(maps.rows) == 12
    from PIL import Image  # noqa: I001
    import io
    import tarfile

    with tarfile.open(folder / "coco.tar") as tar:
        image = Image.open(io.BytesIO(tar.extractfile("coco3.jpg").read()))
        with torch.no_grad():
            expected = backbone(photograph_steps().encode(np.asarray(image))[0])[0]
    found = torch.from_numpy(np.array(maps.of("coco3.jpg"))).float().T.reshape(expected.shape)
    torch.testing.assert_close(found, expected, atol=2e-3, rtol=2e-3)
    again = archive_maps(folder / "coco.tar", tmp_path, None)
    assert np.array_equal(again.maps, maps.maps)


@pytest.mark.parametrize("command", [answerer_train.main, captioner_train.main])
def test_missing_data_is_named(command, tmp_path, capsys) -> None:
    with pytest.raises(SystemExit):
        command(["--data", str(tmp_path), "--out", str(tmp_path / "x.safetensors")])
    assert "holds no coco.tar" in capsys.readouterr().err
    with pytest.raises(TextError):
        read_photographs(tmp_path)


@pytest.mark.parametrize("load", [load_answerer, load_captioner])
def test_damaged_weights_are_named(load, tmp_path) -> None:
    for path in (tmp_path / "missing.safetensors", tmp_path / "broken.safetensors"):
        (tmp_path / "broken.safetensors").write_bytes(b"not weights")
        with pytest.raises(ModelError, match=path.name):
            load(path)


def test_the_average_and_the_schedule_by_hand() -> None:
    network = torch.nn.Linear(1, 1, bias=False)
    average = Average(network, 0.5)
    with torch.no_grad():
        average.network.weight.fill_(0.0)
        network.weight.fill_(1.0)
    # the first steps keep 2/11 and 3/12 of the mean, later ones half
    average.update(network)
    assert float(average.network.weight) == pytest.approx(9 / 11)
    average.update(network)
    assert float(average.network.weight) == pytest.approx(1 - 2 / 11 * 3 / 12)
    assert [half_cosine(step, 100, 10) for step in (4, 50, 100, 200)] == pytest.approx([0.498, 0.5, 0, 0], abs=0.01)
