"""Images of many bits are shown on the scale of what is in them; broken notes spoil no picture.

The files are written here byte by byte, and the expected greys are worked out with numpy.
"""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gradcam_core import ImageError
from gradcam_core.reading.photograph import digest_of, read_photograph

FORMATS = {"u": 1, "i": 2, "f": 3}


def tiff(values: NDArray[Any], photometric: int = 1, *more: tuple[int, int, int, bytes], order: str = "<") -> bytes:
    """An uncompressed TIFF of (H, W) or (H, W, bands) values; `more` are entries (tag, type, count, four bytes)."""
    values = np.atleast_3d(values)
    height, width, bands = values.shape
    pixels = values.astype(values.dtype.newbyteorder(order)).tobytes()
    bits = struct.pack(order + "H", values.itemsize * 8) * bands
    at = 8 + len(pixels)
    short = order + "HHLHH"
    entries = [
        struct.pack(short, 256, 3, 1, width, 0),
        struct.pack(short, 257, 3, 1, height, 0),
        struct.pack(order + "HHL", 258, 3, bands)
        + (bits.ljust(4, b"\0") if bands < 3 else struct.pack(order + "L", at)),
        struct.pack(short, 259, 3, 1, 1, 0),
        struct.pack(short, 262, 3, 1, photometric, 0),
        struct.pack(order + "HHLL", 273, 4, 1, 8),
        *(struct.pack(order + "HHL", *entry[:3]) + entry[3] for entry in more),
        struct.pack(short, 277, 3, 1, bands, 0),
        struct.pack(short, 278, 3, 1, height, 0),
        struct.pack(order + "HHLL", 279, 4, 1, len(pixels)),
        struct.pack(short, 339, 3, 1, FORMATS[values.dtype.kind], 0),
    ]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "L", at + len(bits))
    return head + pixels + bits + struct.pack(order + "H", len(entries)) + b"".join(entries) + struct.pack("<L", 0)


def grey(data: bytes) -> NDArray[np.uint8]:
    pixels = read_photograph(data).pixels
    assert (pixels == pixels[..., :1]).all()
    return pixels[..., 0]


RAMP = np.linspace(0, 1, 60).reshape(6, 10)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("values", "black", "white", "told"),
    [
        (np.round(RAMP * 65535).astype(np.uint16), 0, 65535, False),
        (np.round(RAMP * 4095).astype(np.uint16), 0, 4095, True),
        (np.round(RAMP * 900).astype(np.uint16), 0, 1023, True),
        (np.round(RAMP * 16000).astype(np.uint16), 0, 16383, True),
        (np.round(RAMP * 3000 - 1000).astype(np.int16), -1000, 2000, True),
        (np.round(RAMP * 4_000_000_000).astype(np.uint32), 0, 4_000_000_000, True),
        (np.round(RAMP * 4_000_000 - 2_000_000).astype(np.int32), -2_000_000, 2_000_000, True),
        (RAMP.astype(np.float32), 0, 1, False),
        ((RAMP * 255).astype(np.float32), 0, 255, True),
        ((RAMP * 2 - 1).astype(np.float32), -1, 1, True),
        ((RAMP * 1e6).astype(np.float32), 0, 1e6, True),
        ((RAMP * 1e-3).astype(np.float32), 0, 1e-3, True),
        ((RAMP * 6e38 - 3e38).astype(np.float32), -3e38, 3e38, True),
    ],
)
def test_the_scale_is_that_of_what_is_in_the_image(
    values: NDArray[Any], black: float, white: float, told: bool, order: str
) -> None:
    if values.dtype == np.uint32 and order == ">":
        with pytest.raises(ImageError, match="32 bits, unsigned numbers, big-endian"):
            read_photograph(tiff(values, order=order))
        return
    data = tiff(values, order=order)
    expected = np.clip((values.astype(np.float64) - black) / (white - black), 0, 1) * 255
    assert np.abs(grey(data) - expected).max() <= 0.51
    notes = read_photograph(data).notes
    assert bool(notes) == told
    if told:
        assert f"{black:g} is shown as black and {white:g} as white" in notes[0]


def png_of(values: NDArray[np.uint16], *chunks: tuple[bytes, bytes]) -> bytes:
    """A grey PNG of 16 bits."""
    height, width = values.shape
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    made = [(b"IHDR", struct.pack(">LLBBBBB", width, height, 16, 0, 0, 0, 0)), *chunks]
    made += [(b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    parts = (
        struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body)) for kind, body in made
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("chunks", [(), ((b"sBIT", b"\x0a"),)], ids=["", "sBIT"])
@pytest.mark.parametrize(
    ("highest", "white"), [(5, 5), (63, 63), (64, 255), (200, 255), (300, 1023), (1000, 1023), (1024, 4095)]
)
def test_what_uses_few_of_16_bits_is_as_bright_in_a_png_as_in_a_tiff(
    highest: int, white: int, chunks: tuple[tuple[bytes, bytes], ...]
) -> None:
    values = np.round(RAMP * highest).astype(np.uint16)
    for data in (png_of(values, *chunks), tiff(values)):
        assert np.abs(grey(data) - values / white * 255).max() <= 0.51
        assert f"{white:g} as white" in read_photograph(data).notes[0]
    # upside down as well
    assert np.abs(grey(tiff(values, 0)) - (255 - values / white * 255)).max() <= 0.51


@pytest.mark.parametrize(
    ("kind", "broken"), [(np.uint16, 65535), (np.float32, 1e30), (np.int32, -(2**31)), (np.int16, -32768)]
)
def test_a_single_broken_pixel_leaves_the_others_as_bright_as_they_are(kind: type[Any], broken: float) -> None:
    top = 1 if kind is np.float32 else 4095
    values = (np.random.default_rng(0).uniform(0, 1, (80, 60)) * top).astype(kind)
    if kind == np.int16:
        values -= 1000
    at = (41, 7)
    values[at] = broken
    others = np.delete(values.astype(np.float64), np.ravel_multi_index(at, values.shape))
    black, white = (others.min(), others.max()) if kind == np.int16 else (0, top)
    expected = np.clip((values.astype(np.float64) - black) / (white - black), 0, 1) * 255
    assert np.abs(grey(tiff(values)) - expected).max() <= 0.75
    assert any("is shown as black" in note for note in read_photograph(tiff(values)).notes)


def test_a_single_bright_pixel_in_the_dark_is_seen() -> None:
    values = np.zeros((80, 60), np.uint16)
    values[3, 4] = 60000
    found = grey(png_of(values))
    assert found[3, 4] == round(60000 / 65535 * 255)
    assert found.sum() == found[3, 4]


@pytest.mark.parametrize(("highest", "white"), [(1.4, 1.4), (8, 8), (100, 255), (1, 1)])
def test_floating_point_numbers_a_little_above_one_are_not_black(highest: float, white: float) -> None:
    values = (RAMP * highest).astype(np.float32)
    assert np.abs(grey(tiff(values)) - values.astype(np.float64) / white * 255).max() <= 0.51


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_where_zero_is_white_it_is_shown_white(kind: type[Any]) -> None:
    top = 65535 if kind is np.uint16 else 1
    values = (RAMP * top).astype(kind)
    expected = 255 - values.astype(np.float64) / top * 255
    assert np.abs(grey(tiff(values, 0)) - expected).max() <= 0.51


def test_values_that_are_no_numbers_leave_the_others_as_they_are() -> None:
    values = (RAMP * 200).astype(np.float32)
    values[0, :3] = np.inf, -np.inf, np.nan
    found = grey(tiff(values))
    assert found[0, :3].tolist() == [255, 0, 0]
    assert np.abs(found.flat[3:] - values.astype(np.float64).flat[3:]).max() <= 0.51  # type: ignore[operator]
    assert any("no numbers or infinite" in note for note in read_photograph(tiff(values)).notes)
    nothing = np.full((4, 4), np.nan, np.float32)
    assert not grey(tiff(nothing)).any()


def test_of_an_image_in_memory_the_same() -> None:
    values = np.round(RAMP * 4095).astype(np.uint16)
    found = read_photograph(Image.fromarray(values)).pixels[..., 0]
    assert np.abs(found - values / 4095 * 255).max() <= 0.51


@pytest.mark.parametrize("mode", ["La", "RGBa"])
def test_colours_multiplied_by_how_opaque_they_are(mode: str) -> None:
    opaque = Image.fromarray(np.full((4, 4, 4), (100, 100, 100, 128), np.uint8))
    given = opaque.convert("LA").convert("La") if mode == "La" else opaque.convert("RGBa")
    # half of 100 and half of white
    assert np.abs(read_photograph(given).pixels.astype(int) - 177).max() <= 2
    assert digest_of(given) == digest_of(given.copy())


@pytest.mark.parametrize(
    ("values", "photometric", "words"),
    [
        (np.zeros((4, 4, 2), np.uint8), 1, "2 band.s. of 8 bits, unsigned"),
        (np.zeros((4, 4, 8), np.uint8), 1, "8 band.s. of 8 bits, unsigned"),
        (np.zeros((4, 4, 3), np.float32), 2, "3 band.s. of 32 bits, floating point"),
        (np.zeros((4, 4), np.float64), 1, "1 band.s. of 64 bits, floating point"),
        (np.zeros((4, 4), np.int64), 1, "1 band.s. of 64 bits, signed"),
    ],
)
def test_of_a_tiff_that_cannot_be_read_it_is_said_what_is_in_it(values: Any, photometric: int, words: str) -> None:
    for order in "<>":
        with pytest.raises(ImageError, match=words):
            read_photograph(tiff(values, photometric, order=order))


# --- broken and strange notes

HALVES = np.zeros((8, 12, 3), np.uint8)
HALVES[:, :6] = 255


def exif(*entries: bytes) -> bytes:
    """Notes of these entries of 12 bytes each."""
    body = struct.pack(">H", len(entries)) + b"".join(entries) + struct.pack(">L", 0)
    return b"Exif\0\0MM\0*" + struct.pack(">L", 8) + body


def entry(kind: int, count: int, value: bytes, tag: int = 0x0112) -> bytes:
    return struct.pack(">HHL", tag, kind, count) + value.ljust(4, b"\0")


SIX = entry(3, 1, struct.pack(">H", 6))
# a rational lies behind the notes: 8 bytes of head, a count, one entry, and the end
BEHIND = struct.pack(">L", 8 + 2 + 12 + 4)


def jpeg(notes: bytes) -> bytes:
    buffer = BytesIO()
    Image.fromarray(HALVES).save(buffer, "JPEG", quality=95, exif=notes)
    return buffer.getvalue()


# Pillow's words about them
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("notes", "turned"),
    [
        (exif(SIX), True),
        (exif(entry(2, 2, b"6\0")), True),
        (exif(entry(7, 1, b"\x06")), True),
        (exif(entry(7, 2, b"\0\x06")), True),
        (exif(entry(4, 1, struct.pack(">L", 6))), True),
        (exif(entry(5, 1, BEHIND)) + struct.pack(">LL", 6, 1), True),
        (exif(entry(5, 1, BEHIND)) + struct.pack(">LL", 0, 0), False),
        (exif(entry(7, 4, b"\xff\xfe\x80\x01")), False),
        (exif(entry(2, 4, b"top\0")), False),
        (exif(entry(12, 1, BEHIND)) + struct.pack(">d", float("nan")), False),
        (exif(entry(3, 0, b"")), False),
        # beside values that nobody can write again
        (exif(entry(2, 1, b"\xff", 0x010E), SIX, entry(5, 1, struct.pack(">L", 9999), 0x011A)), True),
        (exif(SIX, entry(99, 7, b"zzzz", 0x9999)), True),
        (b"Exif\0\0nothing of the kind", False),
    ],
)
def test_a_picture_is_turned_as_its_notes_say_and_broken_ones_are_ignored(notes: bytes, turned: bool) -> None:
    found = read_photograph(jpeg(notes)).pixels
    assert found.shape[:2] == ((12, 8) if turned else (8, 12))
    top, left = found[:4].mean(), found[:, :4].mean()
    assert (top > 200) if turned else (left > 200)
    opened = Image.open(BytesIO(jpeg(notes)))
    np.testing.assert_array_equal(read_photograph(opened).pixels, found)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("orientation", [(0x0112, 3, 1, struct.pack("<HH", 6, 0)), (0x0112, 2, 2, b"6\0\0\0")])
def test_a_tiff_is_turned_beside_notes_that_cannot_be_written(orientation: Any) -> None:
    broken = (0x011A, 2, 4, b"abc\0")
    data = tiff(HALVES, 2, broken, orientation)
    photograph = read_photograph(data)
    expected = HALVES.transpose(1, 0, 2)[:, ::-1]
    np.testing.assert_array_equal(photograph.pixels, expected)
    assert photograph.size == (8, 12)


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    buffer = BytesIO()
    Image.fromarray(HALVES).save(buffer, "PNG")
    data = buffer.getvalue()
    made = [
        struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body)) for kind, body in chunks
    ]
    return data[:33] + b"".join(made) + data[33:]


LONG = b"prompt\0" + b"a" * 3_000_000


@pytest.mark.parametrize(
    "chunk",
    [
        (b"tEXt", LONG),
        (b"zTXt", b"prompt\0\0" + zlib.compress(LONG)),
        (b"iTXt", b"prompt\0\x01\0\0\0" + zlib.compress(LONG)),
        (b"iCCP", b"profile\0\0" + zlib.compress(LONG)),
        (b"iTXt", b"broken"),
        (b"zTXt", b"broken\0\0no compressed text"),
    ],
    ids=lambda chunk: f"{chunk[0].decode()} {len(chunk[1])}",
)
def test_a_png_with_long_or_broken_texts_is_read(chunk: tuple[bytes, bytes]) -> None:
    np.testing.assert_array_equal(read_photograph(png(chunk)).pixels, HALVES)


def test_a_text_that_says_how_a_png_is_turned_is_still_read() -> None:
    about = b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="6"/>'
    for chunks in [((b"iTXt", about),), ((b"tEXt", LONG), (b"iTXt", about))]:
        assert read_photograph(png(*chunks)).size == (8, 12)
    assert read_photograph(png((b"eXIf", exif(SIX)[6:]), (b"tEXt", LONG))).size == (8, 12)


# --- colours of 16 bits

# red rises to the right, green falls, blue is half of red: none is grey
COLOURS = np.stack([RAMP, 1 - RAMP, RAMP / 2], -1)


def deep_png(values: NDArray[Any], kind: int, *, thinned: bool = False) -> bytes:
    """A PNG of 16 bits a value: of `kind` 2 in colour, 4 grey and opaque, 6 both."""
    height, width = values.shape[:2]
    rows = values.astype(">u2")
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    parts = [rows[y::down, x::across] for x, y, across, down in passes] if thinned else [rows]
    lines = b"".join(b"\0" + row.tobytes() for part in parts if part.size for row in part)
    made = [
        (b"IHDR", struct.pack(">LLBBBBB", width, height, 16, kind, 0, 0, int(thinned))),
        (b"IDAT", zlib.compress(lines)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">L", len(body)) + name + body + struct.pack(">L", zlib.crc32(name + body)) for name, body in made
    )


def colours_as(kind: str, values: NDArray[np.uint16]) -> bytes:
    if kind.startswith("png"):
        return deep_png(values, 2, thinned=kind == "png, thinned")
    if kind == "tiff, packed":
        return packed_tiff(values)
    return tiff(values, 2, order=">" if "big" in kind else "<")


def packed_tiff(values: NDArray[np.uint16]) -> bytes:
    """Colours as a compressed TIFF (deflate), which another decoder reads."""
    height, width, bands = values.shape
    body = zlib.compress(values.astype("<u2").tobytes())
    body += b"\0" * (len(body) % 2)
    at = 8 + len(body)
    entries = [
        struct.pack("<HHLHH", 256, 3, 1, width, 0), struct.pack("<HHLHH", 257, 3, 1, height, 0),
        struct.pack("<HHLL", 258, 3, bands, at), struct.pack("<HHLHH", 259, 3, 1, 8, 0),
        struct.pack("<HHLHH", 262, 3, 1, 2, 0), struct.pack("<HHLL", 273, 4, 1, 8),
        struct.pack("<HHLHH", 277, 3, 1, bands, 0), struct.pack("<HHLHH", 278, 3, 1, height, 0),
        struct.pack("<HHLL", 279, 4, 1, len(body)),
    ]  # fmt: skip
    notes = struct.pack("<H", len(entries)) + b"".join(entries) + struct.pack("<L", 0)
    return b"II*\0" + struct.pack("<L", at + 2 * bands) + body + struct.pack("<H", 16) * bands + notes


@pytest.mark.parametrize("kind", ["png", "png, thinned", "tiff", "tiff, big-endian", "tiff, packed"])
@pytest.mark.parametrize(
    ("highest", "white"), [(5, 5), (63, 63), (200, 255), (1000, 1023), (4095, 4095), (16000, 16383), (65535, 65535)]
)
def test_colours_that_use_few_of_16_bits_are_as_bright_as_greys_that_do(kind: str, highest: int, white: int) -> None:
    values = np.round(COLOURS * highest).astype(np.uint16)
    photograph = read_photograph(colours_as(kind, values))
    # of what is as bright as it says, Pillow keeps the upper byte
    expected = values // 256 if white == 65535 else np.rint(values / white * 255)
    assert np.abs(photograph.pixels.astype(float) - expected).max() <= 0.51
    told = f"This image's colours are dark for its 16 bits: 0 is shown as black and {white} as white."
    assert photograph.notes == (() if white == 65535 else (told,))


def test_a_single_broken_colour_leaves_the_others_as_bright_as_they_are() -> None:
    values = (np.random.default_rng(0).uniform(0, 4095, (80, 60, 3))).astype(np.uint16)
    values[41, 7, 1] = 65535
    found = read_photograph(deep_png(values, 2)).pixels
    assert np.abs(found - np.clip(values / 4095, 0, 1) * 255).max() <= 0.75


@pytest.mark.parametrize("opaque", [4095, 65535])
def test_how_opaque_dark_colours_and_greys_are_is_kept(opaque: int) -> None:
    whole = np.full(RAMP.shape, opaque)
    whole[0] = 0
    grey_values, colours = np.round(RAMP * 4095), np.round(COLOURS * 4095)
    for kind, values in ((4, np.stack([grey_values, whole], -1)), (6, np.concatenate([colours, whole[..., None]], -1))):
        found = read_photograph(deep_png(values.astype(np.uint16), kind)).pixels
        assert (found[0] == 255).all()
        shown = values[1:, :, : kind - 3] / 4095 * 255
        assert np.abs(found[1:] - shown).max() <= 1


def test_of_dark_colours_in_a_large_or_turned_file_the_same() -> None:
    values = np.round(np.kron(COLOURS, np.ones((500, 320, 1))) * 4095).astype(np.uint16)
    photograph = read_photograph(deep_png(values, 2))
    assert photograph.encoded
    for pixels in (photograph.preview[::10, ::10], photograph.pixels[::10, ::10]):
        assert np.percentile(pixels[..., 0], 95) > 200
    small = np.round(COLOURS * 4095).astype(np.uint16)
    turned = read_photograph(tiff(small, 2, (0x0112, 3, 1, struct.pack("<HH", 6, 0))))
    expected = (small / 4095 * 255).transpose(1, 0, 2)[:, ::-1]
    assert np.abs(turned.pixels - expected).max() <= 0.51
