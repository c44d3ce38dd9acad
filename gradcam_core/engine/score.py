"""What is explained: a weighted sum of logits, so that one class, its opposite and a contrast are the same thing.

Public names: `AUTO`, `NEXT_THREE`, `Score`, `contrast`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

__all__ = ["AUTO", "NEXT_THREE", "Score", "contrast"]

# the default of a control, whatever it is of; as a rival: the most probable class but the target
AUTO = "auto"
NEXT_THREE = "next three"


@dataclass(frozen=True)
class Score:
    """Logits of some classes, each with its weight: `terms` are (class index, weight)."""

    terms: tuple[tuple[int, float], ...]

    def of(self, logits: Tensor) -> Tensor:
        """(n,) scores of (n, K) logits."""
        return sum((weight * logits[:, index] for index, weight in self.terms), logits.new_zeros(len(logits)))


def contrast(target: int, rivals: Sequence[int], *, counterfactual: bool = False) -> Score:
    """The logit of `target` less the mean logit of `rivals`, negated where it is a counterfactual.

    One rival: why this class rather than that one. Several: Zhang et al., Finer-CAM, arXiv:2501.11309, eq. 6,
    with the strength 1, at which a common offset of all logits, which no probability shows, cancels.
    """
    sign = -1.0 if counterfactual else 1.0
    return Score(((target, sign), *((rival, -sign / len(rivals)) for rival in rivals)))
