"""Modules that run several times: each call that shows places is a layer, and its map is that call's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gradcam_core import Examiner, Explainer, LayerError
from gradcam_core.engine.calls import Calls, module_name, module_of
from gradcam_core.engine.runner import LocalRunner
from gradcam_core.engine.score import Score
from gradcam_core.engine.traced import TracedRunner
from gradcam_core.reading.preprocess import Preprocessing

from ..helpers import noise
from .networks import gate_here

PLAIN = Preprocessing(32, 32, "BOX", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


class Tutorial(nn.Module):
    """One rectifier for all: behind a convolution, behind a pooling, and behind a fully connected layer."""

    CALLS = ("relu#1", "relu#2")

    def __init__(self, *, inplace: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 8, 5)
        self.pool, self.relu = nn.MaxPool2d(2), nn.ReLU(inplace=inplace)
        self.hidden, self.head = nn.Linear(8 * 25, 16), nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.relu(self.first(x)))
        x = self.relu(self.pool(self.second(x)))
        return self.head(self.relu(self.hidden(x.flatten(1))))


class Squeeze(nn.Module):
    """Squeeze and excitation by hand: the rectifier of the maps is that of the squeezed numbers, too."""

    CALLS = ("relu#1", "relu#3")

    def __init__(self, *, inplace: bool = False) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.first, self.second = nn.Conv2d(3, 6, 3, 2, 1), nn.Conv2d(6, 8, 3, 2, 1)
        self.down, self.up = nn.Conv2d(6, 3, 1), nn.Conv2d(3, 6, 1)
        self.relu, self.squeeze = nn.ReLU(inplace=inplace), nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.first(x))
        x = x * self.up(self.relu(self.down(self.squeeze(x)))).sigmoid()
        return self.head(self.squeeze(self.relu(self.second(x))).flatten(1))


class Again(nn.Module):
    """A convolution that is run on its own output, between two rectifiers without a module."""

    CALLS = ("same#1", "same#2")

    def __init__(self, *, inplace: bool = False) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.first, self.same = nn.Conv2d(3, 6, 3, 2, 1), nn.Conv2d(6, 6, 3, 2, 1)
        self.head = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(2):
            x = self.same(self.first(x) if x.shape[1] == 3 else x).relu()
        return self.head(x.mean((2, 3)))


KINDS: list[type[Any]] = [Tutorial, Squeeze, Again]


def truth(network: nn.Module, inputs: Tensor, layer: str, target: int) -> NDArray[np.float32]:
    """Grad-CAM at one call, by a hook that counts and torch's own gradient."""
    name, _, number = layer.partition("#")
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        kept.append(output)
        return output.clone()

    handle = network.get_submodule(name).register_forward_hook(keep)
    scores = network(inputs.clone().requires_grad_())
    handle.remove()
    values = kept[int(number) - 1]
    (slope,) = torch.autograd.grad(scores[0, target], values)
    return (slope.mean((2, 3), keepdim=True) * values).sum(1)[0].detach().numpy()


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_each_call_with_places_is_offered_and_has_its_own_map(kind: type[Any], inplace: bool) -> None:
    explainer, network, image = Explainer(device="cpu", engine="torch"), kind(inplace=inplace), noise(32, 32)
    explainer.add_model("mine", network, transform=PLAIN)
    offered = [layer.name for layer in explainer.layers("mine")]
    assert [name for name in offered if "#" in name] == list(kind.CALLS)
    for layer in kind.CALLS:
        e = explainer.explain(image, model="mine", layer=layer, target=2)
        expected = truth(network, explainer.inputs(e), layer, 2)
        np.testing.assert_allclose(e.cam, expected, rtol=1e-4, atol=1e-7)
        assert e.layer == layer
    # the plain name is the last call that shows places
    e = explainer.explain(image, model="mine", layer=module_name(kind.CALLS[-1]), target=2)
    assert e.layer == kind.CALLS[-1]
    assert explainer.explain(image, model="mine").layer in offered


@pytest.mark.parametrize("kind", KINDS)
def test_a_channel_is_switched_off_in_that_call_alone(kind: type[Any]) -> None:
    explainer, network, image = Explainer(device="cpu", engine="torch"), kind(), noise(32, 32)
    explainer.add_model("mine", network, transform=PLAIN)
    layer = kind.CALLS[0]
    e = explainer.explain(image, model="mine", layer=layer, target=1, method="ablationcam")
    inputs = explainer.inputs(e)

    def score(off: int | None) -> float:
        runs: list[None] = []

        def switch(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor | None:
            runs.append(None)
            if len(runs) > 1:
                return None
            kept.append(output.clone())
            changed = output.clone()
            if off is not None:
                changed[:, off] = 0
            return changed

        handle = network.get_submodule(module_name(layer)).register_forward_hook(switch)
        with torch.no_grad():
            found = float(network(inputs)[0, 1])
        handle.remove()
        return found

    kept: list[Tensor] = []
    whole = score(None)
    weights = torch.tensor([(whole - score(off)) / abs(whole) for off in range(kept[0].shape[1])])
    expected = (weights[:, None, None] * kept[0][0]).sum(0).numpy()
    np.testing.assert_allclose(e.cam, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_engine_knows_the_calls(kind: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("mine", kind(), transform=PLAIN)
    model = explainer.load("mine")
    given = {"image": torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(5))}
    monkeypatch.setattr("gradcam_core.engine.traced.Gate", gate_here)
    runner = TracedRunner(LocalRunner(torch.device("cpu")))
    plain = runner.capture(model, given, model.offered)
    assert runner.decide(model, given).engine == "openvino"
    found = runner.capture(model, given, model.offered)
    assert (plain.engine, found.engine) == ("torch", "openvino")
    for layer in kind.CALLS:
        torch.testing.assert_close(found.activations(layer), plain.activations(layer), rtol=1e-4, atol=1e-5)
        slopes = (one.gradient(layer, Score.logit(1)) for one in (found, plain))
        torch.testing.assert_close(*slopes, rtol=1e-4, atol=1e-6)


def test_calls_that_are_not_there() -> None:
    explainer, image = Explainer(device="cpu", engine="torch"), noise(32, 32)
    explainer.add_model("mine", Tutorial(), transform=PLAIN)
    for layer in ("relu#0", "relu#3", "relu#9", "nothing#1", "#1"):
        with pytest.raises(LayerError, match=f"`layer` '{layer}' is not a module"):
            explainer.explain(image, model="mine", layer=layer)


def test_the_sanity_check_goes_through_calls() -> None:
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("mine", Tutorial(), transform=PLAIN)
    found = Examiner(explainer).sanity(explainer.explain(noise(32, 32), model="mine"))
    assert [stage.layer for stage in found.stages] == ["relu#2", "second", "relu#1", None]


def test_names_of_calls() -> None:
    network = Tutorial()
    assert module_of(network, "relu#2") is module_of(network, "relu") is network.relu
    assert [module_name(name) for name in ("a.b", "a.b#12", "a#b", "#", "a#0")] == ["a.b", "a.b", "a#b", "#", "a#0"]
    calls = Calls({"relu#2": network.relu, "first": network.first})
    told = [calls.of(module) for module in (network.relu, network.first, network.relu, network.first, network.relu)]
    assert told == [None, "first", "relu#2", "first", None]
