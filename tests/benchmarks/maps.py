"""Maps from a ready input: this project's capture against the peers, in forward passes of the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from gradcam_core.engine.capture import Capture
from gradcam_core.engine.engines import ENGINES
from gradcam_core.engine.runner import Runner
from gradcam_core.engine.score import Score
from gradcam_core.engine.traced import TracedCapture
from gradcam_core.methods import METHODS
from gradcam_core.models import MODELS, LoadedModel
from gradcam_core.models.base import load
from gradcam_core.models.torchvision_source import SHOWN_FIRST

from .timing import Row, interleaved, ratio

FIRST = "first explanation of an image"
CLASS = "another class, same image"
SIGN = "counterfactual on or off"
TEN = "top-5 classes, for and against: ten maps"
LAYERS = "every offered layer, one class"
REACH = {FIRST: 1.10, CLASS: 0.05, SIGN: 0.01, TEN: 1.5, LAYERS: 1.5}
REACH_OF = {
    ("efficientnet_lite0", FIRST): 0.42,
    ("resnet50", FIRST): 0.62,
    # another class costs VGG-16 its large linear layers
    ("vgg16", CLASS): 0.20,
}
FIVE = (1, 2, 3, 4, 5)
OURS = "this project"
WAIT_SECONDS = 600.0
Work = Callable[[], object]
gradcam = METHODS["gradcam"].function


def random_weights(name: str) -> nn.Module:
    from torchvision.models import get_model

    torch.manual_seed(0)
    return get_model(name, weights=None)


def loaded(name: str) -> LoadedModel:
    """The model as the app loads it; torchvision's with random weights, so that nothing is downloaded."""
    spec = MODELS[name]
    if name in SHOWN_FIRST:
        spec = replace(spec, build=partial(random_weights, name))
    return load(spec, torch.device("cpu"))


def plain(name: str) -> nn.Module:
    """The same network as its authors made it, as users of the peers have it."""
    return (random_weights(name) if name in SHOWN_FIRST else MODELS[name].build()).eval()


def runner_of(engine: str) -> Runner:
    """What runs networks where `Explainer` is told so."""
    return ENGINES[engine](torch.device("cpu"))


def ours(model: LoadedModel, inputs: Tensor, runner: Runner) -> dict[str, Work]:
    """The core's own steps, as `Explainer` takes them; the maps end on the host."""
    layer, given = model.default.name, {"image": inputs}
    capture_all = partial(runner.capture, model, given, model.offered)
    capture_all()
    runner.decide(model, given)
    held = capture_all()
    held.gradients_at(list(model.offered), Score.logit(1))
    if isinstance(held, TracedCapture):
        # the way back is compiled when it is first wanted
        held.graph.wait(WAIT_SECONDS)
    known = held.gradient(layer, Score.logit(1))

    def show(capture: Capture, at: str, gradients: Tensor) -> object:
        return gradcam(capture.activations(at), gradients).cpu().numpy()

    def first() -> object:
        capture = capture_all()
        top = int(capture.logits.detach().softmax(-1).argmax())
        return show(capture, layer, capture.gradient(layer, Score.logit(top)))

    def ten() -> object:
        capture = capture_all()
        found = [capture.gradient(layer, Score.logit(target)) for target in FIVE]
        return [show(capture, layer, sign * gradients) for gradients in found for sign in (1, -1)]

    def layers() -> object:
        capture = capture_all()
        return [
            show(capture, at, found) for at, found in capture.gradients_at(list(model.offered), Score.logit(1)).items()
        ]

    return {
        FIRST: first,
        CLASS: lambda: show(held, layer, held.gradient(layer, Score.logit(2))),
        SIGN: lambda: show(held, layer, -known),
        TEN: ten,
        LAYERS: layers,
    }


def torchcam(network: nn.Module, model: LoadedModel, inputs: Tensor) -> dict[str, Work]:
    """torchcam at its best: one forward pass, its graph kept for all classes; all layers at once."""
    from torchcam.methods import GradCAM

    def maps(layers: list[str], scores_wanted: list[tuple[int, int]]) -> object:
        with GradCAM(network, target_layer=layers) as extractor:
            scores = network(inputs)
            return [extractor(target, sign * scores, retain_graph=True) for target, sign in scores_wanted]

    one = [model.default.name]
    return {
        FIRST: lambda: maps(one, [(1, 1)]),
        CLASS: lambda: maps(one, [(2, 1)]),
        SIGN: lambda: maps(one, [(1, -1)]),
        TEN: lambda: maps(one, [(target, sign) for target in FIVE for sign in (1, -1)]),
        LAYERS: lambda: maps(list(model.offered), [(1, 1)]),
    }


def grad_cam(network: nn.Module, model: LoadedModel, inputs: Tensor) -> dict[str, Work]:
    """pytorch-grad-cam: a call a map; several layers in one call would be averaged."""
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    class Negative(ClassifierOutputTarget):
        def __call__(self, output: Any) -> Any:
            return -super().__call__(output)

    def maps(layer: str, targets: list[Any]) -> object:
        with GradCAM(network, [network.get_submodule(layer)]) as extractor:
            return [extractor(inputs, targets=[target]) for target in targets]

    at = model.default.name
    return {
        FIRST: lambda: maps(at, [ClassifierOutputTarget(1)]),
        CLASS: lambda: maps(at, [ClassifierOutputTarget(2)]),
        SIGN: lambda: maps(at, [Negative(1)]),
        TEN: lambda: maps(at, [kind(target) for target in FIVE for kind in (ClassifierOutputTarget, Negative)]),
        LAYERS: lambda: [maps(layer, [ClassifierOutputTarget(1)]) for layer in model.offered],
    }


def captum(network: nn.Module, model: LoadedModel, inputs: Tensor) -> dict[str, Work]:
    """captum: a call a class and layer; its maps are signed, so that "against" is a minus sign."""
    from captum.attr import LayerGradCam

    def attribute(layer: str, target: int) -> Any:
        return LayerGradCam(network, network.get_submodule(layer)).attribute(inputs, target=target)

    at = model.default.name
    held = attribute(at, 1)
    return {
        FIRST: lambda: attribute(at, 1),
        CLASS: lambda: attribute(at, 2),
        SIGN: lambda: -held,
        TEN: lambda: [(found, -found) for target in FIVE for found in [attribute(at, target)]],
        LAYERS: lambda: [attribute(layer, 1) for layer in model.offered],
    }


PEERS = {"torchcam": torchcam, "grad-cam": grad_cam, "captum": captum}


def measure(name: str, rounds: int, clock: Callable[[], float], engine: str = "auto") -> list[Row]:
    """The rows of one model; a peer that is not installed or fails gets a row that says so."""
    model, network = loaded(name), plain(name)
    inputs = torch.randn(model.preprocessing.input_shape, generator=torch.Generator().manual_seed(0))

    def forward() -> object:
        with torch.inference_mode():
            return network(inputs)

    does = {OURS: ours(model, inputs, runner_of(engine))}
    failed: dict[str, str] = {}
    for peer, make in PEERS.items():
        try:
            does[peer] = make(network, model, inputs)
            does[peer][FIRST]()
        except Exception as error:
            does.pop(peer, None)
            failed[peer] = f"failed: {type(error).__name__}" if not isinstance(error, ImportError) else "not installed"
    rows = []
    for work, usual in REACH.items():
        timed = interleaved({"forward": forward, **{who: done[work] for who, done in does.items()}}, rounds, clock)
        for who in (OURS, *PEERS):
            if who in failed:
                rows.append(Row(work, name, who, None, note=failed[who]))
                continue
            low, middle, high = ratio(timed[who], timed["forward"])
            reach = REACH_OF.get((name, work), usual) if who == OURS else None
            rows.append(Row(work, name, who, middle, low, high, reach=reach))
    return rows
