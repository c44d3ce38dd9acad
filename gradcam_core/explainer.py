"""`Explainer`: all that a user interface or a script needs, in one object for any number of threads.

Usage:

    explainer = Explainer()
    explanation = explainer.explain("cat.jpg", target="tabby")
    explanation.overlay().save("why.png")
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .captures import Captures, Gradients, Seen
from .compare import Cell, Comparison, axes, filled
from .engine.borrowed_gpu import BorrowedRunner
from .engine.cache import ByteCache
from .engine.capture import Capture
from .engine.devices import resolve_device
from .engine.inputs import Inputs, first_of
from .engine.runner import LocalRunner, Runner
from .engine.score import contrast
from .engine.watch import NOBODY, Watch
from .errors import MethodError
from .explanation import Explanation, made_with
from .methods import Method, find_method
from .methods.evidence import Question
from .models import LoadedModel
from .models.catalogue import Catalogue
from .reading.photograph import ImageSource, Photograph, content_of, digest_of, read_photograph
from .request import AUTO, Request, takes_options
from .tasks.classes import prediction, rivals_of, top_predictions
from .types import Placement, Prediction

__all__ = ["Explainer"]

MEGABYTE = 1_000_000
DEFAULT_CACHE_MB = 1024
DEFAULT_TTL_SECONDS = 3600.0
# photographs are cheap to decode again, captures are not: a quarter of the budget is theirs
PHOTOGRAPH_SHARE = 0.25
# what the allocator cannot use between things that are still kept (measured: tests.benchmarks, memory)
FRAGMENTS_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class _Asked:
    """A request whose model, layer and method are known to be there."""

    request: Request
    model: LoadedModel
    method: Method


class Explainer(Catalogue):
    """Explains what image classifiers see; the only long-lived object of the core.

    `device` is "auto", "cuda", "mps" or "cpu"; `cache_mb` bounds what photographs and captures are kept, for
    at most `cache_ttl` seconds, so that another class, layer or method needs no forward pass. `borrow` is a decorator
    under which a GPU is there for one call, such as `spaces.GPU`: all else is computed on the CPU then.
    Raises DeviceError.
    """

    def __init__(
        self,
        *,
        device: str | torch.device = AUTO,
        cache_mb: float = DEFAULT_CACHE_MB,
        cache_ttl: float = DEFAULT_TTL_SECONDS,
        borrow: Callable[[Callable[..., Any]], Callable[..., Any]] | None = None,
    ) -> None:
        self._runner: Runner = _runner(device, borrow, lambda name, detail: self.load(name, detail=detail))
        super().__init__(self._runner.device)
        photograph_bytes = int(cache_mb * MEGABYTE * PHOTOGRAPH_SHARE)
        result_bytes = int(cache_mb * MEGABYTE * (1 - PHOTOGRAPH_SHARE - FRAGMENTS_SHARE))
        self._photographs: ByteCache[Photograph] = ByteCache(photograph_bytes, cache_ttl)
        self._captures = Captures(self._runner, result_bytes, cache_ttl, self._let_go)

    @property
    def runner(self) -> Runner:
        """What runs the networks."""
        return self._runner

    @property
    def device(self) -> torch.device:
        """Where networks are kept."""
        return self._runner.device

    def warm_up(self) -> None:
        """Load the default model and explain a grey picture, so that the first person does not wait for it."""
        height, width = self.load().preprocessing.input_shape[-2:]
        self.explain(np.full((height, width, 3), 128, np.uint8))

    def photograph(self, image: ImageSource | Photograph | None) -> Photograph:
        """The image upright in RGB, decoded once; raises ImageError."""
        if isinstance(image, Photograph):
            return image
        # a file is read once: its fingerprint must be that of what is decoded
        content = content_of(image)
        digest = digest_of(content)
        return self._photographs.get(digest, partial(read_photograph, content, digest))

    @takes_options()
    def explain(self, image: ImageSource | Photograph | None, *, watch: Watch = NOBODY, **options: Any) -> Explanation:
        """Explain one class of one image.

        `image` is a path, bytes, a PIL image or an (H, W, 3) uint8 RGB array. None of these needs to be given:

        OPTIONS

        With `counterfactual` the weights are negated. With a `rival` the map is of the difference of two logits: why
        the target rather than that class; several classes count with their mean (Finer-CAM, arXiv:2501.11309). With
        `detail` the network is given twice as many pixels a side. It was trained on fewer, so its probabilities
        change: `Explanation.usual` has those of its own size. Networks that take one size only refuse it.

        Only the first question about an image costs a forward pass, unless the method's `cost` says otherwise;
        then `watch` is told how far it is and can stop it. Raises CamError of the kind that fits:
        ImageError, ModelError, LayerError, TargetError, MethodError, OptionError, OutputError, StoppedError.
        """
        return self.answer(image, Request.parse(**options), watch=watch)

    @takes_options(but=("layer", "target", "counterfactual"))
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

    @takes_options(but=("layer", "target", "method"))
    def compare(
        self,
        image: ImageSource | Photograph | None,
        *,
        targets: Sequence[int | str | None] = (None,),
        methods: Sequence[str] = ("gradcam",),
        layers: Sequence[str | None] = (None,),
        watch: Watch = NOBODY,
        **options: Any,
    ) -> Comparison:
        """Explain every combination of `targets`, `methods` and `layers` as a grid; at most two have several.

        The first of these with several is the grid's rows, the second its columns. A cell whose method does not
        go with its layer or side says why instead of failing all. Raises as `explain` does, the first cell's error
        where no cell has a map, and MethodError where all three have several, or one has none.

        OPTIONS
        """
        row_axis, rows, column_axis, columns = axes(targets, methods, layers)
        for method in methods:
            find_method(method)
        request, count = Request.parse(**options), len(rows) * len(columns)

        def cell(number: int, asked: Mapping[str, Any]) -> Cell:
            watch.at(number, count)
            return Cell.of(partial(self.answer, image, request.replace(**asked), watch=watch.part(number, count)))

        numbers = itertools.count()
        cells = [[cell(next(numbers), {**row, **column}) for column in columns] for row in rows]
        watch.at(count, count)
        return filled(row_axis, rows, column_axis, columns, cells)

    def answer(self, image: ImageSource | Photograph | None, request: Request, *, watch: Watch = NOBODY) -> Explanation:
        """What `explain` answers to the options of `request`."""
        return self.answer_all(image, [request], watch=watch)[0]

    def answer_all(
        self, image: ImageSource | Photograph | None, requests: Iterable[Request], *, watch: Watch = NOBODY
    ) -> tuple[Explanation, ...]:
        """`answer` to each of the `requests` about one image, in order, from as few passes as possible."""
        asked = [self._asked(request) for request in requests]
        photograph = self.photograph(image)
        sharing: dict[Hashable, list[_Asked]] = {}
        for one in asked:
            sharing.setdefault(self._captures.key(one.model, photograph, str(one.request.layer)), []).append(one)
        found: dict[Hashable, Explanation] = {}
        for members in sharing.values():
            found |= self._answers(photograph, members, watch)
        return tuple(found[one.request.key()] for one in asked)

    def _asked(self, request: Request) -> _Asked:
        """The request with its model, layer and target by name and number; raises what a wrong one raises."""
        method = find_method(request.method)
        model = self.load(request.model, detail=request.detail)
        layer = model.default.name if request.layer is None else request.layer
        model.layer_modules(layer)
        target = None if request.target is None else model.class_index(request.target)
        if not method.of_class and (request.counterfactual or request.rival is not None):
            raise MethodError(
                f"`method` {method.key!r} looks at no class, so nothing in its map speaks against one or for one"
                " rather than another; choose 'gradcam', or switch counterfactual and rival off."
            )
        return _Asked(request.replace(model=model.name, layer=layer, target=target), model, method)

    def _answers(self, photograph: Photograph, asked: Sequence[_Asked], watch: Watch) -> dict[Hashable, Explanation]:
        """The answers, by their request's key, to questions of one model that share a capture."""
        model, layers = asked[0].model, list(dict.fromkeys(str(one.request.layer) for one in asked))
        seen = self._captures.seen(model, photograph, layers[0])
        gradients = self._captures.gradients(model, photograph, seen, layers)
        found: dict[Hashable, Explanation] = {}
        for one in asked:
            if one.request.key() not in found:
                found[one.request.key()] = self._explanation(one, photograph, seen, gradients, watch)
        return found

    def _explanation(
        self, asked: _Asked, photograph: Photograph, seen: Seen[Placement], gradients: Gradients, watch: Watch
    ) -> Explanation:
        model, layer = asked.model, str(asked.request.layer)
        top = top_predictions(seen.probabilities, model.labels)
        target = top[0] if asked.request.target is None else _prediction(seen, model, asked.request.target)
        rivals = rivals_of(asked.request.rival, target, seen.probabilities, model.labels, model.title)
        request = asked.request.replace(target=target.index, rival=[one.index for one in rivals])
        score = contrast(target.index, [one.index for one in rivals], counterfactual=request.counterfactual)
        question = Question(
            runner=self._runner,
            model=model,
            inputs=partial(self._captures.given, model, photograph),
            capture=seen.capture,
            layer=layer,
            score=score,
            gradient=partial(gradients.at, layer),
            watch=watch,
        )
        key = ("map", model.identity, photograph.digest, request.key())
        return Explanation(
            photograph=photograph,
            placement=seen.placement,
            cam=self.remembered(key, partial(question.map, asked.method), watch),
            top=top,
            target=target,
            request=request,
            model_title=model.title,
            provenance=self._provenance(model, photograph),
            rivals=rivals,
            usual=self._usual(photograph, model, (target, *top)) if request.detail else (),
            exclusive=model.head.exclusive,
        )

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
        return self.load(explanation.model, detail=explanation.detail)

    def remembered(self, key: Hashable, make: Callable[[], Any], watch: Watch = NOBODY) -> Any:
        """`make()`, which has `nbytes`, computed once for `key` as long as there is room.

        Where somebody else who asked for the same stopped it, it is begun again. Raises what `make` raises.
        """
        return self._captures.remembered(key, make, watch)

    def _usual(
        self, photograph: Photograph, model: LoadedModel, classes: Iterable[Prediction]
    ) -> tuple[Prediction, ...]:
        """`classes` as the network sees them at its own input size."""
        own = self.load(model.name)
        seen = self._captures.seen(own, photograph, own.default.name)
        return tuple(_prediction(seen, own, index) for index in dict.fromkeys(one.index for one in classes))

    def _provenance(self, model: LoadedModel, photograph: Photograph) -> dict[str, Any]:
        steps = model.preprocessing
        return {
            "preprocessing": {"decoded_at": 1 / photograph.reduction(steps.enough), **steps.record()},
            **made_with(model.head, self.device, "torch", "torchvision", "timm", "numpy", "pillow"),
        }

    def _let_go(self) -> None:
        """Make room: what is in use stays alive through whoever uses it."""
        self._captures.clear()
        super()._let_go()

    def _forget(self, identity: object) -> None:
        self._captures.forget(identity)


def _runner(
    device: str | torch.device,
    borrow: Callable[[Callable[..., Any]], Callable[..., Any]] | None,
    find: Callable[[str, bool], LoadedModel],
) -> Runner:
    if borrow is not None:
        borrowed = BorrowedRunner(borrow, find)
        if borrowed.borrows:
            return borrowed
    return LocalRunner(resolve_device(device))


def _prediction(seen: Seen[Placement], model: LoadedModel, index: Any) -> Prediction:
    return prediction(seen.probabilities, model.labels, index)
