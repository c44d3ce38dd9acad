"""What is lost and won by showing a network the whole photograph? Top-1 and probability of the right class.

    python -m tests.benchmarks.views [FOLDER] [--outlined DIR] [--models NAME ...]

Photographs are named by their class, or without FOLDER are those that installed packages carry, as in
`tests.benchmarks.default_layer`; all of them count, recognised or not. With `--outlined` they are those of DIR
(masked.tar and masked.json, outlines in COCO's format) whose largest outline is of a kind that ImageNet has classes of:
right is each of these classes. Without `--models` every network that comes with the requirements is measured.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from gradcam_core import CamError, Explainer
from gradcam_core.request import VIEWS

from .default_layer import Named, carried, in_folder
from .masked import read_pixels
from .outlines import is_called, read_outlines


def judged(explainer: Explainer, model: str, view: str, photographs: list[Named]) -> tuple[float, float]:
    """How often the top class is right, and the mean probability of the right one."""
    found = []
    for named in photographs:
        tops = [explainer.explain(named.path, model=model, view=view, target=index) for index in named.classes]
        found.append((tops[0].top[0].index in named.classes, max(one.target.probability for one in tops)))
    right, sure = np.array(found, np.float64).mean(axis=0)
    return float(right), float(sure)


def outlined(folder: Path, labels: Sequence[str], into: Path) -> list[Named]:
    """The photographs with outlines, written to `into`, whose largest outline is of a kind that `labels` has."""
    found = []
    for name, masks in read_outlines(folder):
        kind = max(masks, key=lambda kind: int(masks[kind].sum()), default="")
        classes = tuple(index for index, label in enumerate(labels) if kind and is_called(label, kind))
        if classes:
            path = into / f"{Path(name).stem}.png"
            Image.fromarray(read_pixels(folder, name)).save(path)
            found.append(Named(path, classes))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, help="photographs named by class")
    parser.add_argument("--outlined", type=Path, help="photographs with outlines, and their table")
    parser.add_argument("--models", nargs="+", help="default: every model that is there without a download")
    options = parser.parse_args()
    torch.set_num_threads(1)
    explainer = Explainer(cache_mb=200, engine="torch")
    heads = [f"{view}: top-1 | probability" for view in VIEWS]
    print("| model | photographs |", " | ".join(heads), "|")
    print("|---" * (2 + 2 * len(VIEWS)) + "|")
    with tempfile.TemporaryDirectory() as into:
        for model in options.models or [info.name for info in explainer.models() if info.offline]:
            try:
                loaded = explainer.load(model)
                if options.outlined:
                    photographs = outlined(options.outlined, loaded.labels, Path(into))
                else:
                    photographs = in_folder(options.folder, loaded) if options.folder else carried()
                found = [judged(explainer, model, view, photographs) for view in VIEWS]
            except CamError as error:
                print(f"| {model} | {error} |")
                continue
            figures = " | ".join(f"{right:.2f} | {sure:.2f}" for right, sure in found)
            print(f"| {model} | {len(photographs)} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
