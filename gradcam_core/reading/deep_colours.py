"""Colours of 16 bits that use few of them: microscopes and cameras keep 12 bits in 16, which look black.

    shades = brightened(image, again)    # None where the image is as bright as it says

Pillow keeps the upper byte of each value alone. Told that a file's bytes stand the other way round, it keeps the lower
ones, so that a file that looks dark is read a second time. Public name: `brightened`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .shades import FEW, Shades, shades_of

__all__ = ["brightened"]

# the upper byte of what 14 bits hold; brighter images use all 16
DIM = 63
NATIVE = "RGB;16L" if sys.byteorder == "big" else "RGB;16B"
# by how Pillow reads a file: how it reads the lower bytes, and which of its bands they are then
WHOLE = (0, 1, 2, 3)
LOWER = {
    **{f"{bands};16B": (f"{bands};16L", WHOLE) for bands in ("RGB", "RGBA", "RGBX")},
    **{f"{bands};16L": (f"{bands};16B", WHOLE) for bands in ("RGB", "RGBA", "RGBX")},
    **{f"{bands};16N": (NATIVE.replace("RGB", bands), WHOLE) for bands in ("RGB", "RGBA", "RGBX")},
    # two values of two bytes: all four of them
    "LA;16B": ("RGBA", (1, 1, 1, 3)),
}
BAND_PIXELS = 1_000_000


def brightened(image: Image.Image, again: Callable[[], Image.Image]) -> Shades | None:
    """Spread the colours of a decoded `image` over 8 bits, in place; None where that leaves it as it is.

    `again` opens the same file once more. All colours share one scale, as greys do: see `shades_of`.
    """
    if image.mode not in {"RGB", "RGBA"} or image.format not in {"PNG", "TIFF"} or not _is_dim(image):
        return None
    lower = again()
    raw = {_raw_mode(tile.args) for tile in getattr(lower, "tile", ())}
    if len(raw) != 1 or not raw <= LOWER.keys():
        return None
    mode, order = LOWER[raw.pop()]
    lower.tile = [tile._replace(args=_with_raw_mode(tile.args, mode)) for tile in lower.tile]  # type: ignore[attr-defined]
    lower.load()
    # a TIFF that says how it is turned believes that it has been
    lower._size = lower.im.size
    bands = order[: len(image.getbands())]
    shades = shades_of(image, (values[..., :3] for _, values in _values(image, lower, bands)))
    if shades.expected:
        return None
    for top, values in _values(image, lower, bands):
        part = shades.eight_bits(values)
        if values.shape[-1] > 3 and values[..., 3].max() > shades.white:
            # how opaque it is has a scale of its own
            part[..., 3] = values[..., 3] >> 8
        image.paste(Image.fromarray(part), (0, top))
    return shades


def _is_dim(image: Image.Image) -> bool:
    """Whether no more than the few values that may be broken are bright."""
    counts = np.reshape(image.histogram(), (-1, 256))[:3]
    return int(counts[:, DIM + 1 :].sum()) <= image.width * image.height // FEW + 1


def _values(image: Image.Image, lower: Image.Image, bands: tuple[int, ...]) -> Iterator[tuple[int, NDArray[np.uint16]]]:
    """The first row and the (h, W, bands) values of a few rows at a time."""
    step = max(BAND_PIXELS // image.width, 1)
    for top in range(0, image.height, step):
        box = (0, top, image.width, min(top + step, image.height))
        upper, low = (np.asarray(one.crop(box)) for one in (image, lower))
        yield top, upper.astype(np.uint16) << 8 | low[..., list(bands)]


def _raw_mode(args: object) -> str:
    return str(args[0] if isinstance(args, tuple) else args)


def _with_raw_mode(args: object, mode: str) -> object:
    return (mode, *args[1:]) if isinstance(args, tuple) else mode
