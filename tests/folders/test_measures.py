"""What a map is like in numbers, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gradcam_core.folders.measures import border, centre, concentration, inside, place_of, resampled
from gradcam_core.types import Box, Placement


def one_place(row: int, column: int, size: int = 4) -> np.ndarray:
    cam = np.full((size, size), -1.0, np.float32)
    cam[row, column] = 2.0
    return cam


def test_concentration_is_one_less_twice_the_part_that_holds_half() -> None:
    assert concentration(np.ones((4, 4), np.float32)) == pytest.approx(0)
    # half of what one of 16 cells holds lies on a 32nd of the area
    assert concentration(one_place(1, 2)) == pytest.approx(1 - 2 / 32)
    # 3 of 6 in the first cell: exactly that cell
    assert concentration(np.array([[3, 1], [1, 1]], np.float32)) == pytest.approx(1 - 2 / 4)
    assert concentration(-np.ones((4, 4), np.float32)) == 0


def test_the_centre_counts_only_what_speaks_for_the_class() -> None:
    assert centre(one_place(0, 3)) == pytest.approx((7 / 8, 1 / 8))
    assert centre(np.array([[1, 0], [0, 3]], np.float32)) == pytest.approx((0.625, 0.625))
    assert centre(np.zeros((2, 2), np.float32)) == (0.5, 0.5)


def test_the_border_has_its_part_of_an_even_map_and_of_a_cell_what_lies_in_it() -> None:
    share, _ = border(np.ones((5, 7), np.float32))
    assert share == pytest.approx(1 - 0.7 * 0.7)
    # a corner cell reaches from 0 to 0.25 on both sides: 0.1 x 0.1 of its 0.25 x 0.25 are not within 0.15
    share, place = border(one_place(3, 0))
    assert (share, place) == (pytest.approx(1 - 0.16), "bottom_left")
    share, place = border(one_place(2, 1, 5))
    assert share == pytest.approx(0)
    assert border(np.zeros((3, 3), np.float32))[0] == 0


@pytest.mark.parametrize(("row", "column", "place"), [(0, 0, "top_left"), (1, 1, "middle"), (1, 2, "right")])
def test_places_have_names(row: int, column: int, place: str) -> None:
    assert place_of(one_place(row, column, 3)) == place


@given(arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.floats(0, 10, width=32)))
def test_other_sizes_keep_all_evidence_and_its_centre(cam: np.ndarray) -> None:
    finer = resampled(cam, 8)
    assert finer.sum() == pytest.approx(float(cam.sum() > 0), abs=1e-5)
    share, _ = border(cam)
    assert -1e-9 <= share <= 1 + 1e-9
    assert 0 <= concentration(cam) <= 1
    if cam.sum() > 0 and all(8 % side == 0 for side in cam.shape):
        assert centre(finer.astype(np.float32)) == pytest.approx(centre(cam), abs=1e-4)


def test_inside_is_the_share_of_what_is_drawn() -> None:
    placement = Placement(40, 40, Box(0, 0, 40, 40))
    left = np.zeros((40, 40), bool)
    left[:, :20] = True
    assert inside(np.ones((2, 2), np.float32), placement, left) == (pytest.approx(0.5), True)
    share, peak = inside(one_place(0, 3), placement, left)
    assert (share, peak) == (0, False)
    # what the network did not see counts for nothing: its box begins at half of the photograph
    half = Placement(40, 40, Box(20, 0, 40, 40))
    assert inside(np.ones((2, 2), np.float32), half, left) == (0, False)
