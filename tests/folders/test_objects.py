"""Outlines of objects: COCO's polygons, boxes and run lengths, and painted masks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gradcam_core import OptionError
from gradcam_core.folders.objects import Outlines

HEIGHT, WIDTH = 6, 4


def coco(path: Path, *annotations: dict[str, Any]) -> Outlines:
    written = {
        "images": [{"id": 7, "file_name": "a.jpg", "height": HEIGHT, "width": WIDTH}],
        "categories": [{"id": 1, "name": "horse"}, {"id": 2, "name": "cow"}],
        "annotations": [{"image_id": 7, **one} for one in annotations],
    }
    path.write_text(json.dumps(written))
    return Outlines.read(path)


def wanted() -> np.ndarray:
    """Rows 2 to 5 of the first column and of the second."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[2:6, 0:2] = True
    return mask


@pytest.mark.parametrize(
    "shape",
    [
        {"segmentation": [[0, 2, 2, 2, 2, 6, 0, 6]]},
        {"bbox": [0, 2, 2, 4]},
        # column by column: two outside, four inside, twice; then the other two columns
        {"segmentation": {"size": [HEIGHT, WIDTH], "counts": [2, 4, 2, 4, 12]}},
        # the same in COCO's short form: 2, 4, 2, then what is to be added to the one before last, 0 and 10
        {"segmentation": {"size": [HEIGHT, WIDTH], "counts": "2420:"}},
    ],
    ids=["polygon", "box", "runs", "short runs"],
)
def test_every_form_of_an_outline_is_the_same_mask(tmp_path: Path, shape: dict[str, Any]) -> None:
    mask = coco(tmp_path / "a.json", {"category_id": 1, **shape}).mask("sub/a.jpg", (HEIGHT, WIDTH), "horse")
    assert mask is not None
    if "segmentation" in shape and isinstance(shape["segmentation"], dict):
        np.testing.assert_array_equal(mask, wanted())
    else:
        # an edge between two pixels may fall on either
        assert mask[3:5, 0:1].all()
        assert not mask[0:1].any()
        assert not mask[:, 3].any()


def test_the_outlines_of_the_class_count_where_there_are_some(tmp_path: Path) -> None:
    horse = {"category_id": 1, "segmentation": {"size": [HEIGHT, WIDTH], "counts": [0, 6, 18]}}
    cow = {"category_id": 2, "segmentation": {"size": [HEIGHT, WIDTH], "counts": [18, 6]}}
    outlines = coco(tmp_path / "a.json", horse, cow)
    columns = {label: outlines.mask("a.jpg", (HEIGHT, WIDTH), label) for label in ("horse", "cow", "tree")}
    assert {label: list(mask.any(0)) for label, mask in columns.items() if mask is not None} == {
        "horse": [True, False, False, False],
        "cow": [False, False, False, True],
        "tree": [True, False, False, True],
    }
    assert outlines.mask("b.jpg", (HEIGHT, WIDTH), "horse") is None


def test_painted_masks_lie_beside_by_name(tmp_path: Path) -> None:
    (tmp_path / "horse").mkdir()
    Image.fromarray(wanted().astype(np.uint8)).save(tmp_path / "horse" / "a.png")
    outlines = Outlines.read(tmp_path)
    mask = outlines.mask("horse/a.jpg", (HEIGHT, WIDTH), "horse")
    assert mask is not None
    np.testing.assert_array_equal(mask, wanted())
    assert outlines.mask("horse/b.jpg", (HEIGHT, WIDTH), "horse") is None


@pytest.mark.parametrize("mode", ["1", "L", "P", "I;16", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("transparent", [False, True])
def test_a_mask_may_be_painted_in_any_way(tmp_path: Path, mode: str, transparent: bool) -> None:
    painted = Image.fromarray((wanted() * 255).astype(np.uint8))
    if mode == "I;16":
        painted = Image.fromarray(wanted().astype(np.uint16))
    elif mode == "P":
        painted = Image.fromarray(wanted().astype(np.uint8))
        painted.putpalette([255, 255, 255, 0, 0, 0])
    elif transparent and mode in ("LA", "RGBA"):
        # white below as well: what cannot be seen is outside
        white = Image.new(mode, (WIDTH, HEIGHT), "white")
        white.putalpha(painted)
        painted = white
    else:
        painted = painted.convert(mode)
    painted.save(tmp_path / "a.png")
    mask = Outlines.read(tmp_path).mask("a.jpg", (HEIGHT, WIDTH), "horse")
    assert mask is not None
    np.testing.assert_array_equal(mask, wanted())


def test_parts_of_an_object_that_overlap_are_all_inside(tmp_path: Path) -> None:
    part = [0, 2, 2, 2, 2, 6, 0, 6]
    alone, twice = (
        coco(tmp_path / "a.json", {"category_id": 1, "segmentation": shape}).mask("a.jpg", (HEIGHT, WIDTH), "horse")
        for shape in ([part], [part, part])
    )
    assert alone is not None
    assert alone[4, 0]
    np.testing.assert_array_equal(alone, twice)


@pytest.mark.parametrize(
    "shape",
    [[[1, 2, 3]], [["a", "b"]], {"size": [HEIGHT, WIDTH], "counts": [-1, 25]}, {"counts": [24]}, {"size": 3}],
)
def test_an_outline_that_is_none_is_said_of_its_photograph(tmp_path: Path, shape: Any) -> None:
    outlines = coco(tmp_path / "a.json", {"category_id": 1, "segmentation": shape})
    with pytest.raises(OptionError, match="cannot be read"):
        outlines.mask("a.jpg", (HEIGHT, WIDTH), "horse")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"images": [{}], "annotations": []}', "nothing"])
def test_what_is_no_outline_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(OptionError, match="cannot be read"):
        Outlines.read(tmp_path / "a.json")
