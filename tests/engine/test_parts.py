"""A network in two parts answers as it does whole: captures, gradients, slopes, replays, changed inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gradcam_core.engine import traced
from gradcam_core.engine.capture import EagerCapture
from gradcam_core.engine.layout import MAPS, Layout
from gradcam_core.engine.parts import Looks, Parts, PartsCapture, Says
from gradcam_core.engine.runner import LocalRunner, Variants
from gradcam_core.engine.score import Score
from gradcam_core.engine.traced import PartsReplay, TracedCapture, TracedRunner
from gradcam_core.errors import LayerError, TargetError

from .networks import converted_here
from .test_traced import Model

SIZE = (8, 10)
LAYERS = ("eyes.first", "eyes.second")
WORDS = "embedding"
LAYOUTS = {**dict.fromkeys(LAYERS, MAPS), WORDS: Layout(channels=2, grid=(1, 3), on_image=False)}
PLAIN = LocalRunner(torch.device("cpu"))
SCORE = Score(((0, 2, 1.0), (1, 4, -0.5)), log=True)


class Speaks(nn.Module):
    """Looks at an image, and says something about it for each of some words."""

    def __init__(self) -> None:
        super().__init__()
        self.eyes = nn.Sequential()
        self.eyes.add_module("first", nn.Conv2d(3, 4, 3, padding=1))
        self.eyes.add_module("bend", nn.Tanh())
        self.eyes.add_module("second", nn.Conv2d(4, 6, 3, padding=1))
        self.embedding = nn.Embedding(9, 6)
        self.out = nn.Linear(6, 9)

    def say(self, seen: Tensor, words: Tensor) -> Tensor:
        places = seen.flatten(2).transpose(1, 2)
        asked = self.embedding(words)
        shares = (asked @ places.transpose(1, 2)).softmax(-1)
        return self.out(torch.tanh(shares @ places) * asked)

    def forward(self, image: Tensor, words: Tensor) -> Tensor:
        return self.say(self.eyes(image), words)


class SpeaksInSteps(Speaks):
    """The same, which gives each step alone as well; `asked` are those that it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def in_steps(self, seen: Tensor, words: Tensor) -> tuple[Tensor, Callable[[int], Tensor]]:
        def again(step: int) -> Tensor:
            self.asked.append(step)
            return self.say(seen, words[:, step : step + 1])

        return self.say(seen, words), again


def models(kind: type[Speaks] = Speaks) -> tuple[Model, Model]:
    """The same network whole, and in parts."""
    torch.manual_seed(0)
    network = kind().eval().requires_grad_(False)
    whole, apart = Model(network, (*LAYERS, WORDS)), Model(network, (*LAYERS, WORDS))
    for model in (whole, apart):
        model.layouts = LAYOUTS
    looks = Model(Looks(network.eyes), ("part.first", "part.second"))
    apart.parts = Parts(looks, Says(network, (6, *SIZE)), "eyes")  # type: ignore[assignment, arg-type]
    return whole, apart


def given() -> dict[str, Tensor]:
    torch.manual_seed(1)
    return {"image": torch.randn(1, 3, *SIZE), "words": torch.tensor([[5, 1, 7]])}


def both(runner: Any, kind: type[Speaks] = Speaks) -> tuple[Any, PartsCapture]:
    """What it captures of the network whole, and of its parts."""
    whole, apart = models(kind)
    inputs = given()
    image, words = {"image": inputs["image"]}, {"words": inputs["words"]}
    looks = apart.parts.looks  # type: ignore[attr-defined]
    looked = runner.capture(looks, image, looks.offered)
    return PLAIN.capture(whole, inputs, whole.offered), apart.parts.capture(looked, words, apart)  # type: ignore[attr-defined]


def graphs(monkeypatch: pytest.MonkeyPatch) -> TracedRunner:
    gate = traced.Gate
    monkeypatch.setattr(traced, "Gate", lambda *some, **options: gate(*some, convert=converted_here, **options))
    return TracedRunner(PLAIN)


def test_a_capture_of_both_parts_is_that_of_the_whole() -> None:
    whole, apart = both(PLAIN)
    assert isinstance(apart.looked, EagerCapture)
    torch.testing.assert_close(apart.logits, whole.logits)
    assert set(apart.layouts) == {*LAYERS, WORDS}
    for layer in (*LAYERS, WORDS):
        torch.testing.assert_close(apart.activations(layer), whole.activations(layer))
        torch.testing.assert_close(apart.gradient(layer, SCORE), whole.gradient(layer, SCORE))
        direction = torch.randn_like(whole.activations(layer))
        torch.testing.assert_close(apart.along(layer, direction), whole.along(layer, direction))
    found = apart.gradients_at([*LAYERS, WORDS], SCORE)
    torch.testing.assert_close(found[WORDS], whole.gradient(WORDS, SCORE))
    with pytest.raises(LayerError, match=r"eyes\.third"):
        apart.gradient("eyes.third", SCORE)


def test_a_question_about_one_step_goes_back_through_that_alone() -> None:
    whole, apart = both(PLAIN, SpeaksInSteps)
    network: Any = apart.parts.says.network
    for target in (3, 8):
        score = Score(((1, target, 1.0), (1, 2, -0.5)), log=True)
        torch.testing.assert_close(apart.gradient(LAYERS[0], score), whole.gradient(LAYERS[0], score))
    # made once, and remembered for the second class
    assert network.asked == [1]
    torch.testing.assert_close(apart.gradient(LAYERS[0], SCORE), whole.gradient(LAYERS[0], SCORE))
    assert network.asked == [1]
    for step in (-1, 3):
        with pytest.raises(TargetError, match=f"(?i)step.*{step}"):
            apart.gradient(LAYERS[0], Score.logit(2, step=step))


def test_several_questions_share_the_pass_of_the_part_that_looks() -> None:
    _, apart = models()
    parts: Any = apart.parts
    looked = PLAIN.capture(parts.looks, {"image": given()["image"]}, parts.looks.offered)
    runs = []
    handle = apart.network.eyes.register_forward_hook(lambda *_: runs.append(1))  # type: ignore[operator, union-attr]
    for words in ([5, 1, 7], [2, 2, 2]):
        capture = parts.capture(looked, {"words": torch.tensor([words])}, apart)
        capture.gradient(LAYERS[0], SCORE)
    handle.remove()
    assert not runs


def test_as_a_graph_it_answers_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    runner, (whole, apart), inputs = graphs(monkeypatch), models(), given()
    parts: Any = apart.parts
    image = {"image": inputs["image"]}
    assert runner.decide(apart, inputs, 300).engine == "openvino"
    capture = parts.capture(runner.capture(parts.looks, image, parts.looks.offered), {"words": inputs["words"]}, apart)
    assert isinstance(capture.looked, TracedCapture)
    truth = PLAIN.capture(whole, inputs, whole.offered)
    changed = torch.randn(5, 3, *SIZE)
    outputs = runner.outputs(apart, inputs, Variants(lambda part: changed[part], 5))
    torch.testing.assert_close(
        outputs, PLAIN.outputs(whole, inputs, Variants(lambda part: changed[part], 5)), rtol=1e-4, atol=1e-4
    )
    for layer in LAYERS:
        torch.testing.assert_close(capture.gradient(layer, SCORE), truth.gradient(layer, SCORE), rtol=1e-3, atol=1e-4)
        mine = runner.replay(apart, inputs, layer, SCORE, capture)
        theirs = PLAIN.replay(whole, inputs, layer, SCORE, truth)
        assert isinstance(mine, PartsReplay)
        maps = torch.randn(5, *truth.activations(layer).shape)
        masks = torch.rand(5, *SIZE)
        for ask in (
            lambda one, maps=maps: one.with_activations(lambda part: maps[part], 5),
            lambda one, masks=masks: one.with_masks(lambda part: masks[part], 5),
        ):
            torch.testing.assert_close(ask(mine), ask(theirs), rtol=1e-4, atol=1e-4)
