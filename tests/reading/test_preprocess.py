"""The model sees what its authors' transforms show it: not one number may differ."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms
from torchvision.models import get_model_weights

from gradcam_core.models import MODELS
from gradcam_core.reading import preprocess
from gradcam_core.reading.photograph import read_photograph
from gradcam_core.reading.preprocess import Preprocessing

from ..helpers import PLAIN, noise
from ..pictures import encoded

EXAMPLE = Path(__file__).parents[2] / "assets" / "examples" / "1-coffee.jpg"

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


@pytest.mark.parametrize("name", sorted(LITE))
@pytest.mark.parametrize("size", [(2403, 1801), (1801, 2403), (4000, 3000), (6001, 1203)])
def test_a_reduced_photograph_gives_nearly_the_same_input_from_the_same_place(name: str, size: tuple[int, int]) -> None:
    with Image.open(EXAMPLE) as image:
        packed = encoded(image.convert("RGB").resize(size), "JPEG", quality=90)
    photograph, steps = read_photograph(packed), MODELS[name].preprocessing()
    assert photograph.reduction(steps.enough) > 1
    reduced, where = steps.encode(photograph.at_least(steps.enough), photograph.size)
    whole, expected = steps.encode(photograph.pixels, photograph.size)
    assert where == expected
    difference = (reduced - whole).abs() * torch.tensor(steps.std).view(1, 3, 1, 1) * 255
    assert difference.max() <= 6
    assert difference.mean() <= 0.5


@pytest.mark.parametrize("times", [2, 4, 8])
@pytest.mark.parametrize("size", [(1601, 1207), (1203, 1605)])
def test_a_reduced_photograph_is_not_shifted(times: int, size: tuple[int, int]) -> None:
    """Ramps give every pixel of the input its own coordinate; the last reduced pixel may lie half outside."""
    width, height = size
    steps = Preprocessing(100, 90, "BILINEAR", **PLAIN)
    columns, rows = np.meshgrid(np.arange(-(-width // times)), np.arange(-(-height // times)))
    # where the middle of each reduced pixel lies on the original, in 255ths of its sides
    across, down = ((index + 0.5) * times * 255 / side for index, side in ((columns, width), (rows, height)))
    pixels = np.clip(np.rint(np.stack([across, down, down], -1)), 0, 255).astype(np.uint8)
    inputs, placement = steps.encode(pixels, size)
    box = placement.box
    middles = (np.arange(90) + 0.5) / 90
    seen_across = (box.left + middles * (box.right - box.left)) * 255 / width
    seen_down = (box.top + middles * (box.bottom - box.top)) * 255 / height
    np.testing.assert_allclose(inputs[0, 0] * 255, np.broadcast_to(seen_across, (90, 90)), atol=1.1)
    np.testing.assert_allclose(inputs[0, 1] * 255, np.broadcast_to(seen_down[:, None], (90, 90)), atol=1.1)
    assert abs((inputs[0, 0].numpy() * 255 - seen_across).mean()) < 0.1
    assert (placement.width, placement.height) == size


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


@pytest.mark.parametrize(("resize", "crop", "name"), [(10, 0, "crop"), (10, -1, "crop"), (0, 10, "resize")])
def test_sizes_that_are_none_are_refused(resize: int, crop: int, name: str) -> None:
    with pytest.raises(ValueError, match=rf"`{name}` .* must be positive"):
        Preprocessing(resize, crop)


MODES = [("center", 0.9), ("center", 1.15), ("squash", 1.0), ("squash", 0.95)]


@pytest.mark.parametrize(("crop_mode", "crop_pct"), MODES)
def test_equals_timms_own_transforms(crop_mode: str, crop_pct: float) -> None:
    """Squashed, cut and filled up with black: every mode that a pretrained classifier of timm has."""
    from timm.data import create_transform

    expected = create_transform(
        (3, 64, 64), crop_mode=crop_mode, crop_pct=crop_pct, interpolation="bicubic", mean=(0.5,) * 3, std=(0.25,) * 3
    )
    resize = int(64 / crop_pct)
    steps = Preprocessing(resize, 64, "BICUBIC", (0.5,) * 3, (0.25,) * 3, squash=crop_mode == "squash")
    for size in SIZES:
        pixels = noise(*size, seed=sum(size))
        assert torch.equal(steps.encode(pixels)[0][0], expected(Image.fromarray(pixels))), size


def test_where_a_squashed_and_a_filled_up_input_lie() -> None:
    assert Preprocessing(40, 20, squash=True).encode(noise(80, 160))[1].box == (40, 20, 120, 60)
    # resized to 20 x 40, filled up to 30 above and below, 5 cut off left and right; one new pixel is 4 old ones
    assert Preprocessing(20, 30).encode(noise(80, 160))[1].box == (20, -20, 140, 100)


def test_the_short_cut_fills_up_as_the_long_way_does(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Preprocessing(20, 30, "BOX", **PLAIN)
    pixels = noise(40, 160)
    whole, _ = steps.encode(pixels)
    monkeypatch.setattr(preprocess, "LONGEST_RESIZED", 0)
    assert torch.equal(steps.encode(pixels)[0], whole)
    assert (whole[0, :, :5] == 0).all()
    assert (whole[0, :, 5:25] > 0).any()
