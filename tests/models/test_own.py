"""Networks of one's own: explained as they are, left as they are, and nobody else's business."""

from __future__ import annotations

import gc
import re
import weakref
from functools import partial
from typing import Any

import numpy as np
import pandas
import pytest
import torch
from torch import Tensor, nn

from gradcam_core import Examiner, Explainer, ModelError, OutputError, TargetError
from gradcam_core.models import MODELS, own
from gradcam_core.models.labels_file import given_names
from gradcam_core.reading.preprocess import Preprocessing

from ..helpers import SmallNetwork, hook_count, in_threads, live_captures, noise

SMALL = Preprocessing(32, 32, "BOX", mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
LABELS = ["ant", "bee", "cat", "dog", "elk", "fox"]


@pytest.fixture
def explainer() -> Explainer:
    return Explainer(device="cpu")


class Adapter(nn.Module):
    """A network that returns what `change` makes of the scores of a `SmallNetwork`."""

    def __init__(self, change: Any, classes: int = 6) -> None:
        super().__init__()
        self.inner = SmallNetwork(classes)
        self.change = change

    def forward(self, x: Tensor) -> Any:
        return self.change(self.inner(x))


def test_an_added_model_is_explained_like_any_other(explainer: Explainer) -> None:
    network, image = SmallNetwork(), noise(32, 32)
    info = explainer.add_model("mine", network, labels=LABELS, transform=SMALL, title="My network")
    assert (info.name, info.title, info.source, info.offline) == ("mine", "My network", "own", True)
    assert info in explainer.models()
    e = explainer.explain(image, model="mine", target="elk")
    inputs, _ = SMALL.encode(image)
    features = network.last(network.middle(network.stem(inputs)))
    expected = (network.head.weight[4][:, None, None] * features[0] / 64).sum(0)
    np.testing.assert_allclose(e.cam, expected.detach(), rtol=1e-4, atol=1e-7)
    assert e.target.probability == pytest.approx(float(network(inputs).detach().softmax(-1)[0, 4]), rel=1e-5)
    assert (e.model_title, e.layer, e.record()["head"]) == ("My network", "last", "one of the classes (softmax)")


def test_a_model_belongs_to_the_explainer_it_was_added_to(explainer: Explainer) -> None:
    explainer.add_model("mine", SmallNetwork(), transform=SMALL)
    with pytest.raises(ModelError, match="'mine' is unknown"):
        Explainer(device="cpu").layers("mine")
    assert "mine" not in MODELS


def test_a_private_model_works_by_its_name_and_is_neither_listed_nor_suggested(explainer: Explainer) -> None:
    explainer.add_model("mine-8f2c", SmallNetwork(), transform=SMALL, private=True)
    assert explainer.explain(noise(32, 32), model="mine-8f2c").model == "mine-8f2c"
    assert "mine-8f2c" not in [info.name for info in explainer.models()]
    for wrong in ("mine-8f2d", "mine", ""):
        with pytest.raises(ModelError) as caught:
            explainer.layers(wrong)
        assert "8f2c" not in str(caught.value)


def test_a_removed_model_is_gone_with_all_that_was_remembered(explainer: Explainer) -> None:
    network = SmallNetwork()
    explainer.add_model("mine", network, transform=SMALL)
    before = live_captures()
    e = explainer.explain(noise(32, 32), model="mine")
    Examiner(explainer).curves(e, steps=2)
    # those of earlier tests may go meanwhile
    remembered = live_captures() - before
    assert len(remembered) == 1
    explainer.remove_model("mine")
    assert not remembered & live_captures()
    assert explainer._captures.nbytes == 0
    for ask in (explainer.layers, explainer.remove_model):
        with pytest.raises(ModelError, match="'mine' is"):
            ask("mine")
    alive = weakref.ref(network)
    del network
    gc.collect()
    assert alive() is None
    with pytest.raises(ModelError, match="'efficientnet_lite0' is not a model that was added"):
        explainer.remove_model("efficientnet_lite0")


def test_another_model_under_the_same_name_is_another_model(explainer: Explainer) -> None:
    image, maps = noise(32, 32), []
    for seed in (0, 1):
        explainer.add_model("mine", SmallNetwork(seed=seed), transform=SMALL)
        maps.append(explainer.explain(image, model="mine", target=0).cam)
        explainer.remove_model("mine")
    assert not np.allclose(maps[0], maps[1])


def test_names_that_are_taken_or_none(explainer: Explainer) -> None:
    explainer.add_model("mine", SmallNetwork(), transform=SMALL)
    for name in ("mine", "efficientnet_lite0"):
        with pytest.raises(ModelError, match=f"`name` '{name}' is taken"):
            explainer.add_model(name, SmallNetwork(), transform=SMALL)
    for nothing in ("", "  ", None, 3):
        with pytest.raises(ModelError, match="is no name for a model"):
            explainer.add_model(nothing, SmallNetwork(), transform=SMALL)  # type: ignore[arg-type]


def state_of(network: nn.Module) -> dict[str, Any]:
    return {
        "modes": [part.training for part in network.modules()],
        "wanted": [parameter.requires_grad for parameter in network.parameters()],
        "kinds": [type(part) for part in network.modules()],
        "hooks": hook_count(network),
        "addresses": [tensor.data_ptr() for tensor in network.state_dict().values()],
        "values": [tensor.clone() for tensor in network.state_dict().values()],
    }


def test_the_module_is_left_as_it_was(explainer: Explainer) -> None:
    network = SmallNetwork().train().requires_grad_(True)
    network.stem.eval()
    network.middle.requires_grad_(False)
    network.head.weight.grad = torch.ones_like(network.head.weight)
    before = state_of(network)
    explainer.add_model("mine", network, transform=SMALL)
    explainer.explain(noise(32, 32), model="mine")
    after = state_of(network)
    for old, new in zip(before.pop("values"), after.pop("values"), strict=True):
        assert torch.equal(old, new)
    assert after == before
    assert torch.equal(network.head.weight.grad, torch.ones_like(network.head.weight))


def test_the_weights_are_shared_not_copied(explainer: Explainer) -> None:
    network = SmallNetwork()
    explainer.add_model("mine", network, transform=SMALL)
    ours = explainer.load("mine").network.state_dict()
    assert all(ours[name].data_ptr() == tensor.data_ptr() for name, tensor in network.state_dict().items())


def test_a_network_that_keeps_its_features_can_be_added(explainer: Explainer) -> None:
    """The usual `self.features = x`: a part of a graph, which torch refuses to copy."""

    class Keeps(SmallNetwork):
        def forward(self, x: Tensor) -> Tensor:
            self.features = self.stem(x)
            return super().forward(x)

    network = Keeps()
    network(torch.zeros(1, 3, 32, 32))
    assert network.features.grad_fn is not None
    explainer.add_model("mine", network, transform=SMALL)
    assert explainer.explain(noise(32, 32), model="mine").layer == "last"


def test_wrappers_are_taken_off(explainer: Explainer) -> None:
    network = SmallNetwork()
    wrapped = {"parallel": nn.DataParallel(nn.DataParallel(network)), "compiled": torch.compile(network)}
    for name, module in wrapped.items():
        explainer.add_model(name, module, transform=SMALL)
        assert [layer.name for layer in explainer.layers(name)] == ["stem", "middle", "last"]


@pytest.mark.parametrize(
    ("change", "pick"),
    [
        (lambda scores: (scores, scores * 0), lambda out: out[0]),
        (lambda scores: {"logits": scores, "loss": None}, lambda out: out["logits"]),
        (lambda scores: [[scores]], lambda out: out[0][0]),
    ],
)
def test_tuples_and_dicts_with_a_picker(explainer: Explainer, change: Any, pick: Any) -> None:
    image = noise(32, 32)
    explainer.add_model("plain", SmallNetwork(), transform=SMALL)
    explainer.add_model("found", Adapter(change), transform=SMALL)
    explainer.add_model("mine", Adapter(change), transform=SMALL, logits=pick)
    found = explainer.explain(image, model="found", target=2)
    np.testing.assert_array_equal(found.cam, explainer.explain(image, model="mine", target=2).cam)
    assert "its scores are taken from out[" in found.notes[0]
    for method in ("gradcam", "ablationcam", "scorecam", "guided_backprop"):
        expected = explainer.explain(image, model="plain", layer="last", target=2, method=method)
        found = explainer.explain(image, model="mine", layer="inner.last", target=2, method=method)
        np.testing.assert_allclose(found.cam, expected.cam, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(
    "change",
    [
        lambda scores: {"heads": {"kind": scores, "age": scores[:, :1]}},
        lambda scores: {"kind": (scores, scores), "age": scores[:, :1]},
        lambda scores: {f"kind {number}": one for number, one in enumerate(scores[0])},
        lambda scores: {f"kind {number}": scores[:, number, None] for number in range(scores.shape[1])},
    ],
    ids=["a dict in a dict", "tuples in a dict", "a number for each class", "a row for each class"],
)
def test_what_a_refusal_says_to_write_picks_the_scores(explainer: Explainer, change: Any) -> None:
    network = Adapter(change)
    with pytest.raises(OutputError) as caught:
        explainer.add_model("mine", network, transform=SMALL)
    code = re.search(r"lambda out: .*?(?=, lambda|\.$)", str(caught.value))
    assert code is not None
    explainer.add_model("mine", network, transform=SMALL, logits=eval(code[0], {"torch": torch}))  # noqa: S307
    explainer.add_model("plain", network.inner, transform=SMALL)
    found, expected = (explainer.explain(noise(32, 32), model=name, target=1) for name in ("mine", "plain"))
    assert found.target.probability == pytest.approx(expected.target.probability, rel=1e-5)


@pytest.mark.parametrize("labelled", [False, True])
def test_of_features_and_scores_those_are_taken_that_are_as_many_as_the_labels(
    explainer: Explainer, labelled: bool
) -> None:
    """Without labels the first: so most networks return them, and a note says which were taken."""
    pooled = Adapter(lambda scores: (torch.cat([scores.cos(), scores.sin()], 1), scores))
    classes = pooled(SMALL.encode(noise(32, 32))[0])[1].shape[1]
    names = [f"class {number}" for number in range(classes)] if labelled else None
    explainer.add_model("mine", pooled, transform=SMALL, labels=names)
    found = explainer.explain(noise(32, 32), model="mine")
    assert f"its scores are taken from out[{int(labelled)}]" in found.notes[0]
    assert "`logits=`" in found.notes[0]
    picked = pooled(SMALL.encode(noise(32, 32))[0])[int(labelled)].softmax(1)[0]
    assert found.top[0].probability == pytest.approx(float(picked.max().detach()), rel=1e-5)


def test_labels_may_come_one_by_one(explainer: Explainer) -> None:
    """What gives them is used up by whoever counts them."""
    network = SmallNetwork()
    classes = network(SMALL.encode(noise(32, 32))[0]).shape[1]
    explainer.add_model("mine", network, transform=SMALL, labels=(f"kind {number}" for number in range(classes)))
    assert explainer.labels("mine") == tuple(f"kind {number}" for number in range(classes))


@pytest.mark.parametrize("squeezed", [False, True])
def test_one_logit_has_two_sides(explainer: Explainer, squeezed: bool) -> None:
    image, network = noise(32, 32), Adapter(lambda z: z[:, 0] if squeezed else z, classes=1)
    explainer.add_model("mine", network, labels=["cat"], transform=SMALL)
    no, yes = (explainer.explain(image, model="mine", target=side) for side in (0, 1))
    z = float(network(SMALL.encode(image)[0]).detach())
    assert (no.target.label, yes.target.label) == ("not cat", "cat")
    assert yes.target.probability == pytest.approx(1 / (1 + np.exp(-z)), rel=1e-5)
    assert no.target.probability + yes.target.probability == pytest.approx(1)
    np.testing.assert_array_equal(no.cam, -yes.cam)
    assert np.abs(yes.cam).max() > 0
    assert explainer.labels("mine") == ("not cat", "cat")


def test_labels_of_their_own_are_judged_each_by_itself(explainer: Explainer) -> None:
    image, network = noise(32, 32), SmallNetwork()
    with torch.no_grad():
        network.head.bias.copy_(torch.tensor([5.0, 4.0, -5.0, 0.0, 3.0, 1.0]))
    explainer.add_model("mine", network, labels=LABELS, transform=SMALL, head="sigmoid")
    e = explainer.explain(image, model="mine")
    expected = torch.sigmoid(network(SMALL.encode(image)[0]))[0].detach()
    for one in e.top:
        assert one.probability == pytest.approx(float(expected[one.index]), rel=1e-5)
    assert sum(one.probability for one in e.top) > 1.5
    assert any("each class by itself" in note for note in e.notes)
    # the checks read the same head: with nothing hidden each class has the probability that the map shows
    changes = Examiner(explainer).without(e, np.pad(np.ones((4, 4), bool), ((0, 28), (0, 28))))
    for change in changes:
        assert change.prediction.probability == pytest.approx(float(expected[change.prediction.index]), rel=1e-4)
    curves = Examiner(explainer).curves(e, steps=2)
    assert curves.deletion.values[0] == pytest.approx(e.target.probability, rel=1e-4)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (LABELS[:5], "names 5 classes, expected 6"),
        ([*LABELS, "gnu"], "names 7 classes, expected 6"),
        ("ant", "names 1 classes, expected 6"),
        ([*LABELS[:5], 7], "holds 7, expected texts"),
    ],
)
def test_labels_that_do_not_fit(explainer: Explainer, labels: Any, words: str) -> None:
    with pytest.raises(ModelError, match=f"`labels` {words}"):
        explainer.add_model("mine", SmallNetwork(), labels=labels, transform=SMALL)
    assert "mine" not in [info.name for info in explainer.models()]


def test_what_cannot_be_a_model(explainer: Explainer) -> None:
    for wrong in (lambda x: x, "resnet50", None):
        with pytest.raises(ModelError, match=r"expected a torch\.nn\.Module"):
            explainer.add_model("mine", wrong)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"`head` 'sofmax' is unknown\. Did you mean 'softmax'"):
        explainer.add_model("mine", SmallNetwork(), transform=SMALL, head="sofmax")
    with pytest.raises(ModelError, match="'logit' is for one output, but the model has 6"):
        explainer.add_model("mine", SmallNetwork(), transform=SMALL, head="logit")
    with pytest.raises(ModelError, match="'softmax' makes 100 % of any single output; use 'logit'"):
        explainer.add_model("mine", SmallNetwork(1), transform=SMALL, head="softmax")
    with pytest.raises(ModelError, match=r"cannot take an input of shape \(1, 3, 224, 224\): RuntimeError"):
        explainer.add_model("mine", nn.Sequential(nn.Flatten(), nn.Linear(12, 2)))
    assert explainer._own == {}


def test_threads_with_models_of_their_own_get_what_one_alone_gets(explainer: Explainer) -> None:
    image = noise(32, 32)
    expected = Explainer(device="cpu")
    expected.add_model("mine", SmallNetwork(), transform=SMALL)
    # seeding is the whole process's: networks that are built at the same time would differ
    networks = [SmallNetwork() for _ in range(24)]
    answers = [expected.explain(image, model="mine", target=target).cam for target in range(6)]

    def job(index: int) -> Any:
        explainer.add_model(f"mine{index}", networks[index], transform=SMALL, private=True)
        cam = explainer.explain(image, model=f"mine{index}", target=index % 6).cam
        explainer.remove_model(f"mine{index}")
        return cam

    found = in_threads([partial(job, index) for index in range(24)])
    assert all(np.array_equal(cam, answers[index % 6]) for index, cam in enumerate(found))
    assert explainer._own == {}


# --- names that are numbers, and names in a dict

NUMBERS = ["0", "1", "10", "2", "3", "4"]


def test_of_a_text_that_is_a_label_the_label_is_meant(explainer: Explainer) -> None:
    explainer.add_model("mine", SmallNetwork(), labels=NUMBERS, transform=SMALL)
    image = noise(32, 32)
    for target, index, label in (
        ("10", 2, "10"),
        ("2", 3, "2"),
        (" 0 ", 0, "0"),
        (2, 2, "10"),
        (3, 3, "2"),
        (5, 5, "4"),
    ):
        found = explainer.explain(image, model="mine", target=target).target
        assert (found.index, found.label) == (index, label)
    assert explainer.explain(image, model="mine", target="10", rival="2").rivals[0].index == 3
    with pytest.raises(TargetError, match=r"'5' is no label of mine, .* as an index it is the class '4'; give"):
        explainer.explain(image, model="mine", target="5")
    with pytest.raises(TargetError, match="11 is out of range: mine knows the classes 0 to 5"):
        explainer.explain(image, model="mine", target="11")


@pytest.mark.parametrize(
    "labels",
    [
        dict(enumerate(LABELS)),
        {str(index): label for index, label in reversed([*enumerate(LABELS)])},
        {label: index for index, label in enumerate(LABELS)},
    ],
)
def test_labels_by_index_and_by_name(labels: Any, explainer: Explainer) -> None:
    explainer.add_model("mine", SmallNetwork(), labels=labels, transform=SMALL)
    assert explainer.labels("mine") == tuple(LABELS)


def test_names_of_folders_that_are_numbers_are_names() -> None:
    folders = {"0": 0, "1": 1, "10": 2, "2": 3}
    assert given_names(folders) == ("0", "1", "10", "2")
    assert given_names({"1": 0, "0": 1}) == ("1", "0")


@pytest.mark.parametrize("by", [lambda index, name: (index, name), lambda index, name: (name, index)])
def test_a_column_of_a_table_is_read_by_its_indices_and_not_in_its_order(by: Any) -> None:
    rows = [by(index, name) for index, name in enumerate(LABELS)][::-1]
    column = pandas.Series([value for _, value in rows], index=[key for key, _ in rows])
    assert given_names(column) == tuple(LABELS)
    assert given_names(pandas.Series(LABELS)) == tuple(LABELS)
    assert given_names(pandas.Series(LABELS).unique()) == tuple(LABELS)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (set(LABELS), "`labels` is a set, which has no order"),
        ({0: "a", 2: "b"}, "from 0 on to a name, but 1 is missing"),
        ({"a": "b"}, "or every name to its index"),
    ],
)
def test_labels_without_an_order(labels: Any, words: str, explainer: Explainer) -> None:
    with pytest.raises(ModelError, match=words):
        explainer.add_model("mine", SmallNetwork(), labels=labels, transform=SMALL)


@pytest.mark.parametrize(("classes", "head"), [(6, "softmax"), (1, "logit")])
def test_a_module_is_copied_once_however_its_scores_are_read(
    classes: int, head: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    original = own.copy.deepcopy

    def counted(*given: Any) -> Any:
        made.append(given[0])
        return original(*given)

    monkeypatch.setattr(own.copy, "deepcopy", counted)
    network, explainer = SmallNetwork(classes=classes), Explainer(device="cpu")
    explainer.add_model("mine", network, input_size=32, head=head)
    assert [one for one in made if one is network] == [network]
    # once it has been let go it is copied anew, and answers the same
    first = explainer.explain(noise(32, 32), model="mine")
    explainer._let_go()
    again = explainer.explain(noise(32, 32), model="mine")
    assert len([one for one in made if one is network]) == 2
    np.testing.assert_array_equal(again.cam, first.cam)
