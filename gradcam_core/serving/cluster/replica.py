"""What computes: one Explainer behind the table of endpoints, as a replica of Ray Serve.

Public names: `AT`, `FOUND`, `LACKS`, `Opened`, `PART`, `REFUSED`, `Recipe`, `Replica`,
`Report`, `elsewhere`.

It knows nothing of Ray but that calls arrive and reports leave: see `connecting` for the rest.
"""

from __future__ import annotations

import asyncio
import inspect
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Lock
from typing import Any, TypeAlias

from PIL import Image
from torch import nn

from ...canvases.render import png_of
from ...description import Answer
from ...engine.cache import ByteCache
from ...engine.watch import Watch
from ...errors import CamError, ModelError
from ...languages import in_language
from ...models import LoadedModel
from ...models.catalogue import Offer
from ...reading.photograph import Photograph
from ...reading.uploads import Carried
from ...remembering import DEFAULT_TTL_SECONDS, PHOTOGRAPH_SHARE
from ...request import Request
from ...types import MEGABYTE, ModelInfo
from ..auditing import Stand
from ..demo import Demo, explainer_for, prepared, warm_up
from ..endpoints import ENDPOINTS
from ..services import Services
from ..shelf import MAX_MODELS
from . import parcel

__all__ = ["AT", "FOUND", "LACKS", "PART", "REFUSED", "Opened", "Recipe", "Replica", "Report", "elsewhere"]

# how far it is, (done, count), or a part of the answer, as bytes; in the end what was found, as bytes, or a CamError,
# or the photograph that is missing
AT, PART, FOUND, REFUSED, LACKS = "at", "part", "found", "refused", "lacks"
Report: TypeAlias = "tuple[str, Any]"
SECONDS_BETWEEN_REPORTS = 0.1
# the private models that whoever asks now may use
usable_now: ContextVar[frozenset[str]] = ContextVar("usable_now", default=frozenset())


class LacksError(Exception):
    """A photograph that was not sent along is not, or no longer, remembered here."""


@dataclass(frozen=True)
class Opened:
    """What a page has to know before it is laid out: how it differs from the usual one, and the host's models."""

    demo: Demo
    models: tuple[ModelInfo, ...]


@dataclass(frozen=True)
class Recipe:
    """A visitor's own model: what `Explainer.add_checkpoint` makes it of, on every replica that is asked about it."""

    file: str
    weights: bytes
    architecture: str
    labels: Any
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Speaks:
    """What a page has to know of a model that takes words."""

    task: str
    labels: tuple[str, ...]
    word_layer: str | None


class Replica:
    """Answers what pages ask; `options` are those of the command line, `fetch` gives what a reference stands for.

    `at_once` questions are computed beside each other. Raises CamError.
    """

    def __init__(self, options: Mapping[str, Any], at_once: int, fetch: Callable[[Any], Any]) -> None:
        cache_bytes = options["cache_mb"] * MEGABYTE
        explainer = explainer_for(options)
        # examples are the page's
        demo = prepared({**options, "examples": ()}, explainer)
        self.services = Services.of(explainer.offering(demo.offer))
        own = explainer.offering(Offer(only=True)).models_first()
        self._opened = Opened(demo, own)
        self._photographs: ByteCache[Photograph] = ByteCache(int(cache_bytes * PHOTOGRAPH_SHARE), DEFAULT_TTL_SECONDS)
        self._fetch = fetch
        self._name = secrets.token_hex(8)
        self._under_way = 0
        # visitors' own models, the longest unused first
        self._private: dict[str, ModelInfo] = {}
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="answer")
        self._endpoints = {endpoint.name: endpoint for endpoint in ENDPOINTS}
        warm_up(explainer, demo)

    async def answer(
        self, question: bytes, photographs: Mapping[str, bytes], private: Mapping[str, Any]
    ) -> AsyncIterator[Report]:
        """How far the answer to a packed (name, values, named values) is, and in the end the answer.

        `photographs` are sent along where this one may lack them; `private` has references to the visitor's own models
        that the question is about. Whoever closes it ends what is computed.
        """
        stop, loop = Event(), asyncio.get_running_loop()
        reports: asyncio.Queue[Report | None] = asyncio.Queue()
        last = 0.0

        def at(done: int, count: int) -> None:
            nonlocal last
            if time.monotonic() - last >= SECONDS_BETWEEN_REPORTS:
                last = time.monotonic()
                loop.call_soon_threadsafe(reports.put_nowait, (AT, (done, count)))

        def part(found: bytes) -> None:
            loop.call_soon_threadsafe(reports.put_nowait, (PART, found))

        watch = Watch(at, stop)
        work = loop.run_in_executor(
            self._threads, copy_context().run, self._found, question, photographs, private, watch, part
        )
        self._under_way += 1

        def ended(_: Any) -> None:
            self._under_way -= 1
            reports.put_nowait(None)

        work.add_done_callback(ended)
        try:
            while (report := await reports.get()) is not None:
                yield report
            yield await work
        finally:
            stop.set()

    def _found(
        self,
        question: bytes,
        photographs: Mapping[str, bytes],
        private: Mapping[str, Any],
        watch: Watch,
        part: Callable[[bytes], object],
    ) -> Report:
        try:
            usable_now.set(frozenset(private))
            for name, reference in private.items():
                self._put(name, reference)
            name, values, named = parcel.unpacked(
                question, self.services.explainer, lambda digest: self._photograph(digest, photographs)
            )
            found = self._function(name)
            told = {"watch": watch} if "watch" in inspect.signature(found).parameters else {}
            answer = found(*values, **named, **told)
            if isinstance(answer, Iterator):
                for one in answer:
                    part(parcel.packed(one)[0])
                answer = None
            sent, _ = parcel.packed(answer)
        except CamError as error:
            return REFUSED, error
        except LacksError as error:
            return LACKS, error.args[0]
        return FOUND, sent

    def _function(self, name: str) -> Callable[..., Any]:
        """What a question is answered by: "explainer.answer_all", "examiner.sanity", "endpoint.explain", "opened"."""
        part, _, rest = name.partition(".")
        if not rest:
            return getattr(self, part)
        if part == "endpoint":
            return self._endpoint(rest)
        return getattr(getattr(self.services, part), rest)

    def _endpoint(self, name: str) -> Callable[..., Any]:
        def answer(watch: Watch, **values: Any) -> Any:
            found = self._endpoints[name].answer(self.services, watch=watch, **values)
            parts = found if isinstance(found, tuple) else (found,)
            # as files they are a tenth of what their pixels are, and the page has no work with them
            sent = tuple(png_of(part) if isinstance(part, Image.Image) else part for part in parts)
            return sent if isinstance(found, tuple) else sent[0]

        return answer

    def _photograph(self, digest: str, sent: Mapping[str, bytes]) -> Photograph:
        def make() -> Photograph:
            if digest not in sent:
                raise LacksError(digest)
            return parcel.photograph(sent[digest], digest)

        return self._photographs.get(digest, make)

    def _put(self, name: str, reference: Any) -> None:
        """Make sure that a visitor's own model is here."""
        with self._lock:
            if name in self._private:
                self._private[name] = self._private.pop(name)
                return
            recipe = self._fetch(reference)
            with TemporaryDirectory() as folder:
                file = Path(folder, Path(recipe.file).name)
                file.write_bytes(recipe.weights)
                info = self.services.explainer.add_checkpoint(
                    file, recipe.architecture, recipe.labels, name=name, private=True,
                    usable=lambda: name in usable_now.get(), **recipe.options,
                )  # fmt: skip
            self._private[name] = info
            while len(self._private) > MAX_MODELS:
                oldest = next(iter(self._private))
                del self._private[oldest]
                self.services.explainer.remove_model(oldest)

    # what pages ask for besides endpoints and what explains

    def opened(self) -> Opened:
        """What a page has to know before it is laid out."""
        return self._opened

    def audited(self, uploads: Sequence[Carried], language: str, watch: Watch, **options: Any) -> Iterator[Stand]:
        """How far an audit is, again and again: see `Services.audited`."""
        with in_language(language), TemporaryDirectory() as folder:
            yield from self.services.audited(uploads, folder, watch, **options)

    def who(self) -> str:
        """Which one answers."""
        return self._name

    def busy(self) -> int:
        """How many questions it computes, this one among them."""
        return self._under_way

    def added(self, name: str) -> ModelInfo:
        """A visitor's own model, which came along with the question."""
        return self._private[name]

    def load(self, model: str) -> LoadedModel:
        """What is known of a model, without what it is run with; raises ModelError."""
        return bare(self.services.explainer.load(model))

    def sights(self, request: Request) -> tuple[LoadedModel, ...]:
        """The same of the models of a request; raises ModelError, TextError."""
        return tuple(map(bare, self.services.explainer.sights(request)))

    def stride(self, model: str) -> Any:
        """What the sides of a model's inputs must be multiples of; raises ModelError, DeviceError."""
        return self.services.explainer.load(model).stride

    def ask(self, image: Photograph, question: str, model: str | None) -> Answer:
        """What is answered to a question, without what it was computed from; raises as `Explainer.ask`."""
        left_out: dict[str, Any] = {"_model": None, "_capture": None}
        return replace(self.services.explainer.ask(image, question, model=model), **left_out)

    def chance(self, image: Photograph, question: str, model: str | None, target: int | str) -> Any:
        """One of the answers to a question; raises as `Explainer.ask`, TargetError."""
        return self.services.explainer.ask(image, question, model=model).chance(target)

    def words_for(self, image: Photograph, question: str, model: str | None, target: int | str) -> Any:
        """The words of a question, valued for one of its answers; raises as `Explainer.ask`, TargetError."""
        return self.services.explainer.ask(image, question, model=model).words_for(target)


def elsewhere(*_: Any) -> Any:
    """Stands where a page would have to compute. Raises ModelError."""
    raise ModelError("cluster.not_here")


def bare(model: LoadedModel) -> LoadedModel:
    """`model` without what it is run with."""
    speech = model.speech
    told: Any = None if speech is None else Speaks(speech.task, speech.labels, speech.word_layer)
    left_out: dict[str, Any] = {"preprocessing": None, "identity": None, "gates": {}, "beside": {}, "parts": None}
    head = replace(model.head, probabilities=elsewhere, classes=elsewhere)
    return replace(model, network=nn.Identity(), speech=told, head=head, score=elsewhere, **left_out)
