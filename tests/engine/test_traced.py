"""Answers from the graph equal those of the network itself: captures, replays, outputs; and which engine it was."""

from __future__ import annotations

import copy
import gc
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn

from gradcam_core.engine import engine as engines
from gradcam_core.engine import traced
from gradcam_core.engine.capture import EagerCapture
from gradcam_core.engine.engine import spare
from gradcam_core.engine.graph import Tail
from gradcam_core.engine.inputs import first_of, named
from gradcam_core.engine.layout import MAPS, Layout
from gradcam_core.engine.runner import LocalRunner, Variants
from gradcam_core.engine.score import Score, contrast
from gradcam_core.engine.traced import TracedCapture, TracedReplay, TracedRunner
from gradcam_core.engine.watch import Watch
from gradcam_core.errors import LayerError, OutputError, StoppedError, TargetError

from .networks import SIZE, Plain, Residual, Steps, Twice, converted_here, given_of
from .test_backward import Thing

pytest.importorskip("openvino")


class Model:
    """Stands for a loaded model."""

    name, detail, resized, private = "model", False, False, False
    dtype = torch.float32
    in_place_safe: tuple[str, ...] = ()
    parts = None

    def __init__(self, network: nn.Module, layers: tuple[str, ...] = ("first", "second")) -> None:
        self.network = network
        self.gates: dict[Any, Any] = {}
        self.offered: Mapping[str, nn.Module] = {layer: network.get_submodule(layer) for layer in layers}
        self.layouts: Mapping[str, Layout] = dict.fromkeys(layers, MAPS)


PLAIN = LocalRunner(torch.device("cpu"))


def both(network: nn.Module, monkeypatch: pytest.MonkeyPatch) -> tuple[Model, TracedRunner, Any]:
    """A model that is decided to run as a graph."""
    gate = traced.Gate
    monkeypatch.setattr(traced, "Gate", lambda *given, **options: gate(*given, convert=converted_here, **options))
    model, runner, inputs = Model(network), TracedRunner(PLAIN), named(given_of(network))
    assert isinstance(runner.capture(model, inputs, model.offered), EagerCapture)
    assert runner.decide(model, inputs, 300).engine == "openvino"
    return model, runner, inputs


@pytest.mark.parametrize("kind", [Plain, Residual, Steps, Twice])
def test_a_capture_answers_as_that_of_the_network(kind: type[nn.Module], monkeypatch: pytest.MonkeyPatch) -> None:
    model, runner, inputs = both(kind(), monkeypatch)
    mine, theirs = (one.capture(model, inputs, model.offered) for one in (runner, PLAIN))
    assert isinstance(mine, TracedCapture)
    torch.testing.assert_close(mine.logits, theirs.logits.detach())
    several = Score(((0, 1, 2.0), (0, 3, -1.0)), log=True)
    for score in (Score.logit(2), contrast(1, [0, 4], counterfactual=True), several):
        together = mine.gradients_at(["first", "second"], score)
        for layer in model.offered:
            torch.testing.assert_close(mine.activations(layer), theirs.activations(layer))
            torch.testing.assert_close(mine.gradient(layer, score), theirs.gradient(layer, score))
            torch.testing.assert_close(together[layer], theirs.gradient(layer, score))
    direction = torch.randn(theirs.activations("second").shape)
    torch.testing.assert_close(mine.along("second", direction), theirs.along("second", direction))
    values = sum(tensor.nbytes for tensor in (mine.logits, *map(mine.activations, model.offered)))
    assert values <= mine.nbytes < theirs.nbytes
    with pytest.raises(LayerError, match="other"):
        mine.gradient("other", Score.logit(0))
    with pytest.raises(TargetError, match="7"):
        mine.gradient("first", Score.logit(7))


def test_another_class_runs_nothing_forward_again(monkeypatch: pytest.MonkeyPatch) -> None:
    model, runner, inputs = both(Residual(), monkeypatch)
    capture, theirs = (one.capture(model, inputs, model.offered) for one in (runner, PLAIN))
    runs: list[tuple[str, ...]] = []
    run = Tail.behind

    def counting(tail: Tail, begins: Any, given: Any) -> Any:
        runs.append(tuple(begins))
        return run(tail, begins, given)

    monkeypatch.setattr(Tail, "behind", counting)
    with ThreadPoolExecutor(4) as pool:
        scores = [Score.logit(number % 5) for number in range(40)]
        found = list(pool.map(partial(capture.gradient, "second"), scores))
    assert 1 <= len(runs) <= 4
    for score, gradient in zip(scores, found, strict=True):
        torch.testing.assert_close(gradient, theirs.gradient("second", score))
    # a capture keeps what lies behind one layer
    capture.gradient("first", Score.logit(0))
    capture.gradient("second", Score.logit(0))
    assert len(runs) >= 3
    # which is let go where others want the room
    for thing in (Thing(spare._max_bytes // 2), Thing(spare._max_bytes // 2)):
        spare.used(thing)
    assert capture._kept.nbytes == 0
    runs.clear()
    capture.gradient("second", Score.logit(0))
    # and nothing is kept where that is much
    monkeypatch.setattr(engines, "KEPT_BYTES", 10)
    for _ in range(2):
        capture.gradient("first", Score.logit(0))
    assert len(runs) == 3


@pytest.mark.parametrize("compiled", [True, False])
def test_a_replay_answers_as_that_of_the_network(compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    model, runner, inputs = both(Residual(), monkeypatch)
    monkeypatch.setattr("gradcam_core.engine.engine.WORTH_COMPILING", 0 if compiled else 60)
    score = contrast(1, [2])
    replays = []
    for one in (runner, PLAIN):
        capture = one.capture(model, inputs, model.offered)
        replays.append(one.replay(model, inputs, "second", score, capture))
    mine, theirs = replays
    assert isinstance(mine, TracedReplay)
    maps = torch.randn(11, 12, SIZE // 2, SIZE // 2)
    masks = torch.rand(9, SIZE, SIZE)
    for done in (
        lambda r: r.with_activations(lambda part: maps[part], 11),
        lambda r: r.with_masks(masks.__getitem__, 9),
    ):
        torch.testing.assert_close(done(mine), done(theirs))
    assert mine.score == pytest.approx(theirs.score, rel=1e-4)


def test_outputs_of_changed_inputs_are_those_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    model, runner, inputs = both(Residual(), monkeypatch)
    changed = torch.randn(13, 3, SIZE, SIZE)
    done: list[int] = []
    found = runner.outputs(
        model, inputs, Variants(lambda part: changed[part], 13), Watch(lambda at, _: done.append(at))
    )
    torch.testing.assert_close(found, model.network(changed))
    assert done[0] == 0
    assert done[-1] == 13
    assert len(done) > 2

    def enough(at: int, _: int) -> None:
        if at:
            raise StoppedError("enough")

    with pytest.raises(StoppedError):
        runner.outputs(model, inputs, Variants(lambda part: changed[part], 13), Watch(enough))


def test_another_size_runs_as_a_graph_once_it_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    model, runner, inputs = both(Residual(), monkeypatch)
    wide = {"image": torch.randn(1, 3, 2 * SIZE, 3 * SIZE)}
    for _ in range(2):
        assert isinstance(runner.capture(model, wide, model.offered), EagerCapture)
    assert runner.decide(model, wide, 300).engine == "openvino"
    for given in (wide, inputs):
        mine, theirs = (one.capture(model, given, model.offered) for one in (runner, PLAIN))
        assert isinstance(mine, TracedCapture)
        torch.testing.assert_close(mine.logits, theirs.logits.detach())
        for layer in model.offered:
            torch.testing.assert_close(mine.activations(layer), theirs.activations(layer))
            torch.testing.assert_close(mine.gradient(layer, Score.logit(2)), theirs.gradient(layer, Score.logit(2)))
    # what was compiled makes room, and is made again where it is wanted again; the usual size stays
    huge = Thing(10**12)
    spare.used(huge)
    assert not huge.nbytes
    assert isinstance(runner.capture(model, wide, model.offered), EagerCapture)
    assert isinstance(runner.capture(model, inputs, model.offered), TracedCapture)
    for _ in range(traced.MANY_TIMES):
        runner.capture(model, wide, model.offered)
    assert runner.decide(model, wide, 300).engine == "openvino"
    assert isinstance(runner.capture(model, wide, model.offered), TracedCapture)


def test_a_network_that_is_gone_takes_its_graph_along(monkeypatch: pytest.MonkeyPatch) -> None:
    model, _, _ = both(Plain(), monkeypatch)
    network = weakref.ref(model.network)
    graph = weakref.ref(next(iter(model.gates.values())).engine)
    del model
    gc.collect()
    assert network() is None
    assert graph() is None


def test_a_copy_of_other_weights_is_not_taken_for_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    model, runner, inputs = both(Plain(), monkeypatch)
    twin = copy.copy(model)
    twin.network = copy.deepcopy(model.network)
    with torch.no_grad():
        twin.network.head.weight.mul_(-1)  # type: ignore[union-attr, operator]
    twin.offered = {layer: twin.network.get_submodule(layer) for layer in model.offered}
    found = runner.capture(twin, inputs, twin.offered).logits
    torch.testing.assert_close(found.detach(), twin.network(first_of(inputs)))
    batch = torch.randn(2, 3, SIZE, SIZE)
    torch.testing.assert_close(runner.outputs(twin, inputs, Variants(lambda part: batch[part], 2)), twin.network(batch))


def test_other_layers_run_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    model, runner, inputs = both(Plain(), monkeypatch)
    larger = {"image": torch.randn(1, 3, 2 * SIZE, 2 * SIZE)}
    alone = {"second": model.offered["second"]}
    assert isinstance(runner.capture(model, inputs, alone), EagerCapture)
    batch = torch.randn(2, 3, 2 * SIZE, 2 * SIZE)
    torch.testing.assert_close(
        runner.outputs(model, larger, Variants(lambda part: batch[part], 2)), model.network(batch)
    )


def test_scores_that_are_no_numbers_are_said_by_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    model, runner, inputs = both(Plain(), monkeypatch)
    broken = {"image": first_of(inputs) * float("nan")}
    with pytest.raises(OutputError, match="not finite"):
        runner.capture(model, broken, model.offered)


def _written(network: Any) -> None:
    network.head.weight.mul_(2)


def _another_parameter(network: Any) -> None:
    weight = network.head.weight
    # as often written to as the one before
    network.head.weight = nn.Parameter(torch.randn(weight.shape))
    while network.head.weight._version < weight._version:
        network.head.weight.mul_(1)


def _another_module(network: Any) -> None:
    network.head = nn.Linear(network.head.in_features, network.head.out_features)


@pytest.mark.parametrize("change", [_written, _another_parameter, _another_module])
def test_changed_weights_are_seen_at_once(change: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch) -> None:
    model, runner, inputs = both(Plain(), monkeypatch)
    capture = runner.capture(model, inputs, model.offered)
    with torch.no_grad():
        change(model.network)
    found = runner.capture(model, inputs, model.offered)
    assert isinstance(found, EagerCapture)
    torch.testing.assert_close(found.logits, model.network(first_of(inputs)))
    assert not isinstance(runner.replay(model, inputs, "second", Score.logit(0), capture), TracedReplay)


def test_private_networks_are_not_kept_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    class Watched:
        def __init__(self, *_: Any, store: Any, **__: Any) -> None:
            asked.append(store)

    monkeypatch.setattr(traced, "Gate", Watched)
    store = object()
    for private in (True, False):
        model = Model(Plain())
        model.private = private
        runner = TracedRunner(PLAIN, store)  # type: ignore[arg-type]
        runner.capture(model, named(given_of(model.network)), model.offered)
    assert asked == [None, store]
