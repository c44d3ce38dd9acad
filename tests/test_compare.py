"""Grids of maps: what varies along which side, one scale worked out by hand, cells that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gradcam_core import Examiner, Explainer, LayerError, Look, MethodError, StoppedError, TargetError, Watch
from gradcam_core.canvases.project import normalise, project
from gradcam_core.canvases.render import overlay_picture
from gradcam_core.compare import Cell, Comparison, axes

from .helpers import PIXEL_WEIGHT, RAMP, CellNetwork, PixelNetwork, SmallNetwork, counted_calls, noise
from .test_detail import Fixed


@pytest.fixture
def pixels(offer: Callable[..., str]) -> Explainer:
    offer(PixelNetwork(), size=4, classes=2)
    return Explainer(device="cpu")


@pytest.mark.parametrize(
    ("targets", "methods", "layers", "row", "column", "shape"),
    [
        ([1, 2], ["a", "b", "c"], [None], "target", "method", (2, 3)),
        ([None], ["a", "b"], ["x", "y", "z"], "method", "layer", (2, 3)),
        ([1, 2, 3], ["a"], ["x", "y"], "target", "layer", (3, 2)),
        ([1, 2], ["a"], ["x"], "target", "method", (2, 1)),
        ([1], ["a", "b"], ["x"], "target", "method", (1, 2)),
        ([1], ["a"], ["x", "y"], "method", "layer", (1, 2)),
        ([1], ["a"], ["x"], "target", "method", (1, 1)),
    ],
)
def test_what_varies_along_which_side(
    targets: list[Any], methods: list[str], layers: list[Any], row: str, column: str, shape: tuple[int, int]
) -> None:
    row_axis, rows, column_axis, columns = axes(targets, methods, layers)
    assert (row_axis, column_axis, (len(rows), len(columns))) == (row, column, shape)
    asked = {(one["target"], one["method"], one["layer"]) for r in rows for c in columns for one in [{**r, **c}]}
    assert asked == {(t, m, x) for t in targets for m in methods for x in layers}


def test_a_grid_has_two_sides_and_none_is_empty() -> None:
    with pytest.raises(MethodError, match="two sides"):
        axes([1, 2], ["a", "b"], ["x", "y"])
    with pytest.raises(MethodError, match="`methods`"):
        axes([1], [], ["x"])


def test_the_scale_is_what_the_whole_picture_would_add(pixels: Explainer) -> None:
    grid = pixels.compare(RAMP, model="own", targets=[0, 1], methods=["gradcam", "eigencam"])
    # the score is 8 times the mean light: a picture that is all like the lightest pixel, 1, would score 8
    assert grid.scale == pytest.approx(PIXEL_WEIGHT, rel=1e-5)
    np.testing.assert_allclose(grid.values(0, 0).ravel(), np.arange(16) / 15, rtol=1e-5)
    assert not grid.values(1, 0).any()
    # in units of its own: its own largest value is the end of its scale
    assert not grid.cells[0][1].in_score
    assert np.abs(grid.values(0, 1)).max() == pytest.approx(1)
    assert grid.rows[0].startswith("“class 0” (")
    assert grid.columns == ("Grad-CAM", "Eigen-CAM")
    assert "from 0 to 8: parts of the logit" in grid.sentence


def test_every_cell_is_the_explanation_and_costs_no_further_pass(small: tuple[Explainer, SmallNetwork]) -> None:
    explainer, network = small
    image = noise(45, 70)
    explainer.explain(image, model="own")
    layers = [layer.name for layer in explainer.layers("own")]
    with counted_calls(network, "forward") as passes:
        grid = explainer.compare(image, model="own", methods=["gradcam", "layercam"], layers=layers)
    assert not passes
    assert grid.columns == tuple(layers)
    for line, method in zip(grid.cells, ["gradcam", "layercam"], strict=True):
        for cell, layer in zip(line, layers, strict=True):
            assert cell.explanation is not None
            expected = explainer.explain(image, model="own", method=method, layer=layer)
            np.testing.assert_array_equal(cell.explanation.cam, expected.cam)


def test_a_single_spike_of_a_fine_map_does_not_set_the_scale() -> None:
    spiky = np.zeros((14, 14), np.float32)
    spiky[3, 3] = 1
    flat = np.full((7, 7), 0.5, np.float32)
    cells = tuple(Cell(SimpleNamespace(cam=cam, method="hirescam")) for cam in (spiky, flat))  # type: ignore[arg-type]
    grid = Comparison("target", "layer", ("one",), ("fine", "coarse"), (cells,))
    # a quarter of its value on a place twice as wide: 196 / 4 against 49 / 2
    assert grid.scale == pytest.approx(49)
    assert grid.values(0, 0).max() == 1
    np.testing.assert_allclose(grid.values(0, 1), 0.5)
    np.testing.assert_allclose(grid.values(0, 1, shared=False), 1)


def test_how_alike_the_classes_are(small: tuple[Explainer, SmallNetwork]) -> None:
    explainer, _ = small
    image = noise(45, 70)
    grid = explainer.compare(image, model="own", targets=[0, 1, 2], methods=["gradcam", "guided_backprop"])
    one, two = (explainer.explain(image, model="own", target=target) for target in (0, 1))
    assert grid.rank_correlation()[0, 1] == grid.rank_correlation()[1, 0] == pytest.approx(one.rank_correlation(two))
    np.testing.assert_allclose(np.diag(grid.rank_correlation()), 1)
    record = grid.record()
    assert record["alike"][0][0][1] == pytest.approx(one.rank_correlation(two))
    assert np.allclose(record["cells"][1][0]["map"]["values"], two.cam)


def test_a_cell_that_cannot_be_says_why(small: tuple[Explainer, SmallNetwork]) -> None:
    explainer, _ = small
    grid = explainer.compare(noise(32, 32), model="own", methods=["gradcam", "eigencam"], counterfactual=True)
    assert grid.cells[0][0].explanation is not None
    assert "looks at no class" in grid.cells[0][1].problem
    assert "looks at no class" in grid.record()["cells"][0][1]["problem"]
    with pytest.raises(MethodError, match="looks at no class"):
        explainer.compare(noise(32, 32), model="own", methods=["eigencam"], counterfactual=True)
    with pytest.raises(MethodError, match="`method` 'gradcan' is unknown"):
        explainer.compare(noise(32, 32), model="own", methods=["gradcam", "gradcan"])
    with pytest.raises(TargetError):
        explainer.compare(noise(32, 32), model="own", targets=[0, 77])
    # the error of the first cell, of its own kind
    with pytest.raises(LayerError, match="`layer` 'nowhere' is not a module"):
        explainer.compare(noise(32, 32), model="own", methods=["gradcam", "eigencam"], layers=["nowhere"])


def test_it_tells_how_far_it_is_and_stops(small: tuple[Explainer, SmallNetwork]) -> None:
    explainer, _ = small
    stop, told = Event(), []

    def progress(done: int, count: int) -> None:
        told.append(done / count)
        if len(told) == 2:
            stop.set()

    with pytest.raises(StoppedError):
        explainer.compare(noise(32, 32), model="own", targets=[0, 1, 2, 3], watch=Watch(progress, stop))
    assert told == [0, 1 / 4]
    told.clear()
    # parts of equal length: half of the second of four is three eighths
    Watch(lambda done, count: told.append(done / count)).part(1, 4).at(1, 2)
    assert told == [3 / 8]


def test_hiding_in_each_is_hiding_in_every_single_one(small: tuple[Explainer, SmallNetwork]) -> None:
    explainer, _ = small
    examiner = Examiner(explainer)
    maps = [explainer.explain(noise(32, 32), model="own", target=target) for target in range(6)]
    assert any(one.blank for one in maps)
    found = examiner.hide_each([*maps, None])
    assert found == (*(None if one.blank else examiner.hide_and_look(one) for one in maps), None)


def test_of_contrasts_both_sides_are_shown_of_others_the_coloured_one_fills_its_scale() -> None:
    cam = np.array([[-4, 2], [1, 0]], np.float32)
    for signed, top in ((False, 2), (True, 4)):
        cell = Cell(SimpleNamespace(cam=cam, method="gradcam"))  # type: ignore[arg-type]
        grid = Comparison("target", "method", ("one",), ("a",), ((cell,),), signed)
        np.testing.assert_allclose(grid.values(0, 0, shared=False), (cam / top).clip(-1))
        np.testing.assert_allclose(grid.values(0, 0), cam / 4)


@pytest.mark.parametrize("rival", [None, "auto"])
def test_a_grid_of_contrasts_is_signed(small: tuple[Explainer, SmallNetwork], rival: str | None) -> None:
    grid = small[0].compare(noise(32, 32), model="own", rival=rival)
    assert grid.signed is (rival is not None)
    assert f"from {f'-{grid.scale:.3g}' if rival else 0} to {grid.scale:.3g}: parts of the logit" in grid.sentence


@pytest.mark.parametrize(("value", "text"), [(2073.4, "2073"), (33.84, "33.8"), (0.01234, "0.0123")])
def test_the_scale_is_said_without_a_power_of_ten(monkeypatch: pytest.MonkeyPatch, value: float, text: str) -> None:
    monkeypatch.setattr(Comparison, "scale", value)
    grid = Comparison("method", "layer", (), (), ())
    assert f"from 0 to {text}: " in grid.sentence


@pytest.fixture
def two(offer: Callable[..., str]) -> Explainer:
    """A network, and one that is as it but for being turned upside down."""
    offer(CellNetwork(4), "first", size=32, classes=2)
    other = CellNetwork(4)
    with torch.no_grad():
        other.cells.weight.mul_(-1)
        other.cells.bias = torch.nn.Parameter(torch.ones(1))
    offer(other, "second", size=32, classes=2)
    offer(CellNetwork(8), "finer", size=64, classes=2)
    return Explainer(device="cpu")


def test_models_side_by_side_are_compared_on_the_photograph(two: Explainer) -> None:
    image = np.repeat((np.add.outer(np.arange(48), 2 * np.arange(96)) % 251)[..., None].astype(np.uint8), 3, axis=2)
    grid = two.compare(image, targets=[0], layers=["cells"], models=["first", "second", "finer", "first"])
    assert (grid.row_axis, grid.columns) == ("model", ("Grad-CAM",))
    assert grid.rows[0].startswith("First: “class 0” ")
    alike = grid.rank_correlation()
    assert alike[0, 1] == pytest.approx(-1, abs=1e-3)
    assert alike[0, 3] == 1
    # another resolution of the same
    assert 0.5 < alike[0, 2] < 1
    assert "differ" in grid.sentence
    assert "(rank correlation -1.00)" in grid.sentence
    alone = two.explain(image, model="finer", target=0, layer="cells")
    np.testing.assert_array_equal(grid.cells[2][0].explanation.cam, alone.cam)  # type: ignore[union-attr]


def test_where_two_models_differ_is_a_picture(two: Explainer) -> None:
    shown = noise(48, 96)
    grid = two.compare(shown, targets=[0], layers=["cells"], models=["first", "second", "first"])
    first, second = (row[0].explanation for row in grid.cells[:2])
    assert first is not None
    assert second is not None
    drawn = [project(normalise(one.cam), one.placement) for one in (first, second)]
    differs = drawn[0] - drawn[1]
    # the colours end at the greatest difference; nothing else has any
    grey = np.asarray(Image.fromarray(first.photograph.pixels).convert("L").convert("RGB"))
    look = Look(signed=True, opacity=1.0)
    expected = overlay_picture(grey, differs / np.nanmax(np.abs(differs)), look)
    np.testing.assert_array_equal(np.asarray(grid.difference()), np.asarray(expected))
    # of a model to itself nothing is coloured
    same = two.compare(shown, targets=[0], layers=["cells"], models=["first", "first"]).difference()
    seen = np.isfinite(drawn[0])
    np.testing.assert_array_equal(np.asarray(same)[seen], grey[seen])
    assert two.compare(shown, targets=[0], model="first").difference() is None


def test_only_what_both_models_see_is_compared(two: Explainer) -> None:
    image = noise(48, 96)
    whole, centre = (two.explain(image, model="first", target=0, layer="cells", view=v) for v in ("whole", "centre"))
    assert whole.rank_correlation_on_photograph(centre) > 0.5
    assert whole.rank_correlation_on_photograph(whole) == pytest.approx(1)
    assert centre.rank_correlation_on_photograph(whole) == whole.rank_correlation_on_photograph(centre)


def test_a_model_that_cannot_leaves_the_others(two: Explainer, offer: Callable[..., str]) -> None:
    offer(Fixed(), "fixed", size=32)
    grid = two.compare(noise(48, 96), targets=[0], models=["first", "fixed"], view="whole")
    assert grid.cells[0][0].explanation is not None
    assert "`view` 'whole' is not possible" in grid.cells[1][0].problem
    with pytest.raises(MethodError, match="`models`, `targets`, `methods` have several each"):
        two.compare(noise(48, 96), targets=[0, 1], methods=["gradcam", "hirescam"], models=["first", "second"])
