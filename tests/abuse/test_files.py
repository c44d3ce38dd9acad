"""Files that a visitor names: only what was handed in is ever opened."""

from __future__ import annotations

from io import BytesIO

from PIL import Image
from skimage import data

from .conftest import Server, named


def jpeg() -> bytes:
    packed = BytesIO()
    Image.fromarray(data.chelsea()).save(packed, "JPEG")
    return packed.getvalue()


def test_what_was_handed_in_is_explained(server: Server) -> None:
    path = server.upload(jpeg())
    answer = server.call("explain", named(path))
    assert answer.error is None
    assert answer.data is not None
    assert answer.data[2]["top"][0]["label"]
