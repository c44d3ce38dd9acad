"""Geometry to the pixel: the inverse of the preprocessing, compared with plain loops."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from gradcam_core.canvases.project import Projection, interpolation_matrix, normalise, project, seen
from gradcam_core.reading.preprocess import Preprocessing
from gradcam_core.types import Box, Placement

from ..helpers import PLAIN, CellNetwork, noise

# height, width of photographs
SIZES = [(64, 64), (48, 80), (80, 48), (61, 37), (37, 61), (33, 33), (5, 200), (200, 5), (7, 8)]


def brute_force(values: NDArray[np.float32], height: int, width: int, box: tuple[Fraction, ...]) -> NDArray[np.float64]:
    """Pixel by pixel, in exact fractions: cells divide the box evenly, values lie at their centres."""
    left, top, right, bottom = box
    rows, columns = values.shape

    def cells(centre: Fraction, low: Fraction, high: Fraction, count: int) -> list[tuple[int, Fraction]]:
        place = (centre - low) / (high - low) * count - Fraction(1, 2)
        place = min(max(place, Fraction(0)), Fraction(count - 1))
        first = min(math.floor(place), max(count - 2, 0))
        return [(first, 1 - (place - first))] + ([(first + 1, place - first)] if count > 1 else [])

    out = np.full((height, width), np.nan)
    for y in range(height):
        for x in range(width):
            at_x, at_y = x + Fraction(1, 2), y + Fraction(1, 2)
            if left <= at_x < right and top <= at_y < bottom:
                out[y, x] = sum(
                    float(a * b) * float(values[row, column])
                    for row, a in cells(at_y, top, bottom, rows)
                    for column, b in cells(at_x, left, right, columns)
                )
    return out


def exact_box(height: int, width: int, resize: int, crop: int) -> tuple[Fraction, ...]:
    """What the resized and cropped input shows, from torchvision's rounding rules alone."""
    short = min(height, width)
    new_height, new_width = (resize * side // short for side in (height, width))
    # half to even, as Python rounds
    top, left = (round(Fraction(side - crop, 2)) for side in (new_height, new_width))
    return (
        Fraction(left * width, new_width),
        Fraction(top * height, new_height),
        Fraction((left + crop) * width, new_width),
        Fraction((top + crop) * height, new_height),
    )


@pytest.mark.parametrize(("resize", "crop"), [(32, 32), (37, 32), (256, 224)])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_placement_is_the_inverse_of_resize_and_crop(height: int, width: int, resize: int, crop: int) -> None:
    _, placement = Preprocessing(resize, crop).encode(noise(height, width))
    assert (placement.height, placement.width) == (height, width)
    assert placement.box == pytest.approx([float(edge) for edge in exact_box(height, width, resize, crop)], rel=1e-14)


@pytest.mark.parametrize("cells", [(7, 7), (1, 1), (1, 5), (4, 2), (40, 40)])
@pytest.mark.parametrize(("height", "width"), [size for size in SIZES if size != (5, 200)])
def test_equals_plain_loops_in_exact_fractions(height: int, width: int, cells: tuple[int, int]) -> None:
    values = np.random.default_rng(1).normal(size=cells).astype(np.float32)
    box = exact_box(height, width, 37, 32)
    found = project(values, Placement(height, width, Box(*map(float, box))))
    assert found.dtype == np.float32
    expected = brute_force(values, height, width, box)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_numbers_by_hand() -> None:
    # a 2 x 2 map over the 4 middle columns of 6: cells two pixels wide, centres at 2 and 4
    found = project(np.array([[0, 8], [4, 12]], np.float32), Placement(4, 6, Box(1, 0, 5, 4)))
    n = np.nan
    expected = [[n, 0, 2, 6, 8, n], [n, 1, 3, 7, 9, n], [n, 3, 5, 9, 11, n], [n, 4, 6, 10, 12, n]]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_box_beyond_the_image_is_cut_not_squeezed() -> None:
    # padding of one cell around: only the inner cell of three lies on the image
    found = project(np.diag([1.0, 5.0, 9.0]).astype(np.float32), Placement(2, 2, Box(-2, -2, 4, 4)))
    # pixel centres lie a quarter of a cell from the middle cell's centre
    corner = 0.75 * 0.75 * 5 + 0.25 * 0.25 * np.array([1, 9])
    np.testing.assert_allclose(found, [[corner[0], 0.75 * 0.75 * 5], [0.75 * 0.75 * 5, corner[1]]])


def test_sign_and_scale_are_kept() -> None:
    values = np.full((3, 4), -7.5, np.float32)
    found = project(values, Placement(20, 30, Box(0, 0, 30, 20)))
    np.testing.assert_allclose(found, np.full((20, 30), -7.5), rtol=1e-6)
    ones = project(np.ones((7, 7), np.float32), Placement(23, 31, Box(1.3, 0.2, 29.1, 22.7)))
    assert np.nanmax(ones) == np.nanmin(ones) == 1


def test_turning_the_photograph_turns_the_map() -> None:
    values = np.random.default_rng(2).normal(size=(7, 7)).astype(np.float32)
    _, lying = Preprocessing(37, 32).encode(noise(40, 72))
    _, standing = Preprocessing(37, 32).encode(noise(72, 40))
    np.testing.assert_allclose(project(values, lying).T, project(values.T, standing), atol=1e-6)
    np.testing.assert_allclose(project(values, lying)[:, ::-1], project(values[:, ::-1], lying), atol=1e-5)


def test_moving_the_box_by_whole_pixels_moves_the_map() -> None:
    values = np.random.default_rng(3).normal(size=(5, 5)).astype(np.float32)
    here = project(values, Placement(40, 60, Box(10.25, 4.5, 30.25, 24.5)))
    there = project(values, Placement(40, 60, Box(17.25, 9.5, 37.25, 29.5)))
    np.testing.assert_allclose(np.roll(here, (5, 7), (0, 1)), there, atol=1e-5)


@pytest.mark.parametrize(
    ("length", "low", "high", "expected"),
    [
        (10, 0, 10, (0, 10)),
        (10, 2, 8, (2, 8)),
        # the centre of pixel 2 is 2.5: in from 2.5 on, out from just above
        (10, 2.5, 8, (2, 8)),
        (10, 2.51, 8, (3, 8)),
        (10, 2, 7.5, (2, 7)),
        (10, 2, 7.51, (2, 8)),
        (10, -3, 12, (0, 10)),
        (10, -3, -0.2, (0, 0)),
        (10, 12, 15, (10, 10)),
        # no centre inside: the pixels touched
        (10, 4.6, 5.4, (4, 6)),
        (10, 4.1, 4.3, (4, 5)),
        (1, 0.0625, 0.9375, (0, 1)),
    ],
)
def test_seen_pixels_are_those_whose_centres_lie_inside(
    length: int, low: float, high: float, expected: tuple[int, int]
) -> None:
    found = seen(length, low, high)
    assert (found.start, found.stop) == expected


def test_what_the_model_saw_is_never_nothing() -> None:
    """Of 5000 pixels in a row a square view shows less than one: the two halves that it shows are drawn."""
    for shape in [(5000, 1), (1, 5000), (1, 1), (3, 4999)]:
        _, placement = Preprocessing(256, 224).encode(noise(*shape))
        shown = np.isfinite(project(np.ones((7, 7), np.float32), placement))
        assert 1 <= shown.sum() <= 16
        rows, columns = np.nonzero(shown)
        assert abs(rows.mean() + 0.5 - shape[0] / 2) <= 0.5
        assert abs(columns.mean() + 0.5 - shape[1] / 2) <= 0.5


def test_each_row_of_the_interpolation_adds_up_to_one() -> None:
    for cells in (1, 2, 7, 50):
        matrix = interpolation_matrix(slice(3, 30), cells, 2.75, 30.1)
        assert matrix.shape == (27, cells)
        np.testing.assert_allclose(matrix.sum(1), 1, atol=1e-6)
        assert (matrix >= 0).all()


@pytest.mark.parametrize(("height", "width"), [(128, 192), (192, 128), (128, 128), (131, 197), (197, 131), (67, 67)])
@pytest.mark.parametrize("cell", [(1, 1), (3, 6), (6, 2)])
def test_a_light_in_the_photograph_is_drawn_where_it_is(height: int, width: int, cell: tuple[int, int]) -> None:
    """From the pixels through the preprocessing and back: the drawn spot has the light's own centre."""
    left, top, right, bottom = exact_box(height, width, 64, 64)
    high, wide = (bottom - top) / 8, (right - left) / 8
    y0, x0 = top + cell[0] * high, left + cell[1] * wide
    image = np.zeros((height, width, 3), np.uint8)
    rows = slice(math.ceil(y0), math.floor(y0 + high))
    columns = slice(math.ceil(x0), math.floor(x0 + wide))
    image[rows, columns] = 255

    inputs, placement = Preprocessing(64, 64, "BOX", **PLAIN).encode(image)
    cells = CellNetwork(8).cells(inputs).detach().numpy()[0, 0]
    drawn = project(cells, placement)
    np.testing.assert_array_equal(np.unravel_index(cells.argmax(), cells.shape), cell)
    assert image[np.unravel_index(np.nanargmax(drawn), drawn.shape)].all()
    light = np.nan_to_num(drawn)
    centre = [(light * axis).sum() / light.sum() for axis in np.indices(light.shape)]
    middle = [(part.start + part.stop - 1) / 2 for part in (rows, columns)]
    np.testing.assert_allclose(centre, middle, atol=0.75)
    # the spot reaches to the centres of the neighbouring cells and no further
    reach = np.argwhere(light > 0.05 * light.max())
    assert (np.abs(reach - middle) <= [1.05 * float(high) + 1, 1.05 * float(wide) + 1]).all()


# --- normalise


def test_normalise_by_hand() -> None:
    cam = np.array([[-4, 0], [1, 2]], np.float32)
    np.testing.assert_array_equal(normalise(cam), [[0, 0], [0.5, 1]])
    np.testing.assert_array_equal(normalise(cam, signed=True), [[-1, 0], [0.25, 0.5]])
    assert normalise(cam).dtype == normalise(cam, signed=True).dtype == np.float32
    np.testing.assert_array_equal(cam, [[-4, 0], [1, 2]])


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("scale", [1e-45, 1e-40, 1e-38, 1e-30, 1e30, 3e38])
def test_normalise_at_the_ends_of_float32(scale: float, signed: bool) -> None:
    cam = np.array([[-1, 0], [0.25, 1]], np.float32) * np.float32(scale)
    found = normalise(cam, signed=signed)
    assert found.max() == 1
    assert found.min() == (-1 if signed else 0)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("cam", [np.zeros((3, 3)), np.full((3, 3), -2.0), np.zeros((0, 0))])
def test_normalise_without_positive_evidence_is_zero(cam: NDArray[np.float64]) -> None:
    found = normalise(cam.astype(np.float32))
    np.testing.assert_array_equal(found, np.zeros_like(cam))


def test_signed_and_unsigned_agree_where_the_map_is_positive() -> None:
    cam = np.random.default_rng(4).random((5, 5)).astype(np.float32)
    np.testing.assert_array_equal(normalise(cam), normalise(cam, signed=True))


@pytest.mark.parametrize("box", [(0, 0, 53, 37), (9.5, -4, 44.25, 41), (20, 10, 20.2, 10.1), (-90, -90, 0, 0)])
def test_rows_made_one_by_one_are_those_of_the_whole(box: tuple[float, float, float, float]) -> None:
    values = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    placement = Placement(37, 53, Box(*box))
    whole, lazy = project(values, placement), Projection(values, placement)
    assert lazy.shape == whole.shape
    assert len(lazy) == 37
    for step in (1, 4, 37, 100):
        rows = [lazy[start : start + step] for start in range(0, 37, step)]
        np.testing.assert_allclose(np.concatenate(rows), whole, atol=1e-6)
