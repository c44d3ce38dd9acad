"""The page goes packed to whoever takes it so, and everything else as it came."""

from __future__ import annotations

import asyncio
import gzip
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gradcam_core.serving.packed import Packed

PAGE = [b"<p>cup and cat</p>" * 200, b"<p>dog</p>" * 300]


def answer(path: str, accepted: str | None, parts: list[bytes], **headers: str) -> tuple[dict[str, str], list[bytes]]:
    """The headers and the parts of what comes back."""
    sent: list[Any] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        length = str(sum(map(len, parts)))
        given = {"content-type": "text/html", "content-length": length, **headers}
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        for number, part in enumerate(parts, 1):
            await send({"type": "http.response.body", "body": part, "more_body": number < len(parts)})

    async def send(message: Any) -> None:
        sent.append(message)

    asked = [] if accepted is None else [(b"Accept-Encoding", accepted.encode())]
    scope = {"type": "http", "method": "GET", "path": path, "headers": asked}
    # in a thread of its own: that of the tests may have a browser's loop
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, Packed(app)(scope, None, send)).result()  # type: ignore[arg-type]
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return told, [message["body"] for message in sent[1:]]


@pytest.mark.parametrize("path", ["/", "/config"])
@pytest.mark.parametrize("accepted", ["gzip", "deflate, gzip;q=0.5, br"])
def test_the_page_is_packed(path: str, accepted: str) -> None:
    headers, (body,) = answer(path, accepted, PAGE)
    assert gzip.decompress(body) == b"".join(PAGE)
    assert headers["content-encoding"] == "gzip"
    assert int(headers["content-length"]) == len(body) < len(b"".join(PAGE)) / 4
    assert headers["content-type"] == "text/html"
    assert headers["vary"] == "accept-encoding"


@pytest.mark.parametrize("accepted", [None, "br", "gzip;q=0", "gzip; q=0.0, identity"])
def test_it_stays_as_it_is_for_whoever_does_not_take_it_packed(accepted: str | None) -> None:
    headers, parts = answer("/", accepted, PAGE)
    assert parts == PAGE
    assert "content-encoding" not in headers


def test_a_stream_is_passed_on_part_by_part() -> None:
    headers, parts = answer("/gradio_api/queue/data", "gzip", PAGE)
    assert parts == PAGE
    assert "content-encoding" not in headers


def test_what_is_short_or_packed_already_is_left_alone() -> None:
    assert answer("/", "gzip", [b"short"])[1] == [b"short"]
    packed = gzip.compress(b"".join(PAGE), mtime=0) + bytes(1000)
    headers, parts = answer("/", "gzip", [packed], content_encoding="gzip")
    assert parts == [packed]
    assert headers["content-encoding"] == "gzip"
