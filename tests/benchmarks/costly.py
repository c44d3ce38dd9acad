"""Score-CAM and Ablation-CAM, which run the network for every channel: time against the peers for the same map.

    python -m tests.benchmarks.costly [--model efficientnet_lite0] [--layers bn2] [--rounds 3] [--clock cpu]
        [--threads 1]

Interleaved in one run, each peer with its own default batch; captum, whose default is one input a pass, with 16.
The figures are shares of the fastest peer's time. Embedded models look at scikit-image's cat; torchvision's have
random weights and look at noise. Before that, the milliseconds that an input takes in chunks of 1 to 32. `off` is
the largest difference to the peer's map, of the map's maximum: where the peers upsample otherwise than the paper
(see `scorecam`) it is not small.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gradcam_core.engine.capture import run
from gradcam_core.engine.engines import ENGINES
from gradcam_core.engine.inputs import named
from gradcam_core.engine.replay import Replay
from gradcam_core.engine.runner import Runner
from gradcam_core.engine.score import Score
from gradcam_core.methods import METHODS
from gradcam_core.models import LoadedModel
from gradcam_core.models.torchvision_source import SHOWN_FIRST
from gradcam_core.request import AUTO

from .maps import OURS, loaded, plain, runner_of
from .timing import CLOCKS, Row, interleaved, ratio, table

Work = Callable[[], Any]
BATCH = 16


def ours(key: str, network: nn.Module, layer: nn.Module, inputs: Tensor, target: int) -> Work:
    """From the input to the map, the forward pass included, as the peers are measured."""

    def ask() -> Any:
        capture = run(network, inputs, {"layer": layer})
        rerun = Replay(network, named(inputs), layer, Score.logit(target), capture.logits)
        return METHODS[key].function(capture.activations("layer"), rerun)

    return ask


def by_runner(key: str, runner: Runner, model: LoadedModel, layer: str, inputs: Tensor, target: int) -> Work:
    """The same as `Explainer` does it, on whatever runs the model."""
    given = {"image": inputs}
    runner.capture(model, given, model.offered)
    runner.decide(model, given)

    def ask() -> Any:
        capture = runner.capture(model, given, model.offered)
        rerun = runner.replay(model, given, layer, Score.logit(target), capture)
        return METHODS[key].function(capture.activations(layer), rerun)

    return ask


def torchcam_scorecam(network: nn.Module, layer: nn.Module, inputs: Tensor, target: int) -> Work:
    from torchcam.methods import ScoreCAM

    def ask() -> Any:
        with ScoreCAM(network, target_layer=layer) as extractor, torch.inference_mode():
            network(inputs)
            return extractor(class_idx=target, normalized=False)[0][0]

    return ask


def _grad_cam(kind: str, network: nn.Module, layer: nn.Module, inputs: Tensor, target: int) -> Work:
    import pytorch_grad_cam
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    def ask() -> Any:
        with getattr(pytorch_grad_cam, kind)(network, [layer]) as extractor:
            extractor.activations_and_grads(inputs)
            activations = extractor.activations_and_grads.activations[0].detach().numpy()
            return extractor.get_cam_image(inputs, layer, [ClassifierOutputTarget(target)], activations, None)[0]

    return ask


def grad_cam_scorecam(network: nn.Module, layer: nn.Module, inputs: Tensor, target: int) -> Work:
    return _grad_cam("ScoreCAM", network, layer, inputs, target)


def grad_cam_ablationcam(network: nn.Module, layer: nn.Module, inputs: Tensor, target: int) -> Work:
    return _grad_cam("AblationCAM", network, layer, inputs, target)


def captum_ablationcam(network: nn.Module, layer: nn.Module, inputs: Tensor, target: int) -> Work:
    from captum.attr import LayerFeatureAblation

    def ask() -> Any:
        with torch.inference_mode():
            activations = run(network, inputs, {"layer": layer}).activations("layer")
            score = float(network(inputs)[0, target])
            channels = torch.arange(len(activations)).view(1, -1, 1, 1)
            drops = LayerFeatureAblation(network, layer).attribute(
                inputs, target=target, layer_mask=channels, layer_baselines=0, perturbations_per_eval=BATCH
            )
        return (drops[0, :, :1, :1] * activations).sum(0) / abs(score)

    return ask


PEERS: dict[str, dict[str, Callable[..., Work]]] = {
    "scorecam": {"torchcam": torchcam_scorecam, "grad-cam": grad_cam_scorecam},
    "ablationcam": {"grad-cam": grad_cam_ablationcam, "captum": captum_ablationcam},
}
REACH = 0.5
REACH_OF = {("scorecam", "efficientnet_lite0", "blocks.4"): 0.30, ("scorecam", "resnet50", "layer1"): 0.40}


def _keeping(maps: dict[str, Any], who: str, work: Work) -> Callable[[], None]:
    def keep() -> None:
        maps[who] = np.asarray(work())

    return keep


def measure(
    network: nn.Module,
    mine: Callable[[str, int], Work],
    layer: str,
    inputs: Tensor,
    rounds: int,
    clock: Callable[[], float],
    name: str,
) -> list[Row]:
    """The rows of one layer: `network` is as its authors made it, `mine` this project's work for a method and class."""
    target = int(network(inputs).argmax())
    rows = []
    for key, peers in PEERS.items():
        works = {OURS: mine(key, target)}
        works |= {who: make(network, network.get_submodule(layer), inputs, target) for who, make in peers.items()}
        maps: dict[str, Any] = {}
        seconds = interleaved({who: _keeping(maps, who, work) for who, work in works.items()}, rounds, clock)
        reach = REACH_OF.get((key, name, layer), REACH)
        fastest = min(peers, key=lambda who: median(seconds[who]))
        for who in works:
            low, middle, high = ratio(seconds[who], seconds[fastest])
            off = np.abs(np.maximum(maps[who], 0) - np.maximum(maps[OURS], 0)).max() / np.abs(maps[OURS]).max()
            rows.append(
                Row(
                    f"{METHODS[key].title}, {layer}, off {off:.1g}", name, who, middle, low, high,
                    unit=f"of {fastest}'s {median(seconds[fastest]):.3g} s", reach=reach if who == OURS else None,
                )
            )  # fmt: skip
    return rows


def chunks(network: nn.Module, inputs: Tensor, rounds: int, clock: Callable[[], float]) -> dict[int, float]:
    """Median milliseconds that one input takes in a batch of each size."""
    sizes = (1, 2, 4, 8, 16, 32)

    def pass_of(size: int) -> Callable[[], None]:
        many = inputs.repeat(size, 1, 1, 1)

        def run_all() -> None:
            with torch.inference_mode():
                # as many inputs at every size
                for _ in range(sizes[-1] // size):
                    network(many)

        return run_all

    seconds = interleaved({str(size): pass_of(size) for size in sizes}, rounds, clock)
    return {size: median(seconds[str(size)]) / sizes[-1] * 1000 for size in sizes}


def input_of(name: str) -> Tensor:
    """The cat for networks that know one, else noise."""
    steps = loaded(name).preprocessing
    if name in SHOWN_FIRST:
        return torch.randn(steps.input_shape, generator=torch.Generator().manual_seed(0))
    from skimage import data

    return steps.encode(data.chelsea())[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="efficientnet_lite0")
    parser.add_argument("--layers", nargs="+", help="default: the model's own")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clock", choices=CLOCKS, default="cpu", help="the CPU's counts all threads")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--engine", choices=ENGINES, default=AUTO)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    runner = runner_of(options.engine)
    model, network = loaded(options.model), plain(options.model).requires_grad_(False)
    found = chunks(network, input_of(options.model), options.rounds, CLOCKS[options.clock])
    print(f"{options.model}: " + ", ".join(f"{value:.0f} ms in chunks of {size}" for size, value in found.items()))
    rows = []
    for layer in options.layers or [model.default.name]:
        inputs = input_of(options.model)

        def mine(key: str, target: int, layer: str = layer, inputs: Tensor = inputs) -> Work:
            return by_runner(key, runner, model, layer, inputs, target)

        rows += measure(network, mine, layer, inputs, options.rounds, CLOCKS[options.clock], options.model)
    print(table(rows))


if __name__ == "__main__":
    main()
