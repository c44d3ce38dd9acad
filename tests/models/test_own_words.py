"""Modules of one's own that take words, against hooks and gradients of the test's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gradcam_core import CamError, Explainer, ModelError, OutputError, TextError, Wording
from gradcam_core.engine.watch import NOBODY

WORDS = ["<start>", "<end>", "<odd>", "a", "dog", "cat", "runs", "sleeps", "what"]
ANSWERS = ["yes", "no", "dog"]
PICTURE = np.random.default_rng(2).integers(0, 256, (48, 48, 3), np.uint8)
SIDE = 32


class Net(nn.Module):
    """Places and words multiplied: scores of answers, or of what stands behind each word."""

    def __init__(self, outputs: int, *, caption: bool) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.caption = caption
        self.first = nn.Conv2d(3, 6, 5, stride=4, padding=2)
        self.look = nn.Sequential(nn.Conv2d(6, 6, 3, padding=1), nn.Tanh())
        self.words = nn.Embedding(len(WORDS), 6)
        self.out = nn.Linear(6, outputs)

    def forward(self, image: Tensor, words: Tensor) -> Tensor:
        places = self.look(self.first(image).relu())
        vectors = self.words(words)
        if not self.caption:
            asked = vectors.mean(1)
            return self.out(torch.tanh(places * asked[..., None, None]).mean((2, 3)))
        # a word knows those before it
        before = vectors.cumsum(1)
        return self.out(torch.tanh(places[:, None] * before[..., None, None]).mean((3, 4)))


class Dropping(Net):
    def forward(self, image: Tensor, words: Tensor) -> Tensor:
        return super().forward(nn.functional.dropout(image), words)


def by_hand(network: nn.Module, module: nn.Module, given: tuple[Tensor, Tensor], score: Any) -> tuple[Tensor, Tensor]:
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _given: Any, output: Tensor) -> Tensor:
        kept.append(output.detach().requires_grad_())
        return kept[0]

    handle = module.register_forward_hook(keep)
    try:
        (slope,) = torch.autograd.grad(score(network(*given)), kept[0])
    finally:
        handle.remove()
    return kept[0].detach()[0], slope[0]


def grad_cam(values: Tensor, slope: Tensor) -> np.ndarray:
    return (slope.mean((1, 2), keepdim=True) * values).sum(0).numpy()


@pytest.fixture(scope="module")
def explainer() -> Explainer:
    made = Explainer(device="cpu", engine="torch")
    options: dict[str, Any] = {"input_size": SIDE}
    ask = Wording.of(WORDS, unknown=2, embedding="words", limit=6)
    made.add_model("asked", Net(3, caption=False), task="answer", words=ask, labels=ANSWERS, **options)
    say = Wording.of(WORDS, unknown=2, before=(0,), end=1, limit=6)
    made.add_model("says", Net(len(WORDS), caption=True), task="caption", words=say, **options)
    return made


def test_an_answer_of_ones_own_network(explainer: Explainer) -> None:
    network = Net(3, caption=False).requires_grad_(False)
    found = explainer.ask(PICTURE, "What dog runs?", model="asked")
    image, words = explainer.given(found.explain()).values()
    assert words.tolist() == [[8, 4, 6]]
    chances = network(image, words).softmax(-1)[0]
    assert [one.probability for one in found.top] == pytest.approx(sorted(chances.tolist(), reverse=True), rel=1e-4)
    for target, answer in enumerate(ANSWERS):
        values, slope = by_hand(network, network.look, (image, words), lambda out, at=target: out[0, at])
        np.testing.assert_allclose(found.explain(answer).cam, grad_cam(values, slope), rtol=1e-3, atol=1e-7)
        values, slope = by_hand(network, network.words, (image, words), lambda out, at=target: out[0, at])
        expected = (values * slope).sum(-1).tolist()
        assert [word.value for word in found.words_for(answer)] == pytest.approx(expected, rel=1e-3, abs=1e-7)
    assert [layer.name for layer in explainer.layers("asked")] == ["look"]
    assert explainer.models("answer")[0].name != "asked" or len(explainer.models("answer")) > 1
    # a picture of nothing: evenly grey
    grey = torch.full((SIDE, SIDE, 3), 128, dtype=torch.uint8).numpy()
    blind = network(explainer.load("asked").preprocessing.encode(grey)[0], words).softmax(-1)[0]
    assert found.without_picture[0].probability == pytest.approx(float(blind.max()), rel=1e-4)


def test_a_caption_of_ones_own_network_word_by_word(explainer: Explainer) -> None:
    network = Net(len(WORDS), caption=True).requires_grad_(False)
    found = explainer.describe(PICTURE, model="says", caption="a dog sleeps")
    image, words = explainer.given(found.explain("dog")).values()
    assert words.tolist() == [[0, 3, 4, 7]]
    logs = network(image, words).log_softmax(-1)[0]
    expected = [float(logs[at, number].exp()) for at, number in enumerate([3, 4, 7])]
    assert [word.probability for word in found.words] == pytest.approx(expected, rel=1e-4)
    pair = by_hand(network, network.look, (image, words), lambda out: out.log_softmax(-1)[0, 1, 4])
    np.testing.assert_allclose(found.explain("dog").cam, grad_cam(*pair), rtol=1e-3, atol=1e-7)
    assert found.explain("dog", target="cat").target.label == "cat"


def test_it_writes_the_best_of_all_captions_where_the_beam_holds_them_all(explainer: Explainer) -> None:
    network = Net(len(WORDS), caption=True).requires_grad_(False)
    model = explainer.load("says")
    image = explainer.inputs(explainer.describe(PICTURE, model="says", caption="a").explain())
    greedy: list[int] = []
    while len(greedy) < 6:
        logits = network(image, torch.tensor([[0, *greedy]]))[0, -1]
        logits[[0, 2] + ([1] if not greedy else [])] = -torch.inf
        # no three words in a row twice
        logits[
            [c for a, b, c in zip(greedy, greedy[1:], greedy[2:], strict=False) if [a, b] == greedy[-2:]]
        ] = -torch.inf
        if int(logits.argmax()) == 1:
            break
        greedy.append(int(logits.argmax()))
    assert list(model.speech.write(image, 1, NOBODY)[0].numbers) == greedy
    assert len(explainer.describe(PICTURE, model="says").captions) == 3


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"task": "speak"}, ModelError, "'speak' is unknown; choose one of"),
        ({"task": "answer"}, ModelError, "give a Wording"),
        ({"task": "caption", "words": Wording.of(WORDS)}, ModelError, "`before`"),
        ({"task": "classes", "words": Wording.of(WORDS)}, ModelError, "means nothing to a classifier"),
        ({"task": "answer", "words": Wording.of(WORDS), "labels": ["yes"]}, ModelError, "names 1 classes, expected 3"),
        (
            {"task": "answer", "words": Wording.of(WORDS), "labels": {"yes", "no", "two"}},
            ModelError,
            "a set, which has no",
        ),
        ({"task": "answer", "words": Wording.of(WORDS), "labels": [1, 2, 3]}, ModelError, "holds 1, expected texts"),
        ({"task": "caption", "words": Wording.of(WORDS, before=(0,), end=1)}, OutputError, "what stands behind each"),
    ],
)
def test_what_does_not_fit_is_said(options: dict[str, Any], error: type[CamError], words: str) -> None:
    explainer = Explainer(device="cpu", engine="torch")
    with pytest.raises(error, match=words):
        explainer.add_model("mine", Net(3, caption=False), input_size=SIDE, **options)
    assert "mine" not in {one.name for one in explainer.models("answer")}


def test_words_that_it_never_saw_are_named(explainer: Explainer) -> None:
    found = explainer.ask(PICTURE, "what zebra?", model="asked")
    assert [word.known for word in found.words] == [True, False]
    for text in ("zebra", "a a a a a a a", "?"):
        with pytest.raises(TextError):
            explainer.ask(PICTURE, text, model="asked")


@pytest.mark.parametrize("kind", [Net, Dropping])
def test_one_that_answers_differently_each_time_is_noticed(kind: type[Net]) -> None:
    explainer = Explainer(device="cpu", engine="torch")
    for task, network in (("answer", kind(3, caption=False)), ("caption", kind(len(WORDS), caption=True))):
        ends: dict[str, Any] = {} if task == "answer" else {"before": (0,), "end": 1}
        explainer.add_model(task, network, task=task, words=Wording.of(WORDS, **ends), input_size=SIDE)
        keys = [remark.key for remark in explainer.load(task).remarks]
        assert ("scores.unsteady" in keys) == (kind is Dropping)
