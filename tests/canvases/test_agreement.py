"""What maps of several sizes agree on: by hand, against another implementation, and both sides alike."""

from __future__ import annotations

import numpy as np
import torch

from gradcam_core.canvases.agreement import agreement
from gradcam_core.types import Box, Placement

WHOLE = Placement(60, 80, Box(0.0, 0.0, 80.0, 60.0), (6, 8))


def of(*rows: list[float]) -> np.ndarray:
    return np.array(rows, np.float32)


def test_maps_of_one_size_by_hand() -> None:
    first, second = of([4.0, 9.0, -1.0, 0.0]), of([1.0, 4.0, -4.0, 5.0])
    # sqrt(4 * 1), sqrt(9 * 4), -sqrt(1 * 4), and nothing where one says nothing
    np.testing.assert_allclose(agreement([first, second], [WHOLE, WHOLE]), of([2.0, 6.0, -2.0, 0.0]), rtol=1e-6)
    # for here, against there: no agreement
    assert not agreement([of([3.0, -2.0]), of([-3.0, 2.0])], [WHOLE, WHOLE]).any()


def test_a_score_that_is_shared_among_more_places_counts_the_same() -> None:
    coarse, fine = np.full((2, 2), 4.0, np.float32), np.full((4, 4), 1.0, np.float32)
    found = agreement([coarse, fine], [WHOLE, WHOLE])
    np.testing.assert_allclose(found, fine, rtol=1e-6)
    assert found.sum() == coarse.sum()


def test_against_another_implementation() -> None:
    dice = np.random.default_rng(0)
    cams = [dice.normal(size=shape).astype(np.float32) for shape in ((3, 4), (5, 6), (6, 8))]
    grown = [
        torch.nn.functional.interpolate(torch.from_numpy(cam)[None, None] * cam.size, (6, 8), mode="bilinear")[0, 0]
        for cam in cams
    ]
    values = torch.stack(grown).double().numpy()
    sides = [np.cbrt(np.prod(np.where(sign * values > 0, np.abs(values), 0), axis=0)) for sign in (1, -1)]
    np.testing.assert_allclose(agreement(cams, [WHOLE] * 3), (sides[0] - sides[1]) / 48, rtol=2e-4, atol=1e-7)
    np.testing.assert_array_equal(agreement([-cam for cam in cams], [WHOLE] * 3), -agreement(cams, [WHOLE] * 3))


def test_a_common_factor_of_a_map_changes_the_unit_alone() -> None:
    first, second = np.random.default_rng(1).uniform(size=(2, 5, 5)).astype(np.float32)
    plain, scaled = (agreement([first * factor, second], [WHOLE, WHOLE]) for factor in (1, 9))
    np.testing.assert_allclose(scaled, 3 * plain, rtol=1e-5)


def test_maps_are_laid_where_they_belong() -> None:
    """The second map covers the right half of what the first one covers: the left half is its outermost cells."""
    right = Placement(60, 80, Box(40.0, 0.0, 80.0, 60.0), (6, 4))
    found = agreement([np.ones((1, 4), np.float32), of([2.0, 6.0])], [WHOLE, right])
    # cells at 10, 30, 50 and 70 of 80; the second map's at 50 and 70; each counts times the number of its places
    np.testing.assert_allclose(found * 4, np.sqrt(4 * of([4.0, 4.0, 4.0, 12.0])), rtol=1e-6)


def test_one_map_is_itself() -> None:
    cam = of([1.0, -2.0])
    assert agreement([cam], [WHOLE]) is cam
