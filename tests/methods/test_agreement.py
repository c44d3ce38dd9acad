"""The same maps as other people's implementations, on many architectures with random weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import pytorch_grad_cam
import torch
import torchcam.methods
from captum.attr import LayerGradCam
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from gradcam_core import METHODS
from gradcam_core.canvases.project import normalise
from gradcam_core.engine.capture import run
from gradcam_core.engine.score import Score

from ..helpers import hook_count, random_network

# architecture, input size, a layer, a layer whose output the network overwrites in place
ARCHITECTURES = [
    ("alexnet", 96, "features.11", "features.10"),
    ("convnext_tiny", 64, "features.7", None),
    ("densenet121", 64, "features.denseblock4", "features.norm5"),
    ("efficientnet_b0", 96, "features.8", "features.8.1"),
    ("googlenet", 96, "inception5b", "inception4e.branch1.bn"),
    ("mobilenet_v3_large", 96, "features.16", "features.16.1"),
    ("regnet_y_400mf", 96, "trunk_output.block4", "trunk_output.block4.block4-0.f.b.1"),
    ("resnet50", 96, "layer4", "layer4.2.bn3"),
    ("shufflenet_v2_x0_5", 96, "conv5", "conv5.1"),
    ("squeezenet1_1", 96, "features.12", "features.12.expand3x3"),
    ("vgg16", 64, "features.29", "features.28"),
]


@dataclass(frozen=True)
class Case:
    """A network, what it is shown, its layers that return maps, and two that are asked about."""

    network: nn.Module
    inputs: torch.Tensor
    layers: tuple[str, ...]
    layer: str
    overwritten: str | None

    def gradcam(self, layer: str, *targets: int) -> list[np.ndarray[Any, Any]]:
        """As the app does it: parameters frozen, all layers that it may offer captured at once, for any classes."""
        self.network.requires_grad_(False)
        try:
            capture = run(self.network, self.inputs, {name: self.network.get_submodule(name) for name in self.layers})
        finally:
            self.network.requires_grad_(True)
        activations = capture.activations(layer)
        gradients = (capture.gradient(layer, Score.logit(target)) for target in targets)
        return [METHODS["gradcam"].function(activations, gradient).numpy() for gradient in gradients]


@pytest.fixture(scope="module", params=ARCHITECTURES, ids=lambda row: row[0])
def case(request: pytest.FixtureRequest) -> Case:
    name, size, layer, overwritten = request.param
    network = random_network(name, size)
    inputs = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(2))
    return Case(network, inputs, with_maps(network, inputs), layer, overwritten)


def with_maps(network: nn.Module, inputs: torch.Tensor) -> tuple[str, ...]:
    """The modules that return a map of several places: the app offers some of them, once it has tried them out."""
    found: list[nn.Module] = []

    def see(module: nn.Module, _: object, output: torch.Tensor) -> None:
        if output.ndim == 4 and min(output.shape[2:]) > 1:
            found.append(module)

    names = {module: name for name, module in network.named_modules() if name}
    hooks = [module.register_forward_hook(see) for module in names]
    with torch.no_grad():
        network(inputs)
    for hook in hooks:
        hook.remove()
    return tuple(names[module] for module in dict.fromkeys(found))


@pytest.mark.parametrize("target", [3, 700])
def test_gradcam_equals_captum(case: Case, target: int) -> None:
    network, inputs = case.network, case.inputs
    for layer in filter(None, (case.layer, case.overwritten)):
        captum = LayerGradCam(network, network.get_submodule(layer))
        expected = captum.attribute(inputs, target=target, relu_attributions=False).detach().numpy()[0, 0]
        (found,) = case.gradcam(layer, target)
        assert found.shape == expected.shape
        assert min(found.shape) >= 2
        assert np.ptp(expected) > 0
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
        assert hook_count(network) == 0


def test_gradcam_equals_torchcam(case: Case) -> None:
    """torchcam takes the ReLU and keeps no copy of a layer that is overwritten, so only the others are compared."""
    # a class that something speaks for
    target, found = next(one for one in enumerate(case.gradcam(case.layer, *range(20))) if one[1].max() > 0)
    with torchcam.methods.GradCAM(case.network, case.layer) as extractor:
        scores = case.network(case.inputs.clone().requires_grad_())
        (expected,) = extractor(target, scores, normalized=False)
    expected = expected.detach().numpy()[0]
    np.testing.assert_allclose(np.maximum(found, 0), expected, rtol=0, atol=1e-5 * expected.max())
    np.testing.assert_allclose(normalise(found), expected / expected.max(), rtol=0, atol=1e-5)


class Louder(nn.Module):
    """Scores times a million: grad-cam adds 1e-6 to denominators that are squares of gradients."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.network(x) * 1e6


# of each a layer with something left to run behind it
DOUBLE = [
    ("resnet18", "layer2"),
    ("resnet18", "layer4"),
    ("alexnet", "features.10"),
    ("squeezenet1_1", "features.7"),
    ("shufflenet_v2_x0_5", "stage2"),
    ("mnasnet0_5", "layers.16"),
    ("regnet_x_400mf", "trunk_output.block3"),
]


@pytest.fixture(scope="module", params=DOUBLE, ids="-".join)
def double(request: pytest.FixtureRequest) -> tuple[nn.Module, torch.Tensor, nn.Module]:
    name, layer = request.param
    network = random_network(name, 96).double()
    for module in network.modules():
        if isinstance(module, (nn.ReLU, nn.ReLU6)):
            # grad-cam and torchcam keep no copy of what is overwritten
            module.inplace = False
    inputs = torch.randn(1, 3, 96, 96, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    return Louder(network), inputs, network.get_submodule(layer)


# torchcam's GradCAMpp does not divide by its denominator, and it has no HiResCAM: grad-cam alone
PEERS = {
    "gradcam": pytorch_grad_cam.GradCAM,
    "gradcam++": pytorch_grad_cam.GradCAMPlusPlus,
    "hirescam": pytorch_grad_cam.HiResCAM,
    "xgradcam": pytorch_grad_cam.XGradCAM,
    "layercam": pytorch_grad_cam.LayerCAM,
}


@pytest.mark.parametrize("key", PEERS)
def test_every_method_equals_the_grad_cam_package(key: str, double: Any) -> None:
    network, inputs, module = double
    targets = [ClassifierOutputTarget(5)]
    with PEERS[key](model=network, target_layers=[module]) as peer:
        peer(input_tensor=inputs, targets=targets)
        kept = peer.activations_and_grads
        activations, gradients = kept.activations[0].numpy(), kept.gradients[0].numpy()
        expected = peer.get_cam_image(inputs, module, targets, activations, gradients, False)[0]
    network.zero_grad()
    capture = run(network, inputs, {"layer": module})
    np.testing.assert_allclose(capture.activations("layer"), activations[0], rtol=1e-12)
    found = METHODS[key].function(capture.activations("layer"), capture.gradient("layer", Score.logit(5))).numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize(("key", "peer"), [("xgradcam", "XGradCAM"), ("layercam", "LayerCAM")])
def test_methods_equal_torchcam(key: str, peer: str, double: Any) -> None:
    network, inputs, module = double
    capture = run(network, inputs, {"layer": module})
    gradients = ((target, capture.gradient("layer", Score.logit(target))) for target in range(20))
    maps = ((t, METHODS[key].function(capture.activations("layer"), g).numpy()) for t, g in gradients)
    target, found = next(one for one in maps if one[1].max() > 0)
    with getattr(torchcam.methods, peer)(network, module) as extractor:
        (expected,) = extractor(target, network(inputs), normalized=False)
    expected = expected.detach().numpy()[0]
    np.testing.assert_allclose(np.maximum(found, 0), expected, rtol=0, atol=1e-5 * expected.max())
