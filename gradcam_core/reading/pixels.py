"""From an opened image, in whatever mode, to upright RGB, a band at a time: a large one is in memory only once.

Public names: `is_deep`, `orientation`, `plain`, `rgb`, `shades`, `upright_size`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from .containers import check_notes, turn_in, turn_of
from .shades import Shades, shades_of

__all__ = ["is_deep", "orientation", "plain", "rgb", "shades", "upright_size"]

BACKGROUND = (255, 255, 255)
# pixels that are converted at a time
BAND_PIXELS = 1_000_000
RAW_PROFILE = "Raw profile type exif"
IN_XMP = re.compile(rb"tiff:Orientation(?:=[\"']|>)([0-9])")
UNMULTIPLIED = {"La": "LA", "RGBa": "RGBA"}
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


def orientation(image: Image.Image, file: bytes = b"") -> int:
    """How `image`, read from `file` where it was opened here, has to be turned: a key of TURNS, or 1.

    Notes are read by hand, so that one that is broken spoils no other. Raises ImageError for notes that ask for all
    memory.
    """
    notes = [file] if image.format == "TIFF" and file else [*_notes(image)]
    for one in notes:
        check_notes(one)
    if not file:
        # may have been changed since it was opened
        with suppress(Exception):
            found = turn_of(image.getexif().get(ExifTags.Base.Orientation))
            return found if found in TURNS else 1
    found = next(filter(None, map(turn_in, notes)), None) or _turn_of_xmp(image.info)
    return found if found in TURNS else 1


def _notes(image: Image.Image) -> Iterator[bytes]:
    """The notes of an image, each like a TIFF."""
    exif = image.info.get("exif")
    if isinstance(exif, bytes):
        yield exif.removeprefix(b"Exif\0\0")
    if isinstance(profile := image.info.get(RAW_PROFILE), str):
        # as old programs wrote them into a PNG: letters for bytes behind three lines
        with suppress(ValueError):
            yield bytes.fromhex("".join(profile.split("\n")[3:])).removeprefix(b"Exif\0\0")


def _turn_of_xmp(info: Mapping[Any, Any]) -> int | None:
    about = info.get("XML:com.adobe.xmp") or info.get("xmp") or b""
    found = IN_XMP.search(about.encode("utf-8", "replace") if isinstance(about, str) else bytes(about))
    return int(found[1]) if found else None


def plain(image: Image.Image) -> Image.Image:
    """`image` in a mode that numpy knows and Pillow converts: colours are not multiplied by how opaque they are."""
    return image.convert(UNMULTIPLIED[image.mode]) if image.mode in UNMULTIPLIED else image


def upright_size(stored: tuple[int, int], turned: int) -> tuple[int, int]:
    """(width, height) of an image of `stored` size once it is `turned` as its orientation says."""
    return stored[::-1] if turned in QUARTER_TURNS else stored


def is_deep(image: Image.Image) -> bool:
    """True for grey of more than 8 bits; a transparent value in it is shown as any other."""
    return image.mode.startswith(("I", "F"))


def shades(image: Image.Image) -> Shades | None:
    """What is black and white in grey of more than 8 bits, None for other images."""
    return shades_of(image, (np.asarray(band) for _, band in _bands(image, 1, 1))) if is_deep(image) else None


def rgb(image: Image.Image, turned: int = 1, times: int = 1, grey: Shades | None = None) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB of a decoded image, `turned` upright, transparent parts on white.

    With `times` each pixel is the mean of so many along a side, (ceil(H / times), ceil(W / times), 3); at the right and
    at the bottom of fewer. `grey` are its `shades`, where they are known.
    """
    width, height = upright_size(image.size, turned)
    image = plain(image)
    convert = _converter(grey or shades(image))
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


def _converter(grey: Shades | None) -> Callable[[Image.Image], NDArray[np.uint8]]:
    """What makes (h, w, 3) uint8 RGB of a part of an image."""
    if grey is None:
        return _on_white
    return lambda part: np.repeat(grey.eight_bits(np.asarray(part))[..., None], 3, axis=2)


def _on_white(image: Image.Image) -> NDArray[np.uint8]:
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        ground = Image.new("RGBA", rgba.size, (*BACKGROUND, 255))
        image = Image.alpha_composite(ground, rgba)
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))
