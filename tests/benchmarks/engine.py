"""The engine's share of a plain forward pass: a whole explanation, another class, the other side, all layers.

    python -m tests.benchmarks.engine [--models efficientnet_lite0 resnet50 ...] [--threads 1 2] [--rounds 15]
    python -m tests.benchmarks.engine --any-size --models efficientnet_lite0 --threads 1

One `forward` is a plain eager pass of the network as its authors made it, in inference mode, with as many threads, in
the same run: every round runs all works once, in random order. Weights are random but for EfficientNet-Lite0.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from gradcam_core.engine import front
from gradcam_core.engine.convert import in_own_process
from gradcam_core.engine.engine import Engine, Kept, WayBack
from gradcam_core.engine.front import Front
from gradcam_core.engine.graph import Graph
from gradcam_core.engine.survey import survey
from gradcam_core.methods import METHODS
from gradcam_core.models import MODELS

from .timing import CLOCKS, Row, interleaved, ratio, table

FIRST, CLASS, SIGN, LAYERS = "first explanation", "another class", "counterfactual", "all offered layers, one class"
FRONT = "the front alone"
# at the speed of one large product of matrices
FLOOR, SIDE = "its multiplications alone", 1024
REACH = {CLASS: 0.05, SIGN: 0.01, LAYERS: 1.5}
SECONDS = 600.0
gradcam = METHODS["gradcam"].function


def timm(name: str) -> nn.Module:
    from timm import create_model

    return create_model(name)


def torchvision(name: str) -> nn.Module:
    from torchvision.models import get_model

    return get_model(name, weights=None)


# how each is built, and what its first explanation may cost
NETWORKS: Mapping[str, tuple[Callable[[], nn.Module], float]] = {
    "efficientnet_lite0": (MODELS["efficientnet_lite0"].build, 0.42),
    "resnet50": (partial(torchvision, "resnet50"), 0.62),
    "convnext_nano": (partial(timm, "convnext_nano"), 0.75),
    "vit_small_patch16_224": (partial(timm, "vit_small_patch16_224"), 0.80),
    "swin_tiny_patch4_window7_224": (partial(timm, "swin_tiny_patch4_window7_224"), 0.60),
    "mobilenet_v3_large": (partial(torchvision, "mobilenet_v3_large"), 0.45),
}


def works(engine: Engine, layers: list[str], default: str, inputs: Tensor) -> dict[str, Callable[[], object]]:
    """What `Explainer` does once an image is read; every map ends on the host."""
    graph = engine.graph

    def maps(values: Mapping[str, Tensor], of: list[str], target: int, kept: Kept | None = None) -> list[object]:
        slopes = torch.zeros_like(values[graph.scores])
        slopes[0, target] = 1
        found = engine.gradients(of, values, slopes, kept)
        return [show(values[graph.layers[layer]], slope) for layer, slope in zip(of, found, strict=True)]

    def show(activations: Tensor, slopes: Tensor) -> object:
        # tokens as one row: how they lie does not change what the map costs
        rows = (one[0] if one.ndim == 4 else one[0].mT[:, :, None] for one in (activations, slopes))
        return gradcam(*rows).numpy()

    def first() -> object:
        values = engine.run(inputs)
        return maps(values, [default], int(values[graph.scores].softmax(-1).argmax()))

    held, kept = engine.run(inputs), Kept()
    (known,) = engine.gradients([default], held, torch.ones_like(held[graph.scores]))
    # the way back is compiled when it is first wanted
    maps(held, layers, 1)
    engine.wait(SECONDS)
    return {
        FIRST: first,
        FRONT: partial(engine.run, inputs),
        CLASS: partial(maps, held, [default], 2, kept),
        SIGN: lambda: show(held[graph.layers[default]], -known),
        LAYERS: lambda: maps(engine.run(inputs), layers, 1),
    }


def measure(name: str, threads: list[int], rounds: int, clock: str) -> list[Row]:
    """The rows of one network."""
    build, reach = NETWORKS[name]
    torch.manual_seed(0)
    network = build().eval().requires_grad_(False)
    shape = (1, 3, 224, 224)
    found = survey(network, shape)
    layers = [layer.name for layer in found.stages]
    default = MODELS[name].default_layer if name in MODELS else None
    default = default or [layer.name for layer in found.stages if min(layer.shape[1:]) >= 7][-1]
    inputs = torch.randn(shape, generator=torch.Generator().manual_seed(0))

    def forward() -> object:
        with torch.inference_mode():
            return network(inputs)

    with FlopCounterMode(display=False) as counter:
        forward()
    square = torch.randn(SIDE, SIDE)
    share = counter.get_total_flops() / (2 * SIDE**3)
    rows = []
    with tempfile.TemporaryDirectory() as made:
        graph = in_own_process(network, inputs, layers, Path(made), seconds=SECONDS)
        for count in threads:
            torch.set_num_threads(count)
            make = Front.back(Path(made), graph, threads=count)
            back = make and WayBack(layers, make, lambda _: {"image": inputs})
            engine = Engine(network, graph, Front.read(Path(made), graph, threads=count), back)
            does = {"forward": forward, FLOOR: lambda: square @ square, **works(engine, layers, default, inputs)}
            timed = interleaved(does, rounds, CLOCKS[clock])
            timed[FLOOR] = [seconds * share for seconds in timed[FLOOR]]
            for work, seconds in timed.items():
                if work != "forward":
                    low, middle, high = ratio(seconds, timed["forward"])
                    limit = reach if work == FIRST else REACH.get(work)
                    rows.append(Row(f"{work}, {count} threads", name, default, middle, low, high, reach=limit))
    return rows


def any_size(name: str, threads: int, rounds: int, clock: str) -> list[Row]:
    """A pass of the graph compiled for any height and width, against one compiled for its own, of two sizes in turn."""
    network = NETWORKS[name][0]().eval().requires_grad_(False)
    dice = torch.Generator().manual_seed(0)
    pictures = {side: torch.randn((1, 3, side, side), generator=dice) for side in (224, 320)}

    def compiled(folder: Path, graph: Graph, *size: int) -> Callable[[int], object]:
        model = front._core().read_model(folder / front.MODEL)
        model.reshape([1, 3, *size])
        made = Front(model, graph.values, 0, threads=threads)
        return lambda side: made.run(pictures[side])

    with tempfile.TemporaryDirectory() as made:
        graph = in_own_process(network, pictures[224], [], Path(made), seconds=SECONDS)
        own = {side: compiled(Path(made), graph, side, side) for side in pictures}
        every = compiled(Path(made), graph, -1, -1)
        works: dict[str, Callable[[], object]] = {
            "its own": lambda: [own[side](side) for side in pictures],
            "any": lambda: [every(side) for side in pictures],
        }
        timed = interleaved(works, rounds, CLOCKS[clock])
    low, middle, high = ratio(timed["any"], timed["its own"])
    return [Row("compiled for any size, two sizes in turn", name, "OpenVINO", middle, low, high, unit="of its own")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", nargs="+", default=list(NETWORKS), choices=NETWORKS)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu: own work only, on a busy machine")
    parser.add_argument("--any-size", action="store_true", help="only what one graph for all sizes would cost")
    parser.add_argument("--json", type=Path, help="write the rows there as well")
    options = parser.parse_args()
    print(f"torch {torch.__version__}, clock {options.clock}", flush=True)
    rows: list[Row] = []
    for name in options.models:
        if options.any_size:
            found = any_size(name, options.threads[0], options.rounds, options.clock)
        else:
            found = measure(name, options.threads, options.rounds, options.clock)
        print(table(found), flush=True)
        rows += found
    if options.json:
        options.json.write_text(json.dumps([row.plain() for row in rows], indent=1))


if __name__ == "__main__":
    main()
