"""Class activation map methods: numbers worked out by hand, an independent recomputation, and shared properties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from gradcam_core import METHODS, MethodError
from gradcam_core.canvases.project import normalise
from gradcam_core.engine.capture import run
from gradcam_core.engine.score import Score
from gradcam_core.languages import Finding
from gradcam_core.methods import GRADIENTS, find_method, method

from ..helpers import HandNetwork

# those that are functions of activations and gradients alone
ALL = sorted(key for key, entry in METHODS.items() if entry.needs == (GRADIENTS,))
# of HandNetwork at `act` for class 0, where A = [[1, 2], [3, 4]], [[2, 1], [0, 0]] and
# G = [[1, 0], [0, 3]], [[-2, 0], [2, -4]]: the map, and the map of the negated gradients
BY_HAND = {
    # mean gradients 1 and -1
    "gradcam": ([[1 - 2, 2 - 1], [3, 4]], [[1, -1], [-3, -4]]),
    # channel sums 10 and 3; weights 1/(2 + 10*1) + 3/(2 + 10*3) = 17/96 and 2/(2 + 3*2) = 1/4;
    # negated: nothing and 2/(2 + 3*2) + 4/(2 + 3*4) = 15/28
    "gradcam++": (
        [[17 / 96 + 2 / 4, 34 / 96 + 1 / 4], [51 / 96, 68 / 96]],
        [[30 / 28, 15 / 28], [0, 0]],
    ),
    "hirescam": ([[1 - 4, 0], [0, 12]], [[3, 0], [0, -12]]),
    # weights (1*1 + 3*4) / 10 and (-2*2) / 3
    "xgradcam": (
        [[1.3 - 8 / 3, 2.6 - 4 / 3], [3.9, 5.2]],
        [[8 / 3 - 1.3, 4 / 3 - 2.6], [-3.9, -5.2]],
    ),
    "layercam": ([[1, 0], [0, 12]], [[4, 0], [0, 0]]),
}
# a positive factor on the gradients is a positive factor on the map; not so Grad-CAM++, whose weights
# stand for derivatives of exp(y)
HOMOGENEOUS = ["gradcam", "hirescam", "layercam", "xgradcam"]


@pytest.mark.parametrize("key", BY_HAND)
def test_map_worked_out_by_hand(key: str) -> None:
    capture = run(network := HandNetwork(), HandNetwork.inputs(), {"act": network.act})
    activations, gradients = capture.activations("act"), capture.gradient("act", Score.logit(0))
    for sign, expected in zip((1, -1), BY_HAND[key], strict=True):
        found = METHODS[key].function(activations, sign * gradients)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_gradcam_plus_plus_where_the_denominator_is_zero() -> None:
    # the channel sums to -2: the weight 1/(2 - 2*1) of the gradient 1 has no value, 1/(2 - 2*3) * 3 = -3/4 has
    activations = torch.tensor([[[-3.0, 1.0]]])
    found = METHODS["gradcam++"].function(activations, torch.tensor([[[1.0, 3.0]]]))
    np.testing.assert_allclose(found, [[9 / 4, -3 / 4]])


def test_xgradcam_where_a_channel_sums_to_zero() -> None:
    activations = torch.tensor([[[-1.0, 1.0]], [[1.0, 3.0]]])
    found = METHODS["xgradcam"].function(activations, torch.tensor([[[5.0, 5.0]], [[1.0, 1.0]]]))
    np.testing.assert_allclose(found, [[1, 3]])


# --- an independent recomputation in NumPy: plain loops, gradients by central differences

Array = NDArray[np.float64]


def convolved(image: Array, weight: Array, bias: Array) -> Array:
    """3 x 3 convolution with one pixel of padding, (C, h, w) to (K, h, w)."""
    _, height, width = image.shape
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)))
    out = np.empty((len(weight), height, width))
    for row in range(height):
        for column in range(width):
            out[:, row, column] = (weight * padded[:, row : row + 3, column : column + 3]).sum((1, 2, 3)) + bias
    return out


def by_differences(score: Callable[[Array], float], at: Array, step: float = 1e-5) -> Array:
    gradient = np.empty_like(at)
    for place in np.ndindex(*at.shape):
        moved = at.copy()
        moved[place] += step
        above = score(moved)
        moved[place] -= 2 * step
        gradient[place] = (above - score(moved)) / (2 * step)
    return gradient


def _plus_plus_weight(a: Array, g: Array) -> float:
    total = a.sum()
    weight = 0.0
    for value in g.ravel():
        if value > 0 and 2 + total * value != 0:
            weight += value / (2 + total * value)
    return weight


# channel by channel, from the papers' formulas
RECOMPUTED: dict[str, Callable[[Array, Array], Array]] = {
    "gradcam": lambda a, g: sum(g[k].sum() / g[k].size * a[k] for k in range(len(a))),
    "gradcam++": lambda a, g: sum(_plus_plus_weight(a[k], g[k]) * a[k] for k in range(len(a))),
    "hirescam": lambda a, g: sum(g[k] * a[k] for k in range(len(a))),
    "xgradcam": lambda a, g: sum((g[k] * a[k] / a[k].sum()).sum() * a[k] for k in range(len(a)) if a[k].sum()),
    "layercam": lambda a, g: sum(np.where(g[k] > 0, g[k], 0) * a[k] for k in range(len(a))),
}


@pytest.fixture(scope="module")
def double_network() -> nn.Sequential:
    torch.manual_seed(3)
    layers = [nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(3, 4, 3, padding=1), nn.Softplus()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)).double().eval()


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("key", RECOMPUTED)
def test_equals_a_recomputation_in_numpy(key: str, sign: int, double_network: nn.Sequential) -> None:
    weights = {name: tensor.detach().numpy() for name, tensor in double_network.named_parameters()}
    image = np.random.default_rng(5).normal(size=(2, 5, 6))
    target = 1

    def score(activations: Array) -> float:
        smooth = np.log1p(np.exp(convolved(activations, weights["2.weight"], weights["2.bias"])))
        return float(weights["6.weight"][target] @ smooth.mean((1, 2)) + weights["6.bias"][target])

    activations = np.maximum(convolved(image, weights["0.weight"], weights["0.bias"]), 0)
    expected = RECOMPUTED[key](activations, sign * by_differences(score, activations))

    capture = run(double_network, torch.from_numpy(image)[None], {"1": double_network[1]})
    assert capture.logits[0, target].item() == pytest.approx(score(activations), rel=1e-12)
    found = METHODS[key].function(capture.activations("1"), sign * capture.gradient("1", Score.logit(target))).numpy()
    assert np.abs(expected).max() > 1e-4
    np.testing.assert_allclose(found, expected, atol=1e-7 * np.abs(expected).max())


# --- what holds for every method, also for those that are added later


@pytest.fixture
def tensors() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(7)
    # (batch, C, h, w), with some zeros as a ReLU leaves them
    activations = torch.randn(3, 5, 4, 6, generator=generator, dtype=torch.float64).relu()
    return activations, torch.randn(3, 5, 4, 6, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("key", ALL)
def test_batch_equals_its_single_items(key: str, tensors: Any) -> None:
    function = METHODS[key].function
    together = function(*tensors)
    assert together.shape == (3, 4, 6)
    for index, one in enumerate(zip(*tensors, strict=True)):
        torch.testing.assert_close(together[index], function(*one), rtol=1e-12, atol=1e-12)
    deeper = function(*(tensor[None] for tensor in tensors))
    torch.testing.assert_close(deeper[0], together, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("key", ALL)
def test_positions_may_be_moved(key: str, tensors: Any) -> None:
    """The same evidence at other places gives the same map at other places."""
    function = METHODS[key].function
    moved = function(*(tensor.roll((1, 2), (-2, -1)) for tensor in tensors))
    torch.testing.assert_close(moved, function(*tensors).roll((1, 2), (-2, -1)), rtol=1e-12, atol=1e-12)
    turned = function(*(tensor.transpose(-2, -1) for tensor in tensors))
    torch.testing.assert_close(turned, function(*tensors).transpose(-2, -1), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("key", ALL)
def test_channels_may_be_exchanged(key: str, tensors: Any) -> None:
    function = METHODS[key].function
    torch.testing.assert_close(function(*(tensor.flip(1) for tensor in tensors)), function(*tensors))


@pytest.mark.parametrize("key", ALL)
def test_text_is_an_image_of_one_row(key: str, tensors: Any) -> None:
    """(C, 1, L) gives the map that the same positions give as a rectangle."""
    activations, gradients = (tensor[0] for tensor in tensors)
    row = METHODS[key].function(activations.reshape(5, 1, 24), gradients.reshape(5, 1, 24))
    torch.testing.assert_close(row.reshape(4, 6), METHODS[key].function(activations, gradients))


@pytest.mark.parametrize("key", ALL)
def test_nothing_given_is_changed(key: str, tensors: Any) -> None:
    copies = [tensor.clone() for tensor in tensors]
    METHODS[key].function(*tensors)
    assert all(torch.equal(tensor, copy) for tensor, copy in zip(tensors, copies, strict=True))


@pytest.mark.parametrize("key", ALL)
def test_dead_channels_and_no_gradient_give_finite_maps(key: str, tensors: Any) -> None:
    activations, gradients = (tensor[0] for tensor in tensors)
    function = METHODS[key].function
    for a, g in [(activations * 0, gradients), (activations, gradients * 0), (activations * 0, gradients * 0)]:
        assert torch.equal(torch.nan_to_num(function(a, g), nan=1), torch.zeros(4, 6, dtype=a.dtype))


@pytest.mark.parametrize("key", HOMOGENEOUS)
def test_gradients_divided_by_their_rms_give_the_same_normalised_map(key: str, tensors: Any) -> None:
    activations, gradients = (tensor[0].float() for tensor in tensors)
    scaled = gradients / (gradients.square().mean().sqrt() + 1e-5)
    plain, rms = (METHODS[key].function(activations, g).numpy() for g in (gradients, scaled))
    assert not np.allclose(plain, rms, rtol=1e-3)
    np.testing.assert_allclose(normalise(plain), normalise(rms), atol=1e-6)


@pytest.mark.parametrize("key", ["gradcam", "hirescam", "xgradcam"])
def test_counterfactual_of_a_linear_method_is_the_negated_map(key: str, tensors: Any) -> None:
    activations, gradients = tensors
    function = METHODS[key].function
    torch.testing.assert_close(function(activations, -gradients), -function(activations, gradients))


def test_maps_that_add_up_to_the_score() -> None:
    """Behind pooling and one linear layer HiResCAM sums to the score less the bias, as its paper proves."""
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 4, 3)
    network = nn.Sequential(conv, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5)).eval()
    capture = run(network, torch.randn(1, 3, 9, 9), {"0": conv})
    cam = METHODS["hirescam"].function(capture.activations("0"), capture.gradient("0", Score.logit(2)))
    assert cam.sum().item() == pytest.approx((capture.logits[0, 2] - network[3].bias[2]).item(), rel=1e-5)


def test_a_new_method_is_one_decorated_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradcam_core.methods.maps.METHODS", registry := {})

    @method("mean", title="Mean", paper="none", good_for=Finding("note.no_class"))
    def mean(activations: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return activations.mean(-3)

    assert registry["mean"].function is mean
    assert find_method("mean").title == "Mean"


@pytest.mark.parametrize("key", ALL)
def test_every_method_says_what_it_is_and_where_it_comes_from(key: str) -> None:
    entry = METHODS[key]
    assert entry.key == key
    assert entry.title
    assert str(entry.good_for).endswith(".")
    assert any(mark in entry.paper for mark in ("arXiv:", "doi:"))
    assert entry.function.__doc__


@pytest.mark.parametrize("wrong", ["grad-cam", "GradCam", "", None, 3, ["gradcam"]])
def test_unknown_method_is_named_with_near_misses(wrong: Any) -> None:
    with pytest.raises(MethodError, match="`method`") as caught:
        find_method(wrong)
    assert repr(wrong) in str(caught.value)
    assert "gradcam" in str(caught.value)
