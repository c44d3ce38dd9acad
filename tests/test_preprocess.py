"""The model sees what its authors' transforms show it: not one number may differ."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms
from torchvision.models import get_model_weights

from gradcam_core import preprocess
from gradcam_core.models import MODELS
from gradcam_core.preprocess import Preprocessing

from .helpers import PLAIN, noise

# height, width: portrait, landscape, square, odd, smaller and larger than the input
SIZES = [(300, 451), (451, 300), (224, 224), (255, 257), (600, 400), (97, 131), (31, 64), (1, 1), (3, 40), (701, 703)]
LITE = {"efficientnet_lite0": (256, 224), "efficientnet_lite1": (274, 240), "efficientnet_lite2": (297, 260)}


def reference(name: str) -> Any:
    if name in LITE:
        resize, crop = LITE[name]
        return transforms.Compose(
            [
                transforms.Resize(resize, transforms.InterpolationMode.BICUBIC),
                transforms.CenterCrop(crop),
                transforms.ToTensor(),
                transforms.Normalize([0.498] * 3, [0.502] * 3),
            ]
        )
    return get_model_weights(name).DEFAULT.transforms()


@pytest.mark.parametrize("name", sorted(MODELS))
def test_equals_torchvisions_own_transforms(name: str) -> None:
    steps, expected = MODELS[name].preprocessing(), reference(name)
    for size in SIZES:
        pixels = noise(*size, seed=sum(size))
        inputs, _ = steps.encode(pixels)
        assert inputs.shape == steps.input_shape
        assert inputs.dtype == torch.float32
        assert torch.equal(inputs[0], expected(Image.fromarray(pixels))), size


def test_one_pixel_by_hand() -> None:
    steps = Preprocessing(4, 2, mean=(0.0, 0.5, 1.0), std=(1.0, 0.5, 0.25))
    inputs, placement = steps.encode(np.array([[[0, 255, 51]]], np.uint8))
    # (0 - 0) / 1, (1 - 0.5) / 0.5, (0.2 - 1) / 0.25
    np.testing.assert_allclose(inputs[0, :, 0, 0], [0, 1, -3.2], rtol=1e-6)
    assert placement.box == (0.25, 0.25, 0.75, 0.75)


def test_the_photograph_is_left_as_it_was() -> None:
    pixels = noise(30, 40)
    before = pixels.copy()
    Preprocessing(32, 32).encode(pixels)
    np.testing.assert_array_equal(pixels, before)


@pytest.mark.parametrize("interpolation", ["BILINEAR", "BICUBIC"])
@pytest.mark.parametrize("shape", [(1, 300), (300, 1), (300, 20)])
def test_long_pictures_take_a_short_cut_to_the_same_input(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int], interpolation: str
) -> None:
    """Resizing only what the crop shows gives the pixels of resizing all, but for the very edge."""
    steps = Preprocessing(40, 32, interpolation, **PLAIN)
    # light that changes slowly, as in photographs
    rows, columns = np.indices(shape)
    pixels = np.stack([127 + 120 * np.sin(rows / 9 + columns / 7 + shift) for shift in range(3)], -1).astype(np.uint8)
    whole, box = steps.encode(pixels)
    monkeypatch.setattr(preprocess, "LONGEST_RESIZED", 0)
    part, same_box = steps.encode(pixels)
    assert box == same_box
    difference = (whole - part).abs() * 255
    assert difference.max() <= 4
    assert difference.mean() <= 0.5


@pytest.mark.parametrize("shape", [(5000, 1), (1, 5000), (300, 20_000), (1, 65_535)])
def test_extreme_shapes_stay_in_bounded_memory(shape: tuple[int, int]) -> None:
    pixels = noise(*shape)
    tracemalloc.start()
    inputs, placement = Preprocessing(256, 224, "BICUBIC").encode(pixels)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert inputs.shape == (1, 3, 224, 224)
    assert torch.isfinite(inputs).all()
    box = placement.box
    assert 0 <= box.left < box.right <= shape[1]
    assert 0 <= box.top < box.bottom <= shape[0]
    # the middle of the picture, as wide as high
    assert box.left + box.right == pytest.approx(shape[1], abs=min(shape) / 100)
    assert box.right - box.left == pytest.approx(box.bottom - box.top, rel=1e-3)
    assert peak < 2 * pixels.nbytes + 10_000_000


def test_the_short_cut_never_makes_the_whole_resized_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[int, int]] = []
    original = Image.Image.resize

    def resize(self: Image.Image, size: tuple[int, int], *args: Any, **options: Any) -> Image.Image:
        made.append(size)
        return original(self, size, *args, **options)

    monkeypatch.setattr(Image.Image, "resize", resize)
    for shape in [(5000, 1), (300, 20_000)]:
        Preprocessing(256, 224).encode(noise(*shape))
    assert made == [(224, 224)] * 2


@pytest.mark.parametrize(("resize", "crop"), [(10, 11), (10, 0), (10, -1)])
def test_a_crop_that_does_not_fit_is_refused(resize: int, crop: int) -> None:
    with pytest.raises(ValueError, match=rf"`crop` {crop} must be positive and at most `resize` {resize}"):
        Preprocessing(resize, crop)
