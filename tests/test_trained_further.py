"""A network that is trained further after it was added: answers are those of the weights that it has now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gradcam_core import Explainer, ModelError, Watch
from gradcam_core.checks import Examiner

from .helpers import noise

SIDE = 32


class Trained(nn.Module):
    def __init__(self, *, counting: bool = False) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, 2, 1)
        self.second = nn.Conv2d(8, 16, 3, 2, 1)
        self.head = nn.Linear(16, 5)
        self.counting = counting
        self.register_buffer("passes", torch.zeros(()))

    def forward(self, image: Tensor) -> Tensor:
        if self.counting:
            self.passes += 1
        found: Tensor = self.head(self.second(self.first(image).relu()).relu().mean((2, 3)))
        return found

    def train_on(self) -> None:
        for parameter in self.parameters():
            parameter.requires_grad_(True)
        optimizer = torch.optim.SGD(self.parameters(), lr=5.0)
        dice = torch.Generator().manual_seed(0)
        self(torch.randn(4, 3, SIDE, SIDE, generator=dice)).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()


@contextmanager
def explained(engine: str, **options: Any) -> Iterator[tuple[Explainer, Trained]]:
    torch.manual_seed(0)
    network = Trained(**options).eval()
    explainer = Explainer(device="cpu", engine=engine)
    explainer.add_model("ours", network, input_size=SIDE)
    yield explainer, network


@pytest.mark.parametrize("engine", ["torch", "auto"])
@pytest.mark.parametrize(
    "asked", [{}, {"target": 3}, {"layer": "first"}, {"method": "scorecam"}, {"rival": 1}, {"sharper": True}], ids=str
)
def test_answers_are_those_of_the_weights_now(engine: str, asked: dict[str, Any]) -> None:
    photograph = noise(SIDE, SIDE)
    with explained(engine) as (explainer, network):
        if engine == "auto":
            explainer.warm_up("ours")
        before = explainer.explain(photograph, model="ours", **asked)
        network.train_on()
        after = explainer.explain(photograph, model="ours", **asked)
        with torch.no_grad():
            truth = network(explainer.inputs(after)).softmax(-1)[0, after.target.index]
        fresh = Explainer(device="cpu", engine="torch")
        fresh.add_model("ours", network, input_size=SIDE)
        again = fresh.explain(photograph, model="ours", **asked)
    assert after.target.probability == pytest.approx(float(truth), abs=1e-5)
    assert abs(after.target.probability - before.target.probability) > 1e-3
    torch.testing.assert_close(torch.from_numpy(after.cam), torch.from_numpy(again.cam), rtol=1e-3, atol=1e-4)


def test_nothing_more_is_asked_about_an_answer_of_other_weights() -> None:
    with explained("torch") as (explainer, network):
        examiner = Examiner(explainer)
        found = explainer.explain(noise(SIDE, SIDE), model="ours")
        assert examiner.hide_and_look(found).steps
        network.train_on()
        for ask in (
            examiner.hide_and_look,
            examiner.curves,
            examiner.sanity,
            explainer.inputs,
            lambda one: examiner.ask_place(one, 5, 5),
        ):
            with pytest.raises(ModelError, match="weights of ours have changed since this was explained"):
                ask(found)
        again = explainer.explain(noise(SIDE, SIDE), model="ours")
        assert examiner.hide_and_look(again).target == again.target


def test_an_answer_during_which_weights_changed_is_of_those_before() -> None:
    with explained("torch") as (explainer, network):

        def train(*_passed: object) -> None:
            if not changed:
                changed.append(True)
                network.train_on()

        changed: list[bool] = []
        late = explainer.explain(noise(SIDE, SIDE), model="ours", method="scorecam", watch=Watch(train))
        assert changed
        with pytest.raises(ModelError, match="weights"):
            explainer.inputs(late)


def test_a_network_that_writes_to_its_buffers_has_the_same_weights() -> None:
    with explained("torch", counting=True) as (explainer, _):
        found = explainer.explain(noise(SIDE, SIDE), model="ours")
        explainer.explain(noise(SIDE, SIDE, seed=1), model="ours")
        seen = explainer.capture(found)
        assert explainer.capture(explainer.explain(noise(SIDE, SIDE), model="ours", target=1)) is seen
        assert Examiner(explainer).hide_and_look(found).steps
