"""Visitors' own models: for one visitor alone, in few places, and forgotten once nobody uses them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torchvision.models import get_model

from gradcam_core import Explainer, ModelError
from gradcam_core.engine.forecast import Bound
from gradcam_core.reading.uploads import Upload
from gradcam_core.serving import shelf as module
from gradcam_core.serving.shelf import MAX_MODELS, SECONDS_KEPT, SECONDS_SURE, Shelf

from ..helpers import SmallNetwork, noise, small_spec


class Uncostly(Explainer):
    """An explainer whose uploads are a small network at once, so that nothing has to be read."""

    def add_checkpoint(self, path: Any, architecture: str, labels: Any = None, **options: Any) -> Any:  # type: ignore[override]
        if architecture == "none":
            raise ModelError("engine.failed", error="There is no such architecture.")
        self.while_reading()
        return self.add_model(
            options["name"], SmallNetwork(), transform=small_spec("x", SmallNetwork()).preprocessing(),
            title=options["title"], private=options["private"], usable=options["usable"],
        )  # fmt: skip

    def while_reading(self) -> None:
        """Something may happen meanwhile."""


class Visits:
    """A shelf, its clock, and who asks."""

    def __init__(self) -> None:
        self.who: str | None = "anna"
        self.seconds = 0.0
        self.explainer = Uncostly(device="cpu")
        self.shelf = Shelf(self.explainer, visitor=lambda: self.who, now=lambda: self.seconds)

    def put(self, who: str) -> str:
        self.who = who
        return self.shelf.put(Upload("fruit.pt", ""), "resnet18")

    def use(self, who: str | None, name: str) -> bool:
        self.who = who
        try:
            self.explainer.load(name)
        except ModelError:
            return False
        return True


@pytest.fixture
def visits() -> Visits:
    return Visits()


def test_a_name_is_of_no_use_to_anybody_else(visits: Visits) -> None:
    name = visits.put("anna")
    assert visits.use("anna", name)
    assert not visits.use("bert", name)
    assert not visits.use(None, name)
    assert len(name) >= 32
    assert visits.shelf.title(name) == "fruit"
    assert name != visits.put("bert")


def test_a_model_is_handed_over_by_its_name_and_stays_as_its_first_visitor_leaves(visits: Visits) -> None:
    name = visits.put("anna")
    visits.who = "anna again"
    assert visits.shelf.hand_over(name)
    assert not visits.shelf.hand_over("no such name")
    visits.shelf.leave(name, "anna")
    visits.shelf.leave("", None)
    assert visits.use("anna again", name)
    assert not visits.use("anna", name)
    visits.shelf.leave(name, "anna again")
    assert not visits.use("anna again", name)


def test_records_and_messages_hold_the_title_and_never_the_name(visits: Visits) -> None:
    name = visits.put("anna")
    explanation = visits.explainer.explain(noise(40, 40), model=name)
    assert name not in str(explanation.record())
    assert explanation.record()["request"]["model"] == "fruit (resnet18)"
    assert name not in explanation.sentence
    visits.who = "bert"
    for near in (name[:-1], name[1:], name.swapcase(), "fruit"):
        with pytest.raises(ModelError) as caught:
            visits.explainer.load(near)
        assert name not in str(caught.value)
    assert name not in str(visits.explainer.models_first())


def test_what_nobody_uses_is_forgotten_and_what_somebody_uses_is_not(visits: Visits) -> None:
    used, unused = visits.put("anna"), visits.put("bert")
    for _ in range(4):
        visits.seconds += SECONDS_KEPT / 2
        assert visits.use("anna", used)
        visits.shelf.sweep()
    assert not visits.use("bert", unused)
    assert [*visits.explainer._own] == [used]
    # to ask in vain is no use
    visits.seconds += SECONDS_KEPT
    assert not visits.use("bert", used)
    visits.shelf.sweep()
    assert visits.explainer._own == {}


def test_the_shelf_sweeps_by_itself(visits: Visits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS_BETWEEN_SWEEPS", 0.01)
    visits.put("anna")
    visits.seconds = SECONDS_KEPT
    timer = visits.shelf._timer
    while timer is not None:
        timer.join()
        timer = visits.shelf._timer
    assert visits.explainer._own == {}


def test_places_are_few_and_go_to_those_who_use_them(visits: Visits) -> None:
    names = [visits.put(f"visitor {index}") for index in range(MAX_MODELS)]
    with pytest.raises(ModelError, match="has no room for more"):
        visits.put("late")
    # all but the second have gone
    visits.seconds = SECONDS_SURE
    assert visits.use("visitor 1", names[1])
    late = visits.put("late")
    assert visits.use("late", late)
    assert not visits.use("visitor 0", names[0])
    assert visits.use("visitor 1", names[1])
    assert len(visits.explainer._own) == MAX_MODELS


def test_a_visitor_has_one_place(visits: Visits) -> None:
    for index in range(MAX_MODELS - 1):
        visits.put(f"visitor {index}")
    first = visits.put("anna")
    second = visits.put("anna")
    assert (visits.use("anna", first), visits.use("anna", second)) == (False, True)
    with pytest.raises(ModelError, match="no such architecture"):
        visits.shelf.put(Upload("fruit.pt", ""), "none")
    # what fails takes no place, and leaves the old one
    assert visits.use("anna", second)
    assert len(visits.explainer._own) == MAX_MODELS


def test_only_one_at_a_time_is_read_for_a_visitor(visits: Visits, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = []

    def again() -> None:
        monkeypatch.setattr(visits.explainer, "while_reading", lambda: None)
        with pytest.raises(ModelError, match="is still being read") as caught:
            visits.put("anna")
        refused.append(str(caught.value))

    monkeypatch.setattr(visits.explainer, "while_reading", again)
    assert visits.use("anna", visits.put("anna"))
    assert len(refused) == 1


def test_whoever_leaves_while_a_model_is_read_leaves_nothing_behind(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave() -> None:
        for name in [*visits.shelf._places]:
            visits.shelf.take_away(name)

    monkeypatch.setattr(visits.explainer, "while_reading", leave)
    with pytest.raises(ModelError, match="You left"):
        visits.put("anna")
    assert visits.explainer._own == {}


def test_what_is_larger_than_a_visitor_may_ask_for_is_refused_with_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(get_model("resnet18", weights=None, num_classes=3).state_dict(), tmp_path / "fruit.pt")
    explainer = Explainer(device="cpu")
    shelf = Shelf(explainer, visitor=lambda: "anna")
    upload = Upload(str(tmp_path / "fruit.pt"), str(tmp_path))
    words = r"`input_size` 4096 is too large here: .* the limit is 1\.0 GB .* 14\d\d pixels"
    with pytest.raises(ModelError, match=words):
        shelf.put(upload, "resnet18", input_size=4096)
    # as above, but quick to run: 64 pixels fit, twice as many do not
    monkeypatch.setattr(module, "BOUND", Bound(nbytes=4_000_000, operations=10**12))
    with pytest.raises(ModelError, match=r"`input_size` 128 is too large here"):
        shelf.put(upload, "resnet18", input_size=128)
    name = shelf.put(upload, "resnet18", input_size=64)
    assert explainer.load(name).preprocessing.input_shape[-1] == 64
    with pytest.raises(ModelError, match=r"`detail` is not possible .* more than is allowed here"):
        explainer.load(name, detail=True)
