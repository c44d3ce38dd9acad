"""What is explained: one number made of a network's outputs, as a weighted sum over classes and steps.

    why = contrast(281, [282])             # the logit of one class less that of another
    why.of(logits), why.slopes(logits)
    caption = Score(((0, 17, 1.0), (1, 4, 1.0)), log=True)    # two words in a row, by their log-probabilities

A classifier has one step, a caption one a word: its logits there are those of all words, given the words before.
Public names: `Score`, `contrast`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..errors import TargetError

__all__ = ["Score", "contrast"]


@dataclass(frozen=True)
class Score:
    """A weighted sum of logits, or with `log` of log-probabilities: `terms` are (step, class index, weight).

    Outputs are (n, K) logits of K classes, which is one step, or (n, steps, K).
    """

    terms: tuple[tuple[int, int, float], ...]
    log: bool = False

    @classmethod
    def logit(cls, index: int, step: int = 0) -> Score:
        """The logit of one class at one step."""
        return cls(((step, index, 1.0),))

    def of(self, logits: Tensor) -> Tensor:
        """(n,) scores of (n, K) or (n, steps, K) logits."""
        values = logits if logits.ndim == 3 else logits[:, None]
        if self.log:
            values = values.float().log_softmax(-1)
        picked = (weight * values[:, step, index] for step, index, weight in self.terms)
        return sum(picked, values.new_zeros(len(values)))

    def ruled_out(self, logits: Tensor) -> int | None:
        """The first class of it whose logit is minus infinity, so that nothing can speak for it; None of none."""
        values = logits if logits.ndim == 3 else logits[:, None]
        return next(
            (index for step, index, _ in self.terms if bool((values[:, step, index] == -torch.inf).any())), None
        )

    def slopes(self, logits: Tensor) -> Tensor:
        """By how much the score of each item grows with each of its `logits`; of their shape and type, detached.

        Raises TargetError where a class or a step is not among them.
        """
        steps, classes = (1, *logits.shape[1:])[-2:]
        for step, index, _ in self.terms:
            if not 0 <= index < classes:
                raise TargetError("score.target_out_of_range", index=index, classes=classes - 1)
            if not 0 <= step < steps:
                raise TargetError("score.step_out_of_range", step=step, steps=steps - 1)
        values = logits.detach().reshape(-1, steps, classes)
        slopes = torch.zeros_like(values, dtype=torch.float32 if self.log else None)
        for step, index, weight in self.terms:
            slopes[:, step, index] += weight
            if self.log:
                # a class grows more probable at the cost of all others
                slopes[:, step] -= weight * values[:, step].float().softmax(-1)
        return slopes.to(logits.dtype).reshape(logits.shape)

    def alone(self) -> tuple[int, Score] | None:
        """The only step that it is about, and the score of that step's outputs alone; None of several steps."""
        steps = {step for step, _, _ in self.terms}
        if len(steps) != 1:
            return None
        return steps.pop(), replace(self, terms=tuple((0, index, weight) for _, index, weight in self.terms))

    def parts(self) -> list[tuple[float, Score]]:
        """(weight, score) pairs that add up to this score: those worth remembering one by one.

        Questions about one step share them: a class, its opposite, what it has beside another class. A sum over
        several steps stays as it is, up to its sign, since its gradient as a whole costs one backward pass.
        """
        if self.alone() is not None:
            return [(weight, replace(self, terms=((step, index, 1.0),))) for step, index, weight in self.terms]
        sign = -1.0 if self.terms and self.terms[0][2] < 0 else 1.0
        return [(sign, replace(self, terms=tuple((step, index, sign * weight) for step, index, weight in self.terms)))]


def contrast(
    target: int, rivals: Sequence[int] = (), *, counterfactual: bool = False, step: int = 0, log: bool = False
) -> Score:
    """The logit of `target` at `step` less the mean logit of `rivals`, negated where it is a counterfactual.

    With `log` the log-probabilities, of which the difference between two classes is that of their logits.

    One rival: why this class rather than that one. Several: Zhang et al., Finer-CAM, arXiv:2501.11309, eq. 6,
    with the strength 1, at which a common offset of all logits, which no probability shows, cancels.
    """
    sign = -1.0 if counterfactual else 1.0
    return Score(((step, target, sign), *((step, rival, -sign / len(rivals)) for rival in rivals)), log)
