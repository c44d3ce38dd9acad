"""Somebody's own module is left as it is, whatever its forward writes and whatever its hooks do."""

from __future__ import annotations

import random
from functools import partial
from types import MethodType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gradcam_core import Examiner, Explainer
from gradcam_core.reading.preprocess import Preprocessing

from ..helpers import SmallNetwork, in_threads, noise

SMALL = Preprocessing(32, 32, "BOX", mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
IMAGE = noise(32, 32)


class Writes(SmallNetwork):
    """Writes to all that a forward can write to, and answers by some of it."""

    log: list[int] = []  # noqa: RUF012 - what people write

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(16))
        self.register_buffer("count", torch.tensor(0))
        self.total = torch.zeros(1)
        self.calls = 0
        self.history: list[float] = []
        self.seen: dict[str, Tensor] = {}
        self.clip = nn.Parameter(torch.tensor([5.0]))

    def forward(self, x: Tensor) -> Tensor:
        self.count += 1
        self.calls += 1
        self.total.add_(x.detach().mean())
        self.log.append(self.calls)
        self.history.append(float(x.detach().mean()))
        features = self.last(self.middle(self.stem(x)))
        self.seen["features"], self.features = features, features
        with torch.no_grad():
            self.clip.clamp_(max=1.0)
            self.mean.mul_(0.9).add_(features.detach().mean((0, 2, 3)), alpha=0.1)
        return self.head(self.pool(features - self.mean[:, None, None]).flatten(1)) * self.count * self.clip


def written(network: Writes) -> dict[str, Any]:
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    own = {"total": network.total.clone(), "calls": network.calls, "log": list(network.log)}
    return {
        **state,
        **own,
        "history": list(network.history),
        "seen": dict(network.seen),
        "names": sorted(vars(network)),
    }


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [
        name
        for name, value in after.items()
        if not (torch.equal(before[name], value) if isinstance(value, Tensor) else before[name] == value)
    ]


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_what_a_forward_writes_stays_as_it_was(mode: str) -> None:
    network = getattr(Writes(), mode)()
    network.stem.eval()
    wanted = [parameter.requires_grad for parameter in network.parameters()]
    before = written(network)
    modes = [part.training for part in network.modules()]
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("mine", network, transform=SMALL)
    e = explainer.explain(IMAGE, model="mine", method="ablationcam")
    Examiner(explainer).hide_and_look(e, shares=[0.2], draws=1)
    assert changed(before, written(network)) == []
    assert [part.training for part in network.modules()] == modes
    assert [parameter.requires_grad for parameter in network.parameters()] == wanted


def test_each_answer_is_that_of_the_module_as_it_was_handed_in() -> None:
    explainer, network = Explainer(device="cpu", engine="torch", cache_mb=0), Writes()
    explainer.add_model("mine", network, transform=SMALL)
    first, *others = (explainer.explain(IMAGE, model="mine") for _ in range(3))
    with torch.no_grad():
        expected = network(explainer.inputs(first)).softmax(-1)[0]
    for e in (first, *others):
        assert e.target.probability == pytest.approx(float(expected[e.target.index]), abs=1e-6)
        np.testing.assert_array_equal(e.cam, first.cam)


def test_threads_do_not_see_what_others_write() -> None:
    explainer = Explainer(device="cpu", engine="torch", cache_mb=0)
    explainer.add_model("mine", Writes(), transform=SMALL)
    alone = explainer.explain(IMAGE, model="mine").cam
    jobs = [partial(explainer.explain, IMAGE, model="mine") for _ in range(8)]
    assert all(np.array_equal(e.cam, alone) for e in in_threads(jobs))


def test_nothing_piles_up() -> None:
    explainer = Explainer(device="cpu", engine="torch", cache_mb=0)
    explainer.add_model("mine", Writes(), transform=SMALL)
    for _ in range(3):
        explainer.explain(IMAGE, model="mine")
    ours = explainer.load("mine").network
    assert (ours.calls, ours.history, ours.seen, hasattr(ours, "features")) == (0, [], {}, False)


def test_random_numbers_are_drawn_for_nobody_else() -> None:
    class Noisy(SmallNetwork):
        def forward(self, x: Tensor) -> Tensor:
            shift = random.random() + np.random.rand()  # noqa: S311
            return super().forward(x + 0.1 * torch.randn_like(x)) + shift

    network = Noisy()
    torch.manual_seed(3)
    random.seed(3)
    np.random.seed(3)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("mine", network, transform=SMALL)
    explainer.explain(IMAGE, model="mine")
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert np.array_equal(np.random.get_state()[1], before[2])


COUNTED: list[int] = []


def test_hooks_work_and_leave_nothing_with_whoever_hung_them() -> None:
    network, kept, counter = SmallNetwork(), [], {"runs": 0}
    numbers = np.zeros(1)

    class Probe:
        def __init__(self) -> None:
            self.runs, self.outputs = 0, []

        def __call__(self, _module: nn.Module, _inputs: Any, output: Tensor) -> None:
            self.runs += 1
            self.outputs.append(output)

        def note(self, _module: nn.Module, _inputs: Any, output: Tensor) -> None:
            self(_module, _inputs, output)

    def halve(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        counter["runs"] += 1
        numbers[0] += 1
        COUNTED.append(1)
        return output / 2

    probe, bound = Probe(), Probe()
    network.stem.register_forward_hook(lambda _m, _i, output: kept.append(output))
    network.middle.register_forward_hook(halve)
    network.middle.register_forward_pre_hook(partial(lambda store, _m, inputs: store.append(inputs), kept))
    network.last.register_forward_hook(probe)
    network.last.register_forward_hook(bound.note)
    network.last.register_forward_hook(lambda _m, _i, _o, to=kept: to.append(1))
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("mine", network, transform=SMALL)
    e = explainer.explain(IMAGE, model="mine")
    assert (kept, counter, numbers[0], COUNTED) == ([], {"runs": 0}, 0, [])
    assert (probe.runs, probe.outputs, bound.runs, bound.outputs) == (0, [], 0, [])
    with torch.no_grad():
        expected = float(network(explainer.inputs(e)).softmax(-1)[0, e.target.index])
    assert e.target.probability == pytest.approx(expected, abs=1e-6)
    # what it has on it still works
    assert len(kept) == 3
    assert counter["runs"] == probe.runs == bound.runs == 1


def patched_leaf(network: SmallNetwork) -> None:
    conv = network.middle[0]
    usual = conv.forward
    conv.forward = lambda x: usual(x) * 2 + 1  # type: ignore[method-assign]


def patched_method(network: SmallNetwork) -> None:
    def forward(self: nn.Sequential, x: Tensor) -> Tensor:
        return self[1](self[0](x)).tanh() * 3

    network.middle.forward = MethodType(forward, network.middle)  # type: ignore[method-assign]


def patched_part(network: SmallNetwork) -> None:
    usual = network.last.forward
    network.last.forward = lambda x: usual(x).flip(1) + x.mean()  # type: ignore[method-assign]


def patched_whole(network: SmallNetwork) -> None:
    usual = network.forward
    network.forward = lambda x: usual(x * 1.5) - 1  # type: ignore[method-assign]


def patched_other(network: SmallNetwork) -> None:
    network.forward = lambda x: network.head(network.pool(network.last(network.middle(network.stem(x)))).flatten(1)) * 2  # type: ignore[method-assign]


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("patch", [patched_leaf, patched_method, patched_part, patched_whole, patched_other])
def test_a_forward_that_was_put_on_the_module_itself_counts(patch: Any, mode: str) -> None:
    network = SmallNetwork()
    patch(network)
    # the copy is in eval mode, whatever the original is in
    getattr(network, mode)()
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("mine", network, transform=SMALL)
    e = explainer.explain(IMAGE, model="mine", layer="last", target=1)
    network.eval()
    kept: list[Tensor] = []
    hook = network.last.register_forward_hook(lambda _m, _i, output: kept.append(output))
    inputs = explainer.inputs(e).clone().requires_grad_()
    scores = network(inputs)
    hook.remove()
    assert e.target.probability == pytest.approx(float(scores.detach().softmax(-1)[0, 1]), abs=1e-5)
    (slope,) = torch.autograd.grad(scores[0, 1], kept[0])
    expected = (slope.mean((2, 3), keepdim=True) * kept[0]).sum(1)[0].detach()
    np.testing.assert_allclose(e.cam, expected, rtol=1e-4, atol=1e-6)


class Counting(nn.Module):
    """As torch.jit compiles it, it keeps what it counts in places that Python reaches by their names alone."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.register_buffer("count", torch.zeros(1))
        self.total = torch.zeros(1)
        self.log = [0]

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.count.add_(1.0)
        self.total = self.total + 1
        self.log.append(1)
        return x * self.calls * self.count * self.total * len(self.log)


@pytest.mark.filterwarnings("ignore")
def test_what_a_part_compiled_by_torch_jit_writes_is_gone_after_each_answer() -> None:
    class Partly(SmallNetwork):
        def __init__(self) -> None:
            super().__init__()
            self.part = torch.jit.script(Counting())

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.pool(self.last(self.middle(self.part(self.stem(x))))).flatten(1))

    network = Partly().eval()
    explainer = Explainer(device="cpu", engine="torch", cache_mb=0)
    explainer.add_model("mine", network, transform=SMALL)
    first, again = (explainer.explain(IMAGE, model="mine", layer="stem") for _ in range(2))
    part = network.part
    assert (part.calls, part.count.item(), part.total.item(), part.log) == (0, 0.0, 0.0, [0])
    assert first.top == again.top
    np.testing.assert_array_equal(first.cam, again.cam)
    with torch.no_grad():
        expected = network(explainer.inputs(first)).softmax(-1)[0]
    assert first.top[0].probability == pytest.approx(float(expected.max()), rel=1e-5)
