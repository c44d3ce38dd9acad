"""Which networks can be explained: torchvision's, of every timm family, transformers' own, people's.

    python -m tests.benchmarks.coverage --out coverage.jsonl    # all; begun again, it goes on where it was stopped
    python -m tests.benchmarks.coverage --selection             # one of every kind of layout, in two minutes
    python -m tests.benchmarks.coverage --transformers          # those of transformers as small networks, in minutes
    python -m tests.benchmarks.coverage --people       # a table of small ones as people write them, in a minute
    python -m tests.benchmarks.coverage --names timm:vit_tiny_patch16_224 torchvision:swin_t

Architectures have random weights, and each is added to an `Explainer` as anybody's own model, explained at its default
layer, and checked: layers found; a finite map that is not empty; the map follows a change of one place of the input
(the right geometry); it equals captum's LayerGradCam to 1e-5 of its largest value. One at a time, each in a process of
its own, so that memory stays bounded and a crash is one line of the report. `people.py` checks what people write.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import re
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gradcam_core import CamError, Explainer, Explanation, Layer
from gradcam_core.engine.capture import run
from gradcam_core.engine.norms import exact_norms
from gradcam_core.models import LoadedModel
from gradcam_core.reading.preprocess import Preprocessing

from ..small_pretrained import SIZE, SIZES, every, small
from . import people

# every kind of layout: maps, channels last, tokens without and with what stands in front of them, hybrids
SELECTION = (
    "torchvision:resnet18",
    "torchvision:swin_t",
    "timm:vit_tiny_patch16_224",
    "timm:deit_tiny_distilled_patch16_224",
    "timm:vit_little_patch16_reg4_gap_256",
    "timm:swinv2_cr_tiny_224",
    "timm:maxvit_rmlp_pico_rw_256",
    "timm:convnext_atto",
    "timm:mobilevit_xxs",
    "timm:efficientformer_l1",
    "timm:levit_128s",
    "timm:vit_tiny_r_s16_p8_224",
    "timm:pvt_v2_b0",
    "timm:xcit_nano_12_p16_224",
    "timm:mvitv2_tiny",
)
# the first at which a network runs and a map of each of its layouts shows where something is; else its usual one
SMALL = (96, 192)
CLASSES = 10
TOLERANCE = 1e-5
SECONDS = 400
# what takes seconds to import and every network is examined with
SHARED = ("captum.attr", "timm")
MEMORY_HINTS = ("atto", "femto", "pico", "nano", "xxs", "test_", "tiny", "xs", "_s0", "mini", "b0", "small", "_s", "18")
# on a smaller grid everything is beside everything
SMALLEST_CHECKED = 7


def names() -> list[str]:
    """The selection, the smallest member of every timm module, all of torchvision and transformers, and people's."""
    import timm
    import torchvision

    smallest = (min(timm.list_models(module=family), key=_hint) for family in families())
    others = torchvision.models.list_models(torchvision.models)
    found = [*SELECTION, *(f"timm:{name}" for name in smallest), *(f"torchvision:{name}" for name in others)]
    return list(dict.fromkeys([*found, *transformers(), *peoples()]))


def transformers() -> list[str]:
    """All image classifiers of transformers."""
    return [f"transformers:{name}" for name in every()]


def peoples() -> list[str]:
    """The networks that people write."""
    return [f"people:{name}" for name in people.NETWORKS]


def families() -> list[str]:
    """timm's own families: the modules that register models."""
    import timm

    return sorted(timm.list_modules())


def _hint(name: str) -> tuple[Any, ...]:
    place = next((place for place, hint in enumerate(MEMORY_HINTS) if hint in name), len(MEMORY_HINTS))
    # 88m is smaller than 306m
    return place, [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def build(name: str) -> tuple[nn.Module, int]:
    """The network in eval mode with random weights, and the side of its usual input."""
    torch.manual_seed(0)
    source, _, model = name.partition(":")
    if source == "torchvision":
        network, size = _torchvision(model)
    elif source == "transformers":
        network, size = _Scores(small(model)), SIZES.get(model, SIZE)
    else:
        import timm

        network = timm.create_model(model, pretrained=False)
        if not network.num_classes:
            network = timm.create_model(model, pretrained=False, num_classes=CLASSES)
        size = network.pretrained_cfg["input_size"][-1]
    _enliven(network)
    return network.eval(), size


class _Scores(nn.Module):
    """A network of transformers that returns its scores alone."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        returned = self.network(image)
        return returned.logits if "logits" in returned else returned[0]


def _torchvision(name: str) -> tuple[nn.Module, int]:
    from torchvision.models import get_model, get_model_weights

    options: dict[str, Any] = {"init_weights": True} if name in {"googlenet", "inception_v3"} else {}
    network = get_model(name, weights=None, **options)
    # transformers take the size that they are built for, whatever size their best weights were trained at
    return network, getattr(network, "image_size", get_model_weights(name).DEFAULT.transforms().crop_size[0])


def _enliven(network: nn.Module) -> None:
    """Weights that start as zero would make everything zero."""
    for module in network.modules():
        weight = getattr(module, "weight", None)
        if isinstance(module, (nn.Linear, nn.Conv2d)) and isinstance(weight, Tensor) and not weight.any():
            nn.init.normal_(weight, std=0.02)
        if isinstance(module, nn.BatchNorm2d):
            if isinstance(weight, Tensor) and not weight.any():
                nn.init.ones_(weight)
            module.momentum = None
        if isinstance(module, nn.BatchNorm1d) and isinstance(weight, Tensor) and not weight.any():
            # of tokens behind attention, which as loud as what they are added to would drown it
            nn.init.constant_(weight, 0.1)


def _calibrated(network: nn.Module, size: int) -> None:
    """Batch norms learn the signal's size, so that it neither dies out nor explodes on its way."""
    if any(isinstance(module, nn.BatchNorm2d) for module in network.modules()):
        with torch.no_grad():
            network.train()(torch.randn(4, 3, size, size))
        network.eval()


def picture(size: int) -> np.ndarray[Any, Any]:
    """Smooth noise, so that no place is like another."""
    return np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)


def examine(name: str) -> dict[str, Any]:
    """All that is checked of one network; `problem` is empty where it works."""
    if name.startswith("people:"):
        return people.examine(name.partition(":")[2])
    network, usual = build(name)
    found: dict[str, Any] = {"name": name, "family": _family(name), "problem": ""}
    for size in dict.fromkeys(min(size, usual) for size in (*SMALL, usual)):
        explainer = Explainer(device="cpu", cache_mb=4000)
        steps = Preprocessing(size, size)
        try:
            _calibrated(network, size)
            explainer.add_model("it", network, transform=steps)
        except CamError as error:
            found["problem"] = str(error)
            continue
        except Exception as error:
            found["problem"] = f"{type(error).__name__}: {str(error)[:200]}"
            continue
        loaded = explainer.load("it")
        e = explainer.explain(picture(size), model="it")
        layer = loaded.default
        inputs = steps.encode(picture(size))[0]
        found |= {
            "size": size,
            "layers": [one.name for one in loaded.layers],
            "grids": [list(one.shape[1:]) for one in loaded.layers],
            "default": layer.name,
            "layout": kind_of(layer),
            "kinds": sorted({kind_of(one) for one in loaded.layers}),
            "largest": float(np.abs(e.cam).max()),
            "apart": apart(explainer, e, loaded),
            "captum": difference(network, inputs, layer, e),
        }
        found["problem"] = _problem(found, e.cam)
        if not found["problem"] and {kind_of(one) for one in _large(loaded)} == set(found["kinds"]):
            break
    return found


def _problem(found: dict[str, Any], cam: np.ndarray[Any, Any]) -> str:
    if not np.isfinite(cam).all() or not cam.any():
        return "the map is empty or not finite"
    if found["apart"]:
        return f"the map does not follow the input at {found['apart']}"
    if not found["captum"] <= TOLERANCE:
        return f"differs from captum by {found['captum']:.1e}"
    return ""


def _family(name: str) -> str:
    import timm

    source, _, model = name.partition(":")
    return source if source != "timm" else next(f for f in families() if model in timm.list_models(module=f))


def kind_of(layer: Layer) -> str:
    """The layout in a word."""
    layout = layer.layout
    if layout.grid:
        return f"tokens+{layout.prefix}" if layout.prefix else "tokens"
    return "maps" if layout.channels == 1 else "channels last"


def apart(explainer: Explainer, e: Explanation, loaded: LoadedModel) -> list[str]:
    """Offered layers whose map does not change where the input does.

    Tried at the first layer of each layout: deeper ones are read alike, and gates and attention move all their places.
    Two opposite corners are changed in turn: what moved lies nearer to the first after the first change than after the
    second, and the same for the other two corners. A map that is mirrored, turned or scrambled fails.
    """
    base = explainer.inputs(e)
    size = base.shape[-1]
    near, far, wide = size // 8, size - size // 8 - size // 6, size // 6

    def moved(top: int, left: int) -> dict[str, Tensor]:
        changed = base.clone()
        changed[:, :, top : top + wide, left : left + wide] += 3.0
        after = run(loaded.network, changed, loaded.offered, layouts=loaded.layouts)
        return {name: _centre(before.activations(name), after.activations(name)) for name in loaded.offered}

    before = run(loaded.network, base, loaded.offered, layouts=loaded.layouts)
    top_left, top_right, bottom_left, bottom_right = itertools.starmap(moved, itertools.product((near, far), repeat=2))
    wrong = []
    for layer in {kind_of(layer): layer for layer in reversed(_large(loaded))}.values():
        falling = bottom_right[layer.name] - top_left[layer.name]
        rising = bottom_left[layer.name] - top_right[layer.name]
        if not (falling > 0).all() or not (rising[0] > 0 > rising[1]):
            wrong.append(layer.name)
    return wrong


def _large(loaded: LoadedModel) -> list[Layer]:
    """The offered layers in whose maps it can be seen where something is."""
    return [layer for layer in loaded.layers if min(layer.shape[1:]) >= SMALLEST_CHECKED]


def _centre(before: Tensor, after: Tensor) -> Tensor:
    """(y, x) centre of gravity of the change of a layer, (C, h, w), in parts of its sides.

    Each place's change counts as a part of what was there: a gate changes all places by the same factor.
    """
    there = before.double().square().sum(0)
    weight = (after - before).double().square().sum(0) / (there + there.mean()).clamp_min(1e-300)
    weight = weight.square() / weight.square().sum().clamp_min(1e-300)
    places = [(torch.arange(n, dtype=torch.float64) + 0.5) / n for n in weight.shape]
    return torch.stack([(weight.sum(1) * places[0]).sum(), (weight.sum(0) * places[1]).sum()])


class _Tap(nn.Module):
    """A module with its output led through `tap` as (1, C, h, w), written without the code that is checked.

    Of one that runs several times only the run of that `number` is, from 1; `begins` is called before each pass.
    """

    def __init__(self, module: nn.Module, layer: Layer, number: int | None = None) -> None:
        super().__init__()
        self.module, self.layer, self.tap = module, layer, nn.Identity()
        self.number, self.runs = number, 0

    def begins(self, *_: Any) -> None:
        self.runs = 0

    def forward(self, *args: Any, **options: Any) -> Any:
        output = self.module(*args, **options)
        self.runs += 1
        if self.number not in (None, self.runs):
            return output
        if isinstance(output, (tuple, list)):
            return type(output)([self._through(output[0]), *output[1:]])
        return self._through(output)

    def _through(self, output: Tensor) -> Tensor:
        channels, height, width = self.layer.shape
        kind = kind_of(self.layer)
        if kind == "maps":
            return self.tap(output)
        if kind == "channels last":
            return self.tap(output.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        prefix = output.shape[1] - height * width
        tokens = output[:, prefix:].transpose(1, 2).reshape(len(output), channels, height, width)
        back = self.tap(tokens).reshape(len(output), channels, height * width).transpose(1, 2)
        return torch.cat([output[:, :prefix], back], dim=1)

    def __getattr__(self, name: str) -> Any:
        # what its parent may want of the module
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("module"), name)


def difference(network: nn.Module, inputs: Tensor, layer: Layer, e: Explanation) -> float:
    """The largest difference to captum's map, as a part of that map's largest value.

    Where rounding alone may exceed what is allowed, both are computed again with 64 bits, and then with the batch norms
    of `engine.norms`: torch 2.14's own return a wrong gradient on the CPU where it comes with other strides than
    the input had (timm's efficientvit_m0: all of it at attn.dws, where the norm is one factor a channel).
    """
    found = _difference(network, inputs, layer, e.target.index, e.cam)
    if found <= TOLERANCE:
        return found
    network.double()
    exact = Explainer(device="cpu")
    exact.add_model("it", network, transform=Preprocessing(*inputs.shape[-2:]))
    cam = exact.explain(e.photograph, model="it", layer=layer.name, target=e.target.index).cam
    found = _difference(network, inputs.double(), layer, e.target.index, cam)
    if found <= TOLERANCE:
        return found
    with exact_norms():
        return _difference(network, inputs.double().requires_grad_(), layer, e.target.index, cam)


def _difference(network: nn.Module, inputs: Tensor, layer: Layer, target: int, cam: np.ndarray[Any, Any]) -> float:
    from captum.attr import LayerGradCam

    name, _, number = layer.name.partition("#")
    module = network.get_submodule(name)
    tap = _Tap(module, layer, int(number) if number else None)
    begins = network.register_forward_pre_hook(tap.begins)
    # a module may be held by several others
    holders = [(part, name) for part in network.modules() for name, child in part._modules.items() if child is module]
    for part, name in holders:
        part._modules[name] = tap
    try:
        attributed = LayerGradCam(network, tap.tap).attribute(inputs, target=target, relu_attributions=False)
    finally:
        begins.remove()
        for part, name in holders:
            part._modules[name] = module
    expected = attributed.detach().numpy()[0, 0]
    return float(np.abs(expected - cam).max() / max(np.abs(expected).max(), 1e-30))


def _worker(name: str, pipe: Any) -> None:
    torch.set_num_threads(1)
    try:
        pipe.send(examine(name))
    except Exception as error:
        pipe.send({"name": name, "family": "", "problem": f"{type(error).__name__}: {str(error)[:300]}"})


def in_own_process(name: str, seconds: float = SECONDS) -> dict[str, Any]:
    """`examine(name)` in a process of its own; a crash or too long a time is a problem like any other."""
    for module in SHARED:
        # once for all of them: they are forks of this process
        import_module(module)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_worker, args=(name, theirs))
    begun = time.monotonic()
    process.start()
    theirs.close()
    try:
        found = ours.recv() if ours.poll(seconds) else {"name": name, "problem": f"took more than {seconds:.0f} s"}
    except EOFError:
        found = {"name": name, "problem": "the process died"}
    process.kill()
    process.join()
    return {**found, "seconds": round(time.monotonic() - begun, 1)}


def report(rows: list[dict[str, Any]]) -> str:
    """How many of how many work, and of those that do not, why."""
    lines = []
    for source in ("torchvision", "timm", "transformers", "people"):
        mine = [row for row in rows if row["name"].startswith(f"{source}:")]
        works = [row for row in mine if not row["problem"]]
        if not mine and source in ("people", "transformers"):
            continue
        lines.append(f"{source}: {len(works)} of {len(mine)} architectures work")
        if source == "people":
            refused = sum(row["default"] == "refused" for row in works)
            lines[-1] = (
                f"networks that people write: {len(works)} of {len(mine)} as they should be, {refused} of them refused"
            )
        if source == "timm":
            tried = {row.get("family") for row in mine if row.get("family")}
            lines.append(f"timm families: {len({row['family'] for row in works})} of {len(tried)} work")
    lines += [f"  {row['name']}: {row['problem']}" for row in rows if row["problem"]]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", nargs="+", help="source:name of each, instead of all")
    parser.add_argument("--selection", action="store_true", help="one of every kind of layout")
    parser.add_argument("--people", action="store_true", help="those that people write")
    parser.add_argument("--transformers", action="store_true", help="those of transformers")
    parser.add_argument("--out", type=Path, help="file to which each result is appended, and from which it goes on")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="that each may take")
    chosen = parser.parse_args(arguments)
    known = chosen.out.read_text("utf-8").splitlines() if chosen.out and chosen.out.exists() else []
    rows = {row["name"]: row for row in map(json.loads, known)}
    sets = {"selection": lambda: SELECTION, "people": peoples, "transformers": transformers}
    picked = next((of for name, of in sets.items() if getattr(chosen, name)), names)
    wanted = chosen.names or picked()
    for name in wanted:
        if name in rows:
            continue
        rows[name] = row = in_own_process(name, chosen.seconds)
        print(f"{row['seconds']:6.1f} s  {name}: {row['problem'] or row['default']}", flush=True)
        if chosen.out:
            with chosen.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
    print(report([rows[name] for name in wanted]))
    return 1 if any(rows[name]["problem"] for name in wanted) else 0


if __name__ == "__main__":
    sys.exit(main())
