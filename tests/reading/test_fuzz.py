"""Files that nobody thought of: a photograph or an error in words, within bounded memory and time.

Seconds by default; `pytest --long` looks for minutes.
"""

from __future__ import annotations

import resource
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from gradcam_core import CamError
from gradcam_core.reading.containers import BUILT, checked
from gradcam_core.reading.photograph import read_photograph
from tests.helpers import noise
from tests.pictures import animation, encoded

from .bombs import gif, jpeg_parts, overlapping, pages, scan_again, segment, tiff

# of one small file: with much to spare, a decoder needs milliseconds
SECONDS, MEGABYTES = 20.0, 400.0
PICTURE = Image.fromarray(noise(24, 32))
KINDS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
MODES = ("RGB", "RGBA", "L", "P", "1", "CMYK")


def saved(kind: str, mode: str, progressive: bool) -> bytes:
    try:
        return encoded(PICTURE.convert(mode), kind, progressive=progressive)
    except (OSError, ValueError):
        # not every format holds every mode
        return encoded(PICTURE, kind)


TAGS = (254, 256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 322, 323, 324, 325, 339, 34665)
LONGS = st.integers(0, 2**32 - 1)
ENTRIES = st.tuples(st.sampled_from(TAGS), st.integers(0, 19), st.integers(0, 9) | LONGS, st.integers(0, 600) | LONGS)
SEGMENTS = st.builds(segment, st.sampled_from([b"\xff\xe1", b"\xff\xe2", b"\xff\xfe"]), st.binary(max_size=90))
STARTS = st.sampled_from([*BUILT, b"RIFF\x40\0\0\0WEBPVP8X"])
FILES = st.one_of(
    st.builds(saved, st.sampled_from(KINDS), st.sampled_from(MODES), st.booleans()),
    st.builds(animation, st.sampled_from(("GIF", "WEBP", "PNG"))),
    st.builds(pages, st.integers(1, 5)),
    st.builds(gif, st.binary(max_size=40), st.integers(0, 4)),
    st.builds(overlapping, st.integers(1, 200), st.integers(100, 10_000)),
    st.builds(scan_again, st.integers(0, 9), st.just(32)),
    st.builds(jpeg_parts, SEGMENTS, st.integers(0, 4)),
    st.builds(tiff, st.lists(ENTRIES, max_size=14), st.integers(0, 3000), st.integers(0, 300)),
    st.builds(bytes.__add__, STARTS, st.binary(max_size=300)),
)


@st.composite
def broken(draw: Callable[..., bytes]) -> bytes:
    """A file as it is, or with pieces overwritten, cut out, repeated and put in."""
    data = bytearray(draw(FILES))
    for _ in range(draw(st.integers(0, 5))):
        if not data:
            break
        place = draw(st.integers(0, len(data) - 1))
        length = draw(st.integers(0, 24))
        piece = draw(st.one_of(st.binary(max_size=8), st.sampled_from([b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff"])))
        change = draw(st.sampled_from(("over", "cut", "again", "in")))
        if change == "over":
            data[place : place + len(piece)] = piece
        elif change == "cut":
            del data[place : place + length]
        elif change == "again":
            data[place:place] = bytes(data[place : place + length]) * draw(st.integers(1, 50))
        else:
            data[place:place] = piece
    return bytes(data)


def attempted(work: Callable[[], Any]) -> tuple[Any, str]:
    """What `work` makes, or the words of what it refused; every other exception is a fault."""
    try:
        return work(), ""
    except CamError as error:
        return None, str(error)


def peak() -> float:
    """Megabytes that this process has ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(broken())
def test_a_file_is_a_photograph_or_an_error_in_words(data: bytes) -> None:
    before, start = peak(), time.perf_counter()
    with warnings.catch_warnings():
        # what Pillow thinks of damaged notes is no news for the person in front of the page
        warnings.simplefilter("ignore")
        found, words = attempted(lambda: read_photograph(data))
        if found is not None:
            width, height = found.size
            assert found.pixels.shape == (height, width, 3)
            assert found.pixels.dtype == np.uint8
            assert found.preview.shape[2] == 3
    assert found is not None or words.endswith(".")
    assert time.perf_counter() - start < SECONDS
    assert peak() - before < MEGABYTES


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from([*BUILT]), st.binary(max_size=400))
def test_whatever_stands_behind_a_files_first_letters_is_looked_at_without_failing(start: bytes, rest: bytes) -> None:
    _, words = attempted(lambda: checked(start + rest))
    assert not words or words.endswith(".")
