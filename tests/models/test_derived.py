"""Classes derived from norms, convolutions and linear layers: the answer is the own one of the module, by any engine.

What is expected comes from hooks and autograd of the test's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MethodType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gradcam_core import Explainer
from gradcam_core.engine import engines, traced
from gradcam_core.engine.gate import Gate
from gradcam_core.engine.runner import LocalRunner
from gradcam_core.engine.traced import TracedRunner
from gradcam_core.reading.preprocess import Preprocessing

from ..engine.networks import converted_here
from ..helpers import PLAIN, noise

STEPS = Preprocessing(32, 32, "BOX", **PLAIN)


class NormAndReLU(nn.BatchNorm2d):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).relu()


class OnlyActivation(nn.BatchNorm2d):
    def forward(self, x: Tensor) -> Tensor:
        return torch.nn.functional.silu(x)


class WithAct(nn.BatchNorm2d):
    """As timm's, but without its `drop`."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.act = nn.Hardswish(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(super().forward(x))


class ThirdParameter(nn.BatchNorm2d):
    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.power = nn.Parameter(torch.full((channels, 1, 1), 0.7))

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * self.power + self.power


class OfEachImage(nn.BatchNorm2d):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x - x.mean((2, 3), keepdim=True) / 2)


class Masked(nn.Conv2d):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.register_buffer("mask", torch.rand(self.weight.shape).gt(0.5).float())

    def forward(self, x: Tensor) -> Tensor:
        return self._conv_forward(x, self.weight * self.mask, self.bias)


class LowRank(nn.Conv2d):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.down = nn.Conv2d(self.in_channels, 2, self.kernel_size, self.stride, self.padding, bias=False)
        self.up = nn.Conv2d(2, self.out_channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + 2 * self.up(self.down(x))


class Standardised(nn.Conv2d):
    def forward(self, x: Tensor) -> Tensor:
        spread, mean = torch.std_mean(self.weight, (1, 2, 3), keepdim=True)
        return self._conv_forward(x, (self.weight - mean) / (spread + 1e-5), self.bias)


class Scaled(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        return 3 * nn.functional.linear(nn.functional.normalize(x), nn.functional.normalize(self.weight))


class Network(nn.Module):
    """A convolution with a norm behind it, twice; `norm`, `conv` and `head` make them, and `change` is done last."""

    def __init__(
        self,
        norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
        conv: Callable[..., nn.Module] = nn.Conv2d,
        head: Callable[[int, int], nn.Module] = nn.Linear,
        change: Callable[[Any], object] = lambda network: None,
    ) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Sequential(conv(3, 8, 3, 2, 1), norm(8), nn.ReLU())
        self.second = nn.Sequential(conv(8, 12, 3, 2, 1), norm(12))
        self.head = head(12, 5)
        for part in self.modules():
            if isinstance(part, nn.BatchNorm2d):
                nn.init.uniform_(part.running_mean, -1, 1)
                nn.init.uniform_(part.running_var, 0.5, 2)
                nn.init.uniform_(part.weight, 0.5, 2)
                nn.init.uniform_(part.bias, -1, 1)
        change(self)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.second(self.first(x)).mean((2, 3)))


def _patched_norm(network: Network) -> None:
    norm = network.first[1]
    norm.forward = MethodType(lambda self, x: type(self).forward(self, x).tanh() * 2, norm)  # type: ignore[method-assign]


def _patched_conv(network: Network) -> None:
    conv = network.second[0]
    usual = conv.forward
    conv.forward = lambda x: usual(x).sigmoid()  # type: ignore[method-assign]


KINDS: dict[str, Callable[[], Network]] = {
    "norm and activation": lambda: Network(NormAndReLU),
    "only an activation": lambda: Network(OnlyActivation),
    "an act without a drop": lambda: Network(WithAct),
    "a third parameter": lambda: Network(ThirdParameter),
    "statistics of the image too": lambda: Network(OfEachImage),
    "masked weights": lambda: Network(conv=Masked),
    "low rank beside": lambda: Network(conv=LowRank),
    "standardised weights": lambda: Network(conv=Standardised),
    "a cosine head": lambda: Network(head=Scaled),
    "a norm patched": lambda: Network(change=_patched_norm),
    "a convolution patched": lambda: Network(change=_patched_conv),
    "all at once": lambda: Network(ThirdParameter, LowRank, Scaled),
}


@pytest.fixture(params=["torch", "openvino"])
def explainer(request: pytest.FixtureRequest) -> Iterator[Explainer]:
    if request.param == "torch":
        yield Explainer(device="cpu", engine="torch")
        return
    pytest.importorskip("openvino")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(traced, "Gate", lambda *given, **options: Gate(*given, convert=converted_here, **options))
        patch.setitem(engines.ENGINES, "auto", lambda device: TracedRunner(LocalRunner(device)))
        yield Explainer(device="cpu")


@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_is_the_modules_own(explainer: Explainer, kind: str) -> None:
    network = KINDS[kind]()
    explainer.add_model("it", network, transform=STEPS)
    explainer.warm_up("it", seconds=60)
    for seed in (0, 1):
        e = explainer.explain(noise(32, 32, seed), model="it", layer="first")
        kept: list[Tensor] = []
        hook = network.first.register_forward_hook(lambda _m, _i, output, kept=kept: kept.append(output))
        scores = network(explainer.inputs(e))
        hook.remove()
        probabilities = scores.detach().softmax(-1)[0]
        assert e.target.index == int(probabilities.argmax())
        for one in e.top:
            assert one.probability == pytest.approx(float(probabilities[one.index]), abs=1e-4)
        (slope,) = torch.autograd.grad(scores[0, e.target.index], kept[0])
        cam = (slope.mean((2, 3), keepdim=True) * kept[0]).sum(1)[0].detach().numpy()
        np.testing.assert_allclose(e.cam, cam, atol=1e-4 * np.abs(cam).max())
