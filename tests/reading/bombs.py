"""Small files that ask a decoder for hours or for all memory, each made in memory in a moment."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

from PIL import Image

from tests.pictures import encoded, photo, png, png_chunk

__all__ = ["BOMBS", "COUNTED", "LARGE"]


def scan_again(times: int, side: int = 2000) -> bytes:
    """A progressive JPEG whose last scan is repeated."""
    data = encoded(Image.new("RGB", (side, side), (90, 100, 110)), "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    return data[:-2] + data[start:-2] * times + b"\xff\xd9"


def jpeg_parts(part: bytes, times: int) -> bytes:
    """A JPEG with `part` repeated before its picture."""
    data = photo("JPEG")
    return data[:2] + part * times + data[2:]


def tiff(entries: list[tuple[int, int, int, int]], size: int = 0, following: int = 0) -> bytes:
    """A TIFF of one directory with entries (tag, type, count, value), filled up to `size` bytes."""
    body = b"".join(struct.pack("<HHLL", *entry) for entry in sorted(entries))
    data = b"II\x2a\0" + struct.pack("<LH", 8, len(entries)) + body + struct.pack("<L", following)
    return data + bytes(max(0, size - len(data)))


def overlapping(count: int, size: int) -> bytes:
    """Notes (EXIF, TIFF) of `count` values, each of them all `size` bytes."""
    return tiff([(40_000 + number, 7, size - 16, 8) for number in range(count)], size)


def pages(count: int) -> bytes:
    """A TIFF of so many pages, all with the same pixels."""
    values = {256: 4, 257: 4, 258: 8, 259: 1, 262: 1, 273: 8, 279: 16}
    entries = b"".join(struct.pack("<HHLL", tag, 4, 1, value) for tag, value in values.items())
    start, length = 24, 2 + len(entries) + 4
    following = [start + page * length for page in range(1, count)] + [0]
    directories = [struct.pack("<H", len(values)) + entries + struct.pack("<L", offset) for offset in following]
    return b"II\x2a\0" + struct.pack("<L", start) + bytes(range(16)) + b"".join(directories)


def tiles(count: int) -> bytes:
    """A TIFF that is cut into so many tiles of a pixel."""
    values = {256: 8000, 257: 8000, 258: 8, 259: 1, 262: 1, 322: 1, 323: 1}
    pieces = [(tag, 4, count, 200) for tag in (324, 325)]
    return tiff([*((tag, 4, 1, value) for tag, value in values.items()), *pieces], 200 + 4 * count)


def segment(marker: bytes, body: bytes) -> bytes:
    """One part of a JPEG."""
    return marker + struct.pack(">H", len(body) + 2) + body


def gif(before: bytes, frames: int = 1) -> bytes:
    """A GIF of 1 x 1 pixel with `before` in front of its pictures."""
    picture = b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0"
    return b"GIF89a\1\0\1\0\x80\0\0" + bytes(6) + before + picture * frames + b";"


def runs(size: int) -> bytes:
    """A BMP of run lengths of a single pixel each."""
    header = struct.pack("<LllHHLLllLL", 40, 8000, 8000, 1, 8, 1, size, 0, 0, 256, 0)
    start = 14 + len(header) + 1024
    return b"BM" + struct.pack("<LHHL", start + size, 0, 0, start) + header + bytes(1024) + b"\1\7" * (size // 2)


PIXELS = png_chunk(b"IDAT", zlib.compress(bytes(61 * 40)))


def idat(times: int) -> bytes:
    """A PNG of 60 x 40 pixels with so many empty pieces of its picture before the whole."""
    return png(60, 40, png_chunk(b"IDAT", b"") * times, PIXELS, color=0)


NOTES = 60_000
# name -> what makes it: refused before anything is decoded
BOMBS: dict[str, Callable[[], bytes]] = {
    "progressive scans": lambda: scan_again(400, 4000),
    "more scans than anybody's": lambda: scan_again(1500, 16),
    "comments of a JPEG": lambda: jpeg_parts(b"\xff\xfe\0\2", 1_000_000),
    "filling of a JPEG": lambda: jpeg_parts(b"\xff", 1_000_000),
    "notes of a JPEG": lambda: jpeg_parts(segment(b"\xff\xe1", b"Exif\0\0" + overlapping(4000, NOTES)), 1),
    "notes in many parts": lambda: jpeg_parts(segment(b"\xff\xe1", b"Exif\0\0" + overlapping(4000, NOTES)), 20),
    "second picture of a JPEG": lambda: jpeg_parts(segment(b"\xff\xe2", b"MPF\0" + overlapping(4000, NOTES)), 1),
    "pieces of a PNG": lambda: idat(200_000),
    "notes of a PNG": lambda: png(60, 40, png_chunk(b"eXIf", overlapping(9000, 5_000_000)), PIXELS, color=0),
    "comments of a GIF": lambda: gif(b"\x21\xfe" + b"\1a" * 1_000_000 + b"\0"),
    "extensions of a GIF": lambda: gif(b"\x21\xfe\0" * 1_000_000),
    "filling of a GIF": lambda: gif(b"\1" * 1_000_000),
    "notes of a TIFF": lambda: overlapping(9000, 5_000_000),
    "tiles of a TIFF": lambda: tiles(2_000_000),
    "runs of a BMP": lambda: runs(15_000_000),
}
# name -> a file that is read, though not all of it, and what its notes say
COUNTED: dict[str, tuple[Callable[[], bytes], str]] = {
    "pages of a TIFF": (lambda: pages(190_000), "more than 1000 pictures"),
    "frames of a GIF": (lambda: gif(b"", 500_000), "more than 1000 pictures"),
    "a few pages": (lambda: pages(3), "holds 3 pictures"),
}


def _large_png(bits: int, color: int, row: bytes, size: tuple[int, int]) -> bytes:
    squeeze = zlib.compressobj(1)
    rows = b"".join(squeeze.compress(row) for _ in range(size[1])) + squeeze.flush()
    return png(*size, png_chunk(b"IDAT", rows), bits=bits, color=color)


def _large_webp() -> bytes:
    return encoded(Image.new("RGBA", (8000, 5000), (90, 100, 110, 128)), "WEBP", lossless=True, method=0)


# name -> what makes it: at the limits of what is read
LARGE: dict[str, Callable[[], bytes]] = {
    "RGBA": lambda: _large_png(8, 6, b"\4" + bytes(range(1, 5)) * 8000, (8000, 8000)),
    "16 bits": lambda: _large_png(16, 6, b"\4" + bytes(range(1, 9)) * 8000, (8000, 8000)),
    "deep grey": lambda: _large_png(16, 0, b"\4" + b"\1\2" * 8000, (8000, 8000)),
    "a band": lambda: _large_png(8, 2, b"\4" + bytes(range(3)) * 32_000, (32_000, 2000)),
    "a thread": lambda: _large_png(8, 2, b"\4" + bytes(range(3)) * 32_000, (32_000, 1)),
    "WebP": _large_webp,
    "progressive": lambda: encoded(
        Image.new("RGB", (8000, 8000), (9, 99, 199)), "JPEG", progressive=True, subsampling=0
    ),
}
