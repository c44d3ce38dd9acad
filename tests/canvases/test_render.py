"""Colours to the pixel: worked out by hand, in RGB, even to the eye."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import cv2
import matplotlib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gradcam_core import Look
from gradcam_core.canvases import render
from gradcam_core.canvases.render import (
    COLORMAPS,
    color_table,
    heatmap_picture,
    masked_picture,
    overlay_picture,
    png_of,
)

from ..helpers import noise

EVEN = [name for name in COLORMAPS if name != "jet"]
NAN = np.nan


def drawn(picture: Any) -> NDArray[np.uint8]:
    assert picture.mode == "RGB"
    return np.asarray(picture)


def values(*numbers: float) -> NDArray[np.float32]:
    return np.array([numbers], np.float32)


def grey(light: int, width: int) -> NDArray[np.uint8]:
    return np.full((1, width, 3), light, np.uint8)


@pytest.mark.parametrize("name", EVEN)
def test_colours_are_those_of_matplotlib_in_rgb_order(name: str) -> None:
    table = color_table(name)
    assert table.dtype == np.uint8
    expected = matplotlib.colormaps[name](np.arange(256), bytes=True)[:, :3]
    np.testing.assert_allclose(table.astype(int), expected.astype(int), atol=1)


def lightness(table: NDArray[np.uint8]) -> NDArray[np.float64]:
    """CIE L* of sRGB colours, from the standard's formulas."""
    encoded = table / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    y = linear @ [0.2126, 0.7152, 0.0722]
    return np.where(y > (6 / 29) ** 3, 116 * np.cbrt(y) - 16, y * (29 / 3) ** 3)


@pytest.mark.parametrize("name", EVEN)
def test_even_colour_maps_grow_lighter_all_the_way(name: str) -> None:
    light = lightness(color_table(name))
    # rounding to 8 bits takes back a fraction of a step here and there, sixteen steps never
    assert (np.diff(light) > -0.35).all()
    assert (light[16:] > light[:-16]).all()
    assert light[-1] - light[0] > 55


def test_the_default_colour_map_is_an_even_one() -> None:
    assert Look().colormap in EVEN
    # the measure tells even from uneven
    assert (np.diff(lightness(color_table("jet"))) < -0.35).any()


def test_default_colours_differ_to_colour_blind_eyes() -> None:
    """Lightness alone, all that the colour-blind need, tells sixteen steps of the default map apart."""
    light = lightness(color_table(Look().colormap))[::16]
    assert (np.diff(light) > 2).all()


def test_signed_colours_are_symmetric_about_a_near_white_zero() -> None:
    light = lightness(Look(signed=True).table)
    assert light[127:129].min() > 95
    np.testing.assert_allclose(light, light[::-1], atol=1.5)
    assert (np.diff(light[:128]) > -0.3).all()
    # blue against, orange for
    lowest, highest = Look(signed=True).table[[0, -1]].astype(int)
    assert lowest[2] - lowest[0] > 100
    assert highest[0] - highest[2] > 100


def test_heatmap_picture_by_hand() -> None:
    table = color_table("viridis")
    # 0.5 * 255 = 127.5 rounds up; 0.25 * 255 = 63.75
    found = drawn(heatmap_picture(values(0, 0.25, 0.5, 1)))
    np.testing.assert_array_equal(found[0], table[[0, 64, 128, 255]])


def test_heatmap_threshold_by_hand() -> None:
    table = color_table("viridis")
    found = drawn(heatmap_picture(values(0.25, 0.49, 0.5, 1), Look(threshold=0.5)))
    np.testing.assert_array_equal(found[0], table[[0, 0, 128, 255]])


def test_signed_heatmap_by_hand() -> None:
    look = Look(signed=True, threshold=0.5)
    # (-1 + 1) / 2 * 255 = 0, (0 + 1) / 2 * 255 = 127.5 rounds up, (0.6 + 1) / 2 * 255 = 204
    found = drawn(heatmap_picture(values(-1, -0.4, 0.4, 0.6, 1), look))
    np.testing.assert_array_equal(found[0], look.table[[0, 128, 128, 204, 255]])


def test_overlay_by_hand() -> None:
    photo = np.array([[[10, 20, 30], [100, 150, 200], [200, 100, 0]]], np.uint8)
    found = drawn(overlay_picture(photo, values(0, 0.5, 1), Look(opacity=0.8)))
    middle, top = color_table("viridis")[[128, 255]].astype(float)
    # a = 0.8 * 0.5 = 0.4 and 0.8 * 1
    expected = [[10, 20, 30], photo[0, 1] * 0.6 + middle * 0.4, photo[0, 2] * 0.2 + top * 0.8]
    np.testing.assert_array_equal(found[0], np.floor(np.array(expected) + 0.5))
    # the same in plain numbers: the middle of viridis is (33, 145, 140)
    np.testing.assert_allclose(
        found[0, 1], [100 * 0.6 + 33 * 0.4, 150 * 0.6 + 145 * 0.4, 200 * 0.6 + 140 * 0.4], atol=1
    )


def test_overlay_at_the_ends_of_opacity() -> None:
    photo = noise(9, 9)
    heat = np.linspace(0, 1, 81, dtype=np.float32).reshape(9, 9)
    np.testing.assert_array_equal(drawn(overlay_picture(photo, heat, Look(opacity=0))), photo)
    full = drawn(overlay_picture(photo, np.ones_like(heat), Look(opacity=1)))
    np.testing.assert_array_equal(full, np.broadcast_to(color_table("viridis")[255], (9, 9, 3)))
    np.testing.assert_array_equal(drawn(overlay_picture(photo, heat * 0, Look(opacity=1))), photo)


def test_overlay_threshold_leaves_the_photograph_itself() -> None:
    photo = noise(1, 3)
    found = drawn(overlay_picture(photo, values(0.3, 0.59, 0.6), Look(threshold=0.6)))
    np.testing.assert_array_equal(found[0, :2], photo[0, :2])
    assert (found[0, 2] != photo[0, 2]).any()


def test_signed_overlay_covers_both_signs_alike() -> None:
    look = Look(signed=True, opacity=1)
    found = drawn(overlay_picture(grey(200, 3), values(-1, 0, 1), look))
    np.testing.assert_array_equal(found[0], [look.table[0], [200] * 3, look.table[255]])


def test_masked_by_hand() -> None:
    found = drawn(masked_picture(grey(200, 4), values(0, 0.25, 0.5, 1), Look(threshold=0.5)))
    np.testing.assert_array_equal(found[0, :, 0], [0, 0, 100, 200])
    # 101 * 0.5 = 50.5 rounds up
    np.testing.assert_array_equal(drawn(masked_picture(grey(101, 1), values(0.5)))[0, 0], [51] * 3)
    signed = drawn(masked_picture(grey(200, 2), values(-0.5, 0.5), Look(signed=True)))
    np.testing.assert_array_equal(signed[0, :, 0], [100, 100])


def test_what_was_not_seen_is_striped_grey() -> None:
    heat = np.full((17, 17), NAN, np.float32)
    found = drawn(heatmap_picture(heat))
    # stripes 8 pixels wide along the other diagonal
    for row, column in np.ndindex(17, 17):
        expected = np.floor(128 * render.UNSEEN_STRIPES[(row + column) // 8 % 2] + 0.5)
        assert (found[row, column] == expected).all()
    assert len(np.unique(found)) == 2


def test_what_was_not_seen_keeps_a_grey_shade_of_the_photograph() -> None:
    photo = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    kept, dark = render.UNSEEN_PHOTO, render.UNSEEN_STRIPES[0]
    # red, green and blue are as bright as 0.299, 0.587 and 0.114 of white
    expected = [np.floor((kept * 255 * light + (1 - kept) * 128) * dark + 0.5) for light in (0.299, 0.587, 0.114)]
    for draw in (overlay_picture, masked_picture):
        found = drawn(draw(photo, values(NAN, NAN, NAN)))
        np.testing.assert_array_equal(found[0], np.repeat(np.array(expected)[:, None], 3, 1))


def test_unseen_is_never_a_colour_of_a_map() -> None:
    """Not seen must not be taken for cold; only cividis has a grey of its own, where the stripes must do."""
    greys = np.multiply(render.UNSEEN, render.UNSEEN_STRIPES)
    for name in COLORMAPS.keys() - {"cividis"}:
        distance = np.abs(color_table(name)[:, None].astype(int) - greys[:, None]).max(-1)
        assert distance.min() >= 20, name


@pytest.mark.parametrize("draw", ["heatmap", "overlay", "masked"])
@pytest.mark.parametrize("signed", [False, True])
def test_pieces_do_not_show(draw: str, signed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    height, width = 2 * render.CHUNK_ROWS + 3, 21
    photo = noise(height, width)
    heat = np.random.default_rng(0).uniform(-1 if signed else 0, 1, (height, width)).astype(np.float32)
    heat[100:300, 5:9] = NAN
    look = Look(signed=signed, threshold=0.1, colormap="magma")

    def picture() -> NDArray[np.uint8]:
        if draw == "heatmap":
            return drawn(heatmap_picture(heat, look))
        return drawn({"overlay": overlay_picture, "masked": masked_picture}[draw](photo, heat, look))

    in_pieces = picture()
    monkeypatch.setattr(render, "CHUNK_ROWS", 10 * height)
    np.testing.assert_array_equal(in_pieces, picture())
    monkeypatch.setattr(render, "CHUNK_ROWS", 1)
    np.testing.assert_array_equal(in_pieces, picture())
    # painted by several threads
    monkeypatch.setattr(render, "LARGE", 0)
    np.testing.assert_array_equal(in_pieces, picture())


def test_drawing_changes_nothing_given() -> None:
    photo, heat = noise(5, 5), np.random.default_rng(0).random((5, 5)).astype(np.float32)
    heat[0, 0] = NAN
    copies = photo.copy(), heat.copy()
    overlay_picture(photo, heat, Look(threshold=0.5))
    masked_picture(photo, heat, Look(threshold=0.5))
    np.testing.assert_array_equal(photo, copies[0])
    np.testing.assert_array_equal(heat, copies[1])


def test_opencv_agrees_on_the_blend() -> None:
    """An independent blend with a constant map: cv2.addWeighted rounds as the core does, give or take one."""
    photo = noise(20, 20)
    found = drawn(overlay_picture(photo, np.ones((20, 20), np.float32), Look(opacity=0.3, colormap="plasma")))
    color = np.broadcast_to(color_table("plasma")[255], photo.shape)
    expected = cv2.addWeighted(photo, 0.7, np.ascontiguousarray(color), 0.3, 0)
    np.testing.assert_allclose(found.astype(int), expected.astype(int), atol=1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"opacity": 1.1}, "`opacity` must lie between 0 and 1, got 1.1"),
        ({"opacity": float("nan")}, "`opacity` must lie between 0 and 1, got nan"),
        ({"threshold": -0.1}, "`threshold` must lie between 0 and 1, got -0.1"),
        ({"colormap": "rainbow"}, "`colormap` 'rainbow' is unknown; choose one of viridis"),
    ],
)
def test_looks_that_cannot_be_drawn(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Look(**options)


@pytest.mark.parametrize("size", [(1, 1), (300, 451), (3, 70_000), (70_000, 3)])
def test_a_png_file_has_every_pixel(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    read = Image.open(BytesIO(png_of(Image.fromarray(pixels))))
    assert (read.format, read.mode) == ("PNG", "RGB")
    np.testing.assert_array_equal(np.asarray(read), pixels)
