"""Which layer's maps stay on the object? Measured at each model's own input size, to choose its default.

    python -m tests.benchmarks.default_layer [FOLDER] [--grids 40] [--seed 0] [--models NAME ...]

Four photographs of four classes, each recognised with its class when shown alone, are put on a 2 x 2 grid at
random and mirrored at random. The grid goes through the app's own preprocessing, and for each of the four
classes and each layer the share of the positive map inside the class's own cell is taken: 0.25 is chance, 1 is
perfect. Photographs in FOLDER are named by their class: the folder's or the file's name is a label or an index
(`espresso.jpg`, `967/cup.png`, `any_thing_967.jpg`). Without FOLDER those are used that installed packages carry
(scikit-image, scikit-learn, gradio, foolbox); nothing is downloaded. tests/benchmarks/README.md has the figures.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps

from gradcam_core import CamError, Explainer, TargetError
from gradcam_core.models import LoadedModel

Pixels = NDArray[np.uint8]

# what packages carry, with the classes that are right; foolbox names its own by index
CARRIED = {
    "skimage/data/chelsea.png": (281, 282, 285),
    "skimage/data/coffee.png": (967,),
    "skimage/data/camera.png": (872,),
    "skimage/data/motorcycle_left.png": (665,),
    "sklearn/datasets/images/china.jpg": (698,),
    "gradio/media_assets/images/cheetah.jpg": (293,),
    "gradio/media_assets/images/lion.jpg": (291,),
}
FOOLBOX = "foolbox/data"
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
CONFIDENT = 0.3
CELL = 256
# measured besides the offered layers, where the model has them
ALSO = ("conv_head",)


@dataclass(frozen=True)
class Named:
    """A photograph and the classes that count as right for it."""

    path: Path
    classes: tuple[int, ...]


def carried() -> list[Named]:
    """The photographs that installed packages carry."""
    found = [Named(path, classes) for name, classes in CARRIED.items() if (path := _installed(name)) is not None]
    folder = _installed(FOOLBOX)
    files = sorted(folder.glob("imagenet_*.jpg")) if folder else []
    return found + [Named(path, (int(path.stem.split("_")[-1]),)) for path in files]


def _installed(name: str) -> Path | None:
    package, _, rest = name.partition("/")
    spec = find_spec(package)
    path = Path(spec.submodule_search_locations[0]) / rest if spec and spec.submodule_search_locations else None
    return path if path is not None and path.exists() else None


def in_folder(folder: Path, loaded: LoadedModel) -> list[Named]:
    """The photographs under `folder` whose folder's or own name says their class; the others are passed over."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    return [Named(path, classes) for path in files if (classes := tuple(_classes(path, loaded)))]


def _classes(path: Path, loaded: LoadedModel) -> Iterator[int]:
    for name in (path.parent.name, path.stem, path.stem.split("_")[-1]):
        try:
            yield loaded.class_index(name.replace("_", " "))
        except TargetError:
            continue
        return


def recognised(explainer: Explainer, model: str, photographs: list[Named]) -> dict[int, list[Pixels]]:
    """Square photographs by class: those that `model` recognises alone, sure to `CONFIDENT` at least."""
    squares: dict[int, list[Pixels]] = defaultdict(list)
    for named in photographs:
        with Image.open(named.path) as image:
            square = np.asarray(ImageOps.fit(image.convert("RGB"), (CELL, CELL), Image.Resampling.BICUBIC))
        top = explainer.explain(square, model=model).top[0]
        if top.index in named.classes and top.probability >= CONFIDENT:
            squares[top.index].append(square)
    return squares


@dataclass(frozen=True)
class Grid:
    """Four squares as one picture; `classes` from top left to bottom right."""

    pixels: Pixels
    classes: tuple[int, ...]


def make_grid(squares: dict[int, list[Pixels]], dice: random.Random) -> Grid:
    """A grid of four photographs of different classes, in random order, each mirrored or not."""
    classes = tuple(dice.sample(sorted(squares), 4))
    cells = [square[:, :: dice.choice((1, -1))] for square in (dice.choice(squares[index]) for index in classes)]
    return Grid(np.vstack([np.hstack(cells[:2]), np.hstack(cells[2:])]), classes)


def inside(heatmap: NDArray[np.float32], place: int) -> tuple[float, bool]:
    """The share of the positive map in cell `place`, from top left, and whether its highest point lies there."""
    heat = np.maximum(np.nan_to_num(heatmap), 0)
    row, column = divmod(place, 2)
    own = heat[row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL]
    total = float(heat.sum())
    share = float(own.sum()) / total if total else 0.0
    return share, total > 0 and float(own.max()) == float(heat.max())


def measure(explainer: Explainer, model: str, layer: str, grid: Grid) -> list[tuple[float, bool]]:
    """For each class what `inside` says of its own cell."""
    maps = (explainer.explain(grid.pixels, model=model, layer=layer, target=index) for index in grid.classes)
    return [inside(explanation.heatmap, place) for place, explanation in enumerate(maps)]


def compare(explainer: Explainer, model: str, photographs: list[Named], grids: int, seed: int) -> str | None:
    """Print the table of one model; returns the layer with the highest mean share, None without photographs."""
    squares = recognised(explainer, model, photographs)
    total = sum(len(found) for found in squares.values())
    print(f"\n{model}: {total} of {len(photographs)} photographs recognised alone, {len(squares)} classes")
    if len(squares) < 4:
        print("at least four classes are needed")
        return None
    loaded, dice = explainer.load(model), random.Random(seed)  # noqa: S311 - repeatable, not secret
    places = {layer.name: f"{layer.shape[2]}x{layer.shape[1]}" for layer in loaded.layers}
    modules = dict(loaded.network.named_modules())
    names = [*places, *(name for name in ALSO if name in modules and name not in places)]
    made = [make_grid(squares, dice) for _ in range(grids)]
    # (grids, layers, classes, 2); the layers of one grid one after the other, so that they share its capture
    measured = np.array([[measure(explainer, model, name, grid) for name in names] for grid in made], np.float64)
    shares: dict[str, NDArray[np.float64]] = {}
    print(f"{'layer':<14}{'map':>9}{'share':>8}{'spread':>8}{'peak inside':>13}")
    for place, name in enumerate(names):
        results = measured[:, place]
        shares[name] = results[..., 0].mean(axis=1)
        print(
            f"{name:<14}{places.get(name, '-'):>9}{shares[name].mean():>8.3f}{shares[name].std(ddof=1):>8.3f}"
            f"{results[..., 1].mean():>13.3f}"
        )
    best = max(places, key=lambda name: float(shares[name].mean()))
    rivals = [(float(shares[name].mean()), name) for name in places if name != best]
    second = max(rivals)[1]
    ahead = float((shares[best] > shares[second]).mean())
    print(f"best offered layer: {best}, ahead of {second} on {ahead:.0%} of the grids")
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, help="photographs named by class")
    parser.add_argument("--grids", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--models", nargs="+", help="default: every model that is there without a download")
    arguments = parser.parse_args()
    # several threads of one computation only wait for each other on a busy machine
    torch.set_num_threads(1)
    explainer = Explainer(cache_mb=500)
    for model in arguments.models or [info.name for info in explainer.models() if info.offline]:
        try:
            loaded = explainer.load(model)
        except CamError as error:
            print(f"\n{model}: {error}")
            continue
        photographs = carried() if arguments.folder is None else in_folder(arguments.folder, loaded)
        compare(explainer, model, photographs, arguments.grids, arguments.seed)


if __name__ == "__main__":
    main()
