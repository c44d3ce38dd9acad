"""How alike two maps are. Public name: `rank_correlation`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import OptionError

__all__ = ["rank_correlation"]


def rank_correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Spearman's correlation of two arrays of one shape: 1 for the same order of places, -1 for the reverse.

    Equal values share the mean of their ranks. Where one array is the same everywhere there is no order to
    agree with: 0. Raises OptionError where the shapes differ.
    """
    if first.shape != second.shape:
        raise OptionError("maps.other_shape", second_shape=second.shape, first_shape=first.shape)
    left, right = _ranks(first), _ranks(second)
    spread = np.sqrt((left**2).sum() * (right**2).sum())
    return float((left * right).sum() / spread) if spread > 0 else 0.0


def _ranks(values: NDArray[np.float32]) -> NDArray[np.float64]:
    _, place, times = np.unique(values.ravel(), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(times) - (times - 1) / 2)[place.ravel()]
    return ranks - ranks.mean()
