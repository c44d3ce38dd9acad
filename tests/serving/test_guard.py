"""The door of the server, with a small app behind it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from gradcam_core.serving import guard as module
from gradcam_core.serving.guard import Guard
from gradcam_core.serving.hosts import Hosts
from gradcam_core.serving.lanes import Listening
from tests.helpers import awaited

HOST = [(b"host", b"localhost:7860")]


@dataclass
class Behind:
    """The app behind the door: reads the body, notes what it was given."""

    scopes: list[Any] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    during: Callable[[], Awaitable[None]] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.bodies.append(body)
        if self.during:
            await self.during()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"[]"})


def ask(
    guard: Guard,
    path: str = "/config",
    *,
    method: str = "GET",
    headers: list[tuple[bytes, bytes]] | None = None,
    body: bytes = b"",
    query: bytes = b"",
    stall: bool = False,
) -> tuple[int, str]:
    """Status and text of the answer; with `stall` half of the body comes and then nothing."""
    sent: list[Any] = []
    given = [*HOST, *(headers or [])]
    if body:
        given.append((b"content-length", str(len(body)).encode()))
    scope = {
        "type": "http", "method": method, "path": path, "query_string": query, "headers": given,
        "client": ("192.0.2.1", 5),
    }  # fmt: skip

    async def run() -> None:
        half = len(body) // 2
        parts = [{"type": "http.request", "body": body[:half], "more_body": stall or bool(body)}]
        if body and not stall:
            parts.append({"type": "http.request", "body": body[half:], "more_body": False})

        async def receive() -> Any:
            if not parts:
                await asyncio.sleep(3600)
            return parts.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        await asyncio.wait_for(guard(scope, receive, send), 20)

    awaited(run())
    text = b"".join(message.get("body", b"") for message in sent).decode()
    return sent[0]["status"], text


def door(behind: Any = None, **options: Any) -> Guard:
    return Guard(behind or Behind(), options.pop("hosts", Hosts.of("localhost")), Listening(), **options)


def test_what_comes_under_its_own_name_is_let_in() -> None:
    behind = Behind()
    assert ask(door(behind), method="POST", body=b"abcde")[0] == 200
    assert behind.bodies == [b"abcde"]
    assert behind.scopes[0]["visitor"].address == behind.scopes[0]["client"][0] == "192.0.2.1"


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD", "DELETE"])
def test_what_comes_under_a_foreign_name_is_told_why(method: str) -> None:
    behind = Behind()
    status, text = ask(door(behind, hosts=Hosts.of("box")), method=method)
    assert (status, behind.scopes) == (403, [])
    assert "--allow-host" in json.loads(text)["detail"]


@pytest.mark.parametrize("origin", [b"http://evil.example", b"null", b"http://localhost:3000"])
def test_pages_of_others_ask_nothing_and_are_allowed_nothing(origin: bytes) -> None:
    behind = Behind()
    for method in ("POST", "OPTIONS", "DELETE"):
        assert ask(door(behind), method=method, headers=[(b"origin", origin)])[0] == 403
    # what is only read is read without gradio's knowing for whom, so that the browser keeps it from the page
    assert ask(door(behind), headers=[(b"origin", origin)])[0] == 200
    assert [dict(scope["headers"]).get(b"origin") for scope in behind.scopes] == [None]


def test_its_own_pages_may_ask() -> None:
    assert ask(door(), method="POST", headers=[(b"origin", b"http://localhost:7860")], body=b"{}")[0] == 200


def test_forwarded_headers_count_only_behind_a_proxy() -> None:
    written = [(b"x-forwarded-for", b"8.8.8.8"), (b"x-forwarded-proto", b"https"), (b"x-gradio-server", b"http://a.b")]
    for behind_proxy, address in ((False, "192.0.2.1"), (True, "8.8.8.8")):
        behind = Behind()
        ask(door(behind, hosts=Hosts.of("localhost", behind_proxy=behind_proxy)), headers=written)
        (scope,) = behind.scopes
        assert scope["visitor"].address == address
        assert (b"x-forwarded-proto" in dict(scope["headers"])) == behind_proxy


def test_nobody_passes_for_a_tool() -> None:
    behind = Behind()
    for note in (b"guess id 8.8.8.8", b" id 8.8.8.8", b"x"):
        ask(door(behind), headers=[(module.CALLER.encode(), note)])
        ask(door(behind, hosts=Hosts.of("localhost", behind_proxy=True)), headers=[(module.CALLER.encode(), note)])
    assert {scope["visitor"].address for scope in behind.scopes} == {"192.0.2.1"}
    assert {scope["visitor"].caller for scope in behind.scopes} == {""}


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/gradio_api/call/explain_text", module.MAX_JSON),
        ("/gradio_api/queue/join", module.MAX_JSON),
        ("/gradio_api/run/stop", module.MAX_JSON),
        ("/gradio_api/mcp/", module.MAX_MESSAGE),
        ("/gradio_api/upload", 20_000_000 + module.FORM_BYTES),
    ],
)
def test_bodies_are_bounded_before_they_are_read(path: str, most: int) -> None:
    behind = Behind()
    for length, status in ((most + 1, 413), (10**15, 413)):
        headers = [(b"content-length", str(length).encode()), (b"expect", b"100-continue")]
        found, text = ask(door(behind), path, method="POST", headers=headers)
        assert found == status
        assert "MB" in text
    chunked = [(b"transfer-encoding", b"chunked"), (b"expect", b"100-continue")]
    assert ask(door(behind), path, method="POST", headers=chunked)[0] == 411
    assert behind.scopes == []


def test_the_rest_of_a_refused_body_is_read_so_that_the_answer_is() -> None:
    assert ask(door(), "/gradio_api/call/x", method="POST", body=b"x" * (module.MAX_JSON + 5))[0] == 413


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENT_SECONDS", 0.05)
    for path in ("/gradio_api/call/x", "/gradio_api/upload", "/gradio_api/mcp/"):
        status, text = ask(door(), path, method="POST", body=b"abcdef", stall=True)
        assert status == 408
        assert "too slowly" in text


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/component_server", "/gradio_api/process_recording", "/gradio_api/proxy=http://a.hf.space",
        "/gradio_api/file=http://example.org/x.png", "/gradio_api/file=https://a", "/gradio_api/vibe-code/",
        "/gradio_api/custom_component/a/b/c/d", "/gradio_api/dev/reload", "/monitoring", "/gradio_api/file/etc/passwd",
    ],
)  # fmt: skip
def test_doors_that_the_page_does_not_use_are_shut(path: str) -> None:
    assert ask(door(), path)[0] == 404


@pytest.mark.parametrize("path", ["/", "/gradio_api/file=uploads/a.png", "/theme.css", "/gradio_api/info", "/config"])
def test_doors_that_the_page_uses_are_open(path: str) -> None:
    assert ask(door(), path)[0] == 200


@pytest.mark.parametrize(
    ("path", "query", "key"),
    [
        ("/gradio_api/call/check/abc", b"", "abc"),
        ("/gradio_api/call/v2/check/abc", b"", "abc"),
        ("/gradio_api/queue/data", b"session_hash=xyz", "xyz"),
    ],
)
def test_whoever_waits_for_an_answer_is_heard_until_he_leaves(path: str, query: bytes, key: str) -> None:
    heard: list[bool] = []

    async def look() -> None:
        heard.append(guard._listening.hears(key))

    guard = door(Behind(during=look))
    ask(guard, path, query=query)
    assert heard == [True]
    assert not guard._listening.hears(key)


class MissingError(Exception):
    status_code = 404


@pytest.mark.parametrize("begun", [False, True])
def test_what_fails_behind_it_is_answered_and_logged_once(begun: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def failing(scope: Any, receive: Any, send: Any) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
        if scope["path"] == "/missing":
            raise RuntimeError("the answer has begun") from MissingError()
        raise OSError("no more room")

    status, text = ask(door(failing))
    assert (status, text) == (200, "half") if begun else (status, "log" in text) == (500, True)
    assert [record.exc_info is not None for record in caplog.records] == [True]
    caplog.clear()
    ask(door(failing), "/missing")
    assert not caplog.records


def test_web_sockets_are_closed() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    awaited(door()({"type": "websocket", "path": "/", "headers": []}, receive, send))
    assert [message["type"] for message in sent] == ["websocket.close"]


@pytest.mark.parametrize("name", [b"host", b"Host", b"origin", b"content-length", b"Transfer-Encoding"])
def test_what_a_request_says_of_itself_it_says_once(name: bytes) -> None:
    """Or the first would be believed here and the second behind it."""
    behind = Behind()
    twice = [(name, b"localhost")] * (1 if name.lower() == b"host" else 2)
    status, text = ask(door(behind), headers=twice)
    assert (status, behind.scopes) == (400, [])
    assert "only once" in json.loads(text)["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/monitoring/summary", "/gradio_api/profiling/clear", "/gradio_api/runs", "/gradio_api/run-history/connect",
        "/gradio_api/deep_link", "/login",
    ],
)  # fmt: skip
def test_what_the_web_library_offers_beyond_this_page_is_not_there(path: str) -> None:
    behind = Behind()
    assert ask(door(behind), path)[0] == 404
    assert behind.scopes == []


@pytest.mark.parametrize("path", ["/gradio_api/run/stop", "/gradio_api/run/predict", "/gradio_api/login_check"])
def test_what_the_page_uses_stays_there(path: str) -> None:
    assert ask(door(), path)[0] == 200
