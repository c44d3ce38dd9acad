"""Packs what gradio sends as it is: the page and its description, whose addresses have no ending.

Public name: `Packed`. The page is half of what a browser fetches to open it, and shrinks to a quarter; files are packed
by gradio.
"""

from __future__ import annotations

import asyncio
import gzip

from .guard import App, Message, Receive, Scope, Send

__all__ = ["Packed"]

PATHS = frozenset({"/", "/config", "/gradio_api/info"})
# a higher one takes four times as long for 4 % less
LEVEL = 4
# what is shorter is sent as it is
SHORTEST = 1000


class Packed:
    """Stands in front of `app`, an ASGI application."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wanted = scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in PATHS and _takes_gzip(scope)
        await self._app(scope, receive, _packing(send) if wanted else send)


def _takes_gzip(scope: Scope) -> bool:
    accepted = b",".join(value for name, value in scope["headers"] if name.lower() == b"accept-encoding")
    # what is weighted with nothing is not wanted
    return any(
        name.strip() == b"gzip" and weight.replace(b" ", b"") not in (b"q=0", b"q=0.0")
        for name, _, weight in (one.partition(b";") for one in accepted.lower().split(b","))
    )


def _packing(send: Send) -> Send:
    """Sends the answer once it is whole: what stands here is written at once, not bit by bit."""
    start: Message = {}
    parts: list[bytes] = []

    async def pack(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
            return
        if message["type"] != "http.response.body":
            await send(message)
            return
        parts.append(message.get("body", b""))
        if message.get("more_body", False):
            return
        body = b"".join(parts)
        headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        if len(body) >= SHORTEST and not any(name.lower() == b"content-encoding" for name, _ in headers):
            # beside the thread that serves everybody
            body = await asyncio.to_thread(gzip.compress, body, LEVEL)
            headers.append((b"content-encoding", b"gzip"))
        headers += [(b"vary", b"accept-encoding"), (b"content-length", str(len(body)).encode())]
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return pack
