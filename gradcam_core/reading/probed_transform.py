"""Where anybody's transform looks, found by sending pictures through it whose brightness says where they are.

    encoder = Ramped(transform)
    inputs, placement = encoder.encode(pixels)

A picture that brightens evenly from left to right comes out as the place that each column of the input was taken
from, and another one does for the rows: so crops, margins and squeezing are found whatever code makes them. Public
name: `Ramped`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..errors import CamError, ImageError, ModelError, first_line
from ..languages import Finding
from ..types import Box, Placement

__all__ = ["Ramped"]

Array = NDArray[Any]
WHITE = 255
# a ramp, the picture that brightens evenly, rises by this share along its own side and by the rest along the other, so
# that the rounding of brightness differs from row to row and averages out
STEEP, SLANT = 0.9, 0.1
# height and width of the picture with which a transform is tried out: odd numbers on purpose
SAMPLE = (197, 263)
# a transform is repeated this often to see whether it is random: one that flips half of the pictures passes once in 128
# times
REPEATS = 8
# inputs of fewer pixels a side leave a ramp too few steps to be read
SMALLEST = 16
# pixels at each edge that are not read: a resize has fewer neighbours to average there
EDGE = 4
# a resize to the nearest pixel is off by up to a half of the larger of both pixels
JUMP = 0.75
# in pixels of the input: an edge this near to the picture's own edge is taken for it
SNAP = 0.1
SIZES = 64


class Ramped:
    """A transform of a PIL image, or of an (H, W, 3) uint8 array, into a (channels, height, width) input.

    Raises ModelError where it is random, turns or bends the picture, or does not return such an input.
    """

    def __init__(self, transform: Callable[[Any], Any]) -> None:
        if not callable(transform):
            raise ModelError("transform.not_callable", transform=transform)
        self._transform = transform
        dice = np.random.default_rng(0)
        sample = dice.integers(0, WHITE + 1, (*SAMPLE, 3), np.uint8)
        self._wants_array = self._fails(Image.fromarray(sample)) and not self._fails(sample)
        first, *others = (self._values(sample) for _ in range(REPEATS))
        if any(other.shape != first.shape or not torch.equal(other, first) for other in others):
            raise ModelError("transform.random")
        self.input_shape: tuple[int, int, int, int] = (1, *first.shape)
        # of many photographs most have one of a few sizes
        self._box = lru_cache(SIZES)(self._found)
        self._box(*SAMPLE)

    @property
    def enough(self) -> int:
        """Only all pixels will do: what the transform makes of fewer is not known."""
        return sys.maxsize

    def record(self) -> dict[str, Any]:
        """That it is somebody's own, as plain JSON values."""
        return {"transform": getattr(self._transform, "__name__", type(self._transform).__name__)}

    def encode(self, pixels: NDArray[np.uint8], size: tuple[int, int] | None = None) -> tuple[Tensor, Placement]:
        """(H, W, 3) uint8 RGB to the (1, channels, height, width) float32 input and where it lies on the image.

        Raises ModelError, ImageError.
        """
        height, width = pixels.shape[:2]
        if size not in (None, (width, height)):
            raise ImageError("transform.reduced_picture", width=width, height=height, size=size)
        box = self._box(height, width)
        values = self._values(pixels)
        return values[None], Placement(height, width, box, (values.shape[-2], values.shape[-1]))

    def _fails(self, picture: Any) -> bool:
        try:
            self._transform(picture)
        except KeyboardInterrupt:
            raise
        except BaseException:
            return True
        return False

    def _values(self, pixels: Array) -> Tensor:
        try:
            found = self._transform(pixels if self._wants_array else Image.fromarray(pixels))
        except (CamError, KeyboardInterrupt):
            raise
        except BaseException as error:
            # anything may happen in somebody's own code, an end of the program too: it is said, not thrown at them
            raise ModelError(
                "transform.fails",
                width=pixels.shape[1],
                height=pixels.shape[0],
                error_type=type(error).__name__,
                text=first_line(error),
            ) from error
        values = torch.from_numpy(found) if isinstance(found, np.ndarray) else found
        if isinstance(values, Tensor) and values.ndim == 4 and len(values) == 1:
            values = values[0]
        if not isinstance(values, Tensor) or values.ndim != 3 or 0 in values.shape:
            shape = tuple(values.shape) if isinstance(values, Tensor) else None
            what = type(found).__name__ if shape is None else Finding("value.shape", shape=shape)
            raise ModelError("transform.no_tensor", what=what)
        return values.detach().to("cpu", torch.float32)

    def _found(self, height: int, width: int) -> Box:
        """The part of a picture of this size that the input shows; raises ModelError, ImageError."""
        if min(height, width) < SMALLEST:
            raise ImageError("transform.picture_too_small", width=width, height=height, smallest=SMALLEST)
        dark, light = (self._grey(np.full((height, width), shade, np.uint8)) for shade in (0, WHITE))
        gain = light - dark
        # where both are the same stands a margin that the transform has added
        inside = np.abs(gain) > np.abs(gain).max() / 2
        if not np.isfinite(gain).all() or not inside.any():
            raise ModelError("transform.ignores_picture")
        x = (np.arange(width, dtype=np.float32) + 0.5) / width
        y = ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None]
        places = []
        for one, other in ((x, y), (y, x)):
            ramp = np.rint((STEEP * WHITE * one) + (SLANT * WHITE * other)).astype(np.uint8)
            with np.errstate(divide="ignore", invalid="ignore"):
                up, down = ((self._grey(shades) - dark) / gain for shades in (ramp, WHITE - ramp))
            # halves are rounded up in both, so that one errs to the left and one to the right
            places.append((up + 1 - down) / 2)
        first, second = places
        x, y = ((STEEP * one - SLANT * two) / (STEEP**2 - SLANT**2) for one, two in ((first, second), (second, first)))
        left, right = _edges(x * width, inside, width)
        top, bottom = _edges(y.T * height, inside.T, height)
        return Box(left, top, right, bottom)

    def _grey(self, picture: NDArray[np.uint8]) -> Array:
        values = self._values(np.repeat(picture[:, :, None], 3, axis=2)).numpy().astype(np.float64)
        return values.mean(axis=0)


def _edges(along: Array, inside: Array, length: int) -> tuple[float, float]:
    """Where the columns of `along`, (h, w) places on a side of `length` pixels, begin and end on it.

    Only what is `inside` counts.
    """
    count = along.shape[1]
    lines = np.where(inside, along, np.nan)
    used: Array = np.asarray(inside.any(axis=0))
    if count > 4 * EDGE:
        used = np.logical_and(used, _eroded(used))
    if used.sum() < 2:
        raise ModelError("transform.leaves_too_little")
    where = np.nanmean(lines[:, used], axis=0)
    centres = np.flatnonzero(used) + 0.5
    slope, start = np.polyfit(centres, where, 1)
    # the brightness has steps of a 255th of the side
    allowed = length / WHITE / STEEP + JUMP * max(abs(slope), 1)
    across = np.nanmax(lines[:, used], axis=0) - np.nanmin(lines[:, used], axis=0)
    if across.max() > 2 * allowed or np.abs(where - start - slope * centres).max() > allowed:
        raise ModelError("transform.bends")
    if slope <= 0:
        raise ModelError("transform.mirrors")
    near = SNAP * slope
    low, high = float(start), float(start + slope * count)
    return (0.0 if abs(low) < near else low), (float(length) if abs(high - length) < near else high)


def _eroded(used: Array) -> Array:
    """`used` without the outer columns of every run."""
    padded = np.pad(used, EDGE)
    return np.all([padded[shift : shift + len(used)] for shift in range(2 * EDGE + 1)], axis=0)
