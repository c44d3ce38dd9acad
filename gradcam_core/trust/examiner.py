"""`Examiner`: questions about an explanation, answered by asking its network again. Public name: `Examiner`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .. import capture as capturing
from ..alike import rank_correlation
from ..errors import MethodError
from ..explanation import Explanation
from ..methods import METHODS
from ..project import normalise
from ..question import Question
from ..rerun import NOBODY, Watch, in_chunks
from ..score import contrast
from ..service import Explainer
from ..types import Prediction
from .hiding import Curve, Curves, Hidden, HideAndLook, blurred, order, random_orders
from .places import Change, Evidence, Place, cell_weights, region
from .sanity import Sanity, Stage, forgetting

__all__ = ["Examiner"]

Answer = TypeVar("Answer")
Array = NDArray[Any]
SHARES = (0.1, 0.2, 0.3)
DRAWS = 5
CURVE_STEPS = 16
CURVE_DRAWS = 3
NAMED = 5


class Examiner:
    """Asks whether a map holds; every answer is remembered by `explainer` for as long as there is room."""

    def __init__(self, explainer: Explainer) -> None:
        self.explainer = explainer

    def hide_and_look(
        self, explanation: Explanation, *, shares: Sequence[float] = SHARES, draws: int = DRAWS, watch: Watch = NOBODY
    ) -> HideAndLook:
        """Hide the hottest `shares` of the seen area and score again, with `draws` random ones beside each.

        Costs len(shares) * (1 + draws) forward passes, batched. Raises StoppedError, ValueError for shares
        outside (0, 1), MethodError for a map without anything hot.
        """
        if not shares or not all(0 < share < 1 for share in shares):
            raise ValueError(f"`shares` {shares!r} must lie between 0 and 1, at least one of them.")
        if explanation.blank:
            raise MethodError(
                "The map has no coloured place, so there is nothing to hide; choose another class, layer or method."
            )

        def ask() -> HideAndLook:
            orders = self._orders(explanation, draws)
            hidden = [places < share for share in shares for places in orders]
            found = self._without(explanation, hidden, watch)[:, explanation.target.index].reshape(len(shares), -1)
            steps = (Hidden(s, float(row[0]), tuple(map(float, row[1:]))) for s, row in zip(shares, found, strict=True))
            return HideAndLook(explanation.target, explanation.counterfactual, tuple(steps))

        return self._remembered(("hide", tuple(shares), draws), explanation, ask, watch)

    def curves(self, explanation: Explanation, *, steps: int = CURVE_STEPS, watch: Watch = NOBODY) -> Curves:
        """Deletion and insertion curves in `steps` steps, against random orders and the reversed one.

        Petsiuk et al., arXiv:1806.07421. Raises StoppedError.
        """
        shares = np.linspace(0, 1, steps + 1)

        def ask() -> Curves:
            hottest, *moved = self._orders(explanation, CURVE_DRAWS)
            count = hottest.size
            orders = [hottest, (count - 1) / count - hottest, *moved]
            hidden = [places < share for places in orders for share in shares]
            shown = [places >= share for places in orders for share in shares]
            found = self._without(explanation, [*hidden, *shown], watch)[:, explanation.target.index]
            deletion, insertion = found.reshape(2, len(orders), len(shares))
            return Curves(
                tuple(map(float, shares)),
                deletion=_curve(deletion[0]),
                deletion_random=_curve(deletion[2:].mean(axis=0)),
                deletion_reversed=_curve(deletion[1]),
                insertion=_curve(insertion[0]),
                insertion_random=_curve(insertion[2:].mean(axis=0)),
                insertion_reversed=_curve(insertion[1]),
            )

        return self._remembered(("curves", steps), explanation, ask, watch)

    def sanity(self, explanation: Explanation, *, watch: Watch = NOBODY) -> Sanity:
        """The map's rank correlation with that of the same network with its weights randomised from the top down.

        Compares what is coloured: the positive part. Raises StoppedError.
        """
        return self._remembered(("sanity",), explanation, partial(self._sanity, explanation, watch), watch)

    def ask_place(self, explanation: Explanation, x: int, y: int) -> Place:
        """Which classes the pixel (`x`, `y`) of the photograph speaks for and against, by Grad-CAM at the layer.

        All classes at once cost two backward passes. Raises ImageError outside what the model saw.
        """
        capture, loaded = self.explainer.capture(explanation), self.explainer.load(explanation.model)
        activations = capture.activations(explanation.layer)
        shape = (activations.shape[-2], activations.shape[-1])
        weights = torch.from_numpy(cell_weights(x, y, shape, explanation.placement)).to(activations)
        # the map's value is the mean gradient times the activations there: a slope along this direction
        here = (activations * weights).sum((-2, -1), keepdim=True) / (shape[0] * shape[1])
        values = capture.along(explanation.layer, here.expand_as(activations)).float().cpu().numpy()
        probabilities = capture.logits.detach().float().softmax(-1)[0].cpu().numpy()
        ranked = np.argsort(-values, kind="stable")

        def named(indices: Array) -> tuple[Evidence, ...]:
            return tuple(
                Evidence(Prediction(int(i), loaded.labels[i], float(probabilities[i])), float(values[i]))
                for i in indices
            )

        return Place(
            x,
            y,
            named(np.array([i for i in ranked[:NAMED] if values[i] > 0], int)),
            named(np.array([i for i in ranked[::-1][:NAMED] if values[i] < 0], int)),
        )

    def without(self, explanation: Explanation, mask: NDArray[np.bool_]) -> tuple[Change, ...]:
        """The top classes with their probabilities without the region `mask`, (H, W) on the photograph.

        Classes that become the top ones are among them. Raises ImageError for a region that covers nothing or
        everything of what the model saw.
        """
        loaded = self.explainer.load(explanation.model)
        size = self._size(explanation)
        hidden = region(np.asarray(mask, bool), explanation.placement, size)
        both = self._without(explanation, [np.zeros(size, bool), hidden], NOBODY)
        indices = dict.fromkeys([*(one.index for one in explanation.top), explanation.target.index])
        indices |= dict.fromkeys(int(index) for index in np.argsort(-both[1], kind="stable")[:NAMED])
        return tuple(
            Change(Prediction(index, loaded.labels[index], float(both[0, index])), float(both[1, index]))
            for index in indices
        )

    def strip(self, explanation: Explanation, *, watch: Watch = NOBODY) -> tuple[Explanation, ...]:
        """The same question at every offered layer, from input to output; each can be asked to hold by itself."""
        names = [layer.name for layer in self.explainer.layers(explanation.model)]
        return self.explainer.explain_many(
            explanation.photograph,
            model=explanation.model,
            layers=names,
            targets=[explanation.target.index],
            method=explanation.method,
            counterfactuals=[explanation.counterfactual],
            rival=[rival.index for rival in explanation.rivals] or None,
            watch=watch,
        )

    def _sanity(self, explanation: Explanation, watch: Watch) -> Sanity:
        explainer, layer = self.explainer, explanation.layer
        loaded, inputs = explainer.load(explanation.model), explainer.inputs(explanation)
        score = contrast(
            explanation.target.index,
            [rival.index for rival in explanation.rivals],
            counterfactual=explanation.counterfactual,
        )
        names = [offered.name for offered in loaded.layers]
        true, stages = normalise(explanation.cam), []
        for place, (behind, twin) in enumerate(forgetting(loaded.network, inputs, names)):
            watch.at(place, len(names) + 1)
            module = twin.get_submodule(layer)
            capture = capturing.run(twin, inputs, {layer: module})
            question = Question(
                network=twin,
                inputs=lambda: inputs,
                capture=capture,
                layer=layer,
                module=module,
                score=score,
                gradients=partial(capture.gradients, layer),
                watch=Watch(stop=watch.stop),
            )
            cam = normalise(question.map(METHODS[explanation.method]))
            stages.append(Stage(behind, rank_correlation(true, cam)))
        watch.at(len(stages), len(stages))
        return Sanity(tuple(stages))

    def _size(self, explanation: Explanation) -> tuple[int, int]:
        height, width = self.explainer.load(explanation.model).preprocessing.input_shape[-2:]
        return height, width

    def _orders(self, explanation: Explanation, draws: int) -> list[NDArray[np.float32]]:
        size = self._size(explanation)
        return [order(explanation.cam, size), *random_orders(explanation.cam, size, draws)]

    def _without(self, explanation: Explanation, hidden: Sequence[NDArray[np.bool_]], watch: Watch) -> Array:
        """(n, K) probabilities with each of the `hidden` parts, (H, W), of the input blurred."""
        network, inputs = self.explainer.load(explanation.model).network, self.explainer.inputs(explanation)
        soft = blurred(inputs)

        def compute(part: slice) -> Tensor:
            masks = torch.from_numpy(np.stack(hidden[part]))[:, None].to(inputs.device)
            with torch.inference_mode():
                return network(torch.where(masks, soft, inputs)).float().softmax(-1)

        return in_chunks(compute, len(hidden), watch=watch).cpu().numpy()

    def _remembered(
        self, question: tuple[Hashable, ...], explanation: Explanation, ask: Callable[[], Answer], watch: Watch
    ) -> Answer:
        request = explanation.record()["request"]
        key = (*question, explanation.photograph.digest, *(str(value) for value in request.values()))
        return self.explainer.remembered(key, ask, watch)


def _curve(values: Array) -> Curve:
    return Curve(tuple(map(float, values)))
