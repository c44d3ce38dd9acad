"""The captioner and the answerer as they come with the app: what they say, and what a map of it can be made of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from gradcam_core.models import answerer as answerers
from gradcam_core.models import captioner as captioners
from gradcam_core.models.vocabulary import END

EXAMPLES = Path(__file__).parents[2] / "assets" / "examples"


@pytest.fixture(scope="module")
def answerer():
    return answerers.load_answerer()


@pytest.fixture(scope="module")
def captioner():
    return captioners.load_captioner()


@pytest.fixture(scope="module")
def cat(answerer) -> torch.Tensor:
    return answerer.steps.encode(np.asarray(Image.open(EXAMPLES / "3-cat.jpg").convert("RGB")))[0]


@contextmanager
def capturing(module: nn.Module) -> Iterator[list[torch.Tensor]]:
    """The module's output, as a tensor that gradients can be asked of."""
    kept: list[torch.Tensor] = []

    def keep(_module: nn.Module, _inputs: tuple, output: torch.Tensor) -> torch.Tensor:
        kept.append(output.detach().requires_grad_())
        return kept[0]

    hook = module.register_forward_hook(keep)
    try:
        yield kept
    finally:
        hook.remove()


def test_both_weight_files_are_small() -> None:
    assert sum(path.stat().st_size for path in (answerers.WEIGHTS, captioners.WEIGHTS)) < 20e6


def test_the_whole_photograph_is_seen(answerer, captioner) -> None:
    for steps in (answerer.steps, captioner.steps):
        _, placement = steps.encode(np.zeros((100, 300, 3), dtype=np.uint8))
        assert (placement.box.left, placement.box.top, placement.box.right, placement.box.bottom) == (0, 0, 300, 100)


def test_a_cat_is_a_cat_and_a_grey_picture_is_not(answerer, cat) -> None:
    question = answerer.question(answerer.read("What is this?"))
    assert answerer.answers[int(answerer.network(cat, question).argmax())] == "cat"
    blind = answerer.without_picture(question)
    assert answerer.answers[int(blind.argmax())] != "cat"
    torch.testing.assert_close(blind, answerer.without_picture(question))


def test_an_answer_has_a_map_at_the_last_maps_and_values_at_the_words(answerer, cat) -> None:
    question = answerer.question(answerer.read("What is this?"))
    with capturing(answerer.network.backbone.bn2) as maps, capturing(answerer.network.embedding) as words:
        logits = answerer.network(cat, question)
        by_place, by_word = torch.autograd.grad(logits.max(), [*maps, *words])
    assert maps[0].shape == by_place.shape == (1, 1280, 7, 7)
    # what a LayerNorm would make zero
    cam = (by_place * maps[0]).sum(1)
    assert cam.sum().abs() > 0.3 * cam.abs().sum()
    values = (by_word * words[0]).sum(-1)[0]
    assert (values[:3].abs() > 0).all()
    assert (values[3:] == 0).all()


def test_a_caption_is_written_word_by_word_as_it_is_scored(captioner, cat) -> None:
    captions = captioner.write(cat)
    assert len(captions) == 3
    assert [one.rank for one in captions] == sorted((one.rank for one in captions), reverse=True)
    for caption in captions:
        with torch.no_grad():
            logs = captioner.network(cat, captioner.previous(caption.numbers))[0].log_softmax(-1)
        total = sum(float(logs[at, word]) for at, word in enumerate((*caption.numbers, END)))
        assert total == pytest.approx(caption.log_probability, abs=1e-3)


def test_a_word_that_occurs_twice_has_two_maps(captioner, cat) -> None:
    reading = captioner.read("a cat and a cat")
    with capturing(captioner.network.backbone.bn2) as maps:
        logs = captioner.network(cat, captioner.previous(reading.numbers))[0].log_softmax(-1)
        first, second = (
            (torch.autograd.grad(logs[at, reading.numbers[at]], maps[0], retain_graph=True)[0] * maps[0]).sum(1)
            for at in (1, 4)
        )
    assert (first - second).abs().max() > 0.05 * first.abs().max()
