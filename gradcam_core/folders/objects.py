"""Where the objects lie in photographs: outlines of COCO's JSON, or a folder of masks. Public names: `Outlines`.

outlines = Outlines.read(Path("instances.json"))    # or a folder with a PNG for each photograph, 0 outside
outlines.mask("horse/1.jpg", (480, 640), "horse")   # (480, 640) bool, or None
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import CamError, OptionError, first_line
from ..reading.photograph import read_photograph

__all__ = ["Outlines"]

Mask = NDArray[np.bool_]
# masks have at most this many pixels on their longer side: a map is coarser still
LONGEST = 640


@dataclass(frozen=True, eq=False)
class Outlines:
    """Finds the mask of a photograph by its `name` below the folder, its (height, width) and its class's label."""

    find: Callable[[str, tuple[int, int], str], Mask | None]

    @classmethod
    def read(cls, path: Path) -> Outlines:
        """Read COCO's JSON (https://cocodataset.org/#format-data), or use a folder of masks; raises OptionError."""
        if path.is_dir():
            return cls(lambda name, size, _: _painted(path, name, size))
        try:
            written = json.loads(path.read_text("utf-8"))
            return cls(_Coco.of(written).mask)
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise OptionError("audit.outlines_not_read", file=path.name, reason=first_line(error)) from None

    def mask(self, name: str, size: tuple[int, int], label: str) -> Mask | None:
        """The objects of the class called `label`, where the outlines know it, else all objects; None where unknown.

        Raises OptionError for an outline that is none.
        """
        try:
            return self.find(name, size, label)
        except CamError:
            raise
        except (ValueError, LookupError, TypeError, AttributeError, cv2.error) as error:
            # one object's outline is no outline: others may be
            raise OptionError("audit.outlines_not_read", file=name, reason=first_line(error)) from None


def _painted(folder: Path, name: str, size: tuple[int, int]) -> Mask | None:
    stem = Path(name).with_suffix("")
    for path in (folder / f"{stem}.png", folder / f"{stem.name}.png"):
        if path.is_file():
            try:
                with Image.open(path) as image:
                    return _inside(image, path)
            except (OSError, SyntaxError, ValueError, CamError, Image.DecompressionBombError) as error:
                raise OptionError("audit.outlines_not_read", file=path.name, reason=first_line(error)) from None
    return None


def _inside(image: Image.Image, path: Path) -> Mask:
    """What is painted: neither black nor transparent."""
    # what an index of colours says is which object, not how it is painted
    if image.mode in ("P", "L", "1", "I", "I;16"):
        return np.asarray(image) != 0
    if "A" in image.getbands():
        pixels = np.asarray(image.convert("RGBA"))
        return np.logical_and(pixels[..., :3].any(-1), pixels[..., 3])
    return np.asarray(read_photograph(path.read_bytes()).pixels.any(-1))


@dataclass(frozen=True, eq=False)
class _Coco:
    """COCO's outlines by file name; `sizes` are those that they were drawn at."""

    sizes: Mapping[str, tuple[int, int]]
    outlines: Mapping[str, Sequence[tuple[str, Any]]]

    @classmethod
    def of(cls, written: Any) -> _Coco:
        kinds = {one["id"]: str(one["name"]).casefold() for one in written.get("categories", ())}
        names = {one["id"]: str(one["file_name"]) for one in written["images"]}
        sizes = {str(one["file_name"]): (int(one["height"]), int(one["width"])) for one in written["images"]}
        outlines: dict[str, list[tuple[str, Any]]] = {name: [] for name in sizes}
        for one in written["annotations"]:
            shape = one.get("segmentation") or [_box(one["bbox"])]
            outlines[names[one["image_id"]]].append((kinds.get(one.get("category_id"), ""), shape))
        return cls(sizes, outlines)

    def mask(self, name: str, size: tuple[int, int], label: str) -> Mask | None:
        known = name if name in self.outlines else name.rsplit("/", 1)[-1]
        shapes = self.outlines.get(known)
        if not shapes:
            return None
        own = [shape for kind, shape in shapes if kind and kind in label.casefold().split(", ")]
        times = min(LONGEST / max(size), 1.0)
        height, width = (max(round(side * times), 1) for side in size)
        drawn_at = self.sizes[known]
        canvas = np.zeros((height, width), np.uint8)
        for shape in own or [shape for _, shape in shapes]:
            if isinstance(shape, dict):
                runs = _runs(shape)
                canvas |= np.asarray(cv2.resize(runs, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
                continue
            scale = np.array([width / drawn_at[1], height / drawn_at[0]])
            parts = [np.asarray(part, float).reshape(-1, 2) * scale for part in shape if len(part)]
            for part in parts:
                # cv2 counts from the centre of the first pixel; together, it would leave out where parts overlap
                cv2.fillPoly(canvas, [np.round(part - 0.5).astype(np.int32)], (1,))
        return canvas.astype(bool)


def _box(box: Sequence[float]) -> list[float]:
    left, top, wide, high = map(float, box)
    return [left, top, left + wide, top, left + wide, top + high, left, top + high]


def _runs(shape: Mapping[str, Any]) -> NDArray[np.uint8]:
    """(h, w) of COCO's run lengths: outside and inside in turn, column by column."""
    height, width = map(int, shape["size"])
    counts = shape["counts"]
    if isinstance(counts, str):
        counts = _counted(counts)
    values = np.repeat(np.arange(len(counts)) % 2, counts).astype(np.uint8)
    if len(values) != height * width:
        raise OptionError("audit.outlines_not_read", file="segmentation", reason=f"{len(values)} != {height * width}")
    return values.reshape(width, height).T


def _counted(text: str) -> list[int]:
    """Run lengths of COCO's short form: five bits a letter, from the third on the difference to the one before last."""
    counts: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    return counts
