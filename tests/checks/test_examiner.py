"""Does a map hold: curves worked out by hand, passes counted, places, regions, the sanity check."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any

import numpy as np
import pytest
import torch

from gradcam_core import Examiner, Explainer, ImageError, LayerError, MethodError, OptionError, StoppedError, Watch
from gradcam_core.canvases.picture import HIDING
from gradcam_core.canvases.project import project
from gradcam_core.checks.hiding import Curve, Hidden, HideAndLook
from gradcam_core.checks.judged import Verdict
from gradcam_core.checks.places import Change, brushed, found_without, region
from gradcam_core.checks.sanity import forgetting
from gradcam_core.engine.capture import run
from gradcam_core.engine.inputs import named
from gradcam_core.engine.score import Score
from gradcam_core.types import Box, Placement, Prediction

from ..helpers import RAMP, HandNetwork, PixelNetwork, SmallNetwork, counted_calls, noise, sure


@pytest.fixture
def pixels(offer: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> tuple[Explainer, PixelNetwork]:
    """Hiding makes a pixel black, so that the curves can be worked out."""
    monkeypatch.setitem(HIDING, "blur", torch.zeros_like)
    network = PixelNetwork()
    offer(network, size=4, classes=2)
    explainer = Explainer(device="cpu")
    explainer.load("own")
    return explainer, network


@pytest.fixture
def examined(small: tuple[Explainer, SmallNetwork]) -> tuple[Examiner, Any, SmallNetwork]:
    """An explanation with something coloured."""
    explainer, network = small
    maps = [explainer.explain(noise(32, 32), model="own", target=target) for target in range(6)]
    return Examiner(explainer), next(one for one in maps if not one.blank), network


# --- hide and look


def test_curves_worked_out_by_hand(pixels: tuple[Explainer, PixelNetwork]) -> None:
    explainer, _ = pixels
    explanation = explainer.explain(RAMP, model="own", target=0)
    curves = Examiner(explainer).curves(explanation, steps=16)
    light = np.arange(16) / 15
    hottest = [sure(light[: 16 - hidden].sum()) for hidden in range(17)]
    coldest = [sure(light[hidden:].sum()) for hidden in range(17)]
    np.testing.assert_allclose(curves.deletion.values, hottest, rtol=1e-5)
    np.testing.assert_allclose(curves.deletion_reversed.values, coldest, rtol=1e-5)
    np.testing.assert_allclose(curves.insertion.values, coldest[::-1], rtol=1e-5)
    np.testing.assert_allclose(curves.insertion_reversed.values, hottest[::-1], rtol=1e-5)
    assert curves.deletion.area < curves.deletion_random.area < curves.deletion_reversed.area
    assert curves.insertion.area > curves.insertion_random.area > curves.insertion_reversed.area
    assert Examiner(explainer).deletion_and_insertion(explanation, steps=16) == (curves.deletion, curves.insertion)


def test_pictures_show_what_was_hidden(pixels: tuple[Explainer, PixelNetwork]) -> None:
    explainer, _ = pixels
    explanation = explainer.explain(RAMP, model="own", target=0)
    shown = np.asarray(explanation.photograph.pixels)
    hottest, random = (np.asarray(one) for one in Examiner(explainer).hidden_pictures(explanation, 0.25))
    # the four brightest of sixteen are black, the others as they were
    np.testing.assert_array_equal(hottest.reshape(16, 3)[:12], shown.reshape(16, 3)[:12])
    assert not hottest.reshape(16, 3)[12:].any()
    changed = (random != shown).any(axis=-1)
    # a pixel that was black before does not change
    assert 3 <= changed.sum() <= 4
    assert not random[changed].any()
    later = Examiner(explainer).hidden_pictures(explanation, 0.25, draw=2)[1]
    assert (np.asarray(later) != random).any()


def test_area_is_the_mean_height() -> None:
    # two trapezoids: (1 + 0.5) / 2 and (0.5 + 0) / 2, each half as wide as all
    assert Curve((1.0, 0.5, 0.0)).area == pytest.approx(0.5)
    assert Curve((0.8, 0.8, 0.8, 0.8)).area == pytest.approx(0.8)


def test_hiding_worked_out_by_hand(pixels: tuple[Explainer, PixelNetwork]) -> None:
    explainer, _ = pixels
    examiner = Examiner(explainer)
    found = examiner.hide_and_look(explainer.explain(RAMP, model="own", target=0), shares=(0.25, 0.5), draws=9)
    # the four brightest of sixteen, then the eight brightest
    assert found.steps[0].hottest == pytest.approx(sure(sum(range(12)) / 15), rel=1e-5)
    assert found.steps[1].hottest == pytest.approx(sure(sum(range(8)) / 15), rel=1e-5)
    assert all(draw >= step.hottest - 1e-6 for step in found.steps for draw in step.random)
    assert found.holds
    before, after = (f"{value * 100:.0f} %" for value in (sure(8), found.steps[1].hottest))
    assert found.sentence.startswith(f"Hiding the hottest 50 % takes class 0 from {before} to {after}; hiding a random")


@pytest.mark.parametrize(
    ("against", "hottest", "random", "holds"),
    [
        (False, 0.1, (0.5, 0.6, 0.4, 0.3, 0.05), True),
        (False, 0.1, (0.5, 0.6, 0.4, 0.02, 0.05), False),
        (True, 0.9, (0.5, 0.6, 0.4, 0.3, 0.05), True),
        (True, 0.1, (0.5, 0.6, 0.4, 0.3, 0.5), False),
        # that others raise it is no evidence, where these change nothing
        (False, 0.7, (0.8, 0.9, 0.8, 0.9, 0.8), False),
        (False, 0.75, (0.8, 0.9, 0.8, 0.9, 0.8), False),
        (True, 0.7, (0.5, 0.6, 0.4, 0.3, 0.5), False),
    ],
)
def test_when_a_map_holds(against: bool, hottest: float, random: tuple[float, ...], holds: bool) -> None:
    found = HideAndLook(Prediction(0, "cat", 0.7), against, (Hidden(0.2, hottest, random),))
    assert found.holds is holds
    assert ("the map holds" in found.sentence) is holds
    assert ("nothing changes as the map says" in found.sentence) is not found.moves


@pytest.mark.parametrize(
    ("against", "hottest", "random", "by_little"),
    [
        (False, 0.1, 0.5, False),
        # 0.3 is twice 0.15, and 1.2 times 0.25
        (False, 0.4, 0.55, False),
        (False, 0.4, 0.45, True),
        (True, 0.9, 0.75, False),
        (True, 0.9, 0.85, True),
        # what does not hold at all does not hold by little either
        (False, 0.4, 0.3, False),
        (False, 0.8, 0.75, False),
        # that others raise it leaves nothing beside the map
        (False, 0.6, 0.9, False),
    ],
)
def test_a_map_that_holds_by_little_says_so(against: bool, hottest: float, random: float, by_little: bool) -> None:
    found = HideAndLook(Prediction(0, "cat", 0.7), against, (Hidden(0.2, hottest, (random,) * 9),))
    assert (found.verdict is Verdict.BY_LITTLE) is by_little
    assert ("if not by much" in found.sentence) is by_little


def test_a_map_moves_what_it_says_on_average_and_where_it_is_told() -> None:
    def found(*hottest: float) -> HideAndLook:
        steps = tuple(Hidden(0.1, one, (0.95, 0.9, 0.95)) for one in hottest)
        return HideAndLook(Prediction(0, "cat", 0.7), False, steps)

    assert found(0.8, 0.6, 0.6).holds
    assert not found(0.6, 0.7, 0.6).holds
    assert not found(0.9, 0.65, 0.8).holds


def test_passes_are_batched_counted_and_remembered(examined: tuple[Examiner, Any, SmallNetwork]) -> None:
    examiner, explanation, network = examined
    seen: list[tuple[int, int]] = []
    with counted_calls(network, "forward") as passes:
        first = examiner.hide_and_look(explanation, watch=Watch(lambda *at: seen.append(at)))
        assert examiner.hide_and_look(explanation) is first
    # three shares of the map's order and of nine random ones
    assert sorted(len(args[0]) for args in passes) == [2] + [4] * 7
    assert seen == [(done, 30) for done in (*range(0, 30, 4), 30)]
    with counted_calls(network, "forward") as passes:
        examiner.curves(explanation, steps=4)
        examiner.curves(explanation, steps=4)
    # deletion and insertion, each in the order, its reverse and three random ones, at three shares; their ends once
    assert sum(len(args[0]) for args in passes) == 2 * 5 * 3 + 2


def test_what_is_stopped_can_be_asked_again(examined: tuple[Examiner, Any, SmallNetwork]) -> None:
    examiner, explanation, _ = examined
    stop = Event()
    stop.set()
    for ask in (examiner.hide_and_look, examiner.curves, examiner.sanity):
        with pytest.raises(StoppedError):
            ask(explanation, watch=Watch(stop=stop))
        assert ask(explanation)


def test_nothing_to_hide_and_bad_shares_are_refused(small: tuple[Explainer, SmallNetwork]) -> None:
    explainer, _ = small
    maps = [explainer.explain(noise(32, 32), model="own", target=target) for target in range(6)]
    blank = next(one for one in maps if one.blank)
    coloured = next(one for one in maps if not one.blank)
    for check in (Examiner(explainer).hide_and_look, Examiner(explainer).sanity):
        with pytest.raises(MethodError, match="no coloured place"):
            check(blank)
    examiner = Examiner(explainer)
    for shares in [(), (0.0,), (0.5, 1.0), 0.5, ("half",), None]:
        with pytest.raises(OptionError, match="`shares`"):
            examiner.hide_and_look(coloured, shares=shares)  # type: ignore[arg-type]
    for few in [0, -1, 1.5, "many", None]:
        with pytest.raises(OptionError, match=r"`draws` .* must be a whole number, 1 at least"):
            examiner.hide_and_look(coloured, draws=few)  # type: ignore[arg-type]
        for check in (examiner.curves, examiner.deletion_and_insertion):
            with pytest.raises(OptionError, match=r"`steps` .* must be a whole number, 2 at least"):
                check(coloured, steps=few)  # type: ignore[operator]


def test_hiding_is_remembered_by_its_kind(pixels: tuple[Explainer, PixelNetwork]) -> None:
    explainer, _ = pixels
    explanation = explainer.explain(RAMP, model="own", target=0)
    black = Examiner(explainer).hide_and_look(explanation, shares=(0.5,), draws=1)
    grey = Examiner(explainer, hiding="mean").hide_and_look(explanation, shares=(0.5,), draws=1)
    # the mean of 0/15 to 15/15 eight times beside the eight darkest
    assert grey.steps[0].hottest == pytest.approx(sure(sum(range(8)) / 15 + 8 * 0.5), rel=1e-5)
    assert black.steps[0].hottest < grey.steps[0].hottest
    with pytest.raises(ValueError, match="`hiding` 'glue' is unknown; choose one of blur, mean"):
        Examiner(explainer, hiding="glue")


# --- places and regions


def test_slopes_of_all_classes_are_their_gradients() -> None:
    capture = run(network := HandNetwork(), HandNetwork.inputs(), {"act": network.act})
    direction = torch.randn(2, 2, 2, generator=torch.Generator().manual_seed(0))
    expected = [(capture.gradient("act", Score.logit(index)) * direction).sum().item() for index in range(2)]
    np.testing.assert_allclose(capture.along("act", direction), expected, rtol=1e-5)
    with pytest.raises(LayerError):
        capture.along("conv", direction)


def test_a_place_speaks_as_the_maps_of_all_classes_do(small: tuple[Explainer, SmallNetwork]) -> None:
    explainer, network = small
    image = noise(45, 70)
    explanation = explainer.explain(image, model="own", layer="middle")
    with counted_calls(network, "forward") as passes:
        place = Examiner(explainer).ask_place(explanation, 33, 21)
    assert not passes
    answers = [*place.speaks_for, *place.speaks_against]
    assert len(answers) == 6
    for evidence in answers:
        one = explainer.explain(image, model="own", layer="middle", target=evidence.prediction.index)
        assert evidence.value == pytest.approx(project(one.cam, one.placement)[21, 33], rel=1e-3, abs=1e-6)
    values = [evidence.value for evidence in place.speaks_for]
    assert values == sorted(values, reverse=True)
    with pytest.raises(ImageError, match="outside what the model saw"):
        Examiner(explainer).ask_place(explanation, 2, 21)


@pytest.mark.parametrize("layer", [None, "blocks.5"])
def test_a_place_in_a_real_model(explainer: Explainer, chelsea: Any, layer: str | None) -> None:
    explanation = explainer.explain(chelsea, layer=layer)
    place = Examiner(explainer).ask_place(explanation, 220, 130)
    for evidence in (place.speaks_for[0], place.speaks_against[0]):
        one = explainer.explain(chelsea, layer=layer, target=evidence.prediction.index)
        assert evidence.value == pytest.approx(project(one.cam, one.placement)[130, 220], rel=1e-3)


def test_without_a_region(pixels: tuple[Explainer, PixelNetwork]) -> None:
    explainer, _ = pixels
    explanation = explainer.explain(RAMP, model="own", target=0)
    mask = np.zeros((4, 4), bool)
    mask[3] = True
    changes = Examiner(explainer).without(explanation, mask)
    assert changes[0].prediction.index == 0
    assert changes[0].prediction.probability == pytest.approx(sure(8), rel=1e-5)
    # the last row holds 12, 13, 14 and 15 of 15
    assert changes[0].after == pytest.approx(sure(8 - 54 / 15), rel=1e-5)
    with pytest.raises(ImageError, match="covers everything"):
        Examiner(explainer).without(explanation, np.ones((4, 4), bool))
    with pytest.raises(ImageError, match="covers nothing"):
        Examiner(explainer).without(explanation, np.zeros((4, 4), bool))
    with pytest.raises(ImageError, match="shape"):
        Examiner(explainer).without(explanation, np.zeros((4, 5), bool))


def test_a_region_lies_where_it_was_brushed() -> None:
    # of 8 columns the model saw the middle 4, each as two pixels of its input
    placement = Placement(4, 8, Box(2, 0, 6, 4))
    mask = np.zeros((4, 8), bool)
    mask[1, 3:] = True
    found = region(mask, placement, (8, 8))
    assert np.argwhere(found).tolist() == [[row, column] for row in (2, 3) for column in range(2, 8)]


def test_a_brush_covers_what_lies_within_its_radius() -> None:
    placement = Placement(40, 60, Box(0, 0, 60, 40))
    ends, radius = np.array([[10.0, 10.0], [40.0, 25.0]]), 5.0
    found = brushed([{"points": ends.tolist(), "radius": radius}], placement)
    centres = np.stack(np.meshgrid(np.arange(60) + 0.5, np.arange(40) + 0.5), axis=-1)
    along = ends[1] - ends[0]
    share = np.clip((centres - ends[0]) @ along / (along @ along), 0, 1)
    distance = np.linalg.norm(centres - (ends[0] + share[..., None] * along), axis=-1)
    assert found[distance < radius - 1].all()
    assert not found[distance > radius + 1].any()
    dab = brushed([{"points": [[30, 20]], "radius": 3}], placement)
    assert dab.sum() == pytest.approx(np.pi * 9, rel=0.35)
    np.testing.assert_allclose(np.argwhere(dab).mean(axis=0) + 0.5, [20, 30], atol=0.51)
    # outside the photograph and beyond any size, but a stroke
    assert not brushed([{"points": [[-90, -90]], "radius": 3}], placement).any()
    assert brushed([{"points": [[0, 0], [9, 9]], "radius": 90_000}], placement).all()


@pytest.mark.parametrize(
    "strokes",
    [None, [], "x", [1], [{"points": [[1, 2]]}], [{"points": [], "radius": 2}], [{"points": [[1, 2, 3]], "radius": 2}],
     [{"points": [[1, 2]], "radius": 0}], [{"points": [[float("nan"), 2]], "radius": 3}]],
)  # fmt: skip
def test_what_is_no_stroke_is_refused_in_a_sentence(strokes: Any) -> None:
    with pytest.raises(ImageError, match="`strokes`"):
        brushed(strokes, Placement(4, 4, Box(0, 0, 4, 4)))


def test_what_is_left_is_said() -> None:
    cat, dog = Prediction(0, "cat", 0.62), Prediction(1, "dog", 0.3)
    assert str(found_without(cat, [Change(cat, 0.07), Change(dog, 0.8)])) == (
        "Without this region cat goes from 62 % to 7 %; the strongest class is then dog with 80 %."
    )
    assert str(found_without(cat, [Change(cat, 0.6), Change(dog, 0.3)])).endswith(
        "to 60 %, and is the strongest class."
    )


# --- layers, sanity


def test_strip_is_the_explanation_at_every_layer(examined: tuple[Examiner, Any, SmallNetwork]) -> None:
    examiner, explanation, network = examined
    with counted_calls(network, "forward") as passes:
        strip = examiner.strip(explanation)
    assert not passes
    assert [one.layer for one in strip] == [layer.name for layer in examiner.explainer.layers("own")]
    same = next(one for one in strip if one.layer == explanation.layer)
    np.testing.assert_array_equal(same.cam, explanation.cam)
    assert {one.target.index for one in strip} == {explanation.target.index}


def test_the_network_forgets_from_the_top_down_and_only_as_a_copy() -> None:
    network = SmallNetwork()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    changed = []
    for layer, twin in forgetting(network, named(torch.rand(1, 3, 32, 32)), ["stem", "middle", "last"]):
        names = {name.split(".")[0] for name, value in twin.named_parameters() if not torch.equal(value, before[name])}
        changed.append((layer, sorted(names)))
    assert changed == [
        ("last", ["head"]),
        ("middle", ["head", "last"]),
        ("stem", ["head", "last", "middle"]),
        # a norm's weights that are all the same stay the same
        (None, ["head", "last", "middle", "stem"]),
    ]
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_gradcam_passes_and_guided_backprop_fails_the_sanity_check(explainer: Explainer, chelsea: Any) -> None:
    examiner = Examiner(explainer)
    passed = examiner.sanity(explainer.explain(chelsea))
    failed = examiner.sanity(explainer.explain(chelsea, method="guided_backprop"))
    assert passed.passed
    assert "depends on what the network learned" in passed.sentence
    assert not failed.passed
    assert "hardly changes" in failed.sentence
    assert passed.stages[-1].layer is None
    assert len(passed.stages) == len(explainer.layers()) + 1


def test_sanity_of_a_contrast_compares_both_sides(small: tuple[Explainer, SmallNetwork]) -> None:
    explainer, _ = small
    examiner = Examiner(explainer)
    one, other = (
        examiner.sanity(explainer.explain(noise(32, 32), model="own", target=target, rival=rival))
        for target, rival in ((2, 4), (4, 2))
    )
    # the same map with its sign turned, and what is coloured is the same
    assert [s.correlation for s in one.stages] == pytest.approx([s.correlation for s in other.stages])
    assert any(stage.correlation for stage in one.stages)
