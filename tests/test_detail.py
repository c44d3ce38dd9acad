"""Twice as many pixels a side: finer maps, other probabilities, passes and answers of their own, and who refuses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gradcam_core import DeviceError, Examiner, Explainer, ModelError
from gradcam_core.engine.forecast import Bound, forecast, without_values
from gradcam_core.reading.preprocess import Preprocessing

from .helpers import PLAIN, CellNetwork, SmallNetwork, counted_calls, noise, random_network


def test_each_cell_is_seen_four_times_finer(offer: Callable[..., str]) -> None:
    offer(CellNetwork(4), classes=2)
    explainer, image = Explainer(device="cpu"), noise(64, 64)
    light = image.astype(np.float64).mean(2).reshape(8, 8, 8, 8).mean((1, 3))
    found = explainer.explain(image, model="own", target=0, detail=True)
    assert found.cam.shape == (8, 8)
    np.testing.assert_allclose(found.cam / found.cam.max(), light / light.max(), rtol=1e-5)
    assert explainer.explain(image, model="own", target=0).cam.shape == (4, 4)


def test_probabilities_of_both_sizes_are_told(small: tuple[Explainer, SmallNetwork]) -> None:
    explainer, network = small
    image = noise(45, 70)
    plain = explainer.explain(image, model="own", target=2)
    found = explainer.explain(image, model="own", target=2, detail=True)
    with torch.no_grad():
        inputs, placement = Preprocessing(64, 64, "BOX", **PLAIN).encode(image)
        expected = network(inputs).softmax(-1)[0]
    assert found.target.probability == pytest.approx(float(expected[2]), rel=1e-5)
    assert found.placement.box == pytest.approx(placement.box)
    assert found.usual[0] == plain.target
    assert {one.index for one in found.usual} == {found.target.index, *(one.index for one in found.top)}
    assert plain.usual == ()
    assert not plain.detail
    assert any(note.startswith("Detail: given twice as many pixels") for note in found.notes)
    record = found.record()
    assert record["request"]["detail"] is True
    assert record["usual"][0]["probability"] == plain.target.probability
    assert record["preprocessing"]["crop"] == 64
    again = Explainer(device="cpu").explain(image, **record["request"])
    np.testing.assert_allclose(again.cam, found.cam, rtol=1e-5)


def test_a_pass_for_each_size_and_none_for_another_class_or_layer(small: tuple[Explainer, SmallNetwork]) -> None:
    explainer, network = small
    explainer.load("own", detail=True)
    with counted_calls(network, "forward") as passes:
        explainer.explain(noise(32, 32), model="own")
        for options in ({}, {"target": 3}, {"layer": "stem"}, {"counterfactual": True}, {"method": "layercam"}):
            explainer.explain(noise(32, 32), model="own", detail=True, **options)
    assert [tuple(args[0].shape[-2:]) for args in passes] == [(32, 32), (64, 64)]


def test_every_question_is_asked_at_the_size_of_the_map(small: tuple[Explainer, SmallNetwork]) -> None:
    explainer, network = small
    examiner, image = Examiner(explainer), noise(32, 32)
    maps = (explainer.explain(image, model="own", target=target, detail=True) for target in range(6))
    found = next(one for one in maps if not one.blank)
    plain = explainer.explain(image, model="own", target=found.target.index)
    with counted_calls(network, "forward") as passes:
        hidden = examiner.hide_and_look(found, draws=1)
        changes = examiner.without(found, np.eye(32, dtype=bool))
    assert {tuple(args[0].shape[-2:]) for args in passes} == {(64, 64)}
    assert hidden.target == found.target
    assert changes[0].prediction.probability == pytest.approx(found.top[0].probability, rel=1e-5)
    assert [one.cam.shape for one in examiner.strip(found)] == [(32, 32), (16, 16), (16, 16)]
    values = [evidence.value for evidence in examiner.ask_place(found, 20, 9).speaks_for]
    other = [evidence.value for evidence in examiner.ask_place(plain, 20, 9).speaks_for]
    assert values != pytest.approx(other)
    assert examiner.sanity(found).stages[-1].correlation != examiner.sanity(plain).stages[-1].correlation


class Fixed(nn.Module):
    """Fully connected to every position of its last map."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 4, 4), nn.Linear(4 * 8 * 8, 6)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.conv(x).relu().flatten(1))


class Shrinks(SmallNetwork):
    """Brings every input to one size first."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(nn.functional.interpolate(x, (32, 32)))


class OneSize:
    """A transform that nobody can ask for another size."""

    def __init__(self) -> None:
        steps = Preprocessing(32, 32, "BOX", **PLAIN)
        self.input_shape, self.enough, self.encode, self.record = steps.input_shape, 64, steps.encode, steps.record


@pytest.mark.parametrize(
    ("network", "options", "why"),
    [
        (Fixed, {}, "takes inputs of 32×32 pixels only"),  # noqa: RUF001
        (Shrinks, {}, "maps do not become finer"),
        (SmallNetwork, {"preprocessing": OneSize}, "its transform makes inputs of 32×32 pixels only"),  # noqa: RUF001
    ],
)
def test_what_cannot_is_refused_and_goes_on_without(
    offer: Callable[..., str], network: Callable[[], nn.Module], options: dict[str, Any], why: str
) -> None:
    offer(network(), **options)
    explainer = Explainer(device="cpu")
    for _ in range(2):
        with pytest.raises(ModelError, match=rf"`detail` is not possible with Own: .*{why}.* Switch detail off"):
            explainer.explain(noise(32, 32), model="own", detail=True)
    assert not explainer.explain(noise(32, 32), model="own").detail


class Hungry(SmallNetwork):
    """Runs out of memory for a larger input."""

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-1] > 32:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return super().forward(x)


def test_a_lack_of_memory_is_not_taken_for_the_models_fault(offer: Callable[..., str]) -> None:
    offer(Hungry())
    with pytest.raises(DeviceError, match="Out of memory for an input of twice the size"):
        Explainer(device="cpu").explain(noise(32, 32), model="own", detail=True)


@pytest.mark.parametrize(("nbytes", "operations", "fits"), [(1, 1, True), (0.9, 1, False), (1, 0.9, False)])
def test_where_passes_are_bounded_a_larger_input_is_told_so_before_it_is_run(
    offer: Callable[..., str], nbytes: float, operations: float, fits: bool
) -> None:
    network = SmallNetwork().eval()
    offer(network)
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    cost = forecast(without_values(network), (1, 3, 64, 64))
    assert cost is not None
    bound = Bound(round(cost.nbytes * nbytes), round(cost.operations * operations))
    explainer = Explainer(device="cpu", bound=bound)
    plain = explainer.explain(noise(32, 32), model="own")
    with counted_calls(network, "forward") as passes:
        if fits:
            assert explainer.explain(noise(32, 32), model="own", detail=True).cam.shape[0] > plain.cam.shape[0]
        else:
            with pytest.raises(ModelError, match="more than is allowed here, 32×32 is the most"):  # noqa: RUF001
                explainer.explain(noise(32, 32), model="own", detail=True)
    assert bool(passes) == fits
    # what was told of had no values; the network has kept its own
    assert all(torch.equal(value, weights[name]) for name, value in network.state_dict().items())


def test_a_vision_transformer_refuses(offer: Callable[..., str]) -> None:
    import timm

    offer(timm.create_model("vit_tiny_patch16_224", num_classes=6, depth=1), size=224)
    with pytest.raises(ModelError, match="`detail` is not possible"):
        Explainer(device="cpu").explain(noise(32, 32), model="own", detail=True)


def test_adaptive_pooling_in_front_of_a_fully_connected_part_is_enough(offer: Callable[..., str]) -> None:
    offer(random_network("alexnet", 64), size=64, preprocessing=partial(Preprocessing, 128, 128), classes=1000)
    explainer = Explainer(device="cpu")
    plain, found = (explainer.explain(noise(32, 32), model="own", layer="features", detail=d) for d in (False, True))
    assert found.cam.shape[0] > plain.cam.shape[0]


def test_a_real_model_in_detail(explainer: Explainer, chelsea: Any) -> None:
    plain, found = (explainer.explain(chelsea, target=285, detail=detail) for detail in (False, True))
    assert plain.cam.shape == (7, 7)
    assert found.cam.shape == (14, 14)
    assert found.usual[0] == plain.target
    assert found.target.probability != plain.target.probability
