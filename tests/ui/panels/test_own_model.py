"""A visitor's own weights on the page: for this visitor alone, and nothing left behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.models import get_model

from gradcam_core import Explainer, ModelError
from gradcam_core.models import DEFAULT_MODEL
from gradcam_core.reading.uploads import Upload
from gradcam_core.serving import shelf as module
from gradcam_core.serving.services import Services
from gradcam_core.serving.shelf import Shelf
from gradcam_core.ui import build
from gradcam_core.ui.handlers import Controls
from gradcam_core.ui.panels.downloads import FILES, _file
from gradcam_core.ui.panels.own_model import own_model_panel
from gradcam_core.ui.parts import Page
from tests.helpers import noise

ARCHITECTURE = "squeezenet1_1"


class Visitor:
    """The area on a page of its own, and what its button gives `who`, by the component's name."""

    def __init__(self, explainer: Explainer, folder: Path) -> None:
        self.who, self.folder = "anna", folder
        with gr.Blocks() as blocks:
            menu = gr.Dropdown(["x"], elem_id="menu")
            shelf = Shelf(explainer, visitor=lambda: self.who)
            self.mine = gr.State(("", None), delete_callback=lambda owned: shelf.leave(*owned))
            own_model_panel(Page(blocks, Services.of(explainer)), menu, shelf, self.mine)
        for block in blocks.blocks.values():
            if isinstance(block, gr.File):
                block.GRADIO_CACHE = str(folder)
        (self.event,) = (event for event in blocks.fns.values() if event.targets[0][1] == "click")

    def load(
        self, weights: str | None, name: str, labels: str | None, *described: str, head: str = ""
    ) -> dict[str, Any]:
        files = [None if path is None else Upload(path, str(self.folder)) for path in (weights, labels)]
        answer = self.event.fn(files[0], name, files[1], *described, head)
        # no file is chosen any more, for it is deleted
        assert answer[self.event.inputs[0]] is None
        assert answer[self.event.inputs[2]] is None
        return {block.elem_id or type(block).__name__ + str(block._id): value for block, value in answer.items()}


@pytest.fixture
def weights(tmp_path: Path) -> Callable[[], str]:
    """Gives the path of a file of its own with random weights for five classes."""
    torch.manual_seed(2)
    network = get_model(ARCHITECTURE, weights=None, num_classes=5)

    def make() -> str:
        path = tmp_path / "fruit.pt"
        torch.save(network.state_dict(), path)
        return str(path)

    return make


def test_weights_without_an_architecture_ask_for_one(weights: Callable[[], str], tmp_path: Path) -> None:
    path = weights()
    answer = Visitor(Explainer(device="cpu"), tmp_path).load(path, " ", None, "", "", "")
    assert "Say which architecture these weights were trained in" in answer["own-note"]
    assert not Path(path).exists()


def test_the_name_of_the_file_tells_the_architecture(weights: Callable[[], str], tmp_path: Path) -> None:
    path = Path(weights()).rename(tmp_path / "my-SqueezeNet1_1-fruit.pt")
    answer = Visitor(Explainer(device="cpu"), tmp_path).load(str(path), " ", None, "", "", "")
    assert "5 classes" in answer["own-note"]
    assert not path.exists()


def test_a_model_is_chosen_and_its_file_deleted(weights: Callable[[], str], tmp_path: Path) -> None:
    explainer = Explainer(device="cpu")
    visitor = Visitor(explainer, tmp_path)
    labels = tmp_path / "names.txt"
    labels.write_text("apple\npear\nplum\nfig\nkiwi", "utf-8")
    path = weights()
    answer = visitor.load(path, ARCHITECTURE, str(labels), "64", "0.5, 0.5, 0.5", "")
    assert not Path(path).exists()
    assert not labels.exists()
    name = answer["menu"]["value"]
    assert answer["menu"]["choices"][0] == ("fruit · only for you", name)
    assert len(answer["menu"]["choices"]) > 1500
    assert "status" in answer["own-note"]
    explanation = explainer.explain(noise(70, 70), model=name, target="plum")
    assert f"fruit ({ARCHITECTURE}) gives “plum”" in explanation.sentence
    # nobody else is told of it
    assert name not in str(explainer.models())
    with pytest.raises(ModelError) as caught:
        explainer.load(name[:-1])
    assert name not in str(caught.value)
    # and it is forgotten with its visitor
    visitor.mine.delete_callback((name, visitor.who))
    with pytest.raises(ModelError, match="is unknown"):
        explainer.load(name)


def test_another_model_takes_the_place_of_the_first_and_a_failure_does_not(
    weights: Callable[[], str], tmp_path: Path
) -> None:
    explainer = Explainer(device="cpu")
    visitor = Visitor(explainer, tmp_path)
    first = visitor.load(weights(), ARCHITECTURE, None, "64", "", "")["menu"]["value"]
    path = weights()
    answer = visitor.load(path, "resnet18", None, "", "", "")
    assert "menu" not in answer
    assert "does not fit `architecture`" in answer["own-note"].replace("&#x27;", "'")
    assert not Path(path).exists()
    assert explainer.explain(noise(60, 60), model=first).model == first
    second = visitor.load(weights(), ARCHITECTURE, None, "64", "", "")["menu"]["value"]
    assert explainer.load(second).title.startswith("fruit")
    with pytest.raises(ModelError, match="is unknown"):
        explainer.load(first)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((None, ARCHITECTURE, None, "", "", ""), "choose a file first"),
        (("", ARCHITECTURE, None, "x", "", ""), "must be a whole number of pixels"),
        (("", ARCHITECTURE, None, "", "0.5 0.5", ""), "must be three numbers with commas"),
        (("", ARCHITECTURE, None, "", "", "0.5, 0.5"), "must be three numbers above 0"),
        (("", "", None, "", "", ""), "which architecture these weights were trained in"),
        (("", "nonsense", None, "", "", ""), "is not a classifier of torchvision"),
    ],
)
def test_what_is_wrong_is_said_and_the_file_deleted(
    given: Any, words: str, weights: Callable[[], str], tmp_path: Path
) -> None:
    explainer = Explainer(device="cpu")
    path = None if given[0] is None else weights()
    answer = Visitor(explainer, tmp_path).load(path, *given[1:])
    assert words in answer["own-note"]
    assert "alert" in answer["own-note"]
    assert path is None or not Path(path).exists()
    assert explainer.explain(noise(60, 60)).model == DEFAULT_MODEL


def save(path: Path, network: nn.Module) -> str:
    torch.save(network.state_dict(), path)
    return str(path)


@pytest.mark.parametrize(
    ("classes", "labels", "head", "named", "exclusive"),
    [
        (5, "a\nb\nc\nd\ne", "", "abcde", True),
        (5, "a\nb\nc\nd\ne", "sigmoid", "abcde", False),
        (1, "cat", "", ("not cat", "cat"), True),
        (1, "", "logit", ("no", "yes"), True),
        (1, "cat", "sigmoid", ("cat",), False),
    ],
)
def test_what_the_scores_decide_can_be_chosen(
    classes: int, labels: str, head: str, named: Any, exclusive: bool, tmp_path: Path
) -> None:
    torch.manual_seed(2)
    network = get_model(ARCHITECTURE, weights=None, num_classes=classes).eval()
    (tmp_path / "names.txt").write_text(labels, "utf-8")
    names = str(tmp_path / "names.txt") if labels else None
    explainer = Explainer(device="cpu")
    path = save(tmp_path / "mine.pt", network)
    name = Visitor(explainer, tmp_path).load(path, ARCHITECTURE, names, "64", "", "", head=head)["menu"]["value"]
    assert explainer.labels(name) == tuple(named)
    e = explainer.explain(noise(70, 70), model=name, target=len(named) - 1)
    with torch.no_grad():
        scores = network(explainer.inputs(e))[0]
    expected = scores.sigmoid() if classes == 1 or not exclusive else scores.softmax(-1)
    assert e.target.probability == pytest.approx(float(expected[-1]), rel=1e-5)
    assert e.exclusive == exclusive
    assert any("need not sum" in note for note in e.notes) == (not exclusive)


def test_a_head_that_does_not_fit_is_refused(weights: Callable[[], str], tmp_path: Path) -> None:
    answer = Visitor(Explainer(device="cpu"), tmp_path).load(weights(), ARCHITECTURE, None, "64", "", "", head="logit")
    assert "is for one output, but the model has 5" in answer["own-note"]


def test_a_file_above_the_limit_is_refused_and_deleted(
    weights: Callable[[], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = weights()
    monkeypatch.setattr(module, "MAX_WEIGHTS", Path(path).stat().st_size - 1)
    answer = Visitor(Explainer(device="cpu"), tmp_path).load(path, ARCHITECTURE, None, "", "", "")
    assert "the limit is" in answer["own-note"]
    assert not Path(path).exists()


def test_after_a_failure_no_file_is_left(weights: Callable[[], str], tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("one", "utf-8")
    Visitor(Explainer(device="cpu"), tmp_path).load(weights(), ARCHITECTURE, str(tmp_path / "names.txt"), "", "", "")
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("own_models", [True, False])
def test_it_can_be_switched_off(own_models: bool, explainer: Explainer) -> None:
    ids = {getattr(block, "elem_id", None) for block in build(explainer, own_models=own_models).blocks.values()}
    assert {"model", "layer"} <= ids
    assert ("own-model" in ids, "own-load" in ids) == (own_models, own_models)


def test_a_full_server_says_so(weights: Callable[[], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "MAX_MODELS", 1)
    visitor = Visitor(Explainer(device="cpu"), tmp_path)
    assert "menu" in visitor.load(weights(), ARCHITECTURE, None, "64", "", "")
    # one's own may be replaced
    assert "menu" in visitor.load(weights(), ARCHITECTURE, None, "64", "", "")
    visitor.who = "bert"
    assert "has no room for more" in visitor.load(weights(), ARCHITECTURE, None, "64", "", "")["own-note"]


def test_downloads_carry_the_title_and_not_the_name_that_nobody_else_knows(
    weights: Callable[[], str], tmp_path: Path
) -> None:
    explainer = Explainer(device="cpu")
    name = Visitor(explainer, tmp_path).load(weights(), ARCHITECTURE, None, "64", "", "")["menu"]["value"]
    picture = tmp_path / "noise.png"
    Image.fromarray(noise(60, 60)).save(picture)
    shown = Controls.of(str(picture), "", model=name, target="3")  # type: ignore[arg-type]
    ending, make = FILES["file.map"]
    path = Path(_file(explainer, ending, make, str(tmp_path), None, shown))
    assert path.name == f"fruit-{ARCHITECTURE}_3_for_map.npy"
    assert name not in str(path)
    ending, make = FILES["file.report"]
    assert name not in Path(_file(explainer, ending, make, str(tmp_path), None, shown)).read_text("utf-8")
