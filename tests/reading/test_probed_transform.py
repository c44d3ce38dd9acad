"""Where anybody's transform looks: found to a part of a pixel, or refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torchvision import transforms
from torchvision.transforms import v2

from gradcam_core import Explainer, ImageError, ModelError
from gradcam_core.reading.preprocess import Preprocessing
from gradcam_core.reading.probed_transform import Ramped

from ..helpers import CellNetwork, noise

SIZES = [(512, 512), (768, 1024), (300, 451), (451, 300), (224, 224), (1200, 900), (90, 700), (64, 48)]
NORMALISE = [transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
Transform = Callable[[Any], Any]


def usual(size: int = 224, resize: int = 256, **options: Any) -> Transform:
    return transforms.Compose([transforms.Resize(resize, **options), transforms.CenterCrop(size), *NORMALISE])


def modern(picture: Image.Image) -> torch.Tensor:
    steps = [v2.ToImage(), v2.Resize(256, antialias=True), v2.CenterCrop(224), v2.ToDtype(torch.float32, scale=True)]
    return v2.Compose(steps)(picture)


@pytest.mark.parametrize(
    "transform",
    [usual(), usual(interpolation=transforms.InterpolationMode.BICUBIC), modern],
    ids=["bilinear", "bicubic", "tensors"],
)
@pytest.mark.parametrize("size", SIZES)
def test_resize_and_crop_are_found_where_they_are_known(size: tuple[int, int], transform: Transform) -> None:
    found = Ramped(transform).encode(noise(*size))[1]
    expected = Preprocessing(256, 224).encode(noise(*size))[1]
    assert (found.height, found.width) == size
    # a pixel of the input is this wide on the photograph; a sampled filter itself shifts what it averages by up to a
    # sixth of that, for 1024 to 341 pixels
    pixel = (expected.box.right - expected.box.left) / 224
    assert np.abs(np.array(found.box) - expected.box).max() < 0.2 * pixel


def test_the_input_is_what_the_transform_makes() -> None:
    encoder, pixels = Ramped(usual()), noise(300, 451)
    assert torch.equal(encoder.encode(pixels)[0][0], usual()(Image.fromarray(pixels)))
    assert encoder.input_shape == (1, 3, 224, 224)


def to_numbers(picture: Any) -> torch.Tensor:
    return transforms.functional.to_tensor(picture)


def letterbox(picture: Image.Image) -> torch.Tensor:
    return to_numbers(ImageOps.pad(picture, (192, 192), Image.Resampling.BILINEAR, color=(9, 90, 200)))


KNOWN: dict[str, tuple[Transform, Callable[[int, int], tuple[float, ...]]]] = {
    "squeezed": (transforms.Compose([transforms.Resize((96, 128)), *NORMALISE]), lambda h, w: (0, 0, w, h)),
    "all of it": (to_numbers, lambda h, w: (0, 0, w, h)),
    "nearest": (
        lambda picture: to_numbers(picture.resize((128, 96), Image.Resampling.NEAREST)),
        lambda h, w: (0, 0, w, h),
    ),
    "a corner": (lambda picture: to_numbers(picture.crop((10, 20, 50, 44))), lambda h, w: (10, 20, 50, 44)),
    "turned colours": (lambda picture: to_numbers(picture).flip(0), lambda h, w: (0, 0, w, h)),
    "inverted": (lambda picture: -to_numbers(picture), lambda h, w: (0, 0, w, h)),
    "grey": (lambda picture: to_numbers(picture.convert("L").resize((64, 64))), lambda h, w: (0, 0, w, h)),
    "an array": (
        lambda pixels: np.ascontiguousarray(cv2.resize(pixels, (160, 96)).transpose(2, 0, 1)),
        lambda h, w: (0, 0, w, h),
    ),
    "a batch of one": (lambda picture: to_numbers(picture)[None], lambda h, w: (0, 0, w, h)),
    "with margins": (
        letterbox,
        lambda h, w: ((w - max(h, w)) / 2, (h - max(h, w)) / 2, (w + max(h, w)) / 2, (h + max(h, w)) / 2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("size", [(120, 160), (300, 451), (900, 700)])
def test_what_other_transforms_show_is_found(name: str, size: tuple[int, int]) -> None:
    transform, expected = KNOWN[name]
    inputs, placement = Ramped(transform).encode(noise(*size))
    box = np.array(expected(*size))
    pixel = np.tile([(box[2] - box[0]) / inputs.shape[-1], (box[3] - box[1]) / inputs.shape[-2]], 2)
    # margins are whole pixels of the input, so the picture inside is up to one of them off
    allowed = 1 if name == "with margins" else 0.15
    assert (np.abs(np.array(placement.box) - box) <= allowed * np.maximum(pixel, 1)).all()


@pytest.mark.parametrize(
    ("transform", "words"),
    [
        (transforms.Compose([transforms.RandomResizedCrop(64), *NORMALISE]), "is random"),
        (transforms.Compose([transforms.Resize((64, 64)), transforms.RandomHorizontalFlip(), *NORMALISE]), "is random"),
        (transforms.Compose([transforms.Resize((64, 64)), transforms.ColorJitter(0.4), *NORMALISE]), "is random"),
        (lambda picture: to_numbers(ImageOps.mirror(picture)), "mirrors"),
        (lambda picture: to_numbers(picture.rotate(90, expand=True)), "turns, bends"),
        (lambda picture: to_numbers(picture.rotate(20)), "turns, bends"),
        (lambda picture: to_numbers(picture).roll(40, -1), "turns, bends"),
        (lambda picture: to_numbers(picture) ** 3, "by more than a factor"),
        (lambda picture: torch.nn.functional.pad(to_numbers(picture), (60,) * 4, "reflect"), "turns, bends"),
        (lambda picture: torch.nn.functional.layer_norm(t := to_numbers(picture), t.shape), "black and a white"),
        (lambda picture: picture, "returned Image"),
        (lambda picture: to_numbers(picture).mean(0), r"returned shape \(197, 263\)"),
        (lambda picture: 1 / 0, r"fails on a picture of 263 x 197 pixels: ZeroDivisionError \(division by zero\)"),
        ("resize", "'resize' cannot be called"),
    ],
)
def test_what_cannot_be_drawn_back_is_refused(transform: Any, words: str) -> None:
    with pytest.raises(ModelError, match=f"`transform` .*{words}"):
        Ramped(transform)


def test_a_photograph_too_small_to_be_measured_is_refused() -> None:
    encoder = Ramped(usual(32, 32))
    with pytest.raises(ImageError, match="40 x 9 pixels: too small"):
        encoder.encode(noise(9, 40))


def test_a_size_is_measured_once() -> None:
    calls: list[Any] = []

    def transform(picture: Image.Image) -> torch.Tensor:
        calls.append(picture.size)
        return to_numbers(picture)

    encoder = Ramped(transform)
    before = len(calls)
    for _ in range(3):
        encoder.encode(noise(50, 60))
    # black, white, two ramps and their negatives, then three photographs
    assert len(calls) == before + 6 + 3


@pytest.mark.parametrize("shape", [(320, 480), (480, 320)])
def test_the_map_lies_on_what_was_bright(shape: tuple[int, int]) -> None:
    """Through somebody's own transform and back: a bright square is coloured where it is."""
    pixels = np.zeros((*shape, 3), np.uint8)
    pixels[200:240, 180:220] = 255
    transform = transforms.Compose([transforms.Resize(64), transforms.CenterCrop(64), transforms.ToTensor()])
    explainer = Explainer(device="cpu")
    explainer.add_model("mine", CellNetwork(8), transform=transform)
    heat = np.nan_to_num(explainer.explain(pixels, model="mine", target=0).heatmap)
    rows, columns = np.indices(shape) + 0.5
    centre = [(places * heat).sum() / heat.sum() for places in (rows, columns)]
    # a cell is 40 pixels wide, and the square lies within one
    np.testing.assert_allclose(centre, [220, 200], atol=3)


def test_a_size_beside_a_transform_is_refused() -> None:
    with pytest.raises(ModelError, match="`input_size` 64 has no meaning beside a `transform`"):
        Explainer(device="cpu").add_model("mine", CellNetwork(8), transform=usual(), input_size=64)
