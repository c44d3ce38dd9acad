"""The way back as a graph on the engine: equal gradients at all layers, compiled when it is worth it, let go again."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn
from torch.nn import functional

from gradcam_core.engine import engine as engines
from gradcam_core.engine.allowance import Allowance
from gradcam_core.engine.backward import _max_pool
from gradcam_core.engine.engine import SLOPES, Engine, WayBack
from gradcam_core.engine.front import Front, convert_back
from gradcam_core.engine.gate import Gate

from .networks import (
    SIZE,
    SOUND,
    Attention,
    InPlace,
    Plain,
    Residual,
    Steps,
    converted_here,
    given_of,
    inputs,
    layers_of,
    pick,
    truth,
)

pytest.importorskip("openvino")


class Kinds(Plain):
    """Convolutions of every kind, pools, norms, and activations whose gradients are not their own."""

    LAYERS = ("first", "strided", "wide", "second")

    def __init__(self) -> None:
        super().__init__()
        self.strided = nn.Conv2d(8, 8, 3, 2, 0, groups=4)
        self.wide = nn.Conv2d(8, 8, 3, 1, 3, dilation=2)
        self.second = nn.Conv2d(8, 12, (1, 3), (1, 2), (0, 1))
        self.tokens = nn.LayerNorm(12)
        self.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.hardswish(self.first(x)) + functional.max_pool2d(self.first(x), 3, 1, 1)
        x = functional.gelu(functional.pad(self.strided(x), (1, 0, 0, 1)))
        x = functional.silu(self.wide(x)) * torch.sigmoid(x.mean((2, 3), keepdim=True)).amax(1, keepdim=True)
        x = functional.relu6(self.second(functional.avg_pool2d(x, 2, 2)))
        x = self.tokens(x.flatten(2).mT)
        return self.head((x.softmax(1) * x).mean(1))


class Vision(VisionTransformer):
    """A whole transformer as timm writes it: attention in one step, and a class token before the places."""

    LAYERS = ("patch_embed", "blocks.0", "blocks.1")

    def __init__(self) -> None:
        torch.manual_seed(0)
        super().__init__(img_size=SIZE, patch_size=8, embed_dim=32, depth=2, num_heads=2, num_classes=5)
        self.eval().requires_grad_(False)


def made(network: nn.Module, folder: Path) -> tuple[Engine, Any]:
    given = given_of(network)
    graph = converted_here(network, given, layers_of(network), folder, scores=pick)
    convert_back(graph, network, given, folder)
    front = Front.back(folder, graph, threads=1)
    assert front is not None
    return Engine(network, graph, Front.read(folder, graph, threads=1)), front


# gradients of a whole encoder layer of torch's, and behind what writes to a slice, may stay with PyTorch
CONVERTIBLE = (*(kind for kind in SOUND if kind not in (Attention, InPlace)), Kinds, Vision)


@pytest.mark.parametrize("kind", CONVERTIBLE)
def test_gradients_are_those_of_the_network(kind: type[nn.Module], tmp_path: Path) -> None:
    network = kind()
    engine, make = made(network, tmp_path)
    values, front = engine.run(given_of(network)), make()
    weights = torch.randn(values[engine.graph.scores].shape, generator=torch.Generator().manual_seed(3))
    found = front.run({**{name: values[name] for name in front.needs}, SLOPES: weights})
    _, expected = truth(network, given_of(network), layers_of(network), weights)
    assert set(found) == set(layers_of(network))
    for layer, (_, slope) in expected.items():
        torch.testing.assert_close(found[layer], slope, rtol=1e-4, atol=1e-5 * float(slope.abs().max()))


ORDER = ("kernel_size", "stride", "padding", "dilation")
POOLS = (
    {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": 2},
    {"kernel_size": (3, 2), "stride": (1, 3), "padding": (1, 0)},
    {"kernel_size": 3, "stride": 2, "dilation": 2, "padding": 1},
    {"kernel_size": 3, "stride": 2, "ceil_mode": True},
    {"kernel_size": 2, "stride": 3},
)


@pytest.mark.parametrize("how", POOLS)
def test_largest_values_take_the_slopes_of_their_windows(how: dict[str, Any]) -> None:
    dice = torch.Generator().manual_seed(1)
    # whole numbers: several are the largest at once, as behind a rectifier, and all may lie below zero
    for shift in (0, -9):
        values = (torch.randint(0, 4, (1, 5, 11, 14), generator=dice) + shift).float().requires_grad_()
        pooled = functional.max_pool2d(values, **how)
        slopes = torch.randn(pooled.shape, generator=dice)
        (expected,) = torch.autograd.grad(pooled, values, slopes)
        taken = {"stride": how["kernel_size"], "padding": 0, "dilation": 1, **how}
        given = [[one, one] if isinstance(one, int) else list(one) for one in map(taken.get, ORDER)]
        torch.testing.assert_close(_max_pool(slopes, values.detach(), *given), expected)


def way_back(engine: Engine, make: Any) -> WayBack:
    return WayBack(list(engine.graph.layers), make, lambda _: {"image": inputs()})


@pytest.fixture
def worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is too small to be compiled."""
    monkeypatch.setattr(WayBack, "_faster", lambda *_: frozenset({"first"}))


@pytest.mark.usefixtures("worth_it")
@pytest.mark.parametrize("kind", [Residual, Steps])
def test_it_answers_once_it_is_compiled(kind: type[nn.Module], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = kind()
    engine, make = made(network, tmp_path)
    back = way_back(engine, make)
    both = Engine(network, engine.graph, engine._front, back)
    asked: list[tuple[str, ...]] = []
    by_torch = Engine.gradients_by_torch

    def counting(one: Engine, layers: Any, *given: Any) -> list[Tensor]:
        asked.append(tuple(layers))
        return by_torch(one, layers, *given)

    monkeypatch.setattr(Engine, "gradients_by_torch", counting)
    values = both.run(inputs())
    slopes = torch.ones_like(values[engine.graph.scores])
    late = both.gradients(["second"], values, slopes)
    assert back.nbytes == 0
    both.gradients(["first", "second"], values, slopes)
    assert back.wait(60)
    assert back.nbytes > 0
    asked.clear()
    found = both.gradients(["second", "first"], values, slopes)
    assert asked == []
    torch.testing.assert_close(found, by_torch(both, ["second", "first"], values, slopes))
    # behind a late layer PyTorch is faster
    torch.testing.assert_close(both.gradients(["second"], values, slopes), late)
    assert asked == [("second",)]
    back.let_go()
    assert back.nbytes == 0
    torch.testing.assert_close(both.gradients(["second", "first"], values, slopes), found)


@pytest.mark.usefixtures("worth_it")
def test_other_gradients_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Plain()
    engine, make = made(network, tmp_path)
    run = Front.run

    def steeper(front: Front, given: Any) -> dict[str, Tensor]:
        found = run(front, given)
        return {name: value * 1.01 for name, value in found.items()} if front.needs else found

    monkeypatch.setattr(Front, "run", steeper)
    back = way_back(engine, make)
    both = Engine(network, engine.graph, engine._front, back)
    values = both.run(inputs())
    slopes = torch.ones_like(values[engine.graph.scores])
    for _ in range(2):
        found = both.gradients(["first", "second"], values, slopes)
        assert not back.wait(60)
    torch.testing.assert_close(found, both.gradients_by_torch(["first", "second"], values, slopes))


class Kinked:
    """An engine whose gradient jumps by `step` in one of many places where the sum of its input changes its sign."""

    graph = SimpleNamespace(scores="scores", layers={"layer": "x"})

    def __init__(self, step: float = 0.2) -> None:
        self.step = step

    def run(self, given: dict[str, Tensor]) -> dict[str, Tensor]:
        return {**given, "scores": torch.zeros(1, 40)}

    def gradients_by_torch(self, _layers: Any, values: dict[str, Tensor], slopes: Tensor) -> list[Tensor]:
        factors = torch.ones(40)
        factors[0] += self.step * float(values["x"].sum() > 0)
        return [slopes * factors]


class Other:
    """The same, which adds in another order and comes out a last digit lower, and off by `wrong`."""

    needs = ("x",)

    def __init__(self, wrong: float, step: float = 0.2) -> None:
        self.wrong, self.step = wrong, step

    def run(self, given: dict[str, Tensor]) -> dict[str, Tensor]:
        (found,) = Kinked(self.step).gradients_by_torch([], {"x": given["x"] - 1e-6}, given[SLOPES])
        return {"layer": found * (1 + self.wrong)}


PLAIN, KINK = torch.tensor([1.0, 1.0]), torch.tensor([1.0, -1.0 + 2**-23])


@pytest.mark.parametrize(
    ("trials", "wrong", "differs"),
    [
        ([PLAIN, PLAIN, PLAIN], 0.0, False),
        ([PLAIN, KINK, KINK], 0.0, False),
        # nothing was the same yet, and then something is
        ([KINK, KINK, KINK, KINK, PLAIN], 0.0, False),
        ([KINK] * 20, 0.0, True),
        ([PLAIN, PLAIN, PLAIN], 0.002, True),
        ([KINK, KINK, PLAIN], 0.002, True),
        ([KINK] * 8 + [PLAIN], 0.002, True),
    ],
)
def test_at_a_kink_a_trial_may_differ_as_torch_itself_does(trials: Any, wrong: float, *, differs: bool) -> None:
    tried: list[int] = []

    def trial(number: int) -> Any:
        tried.append(number)
        return {"x": trials[number]}

    back = WayBack(["layer"], Any, trial)
    assert back._differing(Kinked(), Other(wrong)) == ("layer" if differs else None)  # type: ignore[arg-type]
    assert len(tried) <= 9


def test_what_is_further_off_than_last_digits_explain_differs_although_torch_jumps_there() -> None:
    back = WayBack(["layer"], Any, lambda number: {"x": KINK if number else PLAIN})
    assert back._differing(Kinked(0.2), Other(0.0, 0.2)) is None  # type: ignore[arg-type]
    assert back._differing(Kinked(3.0), Other(0.0, 3.0)) == "layer"  # type: ignore[arg-type]


def test_without_a_way_back_gradients_stay_with_torch() -> None:
    gate = Gate(Plain(), inputs(), Plain.LAYERS, convert=converted_here)
    assert gate.wait(100).engine == "openvino"
    assert gate.engine is not None
    values = gate.engine.run(inputs())
    _, expected = truth(Plain(), inputs(), ["first"], torch.ones(()))
    torch.testing.assert_close(gate.engine.gradients(["first"], values, torch.ones(1, 5))[0], expected["first"][1])


class Thing:
    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes

    def let_go(self) -> None:
        self.nbytes = 0


def test_what_was_not_used_for_longest_goes_and_nothing_is_kept_alive() -> None:
    allowance = Allowance(10)
    first, second, third = (Thing(4) for _ in range(3))
    for thing in (first, second, first, third):
        allowance.used(thing)
    assert [thing.nbytes for thing in (first, second, third)] == [4, 0, 4]
    huge = Thing(11)
    allowance.used(huge)
    assert huge.nbytes == 0
    gone = weakref.ref(third)
    del third, thing
    gc.collect()
    assert gone() is None
    assert engines.spare._max_bytes > 0
