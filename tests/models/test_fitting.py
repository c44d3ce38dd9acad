"""Weights are found wherever training scripts put them, and where they cannot fit it is said what differs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import get_model

from gradcam_core import ModelError
from gradcam_core.languages import say
from gradcam_core.models import find_architecture
from gradcam_core.models.fitting import REFERENCE_CLASSES, fitting, without_memory
from gradcam_core.models.tensor_file import Stored

RESNET = find_architecture("resnet18")
Shapes = dict[str, tuple[int, ...]]


@pytest.fixture(scope="module")
def outline() -> nn.Module:
    return without_memory(RESNET, REFERENCE_CLASSES, 224)


@pytest.fixture(scope="module")
def own() -> Shapes:
    """What a ResNet-18 of five classes holds."""
    with torch.device("meta"):
        network = get_model("resnet18", weights=None, num_classes=5)
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def stored(shapes: Any) -> Any:
    """The same with a description in the place of each shape."""
    if isinstance(shapes, dict):
        return {name: stored(value) for name, value in shapes.items()}
    return Stored(torch.float32, shapes) if isinstance(shapes, tuple) else shapes


def below(prefix: str, shapes: Shapes) -> Shapes:
    return {prefix + name: shape for name, shape in shapes.items()}


FILES: dict[str, Callable[[Shapes], Any]] = {
    "Lightning with what its training needs": lambda own: {
        "state_dict": {**below("model.", own), "criterion.weight": (5,), "val_acc.confmat": (5, 5)}
    },
    "training parts beside the weights": lambda own: {**own, "criterion.weight": (5,), "train_metrics.total": ()},
    "an average beside the weights": lambda own: {**below("model.", own), **below("ema.", own)},
    "an average beside bare weights": lambda own: {**own, **below("ema.module.", own), "ema.n_averaged": ()},
    "a prefix that nobody knows": lambda own: below("the.net_of_mine.", own),
    "an encoder with a projection behind": lambda own: {**below("encoder.", own), "projection.weight": (128, 512)},
    "a student and its queue": lambda own: {**below("student.", own), "queue": (128, 65536)},
    "params": lambda own: {"params": own},
    "a key that nobody knows": lambda own: {"epoch": 3, "my_run": {"of my run": own}, "optimizer": {"state": {}}},
    "moments of an optimizer": lambda own: {
        "optimizer": {"state": {0: {"exp_avg": (64, 3, 7, 7), "step": ()}}},
        "net_state_dict": own,
    },
    "dropout in front of the head": lambda own: {
        name.replace("fc.", "fc.1."): shape for name, shape in own.items()
    },
    "layers in wrappers of their own": lambda own: {
        name.replace("layer1.", "layer1._fsdp_wrapped_module._checkpoint_wrapped_module."): shape
        for name, shape in own.items()
    },
    "an endless prefix": lambda own: {**below("module." * 100, own)},
}  # fmt: skip


@pytest.mark.parametrize("file", FILES)
def test_weights_are_found(file: str, own: Shapes, outline: nn.Module) -> None:
    found = fitting(stored(FILES[file](own)), RESNET, outline, 224)
    assert found.classes == 5
    assert {name: tensor.shape for name, tensor in found.tensors.items()} == own


def test_of_two_copies_the_averaged_one_is_taken(own: Shapes, outline: nn.Module) -> None:
    plain, averaged = stored(below("model.", own)), stored(below("ema_model.module.", own))
    for content in ({**plain, **averaged}, {**averaged, **plain}, {"a": plain, "model_ema": averaged}):
        found = fitting(content, RESNET, outline, 224)
        assert found.tensors["conv1.weight"] is averaged["ema_model.module.conv1.weight"]
        assert "2 sets of weights that fit: those under" in say(found.remarks[0])


def test_it_is_said_which_of_two_networks_was_taken(own: Shapes, outline: nn.Module) -> None:
    content = stored({**below("student.", own), **below("teacher.", own)})
    (said,) = map(say, fitting(content, RESNET, outline, 224).remarks)
    assert "those under 'teacher' are used, not those under 'student'" in said
    bare = stored({**own, **below("ema.", own)})
    (said,) = map(say, fitting(bare, RESNET, outline, 224).remarks)
    assert "those under 'ema' are used, not those at its top" in said
    assert not fitting(stored(below("student.", own)), RESNET, outline, 224).remarks


@pytest.mark.parametrize("prefix", ["", "backbone."])
@pytest.mark.parametrize("head", ["classifier", "head.1", "fc2"])
def test_a_head_that_stands_apart_is_taken_where_it_is_the_only_one(
    prefix: str, head: str, own: Shapes, outline: nn.Module
) -> None:
    apart = {f"{head}.weight": (5, 512), f"{head}.bias": (5,)}
    found = fitting(stored({**below(prefix, headless(own)), **apart}), RESNET, outline, 224)
    assert found.classes == 5
    assert {name: tensor.shape for name, tensor in found.tensors.items()} == own
    assert f"taken from {head!r}" in say(found.remarks[0])
    # with another layer beside it nobody knows what stands in front of what
    for more in ({"neck.weight": (512, 512)}, {f"{head}.running_mean": (5,)}, {"other.weight": (7, 512)}):
        with pytest.raises(ModelError, match=r"'fc\.weight'"):
            fitting(stored({**below(prefix, headless(own)), **apart, **more}), RESNET, outline, 224)


def changed(name: str, shape: tuple[int, ...]) -> Callable[[Shapes], Shapes]:
    return lambda own: {**own, name: shape}


def headless(own: Shapes) -> Shapes:
    return {name: shape for name, shape in own.items() if not name.startswith("fc.")}


UNFIT: dict[str, tuple[Callable[[Shapes], Any], str]] = {
    "grey images": (changed("conv1.weight", (64, 1, 7, 7)), "takes 1 channel, and photographs have 3: build"),
    "four bands": (changed("conv1.weight", (64, 4, 7, 7)), "takes 4 channels, and photographs have 3: build"),
    "a head of two layers": (
        lambda own: {**headless(own), "fc.0.weight": (64, 512), "fc.3.weight": (5, 64), "fc.3.bias": (5,)},
        "Its head has 2 layers ('fc.0.weight', 'fc.3.weight'), and the file does not say what stands between",
    ),
    "a deeper network of the same kind": (
        lambda own: {**own, **{f"layer1.2.{name}": (64,) for name in ("bn1.weight", "bn1.bias")}},
        "2 are not known there ('layer1.2.bn1.weight', 'layer1.2.bn1.bias')",
    ),
    "no head": (headless, "2 tensors are missing ('fc.weight' (1000, 512), 'fc.bias' (1000,))"),
}  # fmt: skip


@pytest.mark.parametrize("file", UNFIT)
def test_what_does_not_fit_is_named(file: str, own: Shapes, outline: nn.Module) -> None:
    make, words = UNFIT[file]
    with pytest.raises(ModelError) as caught:
        fitting(stored(make(own)), RESNET, outline, 224)
    assert words in str(caught.value)


def test_time_grows_with_the_file_alone(outline: nn.Module) -> None:
    def seconds(content: dict[str, Any]) -> float:
        start = time.process_time()
        with pytest.raises(ModelError):
            fitting(content, RESNET, outline, 224)
        return time.process_time() - start

    one = Stored(torch.float32, (64, 3, 7, 7))
    few = seconds({f"module.layer{index}.conv1.weight": one for index in range(2_000)})
    many = seconds({f"module.layer{index}.conv1.weight": one for index in range(40_000)})
    # twenty times as many; a square would be four hundred
    assert many < 100 * max(few, 0.05)
    assert seconds({"module." * 100_000 + "conv1.weight": one}) < 100 * max(few, 0.05)


def test_what_looks_at_values_while_it_is_built_takes_no_memory_either() -> None:
    network = without_memory(find_architecture("regnet_y_128gf"), 1000, 224)
    assert sum(tensor.numel() for tensor in network.parameters()) > 600_000_000
    assert all(tensor.is_meta for tensor in network.parameters())


def test_the_tests_own_description_of_a_tensor_has_no_values() -> None:
    with pytest.raises(ValueError, match="a tensor that is"):
        Tensor.sum(Stored(torch.float32, (1,)).tensor())
