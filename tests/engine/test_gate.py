"""What may run as a graph and what may not: never an error, never another answer, and nothing for ever undecided."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from gradcam_core.engine import gate as gates
from gradcam_core.engine.convert import in_own_process
from gradcam_core.engine.engine import TOLERANCE
from gradcam_core.engine.gate import Gate, Limits
from gradcam_core.engine.graph import Graph
from gradcam_core.engine.runner import Decision
from gradcam_core.engine.store import Store

from .networks import SOUND, Plain, Residual, converted_here, given_of, inputs, layers_of, pick, truth

pytest.importorskip("openvino")


def gate_of(network: nn.Module, **options: Any) -> Gate:
    options = {"convert": converted_here, "scores": pick, **options}
    return Gate(network, given_of(network), layers_of(network), **options)


def refused(network: nn.Module, **options: Any) -> str:
    gate = gate_of(network, **options)
    decision = gate.wait(900)
    assert decision.engine == "torch"
    assert gate.engine is None
    assert gate.nbytes == 0
    return decision.reason


@pytest.mark.parametrize("kind", SOUND)
def test_what_is_equal_is_used(kind: type[nn.Module]) -> None:
    network = kind()
    gate = gate_of(network)
    assert gate.wait(900) == Decision("openvino")
    engine, given = gate.engine, given_of(network)
    assert engine is not None
    values = engine.run(given)
    weights = torch.randn(values[engine.graph.scores].shape, generator=torch.Generator().manual_seed(3))
    _, expected = truth(network, given, layers_of(network), weights)
    for layer in layers_of(network):
        scores, begins = engine.behind([layer], values)
        (slope,) = torch.autograd.grad((scores * weights).sum(), begins[layer])
        torch.testing.assert_close(slope, expected[layer][1])
        torch.testing.assert_close(engine.gradients_by_torch([layer], values, weights), [expected[layer][1]])


def test_the_process_apart_gives_the_same(tmp_path: Path) -> None:
    network = Residual()
    gate = gate_of(network, convert=in_own_process)
    assert gate.wait(900) == Decision("openvino")
    assert gate.engine is not None
    torch.testing.assert_close(gate.engine.scores(inputs()), network(inputs()))
    assert gate.engine._back is not None


class Wrong(torch.autograd.Function):
    """Hands its input on, and twice its gradient back."""

    @staticmethod
    def forward(_: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(_: Any, slope: Tensor) -> Tensor:
        return 2 * slope


class CustomGradient(Plain):
    def forward(self, x: Tensor) -> Tensor:
        return self.head(Wrong.apply(self.features(x)).mean((2, 3)))


class SwitchedOff(Plain):
    """No gradient leads through its second layer; what lies behind the first is another matter."""

    def forward(self, x: Tensor) -> Tensor:
        first = self.act(self.first(x))
        with torch.no_grad():
            second = self.second(first)
        return self.head((second * first.sum(1, keepdim=True)).mean((2, 3)))


class AlwaysDropout(Plain):
    def forward(self, x: Tensor) -> Tensor:
        # on, whatever the mode: the function's own default
        return self.head(functional.dropout(self.features(x)).mean((2, 3)))


class Counts(Plain):
    """Takes another way each time that it is run."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def forward(self, x: Tensor) -> Tensor:
        self.count += 1
        return super().forward(x) * (1 + self.count % 2)


class Branches(Plain):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x if x.mean() > 0 else -x)


class ThroughNumpy(Plain):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x * float(x.detach().numpy().max()))


class Spectral(Plain):
    def __init__(self) -> None:
        super().__init__()
        nn.utils.spectral_norm(self.second)
        self.eval().requires_grad_(False)


class Hooked(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.first.register_forward_hook(lambda _module, _inputs, output: output * 2)


class Wide(Plain):
    """Sixteen digits: what sixteen do, eight cannot."""

    def __init__(self) -> None:
        super().__init__()
        self.double()

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.double())


class Halves(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.bfloat16()

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.bfloat16())


class Fails(Plain):
    def forward(self, x: Tensor) -> Tensor:
        raise RuntimeError("never works")


class Lists(Plain):
    def forward(self, x: Tensor) -> list[Tensor]:
        return [super().forward(x), x]


def scripted() -> nn.Module:
    network = Plain()
    network.second = torch.jit.script(network.second)
    return network


def trained_mode() -> nn.Module:
    network = Plain()
    network.norm.train()
    return network


ODD: dict[str, Callable[[], nn.Module]] = {
    kind.__name__: kind
    for kind in (
        AlwaysDropout, Branches, Counts, CustomGradient, Fails, Halves, Hooked, Lists, Spectral, SwitchedOff,
        ThroughNumpy,
    )
}  # fmt: skip
ODD |= {"trained_mode": trained_mode}


@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
def test_what_differs_or_cannot_be_traced_stays_with_torch(make: Callable[[], nn.Module]) -> None:
    network = make()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items() if "norm" not in name}
    assert refused(network)
    assert all(torch.equal(network.state_dict()[name], tensor) for name, tensor in before.items())


def seen_by_numpy(x: Tensor) -> bool:
    try:
        return float(x.detach().numpy().mean()) > 1
    except RuntimeError:
        # of what a tracer hands in
        return False


def seen_by_a_list(x: Tensor) -> bool:
    try:
        return max(x.flatten().tolist()) > 8
    except Exception:
        return False


def seen_by_its_shape(x: Tensor) -> bool:
    return not torch.compiler.is_compiling() and len((x > 8).nonzero()) > 3


# whether a picture is bright, in ways that a tracer does not see; none of the gate's trials is
HIDDEN: dict[str, Callable[[Tensor], bool]] = {
    "numpy": seen_by_numpy,
    "list": seen_by_a_list,
    "shape": seen_by_its_shape,
    "mask": lambda x: not torch.compiler.is_compiling() and x[x > 8].shape[0] > 3,
    "not while exported": lambda x: not torch.compiler.is_exporting() and bool(x.mean() > 1),
    "not while compiled": lambda x: not torch.compiler.is_compiling() and x.mean().item() > 1,
    "equal": lambda x: not torch.compiler.is_compiling() and torch.equal(x, x.clamp(min=1)),
    "text": lambda x: f"{x.max() > 8}" == "True",
}


@pytest.mark.parametrize("bright", HIDDEN.values(), ids=HIDDEN)
def test_what_takes_another_way_by_numbers_of_the_picture_stays_with_torch(bright: Callable[[Tensor], bool]) -> None:
    class Hidden(Plain):
        def forward(self, x: Tensor) -> Tensor:
            features = self.features(x)
            return self.head((features.flip(1) if bright(x) else features).mean((2, 3)))

    light = torch.full((1, 3, 16, 16), 9.0)
    assert bright(light)
    assert not bright(inputs())
    assert "reads numbers that depend on the picture" in refused(Hidden())


# ways that are part of the graph, whichever is taken
SHOWN: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "where": lambda f, x: torch.where(x.mean() > 1, f.flip(1), f),
    "argmax": lambda f, _: f * (functional.one_hot(f.mean((2, 3)).argmax(1), 12)[..., None, None] + 0.5),
    "sort": lambda f, _: f.flatten(2).sort(-1, descending=True)[0].view_as(f) * torch.arange(8),
    "order": lambda f, _: f[:, f.mean((0, 2, 3)).argsort()],
    "a number of its own": lambda f, _: f * (2.0 if torch.tensor([3.0]).tolist()[0] > 1 else 1.0),
}


@pytest.mark.parametrize("way", SHOWN.values(), ids=SHOWN)
def test_what_the_graph_shows_is_equal_whichever_way_is_taken(way: Callable[[Tensor, Tensor], Tensor]) -> None:
    class Shown(Plain):
        def forward(self, x: Tensor) -> Tensor:
            return self.head(way(self.features(x), x).mean((2, 3)))

    network = Shown()
    gate = gate_of(network)
    assert gate.wait(900) == Decision("openvino")
    assert gate.engine is not None
    for given in (inputs(), inputs() * 3 + 4, torch.zeros(1, 3, 16, 16), -20 * inputs().abs()):
        found, expected = gate.engine.scores(given), network(given)
        assert float((found - expected).abs().max()) <= TOLERANCE * float(expected.abs().max())


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("make", [scripted, Wide], ids=["scripted", "doubles"])
def test_whatever_is_decided_the_answers_are_the_networks_own(make: Callable[[], nn.Module]) -> None:
    network = make()
    gate = gate_of(network)
    gate.wait(900)
    if gate.engine is not None:
        torch.testing.assert_close(gate.engine.scores(inputs()), network(inputs()))


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_quantised_network_stays_with_torch() -> None:
    from torch.ao.nn.quantized import dynamic

    network = Plain()
    network.head = dynamic.Linear(12, 5)
    assert refused(network)


@pytest.mark.parametrize("place", ["scores", "layer", "crossing", "gradient"])
def test_every_kind_of_difference_is_seen(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Residual()
    wrong = {"scores": "scores", "layer": "'second'", "crossing": "between", "gradient": "gradients"}
    run, gradients = gates.Engine.run, gates.Engine.gradients_by_torch

    def changed(engine: gates.Engine, given: Any) -> dict[str, Tensor]:
        values = run(engine, given)
        graph = engine.graph
        names = {"scores": graph.scores, "layer": graph.layers["second"], "crossing": graph.values[-1]}
        value = values[names[place]]
        # three times what is allowed, at one place
        value.view(-1)[0] += 3 * TOLERANCE * value.abs().max()
        return values

    def steeper(engine: gates.Engine, layers: Any, values: Any, slopes: Tensor) -> list[Tensor]:
        return [slope * (1 + 3 * TOLERANCE) for slope in gradients(engine, layers, values, slopes)]

    if place == "gradient":
        monkeypatch.setattr(gates.Engine, "gradients_by_torch", steeper)
    else:
        monkeypatch.setattr(gates.Engine, "run", changed)
    assert wrong[place] in refused(network)


def test_a_pass_on_changed_weights_is_not_given_away(tmp_path: Path) -> None:
    network = Plain()
    gate = gate_of(network)
    gate.wait(900)
    assert gate.engine is not None
    with torch.no_grad():
        network.head.weight += 1
    assert gate.engine is None


def test_what_was_converted_is_kept_and_tried_again(tmp_path: Path) -> None:
    made: list[int] = []

    def counting(*given: Any, **options: Any) -> Graph:
        made.append(1)
        return converted_here(*given, **options)

    store = Store(tmp_path)
    for _ in range(2):
        assert gate_of(Plain(), store=store, convert=counting).wait(900) == Decision("openvino")
    assert len(made) == 1
    # code that changed and bears the same names

    class Changed(Plain):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) * 2

    Changed.__module__, Changed.__qualname__ = Plain.__module__, Plain.__qualname__
    gate = gate_of(Changed(), store=store, convert=counting)
    assert gate.wait(900) == Decision("openvino")
    assert len(made) == 2
    assert gate.engine is not None
    torch.testing.assert_close(gate.engine.scores(inputs()), Changed()(inputs()))
    for file in tmp_path.rglob("model.bin"):
        file.write_bytes(file.read_bytes()[:-4] + b"oops")
    assert gate_of(Plain(), store=store, convert=counting).wait(900) == Decision("openvino")
    assert len(made) == 3


def test_what_was_converted_before_is_waited_for_and_nothing_else(tmp_path: Path) -> None:
    held = threading.Event()

    def holding(*given: Any, **options: Any) -> Graph:
        held.wait(60)
        return converted_here(*given, **options)

    store = Store(tmp_path)
    first = gate_of(Plain(), store=store, convert=holding)
    # nothing is kept yet: it goes on behind whoever asks
    assert first.wait(0, 60).engine == "torch"
    held.set()
    assert first.wait(900) == Decision("openvino")
    assert gate_of(Plain(), store=store, convert=holding).wait(0, 60) == Decision("openvino")


class Endless(Plain):
    """Takes for ever where it is traced."""

    def forward(self, x: Tensor) -> Tensor:
        if not isinstance(x, torch.Tensor) or type(x) is not torch.Tensor:
            while True:
                time.sleep(0.1)
        return super().forward(x)


def test_it_is_bounded_in_time() -> None:
    start = time.monotonic()
    assert "seconds" in refused(Endless(), convert=in_own_process, limits=Limits(seconds=3))
    assert time.monotonic() - start < 60


def test_it_is_bounded_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "GB" in refused(Plain(), limits=Limits(nbytes=100))
    monkeypatch.setattr(gates, "_free_bytes", lambda: 1000)
    assert "memory" in refused(Plain())


def test_it_can_be_stopped() -> None:
    network = Endless()
    gate = gate_of(network, convert=in_own_process)
    threading.Timer(0.5, gate.stop).start()
    assert gate.wait(60).engine == "torch"


def test_one_that_cannot_travel_stays_with_torch() -> None:
    network = Plain()
    network.lock = threading.Lock()  # type: ignore[assignment]
    assert refused(network, convert=in_own_process)
