"""Whether it is noticed that somebody changed a network's weights."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest
import torch
from torch import nn

from gradcam_core.engine.weights import Weights


class Branched(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        self.head = nn.Linear(4, 2)
        self.register_parameter("spare", None)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.head(self.inner(image).mean((2, 3)))


def _trained(network: Branched) -> None:
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    torch.optim.Adam(network.parameters()).step()


def _written(network: Branched) -> None:
    with torch.no_grad():
        network.inner[0].bias.mul_(2)


def _loaded(network: Branched) -> None:
    network.load_state_dict(Branched().state_dict())


def _exchanged(network: Branched) -> None:
    network.head.weight = nn.Parameter(torch.zeros(2, 4))


def _added(network: Branched) -> None:
    network.spare = nn.Parameter(torch.zeros(1))


def _taken_away(network: Branched) -> None:
    network.head.bias = None


def _another_module(network: Branched) -> None:
    network.inner[1] = nn.Identity()


def _buffer_written(network: Branched) -> None:
    network.inner[1].running_mean.add_(1)


CHANGES = [_trained, _written, _loaded, _exchanged, _added, _taken_away, _another_module]


@pytest.mark.parametrize("buffers", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_changes_are_noticed_once_each(change: Callable[[Branched], None], buffers: bool) -> None:
    network, weights = Branched(), Weights(buffers=buffers)
    before = weights.state(network)
    assert weights.state(network) == before
    change(network)
    after = weights.state(network)
    assert after != before
    assert weights.state(network) == after
    change(network)
    assert weights.state(network) != before


def test_buffers_count_where_they_are_asked_for() -> None:
    network = Branched()
    for buffers in (False, True):
        weights = Weights(buffers=buffers)
        before = weights.state(network)
        _buffer_written(network)
        assert (weights.state(network) != before) == buffers


def test_a_pass_and_its_gradient_change_nothing() -> None:
    network, weights = Branched().eval(), Weights(buffers=True)
    before = weights.state(network)
    network(torch.zeros(1, 3, 8, 8)).sum().backward()
    assert weights.state(network) == before


def test_another_network_with_equal_weights_is_in_the_same_state() -> None:
    # as it is where one is let go for its memory, and loaded again
    assert Weights().state(Branched()) == Weights().state(Branched())


def test_weights_made_in_inference_mode_do_not_count_and_are_no_error() -> None:
    with torch.inference_mode():
        network = Branched()
    weights = Weights()
    before = weights.state(network)
    network.head = nn.Linear(4, 2)
    assert weights.state(network) != before


def test_another_process_looks_for_itself() -> None:
    network, weights = Branched(), Weights(buffers=True)
    weights.state(network)
    _written(network)
    assert weights.state(network) == 1
    sent = pickle.loads(pickle.dumps(weights))  # noqa: S301 - its own
    assert sent.state(network) == 0
    _buffer_written(network)
    assert sent.state(network) == 1
