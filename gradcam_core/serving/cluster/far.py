"""What a page holds in the place of an Explainer: it knows all names, and asks replicas for what is computed.

Public names: `FarExplainer`, `FarServices`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, partial
from pathlib import Path
from typing import Any, cast

from ...checks import Examiner
from ...description import Answer, Description
from ...engine.watch import NOBODY, Watch
from ...explainer import Explainer
from ...explanation import Explanation
from ...languages import Finding, language_now
from ...models import LoadedModel
from ...models.base import ModelSpec
from ...models.labels_file import read_labels
from ...reading.archive import MAX_ARCHIVE_BYTES
from ...reading.photograph import ImageSource, Photograph
from ...reading.uploads import Carried, Upload
from ...request import Request
from ...text_explainer import TextExplainer
from ...types import ModelInfo
from ..auditing import Stand
from ..endpoint import Endpoint, in_language_of
from ..lanes import BESIDE, CHEAP, COSTLY, LOADING, Lane, Lanes
from ..room import MAX_WEIGHTS
from ..services import Services
from .asking import Asking, in_parts
from .parcel import Handed
from .replica import Opened, Recipe, elsewhere

__all__ = ["FarExplainer", "FarServices"]


def _spec(info: ModelInfo, **options: Any) -> ModelSpec:
    """A model that only replicas can load."""
    return ModelSpec(info.name, info.title, info.source, elsewhere, elsewhere, elsewhere, lambda: True, **options)


@dataclass(frozen=True, eq=False)
class FarModel(LoadedModel):
    """What is known of a model that is loaded elsewhere."""

    asked: Callable[..., Any] = elsewhere

    @cached_property
    def stride(self) -> Any:
        """What the sides of its inputs must be multiples of; raises DeviceError."""
        return self.asked("stride", self.name, key=self.name)

    @classmethod
    def of(cls, model: LoadedModel, identity: object, asked: Callable[..., Any]) -> FarModel:
        """`model`, as a replica tells of it."""
        known = {one.name: getattr(model, one.name) for one in fields(model)}
        return cls(**(known | {"identity": identity}), asked=asked)


@dataclass(frozen=True, eq=False)
class FarAnswer(Answer):
    """An answer that was computed elsewhere."""

    asked: Callable[..., Any] = elsewhere

    def chance(self, target: int | str) -> Any:
        """One answer with its probability; raises TargetError."""
        return self.asked("chance", self.photograph, self.question, self.request.model, target)

    def words_for(self, target: int | str) -> Any:
        """The words of the question with how much each speaks for `target`; raises TargetError."""
        return self.asked("words_for", self.photograph, self.question, self.request.model, target)


class FarExplainer(Explainer):
    """An Explainer that loads and computes nothing itself; `opened` says which models of the host there are."""

    def __init__(self, asking: Asking, opened: Opened, **options: Any) -> None:
        super().__init__(**options)
        self.asking = asking
        self._added.specs = {info.name: _spec(info) for info in opened.models}

    def asked(self, request: Request) -> LoadedModel:
        """What is known of the model of `request`; raises ModelError, TextError."""
        return self.sights(request)[0]

    def sights(self, request: Request) -> tuple[LoadedModel, ...]:
        """The same for each of its input sizes whose maps are to agree; raises ModelError, TextError."""
        self._check(request)
        return tuple(self._ask("sights", request, key=request.model or ""))

    def answer_all(
        self, image: ImageSource | Photograph | None, requests: Iterable[Request], *, watch: Watch = NOBODY
    ) -> tuple[Explanation, ...]:
        """`answer` to each of the `requests` about one image, in order."""
        requests = list(requests)
        for request in requests:
            self._check(request)
        return self._ask("explainer.answer_all", Handed.of(image), requests, watch=watch)

    def describe(
        self,
        image: ImageSource | Photograph | None,
        *,
        model: str | None = None,
        caption: str | None = None,
        watch: Watch = NOBODY,
    ) -> Description:
        """The network's caption of an image, or how likely each word of one's own `caption` is."""
        asked = {"model": model, "caption": caption}
        return self._ask("explainer.describe", Handed.of(image), watch=watch, options=asked)

    def ask(self, image: ImageSource | Photograph | None, question: str, *, model: str | None = None) -> Answer:
        """The most probable answers to a question about an image."""
        found = self._ask("ask", Handed.of(image), question, model)
        known = {one.name: getattr(found, one.name) for one in fields(found)}
        return FarAnswer(**known, asked=self._ask)

    def how_far(self, model: str) -> Finding:
        """What the loading of `model` is at."""
        return self._ask("explainer.how_far", self._found(model).name, key=self._found(model).name)

    def add_checkpoint(  # type: ignore[override]
        self,
        path: Upload,
        architecture: str,
        labels: Sequence[str] | Mapping[Any, Any] | Upload | None = None,
        *,
        name: str,
        usable: Callable[[], bool],
        private: bool = True,
        max_bytes: int = MAX_WEIGHTS,
        **options: Any,
    ) -> ModelInfo:
        """Offer a visitor's own weights under `name`; raises as `Explainer.add_checkpoint` does."""
        self._check_free(name)
        weights = path.read(limit=max_bytes)
        if isinstance(labels, (str, Path, Upload)):
            labels = read_labels(labels)
        self.asking.keep(name, Recipe(path.name, weights, architecture, labels, options), usable)
        try:
            info = self._ask("added", name)
        except BaseException:
            self.asking.forget(name)
            raise
        with self._added.lock:
            self._added.specs = {**self._own, name: _spec(info, private=private, usable=usable)}
        return info

    def remove_model(self, name: str) -> None:
        """Forget a model that was added; raises ModelError."""
        super().remove_model(name)
        self.asking.forget(name)

    def _ready(self, spec: ModelSpec) -> LoadedModel:
        def load() -> LoadedModel:
            found = self._ask("load", spec.name, key=spec.name)
            return FarModel.of(found, spec.identity, self._ask)

        return self._models.get(spec.identity, load)

    def _check(self, request: Request) -> None:
        """Raises ModelError where whoever asks may not use the model."""
        if request.model is not None:
            self._found(request.model)

    @property
    def _ask(self) -> Callable[..., Any]:
        return partial(self.asking.ask, self)


def _far(name: str) -> Any:
    """A method of an examiner that a replica computes."""

    def method(self: Any, explanation: Explanation, *values: Any, watch: Watch = NOBODY, **options: Any) -> Any:
        explainer = self.explainer
        return explainer.asking.ask(explainer, name, explanation, *values, watch=watch, options=options)

    return method


class FarExaminer(Examiner):
    """Asks replicas whether a map holds."""

    ask_place = _far("examiner.ask_place")
    curves = _far("examiner.curves")
    deletion_and_insertion = _far("examiner.deletion_and_insertion")
    hidden_pictures = _far("examiner.hidden_pictures")
    hide_and_look = _far("examiner.hide_and_look")
    probabilities_without = _far("examiner.probabilities_without")
    sanity = _far("examiner.sanity")
    without = _far("examiner.without")


class FarTexts(TextExplainer):
    """Asks replicas about texts."""

    def __init__(self, explainer: FarExplainer) -> None:
        super().__init__(device="cpu")
        self.explainer = explainer

    answer = _far("texts.answer")
    check = _far("texts.check")


def _archive(value: Any) -> Any:
    """What replicas on other machines can read; raises UploadError."""
    return Carried(value.name, value.read(limit=MAX_ARCHIVE_BYTES)) if isinstance(value, Upload) else value


# how files travel, by the kind of an input
CARRIED: dict[str, Callable[[Any], Any]] = {"archive": _archive, "image": Handed.of}
# a page on Ray computes nothing, so it lets many in: they wait for a replica, and Ray starts more by how many wait
LANES = {
    CHEAP: Lane(run=32, wait=512, of_address=256, of_visitor=64),
    COSTLY: Lane(run=8, wait=64, of_address=32, of_visitor=16),
    LOADING: Lane(run=8, wait=32, of_address=16, of_visitor=4),
    BESIDE: Lane(run=2, wait=512, of_address=256, of_visitor=64),
}


@dataclass(frozen=True, eq=False)
class FarServices(Services):
    """What a page works with where replicas compute."""

    @classmethod
    def of(cls, explainer: Explainer, texts: TextExplainer | None = None) -> Services:
        """All of them around a FarExplainer."""
        # only `connected` makes one, around what it has connected
        far = cast(FarExplainer, explainer)
        return cls(far, FarExaminer(far), texts or FarTexts(far), lanes=Lanes(LANES, gives_way=False))

    def audited(
        self, uploads: Sequence[Upload | Carried], folder: str, watch: Watch, **options: Any
    ) -> Iterator[Stand]:
        """Look at a folder on one of the replicas: see `auditing.audited`."""
        explainer: Any = self.explainer
        sent = [_archive(one) for one in uploads]
        ask = partial(explainer.asking.ask, explainer, "audited", sent, language_now(), options=options)
        return in_parts(ask, watch)

    def bound(self, endpoint: Endpoint) -> Callable[..., Any]:
        """The endpoint as a plain function, which a replica answers; pictures come back as PNG."""
        if not endpoint.queued:
            return endpoint.bound(self)

        def function(
            *values: Any, watch: Watch = NOBODY, visitor: str | None = None, key: str = "", **named: Any
        ) -> Any:
            given = endpoint.signature.bind(*values, **named)
            given.apply_defaults()
            carried = {one.name: CARRIED[one.kind] for one in endpoint.inputs if one.kind in CARRIED}
            explainer: Any = self.explainer
            with in_language_of(given.arguments):
                options = {
                    name: carried[name](value) if name in carried else value for name, value in given.arguments.items()
                }
                return explainer.asking.ask(
                    explainer, f"endpoint.{endpoint.name}", key=key, watch=watch, options=options
                )

        return function
