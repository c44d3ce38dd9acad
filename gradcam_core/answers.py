"""From requests about one photograph to explanations, in as few passes as possible.

    answers = Answers(runner, captures, catalogue.asked)
    answers.to(lambda: photograph, [Request(target="tabby"), Request(target="tabby", counterfactual=True)])

Public name: `Answers`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from .captures import Captures, Gradients, Seen
from .engine.runner import Runner
from .engine.watch import NOBODY, Watch
from .errors import MethodError
from .explanation import Explanation, made_with
from .methods import Method, find_method
from .methods.evidence import Question
from .models import LoadedModel
from .reading.photograph import Photograph
from .request import Request
from .tasks.classes import choose, prediction
from .types import Placement, Prediction

__all__ = ["Answers"]


@dataclass(frozen=True, eq=False)
class _Asked:
    """A request with what it names, all of it known to be there."""

    request: Request
    model: LoadedModel
    method: Method
    layer: str


class Answers:
    """Answers requests with the models that `find` has for them, run by `runner` and remembered in `captures`."""

    def __init__(self, runner: Runner, captures: Captures, find: Callable[[Request], LoadedModel]) -> None:
        self._runner = runner
        self._captures = captures
        self._find = find

    def to(
        self, photograph: Callable[[], Photograph], requests: Iterable[Request], watch: Watch = NOBODY
    ) -> tuple[Explanation, ...]:
        """The answer to each of the `requests`, in order; the photograph is only read once they are known to be fit.

        Raises what `Explainer.explain` raises.
        """
        asked = [self._asked(request) for request in requests]
        shown = photograph()
        sharing: dict[Hashable, list[_Asked]] = {}
        for one in asked:
            sharing.setdefault(self._captures.key(one.model, shown, one.layer), []).append(one)
        found: dict[Hashable, Explanation] = {}
        for members in sharing.values():
            found |= self._together(shown, members, watch)
        return tuple(found[one.request.key()] for one in asked)

    def _asked(self, request: Request) -> _Asked:
        """The request with its model, layer and target by name and number; raises what a wrong one raises."""
        method = find_method(request.method)
        model = self._find(request)
        layer = model.default.name if request.layer is None else model.layer_name(request.layer)
        model.layer_modules(layer)
        target = model.own_target if request.target is None else model.class_index(request.target)
        if not method.of_class and (request.counterfactual or request.rival is not None):
            raise MethodError("method.looks_at_no_class", method_key=method.key)
        return _Asked(request.replace(model=model.name, layer=layer, target=target), model, method, layer)

    def _together(self, photograph: Photograph, asked: Sequence[_Asked], watch: Watch) -> dict[Hashable, Explanation]:
        """The answers, by their request's key, to questions of one model that share a capture."""
        model, layers = asked[0].model, list(dict.fromkeys(one.layer for one in asked))
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
        model = asked.model
        choice = choose(asked.request, model.probabilities(seen.capture.logits), model.labels, model.title).read(
            model.head
        )
        request = choice.request
        rivals = [one.index for one in choice.rivals]
        question = Question(
            runner=self._runner,
            model=model,
            inputs=partial(self._captures.given, model, photograph),
            capture=seen.capture,
            layer=asked.layer,
            score=model.score(choice.target.index, rivals, request.counterfactual),
            gradient=partial(gradients.at, asked.layer),
            differentiable=model.differentiable,
            watch=watch,
        )
        key = ("map", model.identity, photograph.digest, request.key(), seen.capture.engine)
        return Explanation(
            photograph=photograph,
            placement=replace(seen.placement, part=seen.capture.layouts[asked.layer].part),
            cam=self._captures.remembered(key, partial(question.map, asked.method), watch),
            top=choice.top,
            target=choice.target,
            request=request,
            rivals=choice.rivals,
            model_title=model.title,
            provenance={"engine": seen.capture.engine, **self._provenance(model, photograph)},
            usual=self._usual(photograph, request, (choice.target, *choice.top)) if request.detail else (),
            exclusive=model.head.exclusive,
            private=model.private,
            on_model=model.remarks,
        )

    def _usual(self, photograph: Photograph, request: Request, classes: Iterable[Prediction]) -> tuple[Prediction, ...]:
        """`classes` as the network sees them at its own input size."""
        own = self._find(request.replace(detail=False))
        seen = self._captures.seen(own, photograph, own.default.name)
        probabilities = own.probabilities(seen.capture.logits)
        indices = dict.fromkeys(one.index for one in classes)
        return tuple(prediction(probabilities, own.labels, index) for index in indices)

    def _provenance(self, model: LoadedModel, photograph: Photograph) -> dict[str, Any]:
        steps = model.preprocessing
        return {
            "preprocessing": {"decoded_at": 1 / photograph.reduction(steps.enough), **steps.record()},
            **made_with(model.head, self._runner.device, "torch", "torchvision", "timm", "numpy", "pillow"),
        }
