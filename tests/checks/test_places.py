"""What a place speaks for in networks that cannot be differentiated twice, by gradients of the test's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torchvision.ops import roi_align

from gradcam_core import Examiner, Explainer
from gradcam_core.reading.preprocess import Preprocessing

from ..helpers import PLAIN, SmallNetwork, noise

STEPS = Preprocessing(32, 32, "BOX", **PLAIN)


class Attention(SmallNetwork):
    """The kernel of which torch has no second derivative on a CPU."""

    def behind(self, x: Tensor) -> Tensor:
        tokens = x.flatten(2).mT[:, None]
        return functional.scaled_dot_product_attention(tokens, tokens, tokens)[:, 0].mT.view_as(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.pool(self.behind(self.last(self.middle(self.stem(x))))).flatten(1))


class Regions(Attention):
    def behind(self, x: Tensor) -> Tensor:
        box = torch.tensor([[0.0, 1.0, 1.0, 6.0, 7.0]]).to(x)
        return roi_align(x, box.expand(1, 5), 4) if len(x) == 1 else torch.cat([self.behind(one[None]) for one in x])


class Once(Attention):
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, slope: Tensor) -> Tensor:
            return slope * 3 * ctx.saved_tensors[0] ** 2

    def behind(self, x: Tensor) -> Tensor:
        return self.Cube.apply(x)


class Silent(Attention):
    """Loses its second derivative without a word."""

    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx: Any, slope: Tensor) -> Tensor:
            given = torch.from_numpy(slope.detach().numpy().copy())
            return given * 3 * ctx.saved_tensors[0] ** 2 + 0 * slope

    def behind(self, x: Tensor) -> Tensor:
        return x + self.Cube.apply(x)


@pytest.mark.parametrize("classes", [4, 60])
@pytest.mark.parametrize("kind", [Attention, Regions, Once, Silent, SmallNetwork])
def test_what_a_place_speaks_for(kind: type[SmallNetwork], classes: int) -> None:
    network = kind(classes)
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("it", network, transform=STEPS)
    e = explainer.explain(noise(32, 32), model="it", layer="last")
    # the middle of a cell of the map of 8 x 8
    row, column = 3, 5
    place = Examiner(explainer).ask_place(e, 4 * column + 2, 4 * row + 2)
    kept: list[Tensor] = []
    hook = network.last.register_forward_hook(lambda _m, _i, output: kept.append(output))
    scores = network(explainer.inputs(e))[0]
    hook.remove()
    expected = np.zeros(classes)
    for index in range(classes):
        (slope,) = torch.autograd.grad(scores[index], kept[0], retain_graph=True)
        expected[index] = float(((slope.mean((2, 3), keepdim=True) * kept[0]).sum(1))[0, row, column].detach())
    # the pixel lies half a pixel beside the middle of its cell: its neighbours have a small share
    ranked = np.argsort(-expected)
    found = {one.prediction.index: one.value for one in (*place.speaks_for, *place.speaks_against)}
    assert [one.prediction.index for one in place.speaks_for][:1] == [ranked[0]]
    assert [one.prediction.index for one in place.speaks_against][:1] == [ranked[-1]]
    # exactly as the map of each class says it there
    for index, value in found.items():
        cam = explainer.explain(noise(32, 32), model="it", layer="last", target=index).cam
        weights = np.outer(_weights(4 * row + 2), _weights(4 * column + 2))
        assert value == pytest.approx(float((weights * cam).sum()), rel=1e-3, abs=1e-7)


def _weights(pixel: int) -> np.ndarray[Any, Any]:
    """Of the 8 cells of 4 pixels, at the middle of a pixel: linear between the cells' middles."""
    position = (pixel + 0.5) / 4 - 0.5
    return np.maximum(0, 1 - np.abs(np.arange(8) - position))
