"""From requests about one photograph to explanations, in as few passes as possible.

    answers = Answers(runner, captures, catalogue.sights)
    answers.to(lambda: photograph, [Request(target="tabby"), Request(target="tabby", counterfactual=True)])

Public names: `Answers`, `score_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from .canvases.agreement import agreement
from .captures import Captures, Gradients, Seen
from .engine.calls import module_name, module_of
from .engine.runner import Runner
from .engine.score import Score
from .engine.watch import NOBODY, Watch
from .errors import LayerError, MethodError, TargetError
from .explanation import Explanation, made_with
from .languages import Finding
from .methods import Method, find_method
from .methods.evidence import Question
from .models import LoadedModel
from .reading.photograph import Photograph
from .request import CENTRE, Request
from .tasks.classes import Choice, choose, prediction
from .types import Placement, Prediction

__all__ = ["Answers", "score_of"]


def score_of(model: LoadedModel, request: Request, logits: Tensor) -> Score:
    """What `request` explains of a `model` that returned `logits`, (1, K) or (1, steps, K).

    Where `request` leaves rivals open, they are those that are most probable here. Raises TargetError.
    """
    return _scored(model, _chosen(model, request, logits), logits)


def _scored(model: LoadedModel, choice: Choice, logits: Tensor, *, other_side: bool = False) -> Score:
    """The score of what was chosen, or with `other_side` its negative."""
    rivals = [one.index for one in choice.rivals]
    score = model.score(choice.target.index, rivals, choice.request.counterfactual is not other_side)
    lost = score.ruled_out(logits)
    if lost is not None:
        raise TargetError("score.ruled_out", title=model.title, label=model.labels[lost])
    return score


def _chosen(model: LoadedModel, request: Request, logits: Tensor) -> Choice:
    return choose(request, model.probabilities(logits), model.labels, model.title).read(model.head)


@dataclass(frozen=True, eq=False)
class _Settled:
    """A request with what it names, all of it known to be there; `larger` are the model at the sizes that agree.

    `weights` is the state of the model's weights before anything was computed with them.
    """

    request: Request
    model: LoadedModel
    weights: int | None
    larger: tuple[LoadedModel, ...]
    method: Method
    layer: str


class Answers:
    """Answers requests with the models that `find` has for them, run by `runner` and remembered in `captures`.

    `find` gives a model at the size of the answer, and at further ones where their maps are to agree.
    """

    def __init__(self, runner: Runner, captures: Captures, find: Callable[[Request], tuple[LoadedModel, ...]]) -> None:
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
        sharing: dict[Hashable, list[_Settled]] = {}
        for one in asked:
            sharing.setdefault(self._captures.key(one.model, shown, one.layer), []).append(one)
        found: dict[Hashable, Explanation] = {}
        for members in sharing.values():
            found |= self._together(shown, members, watch)
        return tuple(found[one.request.key()] for one in asked)

    def _asked(self, request: Request) -> _Settled:
        """The request with its model, layer and target by name and number; raises what a wrong one raises."""
        # a wrong name is told before a model is loaded
        given = None if request.method is None else find_method(request.method)
        model, *larger = self._find(request)
        weights = self._captures.followed(model)
        method = given or find_method(model.default_method)
        layer = model.default.name if request.layer is None else model.layer_name(request.layer)
        model.layer_modules(layer)
        target = model.own_target if request.target is None else model.class_index(request.target)
        if not method.of_class and (request.counterfactual or request.both or request.rival is not None):
            raise MethodError("method.looks_at_no_class", method_key=method.key)
        settled = request.replace(model=model.name, layer=layer, target=target, method=method.key)
        return _Settled(settled, model, weights, tuple(larger), method, layer)

    def _together(self, photograph: Photograph, asked: Sequence[_Settled], watch: Watch) -> dict[Hashable, Explanation]:
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
        self, asked: _Settled, photograph: Photograph, seen: Seen[Placement], gradients: Gradients, watch: Watch
    ) -> Explanation:
        model = asked.model
        choice = _chosen(model, asked.request, seen.capture.logits)
        request = choice.request
        logits = seen.capture.logits
        made = partial(self._map, asked, photograph, seen, gradients, watch)
        key = (model.identity, photograph.digest, request.key(), seen.capture.engine)
        cam = self._captures.remembered(("map", *key), partial(made, request, _scored(model, choice, logits)), watch)
        ceiling = 0.0
        if asked.method.of_gradients and not (cam < 0).any():
            other = request.replace(counterfactual=not request.counterfactual)
            score = _scored(model, choice, logits, other_side=True)
            behind = self._captures.remembered(("other side", *key), partial(made, other, score), watch)
            ceiling = float(behind.max())
            if request.both:
                # a method that shows one side alone shows both in two maps
                cam = np.maximum(cam, 0) - np.maximum(behind, 0)
        return Explanation(
            photograph=photograph,
            placement=_laid(seen, asked.layer),
            cam=cam,
            ceiling=ceiling,
            top=choice.top,
            target=choice.target,
            request=request,
            rivals=choice.rivals,
            model_title=model.title,
            provenance={"engine": seen.capture.engine, **self._provenance(model, photograph)},
            usual=self._usual(photograph, request, (choice.target, *choice.top)) if model.resized else (),
            exclusive=model.head.exclusive,
            private=model.private,
            on_model=(*model.remarks, *_other_runs(model, asked.layer)),
            weights=asked.weights,
        )

    def _map(
        self,
        asked: _Settled,
        photograph: Photograph,
        seen: Seen[Placement],
        gradients: Gradients,
        watch: Watch,
        request: Request,
        score: Score,
    ) -> NDArray[np.float32]:
        """The map of `score`, which is what `request` explains, and of several sizes what they agree on."""
        sights = (asked.model, *asked.larger)
        maps, placements = [], []
        for number, model in enumerate(sights):
            part = watch if len(sights) == 1 else watch.part(number, len(sights))
            if number:
                part.at(0, 1)
                seen = self._captures.seen(model, photograph, asked.layer)
                gradients = self._captures.gradients(model, photograph, seen, [asked.layer])
                score = score_of(model, request, seen.capture.logits) if request.rivals_by_size else score
            question = Question(
                runner=self._runner,
                model=model,
                inputs=partial(self._captures.given, model, photograph),
                capture=seen.capture,
                layer=asked.layer,
                score=score,
                gradient=partial(gradients.at, asked.layer),
                differentiable=model.differentiable,
                watch=part,
            )
            if asked.layer in seen.unplaced:
                raise LayerError("layer.follows_no_place_here", layer=asked.layer, title=model.title)
            maps.append(question.map(asked.method))
            placements.append(_laid(seen, asked.layer))
        return agreement(maps, placements)

    def _usual(self, photograph: Photograph, request: Request, classes: Iterable[Prediction]) -> tuple[Prediction, ...]:
        """`classes` as the network sees them at its own input size."""
        own = self._find(request.replace(detail=False, sharper=False, view=CENTRE))[0]
        seen = self._captures.seen(own, photograph, own.default.name)
        probabilities = own.probabilities(seen.capture.logits)
        indices = dict.fromkeys(one.index for one in classes)
        return tuple(prediction(probabilities, own.labels, index) for index in indices)

    def _provenance(self, model: LoadedModel, photograph: Photograph) -> dict[str, Any]:
        steps = model.preprocessing
        return {
            **({"origin": dict(model.origin)} if model.origin else {}),
            "preprocessing": {"decoded_at": 1 / photograph.reduction(steps.enough), **steps.record()},
            **made_with(model.head, self._runner.device, "torch", "torchvision", "timm", "numpy", "pillow"),
        }


def _laid(seen: Seen[Placement], layer: str) -> Placement:
    """Where the cells of a map at `layer` lie."""
    return replace(seen.placement, part=seen.capture.layouts[layer].part)


def _other_runs(model: LoadedModel, layer: str) -> tuple[Finding, ...]:
    """What is said of a layer that is one of several runs, as of mirrored copies of the input or one behind another."""
    module = module_name(layer)
    others = tuple(one.name for one in model.layers if one.name != layer and module_name(one.name) == module)
    # of a rectifier that many share nothing is said: it only stands where others are meant
    if not others or next(module_of(model.network, layer).parameters(), None) is None:
        return ()
    return (Finding("note.one_run", others=others),)
