"""Vectors for the static channel, learnt from the bare text: no label takes part.

Public name: `neighbour_vectors`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...reading.text import PAD, UNKNOWN

__all__ = ["neighbour_vectors"]

# flattens the frequencies of the context, so that rare neighbours do not get the highest scores
CONTEXT_POWER = 0.75
SPREAD = 0.5


def neighbour_vectors(texts: Sequence[NDArray[np.int64]], size: int, dimension: int, window: int = 2) -> Tensor:
    """(size, dimension) float32 vectors from which characters stand near which.

    Positive pointwise mutual information of characters at most `window` apart, factorised by a singular
    value decomposition (Levy and Goldberg 2014, "Neural Word Embedding as Implicit Matrix Factorization").
    `texts` are the characters' numbers. Padding and the unknown character have zero vectors.
    """
    gap = np.full(window, PAD, dtype=np.int64)
    flat = np.concatenate([part for text in texts for part in (text, gap)])
    counts = np.zeros((size, size))
    for distance in range(1, window + 1):
        pairs = np.bincount(flat[:-distance] * size + flat[distance:], minlength=size * size)
        counts += pairs.reshape(size, size) / distance
    counts += counts.T
    counts[[PAD, UNKNOWN]] = 0
    counts[:, [PAD, UNKNOWN]] = 0
    context = counts.sum(0) ** CONTEXT_POWER
    expected = counts.sum(1, keepdims=True) * (context / max(context.sum(), 1e-12))
    ratio = np.divide(counts, expected, out=np.ones_like(counts), where=(counts > 0) & (expected > 0))
    left, values, _ = torch.linalg.svd(torch.from_numpy(np.maximum(np.log(ratio), 0)).float())
    kept = min(dimension, size)
    vectors = torch.zeros(size, dimension)
    vectors[:, :kept] = left[:, :kept] * values[:kept].sqrt()
    vectors[[PAD, UNKNOWN]] = 0
    return vectors * (SPREAD / vectors.std().clamp_min(1e-6))
