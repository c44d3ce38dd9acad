"""What a page asks of replicas is what an explainer of its own would answer, whatever is lost on the way."""

from __future__ import annotations

import asyncio
import inspect
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from gradcam_core import CamError, Examiner, Explainer, ModelError, StoppedError
from gradcam_core.engine.watch import Watch
from gradcam_core.errors import ServingError
from gradcam_core.languages import Finding, in_language, say
from gradcam_core.models import find_architecture
from gradcam_core.reading.uploads import Carried, Upload
from gradcam_core.serving import auditing
from gradcam_core.serving.cluster import asking, parcel
from gradcam_core.serving.cluster.asking import Asking
from gradcam_core.serving.cluster.far import FarExaminer, FarExplainer, FarServices
from gradcam_core.serving.cluster.replica import Report
from gradcam_core.serving.demo import Demo
from gradcam_core.serving.endpoints import ENDPOINTS
from gradcam_core.serving.inputs import REQUIRED
from gradcam_core.serving.services import Services
from gradcam_core.serving.shelf import Shelf
from tests.pictures import zipped

from .replicas import ReplicasHere, jpeg

TABLE = {endpoint.name: endpoint for endpoint in ENDPOINTS}
TEXT = "정말 재미있는 영화, 또 보고 싶다"
GIVEN = {"image": jpeg(1), "text": TEXT, "question": "what colour is it?", "x": 40, "y": 30}
GIVEN["archive"] = Carried("all.zip", zipped(("1.jpg", jpeg(1)), ("2.jpg", jpeg(2))))
GIVEN["strokes"] = [{"points": [[40, 30]], "radius": 9}]


@pytest.fixture(scope="module")
def replicas() -> ReplicasHere:
    return ReplicasHere()


@pytest.fixture(scope="module")
def far(replicas: ReplicasHere) -> Iterator[Services]:
    asked = Asking(replicas)
    first = FarExplainer(asked, asked_opened(asked), device="cpu", engine="torch", cache_mb=100)
    yield FarServices.of(first.offering(Demo().offer))
    asked.close()


def asked_opened(asked: Asking) -> Any:
    from gradcam_core.serving.cluster.replica import Opened

    opened = asked.ask(Explainer(device="cpu", cache_mb=1), "opened")
    assert opened == Opened(Demo(), ())
    return opened


@pytest.fixture(scope="module")
def near(explainer: Explainer) -> Services:
    return Services.of(explainer.offering(Demo().offer))


def pixels(picture: Any) -> Any:
    """A picture, as file or not, as numbers."""
    opened = Image.open(BytesIO(picture)) if isinstance(picture, bytes) else picture
    return np.asarray(opened.convert("RGB"))


@pytest.mark.parametrize("endpoint", [one for one in ENDPOINTS if one.queued], ids=lambda one: one.name)
def test_every_endpoint_answers_the_same(endpoint: Any, far: Services, near: Services) -> None:
    given = {one.name: GIVEN[one.name] for one in endpoint.inputs if one.default is REQUIRED}
    found, known = far.bound(endpoint)(**given), near.bound(endpoint)(**given)
    if not {"file", "picture"} & {*endpoint.returns.values()}:
        assert found == known
        return
    for kind, one, other in zip(endpoint.returns.values(), found, known, strict=True):
        # of a report the minute differs, of rows when the copies were made
        same = {"file": type(one) is type(other) is bytes, "record": one == other}
        assert np.array_equal(pixels(one), pixels(other)) if kind == "picture" else same[kind]


WRONG = {
    "no photograph": ("explain", {"image": b"nothing"}),
    "none at all": ("explain", {"image": None}),
    "no such class": ("explain", {"image": jpeg(1), "target": "nowhere"}),
    "no such model": ("check", {"image": jpeg(1), "model": "resnet05"}),
    "no such layer": ("ask_place", {"image": jpeg(1), "x": 1, "y": 1, "layer": "nowhere"}),
    "a place outside": ("ask_place", {"image": jpeg(1), "x": 4000, "y": 1}),
    "no number": ("ask_place", {"image": jpeg(1), "x": "one", "y": 1}),
    "an empty text": ("explain_text", {"text": " "}),
}


@pytest.mark.parametrize(("name", "given"), WRONG.values(), ids=WRONG)
def test_what_is_refused_is_refused_in_the_same_words(
    name: str, given: dict[str, Any], far: Services, near: Services
) -> None:
    with pytest.raises(CamError) as known:
        near.bound(TABLE[name])(**given)
    with pytest.raises(type(known.value)) as found:
        far.bound(TABLE[name])(**given)
    assert str(found.value) == str(known.value)


def test_the_page_is_told_all_that_it_shows(far: Services, near: Services) -> None:
    image = jpeg(2)
    for target, rival in ((None, None), (281, "auto")):
        found = far.explainer.explain(image, target=target, rival=rival)
        known = near.explainer.explain(image, target=target, rival=rival)
        assert np.array_equal(found.cam, known.cam)
        assert found.record() == known.record()
        assert np.array_equal(np.asarray(found.overlay()), np.asarray(known.overlay()))
        assert far.examiner.ask_place(found, 40, 30) == near.examiner.ask_place(known, 40, 30)
    assert far.examiner.hide_each([found, None]) == near.examiner.hide_each([known, None])
    assert far.explainer.layers() == near.explainer.layers()
    assert far.explainer.labels() == near.explainer.labels()
    assert far.explainer.default_layer() == near.explainer.default_layer()
    assert far.explainer.load().stride == near.explainer.load().stride
    assert far.explainer.models_first() == near.explainer.models_first()


def test_whatever_an_examiner_is_asked_is_computed_elsewhere() -> None:
    asked = {name for name, value in vars(Examiner).items() if inspect.isfunction(value) and not name.startswith("_")}
    # these two ask the others
    assert asked - {"hide_each", "strip"} == {name for name in vars(FarExaminer) if not name.startswith("_")}


def test_so_it_is_with_words(far: Services, near: Services) -> None:
    image, question = jpeg(3), "is there a dog?"
    found, known = (one.explainer.describe(image) for one in (far, near))
    assert found.record() == known.record()
    assert found.explain(0).record() == known.explain(0).record()
    word = found.explain(0)
    assert far.explainer.network_of(word).word == near.explainer.network_of(known.explain(0)).word
    answered, expected = (one.explainer.ask(image, question) for one in (far, near))
    assert answered.record() == expected.record()
    other = expected.top[1].index
    assert answered.words_for(other) == expected.words_for(other)
    assert answered.chance(other) == expected.chance(other)
    assert answered.explain(other).record() == expected.explain(other).record()
    assert far.texts.explain(TEXT, contrast=True).record() == near.texts.explain(TEXT, contrast=True).record()
    checks = (one.texts.check(one.texts.explain(TEXT)) for one in (far, near))
    assert asdict(next(checks)) == asdict(next(checks))  # type: ignore[call-overload]


def test_a_photographs_questions_go_to_one_replica_and_its_file_travels_once(
    far: Services, replicas: ReplicasHere
) -> None:
    asked = far.explainer.asking  # type: ignore[attr-defined]
    replicas.answered.clear()
    for seed in range(10, 16):
        image, before = jpeg(seed, 600, 800), asked.sent
        for target in (None, 1, 2, 3):
            far.explainer.explain(image, target=target)
        questions = [count for (_, key), count in replicas.answered.items() if key == parcel.Handed.of(image).digest]
        assert questions == [4]
        assert len(image) < asked.sent - before < len(image) + 4 * 1500
    # both have work
    assert {index for index, _ in replicas.answered} == {0, 1}


def test_where_a_replica_is_lost_another_one_is_asked_and_whoever_waits_is_told(
    far: Services, near: Services, replicas: ReplicasHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PAUSE_SECONDS", 0.01)
    image = jpeg(4)
    known = near.explainer.explain(image)
    far.explainer.explain(image)
    told: list[tuple[Any, ...]] = []
    replicas.losses = 2
    found = far.explainer.explain(image, target=known.target.index, watch=Watch(lambda *said: told.append(said)))
    assert replicas.losses == 0
    assert np.array_equal(found.cam, known.cam)
    assert [one for _, _, *said in told for one in said] == [Finding("cluster.asked_again")] * 2
    replicas.losses = 99
    with pytest.raises(ServingError, match="does not answer"):
        far.explainer.explain(image)
    replicas.losses = 0
    assert np.array_equal(far.explainer.explain(image).cam, known.cam)


def test_a_photograph_that_is_no_longer_remembered_is_sent_again(far: Services, replicas: ReplicasHere) -> None:
    image = jpeg(5)
    first = far.explainer.explain(image)
    for replica in replicas.replicas:
        replica._photographs.clear()
    # without the file: the page has read it
    assert np.array_equal(far.explainer.explain(first.photograph).cam, first.cam)


def test_progress_and_stop_pass_through(far: Services, replicas: ReplicasHere, near: Services) -> None:
    stop, told = Event(), list[tuple[int, int]]()

    def progress(done: int, count: int) -> None:
        told.append((done, count))
        if done:
            stop.set()

    before = time.monotonic()
    with pytest.raises(StoppedError):
        far.bound(TABLE["explain"])(jpeg(6), method="scorecam", watch=Watch(progress, stop))
    known = list[tuple[int, int]]()
    with pytest.raises(StoppedError):
        near.bound(TABLE["explain"])(
            jpeg(6),
            method="scorecam",
            watch=Watch(lambda *at: known.append(at) or (at[0] and ended.set()), ended := Event()),
        )
    assert told[-1][1] == known[-1][1] > 100
    # all of it would take minutes, and the replica ends it too
    assert time.monotonic() - before < 60
    for replica in replicas.replicas:
        replica._threads.submit(int).result(timeout=30)


def test_one_that_waits_for_nothing_is_stopped_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        async def reports(self, *_: Any) -> Any:
            await asyncio.sleep(600)
            yield "at", (0, 1)

        def is_loss(self, error: BaseException) -> bool:
            return False

    asked, stop = Asking(Silent()), Event()  # type: ignore[arg-type]
    stop.set()
    with pytest.raises(StoppedError):
        asked.ask(Explainer(device="cpu", cache_mb=1), "opened", watch=Watch(stop=stop))
    asked.close()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Upload]:
    """A visitor's file, as often as it is handed in: it is deleted once it is read."""
    folder = tmp_path_factory.mktemp("handed in")
    network = find_architecture("timm/test_resnet").build(3, 64)
    assert isinstance(network, nn.Module)

    def handed() -> Upload:
        path = Path(folder, f"{os.urandom(4).hex()}.pt")
        torch.save(network.state_dict(), path)
        return Upload(str(path), str(folder))

    return handed


def test_a_visitors_own_model_is_that_visitors_alone_and_survives_its_replica(
    far: Services, replicas: ReplicasHere, weights: Callable[[], Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PAUSE_SECONDS", 0.01)
    visitor = "anna"
    shelf = Shelf(far.explainer, visitor=lambda: visitor)
    name = shelf.put(weights(), "timm/test_resnet")
    replicas.answered.clear()
    first = far.explainer.explain(jpeg(7), model=name)
    assert far.bound(TABLE["explain"])(jpeg(8), model=name)[2]["request"]["model"] == first.model_title
    # its questions go where it is, whatever the photograph
    assert len({index for index, _ in replicas.answered}) == 1
    assert len(far.explainer.labels(name)) == 3
    replicas.losses = 1
    assert np.array_equal(far.explainer.explain(jpeg(7), model=name).cam, first.cam)
    # the replica has it, and yet nobody else may ask it
    visitor = "eve"
    for ask in (far.explainer.explain, far.bound(TABLE["explain"])):
        with pytest.raises(ModelError, match="is unknown"):
            ask(jpeg(7), model=name)
    visitor = "anna"
    shelf.take_away(name)
    with pytest.raises(ModelError, match="is unknown"):
        far.explainer.explain(jpeg(7), model=name)


def test_what_is_wrong_with_a_visitors_model_is_said(far: Services, weights: Callable[[], Upload]) -> None:
    shelf = Shelf(far.explainer, visitor=lambda: "anna")
    with pytest.raises(ModelError) as said:
        shelf.put(weights(), "resnet18")
    assert "resnet18" in str(said.value)
    assert not far.explainer.asking._private  # type: ignore[attr-defined]


def test_a_folder_is_told_of_while_a_replica_looks_at_it(
    far: Services, near: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "SECONDS_BETWEEN", 0.0)
    place = tmp_path / "all.zip"
    place.write_bytes(zipped(*((f"{seed}.jpg", jpeg(seed)) for seed in range(4)), ("labels.csv", b"0.jpg,tench")))
    handed = [Upload(str(place), str(tmp_path))]
    with in_language("ko"):
        *told, last = far.audited(handed, str(tmp_path), Watch())
        *_, known = near.audited(handed, str(tmp_path), Watch())
    assert [(one.done, one.count) for one in told] == [(done, 4) for done in range(5)]
    assert [row.name for row in told[-1].rows] == [f"{seed}.jpg" for seed in range(4)]
    assert [row.map for row in last.rows] == [row.map for row in known.rows]
    assert last.record == known.record
    # when the copies were written stands in the tables
    assert (say(last.finding), last.table[:4]) == (say(known.finding), known.table[:4])
    assert '<html lang="ko"' in last.report.decode()
    # nothing of it stays here
    assert [one.name for one in tmp_path.iterdir()] == ["all.zip"]


def test_whoever_leaves_a_folder_or_stops_it_ends_it(far: Services, replicas: ReplicasHere, tmp_path: Path) -> None:
    place = tmp_path / "all.zip"
    place.write_bytes(zipped(*((f"{seed}.jpg", jpeg(seed)) for seed in range(200))))
    handed = [Upload(str(place), str(tmp_path))]
    begun = far.audited(handed, str(tmp_path), Watch())
    assert next(begun).count == 200
    begun.close()  # type: ignore[attr-defined]
    stop = Event()
    stopped = far.audited(handed, str(tmp_path), Watch(stop=stop))
    assert next(stopped).count == 200
    stop.set()
    with pytest.raises(StoppedError):
        list(stopped)
    until = time.monotonic() + 60
    while any(one.busy() for one in replicas.replicas):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_whoever_waits_when_it_is_closed_hears_that_there_is_no_answer() -> None:
    begun = Event()

    class Silent:
        """Never reports."""

        async def reports(self, *_: Any) -> AsyncIterator[Report]:
            begun.set()
            await asyncio.sleep(600)
            yield "never", None

        def is_loss(self, error: BaseException) -> bool:
            return False

        def keep(self, value: Any) -> Any:
            return value

    asked = Asking(Silent())
    with ThreadPoolExecutor(1) as visitor:
        waiting = visitor.submit(asked.ask, Explainer(device="cpu", cache_mb=1), "opened")
        assert begun.wait(60)
        asked.close()
        with pytest.raises(ServingError, match="does not answer"):
            waiting.result(60)
