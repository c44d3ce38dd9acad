"""One score at one layer of one input, and the evidence that a method may need. Public name: `Question`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ..engine.capture import Capture
from ..engine.rerun import NOBODY, Rerun, Watch, guided_gradients
from ..engine.score import Score
from ..errors import LayerError, OutputError
from . import GRADIENTS, GUIDED, METHODS, RERUN, Method

__all__ = ["Question"]


@dataclass(frozen=True, eq=False)
class Question:
    """`layer` is the captured name of `module`; `inputs()` gives the (1, 3, H, W) input that was captured.

    `gradients(index)` gives the (C, h, w) gradient of one class's logit at the layer.
    """

    network: nn.Module
    inputs: Callable[[], Tensor]
    capture: Capture
    layer: str
    module: nn.Module
    score: Score
    gradients: Callable[[int], Tensor]
    watch: Watch = NOBODY

    def map(self, method: Method) -> NDArray[np.float32]:
        """The method's map (h, w); only the evidence that it needs is made. Raises OutputError if not finite."""
        make: dict[str, Callable[[], Any]] = {GRADIENTS: self._gradients, RERUN: self._rerun, GUIDED: self._guided}
        activations = self.capture.activations(self.layer).float()
        try:
            evidence = [make[need]() for need in method.needs]
        except LayerError as error:
            without = ", ".join(other.title for other in METHODS.values() if GRADIENTS not in other.needs)
            raise LayerError(f"{error} {method.title} needs gradients; these methods do not: {without}.") from None
        cam = method.function(activations, *evidence)
        values = cam.cpu().numpy().astype(np.float32, copy=False)
        if not np.isfinite(values).all():
            raise OutputError(
                f"The map at `layer` {self.layer!r} is not finite (NaN or infinity); try another layer or full"
                " precision."
            )
        return values

    def _gradients(self) -> Tensor:
        # the gradient of a weighted sum of logits is the weighted sum of theirs
        (first, weight), *rest = self.score.terms
        total = weight * self.gradients(first).float()
        for index, factor in rest:
            total = total + factor * self.gradients(index).float()
        return total

    def _rerun(self) -> Rerun:
        logits = self.capture.logits.detach()
        layout = self.capture.layouts[self.layer]
        return Rerun(self.network, self.inputs(), self.module, self.score, logits, self.watch, layout)

    def _guided(self) -> Tensor:
        return guided_gradients(self.network, self.inputs(), self.score).float()
