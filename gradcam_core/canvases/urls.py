"""Pictures as URLs that hold the file itself, for pages that ask no other host. Public names: `base64_text`,
`jpeg_url`, `url_of`."""

from __future__ import annotations

import base64
from io import BytesIO

from PIL import Image

__all__ = ["base64_text", "jpeg_url", "url_of"]

JPEG_QUALITY = 92
JPEG_URL = "data:image/jpeg;base64,"


def base64_text(data: bytes) -> str:
    """`data` as it travels to the browser."""
    return base64.b64encode(data).decode("ascii")


def jpeg_url(image: Image.Image, longest: int) -> str:
    """A URL that holds a picture itself, made no larger than `longest` pixels a side."""
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2.0)
    packed = BytesIO()
    image.save(packed, "JPEG", quality=JPEG_QUALITY)
    return url_of(packed.getvalue())


def url_of(jpeg: bytes) -> str:
    """A URL that holds the file itself."""
    return JPEG_URL + base64_text(jpeg)
