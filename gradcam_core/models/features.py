"""The frozen network in front of the captioner and the answerer, and its maps of whole photograph archives.

    backbone = build_backbone()
    maps = archive_maps(Path("photographs/coco.tar"), Path("cache"), backbone)
    maps.of("COCO_train2014_000000000009.jpg")  # (49, 1280) float16

Public names: `CHANNELS`, `GRID`, `SIDE`, `ArchiveMaps`, `Maps`, `Standardise`, `archive_maps`, `build_backbone`,
`channel_statistics`, `load_maps`, `photograph_steps`.
"""

from __future__ import annotations

import io
import json
import sys
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from ..reading.preprocess import Preprocessing
from .embedded import SPECS

__all__ = [
    "CHANNELS",
    "GRID",
    "SIDE",
    "ArchiveMaps",
    "Maps",
    "Standardise",
    "archive_maps",
    "build_backbone",
    "channel_statistics",
    "load_maps",
    "photograph_steps",
]

BACKBONE = SPECS[0]
SIDE = 224
GRID = 7
CHANNELS = 1280
BATCH = 16


def photograph_steps() -> Preprocessing:
    """What turns a photograph into the input: all of it, squashed to a square, so that nothing is cut off."""
    own = cast(Preprocessing, BACKBONE.preprocessing())
    return replace(own, resize=SIDE, crop=SIDE, squash=True)


def build_backbone() -> nn.Module:
    """EfficientNet-Lite0 with its ImageNet weights, frozen: (N, 3, H, W) to (N, 1280, H / 32, W / 32) behind `bn2`."""
    network: Any = BACKBONE.build().eval().requires_grad_(False)
    network.reset_classifier(0, "")
    return network


class Standardise(nn.Module):
    """Subtract each channel's mean and divide by its deviation, both measured once over photographs.

    Unlike a LayerNorm its numbers do not depend on the photograph: a LayerNorm makes gradient times activation sum to
    about zero at every place, and so empties the maps that are made of it. (N, P, C) -> (N, P, C).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("deviation", torch.ones(channels))
        self.mean: Tensor
        self.deviation: Tensor

    def forward(self, places: Tensor) -> Tensor:
        return (places - self.mean) / self.deviation


@dataclass(frozen=True, eq=False)
class ArchiveMaps:
    """The backbone's maps of an archive's photographs: `maps` (N, 49, 1280) float16 on the disk, and their names."""

    maps: NDArray[np.float16]
    rows: dict[str, int]

    def of(self, name: str) -> NDArray[np.float16]:
        """(49, 1280): the places row by row, top left first."""
        return self.maps[self.rows[name]]


class Maps:
    """The maps of several archives under one roof."""

    def __init__(self, archives: list[ArchiveMaps]) -> None:
        self.archives = archives

    def of(self, names: list[str]) -> Tensor:
        """(N, 49, 1280) float32."""
        rows = [next(one for one in self.archives if name in one.rows).of(name) for name in names]
        return torch.from_numpy(np.stack(rows)).float()


def load_maps(data: Path, cache: Path) -> Maps:
    """The maps of `coco.tar` and `flickr8k.tar` in `data`, computed where `cache` does not hold them."""
    backbone = build_backbone()
    return Maps([archive_maps(data / name, cache, backbone) for name in ("coco.tar", "flickr8k.tar")])


def channel_statistics(maps: Maps, each: int = 50) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each channel over every `each`-th photograph: two (1280,) float32."""
    seen = np.concatenate(
        [np.asarray(one.maps[::each], dtype=np.float64).reshape(-1, CHANNELS) for one in maps.archives]
    )
    deviation = seen.std(0) + 0.05
    return torch.from_numpy(seen.mean(0).astype(np.float32)), torch.from_numpy(deviation.astype(np.float32))


def archive_maps(archive: Path, cache: Path, backbone: nn.Module) -> ArchiveMaps:
    """The maps of all JPEGs in a tar file, read from `cache` where they were computed before.

    Takes some 30 to 60 ms a photograph the first time.
    """
    stem = f"lite0-{archive.stem}"
    file, index = cache / f"{stem}.npy", cache / f"{stem}.json"
    if not index.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as tar:
            names = [member.name for member in tar if member.isfile()]
            shape = (len(names), GRID * GRID, CHANNELS)
            maps = np.lib.format.open_memmap(file, mode="w+", dtype=np.float16, shape=shape)
            _fill(maps, tar, names, backbone)
            maps.flush()
        # written last: it says that the maps are whole
        index.write_text(json.dumps(names), "utf-8")
    rows = {name: row for row, name in enumerate(json.loads(index.read_text("utf-8")))}
    return ArchiveMaps(np.load(file, mmap_mode="r"), rows)


def _fill(maps: NDArray[np.float16], tar: tarfile.TarFile, names: list[str], backbone: nn.Module) -> None:
    begun = time.monotonic()
    for start, batch in _batches(tar, names):
        with torch.inference_mode():
            found = backbone(batch)
        maps[start : start + len(batch)] = found.flatten(2).transpose(1, 2).to(torch.float16).numpy()
        done = start + len(batch)
        if done % (32 * BATCH) == 0:
            left = (time.monotonic() - begun) * (len(names) - done) / done
            print(f"maps {done}/{len(names)}  {left / 60:.0f} min left", file=sys.stderr, flush=True)


def _batches(tar: tarfile.TarFile, names: list[str]) -> Iterator[tuple[int, Tensor]]:
    steps = photograph_steps()
    for start in range(0, len(names), BATCH):
        inputs = []
        for name in names[start : start + BATCH]:
            member = tar.extractfile(name)
            if member is None:
                raise OSError(f"{name!r} cannot be read from {tar.name!r}.")
            with Image.open(io.BytesIO(member.read())) as image:
                inputs.append(steps.encode(np.asarray(image.convert("RGB")))[0])
        yield start, torch.cat(inputs)
