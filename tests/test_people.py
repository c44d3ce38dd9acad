"""Networks as people write them are explained rightly, or refused with what helps: the benchmark's table, each once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gradcam_core import CamError, Explainer, MethodError, ModelError, OutputError, TargetError
from gradcam_core.checks.examiner import Examiner
from gradcam_core.engine.runner import LocalRunner
from gradcam_core.engine.score import Score
from gradcam_core.engine.traced import TracedRunner
from gradcam_core.models.returned import scores_in
from gradcam_core.models.squashed import TrialAnswers, squashed
from gradcam_core.reading.preprocess import Preprocessing

from .benchmarks import people
from .engine.networks import gate_here
from .helpers import noise

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("name", people.NETWORKS)
def test_a_network_that_people_write(name: str) -> None:
    assert people.examine(name)["problem"] == ""


def test_the_table_is_long_enough_and_finds_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(people.NETWORKS) >= 40
    monkeypatch.setitem(people.NETWORKS, "wrong", people.Network(people.Small, probability=torch.sigmoid))
    assert "instead of" in people.examine("wrong")["problem"]
    monkeypatch.setitem(people.NETWORKS, "wrong", people.Network(people.Small, refused="for no reason"))
    assert people.examine("wrong")["problem"] == "was not refused"
    monkeypatch.setitem(
        people.NETWORKS, "wrong", people.Network(lambda: people.Small(planes=1), refused="for a reason")
    )
    assert "Grayscale" in people.examine("wrong")["problem"]


USUAL = Preprocessing(32, 32, "BOX")


def added(network: nn.Module, **options: object) -> Explainer:
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("mine", network, **{"transform": USUAL, **options})  # type: ignore[arg-type]
    return explainer


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_probabilities_of_few_digits_are_those_of_one_class(kind: torch.dtype) -> None:
    network = people.Small(lambda net, x: net.scores(x).softmax(1)).to(kind)
    e = added(network).explain(noise(32, 32), model="mine")
    assert "softmax" in " ".join(e.notes)
    assert not any("by itself" in note for note in e.notes)


def test_scores_that_lie_between_0_and_1_by_chance_are_no_probabilities() -> None:
    network = people.Small()
    network.head.weight.data.mul_(1e-3)
    network.head.bias.data.fill_(0.5)
    e = added(network).explain(noise(32, 32), model="mine")
    assert not any("probabilities" in note for note in e.notes)
    # all nearly equal
    assert e.top[0].probability == pytest.approx(0.25, abs=0.02)


def test_a_head_that_starts_as_zero_is_no_sigmoid() -> None:
    network = people.Small()
    nn.init.zeros_(network.head.weight)
    nn.init.zeros_(network.head.bias)
    explainer = added(network)
    assert explainer.load("mine").head.key == "softmax"


def test_a_network_that_says_the_same_of_every_picture_is_noticed() -> None:
    said = "exactly the same of every picture"
    for change in (lambda net, x: net.scores(x).softmax(0), lambda net, x: 1 + 0 * net.scores(x)):
        assert any(said in note for note in added(people.Small(change)).explain(noise(32, 32), model="mine").notes)
    assert not any(said in note for note in added(people.Small()).explain(noise(32, 32), model="mine").notes)


def test_a_network_that_answers_differently_each_time_is_noticed() -> None:
    said = "differently each time"

    def dropping(net: people.Small, x: Tensor) -> Tensor:
        # its default is to drop, whatever mode the module is in
        return net.scores(nn.functional.dropout(x))

    def numpys(net: people.Small, x: Tensor) -> Tensor:
        return net.scores(x) * float(np.random.rand())

    for change in (dropping, numpys, lambda net, x: net.scores(x + torch.rand_like(x))):
        explainer, before = added(people.Small(change)), torch.get_rng_state()
        assert any(said in note for note in explainer.explain(noise(32, 32), model="mine").notes)
        # to try it out draws none of the numbers that somebody else is to draw
        explainer.add_model("again", people.Small(change), transform=USUAL)
        assert torch.equal(torch.get_rng_state(), before)
    for steady in (people.Small(), people.Small(lambda net, x: net.scores(nn.functional.dropout(x, training=False)))):
        assert not any(said in note for note in added(steady).explain(noise(32, 32), model="mine").notes)


def test_attention_inside_is_not_taken_for_the_end() -> None:
    class Attending(people.Small):
        def scores(self, x: Tensor) -> Tensor:
            features = self.features(x).flatten(2)
            attended = torch.softmax(features.mean(1, keepdim=True), -1)
            return self.head((features * attended).sum(-1))

    assert added(Attending()).load("mine").remarks == ()
    ended = Attending(lambda net, x: net.scores(x).softmax(-1))
    e = added(ended).explain(noise(32, 32), model="mine")
    expected = ended(torch.as_tensor(USUAL.encode(noise(32, 32))[0]))[0]
    assert [one.probability for one in e.top[:2]] == pytest.approx(expected.sort(descending=True).values[:2].tolist())


def test_several_images_at_once_are_read_alike() -> None:
    for change in (
        lambda net, x: net.scores(x).softmax(1).squeeze(),
        lambda net, x: {"probs": net.scores(x).sigmoid()[..., None]},
        lambda net, x: 1 / (1 + torch.exp(-net.scores(x))),
    ):
        network = people.Small(change).eval()
        pictures = [torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(n)) for n in range(3)]
        with torch.no_grad():
            found = scores_in(network(pictures[0]))
            assert found is not None
            squash = squashed(network, pictures, TrialAnswers.of(network, pictures, found.pick))
            assert squash is not None
            together = torch.cat(pictures)
            scores = squash.undo(lambda: network(together))  # noqa: B023 - called at once
            torch.testing.assert_close(scores, network.scores(together), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    "name",
    ["softmax at the end", "one sigmoid by hand", "a dict with logits", "log-sigmoids", "what a loss is made of"],
)
def test_the_engine_answers_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradcam_core.engine.traced.Gate", gate_here)
    model = added(people.NETWORKS[name].build()).load("mine")
    given = {"image": torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))}
    runner = TracedRunner(LocalRunner(torch.device("cpu")))
    plain = runner.capture(model, given, model.offered)
    assert runner.decide(model, given).engine == "openvino"
    found = runner.capture(model, given, model.offered)
    torch.testing.assert_close(found.logits, plain.logits.detach(), rtol=1e-4, atol=1e-5)
    layer = model.default.name
    slopes = (one.gradient(layer, Score.logit(1)) for one in (found, plain))
    torch.testing.assert_close(*slopes, rtol=1e-3, atol=1e-6)


def test_a_number_of_its_own_is_shown_as_it_is_and_not_checked_as_a_probability() -> None:
    network = people.Small(classes=1)
    network.head.bias.data.add_(36.6)
    explainer = added(network)
    e = explainer.explain(noise(32, 32), model="mine")
    value = float(network(USUAL.encode(noise(32, 32))[0]))
    assert e.top[0].probability == pytest.approx(value, rel=1e-5)
    assert f"“value” {value:.4g};" in e.sentence
    assert "%" not in e.sentence
    for check in (Examiner(explainer).hide_and_look, Examiner(explainer).curves):
        with pytest.raises(MethodError, match="a number of its own"):
            check(e)
    labelled = added(people.Small(classes=1), labels=["weight in kg"], head="value")
    assert labelled.labels("mine") == ("weight in kg",)


@pytest.mark.parametrize("method", ["ablationcam", "scorecam", "eigencam"])
def test_methods_without_gradients_answer_where_there_are_none(method: str) -> None:
    explainer = added(people.NETWORKS["quantised as it runs"].build())
    e = explainer.explain(noise(32, 32), model="mine", method=method)
    assert np.isfinite(e.cam).all()
    assert np.abs(e.cam).max() > 0
    with pytest.raises(CamError, match="no gradient says how"):
        explainer.explain(noise(32, 32), model="mine", method="guided_backprop")
    with pytest.raises(CamError, match="no gradient says how"):
        Examiner(explainer).ask_place(e, 16, 16)


def test_a_network_that_fails_on_one_picture_says_so() -> None:
    class Picky(people.Small):
        def forward(self, x: Tensor) -> Tensor:
            if self.told and x.std((2, 3)).max() < 1e-3:
                raise KeyError("too flat")
            return self.scores(x)

    network = Picky()
    network.told = False
    explainer = added(network)
    explainer.load("mine").network.told = True
    with pytest.raises(OutputError, match=r"The network Picky fails on this input: KeyError .*too flat"):
        explainer.explain(np.full((32, 32, 3), 9, np.uint8), model="mine")
    assert explainer.explain(noise(32, 32), model="mine").top


@pytest.mark.parametrize("name", ["a class masked out", "a class of no share"])
def test_a_class_that_is_ruled_out_cannot_be_asked_for_and_all_else_can(name: str) -> None:
    network = people.NETWORKS[name].build().eval()
    explainer = added(network)
    image = noise(32, 32)
    e = explainer.explain(image, model="mine")
    with torch.no_grad():
        expected = network(torch.as_tensor(USUAL.encode(image)[0])).softmax(-1)[0]
    assert [one.probability for one in e.top] == pytest.approx(expected.sort(descending=True).values[:5].tolist())
    others = [index for index in range(len(expected)) if index not in (1, e.target.index)]
    for method in ("ablationcam", "scorecam"):
        assert np.isfinite(explainer.explain(image, model="mine", method=method, target=others[0]).cam).all()
    assert np.isfinite(explainer.explain(image, model="mine", rival=others[0]).cam).all()
    assert all(np.isfinite(one.value) for one in Examiner(explainer).ask_place(e, 16, 16).speaks_for)
    for options in (
        {"target": 1},
        {"rival": 1},
        {"target": 1, "counterfactual": True},
        {"target": 1, "method": "scorecam"},
    ):
        with pytest.raises(TargetError, match=r"rules the class .* out"):
            explainer.explain(image, model="mine", **options)
    # not a number at all is another thing
    for wrong in (torch.nan, torch.inf):
        with pytest.raises(OutputError, match="not finite"):
            added(people.Small(lambda net, x, w=wrong: net.scores(x) + torch.tensor([w, 0, 0, 0]))).explain(
                image, model="mine"
            )
    with pytest.raises(OutputError, match="not finite"):
        added(people.Small(lambda net, x: net.scores(x) - torch.inf)).explain(image, model="mine")


def test_the_end_of_the_program_is_a_sentence_wherever_it_is_asked_for() -> None:
    def ends(_given: object) -> Tensor:
        raise SystemExit(3)

    with pytest.raises(ModelError, match="SystemExit"):
        added(people.Small(), logits=ends)
    with pytest.raises(ModelError, match="SystemExit"):
        added(people.Small(), transform=ends)

    def interrupted(_given: object) -> Tensor:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        added(people.Small(lambda _net, x: interrupted(x)))


def test_what_is_no_way_to_pick_scores() -> None:
    for logits, words in [("logits", "cannot be called"), (lambda out: out.argmax(1), "floating point, but returned")]:
        with pytest.raises((ModelError, OutputError), match=words):
            added(people.Small(), logits=logits)
