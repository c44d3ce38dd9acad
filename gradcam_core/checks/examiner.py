"""`Examiner`: questions about an explanation, answered by asking its network again. Public name: `Examiner`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import interpolate

from ..canvases.agreement import agreement
from ..canvases.picture import HIDING, order, random_orders
from ..canvases.project import normalise
from ..engine.calls import module_of
from ..engine.inputs import Inputs, first_of
from ..engine.runner import Variants
from ..engine.score import Score
from ..engine.slopes import EVERY, slopes_along
from ..engine.watch import NOBODY, Watch
from ..errors import ImageError, LayerError, MethodError, OptionError
from ..explainer import Explainer
from ..explanation import Explanation
from ..methods import METHODS
from ..methods.correlation import rank_correlation
from ..methods.evidence import Question
from ..models import LoadedModel
from ..request import whole_number
from ..types import Prediction
from .hiding import Curve, Curves, Hidden, HideAndLook, hidden_and_shown
from .pictures import with_hidden
from .places import Change, Evidence, Place, cell_weights, region
from .sanity import Forgotten, Sanity, forgetting

__all__ = ["Examiner"]

Result = TypeVar("Result")
Array = NDArray[Any]
SHARES = (0.1, 0.2, 0.3)
# measured by tests.benchmarks.faithfulness: eight of nine draws are beaten by 75 % of Grad-CAM's maps, and by a map
# whose places mean nothing in one case of five; four of five by 82 %, and in one case of three
DRAWS = 9
CURVE_STEPS = 16
CURVE_DRAWS = 3
NAMED = 5


class Examiner:
    """Asks whether a map holds; what takes many passes is remembered by `explainer` for as long as there is room.

    `hiding` is a key of HIDING: what stands in the place of what is hidden. Raises OptionError for another one.
    """

    def __init__(self, explainer: Explainer, *, hiding: str = "blur") -> None:
        if not isinstance(hiding, str) or hiding not in HIDING:
            raise OptionError("hiding.unknown", hiding=hiding, known=tuple(HIDING))
        self.explainer = explainer
        self.hiding = hiding

    def hide_and_look(
        self, explanation: Explanation, *, shares: Sequence[float] = SHARES, draws: int = DRAWS, watch: Watch = NOBODY
    ) -> HideAndLook:
        """Hide the hottest `shares` of the seen area and score again, with `draws` random ones beside each.

        Costs len(shares) * (1 + draws) forward passes, batched. Raises StoppedError, OptionError for shares
        outside (0, 1) or no draws, MethodError for a map without anything hot.
        """
        if not _are_shares(shares):
            raise OptionError("check.shares_out_of_range", name="shares", shares=shares)
        draws = _count("draws", draws, 1)
        if explanation.blank:
            raise MethodError("check.nothing_to_hide")

        def ask() -> HideAndLook:
            orders = self._orders(explanation, draws)
            hidden = [places < share for share in shares for places in orders]
            found = self.probabilities_without(explanation, hidden, watch=watch)
            found = found[:, explanation.target.index].reshape(len(shares), -1)
            steps = (Hidden(s, float(row[0]), tuple(map(float, row[1:]))) for s, row in zip(shares, found, strict=True))
            return HideAndLook(explanation.target, explanation.counterfactual, tuple(steps))

        return self._remembered(("hide", tuple(shares), draws), explanation, ask, watch)

    def hidden_pictures(self, explanation: Explanation, share: float, draw: int = 0) -> tuple[Image.Image, Image.Image]:
        """The photograph with the hottest `share` of the seen area hidden, and with that of a random `draw`, from 0, as
        `hide_and_look` hides them; small, to be looked at. Raises OptionError."""
        if not _are_shares([share]):
            raise OptionError("check.shares_out_of_range", name="share", shares=share)
        draw = _count("draw", draw, 0)
        hot, *random_places = self._orders(explanation, draw + 1)
        masks = [places < share for places in (hot, random_places[draw])]
        hottest, random = with_hidden(explanation, masks, self.hiding)
        return hottest, random

    def hide_each(
        self, explanations: Sequence[Explanation | None], *, watch: Watch = NOBODY
    ) -> tuple[HideAndLook | None, ...]:
        """`hide_and_look` for each map; None where there is no map or nothing hot in it. Raises StoppedError."""
        return tuple(
            None if one is None or one.blank else self.hide_and_look(one, watch=watch.part(number, len(explanations)))
            for number, one in enumerate(explanations)
        )

    def curves(self, explanation: Explanation, *, steps: int = CURVE_STEPS, watch: Watch = NOBODY) -> Curves:
        """Deletion and insertion curves in `steps` steps, against random orders and the reversed one.

        Petsiuk et al., arXiv:1806.07421. Raises StoppedError, OptionError for fewer than two steps.
        """
        steps = _count("steps", steps, 2)

        def ask() -> Curves:
            hottest, *moved = self._orders(explanation, CURVE_DRAWS)
            count = hottest.size
            orders = [hottest, (count - 1) / count - hottest, *moved]
            shares, deletion, insertion = self._along(explanation, orders, steps, watch)
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

    def deletion_and_insertion(
        self, explanation: Explanation, *, steps: int = CURVE_STEPS, watch: Watch = NOBODY
    ) -> tuple[Curve, Curve]:
        """The deletion and the insertion curve of `curves` alone, in the map's own order.

        Costs 2 * steps forward passes, batched. Raises as `curves` does.
        """
        steps = _count("steps", steps, 2)
        _, deletion, insertion = self._along(explanation, self._orders(explanation, 0), steps, watch)
        return _curve(deletion[0]), _curve(insertion[0])

    def sanity(self, explanation: Explanation, *, watch: Watch = NOBODY) -> Sanity:
        """The map's rank correlation with that of the same network with its weights randomised from the top down.

        Compares the positive part, of a contrast both sides. Raises StoppedError, MethodError for a map without
        anything there.
        """
        if not normalise(explanation.cam, signed=bool(explanation.rivals)).any():
            raise MethodError("check.nothing_to_move")
        return self._remembered(("sanity",), explanation, partial(self._sanity, explanation, watch), watch)

    def ask_place(self, explanation: Explanation, x: int, y: int) -> Place:
        """Which classes the pixel (`x`, `y`) of the photograph speaks for and against, by Grad-CAM at the layer.

        All classes at once cost three backward passes; see `engine.slopes` for networks without a second derivative.
        Raises ImageError outside what the model saw.
        """
        capture, loaded = self.explainer.capture(explanation), self.explainer.network_of(explanation)
        if len(loaded.labels) == 1:
            raise MethodError("place.whole_caption" if loaded.speech else "place.one_number")
        if not loaded.differentiable:
            raise LayerError("layers.gradient_says_nothing")
        activations = capture.activations(explanation.layer)
        shape = (activations.shape[-2], activations.shape[-1])
        weights = torch.from_numpy(cell_weights(x, y, shape, explanation.placement)).to(activations)
        # the map's value is the mean gradient times the activations there: a slope along this direction
        here = (activations * weights).sum((-2, -1), keepdim=True) / (shape[0] * shape[1])
        runner, layer = self.explainer.runner, explanation.layer
        replay = runner.replay(loaded, self.explainer.given(explanation), layer, EVERY, capture)
        values = slopes_along(
            capture,
            layer,
            here.expand_as(activations),
            known=explanation.target.index,
            again=replay.with_activations,
            step=loaded.step,
        ).numpy()
        probabilities = loaded.head.of(capture.logits)[0]
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
        loaded = self.explainer.network_of(explanation)
        size = explanation.placement.input_size
        hidden = region(np.asarray(mask, bool), explanation.placement, size)
        both = self.probabilities_without(explanation, [np.zeros(size, bool), hidden])
        indices = dict.fromkeys([*(one.index for one in explanation.top), explanation.target.index])
        indices |= dict.fromkeys(int(index) for index in np.argsort(-both[1], kind="stable")[:NAMED])
        return tuple(
            Change(Prediction(index, loaded.labels[index], float(both[0, index])), float(both[1, index]))
            for index in indices
        )

    def strip(self, explanation: Explanation, *, watch: Watch = NOBODY) -> tuple[Explanation, ...]:
        """The same question at every offered layer, from input to output; each can be asked to hold by itself."""
        layers = self.explainer.layers(explanation.model)
        requests = [explanation.request.replace(layer=layer.name) for layer in layers]
        return self.explainer.answer_all(explanation.photograph, requests, watch=watch)

    def _sanity(self, explanation: Explanation, watch: Watch) -> Sanity:
        explainer, layer = self.explainer, explanation.layer
        (loaded, inputs, *_), *_ = sizes = explainer.every_size(explanation)
        names = [offered.name for offered in loaded.layers]
        coloured = partial(normalise, signed=bool(explanation.rivals))
        true, stages = coloured(explanation.cam), []

        def seen_by(twin: nn.Module, model: LoadedModel, given: Inputs, score: Score) -> Array:
            forgetful = replace(model, network=twin)
            capture = explainer.runner.capture(forgetful, given, {layer: module_of(twin, layer)})
            question = Question(
                runner=explainer.runner,
                model=forgetful,
                inputs=lambda: given,
                capture=capture,
                layer=layer,
                score=score,
                gradient=partial(capture.gradient, layer),
                watch=Watch(stop=watch.stop),
            )
            return question.map(METHODS[explanation.method])

        for place, (behind, twin) in enumerate(forgetting(loaded.network, inputs, names)):
            watch.at(place, len(names) + 1)
            maps = [seen_by(twin, model, given, score) for model, given, _, score in sizes]
            cam = coloured(agreement(maps, [lies for _, _, lies, _ in sizes]))
            stages.append(Forgotten(behind, rank_correlation(true, cam)))
        watch.at(len(stages), len(stages))
        return Sanity(tuple(stages))

    def _orders(self, explanation: Explanation, draws: int) -> list[NDArray[np.float32]]:
        size, part = explanation.placement.input_size, explanation.placement.part
        return [order(explanation.cam, size, part), *random_orders(explanation.cam, size, draws, part)]

    def _along(
        self, explanation: Explanation, orders: Sequence[Array], steps: int, watch: Watch
    ) -> tuple[Array, Array, Array]:
        """(steps + 1,) shares, (n, steps + 1) probabilities of deletion, and of insertion, in `orders`."""
        shares = np.linspace(0, 1, steps + 1)
        ask = partial(self.probabilities_without, explanation, watch=watch)
        # nothing hidden and all hidden are the ends of every curve
        ends = [np.zeros_like(orders[0], bool), np.ones_like(orders[0], bool)]
        index = explanation.target.index
        (nothing, everything), deletion, insertion = hidden_and_shown(ask, orders, list(shares[1:-1]), index, also=ends)
        return (
            shares,
            np.pad(deletion, ((0, 0), (1, 1)), constant_values=((0, 0), (nothing, everything))),
            np.pad(insertion, ((0, 0), (1, 1)), constant_values=((0, 0), (everything, nothing))),
        )

    def probabilities_without(
        self,
        explanation: Explanation,
        hidden: Sequence[NDArray[np.bool_]],
        *,
        instead: Tensor | None = None,
        watch: Watch = NOBODY,
    ) -> Array:
        """(n, K) probabilities of all classes with each of the `hidden` parts, (H, W), of the input hidden.

        `instead` is what stands there, (1, C, h, w), such as the input of another photograph, made as large as this
        one; None: what hiding puts there. Raises MethodError, ImageError for parts of another size, StoppedError.
        """
        loaded, inputs = self.explainer.network_of(explanation), self.explainer.given(explanation)
        if not loaded.head.shares:
            raise MethodError("check.of_a_value", model=explanation.model_title)
        whole = first_of(inputs)
        hidden = [np.asarray(one, bool) for one in hidden]
        if unfit := [one.shape for one in hidden if one.shape != whole.shape[-2:]]:
            raise ImageError("hidden.other_shape", hidden_shape=unfit[0], expected=tuple(whole.shape[-2:]))
        if not hidden:
            return np.zeros((0, len(loaded.labels)), np.float32)
        if instead is None:
            instead = HIDING[self.hiding](whole)
        elif instead.shape != whole.shape:
            instead = interpolate(instead, whole.shape[-2:], mode="bilinear", align_corners=False)

        def change(part: slice) -> Tensor:
            masks = torch.from_numpy(np.stack(hidden[part]))[:, None].to(whole.device)
            return torch.where(masks, instead, whole)

        return loaded.head.of(self.explainer.runner.outputs(loaded, inputs, Variants(change, len(hidden)), watch))

    def _remembered(
        self, question: tuple[Hashable, ...], explanation: Explanation, ask: Callable[[], Result], watch: Watch
    ) -> Result:
        identity, photograph = self.explainer.network_of(explanation).identity, explanation.photograph
        key = (*question, self.hiding, identity, photograph.digest, explanation.request.key())
        return self.explainer.remembered(key, ask, watch)


def _are_shares(shares: Any) -> bool:
    try:
        return len(shares) > 0 and all(0 < share < 1 for share in shares)
    except (TypeError, ValueError):
        return False


def _count(name: str, value: Any, least: int) -> int:
    """`value` as a whole number of `least` at least; raises OptionError."""
    count = whole_number(value)
    if count is None or count < least:
        raise OptionError("check.count_too_small", name=name, value=value, least=least)
    return count


def _curve(values: Array) -> Curve:
    return Curve(tuple(map(float, values)))
