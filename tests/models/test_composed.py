"""Weights that a file keeps in parts are what PyTorch makes of them, and no others are touched."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm

from gradcam_core import Explainer, ModelError
from gradcam_core.models.composed import Composed, composed
from gradcam_core.models.tensor_file import Stored

from ..helpers import noise

NETWORK, CLASSES = "test_resnet", 4
Change = Callable[[nn.Module], Any]
CHANGES: dict[str, Change] = {
    "weight norm": weight_norm,
    "weight norm, another axis": lambda layer: weight_norm(layer, dim=1),
    "weight norm of all at once": lambda layer: weight_norm(layer, dim=None),
    "weight norm as a parametrization": parametrizations.weight_norm,
    "spectral norm": spectral_norm,
    "spectral norm, another axis": lambda layer: spectral_norm(layer, dim=1),
    "spectral norm as a parametrization": parametrizations.spectral_norm,
    "pruned": lambda layer: prune.l1_unstructured(layer, "weight", 0.3),
    "pruned by channels, twice": lambda layer: prune.random_unstructured(
        prune.ln_structured(layer, "weight", 0.3, 2, 0), "weight", 0.2
    ),
}


def changed(change: Change) -> nn.Module:
    """A network whose convolutions and head keep their weights in parts, trained for a step."""
    torch.manual_seed(0)
    network = timm.create_model(NETWORK, num_classes=CLASSES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        for layer in list(network.modules()):
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                change(layer)
    step = torch.optim.SGD(network.parameters(), 0.1)
    network.train()(torch.randn(4, 3, 64, 64)).square().mean().backward()
    step.step()
    return network.eval()


@pytest.mark.parametrize("kind", CHANGES)
def test_weights_in_parts_are_put_together_as_pytorch_does(kind: str, tmp_path: Path) -> None:
    network = changed(CHANGES[kind])
    torch.save({"model": network.state_dict(prefix="module.")}, tmp_path / "it.pt")
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_checkpoint(tmp_path / "it.pt", f"timm/{NETWORK}", name="it")
    e = explainer.explain(noise(96, 96), model="it")
    with torch.no_grad():
        expected = network(explainer.inputs(e)).softmax(1)[0]
    assert {one.index: one.probability for one in e.top} == pytest.approx(dict(enumerate(expected.tolist())), abs=1e-5)
    assert any("weights in parts" in note for note in e.notes)


def held(values: Any) -> Any:
    class Held(Stored):
        def tensor(self) -> Tensor:
            return torch.as_tensor(values)

    return Held(torch.float32, tuple(np.shape(values)))


def test_by_hand() -> None:
    parts = {"a.weight_g": held([[2.0], [10.0]]), "a.weight_v": held([[3.0, 4.0], [0.0, 5.0]]), "a.bias": held([1.0])}
    whole = composed(parts, {"a.weight", "a.bias"})
    assert whole.keys() == {"a.weight", "a.bias"}
    assert whole["a.weight"].tensor().tolist() == pytest.approx(np.array([[1.2, 1.6], [0.0, 10.0]]))
    assert whole["a.bias"] is parts["a.bias"]
    masked = composed({"bias_orig": held([3.0, 5.0]), "bias_mask": held([0.0, 1.0])}, {"bias"})
    assert masked["bias"].tensor().tolist() == [0, 5]
    # the largest singular value of a diagonal matrix
    spread = {"weight_orig": held([[4.0, 0.0], [0.0, 2.0]]), "weight_u": held([1.0, 0.0]), "weight_v": held([1.0, 0.0])}
    assert composed(spread, {"weight"})["weight"].tensor().tolist() == [[1, 0], [0, 0.5]]


@pytest.mark.parametrize(
    "shapes",
    [
        {"a.weight_g": (2, 1), "a.weight_v": (3, 4)},
        {"a.weight_g": (2, 4), "a.weight_v": (2, 4)},
        {"a.weight_v": (2, 4)},
        {"a.weight_g": (2, 1), "a.weight_v": (2, 4), "a.weight": (2, 4)},
        {"a.weight_orig": (2, 4), "a.weight_u": (3,), "a.weight_v": (4,)},
        {"a.weight_orig": (0, 4), "a.weight_u": (0,), "a.weight_v": (4,)},
        {"a.weight_orig": (2, 4), "a.weight_mask": (2, 1)},
        {"a.parametrizations.weight.original": (2, 4), "a.parametrizations.weight.0._u": (2,)},
        {"_g": (2, 1), "_v": (2, 4)},
        {"parametrizations..original0": (2, 1), "parametrizations..original1": (2, 4)},
    ],
    ids=str,
)
def test_what_does_not_belong_together_stays(shapes: dict[str, tuple[int, ...]]) -> None:
    tensors = {name: Stored(torch.float32, shape) for name, shape in shapes.items()}
    assert composed(tensors, {"a.weight"}) == tensors


def test_parts_that_the_architecture_itself_has_stay() -> None:
    tensors = {name: Stored(torch.float32, (2, 1)) for name in ("head.weight_g", "head.weight_v")}
    assert composed(tensors, tensors.keys()) == tensors
    assert isinstance(composed(tensors, {"head.weight"})["head.weight"], Composed)


def test_names_without_end_are_looked_through_quickly() -> None:
    tensors = {f"{'a.' * 50_000}{number}_g": Stored(torch.float32, (2, 1)) for number in range(50)}
    assert composed(tensors, {"weight"}) == tensors


def test_a_part_that_is_no_number_is_named(tmp_path: Path) -> None:
    network = changed(weight_norm)
    state = network.state_dict()
    broken = next(name for name in state if name.endswith("weight_g"))
    state[broken] = torch.full_like(state[broken], torch.nan)
    torch.save(state, tmp_path / "it.pt")
    with pytest.raises(ModelError, match=broken.removesuffix("_g")):
        Explainer(device="cpu").add_checkpoint(tmp_path / "it.pt", f"timm/{NETWORK}")
