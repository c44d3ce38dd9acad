"""What is lost and won by showing a network the whole photograph? Top-1 and probability of the right class.

    python -m tests.benchmarks.views [FOLDER] [--models NAME ...]

Photographs are named by their class, or without FOLDER are those that installed packages carry, as in
`tests.benchmarks.default_layer`; all of them count, recognised or not. Without `--models` every network that comes with
the requirements is measured.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from gradcam_core import CamError, Explainer
from gradcam_core.request import VIEWS

from .default_layer import Named, carried, in_folder


def judged(explainer: Explainer, model: str, view: str, photographs: list[Named]) -> tuple[float, float]:
    """How often the top class is right, and the mean probability of the right one."""
    found = []
    for named in photographs:
        tops = [explainer.explain(named.path, model=model, view=view, target=index) for index in named.classes]
        found.append((tops[0].top[0].index in named.classes, max(one.target.probability for one in tops)))
    right, sure = np.array(found, np.float64).mean(axis=0)
    return float(right), float(sure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, help="photographs named by class")
    parser.add_argument("--models", nargs="+", help="default: every model that is there without a download")
    options = parser.parse_args()
    torch.set_num_threads(1)
    explainer = Explainer(cache_mb=200, engine="torch")
    heads = [f"{view}: top-1 | probability" for view in VIEWS]
    print("| model | photographs |", " | ".join(heads), "|")
    print("|---" * (2 + 2 * len(VIEWS)) + "|")
    for model in options.models or [info.name for info in explainer.models() if info.offline]:
        try:
            loaded = explainer.load(model)
            photographs = in_folder(options.folder, loaded) if options.folder else carried()
            found = [judged(explainer, model, view, photographs) for view in VIEWS]
        except CamError as error:
            print(f"| {model} | {error} |")
            continue
        figures = " | ".join(f"{right:.2f} | {sure:.2f}" for right, sure in found)
        print(f"| {model} | {len(photographs)} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
