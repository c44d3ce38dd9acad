"""A GPU against the CPU of its machine: do they agree, does it run out of memory gracefully, how fast is it.

    python -m tests.benchmarks.gpu --device cuda --json FILE      # tests/gpu_check.sh brings what it needs

Prints and writes one JSON object: the card's name, the checks, and milliseconds or images a second. `--device cpu` is a
dry run of small cases whose figures mean nothing.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gradcam_core import CamError, Explainer

MODELS = ("efficientnet_lite0", "resnet50")
THREADS = 8
BATCHES = (1, 8, 32)
Picture = NDArray[np.uint8]


def picture(seed: int) -> Picture:
    return np.random.default_rng(seed).integers(0, 256, (256, 320, 3), np.uint8)


def explainer(device: str) -> Explainer:
    """One that offers the networks of MODELS; those without weights here get random ones."""
    # what is compared and measured is PyTorch on both
    made = Explainer(device=device, engine="torch")
    torch.manual_seed(0)
    from torchvision.models import get_model

    made.add_model("random_resnet50", get_model("resnet50", weights=None).eval())
    return made


def named(model: str) -> str:
    return model if model == MODELS[0] else f"random_{model}"


def milliseconds(work: Callable[[], object], rounds: int) -> float:
    """The median of `rounds`; what is asked for ends on the host, so that nothing is still under way."""
    work()
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - start))
    return median(found)


def agreement(card: Explainer, host: Explainer, count: int) -> dict[str, Any]:
    """How far maps of the device are from those of the CPU, of the largest value; and whether top classes are equal."""
    worst, equal = 0.0, 0
    for seed in range(count):
        mine, theirs = (one.explain(picture(seed), model=MODELS[0], target=281) for one in (card, host))
        worst = max(worst, float(np.abs(mine.cam - theirs.cam).max() / np.abs(theirs.cam).max()))
        equal += mine.top[0].index == theirs.top[0].index
    return {"largest difference of maps": worst, "equal top classes": equal, "of": count}


def crowded(card: Explainer, count: int) -> dict[str, Any]:
    """Threads at once against one after the other."""
    alone = [card.explain(picture(seed), model=MODELS[0]).cam for seed in range(count)]
    fresh = explainer(str(card.device))
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(lambda seed: fresh.explain(picture(seed), model=MODELS[0]).cam, range(count)))
    wrong = sum(not np.allclose(a, b, atol=0.02 * np.abs(a).max()) for a, b in zip(alone, together, strict=True))
    return {"wrong maps": wrong, "of": count, "threads": THREADS}


def out_of_memory(device: str) -> dict[str, Any]:
    """With all but a little of the card's memory taken: an answer or one clear error, and an answer once it is back."""
    if device != "cuda":
        return {"skipped": "there is no card"}
    made = explainer(device)
    free, _ = torch.cuda.mem_get_info()
    taken = torch.empty(max(free - 200_000_000, 1), dtype=torch.uint8, device=device)
    try:
        made.explain(picture(0), model=named("resnet50"), method="scorecam", layer="layer4")
        said = "answered"
    except CamError as error:
        said = f"{type(error).__name__}: {error}"
    del taken
    torch.cuda.empty_cache()
    return {"meanwhile": said, "afterwards": made.explain(picture(1)).top[0].label}


def replayed(network: nn.Module, inputs: Tensor) -> Callable[[], object]:
    """The pass recorded once as a CUDA graph, which one call starts as a whole."""
    given, stream = inputs.clone(), torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream), torch.inference_mode():
        for _ in range(3):
            network(given)
    torch.cuda.current_stream().wait_stream(stream)
    recorded = torch.cuda.CUDAGraph()
    with torch.cuda.graph(recorded), torch.inference_mode():
        scores = network(given)

    def ask() -> object:
        given.copy_(inputs)
        recorded.replay()
        return scores.cpu()

    return ask


def compiled(network: nn.Module, inputs: Tensor) -> Callable[[], object]:
    """The pass as torch.compile makes it, for calls that are as short as one image's."""
    on_cpu = inputs.device.type == "cpu"
    # a dry run shows that it can be asked for; compiling for a CPU takes minutes
    faster = torch.compile(network, **{"backend": "eager"} if on_cpu else {"mode": "reduce-overhead"})

    def ask() -> object:
        with torch.inference_mode():
            return faster(inputs).cpu()

    return ask


WAYS = {"a CUDA graph": replayed, "torch.compile": compiled}


def ways(card: Explainer, model: str, rounds: int) -> dict[str, Any]:
    """What other ways of running the same pass of one image would save, ms: none is built in until that is known."""
    loaded = card.load(named(model))
    inputs = torch.randn(loaded.preprocessing.input_shape).to(card.device, loaded.dtype)
    with torch.inference_mode():
        truth = loaded.network(inputs).float().cpu()
    found: dict[str, Any] = {}
    for name, make in WAYS.items():
        try:
            ask = make(loaded.network, inputs)
            found[f"{name}, ms"] = milliseconds(ask, rounds)
            found[f"{name}, largest difference"] = float((ask().float() - truth).abs().max() / truth.abs().max())
        except Exception as error:
            # a compiler may raise anything, and a card that is missing something else
            found[name] = f"{type(error).__name__}: {str(error)[:200]}"
    return found


def speed(card: Explainer, model: str, rounds: int) -> dict[str, float]:
    """Of one network; `forward` is its plain pass by PyTorch, in the precision that the device is given."""
    loaded, name = card.load(named(model)), named(model)
    shape = loaded.preprocessing.input_shape
    seeds = iter(range(1_000_000))
    found: dict[str, float] = {}
    for batch in BATCHES:
        inputs = torch.randn((batch, *shape[1:])).to(card.device, loaded.dtype)

        def forward(inputs: torch.Tensor = inputs) -> object:
            with torch.inference_mode():
                return loaded.network(inputs).cpu()

        found[f"forward, images a second in batches of {batch}"] = 1000 * batch / milliseconds(forward, rounds)
    found["first explanation, ms"] = milliseconds(lambda: card.explain(picture(next(seeds)), model=name), rounds)
    classes = iter(range(len(loaded.labels)))
    found["another class, ms"] = milliseconds(
        lambda: card.explain(picture(0), model=name, target=next(classes)), rounds
    )

    def at_once() -> object:
        with ThreadPoolExecutor(THREADS) as pool:
            pictures = [picture(next(seeds)) for _ in range(THREADS)]
            return list(pool.map(partial(card.explain, model=name), pictures))

    found[f"explanations a second, {THREADS} threads"] = 1000 * THREADS / milliseconds(at_once, rounds)
    found["Score-CAM, ms"] = milliseconds(lambda: card.explain(picture(next(seeds)), model=name, method="scorecam"), 1)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--json", type=Path, required=True)
    options = parser.parse_args()
    dry = options.device == "cpu"
    card, host = explainer(options.device), explainer("cpu")
    found: dict[str, Any] = {
        "device": "cpu (a dry run)" if dry else torch.cuda.get_device_name(),
        "torch": torch.__version__,
        "agreement": agreement(card, host, 2 if dry else 20),
        "threads": crowded(card, 2 if dry else 64),
        "out of memory": out_of_memory(options.device),
        # a Score-CAM of 2,048 channels on a CPU takes minutes
        "speed": {model: speed(card, model, 15) for model in ((), MODELS)[not dry]},
        "other ways": {model: ways(card, model, 15) for model in (MODELS[:1] if dry else MODELS)},
    }
    options.json.write_text(json.dumps(found, indent=1), "utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
