"""Networks that cannot be explained as they are: a sentence says what stands in the way, and what helps."""

from __future__ import annotations

import copy
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gradcam_core import Explainer, ModelError, Wording

from ..helpers import noise


class Hidden(nn.Module):
    """Its second convolution stands where PyTorch does not see it: in whatever `keep` makes of it."""

    def __init__(self, keep: str, *, used: bool = True) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, 8, 3, 2, 1)
        second = nn.Sequential(nn.Conv2d(8, 8, 3, 1, 1), nn.BatchNorm2d(8))
        self.kept = {
            "list": [second],
            "dict": {"it": second},
            "nested": [("name", [second])],
            "closure": partial(nn.Sequential.__call__, second),
            "registered": nn.ModuleList([second]),
        }[keep]
        self.keep = keep
        self.used = used
        self.head = nn.Linear(8, 3)
        self.eval()

    def hidden(self) -> nn.Module:
        kept = self.kept
        while not isinstance(kept, nn.Sequential) and self.keep != "closure":
            kept = kept["it"] if isinstance(kept, dict) else kept[-1]
        return kept

    def forward(self, x: Tensor) -> Tensor:
        maps = self.first(x).relu()
        return self.head((self.hidden()(maps) if self.used else maps).mean((2, 3)))


@pytest.mark.parametrize("keep", ["list", "dict", "nested", "closure"])
def test_layers_that_are_not_registered_are_refused_where_they_run(keep: str) -> None:
    explainer = Explainer(device="cpu", engine="torch")
    with pytest.raises(
        ModelError, match=r"Hidden runs layers that are not registered with it \((Conv2d|BatchNorm2d)\)"
    ):
        explainer.add_model("it", Hidden(keep), input_size=32)
    assert "it" not in [model.name for model in explainer.models()]


@pytest.mark.parametrize("keep", ["list", "dict", "nested", "closure", "registered"])
def test_what_is_registered_or_does_not_run_is_taken(keep: str) -> None:
    network = Hidden(keep, used=keep == "registered")
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("it", network, input_size=32)
    e = explainer.explain(noise(32, 32), model="it")
    with torch.no_grad():
        expected = network(explainer.inputs(e)).softmax(1)[0]
    assert {one.index: one.probability for one in e.top} == pytest.approx(dict(enumerate(expected.tolist())), abs=1e-5)


def test_norms_that_are_made_in_each_pass_are_taken() -> None:
    class Fresh(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.maps = nn.Conv2d(3, 8, 3, 2, 1)
            self.head = nn.Linear(8, 3)

        def forward(self, x: Tensor) -> Tensor:
            maps = self.maps(x)
            return self.head(nn.LayerNorm(maps.shape[1:])(maps).relu().mean((2, 3)))

    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("it", Fresh().eval(), input_size=32)
    assert np.nanmax(explainer.explain(noise(32, 32), model="it").heatmap) > 0


def test_layers_that_are_not_registered_are_refused_beside_words_too() -> None:
    class Asked(Hidden):
        def forward(self, x: Tensor, words: Tensor) -> Tensor:  # type: ignore[override]
            return super().forward(x) + words.sum(1, keepdim=True) * 0

    words = Wording.of(["<odd>", "is", "it"], unknown=0, limit=6)
    with pytest.raises(ModelError, match="Asked runs layers that are not registered"):
        Explainer(device="cpu").add_model("it", Asked("list"), task="answer", words=words, input_size=32)


def test_weights_of_inference_mode_are_refused_and_a_copy_is_taken() -> None:
    with torch.inference_mode():
        network = Hidden("registered")
    explainer = Explainer(device="cpu", engine="torch")
    with pytest.raises(ModelError, match=r"'first\.weight', .*add copy\.deepcopy\(module\)"):
        explainer.add_model("it", network, input_size=32)
    explainer.add_model("it", copy.deepcopy(network), input_size=32)
    assert explainer.explain(noise(32, 32), model="it").heatmap.any()
