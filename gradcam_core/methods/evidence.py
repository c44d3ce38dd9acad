"""One score at one layer of one input, and the evidence that a method may need. Public name: `Question`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..engine.capture import Capture
from ..engine.inputs import Inputs
from ..engine.replay import Replay
from ..engine.runner import Runnable, Runner
from ..engine.score import Score
from ..engine.watch import NOBODY, Watch
from ..errors import LayerError, OutputError
from . import GRADIENTS, GUIDED, METHODS, REPLAY, Method

__all__ = ["Question"]

OF_GRADIENTS = {GRADIENTS, GUIDED}


@dataclass(frozen=True, eq=False)
class Question:
    """`inputs()` gives what `model` was given when `layer` was captured.

    `gradient(part)` gives the (C, h, w) gradient at the layer of each of `score.parts()`; `runner` runs the model
    again where a method needs that. Where the model is not `differentiable` its gradients say nothing.
    """

    runner: Runner
    model: Runnable
    inputs: Callable[[], Inputs]
    capture: Capture
    layer: str
    score: Score
    gradient: Callable[[Score], Tensor]
    watch: Watch = NOBODY
    differentiable: bool = True

    def map(self, method: Method) -> NDArray[np.float32]:
        """The method's map (h, w); only the evidence that it needs is made. Raises OutputError if not finite."""
        make: dict[str, Callable[[], Any]] = {GRADIENTS: self._gradients, REPLAY: self._replay, GUIDED: self._guided}
        activations = self.capture.activations(self.layer).float()
        try:
            if not self.differentiable and OF_GRADIENTS & {*method.needs}:
                raise LayerError("layers.gradient_says_nothing")
            evidence = [make[need]() for need in method.needs]
        except LayerError as error:
            without = tuple(other.title for other in METHODS.values() if not OF_GRADIENTS & {*other.needs})
            raise LayerError(
                "method.needs_gradients", problem=error.finding, method=method.title, without=without
            ) from None
        cam = method.function(activations, *evidence)
        values = cam.cpu().numpy().astype(np.float32, copy=False)
        if not np.isfinite(values).all():
            raise OutputError("map.not_finite", layer=self.layer)
        return values

    def _gradients(self) -> Tensor:
        (weight, first), *rest = self.score.parts()
        total = weight * self.gradient(first).float()
        for factor, part in rest:
            total = total + factor * self.gradient(part).float()
        return total

    def _replay(self) -> Replay:
        return self.runner.replay(self.model, self.inputs(), self.layer, self.score, self.capture, self.watch)

    def _guided(self) -> Tensor:
        return self.runner.guided(self.model, self.inputs(), self.score).float()
