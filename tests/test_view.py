"""The photograph as a whole, and maps on which several sizes agree: where they lie, what they cost, who refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from gradcam_core import Examiner, Explainer, ImageError, ModelError
from gradcam_core.canvases.agreement import agreement
from gradcam_core.engine.borrowed_gpu import BorrowedRunner
from gradcam_core.engine.score import contrast
from gradcam_core.engine.watch import Watch
from gradcam_core.reading.preprocess import Preprocessing
from gradcam_core.reading.whole import Whole

from .helpers import PLAIN, CellNetwork, SmallNetwork, counted_calls, noise
from .test_detail import Fixed, OneSize, Shrinks

STEPS = Preprocessing(36, 32, "BOX", **PLAIN)


def cells_of(image: Any, side: int = 8) -> Any:
    """The mean light of each cell."""
    height, width = (length // side for length in image.shape[:2])
    return image.astype(np.float64).mean(2).reshape(height, side, width, side).mean((1, 3)) / 255


@pytest.mark.parametrize("size", [(32, 160), (160, 32), (32, 32), (32, 48)])
def test_every_cell_lies_where_it_was_taken_from(offer: Callable[..., str], size: tuple[int, int]) -> None:
    offer(CellNetwork(4), classes=2, preprocessing=lambda: STEPS)
    image = noise(*size)
    found = Explainer(device="cpu").explain(image, model="own", target=0, view="whole")
    light = cells_of(image)
    assert found.cam.shape == light.shape
    np.testing.assert_allclose(found.cam / found.cam.max(), light / light.max(), rtol=1e-5)
    assert found.placement.box == (0, 0, size[1], size[0])
    assert found.seen_share == 1
    assert not np.isnan(found.heatmap).any()


def test_what_moves_by_a_cell_moves_the_map_by_a_cell(offer: Callable[..., str]) -> None:
    offer(CellNetwork(4), classes=2, preprocessing=lambda: STEPS)
    explainer, image = Explainer(device="cpu"), noise(96, 240)
    # one cell of the input is 24 pixels of the photograph
    plain, moved = (
        explainer.explain(one, model="own", target=0, view="whole") for one in (image, np.roll(image, 24, 1))
    )
    np.testing.assert_allclose(moved.cam, np.roll(plain.cam, 1, 1), atol=1e-6)
    assert plain.placement.input_size == (32, 80)


@given(st.integers(1, 3000), st.integers(1, 3000), st.sampled_from([1, 8, 14, 32]), st.integers(1, 12))
def test_sides_keep_the_proportions_as_well_as_whole_cells_can(
    width: int, height: int, stride: int, cells: int
) -> None:
    whole = Whole(STEPS, cells * stride, stride)
    times = max(width, height) / min(width, height)
    if times > 8:
        with pytest.raises(ImageError, match="times as long as it is wide"):
            whole.sides(width, height)
        return
    high, wide = whole.sides(width, height)
    assert min(high, wide) == whole.short
    assert (high - wide) * (height - width) >= 0
    assert high % stride == wide % stride == 0
    assert abs(max(high, wide) - times * whole.short) <= stride / 2


def test_a_reduced_decode_lies_at_the_same_place() -> None:
    # each pixel of the reduced decode stands for two by two
    image = (
        np.zeros((129, 193, 3), np.uint8)
        + np.add.outer(np.arange(129), np.arange(193))[..., None].astype(np.uint8) // 2
    )
    whole = Whole(replace(STEPS, interpolation="BILINEAR"), 32, 8)
    inputs, placement = whole.encode(image)
    reduced, other = whole.encode(image[::2, ::2], (193, 129))
    assert placement == other
    assert float((inputs - reduced).abs().mean()) < 0.01


def test_probabilities_of_both_views_are_told(small: tuple[Explainer, SmallNetwork]) -> None:
    explainer, network = small
    image = noise(40, 90)
    plain = explainer.explain(image, model="own", target=2)
    found = explainer.explain(image, model="own", target=2, view="whole")
    with torch.no_grad():
        expected = network(Whole(explainer.load("own").preprocessing, 32, 4).encode(image)[0]).softmax(-1)[0]
    assert found.target.probability == pytest.approx(float(expected[2]), rel=1e-5)
    assert found.usual[0] == plain.target
    assert any(note.startswith("The whole photograph: ") for note in found.notes)
    record = found.record()
    assert record["request"]["view"] == "whole"
    assert record["preprocessing"]["short_side"] == 32
    again = Explainer(device="cpu").explain(image, **record["request"])
    np.testing.assert_array_equal(again.cam, found.cam)


def test_a_pass_for_each_view_and_none_for_another_class_or_layer(small: tuple[Explainer, SmallNetwork]) -> None:
    explainer, network = small
    assert explainer.load("own").whole.stride
    with counted_calls(network, "forward") as passes:
        for options in ({}, {"target": 3}, {"layer": "stem"}, {"counterfactual": True}, {"method": "layercam"}):
            explainer.explain(noise(32, 64), model="own", view="whole", **options)
    assert sorted(tuple(args[0].shape[-2:]) for args in passes) == [(32, 32), (32, 64)]


class Valid(SmallNetwork):
    """Loses its borders, so that its cells do not divide the input evenly."""

    def __init__(self) -> None:
        super().__init__()
        self.middle = nn.Sequential(nn.Conv2d(8, 12, 5, 2, 0), nn.ReLU())


class Bent(SmallNetwork):
    """Takes any size, and has its last map always square."""

    def forward(self, x: Tensor) -> Tensor:
        return self.head(
            self.pool(self.last(nn.functional.adaptive_avg_pool2d(self.middle(self.stem(x)), 8))).flatten(1)
        )


@pytest.mark.parametrize("option", [{"view": "whole"}, {"sharper": True}])
@pytest.mark.parametrize(
    ("network", "options", "why"),
    [
        (Fixed, {}, "takes inputs of 32×32 pixels only"),  # noqa: RUF001
        (Shrinks, {}, "do not grow with the input"),
        (Valid, {}, "do not grow with the input"),
        (Bent, {}, "do not grow with the input"),
        (SmallNetwork, {"preprocessing": OneSize}, "its transform makes inputs of 32×32 pixels only"),  # noqa: RUF001
    ],
)
def test_what_cannot_is_refused_and_goes_on_without(
    offer: Callable[..., str],
    network: Callable[[], nn.Module],
    options: dict[str, Any],
    why: str,
    option: dict[str, Any],
) -> None:
    offer(network(), **options)
    explainer = Explainer(device="cpu")
    (name,) = option
    for _ in range(2):
        with pytest.raises(
            ModelError, match=rf"`{name}` .*is not possible with Own: .*{why}.* or choose another|{why}"
        ):
            explainer.explain(noise(32, 32), model="own", **option)
    assert explainer.explain(noise(32, 32), model="own").usual == ()


def test_a_photograph_that_is_too_long_is_refused_and_not_the_next_one(small: tuple[Explainer, SmallNetwork]) -> None:
    explainer, _ = small
    with pytest.raises(ImageError, match=r"10 times as long as it is wide.*Choose 'centre'"):
        explainer.explain(noise(20, 200), model="own", view="whole")
    assert explainer.explain(noise(30, 200), model="own", view="whole").cam.shape == (8, 53)


def test_a_vision_transformer_that_interpolates_its_positions_takes_the_whole(offer: Callable[..., str]) -> None:
    import timm

    network = timm.create_model("vit_tiny_patch16_224", num_classes=6, depth=2, dynamic_img_size=True)
    offer(network, size=224)
    explainer, image = Explainer(device="cpu"), noise(224, 336)
    found = explainer.explain(image, model="own", target=0, view="whole")
    assert found.cam.shape == (14, 21)
    with torch.no_grad():
        expected = network.eval()(explainer.inputs(found)).softmax(-1)[0, 0]
    assert found.target.probability == pytest.approx(float(expected), rel=1e-4)


def test_a_borrowed_gpu_sees_the_whole_too(small: tuple[Explainer, SmallNetwork]) -> None:
    def borrow(function: Callable[..., Any]) -> Callable[..., Any]:
        return partial(function)

    here, _ = small
    there = Explainer(device="cpu", borrow=borrow)
    assert isinstance(there.runner, BorrowedRunner)
    mine, other = (one.explain(noise(32, 80), model="own", target=1, view="whole") for one in (here, there))
    np.testing.assert_allclose(mine.cam, other.cam, rtol=1e-4, atol=1e-7)


def test_a_sharper_map_is_what_sizes_agree_on(offer: Callable[..., str]) -> None:
    sides, maps = (32, 48, 64), []
    image = noise(120, 200)
    for side in sides:
        steps = Preprocessing(round(36 * side / 32), side, "BOX", **PLAIN)
        name = offer(CellNetwork(4), f"own{side}", classes=2, preprocessing=partial(lambda one: one, steps))
        maps.append(Explainer(device="cpu").explain(image, model=name, target=0))
    found = Explainer(device="cpu").explain(image, model="own32", target=0, sharper=True)
    assert found.cam.shape == (8, 8)
    expected = agreement([one.cam for one in maps], [one.placement for one in maps])
    np.testing.assert_allclose(found.cam, expected, rtol=1e-5)
    # probabilities and place are those of the usual size
    assert found.top == maps[0].top
    assert found.placement == maps[0].placement
    assert found.usual == ()
    assert "Sharper: coloured are only places on which the photograph, fed at several sizes, agrees." in found.notes


class Glancing(SmallNetwork):
    """What it takes a photograph for depends on the size of the input: class 1 to 5, 6 to 10 or 11 to 15 at each."""

    def __init__(self) -> None:
        super().__init__(classes=16)

    def forward(self, x: Tensor) -> Tensor:
        first = {32: 1, 44: 6, 64: 11}.get(x.shape[-1], 1)
        likely = torch.zeros(16, dtype=x.dtype, device=x.device)
        likely[first : first + 5] = torch.arange(5, 0, -1, dtype=x.dtype, device=x.device) * 5
        return super().forward(x) + likely


def test_each_of_the_sizes_has_its_own_next_three(offer: Callable[..., str]) -> None:
    sides, maps, network, image = (32, 44, 64), [], Glancing(), noise(64, 64)
    for side, others in zip(sides, ([1, 2, 3], [6, 7, 8], [11, 12, 13]), strict=True):
        steps = Preprocessing(side, side, "BOX", **PLAIN)
        name = offer(network, f"own{side}", classes=16, preprocessing=partial(lambda one: one, steps))
        alone = Explainer(device="cpu").explain(image, model=name, target=0, rival="next three")
        assert [one.index for one in alone.rivals] == others
        maps.append(alone)
    explainer = Explainer(device="cpu")
    found = explainer.explain(image, model="own32", target=0, rival="next three", sharper=True)
    expected = agreement([one.cam for one in maps], [one.placement for one in maps])
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(found.cam, expected, rtol=1e-4, atol=1e-7)
    # named are those of the answer, and it is said that they were others elsewhere
    assert found.rivals == maps[0].rivals
    assert any(note.startswith("Each size was compared with the other classes") for note in found.notes)
    assert "at each size" in found.record()["score"]
    # the record asks for the same again, and all that is asked about it is about the same score
    again = explainer.explain(image, **found.record()["request"])
    np.testing.assert_array_equal(again.cam, found.cam)
    scores = [score for *_, score in explainer.every_size(found)]
    assert scores == [contrast(0, others) for others in ([1, 2, 3], [6, 7, 8], [11, 12, 13])]
    # a rival that was named is the same at every size
    (fixed,) = {score for *_, score in explainer.every_size(explainer.answer(image, found.request.replace(rival=[5])))}
    assert fixed == contrast(0, [5])


@pytest.mark.parametrize("view", ["centre", "whole"])
def test_for_and_against_are_one_map_with_both_signs(small: tuple[Explainer, SmallNetwork], view: str) -> None:
    explainer, _ = small
    ask = partial(explainer.explain, noise(32, 64), model="own", target=1, sharper=True, view=view)
    np.testing.assert_allclose(ask(counterfactual=True).cam, -ask().cam, atol=1e-7)
    assert ask().cam.shape == {"centre": (16, 16), "whole": (16, 32)}[view]


def test_every_check_takes_a_sharper_map_and_it_can_be_stopped(small: tuple[Explainer, SmallNetwork]) -> None:
    explainer, _ = small
    told: list[tuple[int, int]] = []
    maps = (explainer.explain(noise(32, 64), model="own", target=target, sharper=True) for target in range(6))
    found = next(one for one in maps if not one.blank)
    examiner = Examiner(explainer)
    assert examiner.hide_and_look(found, draws=1).target == found.target
    assert examiner.sanity(found).stages[-1].correlation < 1
    assert examiner.ask_place(found, 32, 16)
    assert [one.cam.shape for one in examiner.strip(found)] == [(32, 32), (16, 16), (16, 16)]
    options = {"model": "own", "sharper": True, "target": 5, "layer": "stem"}
    explainer.explain(noise(32, 64), watch=Watch(lambda *at: told.append(at)), **options)
    assert told == sorted(told)
    assert len(told) >= 2


def test_a_real_model_sees_the_whole(explainer: Explainer, chelsea: Any) -> None:
    found = explainer.explain(chelsea, target=285, view="whole")
    assert found.cam.shape == (7, 11)
    assert found.placement.input_size == (224, 352)
    assert explainer.explain(chelsea, target=285, view="whole", sharper=True).cam.shape == (14, 21)
