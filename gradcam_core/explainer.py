"""`Explainer`: all that a user interface or a script needs, in one object for any number of threads.

Usage:

    explainer = Explainer()
    explanation = explainer.explain("cat.jpg", target="tabby")
    explanation.overlay().save("why.png")
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .answers import Answers
from .compare import AXES, Comparison, compared
from .description import Answer, Description
from .engine.inputs import first_of
from .engine.runner import Decision
from .engine.watch import NOBODY, Watch
from .errors import ModelError, OutputError
from .explanation import Explanation
from .models import DEFAULT_ANSWERER, DEFAULT_CAPTIONER, LoadedModel
from .models.spoken import Describing, Written, blind_logits
from .models.tasks import task_of_model
from .reading.photograph import ImageSource, Photograph
from .remembering import RememberingCatalogue
from .request import WORDED, Request, as_list
from .signatures import takes_options

__all__ = ["Explainer"]

# captions that are searched side by side
BEAM = 3


class Explainer(RememberingCatalogue):
    """Explains what image classifiers see; the only long-lived object of the core.

    `device` is "auto", "cuda", "mps" or "cpu"; `cache_mb` bounds what photographs and captures are kept, for
    at most `cache_ttl` seconds, so that another class, layer or method needs no forward pass. `borrow` is a decorator
    under which a GPU is there for one call, such as `spaces.GPU`: all else is computed on the CPU then. `engine` is
    "auto", to run networks on OpenVINO where they are proved to answer the same there, or "torch". A pass of an input
    that is larger than a network's own may take no more than `bound`, None for any.
    Raises DeviceError, OptionError.
    """

    def warm_up(self, model: str | None = None, *, seconds: float | None = None, kept_seconds: float = 0.0) -> Decision:
        """Load `model`, find out which sizes it takes, explain a grey picture, and wait until it is decided what the
        model runs on.

        A model that answers questions is asked "what is this?". Not longer than so many `seconds`, or
        `kept_seconds` where the model was converted before and that is on disk; the decision is made all the same.
        Raises ModelError, DeviceError, and TextError for a model that knows none of these words.
        """
        loaded = self.load(model)
        # found out once, when first asked for: nobody who asks about a whole photograph has to wait for it
        _ = loaded.stride
        height, width = loaded.preprocessing.input_shape[-2:]
        request = Request.parse(model=loaded.name, **task_of_model(loaded).trial_options)
        explanation = self.answer(self.photograph(np.full((height, width, 3), 128, np.uint8)), request)
        return self._runner.decide(loaded, self.given(explanation), seconds, kept_seconds)

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
        given = {"layers": layers, "targets": targets, "counterfactuals": counterfactuals}
        combinations = itertools.product(*(as_list(values, name) for name, values in given.items()))
        requests = [request.replace(layer=one, target=of, counterfactual=side) for one, of, side in combinations]
        return self.answer_all(image, requests, watch=watch)

    @takes_options(but=(*AXES, *WORDED))
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
        return compared(
            answered, request, targets, methods, layers, as_list(models, "models") or [request.model], watch
        )

    def describe(
        self,
        image: ImageSource | Photograph | None,
        *,
        model: str | None = None,
        caption: str | None = None,
        watch: Watch = NOBODY,
    ) -> Description:
        """The network's caption of an image, word by word, or how likely each word of one's own `caption` is.

        `model` is one of `models("caption")`, None for the embedded one. Each word can be explained:
        `Description.explain`. A caption is written word by word; `watch` is told how far it is and can stop it. Raises
        ImageError, ModelError, TextError, StoppedError.
        """
        photograph = self.photograph(image)
        request = Request(model=model or DEFAULT_CAPTIONER, caption=caption)
        written = () if request.caption else self._captions(photograph, request, watch)
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

        def blind() -> Tensor:
            # the same whatever the photograph shows
            found: Tensor = self._captures.remembered(("blind", *bound.key), partial(blind_logits, bound))
            return found

        return Answer.of(self, photograph, request, bound, seen.capture, blind)

    def _captioned(self, photograph: Callable[[], Photograph], request: Request, watch: Watch) -> Request:
        """The request with a caption, the model's own where none is given and it writes some."""
        if request.caption or request.question or not isinstance(self.load(request.model).speech, Describing):
            return request
        return request.replace(caption=self._captions(photograph(), request, watch)[0])

    def _captions(self, photograph: Photograph, request: Request, watch: Watch) -> tuple[str, ...]:
        """What the model of `request` writes itself, the best first."""
        model = self.load(request.model)
        if not isinstance(model.speech, Describing):
            raise ModelError("model.no_captions", model=model.title)
        speech = model.speech
        key = ("captions", *model.key, photograph.digest)

        def write() -> Written:
            return speech.written(self._looked(photograph, model), BEAM, watch)

        written = self._captures.remembered(key, write, watch)
        if not written.captions:
            raise OutputError("caption.nothing_written", model=model.title)
        return written.captions

    def _looked(self, photograph: Photograph, model: LoadedModel) -> Tensor:
        """What `model` writes captions of: the photograph, or what the part of it saw that looks."""
        looked = self._captures.looked(model, photograph)
        if model.parts is None:
            return first_of(self._captures.given(model, photograph))
        if looked is not None:
            return model.parts.seen(looked.capture)
        with torch.inference_mode():
            return model.network.get_submodule(model.parts.place)(first_of(self._captures.given(model, photograph)))

    def answer(self, image: ImageSource | Photograph | None, request: Request, *, watch: Watch = NOBODY) -> Explanation:
        """What `explain` answers to the options of `request`."""
        return self.answer_all(image, [request], watch=watch)[0]

    def answer_all(
        self, image: ImageSource | Photograph | None, requests: Iterable[Request], *, watch: Watch = NOBODY
    ) -> tuple[Explanation, ...]:
        """`answer` to each of the `requests` about one image, in order, from as few passes as possible."""
        shown = partial(self.photograph, image)
        answers = Answers(self._runner, self._captures, self.sights)
        return answers.to(shown, (self._captioned(shown, request, watch) for request in requests), watch)
