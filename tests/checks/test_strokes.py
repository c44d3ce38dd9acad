"""Strokes of a brush that nobody drew by hand: many points, many strokes, any radius, on any photograph."""

from __future__ import annotations

from threading import Event
from typing import Any

import numpy as np
import pytest

from gradcam_core import ImageError, StoppedError
from gradcam_core.checks import places
from gradcam_core.checks.places import MOST_CANVAS, MOST_POINTS, MOST_STROKES, brushed, coarsely, region
from gradcam_core.engine.watch import Watch
from gradcam_core.types import Box, Placement

SMALL = Placement(300, 400, Box(50, 0, 350, 300))
LARGE = Placement(8000, 8000, Box(0, 0, 8000, 8000))


def wandering(count: int, size: float, seed: int = 0) -> list[list[float]]:
    """A hand that draws without end, a little at a time."""
    steps = np.random.default_rng(seed).normal(0, size / 300, (count, 2))
    return np.clip(np.cumsum(steps, axis=0) + size / 2, 0, size).tolist()


@pytest.mark.parametrize("radius", [0.6, 4, 37, 500])
def test_what_is_left_out_of_a_stroke_moves_its_rim_by_a_sixteenth_of_its_radius(
    radius: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    strokes = [{"points": wandering(3000, 300), "radius": radius}]
    found = brushed(strokes, SMALL)
    monkeypatch.setattr(places, "RIM", 0.0)
    whole = brushed(strokes, SMALL)
    distance = max(radius / 16, 1 / 16) + 1.5
    monkeypatch.setattr(places, "RIM", 1 / 16)
    wider = brushed([{**strokes[0], "radius": radius + distance}], SMALL)
    assert not (found & ~wider).any()
    assert not (whole & ~wider).any()


@pytest.mark.parametrize("box", [(0, 0, 8000, 8000), (1000, 0, 7000, 8000), (-500, 1234.5, 8500, 7001)])
def test_of_a_large_photograph_the_same_part_of_the_input_is_hidden(
    box: tuple[float, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    placement = Placement(8000, 8000, Box(*box))
    strokes: list[dict[str, Any]] = [
        {"points": [[1000, 1000], [5000, 3000], [4000, 6500]], "radius": 400},
        {"points": [[7000, 7000]], "radius": 700},
    ]
    coarse = brushed(strokes, placement)
    assert coarse.size <= MOST_CANVAS
    found = region(coarse, placement, (224, 224))
    monkeypatch.setattr(places, "MOST_CANVAS", 8000 * 8000)
    whole = region(brushed(strokes, placement), placement, (224, 224))
    # a pixel of the input is 27 to 40 of the photograph: only those at the rim may differ
    assert (found != whole).mean() < 0.003
    assert 0.05 < whole.mean() < 0.5


def test_a_mask_of_another_size_is_still_refused() -> None:
    times = coarsely(LARGE)
    assert times == 6
    assert coarsely(SMALL) == 1
    for shape in ((8000 // times, 8000 // times), (4000, 4000), (1, 1)):
        with pytest.raises(ImageError, match="`mask` has shape"):
            region(np.ones(shape, bool), LARGE, (8, 8))


def test_points_and_strokes_have_limits() -> None:
    dab = {"points": [[1, 1]], "radius": 1}
    assert brushed([dab] * MOST_STROKES, SMALL).any()
    with pytest.raises(ImageError, match=rf"{MOST_STROKES + 1} strokes; at most {MOST_STROKES}"):
        brushed([dab] * (MOST_STROKES + 1), SMALL)
    half = {"points": [[1, 1]] * (MOST_POINTS // 2), "radius": 1}
    assert brushed([half, half], SMALL).any()
    with pytest.raises(ImageError, match=rf"{MOST_POINTS + 1} points; at most {MOST_POINTS}"):
        brushed([half, half, dab], SMALL)
    with pytest.raises(ImageError, match=r"5000000 points"):
        brushed([{"points": [[0, 0]] * 5_000_000, "radius": 1}], SMALL)


@pytest.mark.parametrize(
    "stroke",
    [
        {"points": [[10**400, 1]], "radius": 3}, {"points": [[1, 1]], "radius": 10**400}, {"points": 7, "radius": 3},
        {"points": [[1, 1]], "radius": float("inf")}, {"points": "ab", "radius": 3}, {"points": {"x": 1}, "radius": 3},
        {"points": [[[1, 1]], [[2, 2]]], "radius": 3}, {"points": [[1, 2], [3]], "radius": 3}, "a" * 9000,
        {"points": [["x", "y"]], "radius": 3}, {"points": [[None, 1]], "radius": 3}, {"radius": 3}, None, 7, [],
    ],
)  # fmt: skip
def test_what_is_no_stroke_is_refused_in_a_short_sentence(stroke: Any) -> None:
    with pytest.raises(ImageError, match="which is no stroke") as caught:
        brushed([stroke], SMALL)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("radius", [1e-9, 1, 3_000, 1e9, 1e300])
@pytest.mark.parametrize("reach", [1, 1e6, 1e300])
def test_any_radius_and_any_place_is_drawn(radius: float, reach: float) -> None:
    points = (np.random.default_rng(1).uniform(-1, 1, (50, 2)) * 8000 * reach).tolist()
    assert brushed([{"points": points, "radius": radius}], LARGE).shape == (1334, 1334)


def test_drawing_ends_when_nobody_waits_any_more() -> None:
    stop, told = Event(), []

    def progress(done: int, count: int) -> None:
        told.append((done, count))
        if len(told) == 3:
            stop.set()

    strokes = [{"points": wandering(2000, 300, seed), "radius": 2} for seed in range(9)]
    with pytest.raises(StoppedError):
        brushed(strokes, SMALL, watch=Watch(progress, stop))
    assert len(told) == 3
    assert told[-1][1] == 18_000


def test_once_all_is_covered_nothing_more_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    draw = places._draw
    monkeypatch.setattr(places, "_draw", lambda *given: (drawn.append(1), draw(*given)))
    assert brushed([{"points": [[200, 150]], "radius": 1e6}] * 500, SMALL).all()
    assert len(drawn) == 1
