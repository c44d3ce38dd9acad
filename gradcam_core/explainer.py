"""`Explainer`: all that a user interface or a script needs, in one object for any number of threads.

Usage:

    explainer = Explainer()
    explanation = explainer.explain("cat.jpg", target="tabby")
    explanation.overlay().save("why.png")
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .answers import Answers
from .captures import Captures
from .compare import Comparison, compared
from .description import Answer, Description
from .engine.cache import ByteCache
from .engine.capture import Capture
from .engine.engines import runner_for
from .engine.forecast import Bound
from .engine.inputs import Inputs, first_of
from .engine.runner import Decision, Runner
from .engine.watch import NOBODY, Watch
from .errors import ModelError, OptionError, OutputError
from .explanation import Explanation
from .models import DEFAULT_ANSWERER, DEFAULT_CAPTIONER, LoadedModel
from .models.catalogue import Catalogue, Offer
from .models.spoken import Describing
from .reading.photograph import ImageSource, Photograph, content_of, digest_of, read_photograph
from .request import AUTO, WORDED, Request, takes_options
from .types import MEGABYTE, Placement

__all__ = ["Explainer"]

# captions that are searched side by side
BEAM = 3

DEFAULT_CACHE_MB = 1024
DEFAULT_TTL_SECONDS = 3600.0
# photographs are cheap to decode again, captures are not: a quarter of the budget is theirs
PHOTOGRAPH_SHARE = 0.25
# what the allocator cannot use between things that are still kept (measured: tests.benchmarks, memory)
FRAGMENTS_SHARE = 0.1


class Explainer(Catalogue):
    """Explains what image classifiers see; the only long-lived object of the core.

    `device` is "auto", "cuda", "mps" or "cpu"; `cache_mb` bounds what photographs and captures are kept, for
    at most `cache_ttl` seconds, so that another class, layer or method needs no forward pass. `borrow` is a decorator
    under which a GPU is there for one call, such as `spaces.GPU`: all else is computed on the CPU then. `engine` is
    "auto", to run networks on OpenVINO where they are proved to answer the same there, or "torch". A pass of an input
    that is larger than a network's own may take no more than `bound`, None for any.
    Raises DeviceError, OptionError.
    """

    def __init__(
        self,
        *,
        device: str | torch.device = AUTO,
        cache_mb: float = DEFAULT_CACHE_MB,
        cache_ttl: float = DEFAULT_TTL_SECONDS,
        borrow: Callable[[Callable[..., Any]], Callable[..., Any]] | None = None,
        engine: str = AUTO,
        bound: Bound | None = None,
    ) -> None:
        self._runner = runner_for(device, engine, borrow, lambda name, detail: self.load(name, detail=detail))
        super().__init__(self._runner.device, self._runner.copies, bound)
        for name, value in (("cache_mb", cache_mb), ("cache_ttl", cache_ttl)):
            if not isinstance(value, (int, float)) or not value >= 0 or (name == "cache_mb" and math.isinf(value)):
                raise OptionError("explainer.negative", name=name, value=value)
        photograph_bytes = int(cache_mb * MEGABYTE * PHOTOGRAPH_SHARE)
        result_bytes = int(cache_mb * MEGABYTE * (1 - PHOTOGRAPH_SHARE - FRAGMENTS_SHARE))
        self._photographs: ByteCache[Photograph] = ByteCache(photograph_bytes, cache_ttl)
        self._captures = Captures(self._runner, result_bytes, cache_ttl, self._let_go)
        self._answers = Answers(self._runner, self._captures, self.sights)

    def offering(self, offer: Offer) -> Explainer:
        """The same networks, and all that is remembered of them, for somebody who may use no more than `offer` says."""
        view = copy.copy(self)
        view._offer = offer
        view._answers = Answers(self._runner, self._captures, view.sights)
        return view

    def apart(self, megabytes: float) -> Explainer:
        """The same networks with a memory of its own, so that a long row of photographs takes nobody's place in this.

        What it remembers takes no more than so many `megabytes`.
        """
        view = copy.copy(self)
        view._photographs = ByteCache(int(megabytes * MEGABYTE * PHOTOGRAPH_SHARE), DEFAULT_TTL_SECONDS)
        most = int(megabytes * MEGABYTE * (1 - PHOTOGRAPH_SHARE))
        view._captures = Captures(self._runner, most, DEFAULT_TTL_SECONDS)
        view._answers = Answers(self._runner, view._captures, view.sights)
        return view

    @property
    def runner(self) -> Runner:
        """What runs the networks."""
        return self._runner

    @property
    def device(self) -> torch.device:
        """Where networks are kept."""
        return self._runner.device

    def warm_up(self, model: str | None = None, *, seconds: float | None = None) -> Decision:
        """Load `model`, explain a grey picture, and wait until it is decided what the model runs on.

        Not longer than so many `seconds`; the decision is made all the same. Raises ModelError.
        """
        loaded = self.load(model)
        height, width = loaded.preprocessing.input_shape[-2:]
        explanation = self.explain(np.full((height, width, 3), 128, np.uint8), model=model)
        return self._runner.decide(loaded, self.given(explanation), seconds)

    def photograph(self, image: ImageSource | Photograph | None) -> Photograph:
        """The image upright in RGB, decoded once; raises ImageError."""
        if isinstance(image, Photograph):
            return image
        # a file is read once: its fingerprint must be that of what is decoded
        content = content_of(image)
        digest = digest_of(content)
        return self._photographs.get(digest, partial(read_photograph, content, digest))

    @takes_options(but=WORDED)
    def explain(self, image: ImageSource | Photograph | None, *, watch: Watch = NOBODY, **options: Any) -> Explanation:
        """Explain one class of one image.

        `image` is a path, bytes, a PIL image or an (H, W, 3) uint8 RGB array. None of these needs to be given:

        OPTIONS

        With `counterfactual` the weights are negated. With a `rival` the map is of the difference of two logits: why
        the target rather than that class; several classes count with their mean (Finer-CAM, arXiv:2501.11309). With
        `detail` the network is given twice as many pixels a side. It was trained on fewer, so its probabilities
        change: `Explanation.usual` has those of its own size. So it is with all of the photograph, `view` "whole". A
        `sharper` map keeps the probabilities. Networks that take one size only refuse all three.

        Only the first question about an image costs a forward pass, unless the method's `cost` says otherwise;
        then `watch` is told how far it is and can stop it. Raises CamError of the kind that fits:
        ImageError, ModelError, LayerError, TargetError, MethodError, OptionError, OutputError, StoppedError.
        """
        return self.answer(image, Request.parse(**options), watch=watch)

    @takes_options(but=("layer", "target", "counterfactual", *WORDED))
    def explain_many(
        self,
        image: ImageSource | Photograph | None,
        *,
        layers: Iterable[str | None] = (None,),
        targets: Iterable[int | str | None] = (None,),
        counterfactuals: Iterable[bool] = (False,),
        watch: Watch = NOBODY,
        **options: Any,
    ) -> tuple[Explanation, ...]:
        """Explain every combination of `layers`, `targets` and `counterfactuals` of one image.

        In that order, the last varying fastest, each the same as `explain` gives it, from one forward pass
        and one backward pass a class, however many offered layers are asked for. Raises as `explain` does.

        OPTIONS
        """
        request = Request.parse(**options)
        combinations = itertools.product(layers, targets, counterfactuals)
        requests = [request.replace(layer=one, target=of, counterfactual=side) for one, of, side in combinations]
        return self.answer_all(image, requests, watch=watch)

    @takes_options(but=("layer", "target", "method", *WORDED))
    def compare(
        self,
        image: ImageSource | Photograph | None,
        *,
        targets: Sequence[int | str | None] = (None,),
        methods: Sequence[str | None] = (None,),
        layers: Sequence[str | None] = (None,),
        models: Sequence[str | None] = (),
        watch: Watch = NOBODY,
        **options: Any,
    ) -> Comparison:
        """Explain every combination of `targets`, `methods`, `layers` and `models` as a grid; at most two have several.

        The first of these with several is the grid's rows, the second its columns. A cell whose method does not
        go with its layer or side says why instead of failing all. Raises as `explain` does, the first cell's error
        where no cell has a map, and MethodError where more than two have several, or one has none. Without `models`
        there is one, `model`.

        OPTIONS
        """

        def answered(request: Request, part: Watch) -> Explanation:
            return self.answer(image, request, watch=part)

        request = Request.parse(**options)
        return compared(answered, request, targets, methods, layers, models or [request.model], watch)

    def describe(
        self, image: ImageSource | Photograph | None, *, model: str | None = None, caption: str | None = None
    ) -> Description:
        """The network's caption of an image, word by word, or how likely each word of one's own `caption` is.

        `model` is one of `models("caption")`, None for the embedded one. Each word can be explained:
        `Description.explain`. Raises ImageError, ModelError, TextError.
        """
        photograph = self.photograph(image)
        request = Request(model=model or DEFAULT_CAPTIONER, caption=caption)
        written = () if request.caption else self._captions(photograph, request)
        chosen = request if request.caption else request.replace(caption=written[0])
        bound = self.asked(chosen)
        seen = self._captures.seen(bound, photograph, bound.default.name)
        return Description.of(self, photograph, chosen, bound, seen.capture.logits.detach(), written)

    def ask(self, image: ImageSource | Photograph | None, question: str, *, model: str | None = None) -> Answer:
        """The most probable answers to a question about an image, and how much each word of the question matters.

        `model` is one of `models("answer")`, None for the embedded one. Each answer can be explained: `Answer.explain`.
        Raises ImageError, ModelError, TextError.
        """
        photograph = self.photograph(image)
        request = Request(model=model or DEFAULT_ANSWERER, question=question)
        bound = self.asked(request)
        seen = self._captures.seen(bound, photograph, bound.default.name)
        return Answer.of(self, photograph, request, bound, seen.capture)

    def _captioned(self, photograph: Callable[[], Photograph], request: Request) -> Request:
        """The request with a caption, the model's own where none is given and it writes some."""
        if request.caption or request.question or not isinstance(self.load(request.model).speech, Describing):
            return request
        return request.replace(caption=self._captions(photograph(), request)[0])

    def _captions(self, photograph: Photograph, request: Request) -> tuple[str, ...]:
        """What the model of `request` writes itself, the best first."""
        model = self.load(request.model)
        if not isinstance(model.speech, Describing):
            raise ModelError("model.no_captions", model=model.title)
        speech, image = model.speech, partial(self._captures.given, model, photograph)
        key = ("captions", *model.key, photograph.digest)
        written = self._captures.remembered(key, lambda: speech.written(first_of(image()), BEAM))
        if not written.captions:
            raise OutputError("caption.nothing_written", model=model.title)
        return written.captions

    def answer(self, image: ImageSource | Photograph | None, request: Request, *, watch: Watch = NOBODY) -> Explanation:
        """What `explain` answers to the options of `request`."""
        return self.answer_all(image, [request], watch=watch)[0]

    def answer_all(
        self, image: ImageSource | Photograph | None, requests: Iterable[Request], *, watch: Watch = NOBODY
    ) -> tuple[Explanation, ...]:
        """`answer` to each of the `requests` about one image, in order, from as few passes as possible."""
        shown = partial(self.photograph, image)
        return self._answers.to(shown, (self._captioned(shown, request) for request in requests), watch)

    def capture(self, explanation: Explanation) -> Capture:
        """The forward pass that `explanation` was made from, run again only where it is no longer remembered."""
        model = self.network_of(explanation)
        return self._captures.seen(model, explanation.photograph, explanation.layer).capture

    def inputs(self, explanation: Explanation) -> Tensor:
        """(1, 3, H, W) input that the model of `explanation` was given."""
        return first_of(self.given(explanation))

    def given(self, explanation: Explanation) -> Inputs:
        """All that the model of `explanation` was given, by name."""
        return self._captures.given(self.network_of(explanation), explanation.photograph)

    def network_of(self, explanation: Explanation) -> LoadedModel:
        """The model of `explanation` at the input size that it was asked about."""
        return self.asked(explanation.request)

    def every_size(self, explanation: Explanation) -> tuple[tuple[LoadedModel, Inputs, Placement], ...]:
        """The models whose maps made that of `explanation`, with what each was given and where that lies.

        One alone, but where several sizes agree on a sharper map.
        """
        photograph = explanation.photograph
        return tuple((model, *self._captures.encoded(model, photograph)) for model in self.sights(explanation.request))

    def remembered(self, key: Hashable, make: Callable[[], Any], watch: Watch = NOBODY) -> Any:
        """`make()`, which has `nbytes`, computed once for `key` as long as there is room.

        Where somebody else who asked for the same stopped it, it is begun again. Raises what `make` raises.
        """
        return self._captures.remembered(key, make, watch)

    def _let_go(self) -> None:
        """Make room: what is in use stays alive through whoever uses it."""
        self._captures.clear()
        super()._let_go()

    def _forget(self, identity: object) -> None:
        self._captures.forget(identity)
