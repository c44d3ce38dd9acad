"""Every file that a person may upload: read upright and right, or refused in words; never a crash."""

from __future__ import annotations

import struct
import warnings
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from gradcam_core import ImageError
from gradcam_core.reading import photograph as imageio
from gradcam_core.reading.photograph import MAX_PIXELS, digest_of, read_photograph

from ..helpers import noise
from ..pictures import UNREADABLE, animation, encoded, half, photo, png, png_chunk, two_tone

# EXIF orientation: how the stored pixels are turned to stand upright (EXIF 2.3, tag 0x0112)
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: a.transpose(1, 0, 2)[:, ::-1],
    7: lambda a: a.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda a: a.transpose(1, 0, 2)[::-1],
}


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


# --- what cannot be read


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("way", ["bytes", "path"])
def test_unreadable_files_are_refused_in_words(name: str, way: str, tmp_path: Path) -> None:
    data, words = UNREADABLE[name]
    source: Any = data
    if way == "path":
        source = tmp_path / name
        source.write_bytes(data)
    with pytest.raises(ImageError, match=f"(?i){words}") as caught:
        read_photograph(source)
    message = str(caught.value)
    assert str(tmp_path) not in message
    assert "0x" not in message
    assert message.endswith(".")
    # a remedy, or what can be read instead
    assert any(word in message for word in ("again", "can be read", "smaller", "Save", "Export"))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (None, "There is no image: choose"),
        (7, "`image` is of type 'int'; expected a path"),
        ([1, 2], "`image` is of type 'list'"),
        ({"path": "x"}, "`image` is of type 'dict'"),
        (noise(4, 4)[..., 0], r"shape \(4, 4\) and type uint8; expected \(height, width, 3\)"),
        (np.zeros((4, 4, 4), np.uint8), r"shape \(4, 4, 4\)"),
        (np.zeros((3, 4, 4), np.uint8), r"shape \(3, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), r"shape \(0, 4, 3\)"),
        (np.zeros((4, 4, 3), np.float32), r"type float32; .*\(image \* 255\)\.round"),
        (np.zeros((4, 4, 3), np.int64), "type int64"),
        (np.zeros((1, 4, 4, 3), np.uint8), r"shape \(1, 4, 4, 3\)"),
    ],
)
def test_what_is_no_image_at_all(source: Any, words: str) -> None:
    with pytest.raises(ImageError, match=words):
        read_photograph(source)


@pytest.mark.parametrize("name", ["missing.jpg", "folder", "a\0b", "x" * 300 + ".png"])
def test_a_path_that_cannot_be_read_names_the_file_but_not_its_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ImageError, match=r"The file .* cannot be read: ") as caught:
        read_photograph(f"{tmp_path}/{name}")
    assert repr(name) in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["https://example.org/cat.jpg", "HTTP://x/y", "data:image/png;base64,AA", "s3://a/b"]
)
def test_an_address_is_said_to_be_one_and_not_repeated(address: str) -> None:
    with pytest.raises(ImageError, match=r"`image` is an address .*nothing is fetched") as caught:
        read_photograph(address)
    assert address not in str(caught.value)


def test_the_pixel_limit_is_exact_and_names_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_PIXELS == 64_000_000
    monkeypatch.setattr(imageio, "MAX_PIXELS", 2_000_000)
    assert read_photograph(encoded(Image.new("1", (2000, 1000)), "PNG")).size == (2000, 1000)
    for source in (encoded(Image.new("1", (2001, 1000)), "PNG"), np.zeros((1000, 2001, 3), np.uint8)):
        with pytest.raises(ImageError, match=r"2001 x 1000 pixels and exceeds the limit of 2 megapixels.*smaller"):
            read_photograph(source)


@pytest.mark.parametrize("side", [8_001, 9_500, 13_500, 65_535])
def test_bombs_are_refused_before_they_are_decoded(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever Pillow itself thinks of them: from 64 megapixels, past its warning and its error."""

    def decoded(*_: Any) -> None:
        raise AssertionError("the picture was decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decoded)
    data = png(side, 8_001, png_chunk(b"IDAT", zlib.compress(b"")))
    for policy in ("error", "ignore"):
        with warnings.catch_warnings():
            warnings.simplefilter(policy)
            with pytest.raises(ImageError, match="64 megapixels"):
                read_photograph(data)


def test_a_bomb_given_as_an_opened_image_is_refused_before_it_is_decoded() -> None:
    data = png(8_001, 8_001, png_chunk(b"IDAT", zlib.compress(b"")))
    image = Image.open(BytesIO(data))
    for refuse in (read_photograph, digest_of):
        with pytest.raises(ImageError, match="64 megapixels"):
            refuse(image)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_damaged_files_never_crash(kind: str) -> None:
    """Cut at every place and with bytes overwritten at random: a photograph or an ImageError, nothing else."""
    data = photo(kind, 12, 16, exif=turned(6)) if kind in {"JPEG", "PNG", "WEBP"} else photo(kind, 12, 16)
    rng = np.random.default_rng(0)
    damaged = [data[:cut] for cut in range(0, len(data), max(1, len(data) // 60))]
    for _ in range(120):
        broken = bytearray(data)
        for place in rng.integers(0, len(data), rng.integers(1, 6)):
            broken[place] = rng.integers(256)
        damaged.append(bytes(broken))
    outcomes = set()
    with warnings.catch_warnings():
        # Pillow warns of damaged EXIF and odd sizes; for the person in front of the page that is no news
        warnings.simplefilter("ignore")
        for one in damaged:
            try:
                pixels = read_photograph(one).pixels
                outcomes.add("read")
                assert pixels.dtype == np.uint8
                assert pixels.ndim == 3
            except ImageError as error:
                outcomes.add(str(error)[-1])
    # refusals are sentences
    assert outcomes == {"read", "."}


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_damaged_animations_never_crash(kind: str) -> None:
    data = animation(kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for cut in range(len(data)):
            try:
                read_photograph(data[:cut])
            except ImageError:
                continue


# --- what is read, and how


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_lossless_files_are_read_to_the_pixel_in_rgb(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    found = read_photograph(photo(kind, 13, 17, **options))
    np.testing.assert_array_equal(found.pixels, noise(13, 17))
    assert found.size == (17, 13)
    assert found.notes == ()
    assert found.nbytes == 13 * 17 * 3


def test_all_ways_in_give_the_same_pixels(tmp_path: Path) -> None:
    data = photo()
    path = tmp_path / "wrong extension.jpg"
    path.write_bytes(data)
    sources = [data, bytearray(data), memoryview(data), path, str(path), Image.open(BytesIO(data)), noise(40, 60)]
    for source in sources:
        np.testing.assert_array_equal(read_photograph(source).pixels, noise(40, 60))


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "image"])
def test_exif_orientation_is_applied_to_the_pixel(orientation: int, kind: str) -> None:
    stored = two_tone()
    if kind == "image":
        source: Any = stored.copy()
        source.getexif()[0x0112] = orientation
        plain = np.asarray(stored)
    else:
        options = {"lossless": True} if kind == "WEBP" else {}
        source = encoded(stored, kind, exif=turned(orientation), **options)
        plain = np.asarray(Image.open(BytesIO(encoded(stored, kind, **options))).convert("RGB"))
    np.testing.assert_array_equal(read_photograph(source).pixels, UPRIGHT[orientation](plain))


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_orientation_that_does_not_exist_is_ignored(orientation: int) -> None:
    source = encoded(two_tone(), "PNG", exif=turned(orientation))
    np.testing.assert_array_equal(read_photograph(source).pixels, np.asarray(two_tone()))


def large_jpeg(width: int, height: int, orientation: int = 1) -> bytes:
    """Light that changes slowly, differently along each side and in each channel, as a JPEG."""
    rows, columns = np.indices((height, width))
    waves = [127 + 100 * np.sin(rows / 90 * (1 + k) + columns / 70 + k) for k in range(3)]
    picture = Image.fromarray(np.stack(waves, -1).astype(np.uint8))
    return encoded(picture, "JPEG", quality=95, exif=turned(orientation))


@pytest.mark.parametrize(
    ("stored", "orientation"),
    [*(((2403, 1801), orientation) for orientation in UPRIGHT), ((3843, 2403), 6), ((3843, 1203), 1)],
)
def test_a_large_jpeg_is_decoded_in_full_only_when_asked(stored: tuple[int, int], orientation: int) -> None:
    data = large_jpeg(*stored, orientation)
    found = read_photograph(data)
    whole = UPRIGHT[orientation](np.asarray(Image.open(BytesIO(data))))
    assert found.size == (whole.shape[1], whole.shape[0])
    times = found.reduction(600)
    assert times == {(2403, 1801): 2, (3843, 2403): 4, (3843, 1203): 2}[stored]
    assert found.preview.shape == (-(-whole.shape[0] // times), -(-whole.shape[1] // times), 3)
    assert "pixels" not in vars(found)
    # a pixel of the preview is the mean of those that became it, but for what JPEG rounds
    height, width = (side // times for side in whole.shape[:2])
    blocks = whole[: height * times, : width * times].reshape(height, times, width, times, 3).mean((1, 3))
    if orientation == 1:
        assert np.abs(found.preview[:height, :width] - blocks).mean() < 1
    assert found.at_least(600) is found.preview
    assert found.at_least(min(found.preview.shape[:2]) + 1) is found.pixels
    assert found.reduction(min(found.preview.shape[:2]) + 1) == 1
    np.testing.assert_array_equal(found.pixels, whole)
    assert found.nbytes == whole.nbytes + found.preview.nbytes + len(data)


def test_what_is_not_reduced_is_decoded_once() -> None:
    data = large_jpeg(2402, 1800)
    small = large_jpeg(1196, 896)
    for source in (Image.open(BytesIO(data)), encoded(Image.open(BytesIO(data)), "PNG"), small):
        found = read_photograph(source)
        assert found.reduction(1) == 1
        assert found.pixels is found.preview
        assert found.nbytes == found.pixels.nbytes
        # somebody else's image keeps its size
        assert not isinstance(source, Image.Image) or source.size == (2402, 1800)


def test_only_a_file_that_browsers_show_as_it_is_read_here_is_handed_on() -> None:
    picture = Image.fromarray(noise(60, 90))
    plain = encoded(picture, "JPEG", quality=95)
    found = read_photograph(plain)
    assert found.ready == plain
    assert found.nbytes == found.pixels.nbytes + len(plain)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    others = {
        "turned": encoded(picture, "JPEG", exif=turned(6)),
        "with a profile": encoded(picture, "JPEG", icc_profile=profile),
        "grey": encoded(picture.convert("L"), "JPEG"),
        "for print": encoded(picture.convert("CMYK"), "JPEG"),
        "another format": encoded(picture, "PNG"),
        "larger than a screen": encoded(Image.new("RGB", (961, 9)), "JPEG"),
        "already open": picture,
    }
    assert {name: read_photograph(source).ready for name, source in others.items()} == dict.fromkeys(others, b"")


def test_a_large_jpeg_that_is_cut_off_is_refused_at_once() -> None:
    data = large_jpeg(2403, 1801)
    for cut in (len(data) // 2, len(data) * 9 // 10):
        with pytest.raises(ImageError, match="cut off or damaged"):
            read_photograph(data[:cut])


def test_cmyk_jpeg() -> None:
    cmyk = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    found = read_photograph(encoded(cmyk, "JPEG", quality=100))
    # full magenta and yellow, no cyan, no black: red
    np.testing.assert_allclose(found.pixels.astype(int), np.broadcast_to([255, 0, 0], (16, 16, 3)), atol=3)


def grey_png(values: NDArray[np.uint16], bits: int, *chunks: bytes, color: int = 0) -> bytes:
    """A PNG written here, sample by sample: (h, w) grey or (h, w, n) with more channels."""
    kind = np.dtype(">u2" if bits == 16 else "u1")
    rows = b"".join(b"\0" + row.astype(kind).tobytes() for row in values)
    return png(
        values.shape[1], values.shape[0], *chunks, png_chunk(b"IDAT", zlib.compress(rows)), bits=bits, color=color
    )


def test_16_bit_grey_png_keeps_its_whole_range() -> None:
    values = np.array([[0, 257, 128 * 257, 65535]], np.uint16)
    found = read_photograph(grey_png(values, 16))
    np.testing.assert_array_equal(found.pixels[0], np.repeat([[0], [1], [128], [255]], 3, 1))


def test_16_bit_grey_png_of_one_dark_value_stays_dark() -> None:
    """One value tells nothing of what is white but for its type: 200 of 65535 is black."""
    found = read_photograph(grey_png(np.full((3, 3), 200, np.uint16), 16))
    assert found.pixels.max() == 1


def test_16_bit_rgb_png() -> None:
    values = np.array([[[65535, 0, 32896], [257, 514, 771]]], np.uint16)
    found = read_photograph(grey_png(values, 16, color=2))
    np.testing.assert_array_equal(found.pixels[0], [[255, 0, 128], [1, 2, 3]])


def test_16_bit_grey_with_alpha_is_put_on_white() -> None:
    values = np.array([[[0, 65535], [0, 0], [65535, 65535]]], np.uint16)
    found = read_photograph(grey_png(values, 16, color=4))
    np.testing.assert_array_equal(found.pixels[0, :, 0], [0, 255, 255])
    assert found.notes == ("Transparent parts are shown on white.",)


def test_16_bit_grey_with_a_transparent_value_does_not_claim_to_be_on_white() -> None:
    transparent = png_chunk(b"tRNS", struct.pack(">H", 257))
    found = read_photograph(grey_png(np.array([[257, 514, 65535]], np.uint16), 16, transparent))
    np.testing.assert_array_equal(found.pixels[0], [[1] * 3, [2] * 3, [255] * 3])
    assert found.notes == ()


@pytest.mark.parametrize("scale", [1.0, 255.0])
def test_floating_point_tiff(scale: float) -> None:
    values = (np.array([[0, 0.2, 1]], np.float32) * scale).astype(np.float32)
    found = read_photograph(encoded(Image.fromarray(values), "TIFF"))
    np.testing.assert_array_equal(found.pixels[0, :, 0], [0, 51, 255])


def test_32_bit_integer_image() -> None:
    low, high = Image.fromarray(np.array([[0, 255]], np.int32)), Image.fromarray(np.array([[0, 65535]], np.int32))
    for image in (low, high):
        np.testing.assert_array_equal(read_photograph(image).pixels[0, :, 0], [0, 255])


def test_greyscale_and_black_and_white() -> None:
    grey = Image.fromarray(np.array([[0, 7, 255]], np.uint8))
    np.testing.assert_array_equal(read_photograph(encoded(grey, "PNG")).pixels[0], [[0] * 3, [7] * 3, [255] * 3])
    bits = Image.fromarray(np.array([[True, False]]))
    np.testing.assert_array_equal(read_photograph(encoded(bits, "PNG")).pixels[0], [[255] * 3, [0] * 3])


def palette_image() -> Image.Image:
    image = Image.new("P", (3, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.putdata([0, 1, 2])
    return image


def test_palette_png_with_and_without_transparency() -> None:
    opaque = read_photograph(encoded(palette_image(), "PNG"))
    np.testing.assert_array_equal(opaque.pixels[0], [[255, 0, 0], [0, 255, 0], [0, 0, 255]])
    assert opaque.notes == ()
    # one value of the palette, and an alpha for each
    for transparency, green in ((1, [255, 255, 255]), (bytes([255, 51, 255]), [204, 255, 204])):
        found = read_photograph(encoded(palette_image(), "PNG", transparency=transparency))
        np.testing.assert_array_equal(found.pixels[0], [[255, 0, 0], green, [0, 0, 255]])
        assert found.notes == ("Transparent parts are shown on white.",)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_put_on_white_by_hand(mode: str) -> None:
    levels = [(0, 0), (0, 51), (100, 128), (0, 255)]
    image = Image.new(mode, (4, 1))
    image.putdata([(light,) * (len(mode) - 1) + (alpha,) for light, alpha in levels])
    found = read_photograph(encoded(image, "PNG"))
    expected = [round(light * alpha / 255 + 255 * (1 - alpha / 255)) for light, alpha in levels]
    np.testing.assert_array_equal(found.pixels[0], np.repeat(np.array(expected)[:, None], 3, 1))
    assert found.notes == ("Transparent parts are shown on white.",)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_shown_and_said(kind: str) -> None:
    found = read_photograph(animation(kind))
    np.testing.assert_array_equal(found.pixels, np.broadcast_to([255, 0, 0], (10, 20, 3)))
    assert "This file holds 3 pictures; the first one is shown." in found.notes


@pytest.mark.parametrize("shape", [(1, 1), (5000, 1), (1, 5000), (300, 20_000)])
def test_extreme_shapes_are_read(shape: tuple[int, int]) -> None:
    pixels = np.full((*shape, 3), 9, np.uint8)
    found = read_photograph(encoded(Image.fromarray(pixels), "PNG"))
    np.testing.assert_array_equal(found.pixels, pixels)


def test_the_array_given_may_be_changed_afterwards() -> None:
    array = noise(5, 5)
    found = read_photograph(array)
    array[:] = 0
    np.testing.assert_array_equal(found.pixels, noise(5, 5))


# --- fingerprints


def test_same_content_same_fingerprint(tmp_path: Path) -> None:
    data = photo()
    (tmp_path / "a.png").write_bytes(data)
    assert digest_of(data) == digest_of(tmp_path / "a.png") == read_photograph(data).digest
    array = noise(6, 8)
    assert digest_of(array) == digest_of(np.asfortranarray(array)) == digest_of(array.copy())
    image = Image.open(BytesIO(data))
    assert digest_of(image) == digest_of(Image.open(BytesIO(data))) == read_photograph(image).digest


def test_other_content_other_fingerprint() -> None:
    array = noise(6, 8)
    turned_image = Image.fromarray(array)
    turned_image.getexif()[0x0112] = 6
    red, blue = palette_image(), palette_image()
    blue.putpalette([0, 0, 255] * 3)
    changed = array.copy()
    changed[0, 0, 0] ^= 1
    sources = [
        array, changed, array.reshape(8, 6, 3), array[::-1], Image.fromarray(array), turned_image, red, blue,
        photo(), photo("BMP"), half(photo()),
    ]  # fmt: skip
    digests = [digest_of(source) for source in sources]
    assert len(set(digests)) == len(sources)
