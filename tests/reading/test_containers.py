"""Files that are small and ask for much: refused before they are decoded, or read without what nobody sees."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gradcam_core import ImageError
from gradcam_core.reading import containers
from gradcam_core.reading.containers import checked
from gradcam_core.reading.photograph import MAX_SIDE, read_photograph
from tests.pictures import encoded, photo

from .bombs import BOMBS, COUNTED, scan_again


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_before_anything_is_decoded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def decoded(*_: Any, **__: Any) -> None:
        raise AssertionError("the picture was decoded")

    data = BOMBS[name]()
    if name != "notes of a PNG":
        # they may stand behind the picture
        monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decoded)
        monkeypatch.setattr("PIL.Image.open", decoded)
    with pytest.raises(ImageError, match=r"takes too long to read: .* Open it and save it again"):
        read_photograph(data)


@pytest.mark.parametrize("name", COUNTED)
def test_pictures_that_nobody_sees_are_counted_up_to_a_thousand(name: str) -> None:
    make, words = COUNTED[name]
    (note,) = read_photograph(make()).notes
    assert words in note


def test_usual_files_pass() -> None:
    for kind in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"):
        checked(photo(kind))
    slope = Image.linear_gradient("L").resize((1500, 1000)).convert("RGB")
    for options in ({"progressive": True}, {"progressive": True, "subsampling": 0, "quality": 95}):
        assert read_photograph(encoded(slope, "JPEG", **options)).size == (1500, 1000)
    # ten scans and some more
    assert read_photograph(scan_again(10)).size == (2000, 2000)


def test_a_side_has_a_limit_of_its_own() -> None:
    assert read_photograph(encoded(Image.new("L", (MAX_SIDE, 1)), "PNG")).size == (MAX_SIDE, 1)
    for size in ((MAX_SIDE + 1, 1), (1, MAX_SIDE + 1)):
        with pytest.raises(ImageError, match=f"a side may have at most {MAX_SIDE}"):
            read_photograph(encoded(Image.new("L", size), "PNG"))


def test_a_large_progressive_jpeg_in_four_colours_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "MOST_COEFFICIENTS", 4 * 999)
    data = encoded(Image.new("CMYK", (100, 10)), "JPEG", progressive=True)
    with pytest.raises(ImageError, match="progressive JPEG of 100 x 10 pixels in 4 colours"):
        read_photograph(data)
    # the usual kind needs no such memory
    assert read_photograph(encoded(Image.new("CMYK", (100, 10)), "JPEG")).size == (100, 10)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I", "F", "I;16"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_large_picture_in_bands_is_the_one_in_one_piece(
    mode: str, orientation: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its mode and however it is turned; its reduced form is the mean of blocks, counted from the top left."""
    rng = np.random.default_rng(3)
    image = Image.fromarray(rng.integers(0, 256, (37, 53, 4), np.uint8), "RGBA")
    if mode == "I;16":
        image = Image.fromarray(rng.integers(0, 65536, (37, 53), np.uint16))
    elif mode == "I":
        image = Image.fromarray(rng.integers(0, 65536, (37, 53), np.int32))
    else:
        image = image.convert(mode)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(image, "TIFF", exif=exif)
    whole = read_photograph(data).pixels
    monkeypatch.setattr("gradcam_core.reading.pixels.BAND_PIXELS", 100)
    np.testing.assert_array_equal(read_photograph(data).pixels, whole)
    monkeypatch.setattr("gradcam_core.reading.photograph.LARGE_PIXELS", 100)
    monkeypatch.setattr("gradcam_core.reading.photograph.SCREEN_PIXELS", 20)
    monkeypatch.setattr("gradcam_core.reading.photograph.PREVIEW_SHORT", 15)
    found = read_photograph(data)
    assert found.size == (whole.shape[1], whole.shape[0])
    assert found.reduction(1) == 2
    padded = np.full((-(-whole.shape[0] // 2) * 2, -(-whole.shape[1] // 2) * 2, 3), np.nan)
    padded[: whole.shape[0], : whole.shape[1]] = whole
    blocks = padded.reshape(padded.shape[0] // 2, 2, padded.shape[1] // 2, 2, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        means = np.nanmean(blocks, (1, 3))
    assert np.abs(found.preview - means).max() <= 0.5 + 1e-6
    np.testing.assert_array_equal(found.pixels, whole)
