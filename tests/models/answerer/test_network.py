"""The answer network on few places, by hand and against independent computations."""

from __future__ import annotations

import math

import pytest
import torch

from gradcam_core.models.answerer.network import AnswerNetwork, AnswerShape
from gradcam_core.models.features import CHANNELS, Standardise

SHAPE = AnswerShape(embedding=6, question=8, width=5, hidden=7, limit=6)


@pytest.fixture
def network() -> AnswerNetwork:
    torch.manual_seed(0)
    return AnswerNetwork(12, 4, SHAPE).eval()


@pytest.fixture
def maps() -> torch.Tensor:
    return torch.rand(1, CHANNELS, 2, 3, generator=torch.Generator().manual_seed(1))


def test_votes_are_pooled_as_the_log_of_their_mean_exponential(network) -> None:
    votes = torch.tensor([[[0.0, 1.0], [math.log(3), 1.0]]])
    torch.testing.assert_close(network.pool(votes), torch.tensor([[math.log(2), 1.0]]))
    with torch.no_grad():
        network.sharpness.fill_(math.log(2))
    # at sharpness 2: half the log of the mean of 1 and 9
    torch.testing.assert_close(network.pool(votes), torch.tensor([[math.log(5) / 2, 1.0]]))


def test_channels_are_standardised_by_fixed_numbers() -> None:
    layer = Standardise(2)
    layer.mean.copy_(torch.tensor([1.0, 2.0]))
    layer.deviation.copy_(torch.tensor([2.0, 4.0]))
    torch.testing.assert_close(
        layer(torch.tensor([[[3.0, 2.0]], [[1.0, 10.0]]])), torch.tensor([[[1.0, 0.0]], [[0.0, 2.0]]])
    )


@torch.no_grad()
def test_the_order_of_places_does_not_count(network, maps) -> None:
    question = torch.tensor([[4, 5, 6, 0, 0, 0]])
    torch.testing.assert_close(network(maps, question), network(maps.flip(-1).transpose(2, 3), question))


@torch.no_grad()
def test_padding_does_not_count(network, maps) -> None:
    short, long = (torch.tensor([[4, 5, 6, *[0] * count]]) for count in (0, 3))
    torch.testing.assert_close(network(maps, short), network(maps, long))
    assert (network(maps, short) - network(maps, torch.tensor([[4, 5, 7]]))).abs().max() > 1e-4


def test_nothing_of_the_picture_gets_past_the_votes(network, maps) -> None:
    question = torch.tensor([[4, 5, 6]])
    with torch.no_grad():
        assert (network(maps, question) - network(maps * 2, question)).abs().max() > 1e-5
        network.votes.out.weight.zero_()
        torch.testing.assert_close(network(maps, question), network(maps * 2, question))


def test_words_get_values_by_gradient_times_activation_and_padding_none(network, maps) -> None:
    kept = []
    hook = network.embedding.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    logits = network(maps, torch.tensor([[4, 5, 6, 0, 0, 0]]))
    hook.remove()
    (gradients,) = torch.autograd.grad(logits[0, 1], kept[0])
    values = (gradients * kept[0]).sum(-1)[0]
    assert (values[:3].abs() > 1e-6).all()
    assert values[3:].abs().max() == 0


def test_the_network_can_be_exported(network, maps) -> None:
    question = torch.tensor([[4, 5, 6, 0, 0, 0]])
    exported = torch.export.export(network, (maps, question)).module()
    torch.testing.assert_close(exported(maps, question), network(maps, question))
