"""The slopes of all scores at once, of networks that can be differentiated twice and of those that cannot.

    slopes = slopes_along(capture, "layer4", direction, known=281, again=replay.with_activations)

Flash attention on a CPU, roi_align and functions marked as once differentiable have no second derivative; what loses
it without a word gives wrong slopes. Public names: `EVERY`, `slopes_along`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..errors import CamError
from .capture import Capture
from .devices import is_out_of_memory
from .score import Score

__all__ = ["EVERY", "slopes_along"]

# length of the step along the direction, relative to the activations' own size
STEP = 1e-2
EXACT = 10
# slopes are equal if they differ by at most this share of the largest one
TOLERANCE = 1e-3


class _Every(Score):
    """All logits in the place of a weighted sum of them."""

    def of(self, logits: Tensor) -> Tensor:
        """The (n, K) or (n, steps, K) `logits` themselves."""
        return logits


EVERY: Score = _Every(())
Again = Callable[[Callable[[slice], Tensor], int], Tensor]


def slopes_along(capture: Capture, layer: str, direction: Tensor, *, known: int, again: Again, step: int = 0) -> Tensor:
    """(K,) slopes of all logits of one `step` as the activations of `layer` move along `direction`, (C, h, w).

    By a gradient of the gradient, checked at the class `known`; where there is none by two runs on either side, and of
    the classes that come out steepest, both ways, by a backward pass each. `again` asks `EVERY` score with activations
    changed. Raises LayerError.
    """

    def exact(index: int) -> float:
        return float((capture.gradient(layer, Score.logit(index, step)) * direction).sum())

    try:
        found = _of_step(capture.along(layer, direction), step)
        if abs(float(found[known]) - exact(known)) <= TOLERANCE * float(found.abs().max()):
            return found
    except CamError:
        raise
    except RuntimeError as error:
        # torch's words differ for each kind of function
        if is_out_of_memory(error):
            raise
    activations = capture.activations(layer)
    size = STEP * activations.norm() / direction.norm().clamp_min(torch.finfo(torch.float32).tiny)
    both = torch.stack([activations + size * direction, activations - size * direction])
    above, below = again(lambda part: both[part], 2).float()
    found = _of_step((above - below) / (2 * size.float()), step)
    ranked = found.argsort().tolist()
    for index in {*ranked[:EXACT], *ranked[-EXACT:]}:
        found[index] = exact(index)
    return found


def _of_step(slopes: Tensor, step: int) -> Tensor:
    return (slopes[step] if slopes.ndim == 2 else slopes).detach().float().cpu().clone()
