"""From an opened image, in whatever mode, to upright RGB, a band at a time: a large one is in memory only once.

Public names: `is_deep`, `orientation`, `rgb`, `upright_size`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from .containers import check_notes

__all__ = ["is_deep", "orientation", "rgb", "upright_size"]

BACKGROUND = (255, 255, 255)
# pixels that are converted at a time
BAND_PIXELS = 1_000_000
RAW_PROFILE = "Raw profile type exif"
Transpose = Image.Transpose
# EXIF orientation: how the stored pixels are turned to stand upright (EXIF 2.3, tag 0x0112)
TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
# those whose upright rows are stored as columns, and those that are read from the last row or column on
QUARTER_TURNS = frozenset({5, 6, 7, 8})
BACKWARDS = frozenset({3, 4, 7, 8})


def orientation(image: Image.Image) -> int:
    """How `image` has to be turned, a key of TURNS, or 1; raises ImageError for notes that ask for all memory."""
    notes = image.info.get("exif", b"")
    if isinstance(notes, bytes):
        check_notes(notes.removeprefix(b"Exif\0\0"))
    if isinstance(profile := image.info.get(RAW_PROFILE), str):
        # as old programs wrote them into a PNG: letters for bytes behind three lines
        check_notes(bytes.fromhex("".join(profile.split("\n")[3:])).removeprefix(b"Exif\0\0"))
    found = int(image.getexif().get(ExifTags.Base.Orientation, 1))
    return found if found in TURNS else 1


def upright_size(stored: tuple[int, int], turned: int) -> tuple[int, int]:
    """(width, height) of an image of `stored` size once it is `turned` as its orientation says."""
    return stored[::-1] if turned in QUARTER_TURNS else stored


def is_deep(image: Image.Image) -> bool:
    """True for grey of more than 8 bits; a transparent value in it is shown as any other."""
    return image.mode.startswith(("I", "F"))


def rgb(image: Image.Image, turned: int = 1, times: int = 1) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB of a decoded image, `turned` upright, transparent parts on white.

    With `times` each pixel is the mean of so many along a side, (ceil(H / times), ceil(W / times), 3); at the right and
    at the bottom of fewer.
    """
    width, height = upright_size(image.size, turned)
    convert = _converter(image)
    if times == 1 and width * height <= BAND_PIXELS and turned == 1:
        return convert(image)
    found = np.empty((-(-height // times), -(-width // times), 3), np.uint8)
    for rows, band in _bands(image, turned, times):
        part = convert(band)
        if times > 1:
            part = np.asarray(Image.fromarray(part).reduce(times))
        found[rows.start // times : -(-rows.stop // times)] = part
    return found


def _bands(image: Image.Image, turned: int, times: int) -> Iterator[tuple[slice, Image.Image]]:
    """Upright rows, a multiple of `times` but for the last, and the upright part of the image that holds them."""
    width, height = upright_size(image.size, turned)
    step = max(BAND_PIXELS // width // times, 1) * times
    for start in range(0, height, step):
        stop = min(start + step, height)
        first, last = (height - stop, height - start) if turned in BACKWARDS else (start, stop)
        box = (first, 0, last, width) if turned in QUARTER_TURNS else (0, first, width, last)
        part = image.crop(box)
        yield slice(start, stop), part.transpose(TURNS[turned]) if turned in TURNS else part


def _converter(image: Image.Image) -> Callable[[Image.Image], NDArray[np.uint8]]:
    """What makes (h, w, 3) uint8 RGB of a part of `image`."""
    if not is_deep(image):
        return _on_white
    top = _white(image)
    return lambda part: np.repeat(_eight_bits(np.asarray(part), top)[..., None], 3, axis=2)


def _on_white(image: Image.Image) -> NDArray[np.uint8]:
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        ground = Image.new("RGBA", rgba.size, (*BACKGROUND, 255))
        image = Image.alpha_composite(ground, rgba)
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))


def _white(image: Image.Image) -> float:
    """What stands for white in 16-bit and floating-point grey: the type says it, and the largest value."""
    kind, largest = np.asarray(image.crop((0, 0, 1, 1))).dtype, 0.0
    if kind.itemsize != 2:
        largest = max(float(np.nanmax(np.asarray(band), initial=0)) for _, band in _bands(image, 1, 1))
    if kind.kind == "f":
        return 1.0 if largest <= 1 else 255.0
    return 65535.0 if kind.itemsize == 2 or largest > 255 else 255.0


def _eight_bits(values: NDArray[np.generic], top: float) -> NDArray[np.uint8]:
    """Grey values (H, W) to 8 bits, `top` being white."""
    wide = values.astype(np.float64)
    return np.clip(np.rint(np.nan_to_num(wide) / top * 255), 0, 255).astype(np.uint8)
