"""Captions and answers, and the maps of their words, against hooks and gradients of the test's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gradcam_core import CamError, Examiner, Explainer, TargetError, TextError
from gradcam_core.models import answerer, captioner
from gradcam_core.reading.photograph import read_photograph
from gradcam_core.request import Request

PICTURE = Path(__file__).parents[1] / "assets" / "examples" / "3-cat.jpg"
CAPTION = "a dog on a bed"
QUESTION = "what is on the bed?"


@pytest.fixture(scope="module")
def explainer() -> Explainer:
    return Explainer(device="cpu")


@pytest.fixture(scope="module")
def image() -> Tensor:
    """The whole photograph, squashed."""
    return captioner.load_captioner().steps.encode(read_photograph(PICTURE).pixels)[0]


def by_hand(network: nn.Module, given: tuple[Tensor, ...], module: nn.Module, score: object) -> tuple[Tensor, Tensor]:
    """Output of `module` and the gradient there of `score(logits)`, by a hook and autograd of the test's own."""
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        kept.append(output.detach().requires_grad_())
        return kept[0]

    handle = module.register_forward_hook(keep)
    try:
        with torch.enable_grad():
            (gradient,) = torch.autograd.grad(score(network(*given)), kept[0])  # type: ignore[operator]
    finally:
        handle.remove()
    return kept[0].detach(), gradient


def grad_cam(activations: Tensor, gradient: Tensor) -> np.ndarray:
    return (gradient.mean((-2, -1), keepdim=True) * activations).sum(1)[0].numpy()


def words_of(reader: captioner.Captioner) -> tuple[tuple[int, ...], Tensor]:
    numbers = reader.read(CAPTION).numbers
    return numbers, reader.previous(numbers)


def test_each_word_has_its_probability_given_those_before_it(explainer: Explainer, image: Tensor) -> None:
    reader = captioner.load_captioner()
    numbers, words = words_of(reader)
    found = explainer.describe(PICTURE, caption=CAPTION)
    with torch.no_grad():
        for place, number in enumerate(numbers):
            # only the words before it are handed in
            logits = reader.network(image, words[:, : place + 1])[0, -1]
            assert found.words[place].probability == pytest.approx(float(logits.softmax(-1)[number]), rel=1e-4)
    assert [CAPTION[word.start : word.end] for word in found.words] == CAPTION.split()
    assert found.captions == ()


def test_the_map_of_a_word_is_grad_cam_of_its_log_probability(explainer: Explainer, image: Tensor) -> None:
    reader = captioner.load_captioner()
    numbers, words = words_of(reader)
    network = reader.network.requires_grad_(False)
    expected = grad_cam(
        *by_hand(network, (image, words), network.backbone.bn2, lambda out: out.log_softmax(-1)[0, 1, numbers[1]])
    )
    found = explainer.describe(PICTURE, caption=CAPTION)
    for word in (1, "dog"):
        cam = found.explain(word, method="gradcam").cam
        np.testing.assert_allclose(cam, expected, atol=1e-4 * np.abs(expected).max())
    against = found.explain("dog", method="gradcam", counterfactual=True)
    np.testing.assert_allclose(against.cam, -expected, atol=1e-4 * np.abs(expected).max())
    assert found.explain("dog").target.probability == pytest.approx(found.words[1].probability)


def test_words_are_explained_by_hirescam_and_answers_by_gradcam_unless_asked_otherwise(
    explainer: Explainer, image: Tensor
) -> None:
    reader = captioner.load_captioner()
    numbers, words = words_of(reader)
    network = reader.network.requires_grad_(False)
    values, slope = by_hand(
        network, (image, words), network.backbone.bn2, lambda out: out.log_softmax(-1)[0, 1, numbers[1]]
    )
    expected = (values * slope).sum(1)[0].numpy()
    found = explainer.describe(PICTURE, caption=CAPTION).explain("dog")
    np.testing.assert_allclose(found.cam, expected, atol=1e-4 * np.abs(expected).max())
    for method in ("auto", "", None):
        assert found.request.replace(method=method).method is None
        assert explainer.answer(PICTURE, found.request.replace(method=method)).method == "hirescam"
        assert explainer.ask(PICTURE, QUESTION).explain(method=method).method == "gradcam"
        assert explainer.explain(PICTURE, method=method).method == "gradcam"
    assert found.record()["request"]["method"] == "hirescam"
    hidden = Examiner(explainer).hide_and_look(found, shares=(0.2,), draws=1)
    assert hidden.target.label == "dog"


def test_the_map_of_a_whole_caption_is_that_of_the_sum_of_its_words(explainer: Explainer, image: Tensor) -> None:
    reader = captioner.load_captioner()
    numbers, words = words_of(reader)
    network = reader.network.requires_grad_(False)

    def total(out: Tensor) -> Tensor:
        return sum(out[0, t].log_softmax(-1)[number] for t, number in enumerate(numbers))  # type: ignore[return-value]

    expected = grad_cam(*by_hand(network, (image, words), network.backbone.bn2, total))
    found = explainer.describe(PICTURE, caption=CAPTION)
    whole = found.explain(method="gradcam")
    np.testing.assert_allclose(whole.cam, expected, atol=1e-4 * np.abs(expected).max())
    mean = np.prod([word.probability for word in found.words]) ** (1 / len(found.words))
    assert whole.target.probability == pytest.approx(mean, rel=1e-4)


def test_another_word_at_the_same_place_and_one_rather_than_another(explainer: Explainer, image: Tensor) -> None:
    reader = captioner.load_captioner()
    _, words = words_of(reader)
    network = reader.network.requires_grad_(False)
    dog, cat = (reader.vocabulary.number(word) for word in ("dog", "cat"))
    expected = grad_cam(
        *by_hand(network, (image, words), network.backbone.bn2, lambda out: out[0, 1, dog] - out[0, 1, cat])
    )
    found = explainer.describe(PICTURE, caption=CAPTION)
    contrast = found.explain("dog", rival="cat", method="gradcam")
    np.testing.assert_allclose(contrast.cam, expected, atol=1e-4 * np.abs(expected).max())
    assert found.explain("dog", target="cat").target.label == "cat"


def test_the_network_writes_a_caption_of_its_own_and_others(explainer: Explainer, image: Tensor) -> None:
    reader = captioner.load_captioner()
    written = [reader.vocabulary.text(one.numbers) for one in reader.write(image, most=3)]
    found = explainer.describe(PICTURE)
    assert found.caption == written[0]
    assert list(found.captions) == written
    # a request without a caption is about the network's own
    asked = explainer.answer(PICTURE, Request(model="captioner"))
    np.testing.assert_array_equal(asked.cam, found.explain().cam)
    assert asked.request.caption == written[0]


def test_answers_and_their_maps(explainer: Explainer, image: Tensor) -> None:
    reader = answerer.load_answerer()
    question = reader.question(reader.read(QUESTION))
    network = reader.network.requires_grad_(False)
    with torch.no_grad():
        probabilities = network(image, question).softmax(-1)[0]
        blind = reader.without_picture(question).softmax(-1)[0]
    found = explainer.ask(PICTURE, QUESTION)
    assert [one.index for one in found.top] == probabilities.topk(5).indices.tolist()
    assert [one.probability for one in found.top] == pytest.approx(probabilities.topk(5).values.tolist(), rel=1e-4)
    assert found.without_picture[0].index == int(blind.argmax())
    best = found.top[0].index
    expected = grad_cam(*by_hand(network, (image, question), network.backbone.bn2, lambda out: out[0, best]))
    np.testing.assert_allclose(found.explain().cam, expected, atol=1e-4 * np.abs(expected).max())
    second = found.explain(found.top[1].label)
    assert second.target == found.top[1]


def test_a_word_of_the_question_has_its_gradient_times_its_vector(explainer: Explainer, image: Tensor) -> None:
    reader = answerer.load_answerer()
    question = reader.question(reader.read(QUESTION))
    network = reader.network.requires_grad_(False)
    found = explainer.ask(PICTURE, QUESTION)
    for target in (found.top[0], found.top[3]):
        vectors, slopes = by_hand(network, (image, question), network.embedding, lambda out, i=target.index: out[0, i])
        expected = (vectors * slopes).sum(-1)[0]
        words = found.words_for(target.label)
        assert [word.value for word in words] == pytest.approx(expected[: len(words)].tolist(), abs=1e-4)
        assert [QUESTION[word.start : word.end] for word in words] == ["what", "is", "on", "the", "bed"]


def test_all_words_of_a_caption_share_one_forward_pass(explainer: Explainer, monkeypatch: pytest.MonkeyPatch) -> None:
    passes = []
    original = captioner.CaptionNetwork.forward
    monkeypatch.setattr(
        captioner.CaptionNetwork, "forward", lambda self, *given: passes.append(1) or original(self, *given)
    )
    fresh = Explainer(device="cpu")
    found = fresh.describe(PICTURE, caption=CAPTION)
    before = len(passes)
    for word in (None, 0, 1, 2, 4):
        found.explain(word)
        found.explain(word, counterfactual=True)
    assert len(passes) == before


def test_checks_are_those_of_classes(explainer: Explainer) -> None:
    examiner = Examiner(explainer)
    answer, caption = explainer.ask(PICTURE, QUESTION), explainer.describe(PICTURE, caption=CAPTION)
    for explanation in (answer.explain(), caption.explain("dog"), caption.explain()):
        if not explanation.blank:
            hidden = examiner.hide_and_look(explanation, shares=(0.2,), draws=2)
            assert 0 <= hidden.steps[0].hottest <= 1
            assert hidden.target.probability == explanation.target.probability
            assert explanation.target.label in hidden.sentence
    place = examiner.ask_place(answer.explain(), 200, 150)
    assert place.speaks_for or place.speaks_against
    assert examiner.ask_place(caption.explain("dog"), 200, 150).x == 200
    with pytest.raises(CamError, match="word of the caption"):
        examiner.ask_place(caption.explain(), 200, 150)


@pytest.mark.parametrize("question", ["", "   ", "?!", "이 사진은 무엇인가요?", "a " * 60, "qwxz vbnm", 5, None, ["a"]])
def test_what_is_no_question_is_refused_in_a_sentence(explainer: Explainer, question: object) -> None:
    with pytest.raises(TextError) as caught:
        explainer.ask(PICTURE, question)  # type: ignore[arg-type]
    assert "`question`" in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("caption", ["?!", "강아지가 앉아 있다", "a dog " * 40, "qwxz vbnm", 5])
def test_what_is_no_caption_is_refused_in_a_sentence(explainer: Explainer, caption: object) -> None:
    with pytest.raises(TextError, match="`caption`"):
        explainer.describe(PICTURE, caption=caption)  # type: ignore[arg-type]


def test_unknown_words_are_named(explainer: Explainer) -> None:
    found = explainer.describe(PICTURE, caption="a zorgle on a <b>bed</b>")
    assert "zorgle" in found.notes[0]
    assert not found.words[1].known
    assert "zorgle" in explainer.ask(PICTURE, "what is the zorgle?").notes[0]


@pytest.mark.parametrize(
    ("word", "said"), [(5, "0 to 4"), (-1, "0 to 4"), ("cat", "not in the caption"), ("a", "places 0, 3")]
)
def test_a_word_that_is_not_there_is_refused(explainer: Explainer, word: int | str, said: str) -> None:
    with pytest.raises(TextError, match=said):
        explainer.describe(PICTURE, caption=CAPTION).explain(word)


def test_models_do_what_they_are_for(explainer: Explainer) -> None:
    with pytest.raises(CamError, match="takes no question"):
        explainer.ask(PICTURE, QUESTION, model="efficientnet_lite0")
    with pytest.raises(CamError, match="writes no captions"):
        explainer.describe(PICTURE, model="answerer")
    with pytest.raises(CamError, match="is empty"):
        explainer.explain(PICTURE, model="answerer")
    with pytest.raises(CamError, match="holds words"):
        explainer.ask(PICTURE, QUESTION).explain(layer="embedding")
    with pytest.raises(TargetError):
        explainer.ask(PICTURE, QUESTION).explain("no such answer at all")
    for task, own, other in (("caption", "captioner", "git"), ("answer", "answerer", "vilt")):
        first, *others = explainer.models(task)
        assert (first.name, first.offline) == (own, True)
        assert any(other in info.name and not info.offline and info.download_mb for info in others)
    assert not {"captioner", "answerer"} & {info.name for info in explainer.models_first()}


def test_records_make_the_same_map_again(explainer: Explainer) -> None:
    for explanation in (explainer.ask(PICTURE, QUESTION).explain(), explainer.describe(PICTURE).explain(1)):
        again = explainer.answer(PICTURE, Request.parse(**explanation.record()["request"]))
        np.testing.assert_array_equal(again.cam, explanation.cam)


@pytest.mark.parametrize("model", ["captioner", "answerer"])
def test_a_model_of_words_is_warmed_up_as_any_other(model: str) -> None:
    assert Explainer(device="cpu", engine="torch").warm_up(model).engine == "torch"


def test_what_is_asked_of_one_photograph_shares_its_pass_and_a_question_its_answer_without_any() -> None:
    explainer = Explainer(device="cpu", engine="torch")
    passes: list[str] = []
    hooks = []
    for name, module in (("captioner", "backbone"), ("answerer", "backbone"), ("answerer", "prior")):
        network = explainer.load(name).network
        hooks.append(
            network.get_submodule(module).register_forward_hook(
                lambda *_, name=name, module=module: passes.append(f"{name} {module}")
            )
        )
    pictures = [np.full((50, 60, 3), shade, np.uint8) for shade in (11, 12)]
    try:
        for picture in pictures:
            found = explainer.describe(picture)
            found.explain()
            found.explain(0)
            explainer.describe(picture, caption="a cat").explain(1)
            for question in ("is there a boat?", "where is it?"):
                explainer.ask(picture, question).explain(target="yes")
    finally:
        for hook in hooks:
            hook.remove()
    assert passes.count("captioner backbone") == passes.count("answerer backbone") == 2
    # each question with each picture, and each without
    assert passes.count("answerer prior") == 4 + 2
