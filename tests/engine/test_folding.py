"""`fold` saves work and changes nothing that anybody sees, beyond rounding; where it would, it does not fold."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from gradcam_core.checks.sanity import forgetting
from gradcam_core.engine.capture import run
from gradcam_core.engine.folding import fold
from gradcam_core.engine.inputs import named
from gradcam_core.engine.score import Score


def norm(channels: int) -> nn.BatchNorm2d:
    """A norm that has seen something, unlike a new one, which hardly changes what it is given."""
    made = nn.BatchNorm2d(channels)
    nn.init.uniform_(made.weight, -2, 2)
    nn.init.normal_(made.bias)
    made.running_mean.normal_()
    made.running_var.uniform_(0.1, 9)
    return made


class Network(nn.Module):
    """Two convolutions with norms; `between` is done to what the second returns, `beside` added to the scores."""

    def __init__(
        self,
        between: Callable[[Tensor], Tensor] = lambda x: x,
        beside: Callable[[Tensor], Tensor | float] = lambda _: 0.0,
        kind: type[nn.Conv2d] = nn.Conv2d,
    ) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.first_norm = nn.Conv2d(3, 6, 3, padding=1, stride=2, bias=False), norm(6)
        self.second, self.second_norm = kind(6, 8, 3, padding=1), norm(8)
        self.act, self.head = nn.ReLU(inplace=True), nn.Linear(8, 4)
        self.between, self.beside = between, beside
        self.eval().requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.first_norm(self.first(x)))
        convolved = self.second(x)
        x = self.second_norm(self.between(convolved))
        return self.head(self.act(x).mean((-2, -1))) + self.beside(convolved)


class Standardised(nn.Conv2d):
    """Treats its weights before it uses them, as timm's StdConv2d does."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's own name
        return self._conv_forward(input, self.weight / self.weight.std(), self.bias)


@pytest.fixture
def image() -> Tensor:
    return torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))


def folded(network: nn.Module, image: Tensor) -> list[str]:
    """The convolutions of `network` that have been folded."""
    fold(network, image)
    return [name for name, module in network.named_modules() if "folded_weight" in dict(module.named_buffers())]


def agree(found: nn.Module, plain: nn.Module, image: Tensor, layers: tuple[str, ...]) -> None:
    """All that a capture at `layers` gives is the same up to rounding."""
    after, before = (run(net, image, {name: net.get_submodule(name) for name in layers}) for net in (found, plain))
    torch.testing.assert_close(after.logits, before.logits, rtol=1e-5, atol=1e-5)
    for layer in layers:
        torch.testing.assert_close(after.activations(layer), before.activations(layer), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(
            after.gradient(layer, Score.logit(2)), before.gradient(layer, Score.logit(2)), rtol=1e-5, atol=1e-6
        )


def test_both_norms_are_folded_and_nothing_else_changes(image: Tensor) -> None:
    plain = Network()
    network = copy.deepcopy(plain)
    assert folded(network, image) == ["first", "second"]
    agree(network, plain, image, ("first_norm", "second_norm"))
    assert list(network.state_dict()) == list(plain.state_dict())
    assert [name for name, _ in network.named_modules()] == [name for name, _ in plain.named_modules()]
    other = torch.randn(1, 3, 24, 20, generator=torch.Generator().manual_seed(2))
    agree(network, plain, other, ("second_norm",))


def test_the_norm_is_given_what_is_normed_already(image: Tensor) -> None:
    """The test above would pass without any folding: here the norm's own numbers must not be read any more."""
    network = fold(Network(), image)
    seen: list[Tensor] = []
    network.second.register_forward_hook(lambda _module, _inputs, output: seen.append(output.clone()))
    network.second_norm.register_forward_hook(lambda _module, _inputs, output: seen.append(output.clone()))
    with torch.no_grad():
        network(image)
    assert torch.equal(*seen)


def test_whoever_asks_for_the_convolution_gets_what_it_returns(image: Tensor) -> None:
    plain = Network()
    network = fold(copy.deepcopy(plain), image)
    for layers in (("first",), ("second",), ("first", "second_norm"), ("first_norm", "second")):
        agree(network, plain, image, layers)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"between": lambda x: x.add_(1)}, ["first"]),
        ({"between": lambda x: x * 2}, ["first"]),
        ({"beside": lambda x: x.mean((-2, -1))[:, :4]}, ["first"]),
        ({"beside": lambda x: 10 * x.detach().mean((-2, -1))[:, :4]}, ["first"]),
        ({"beside": lambda x: torch.stack([x, x]).mean((0, 3, 4))[:, :4]}, ["first"]),
        ({"beside": lambda x: x.shape[-1]}, ["first", "second"]),
        ({"kind": Standardised}, ["first"]),
    ],
    ids=["changed in place", "changed", "used twice", "detached", "in a list", "its shape", "standardised"],
)
def test_what_would_change_is_not_folded(options: dict[str, object], expected: list[str], image: Tensor) -> None:
    plain = Network(**options)
    network = copy.deepcopy(plain)
    assert folded(network, image) == expected
    agree(network, plain, image, ("first_norm", "second_norm"))


def test_folding_again_changes_nothing(image: Tensor) -> None:
    plain = Network()
    network = fold(fold(copy.deepcopy(plain), image), image)
    agree(network, plain, image, ("first_norm", "second_norm"))


def test_a_module_that_runs_twice_is_left_alone(image: Tensor) -> None:
    shared = nn.Conv2d(3, 3, 3, padding=1)
    network = nn.Sequential(shared, norm(3), shared, norm(3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert folded(network.eval().requires_grad_(False), image) == []


def test_weights_that_are_written_later_are_followed(image: Tensor) -> None:
    network = fold(Network(), image)
    changed = copy.deepcopy(network)
    with torch.no_grad():
        network.first.weight.mul_(-3)
        network.second_norm.running_var.fill_(0.25)
        changed.second_norm.weight = nn.Parameter(torch.ones(8), requires_grad=False)
        changed.first.weight.fill_(0.01)
    for net in (network, changed):
        plain = Network()
        plain.load_state_dict(net.state_dict())
        agree(net, plain, image, ("first_norm", "second_norm"))


def test_first_used_without_gradients_it_can_be_captured_later(image: Tensor) -> None:
    plain, network = Network(), fold(Network(), image)
    for net in (plain, network):
        with torch.no_grad():
            net.second.weight.mul_(2)
    with torch.inference_mode():
        network(image)
    agree(network, plain, image, ("first_norm",))


def test_training_is_left_alone(image: Tensor) -> None:
    plain = Network()
    network = fold(copy.deepcopy(plain), image)
    for net in (network, plain):
        net.requires_grad_(True)
        net(image).sum().backward()
    torch.testing.assert_close(network.first.weight.grad, plain.first.weight.grad)
    torch.testing.assert_close(network.second_norm.weight.grad, plain.second_norm.weight.grad)
    batch = torch.cat([image, image + 1])
    with torch.no_grad():
        assert torch.equal(network.train()(batch), plain.train()(batch))
    assert torch.equal(network.second_norm.running_mean, plain.second_norm.running_mean)


def test_a_network_that_forgets_does_not_go_on_from_what_was_folded(image: Tensor) -> None:
    """The sanity check writes to one layer's weights after another, between passes."""
    network = fold(Network(), image)
    for _, twin in forgetting(network, named(image), ["first_norm", "second_norm"]):
        plain = Network()
        plain.load_state_dict(twin.state_dict())
        agree(twin, plain, image, ("first_norm", "second_norm"))
