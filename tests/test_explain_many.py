"""Many maps of one image in one call: the same maps as one by one, from one forward pass."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from gradcam_core import Explainer, LayerError
from gradcam_core.engine.capture import EagerCapture
from gradcam_core.engine.score import Score

LAYERS = ("blocks.2", None, "blocks.4")
TARGETS = (None, 3, "espresso")
SIDES = (False, True)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)


def test_equal_to_single_calls_in_the_promised_order(picture: np.ndarray) -> None:
    many = Explainer(device="cpu").explain_many(picture, layers=LAYERS, targets=TARGETS, counterfactuals=SIDES)
    single = Explainer(device="cpu")
    combinations = list(itertools.product(LAYERS, TARGETS, SIDES))
    assert len(many) == len(combinations)
    for found, (layer, target, side) in zip(many, combinations, strict=True):
        wanted = single.explain(picture, layer=layer, target=target, counterfactual=side)
        assert (found.layer, found.target, found.counterfactual) == (wanted.layer, wanted.target, wanted.counterfactual)
        np.testing.assert_allclose(found.cam, wanted.cam, rtol=1e-4, atol=1e-6 * np.abs(wanted.cam).max())
    assert np.array_equal(many[0].cam, -many[1].cam)


@pytest.mark.parametrize("cache_mb", [1024, 0])
def test_one_forward_pass_and_one_backward_pass_a_class(
    picture: np.ndarray, cache_mb: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    explainer = Explainer(device="cpu", cache_mb=cache_mb)
    network = explainer.load().network
    passes: list[str] = []
    backward = EagerCapture.gradients_at

    def counted(capture: EagerCapture, layers: list[str], score: Score) -> dict[str, torch.Tensor]:
        passes.append("backward")
        return backward(capture, layers, score)

    def forward(*_: object) -> None:
        passes.append("forward")

    monkeypatch.setattr(EagerCapture, "gradients_at", counted)
    handle = network.register_forward_pre_hook(forward)
    try:
        explainer.explain_many(
            picture, layers=[layer.name for layer in explainer.layers()], targets=[5, 6], counterfactuals=SIDES
        )
    finally:
        handle.remove()
    assert passes == ["forward", "backward", "backward"]


def test_other_modules_have_captures_of_their_own(picture: np.ndarray) -> None:
    explainer = Explainer(device="cpu")
    head, norm = explainer.explain_many(picture, layers=["conv_head", "bn2"], targets=[7])
    assert (head.layer, norm.layer) == ("conv_head", "bn2")
    assert np.array_equal(head.cam, explainer.explain(picture, layer="conv_head", target=7).cam)
    assert isinstance(explainer.load().network.conv_head, nn.Conv2d)


def test_nothing_asked_is_nothing_answered_and_errors_are_those_of_explain(picture: np.ndarray) -> None:
    explainer = Explainer(device="cpu")
    assert explainer.explain_many(picture, targets=[]) == ()
    with pytest.raises(LayerError, match=r"blocks\.99"):
        explainer.explain_many(picture, layers=["blocks.2", "blocks.99"])
