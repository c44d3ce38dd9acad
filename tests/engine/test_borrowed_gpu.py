"""A card that is lent for one call: another process computes, and nothing of it stays there."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from gradcam_core import Examiner, Explainer
from gradcam_core.engine.borrowed_gpu import look_ahead
from gradcam_core.engine.inputs import named
from gradcam_core.engine.runner import LocalRunner
from gradcam_core.engine.score import Score
from gradcam_core.types import TOP

from ..helpers import SmallNetwork, noise

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="processes cannot be forked here"),
    # ZeroGPU forks beside threads, too
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


class Lender:
    """Stands for `spaces.GPU`: runs the function in a fork of this process, and counts the calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.broken = False
        self.processes: set[int] = set()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        context = multiprocessing.get_context("fork")

        def work(channel: Any, *given: Any) -> None:
            torch.set_num_threads(1)
            ahead = function(*given)
            # numpy arrays travel through a pipe without torch's shared memory
            parts = (
                {layer: a.numpy() for layer, a in ahead.activations.items()},
                ahead.logits.numpy(),
                {score: {layer: g.numpy() for layer, g in found.items()} for score, found in ahead.gradients.items()},
            )
            channel.send((os.getpid(), type(ahead), parts))

        def lent(*given: Any) -> Any:
            self.calls.append(given)
            if self.broken:
                raise RuntimeError("your share of the card is used up")
            mine, yours = context.Pipe()
            process = context.Process(target=work, args=(yours, *given))
            process.start()
            pid, kind, (activations, logits, gradients) = mine.recv()
            process.join()
            self.processes.add(pid)
            return kind(
                {layer: torch.from_numpy(a) for layer, a in activations.items()},
                torch.from_numpy(logits),
                {t: {layer: torch.from_numpy(g) for layer, g in found.items()} for t, found in gradients.items()},
            )

        return lent


@pytest.fixture
def lender() -> Lender:
    return Lender()


def test_one_call_answers_all_that_the_page_may_ask_next(lender: Lender, offer: Callable[..., str]) -> None:
    name, image = offer(SmallNetwork(classes=8), classes=8), noise(60, 50)
    here, far = Explainer(device="cpu"), Explainer(borrow=lender)
    assert far.device.type == "cpu"
    top = [one.index for one in here.explain(image, model=name).top]
    layers = [layer.name for layer in here.layers(name)]
    for target in top:
        for layer in layers:
            for method in ("gradcam", "hirescam", "layercam"):
                for counterfactual in (False, True):
                    asked = {"target": target, "layer": layer, "method": method, "counterfactual": counterfactual}
                    expected, found = (explainer.explain(image, model=name, **asked) for explainer in (here, far))
                    np.testing.assert_array_equal(found.cam, expected.cam)
                    assert found.top == expected.top
    assert len(lender.calls) == 1
    assert lender.processes.isdisjoint({os.getpid()})
    # a class beyond the first five is another call, for it alone
    (other,) = sorted(set(range(8)) - set(top))[:1]
    expected, found = (explainer.explain(image, model=name, target=other) for explainer in (here, far))
    np.testing.assert_array_equal(found.cam, expected.cam)
    assert len(lender.calls) == 2
    assert lender.calls[1][-1] == Score.logit(other)


def test_what_cannot_be_sent_is_computed_here(lender: Lender, offer: Callable[..., str]) -> None:
    """Methods that run the network again, checks, single places, and modules beyond the offered layers."""
    name, image = offer(SmallNetwork()), noise(60, 50)
    here, far = Explainer(device="cpu"), Explainer(borrow=lender)
    for asked in ({"method": "ablationcam"}, {"method": "guided_backprop"}, {"layer": "middle.0"}):
        expected, found = (explainer.explain(image, model=name, **asked) for explainer in (here, far))
        np.testing.assert_allclose(found.cam, expected.cam, rtol=1e-5, atol=1e-7)
    places = [Examiner(explainer).ask_place(explainer.explain(image, model=name), 30, 30) for explainer in (here, far)]
    assert places[0] == places[1]


def test_without_a_card_it_is_computed_here(
    lender: Lender, offer: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    name, image = offer(SmallNetwork()), noise(60, 50)
    lender.broken = True
    found = Explainer(borrow=lender).explain(image, model=name)
    np.testing.assert_array_equal(found.cam, Explainer(device="cpu").explain(image, model=name).cam)
    assert "your share of the card is used up" in caplog.text


def test_a_decorator_that_lends_nothing_changes_nothing(offer: Callable[..., str]) -> None:
    """Outside ZeroGPU `spaces.GPU` gives the function itself back."""
    explainer = Explainer(device="cpu", borrow=lambda function: function)
    assert type(explainer.runner) is LocalRunner
    assert explainer.capture(explainer.explain(noise(50, 50), model=offer(SmallNetwork()))).logits.requires_grad


def test_ahead_are_the_top_classes_at_every_layer() -> None:
    network = SmallNetwork(classes=9)
    inputs = torch.rand(1, 3, 32, 32)
    layers = ["stem", "last"]
    explainer = Explainer(device="cpu")
    explainer.add_model("own", network, input_size=32)
    layouts = explainer.load("own").layouts
    ahead = look_ahead(network, named(inputs), layers, layouts)
    with torch.no_grad():
        order = network(inputs)[0].argsort(descending=True).tolist()
    assert [*ahead.gradients] == [Score.logit(index) for index in order[:TOP]]
    assert [*ahead.gradients[Score.logit(order[0])]] == [*ahead.activations] == layers
    third = Score.logit(3)
    assert [*look_ahead(network, named(inputs), layers, layouts, score=third).gradients] == [third]
    assert not ahead.logits.requires_grad
