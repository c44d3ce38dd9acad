"""A picture as a canvas: parts of what the model saw are hidden, those first that a map values most.

A share of the seen area is hidden by blurring it beyond recognition: a flat colour has edges of its own, in
the shape of the map, which networks take for objects. A random order is the map itself moved and mirrored at random:
it hides areas of the same shapes, only elsewhere. Public names: `HIDING`, `blurred`, `drawn`, `hottest`, `mean_colour`,
`order`, `random_orders`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..types import WHOLE, Box, Placement
from .project import project

__all__ = ["HIDING", "blurred", "drawn", "hottest", "mean_colour", "order", "random_orders"]

FloatArray = NDArray[np.float32]
# standard deviation of the blur as a part of the input's width: nothing smaller than a third of it stays
BLUR = 0.1
# standard deviations on each side that a blur reaches: what lies further away weighs less than a thousandth
REACH = 4


def order(cam: FloatArray, size: tuple[int, int], part: Box = WHOLE) -> FloatArray:
    """(H, W) place of each pixel of the input in the order from hottest to coldest, from 0 to below 1.

    The map (h, w) is drawn on the input as it is on the photograph: bilinearly, its cells evenly spread over `part` of
    the input. Where they do not reach it is coldest.
    """
    values = drawn(cam, size, part)
    places = np.empty(values.size, np.float32)
    places[np.argsort(-values, axis=None, kind="stable")] = np.arange(values.size, dtype=np.float32)
    return (places / np.float32(values.size)).reshape(values.shape)


def hottest(cam: FloatArray, size: tuple[int, int], share: float, part: Box = WHOLE) -> NDArray[np.bool_]:
    """(H, W) whether a pixel of the input is one of the hottest `share`: `order` below it, without sorting the rest."""
    values = drawn(cam, size, part).ravel()
    count = int(np.count_nonzero(np.arange(values.size, dtype=np.float32) / np.float32(values.size) < share))
    found = np.zeros(values.size, bool)
    if count:
        edge = np.partition(values, values.size - count)[values.size - count]
        np.greater(values, edge, out=found)
        # of equal ones those that come first
        found[np.flatnonzero(values == edge)[: count - np.count_nonzero(found)]] = True
    return found.reshape(size)


def random_orders(cam: FloatArray, size: tuple[int, int], draws: int, part: Box = WHOLE) -> list[FloatArray]:
    """Orders of the same map, moved round the edges and mirrored at random; the same ones at every call."""
    # the order moves as the map does: sorting each anew takes as long as a forward pass
    still, dice = order(cam, size, part), np.random.default_rng(0)
    found = []
    for _ in range(draws):
        moved = np.roll(still, (int(dice.integers(size[0])), int(dice.integers(size[1]))), (0, 1))
        found.append(np.ascontiguousarray(moved[:: dice.choice([-1, 1]), :: dice.choice([-1, 1])]))
    return found


def blurred(inputs: Tensor) -> Tensor:
    """(n, 3, H, W) inputs with everything blurred beyond recognition."""
    high, wide = inputs.shape[-2:]
    deviation = BLUR * wide
    down, across = (_mixing(side, deviation).to(inputs.device) for side in (high, wide))
    return (down @ inputs.float() @ across.T).to(inputs.dtype)


@lru_cache(maxsize=16)
def _mixing(side: int, deviation: float) -> Tensor:
    """(side, side) how much each pixel of a line, mirrored at its ends, gives to each blurred one.

    So wide a blur weighs most of a line for every pixel: two products of matrices take a third of the time of a filter.
    """
    across = round(2 * REACH * deviation + 1) | 1
    mirrored = np.pad(np.arange(side), across // 2, mode="symmetric")
    pairs = np.arange(side)[:, None] * side + np.lib.stride_tricks.sliding_window_view(mirrored, across)
    weights = np.tile(cv2.getGaussianKernel(across, deviation)[:, 0], side)
    found = np.bincount(pairs.ravel(), weights, side * side).reshape(side, side)
    return torch.from_numpy(found.astype(np.float32))


def mean_colour(inputs: Tensor) -> Tensor:
    """(1, 3, H, W) input with its own mean colour everywhere."""
    return inputs.mean((-2, -1), keepdim=True).expand_as(inputs)


# what stands in the place of what is hidden
HIDING: dict[str, Callable[[Tensor], Tensor]] = {"blur": blurred, "mean": mean_colour}


def drawn(cam: FloatArray, size: tuple[int, int], part: Box = WHOLE) -> FloatArray:
    """A map (h, w) at the input's `size` (H, W), bilinearly, its cells evenly spread over `part` of it."""
    found = project(cam, Placement(*size, Box(0, 0, size[1], size[0]), part=part))
    return np.where(np.isnan(found), cam.min(), found)
