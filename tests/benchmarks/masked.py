"""Photographs with outlines of their objects: where does a map's highest place lie?

DIR holds masked.tar and masked.json (COCO's format). A peak counts where its cell touches the outline of an object of
the kind in question, which is the same as widening the outline by half a cell around the cell's middle.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from gradcam_core.methods.maps import METHODS
from gradcam_core.models.features import Maps

CELL = 20
# a kind that fills less than this part of the photograph is small
SMALL = 0.15
# a fifth of the 49 places is hidden
HIDDEN = 10
METHOD_KEYS = ("gradcam", "hirescam", "layercam", "xgradcam")


@dataclass(frozen=True, eq=False)
class MaskedPhotograph:
    """The captions, and for each kind (grid x grid) bool cells that it touches and its part of the area."""

    name: str
    captions: tuple[str, ...]
    cells: dict[str, NDArray[np.bool_]]
    areas: dict[str, float]


def read_masked(folder: Path, grid: int = 7) -> Iterator[MaskedPhotograph]:
    """The photographs one after another."""
    tables = json.loads((folder / "masked.json").read_text("utf-8"))
    kinds = {one["id"]: one["name"] for one in tables["categories"]}
    outlines = defaultdict(list)
    for one in tables["annotations"]:
        outlines[one["image_id"]].append(one)
    side = grid * CELL
    for one in tables["images"]:
        masks: dict[str, NDArray[np.bool_]] = {}
        for outline in outlines[one["id"]]:
            kind = kinds[outline["category_id"]]
            mask = rasterise(outline["segmentation"], one["width"], one["height"], side)
            masks[kind] = masks.get(kind, np.zeros((side, side), bool)) | mask
        cells = {kind: mask.reshape(grid, CELL, grid, CELL).any((1, 3)) for kind, mask in masks.items()}
        areas = {kind: float(mask.mean()) for kind, mask in masks.items()}
        yield MaskedPhotograph(one["file_name"], tuple(one.get("captions", ())), cells, areas)


def activations_of(maps: Maps, photograph: MaskedPhotograph, grid: int = 7) -> torch.Tensor:
    """(1, C, grid, grid) of the backbone."""
    return maps.of([photograph.name]).transpose(1, 2).unflatten(2, (grid, grid))


def rasterise(segmentation: list[list[float]] | dict, width: int, height: int, side: int) -> NDArray[np.bool_]:
    """(side, side) bool of an outline in COCO's format: polygons, or run lengths down the columns."""
    if isinstance(segmentation, dict):
        runs = segmentation["counts"]
        values = np.repeat(np.arange(len(runs)) % 2, runs).reshape(width, height).T
        whole = Image.fromarray(values.astype(np.uint8) * 255)
        return np.asarray(whole.resize((side, side), Image.Resampling.BOX)) > 127
    drawing = Image.new("1", (side, side))
    for polygon in segmentation:
        points = [(x / width * side, y / height * side) for x, y in zip(polygon[::2], polygon[1::2], strict=True)]
        ImageDraw.Draw(drawing).polygon(points, fill=1, outline=1)
    return np.asarray(drawing)


def peak_hits(cam: NDArray[np.float32] | torch.Tensor, cells: NDArray[np.bool_]) -> bool:
    """Whether the highest place of a (grid, grid) map lies on a cell that the outline touches."""
    return bool(cells.flatten()[int(np.asarray(cam).argmax())])


def centre_hits(cells: NDArray[np.bool_]) -> bool:
    """The same for the middle of the photograph, what one could say without looking."""
    return bool(cells[cells.shape[0] // 2, cells.shape[1] // 2])


def read_pixels(folder: Path, name: str) -> NDArray[np.uint8]:
    """(H, W, 3) of one photograph."""
    with tarfile.open(folder / "masked.tar") as tar:
        file = tar.extractfile(name)
        if file is None:
            raise FileNotFoundError(name)
        with Image.open(io.BytesIO(file.read())) as image:
            return np.asarray(image.convert("RGB"))


def hidden(inputs: torch.Tensor, order: torch.Tensor, cells: int = HIDDEN) -> torch.Tensor:
    """(1, 3, H, W) with the first `cells` of a map's cells, `order`, made grey."""
    grid = round(len(order) ** 0.5)
    keep = torch.ones(grid * grid)
    keep[order[:cells]] = 0
    side = inputs.shape[-1] // grid
    mask = keep.view(grid, grid).repeat_interleave(side, 0).repeat_interleave(side, 1)
    # the middle grey is zero once standardised
    return inputs * mask


def hottest(cam: torch.Tensor) -> torch.Tensor:
    """The cells of a map, the highest first."""
    return cam.flatten().argsort(descending=True)


def rank_correlation(first: torch.Tensor, second: torch.Tensor) -> float:
    """Spearman's, of two maps without ties."""
    ranks = torch.stack([cam.flatten().argsort().argsort().double() for cam in (first, second)])
    return float(torch.corrcoef(ranks)[0, 1])


def method_maps(activations: torch.Tensor, gradients: torch.Tensor) -> dict[str, torch.Tensor]:
    """The (h, w) map of each method that needs gradients only, from (1, C, h, w) both."""
    return {key: METHODS[key].function(activations, gradients)[0] for key in METHOD_KEYS if key in METHODS}


@dataclass
class Tally:
    """Shares of hits by name, of all objects and of small ones."""

    every: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    small: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, hit: bool, area: float) -> None:
        """Count one peak."""
        self.every[name].append(hit)
        if area < SMALL:
            self.small[name].append(hit)

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Name, share of all with its number, share of the small ones with its number."""
        for name, hits in self.every.items():
            few = self.small.get(name, [])
            yield name, share(hits), share(few)


def share(hits: list[bool]) -> str:
    """The share of hits with its standard error and their number."""
    if not hits:
        return "-"
    mean = float(np.mean(hits))
    return f"{mean:.3f} ± {np.sqrt(mean * (1 - mean) / len(hits)):.3f} (n = {len(hits)})"
