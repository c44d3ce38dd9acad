"""Do maps of the whole photograph lie on the object, and what does agreement of sizes change? With drawn outlines.

    python -m tests.benchmarks.outlines DIR [--models NAME ...] [--limit N] [--keep FOLDER]

DIR holds masked.tar and masked.json, photographs with outlines in COCO's format. Of those whose most probable class is
one of the kinds outlined there, the map of that class counts, at the default layer: how often its highest place lies
inside an outline of the kind, and the share of the positive map there; plain and sharper, against all other classes but
one and against the next three. The cost is CPU time, both maps taken in turns.

--keep writes the photographs that the first model is sure about (`SURE`) to FOLDER, named by what it calls them, for
the benchmarks that need photographs named by class: these are pseudo-labels, right by the model's own word only.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from gradcam_core import CamError, Explainer
from gradcam_core.folders.measures import inside
from gradcam_core.request import CENTRE, NEXT_THREE, WHOLE

from .masked import rasterise, read_pixels

SURE = 0.5
# places along each side at which outlines are drawn
CANVAS = 512
# kinds whose classes are called otherwise
CALLED = {
    "airplane": "airliner|warplane",
    "bicycle": "bicycle|mountain bike|tricycle",
    "bird": "jay|finch|robin|bulbul|magpie|chickadee|goose|hen|cock",
    "boat": "boat|speedboat|gondola|canoe|catamaran|schooner|yawl|trimaran",
    "bus": "bus|minibus|school bus|trolleybus",
    "car": "cab|convertible|sports car|minivan|jeep|wagon|limousine|racer",
    "cat": "tabby|tiger cat|Persian cat|Siamese cat|Egyptian cat",
    "cell phone": "cellular telephone|hand-held computer",
    "chair": "chair|rocking chair|folding chair",
    "clock": "clock|analog clock|wall clock",
    "couch": "studio couch",
    "cow": "ox|bison|water buffalo",
    "cup": "cup|espresso|coffee mug",
    "dog": "terrier|retriever|spaniel|hound|shepherd|poodle|collie|pug|husky|setter|bulldog|Chihuahua|dalmatian|boxer",
    "elephant": "elephant|tusker",
    "horse": "sorrel|horse cart",
    "keyboard": "computer keyboard|typewriter keyboard|space bar",
    "laptop": "laptop|notebook",
    "motorcycle": "moped|motor scooter",
    "oven": "stove|rotisserie|microwave",
    "sandwich": "cheeseburger|hotdog",
    "sheep": "ram|bighorn",
    "sink": "washbasin",
    "sports ball": "soccer ball|baseball|basketball|volleyball|tennis ball|croquet ball|rugby ball",
    "toilet": "toilet seat",
    "train": "locomotive|passenger car|bullet train",
    "truck": "truck|trailer truck|moving van|fire engine|tow truck|pickup",
    "tv": "television|screen|monitor|entertainment center",
}
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "sharper": {"sharper": True},
    "plain, next three": {"rival": NEXT_THREE},
    "sharper, next three": {"rival": NEXT_THREE, "sharper": True},
}


def is_called(label: str, kind: str) -> bool:
    """Whether a class of ImageNet is one of a kind."""
    return re.search(rf"\b(?:{CALLED.get(kind, re.escape(kind))})s?\b", label, re.IGNORECASE) is not None


def read_outlines(folder: Path) -> Iterator[tuple[str, dict[str, NDArray[np.bool_]]]]:
    """Each photograph's name, and for each kind in it the (CANVAS, CANVAS) mask of its outlines, stretched."""
    tables = json.loads((folder / "masked.json").read_text("utf-8"))
    kinds = {one["id"]: one["name"] for one in tables["categories"]}
    for one in tables["images"]:
        masks: dict[str, NDArray[np.bool_]] = {}
        for outline in tables["annotations"]:
            if outline["image_id"] == one["id"]:
                mask = rasterise(outline["segmentation"], one["width"], one["height"], CANVAS)
                kind = kinds[outline["category_id"]]
                masks[kind] = masks.get(kind, np.zeros_like(mask)) | mask
        yield one["file_name"], masks


def measured(explainer: Explainer, model: str, folder: Path, limit: int) -> tuple[dict[str, Any], dict[str, float]]:
    """For each of `OPTIONS` the (share, peak inside) of each photograph, and the CPU seconds of all of them."""
    found: dict[str, list[tuple[float, bool]]] = {name: [] for name in OPTIONS}
    seconds = dict.fromkeys(OPTIONS, 0.0)
    for name, masks in read_outlines(folder):
        if len(found["plain"]) == limit:
            break
        pixels = read_pixels(folder, name)
        target = explainer.explain(pixels, model=model, view=WHOLE).target
        outlined = [mask for kind, mask in masks.items() if is_called(target.label, kind)]
        if not outlined:
            continue
        mask = np.any(outlined, axis=0).astype(np.uint8)
        mask = cv2.resize(mask, pixels.shape[1::-1], interpolation=cv2.INTER_NEAREST).astype(bool)
        for option, given in OPTIONS.items():
            begun = time.process_time()
            one = explainer.explain(pixels, model=model, view=WHOLE, target=target.index, **given)
            seconds[option] += time.process_time() - begun
            found[option].append(inside(one.cam, one.placement, mask))
    return found, seconds


def keep(explainer: Explainer, model: str, folder: Path, into: Path) -> int:
    """Write what the model is sure about, named by class; how many there are."""
    into.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, _ in read_outlines(folder):
        pixels = read_pixels(folder, name)
        top = explainer.explain(pixels, model=model, view=CENTRE).top[0]
        if top.probability > SURE:
            Image.fromarray(pixels).save(into / f"{Path(name).stem}_{top.index}.png")
            count += 1
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", nargs="+", help="default: every model that is there without a download")
    parser.add_argument("--limit", type=int, default=1000, help="photographs that count, at most")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    # nothing is remembered, or the second map of a photograph would cost nothing
    explainer = Explainer(cache_mb=0, engine="torch")
    models = options.models or [info.name for info in explainer.models() if info.offline]
    if options.keep:
        print(keep(explainer, models[0], options.folder, options.keep), "photographs kept", flush=True)
    print("| model | photographs | map | peak inside | share inside | CPU time |\n|---|---|---|---|---|---|")
    for model in models:
        try:
            found, seconds = measured(explainer, model, options.folder, options.limit)
        except CamError as error:
            print(f"| {model} | {error} |")
            continue
        for option, rows in found.items():
            share, peak = np.array(rows, np.float64).mean(axis=0)
            cost = seconds[option] / seconds["plain"]
            print(f"| {model} | {len(rows)} | {option} | {peak:.3f} | {share:.3f} | {cost:.1f} |", flush=True)


if __name__ == "__main__":
    main()
