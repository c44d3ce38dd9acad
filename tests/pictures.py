"""Image files made in memory: every kind of bad input, and the odd ones that must be read all the same."""

from __future__ import annotations

import struct
import zipfile
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from .helpers import noise


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes of a file of format `kind`."""
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def photo(kind: str = "PNG", height: int = 40, width: int = 60, **options: Any) -> bytes:
    """A file with a picture of random pixels."""
    return encoded(Image.fromarray(noise(height, width)), kind, **options)


def zipped(*entries: tuple[str, bytes]) -> bytes:
    """An archive of files by name."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries:
            made.writestr(name, content)
    return stream.getvalue()


def half(data: bytes) -> bytes:
    """What an interrupted upload leaves of `data`."""
    return data[: len(data) // 2]


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *chunks: bytes, bits: int = 8, color: int = 2) -> bytes:
    """A PNG file whose header claims `width` x `height` pixels; `chunks` follow the header."""
    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + b"".join(chunks) + png_chunk(b"IEND", b"")


def animation(kind: str) -> bytes:
    """Three frames of 20 x 10 pixels: red, green, blue."""
    frames = [Image.new("RGB", (20, 10), color) for color in ("#ff0000", "#00ff00", "#0000ff")]
    lossless = {"lossless": True} if kind == "WEBP" else {}
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100, **lossless)


def two_tone() -> Image.Image:
    """6 x 4 pixels, no two alike, so that every turn and flip shows."""
    return Image.fromarray(np.arange(72, dtype=np.uint8).reshape(4, 6, 3) * 3)


# file name, content, words that the refusal must hold
UNREADABLE: dict[str, tuple[bytes, str]] = {
    "empty.jpg": (b"", "empty"),
    "text.jpg": ("Liebe Grüße aus Köln, dies ist kein Bild.".encode(), "text"),
    "page.jpg": (b"\n<!DOCTYPE html><html><body>404</body></html>", "web page"),
    "truncated.jpg": (half(photo("JPEG")), "cut off or damaged"),
    "truncated.png": (half(photo("PNG")), "cut off or damaged"),
    "truncated.webp": (half(photo("WEBP", lossless=True)), "damaged|not an image that can be read"),
    "bomb.png": (png(30_000, 30_000, png_chunk(b"IDAT", zlib.compress(b"\0" * 1000))), "64 megapixels"),
    "photo.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100), "HEIC"),
    "photo.avif": (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(100), "AVIF"),
    "drawing.svg": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    "letter.pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "PDF"),
    "archive.zip": (b"PK\x03\x04" + bytes(range(256)), "not an image that can be read"),
}
