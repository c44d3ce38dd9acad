"""Hiding parts of what the model saw, and what it says then.

A share of the seen area is hidden by blurring it beyond recognition: a flat colour has edges of its own, in
the shape of the map, which networks take for objects. A random order is the map itself moved and mirrored at random:
it hides areas of the same shapes, only elsewhere. Public names: `HIDING`, `Curve`, `Curves`, `Hidden`,
`HideAndLook`, `blurred`, `drawn`, `mean_colour`, `order`, `random_orders`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..canvases.project import interpolation_matrix
from ..languages import Finding, say
from ..types import Prediction

__all__ = [
    "HIDING",
    "Curve",
    "Curves",
    "Hidden",
    "HideAndLook",
    "blurred",
    "drawn",
    "mean_colour",
    "order",
    "random_orders",
]

FloatArray = NDArray[np.float32]
# standard deviation of the blur as a part of the input's width: nothing smaller than a third of it stays
BLUR = 0.1
# of the random draws that the map has to beat: eight of nine
ENOUGH = 0.8


@dataclass(frozen=True)
class Hidden:
    """The class's probability with `share` of the seen area hidden: the hottest, and shares taken at random."""

    share: float
    hottest: float
    random: tuple[float, ...]

    @property
    def random_mean(self) -> float:
        """The mean over the random draws."""
        return float(np.mean(self.random))


@dataclass(frozen=True)
class HideAndLook:
    """The probability of `target` before, and with growing shares hidden."""

    target: Prediction
    against: bool
    steps: tuple[Hidden, ...]
    nbytes: int = 1024

    @property
    def holds(self) -> bool:
        """Whether the hottest places matter more than at least four fifths of the random draws of as much.

        What matters is the change of the probability, averaged over the shares; a draw may hit the hottest
        places by chance, so that not all of them have to stand back.
        """
        sign = 1 if self.against else -1
        hottest = sign * np.array([step.hottest for step in self.steps]).mean()
        random = sign * np.array([step.random for step in self.steps]).mean(axis=0)
        return bool((hottest > random).mean() >= ENOUGH)

    @property
    def finding(self) -> Finding:
        """What hiding does, for the middle share, and whether the map holds."""
        step = self.steps[len(self.steps) // 2]
        return Finding(
            "hide.holds" if self.holds else "hide.fails",
            share=step.share,
            label=self.target.label,
            before=self.target.probability,
            hottest=step.hottest,
            random=step.random_mean,
        )

    @property
    def sentence(self) -> str:
        """`finding` in plain English."""
        return say(self.finding)


@dataclass(frozen=True)
class Curve:
    """The probability at each share in `Curves.shares`; `area` under it, from 0 to 1."""

    values: tuple[float, ...]

    @property
    def area(self) -> float:
        """Mean height by the trapezoid rule; the shares are evenly spaced."""
        inner = np.asarray(self.values, np.float64)
        return float((inner[1:] + inner[:-1]).mean() / 2)


@dataclass(frozen=True)
class Curves:
    """Deletion and insertion (Petsiuk et al., RISE, arXiv:1806.07421, sec. 4.2) in three orders each.

    `shares` of the seen area from 0 to 1 are hidden (deletion) or all that is shown (insertion), the hottest
    first, the coldest first (`reversed`), or in random orders, of which the mean is kept.
    """

    shares: tuple[float, ...]
    deletion: Curve
    deletion_random: Curve
    deletion_reversed: Curve
    insertion: Curve
    insertion_random: Curve
    insertion_reversed: Curve
    nbytes: int = 4096


def order(cam: FloatArray, size: tuple[int, int]) -> FloatArray:
    """(H, W) place of each pixel of the input in the order from hottest to coldest, from 0 to below 1.

    The map (h, w) is drawn on the input as it is on the photograph: bilinearly, its cells evenly spread.
    """
    return _places(drawn(cam, size))


def random_orders(cam: FloatArray, size: tuple[int, int], draws: int) -> list[FloatArray]:
    """Orders of the same map, moved round the edges and mirrored at random; the same ones at every call."""
    still, dice = drawn(cam, size), np.random.default_rng(0)
    found = []
    for _ in range(draws):
        moved = np.roll(still, (int(dice.integers(size[0])), int(dice.integers(size[1]))), (0, 1))
        found.append(_places(moved[:: dice.choice([-1, 1]), :: dice.choice([-1, 1])]))
    return found


def blurred(inputs: Tensor) -> Tensor:
    """(1, 3, H, W) input with everything blurred beyond recognition."""
    pixels = inputs[0].float().permute(1, 2, 0).cpu().numpy()
    soft = cv2.GaussianBlur(pixels, (0, 0), BLUR * pixels.shape[1], borderType=cv2.BORDER_REFLECT)
    return torch.from_numpy(soft).permute(2, 0, 1)[None].to(inputs)


def mean_colour(inputs: Tensor) -> Tensor:
    """(1, 3, H, W) input with its own mean colour everywhere."""
    return inputs.mean((-2, -1), keepdim=True).expand_as(inputs)


# what stands in the place of what is hidden
HIDING: dict[str, Callable[[Tensor], Tensor]] = {"blur": blurred, "mean": mean_colour}


def drawn(cam: FloatArray, size: tuple[int, int]) -> FloatArray:
    """A map (h, w) at the input's `size` (H, W), bilinearly, its cells evenly spread."""
    height, width = size
    vertical = interpolation_matrix(slice(0, height), cam.shape[0], 0, height)
    horizontal = interpolation_matrix(slice(0, width), cam.shape[1], 0, width)
    return vertical @ cam @ horizontal.T


def _places(values: FloatArray) -> FloatArray:
    places = np.empty(values.size, np.float32)
    places[np.argsort(-values, axis=None, kind="stable")] = np.arange(values.size, dtype=np.float32)
    return (places / np.float32(values.size)).reshape(values.shape)
