"""A check as pictures: the photograph with places hidden as a check hid them. Public name: `with_hidden`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ..canvases.picture import HIDING
from ..canvases.project import project
from ..explanation import Explanation
from ..types import WHOLE

__all__ = ["with_hidden"]

# pixels of each picture: enough to see what is gone
MOST_PIXELS = 200_000


def with_hidden(explanation: Explanation, masks: Sequence[NDArray[np.bool_]], hiding: str) -> list[Image.Image]:
    """The photograph, no larger than needed, once for each of `masks` (H, W), parts of the network's input to hide."""
    small = explanation.at_most(MOST_PIXELS)
    pixels, place = np.asarray(small.photograph.pixels), replace(small.placement, part=WHOLE)
    instead = HIDING[hiding](torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float())
    soft = instead[0].permute(1, 2, 0).round().clamp(0, 255).byte().numpy()
    # NaN, where the network did not look, is not above any number
    return [
        Image.fromarray(np.where((project(mask.astype(np.float32), place) > 0.5)[..., None], soft, pixels))
        for mask in masks
    ]
