"""The door to a device: what goes in and out of it, and that every way through it gives the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from gradcam_core import DeviceError, Explainer, OutputError
from gradcam_core.engine.borrowed_gpu import BorrowedCapture, BorrowedRunner
from gradcam_core.engine.runner import LocalRunner, Runner, Variants
from gradcam_core.engine.score import Score, contrast
from gradcam_core.models import LoadedModel

from ..helpers import SmallNetwork, noise

CPU = torch.device("cpu")


def borrowed(find: Callable[[str, bool], LoadedModel]) -> Runner:
    """Where the other process is this one."""
    return BorrowedRunner(partial, find)


@pytest.fixture
def model(offer: Callable[..., str]) -> LoadedModel:
    return Explainer(device="cpu").load(offer(SmallNetwork()))


@pytest.fixture
def inputs(model: LoadedModel) -> dict[str, Tensor]:
    return {"image": model.preprocessing.encode(noise(32, 32))[0]}


def test_inputs_get_the_type_of_the_weights_but_whole_numbers_stay(offer: Callable[..., str]) -> None:
    coarse = Explainer(device="cpu").load(offer(SmallNetwork().bfloat16(), name="coarse"))
    given = {"image": torch.rand(1, 3, 4, 4), "question": torch.tensor([[3, 1]])}
    placed = LocalRunner(CPU).placed(coarse, given)
    assert [*placed] == ["image", "question"]
    assert placed["image"].dtype == torch.bfloat16
    assert placed["question"].equal(given["question"])


def test_captures_and_gradients_are_the_same_through_every_door(model: LoadedModel, inputs: Any) -> None:
    runners = [LocalRunner(CPU), borrowed(lambda name, detail: model)]
    here, there = (runner.capture(model, inputs, model.offered) for runner in runners)
    assert isinstance(there, BorrowedCapture)
    assert torch.equal(here.logits, there.logits)
    assert there.nbytes > 0
    scores = [Score.logit(index) for index in range(6)] + [contrast(1, [2, 3], counterfactual=True)]
    for layer in model.offered:
        assert torch.equal(here.activations(layer), there.activations(layer))
        for score in scores:
            torch.testing.assert_close(here.gradient(layer, score), there.gradient(layer, score))
        moved = torch.ones_like(here.activations(layer))
        assert torch.equal(here.along(layer, moved), there.along(layer, moved))


def test_other_modules_are_not_borrowed_for(model: LoadedModel, inputs: Any) -> None:
    runner = borrowed(lambda name, detail: pytest.fail("asked for the other process"))
    modules = {"middle.0": model.network.get_submodule("middle.0")}
    assert torch.equal(
        runner.capture(model, inputs, modules).activations("middle.0"),
        LocalRunner(CPU).capture(model, inputs, modules).activations("middle.0"),
    )


def test_the_other_process_is_told_which_network_it_is(offer: Callable[..., str]) -> None:
    explainer, asked = Explainer(device="cpu"), []

    def find(name: str, detail: bool) -> LoadedModel:
        asked.append((name, detail))
        return explainer.load(name, detail=detail)

    name = offer(SmallNetwork())
    for detail in (False, True):
        model = explainer.load(name, detail=detail)
        given = {"image": model.preprocessing.encode(noise(64, 64))[0]}
        borrowed(find).capture(model, given, model.offered)
    assert asked == [("own", False), ("own", True)]


def test_outputs_of_changed_inputs_are_those_of_the_network_one_by_one(model: LoadedModel, inputs: Any) -> None:
    changed = torch.rand(11, 3, 32, 32)
    found = LocalRunner(CPU).outputs(model, inputs, Variants(lambda part: changed[part], 11))
    with torch.no_grad():
        expected = torch.cat([model.network(one[None]) for one in changed])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert not found.requires_grad


def test_where_nothing_is_borrowed_everything_runs_here() -> None:
    assert not BorrowedRunner(lambda function: function, lambda name, detail: pytest.fail("asked")).borrows
    assert type(Explainer(device="cpu", borrow=lambda function: function).runner) is LocalRunner
    with pytest.raises(DeviceError, match="unknown"):
        Explainer(device="gpu", borrow=lambda function: function)


def test_errors_of_the_network_pass_through_the_door(model: LoadedModel, inputs: Any) -> None:
    model.network.head.bias.data.fill_(float("nan"))
    for runner in (LocalRunner(CPU), borrowed(lambda name, detail: model)):
        with pytest.raises(OutputError, match="not finite"):
            runner.capture(model, inputs, model.offered)
