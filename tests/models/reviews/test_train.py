"""The training command on a handful of reviews, and its figures by hand."""

from __future__ import annotations

import gzip
import json
import math

import numpy as np
import pytest
import torch

from gradcam_core.models.reviews.network import Shape, load_network
from gradcam_core.models.reviews.train import (
    Reviews,
    ReviewSettings,
    calibration_error,
    fit_temperature,
    load_reviews,
    main,
    train,
)
from gradcam_core.models.reviews.vectors import neighbour_vectors

TINY = ReviewSettings(
    epochs=4,
    batch=8,
    warmup=2,
    average=0.5,
    rate=0.02,
    held_out=8,
    seen_at_least=1,
    shape=Shape(static=4, tuned=4, letters=2, filters=6, widths=(2, 3), limit=20),
)


@pytest.fixture
def reviews() -> Reviews:
    return Reviews(["정말 좋다", "정말 싫다", "좋다 좋아", "싫다 싫어"] * 12, np.array([1, 0, 1, 0] * 12))


def test_training_learns_and_is_reproducible(reviews) -> None:
    first, second = train(reviews, TINY), train(reviews, TINY)
    assert first.card["held_out"]["accuracy_by_epoch"][-1] == 1
    for name, tensor in first.network.state_dict().items():
        assert tensor.equal(second.network.state_dict()[name]), name
    assert first.temperature == second.temperature


def test_the_command_writes_a_file_that_loads(tmp_path, monkeypatch, reviews, capsys) -> None:
    for name in ("train", "valid"):
        with gzip.open(tmp_path / f"{name}.tsv.gz", "wt", encoding="utf-8") as file:
            file.write("text\tlabel\n")
            file.writelines(f"{text}\t{label}\n" for text, label in zip(reviews.texts, reviews.labels, strict=True))
    monkeypatch.setattr("torch.set_num_threads", lambda _: None)
    out = tmp_path / "new" / "model.safetensors"
    main(["--data", str(tmp_path), "--out", str(out)], TINY)
    card = json.loads(capsys.readouterr().out)
    assert card["valid"]["reviews"] == len(reviews.texts)
    assert card["valid"]["accuracy"] == 1
    assert load_network(out).card == card


def test_missing_data_is_named(tmp_path, capsys) -> None:
    with pytest.raises(SystemExit):
        main(["--data", str(tmp_path), "--out", str(tmp_path / "x.safetensors")])
    assert "holds no train.tsv.gz" in capsys.readouterr().err


def test_reviews_may_hold_tabs(tmp_path) -> None:
    with gzip.open(tmp_path / "a.tsv.gz", "wt", encoding="utf-8") as file:
        file.write("text\tlabel\na\tb\t1\nc\t0\n")
    found = load_reviews(tmp_path / "a.tsv.gz")
    assert found.texts == ["a\tb", "c"]
    assert found.labels.tolist() == [1, 0]


def test_calibration_error_by_hand() -> None:
    # two answers at confidence 0.9, one right: gap 0.4; two at 0.6, both right: gap 0.4
    confidence = torch.tensor([0.9, 0.9, 0.6, 0.6])
    logits = torch.stack([confidence.log(), (1 - confidence).log()], dim=1)
    assert calibration_error(logits, torch.tensor([0, 1, 0, 0])) == pytest.approx(0.4)
    assert calibration_error(logits, torch.tensor([0, 1, 0, 1])) == pytest.approx(0.25)


def test_temperature_softens_overconfidence() -> None:
    # right three times of four with a margin of 4: the best temperature makes that margin log 3
    logits = torch.tensor([[4.0, 0.0]] * 4)
    assert fit_temperature(logits, torch.tensor([0, 0, 0, 1])) == pytest.approx(3.0)
    logits = torch.tensor([[2.0, 0.0]] * 4)
    assert fit_temperature(logits, torch.tensor([0, 0, 0, 1])) == pytest.approx(2 / math.log(3), abs=0.01)


def test_neighbours_in_the_same_places_get_the_same_vector() -> None:
    # 3 and 4 stand in the same contexts, 5 elsewhere
    texts = [np.array([2, 3, 6]), np.array([2, 4, 6]), np.array([7, 5, 7])] * 5
    vectors = neighbour_vectors(texts, 8, 4, window=1)
    assert vectors[:2].abs().sum() == 0
    torch.testing.assert_close(vectors[3], vectors[4], atol=1e-4, rtol=1e-4)
    assert (vectors[3] - vectors[5]).norm() > 0.1
