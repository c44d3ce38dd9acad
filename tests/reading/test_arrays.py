"""What is said of an array that is no image yet makes one of it."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gradcam_core import ImageError
from gradcam_core.reading.arrays import making_image
from gradcam_core.reading.photograph import read_photograph

from ..helpers import noise

RGB = noise(6, 8)
GREY = RGB[..., 0]
FIRST = np.ascontiguousarray(RGB.transpose(2, 0, 1))
PARTS = RGB.astype(np.float32) / 255
REPEATED = np.stack([GREY] * 3, -1)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (GREY, REPEATED),
        (GREY[..., None], REPEATED),
        (np.dstack([RGB, GREY]), RGB),
        (FIRST, RGB),
        (FIRST[:1], REPEATED),
        (RGB[None], RGB),
        (FIRST[None], RGB),
        (PARTS, RGB),
        (PARTS.astype(np.float64)[..., 0], REPEATED),
        (RGB.astype(np.float32), RGB),
        (RGB.astype(np.int64), RGB),
        (RGB.astype(np.uint16) * 257, RGB),
        (RGB > 127, (RGB > 127) * np.uint8(255)),
        (torch.from_numpy(RGB), RGB),
        (torch.from_numpy(FIRST), RGB),
        (torch.from_numpy(PARTS).permute(2, 0, 1)[None].requires_grad_(), RGB),
        (torch.from_numpy(RGB).bfloat16(), None),
        (RGB.tolist(), RGB),
    ],
    ids=lambda one: f"{type(one).__name__}{tuple(getattr(one, 'shape', ()))}",
)
def test_what_is_said_makes_an_image(given: Any, expected: np.ndarray | None) -> None:
    with pytest.raises(ImageError) as caught:
        read_photograph(given)
    code = making_image(given)
    assert code is not None
    assert code in str(caught.value)
    made = eval(code, {"np": np, "image": given})  # noqa: S307 - what somebody would copy
    found = np.asarray(read_photograph(made).preview)
    np.testing.assert_array_equal(found, made if expected is None else expected)


@pytest.mark.parametrize(
    "given",
    [
        np.full((4, 4, 3), np.nan),
        PARTS - 0.5,
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((2, 4, 4, 3), np.uint8),
        np.zeros((5, 4, 5), np.uint8),
        RGB.astype(np.int64) * 1000,
        np.zeros((4, 4, 3), complex),
        np.array([["a"]]),
        [[1, 2], [3]],
        torch.zeros(3, 4, 4).to_sparse(),
        {"image": 1},
        7,
    ],
    ids=lambda one: f"{type(one).__name__}{tuple(getattr(one, 'shape', ()))}",
)
def test_where_nobody_can_know_no_code_is_given(given: Any) -> None:
    assert making_image(given) is None
    with pytest.raises(ImageError, match=r"`image` is (an array|of type)"):
        read_photograph(given)


def test_an_open_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    Image.fromarray(RGB).save(path)
    image = io.BytesIO(path.read_bytes())
    # as it is handed on by whoever has looked into it
    image.read()
    for opened in (image, path.open("rb"), path.open(encoding="utf-8")):
        with opened as image:
            code = making_image(image)
            read = eval(str(code), {"image": image})  # noqa: S307
            np.testing.assert_array_equal(read_photograph(read).pixels, RGB)
    assert making_image(io.StringIO("cat")) is None


def test_tensors_without_values_are_refused() -> None:
    with pytest.raises(ImageError, match="is of type 'Tensor'"):
        read_photograph(torch.zeros(3, 4, 4, device="meta"))  # type: ignore[arg-type]


def test_whatever_names_a_file_is_a_path(tmp_path: Path) -> None:
    class Named(os.PathLike[str]):
        def __init__(self, name: str) -> None:
            self.name = name

        def __fspath__(self) -> str:
            return str(tmp_path / self.name)

    Image.fromarray(RGB).save(tmp_path / "cat.png")
    np.testing.assert_array_equal(read_photograph(Named("cat.png")).pixels, RGB)
    with pytest.raises(ImageError, match=r"'dog\.png' cannot be read"):
        read_photograph(Named("dog.png"))
