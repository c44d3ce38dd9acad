"""The door of the server: an ASGI middleware in front of everything else. Public names: `Guard`, `Visitor`.

Refuses what comes under a foreign name or from a foreign page, what is too large or too slow, and what gradio offers
beyond what this page needs; notes down who listens. Every refusal is a sentence.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qs

from ..errors import ServingError
from ..languages import ENGLISH, Finding, in_language, language_now, say
from ..languages.reader import known, preferred
from ..reading.photograph import MAX_UPLOAD_BYTES
from .hosts import Hosts
from .lanes import Listening
from .room import Room, full, megabytes

__all__ = ["Guard", "Visitor"]

log = logging.getLogger(__name__)

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_JSON = 1_000_000
# bytes of a form beside the file in it
FORM_BYTES = 16_384
# a photograph in a message is written in letters, four for three bytes
MAX_MESSAGE = MAX_UPLOAD_BYTES * 4 // 3 + MAX_JSON
# a body may pause for this long; and it has this long, and then a second for so many bytes, to be there as a whole
SILENT_SECONDS, BEGIN_SECONDS, BYTES_A_SECOND = 20.0, 30.0, 10_000
# bytes that are read, and forgotten, of a request that is refused
DRAIN_BYTES = 100_000_000
# bodies of one address that are on their way at the same time
BODIES_AT_ONCE = 64
# gradio's doors that this page does not use: other people's addresses, programs and recordings. A file is only ever
# one of this server
UNUSED = re.compile(
    r"/(gradio_api/)?(component_server|process_recording|vibe-|undo-vibe-|custom_component|proxy=|dev/|stream/|file/"
    r"|file=\w+:|monitoring|profiling|runs\b|run-history|deep_link|login/?$)"
)
LISTENS = re.compile(r"/gradio_api/call/(?:v2/)?[^/]+/(?P<key>[^/]+)/?$")
LISTENS_ALL, UPLOAD, TOOLS = "/gradio_api/queue/data", "/gradio_api/upload", "/gradio_api/mcp"
LONGEST_ADDRESS = 8000
# the language of a page, in its own address and in what it asks for
LANG = re.compile(r"[?&]lang=([\w-]{1,20})")
WRITES = ("/gradio_api/call", "/gradio_api/queue/join", TOOLS)
# whoever reads the first of two would let in what another refuses by the second
ONCE = ("host", "origin", "content-length", "transfer-encoding")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# as long as a file's path may be; the name of a visitor that stands in one is kept by gradio
LONGEST_PATH = 4096
CALLER = "x-gradcam-caller"
FORWARDED = re.compile(r"forwarded|x-forwarded-.+|x-real-ip|x-gradio-server|" + CALLER)


@dataclass(frozen=True)
class Visitor:
    """Who asks: the `address` that shares are counted for, the program's call behind which a job is asked, and the
    `language` that he reads."""

    address: str
    caller: str = ""
    language: str = ENGLISH


class RefusedError(Exception):
    """What is answered instead, and why."""

    def __init__(self, status: int, key: str, /, **values: Any) -> None:
        super().__init__(key)
        self.status = status
        self.finding = Finding(key, **values)


class Guard:
    """Stands in front of `app`; `hosts` may be replaced while it serves. Every scope is given its `visitor`."""

    def __init__(
        self, app: App, hosts: Hosts, listening: Listening, room: Room | None = None, max_file: int = MAX_UPLOAD_BYTES
    ) -> None:
        self.hosts = hosts
        self._app = app
        self._listening = listening
        self._room = room
        self._max_file = max_file
        # what only this process knows: tools are answered by asking the server itself
        self._secret = secrets.token_urlsafe(16)
        self._bodies: Counter[str] = Counter()
        listening.watched = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            answer = _Sending(send)
            with in_language(_language(scope)):
                try:
                    await self._http(scope, receive, answer)
                except RefusedError as refused:
                    await _drain(scope, receive)
                    await _refuse(scope, send, refused)
                except Exception as error:
                    await answer.fail(scope, error)
        else:
            # nothing here speaks over web sockets
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        headers = dict(pairs)
        if any(sum(name == one for name, _ in pairs) > 1 for one in ONCE):
            raise RefusedError(400, "door.once", names=ONCE)
        path = scope["path"]
        if len(path) > LONGEST_PATH:
            raise RefusedError(414, "door.nothing_there")
        self._check_name(scope["method"], headers)
        if UNUSED.match(path):
            raise RefusedError(404, "door.nothing_there")
        visitor = self._visitor(scope, headers)
        scope["visitor"] = visitor
        scope["client"] = (visitor.address, 0)
        length = self._length(path, headers)
        async with AsyncExitStack() as stack:
            if length and self._bodies[visitor.address] >= BODIES_AT_ONCE:
                raise RefusedError(429, "door.bodies")
            if scope["method"] not in SAFE and self._room is not None:
                self._make_room(self._room, stack, path, visitor, length)
            if path.startswith(TOOLS) and scope["method"] == "POST":
                await self._as_call(scope, receive, send, visitor, length)
                return
            self._clean(scope)
            for key in _listened(path, scope):
                stack.enter_context(self._listening.to(key))
            body = _Body(receive, length, self._bodies, visitor.address)
            if path == UPLOAD and self._room is not None:
                send = _noting(send, lambda paths: self._holds(visitor, paths))
            await self._app(scope, body, body.answering(send) if length else send)

    def _check_name(self, method: str, headers: dict[str, str]) -> None:
        host = self.hosts.host(headers)
        if not self.hosts.knows(host):
            raise RefusedError(403, "door.name")
        origin = headers.get("origin")
        if origin is None or self.hosts.is_own(origin, host):
            return
        if method not in {"GET", "HEAD"} or headers.get("sec-fetch-mode") == "websocket":
            raise RefusedError(403, "door.foreign_page")

    def _visitor(self, scope: Scope, headers: dict[str, str]) -> Visitor:
        secret, _, rest = headers.get(CALLER, "").partition(" ")
        if rest and secrets.compare_digest(secret.encode(), self._secret.encode()):
            caller, _, address = rest.partition(" ")
            return Visitor(address, caller, language_now())
        address = self.hosts.visitor((scope.get("client") or ("", 0))[0], headers)
        return Visitor(address, language=language_now())

    def _length(self, path: str, headers: dict[str, str]) -> int:
        """Bytes of the body, which must be known before."""
        if "transfer-encoding" in headers:
            raise RefusedError(411, "door.length")
        try:
            length = int(headers.get("content-length") or 0)
        except ValueError:
            raise RefusedError(400, "door.length_no_number") from None
        if path == UPLOAD:
            frame, most, too_large = FORM_BYTES, self._max_file, "door.file_too_large"
        elif path.startswith(TOOLS):
            frame, most, too_large = 0, MAX_MESSAGE, "door.message_too_large"
        else:
            frame, most, too_large = 0, MAX_JSON, "door.request_too_large"
        if length > most + frame:
            raise RefusedError(413, too_large, most=megabytes(most), size=max(megabytes(length), "1 MB"))
        return length

    def _make_room(self, room: Room, stack: AsyncExitStack, path: str, visitor: Visitor, length: int) -> None:
        if path == UPLOAD:
            try:
                stack.enter_context(room.coming(visitor.address, length))
            except ServingError as error:
                raise RefusedError(507, error.finding.key, **error.finding.values) from None
        elif path.startswith(WRITES) and not room.folder.has_room():
            found = full(room.folder).finding
            raise RefusedError(507, found.key, **found.values)

    def _holds(self, visitor: Visitor, paths: list[str]) -> None:
        if self._room is not None:
            self._room.holds(visitor.address, paths)

    def _clean(self, scope: Scope, *more: tuple[bytes, bytes]) -> None:
        """Take away what gradio would believe: foreign origins, so that it allows none, and forwarded names.

        And ranges: it answers one with all headers of the request, as if they were its own.
        """
        unwanted = re.compile("origin|range" if self.hosts.behind_proxy else f"origin|range|{FORWARDED.pattern}")
        kept = [pair for pair in scope["headers"] if not unwanted.fullmatch(pair[0].decode("latin-1").lower())]
        if scope["path"] == UPLOAD:
            # its answer is read on its way out
            kept = [pair for pair in kept if pair[0].lower() != b"accept-encoding"]
        scope["headers"] = [*kept, *more]

    async def _as_call(self, scope: Scope, receive: Receive, send: Send, visitor: Visitor, length: int) -> None:
        """A program's call: as long as it waits for the answer, what it asked for is listened to."""
        caller = secrets.token_urlsafe(16)
        note = f"{self._secret} {caller} {visitor.address}"
        self._clean(scope, (CALLER.encode(), note.encode("latin-1")))
        body = _Body(receive, length, self._bodies, visitor.address)
        messages: list[Message] = []
        while body.more:
            messages.append(await body())

        with ExitStack() as listening:
            listening.enter_context(self._listening.to(caller))

            async def leave() -> Message:
                message = await receive()
                listening.close()
                return message

            # the answer is waited for without asking whether anybody still wants it
            left = asyncio.create_task(leave())

            async def replay() -> Message:
                return messages.pop(0) if messages else await asyncio.shield(left)

            try:
                await self._app(scope, replay, body.answering(send))
            finally:
                left.cancel()


class _Sending:
    """`send` that ends an answer which failed, with a sentence where none of it is sent yet."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._begun = self._ended = False

    async def __call__(self, message: Message) -> None:
        self._begun = True
        self._ended |= message["type"] == "http.response.body" and not message.get("more_body")
        await self._send(message)

    async def fail(self, scope: Scope, error: Exception) -> None:
        # a stream that was asked for and is not there is told so within the stream
        if not hasattr(error.__cause__, "status_code"):
            log.error("a request for %s failed", scope["path"], exc_info=error)
        if not self._begun:
            await _refuse(scope, self._send, RefusedError(500, "door.failed"))
        elif not self._ended:
            await self._send({"type": "http.response.body", "body": b""})


class _Body:
    """`receive` of one request: a body that does not come is an end of the connection, and 408."""

    def __init__(self, receive: Receive, length: int, bodies: Counter[str], address: str) -> None:
        self.more = length > 0
        self._receive = receive
        self._bodies = bodies
        self._address = address
        self._until = time.monotonic() + BEGIN_SECONDS + length / BYTES_A_SECOND
        self._late = False

    async def __call__(self) -> Message:
        if not self.more:
            return await self._receive()
        self._bodies[self._address] += 1
        try:
            left = min(SILENT_SECONDS, self._until - time.monotonic())
            message = await asyncio.wait_for(self._receive(), max(left, 0.01))
        except (TimeoutError, asyncio.TimeoutError):
            self._late = True
            message = {"type": "http.disconnect"}
        finally:
            self._bodies[self._address] -= 1
            if not self._bodies[self._address]:
                del self._bodies[self._address]
        self.more = bool(message.get("more_body"))
        return message

    def answering(self, send: Send) -> Send:
        """`send` that says 408 instead of what the app makes of half a body."""

        async def answer(message: Message) -> None:
            if not self._late:
                await send(message)
            elif message["type"] == "http.response.start":
                await _refuse({"path": ""}, send, RefusedError(408, "door.slow"))

        return answer


def _language(scope: Scope) -> str:
    """What the address asks for, else that of the page from which is asked, else what the browser likes best."""
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    addresses = ("?" + scope.get("query_string", b"").decode("latin-1"), headers.get(b"referer", ""))
    asked = (known(found[1]) for address in addresses if (found := LANG.search(address[:LONGEST_ADDRESS])))
    return next(filter(None, asked), None) or preferred(headers.get(b"accept-language"))


def _listened(path: str, scope: Scope) -> list[str]:
    """What a stream that is asked for is the answer to."""
    if scope["method"] != "GET":
        return []
    if path.rstrip("/") == LISTENS_ALL:
        return parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [])[:1]
    found = LISTENS.match(path)
    return [found["key"]] if found else []


def _noting(send: Send, note: Callable[[list[str]], None]) -> Send:
    """`send` that tells which paths an upload was given."""
    status = 0
    parts: list[bytes] = []

    async def noted(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        elif message["type"] == "http.response.body" and status == 200:
            parts.append(message.get("body", b""))
            if not message.get("more_body"):
                note([path for path in json.loads(b"".join(parts)) if isinstance(path, str)])
        await send(message)

    return noted


async def _drain(scope: Scope, receive: Receive) -> None:
    """Read what comes with a refused request: clients that are still sending would not read why."""
    names = {name.lower() for name, _ in scope["headers"]}
    if b"expect" in names or not names & {b"content-length", b"transfer-encoding"}:
        return
    body, read = _Body(receive, DRAIN_BYTES, Counter(), ""), 0
    while body.more and read < DRAIN_BYTES:
        read += len((await body()).get("body", b""))


async def _refuse(scope: Scope, send: Send, refused: RefusedError) -> None:
    sentence = say(refused.finding)
    # the page shows the text of an upload's answer as it is, and what `detail` says of all others
    text = scope["path"] == UPLOAD
    body = sentence.encode() if text else json.dumps({"detail": sentence, "error": sentence}).encode()
    kind = b"text/plain; charset=utf-8" if text else b"application/json"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
