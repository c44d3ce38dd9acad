"""`spare` changes what autograd keeps, and nothing that comes out."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from gradcam_core.engine.capture import run
from gradcam_core.engine.lean import spare
from gradcam_core.engine.score import Score


def network(*, inplace: bool = True) -> nn.Sequential:
    torch.manual_seed(0)
    norms = [nn.BatchNorm2d(6), nn.BatchNorm2d(8)]
    for norm in norms:
        nn.init.uniform_(norm.weight, -2, 2)
        nn.init.normal_(norm.bias)
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.1, 9)
    return (
        nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1), norms[0], nn.ReLU6(inplace), nn.Conv2d(6, 8, 3), norms[1],
            nn.ReLU6(inplace), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4),
        ).eval().requires_grad_(False)
    )  # fmt: skip


@pytest.mark.parametrize("inplace", [True, False])
def test_same_logits_to_the_bit_and_same_gradients_from_less_memory(inplace: bool) -> None:
    plain = network(inplace=inplace)
    lean = spare(copy.deepcopy(plain))
    image = 3 * torch.randn(1, 3, 16, 16)
    before, after = (run(net, image, {"0": net[0], "3": net[3]}) for net in (plain, lean))
    assert torch.equal(after.logits, before.logits)
    for layer in ("0", "3"):
        assert torch.equal(after.activations(layer), before.activations(layer))
        torch.testing.assert_close(
            after.gradient(layer, Score.logit(2)), before.gradient(layer, Score.logit(2)), rtol=1e-5, atol=1e-7
        )
    assert after.nbytes < 0.7 * before.nbytes


def test_names_parameters_and_training_stay_as_they_are() -> None:
    plain = network()
    lean = spare(copy.deepcopy(plain))
    assert [name for name, _ in lean.named_modules()] == [name for name, _ in plain.named_modules()]
    assert list(lean.state_dict()) == list(plain.state_dict())
    image = torch.randn(2, 3, 16, 16)
    for net in (plain, lean):
        net.train().requires_grad_(True)
        net(image).sum().backward()
    torch.testing.assert_close(lean[0].weight.grad, plain[0].weight.grad)
    torch.testing.assert_close(lean[1].weight.grad, plain[1].weight.grad)
    torch.testing.assert_close(lean[1].running_mean, plain[1].running_mean)


def test_norm_without_statistics_of_its_own_is_left_alone() -> None:
    norm = nn.BatchNorm2d(3, track_running_stats=False)
    assert type(spare(nn.Sequential(norm))[0]) is nn.BatchNorm2d


def test_a_norm_whose_numbers_were_changed_is_followed() -> None:
    """The factor is kept between passes, but not past a write to its parts, nor by a copy of the network."""
    lean = spare(network())
    image = 3 * torch.randn(1, 3, 16, 16)
    run(lean, image, {"0": lean[0]}).gradient("0", Score.logit(1))
    changed = copy.deepcopy(lean)
    with torch.no_grad():
        lean[1].weight.mul_(-3)
        changed[4].running_var.fill_(0.25)
        changed[1].weight = nn.Parameter(torch.ones(6), requires_grad=False)
    for net in (lean, changed):
        plain = network()
        plain.load_state_dict(net.state_dict())
        found, expected = (run(one, image, {"0": one[0]}).gradient("0", Score.logit(1)) for one in (net, plain))
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-7)
