"""From `Explainer`'s door: which engine made a map, and that it is the same map, the same checks, the same answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gradcam_core import Examiner, Explainer
from gradcam_core.engine.engine import Engine
from gradcam_core.engine.engines import ENGINES
from gradcam_core.engine.front import Front
from gradcam_core.engine.gate import Gate
from gradcam_core.engine.store import Store
from gradcam_core.engine.traced import TracedRunner
from gradcam_core.errors import OptionError
from gradcam_core.methods import METHODS

from ..helpers import SmallNetwork
from .networks import converted_here

pytest.importorskip("openvino")
Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Explainer, Explainer]]:
    """An explainer whose small network runs as a graph, and one that runs it as it is."""
    from gradcam_core.engine import traced
    from gradcam_core.engine.runner import LocalRunner

    def both(device: torch.device) -> TracedRunner:
        return TracedRunner(LocalRunner(device), Store(tmp_path_factory.mktemp("store")))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(traced, "Gate", lambda *given, **options: Gate(*given, convert=converted_here, **options))
        patch.setitem(ENGINES, "auto", both)
        graph, plain = Explainer(device="cpu"), Explainer(device="cpu", engine="torch")
        for one in (graph, plain):
            one.add_model("small", SmallNetwork(), input_size=32)
        assert graph.warm_up("small").engine == "openvino"
        assert plain.warm_up("small").engine == "torch"
        yield graph, plain


def picture(seed: int) -> Picture:
    return np.random.default_rng(seed).integers(0, 256, (48, 40, 3), np.uint8)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_the_same_map(pair: tuple[Explainer, Explainer], method: str) -> None:
    for layer in (None, "middle"):
        options: dict[str, Any] = {"model": "small", "target": 2, "method": method, "layer": layer}
        mine, theirs = (one.explain(picture(1), **options) for one in pair)
        assert (mine.record()["engine"], theirs.record()["engine"]) == ("openvino", "torch")
        np.testing.assert_allclose(mine.cam, theirs.cam, atol=1e-4 * np.abs(theirs.cam).max())
        assert mine.top[0].index == theirs.top[0].index
        json.dumps(mine.record())


def test_checks_give_the_same_figures(pair: tuple[Explainer, Explainer]) -> None:
    found = []
    for one in pair:
        examiner, explanation = Examiner(one), one.explain(picture(2), model="small", target=3)
        looked = examiner.hide_and_look(explanation, draws=3)
        place = examiner.ask_place(explanation, 20, 20)
        found.append(
            [
                *(step.hottest for step in looked.steps),
                *examiner.deletion_and_insertion(explanation, steps=4)[0].values,
                *(evidence.value for evidence in (*place.speaks_for, *place.speaks_against)),
                *(stage.correlation for stage in examiner.sanity(explanation).stages),
            ]
        )
    assert len(found[0]) > 10
    np.testing.assert_allclose(*found, rtol=1e-3, atol=1e-5)


def test_pytorch_runs_nothing_that_the_engine_can(
    pair: tuple[Explainer, Explainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    graph, _ = pair
    passes: list[int] = []
    asked: list[str] = []

    def noting(kind: type, name: str, into: list[Any], note: Any) -> None:
        before = getattr(kind, name)

        def noted(one: Any, *given: Any) -> Any:
            into.append(note)
            return before(one, *given)

        monkeypatch.setattr(kind, name, noted)

    examiner, explanation = Examiner(graph), graph.explain(picture(7), model="small", target=3)
    noting(SmallNetwork, "forward", passes, 1)
    noting(Front, "run", asked, "run")
    noting(Front, "scores", asked, "scores")
    noting(Engine, "_run", asked, "behind")
    mask = np.zeros((48, 40), bool)
    mask[10:30, 10:30] = True
    options: dict[str, Any] = {"model": "small", "target": 2}
    works: dict[str, tuple[Any, set[str]]] = {
        # what lies behind the layer ran for the first answer
        "another class": (lambda: graph.explain(picture(7), **options), set()),
        "the other side": (lambda: graph.explain(picture(7), **options, counterfactual=True), set()),
        "a new photograph": (lambda: graph.explain(picture(8), **options), {"run", "behind"}),
        "hide and look": (lambda: examiner.hide_and_look(explanation, draws=2), {"scores"}),
        "curves": (lambda: examiner.deletion_and_insertion(explanation, steps=3), {"scores"}),
        "brush": (lambda: examiner.without(explanation, mask), {"scores"}),
        "Score-CAM": (lambda: graph.explain(picture(7), **options, method="scorecam"), {"scores"}),
        "a place": (lambda: examiner.ask_place(explanation, 20, 20), {"behind"}),
        # so small that PyTorch runs its tail one by one
        "Ablation-CAM": (lambda: graph.explain(picture(7), **options, method="ablationcam"), set()),
    }
    for name, (work, expected) in works.items():
        passes.clear()
        asked.clear()
        work()
        assert passes == [], name
        assert set(asked) == expected, name


def test_a_remembered_photograph_takes_no_more(pair: tuple[Explainer, Explainer]) -> None:
    mine, theirs = (one.capture(one.explain(picture(3), model="small")).nbytes for one in pair)
    assert mine <= theirs


def test_twice_the_pixels_run_as_a_graph_once_they_come_again(pair: tuple[Explainer, Explainer]) -> None:
    options: dict[str, Any] = {"model": "small", "target": 1, "detail": True}
    graph, _ = pair
    for seed in (4, 5):
        first = graph.explain(picture(seed), **options)
        assert first.record()["engine"] == "torch"
    given = graph.given(first)
    assert graph.runner.decide(graph.network_of(first), given, 300).engine == "openvino"
    mine, theirs = (one.explain(picture(6), **options) for one in pair)
    assert mine.record()["engine"] == "openvino"
    np.testing.assert_allclose(mine.cam, theirs.cam, atol=1e-4 * np.abs(theirs.cam).max())


def test_what_was_explained_before_it_was_decided_says_so() -> None:
    one = Explainer(device="cpu", engine="torch")
    one.add_model("small", SmallNetwork(), input_size=32)
    assert one.explain(picture(5), model="small").record()["engine"] == "torch"


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(OptionError, match="'fast'"):
        Explainer(engine="fast")
