"""What somebody tries who knows the web library behind the page: every door of it, odd values, odd requests."""

from __future__ import annotations

import inspect
import json
import re
import socket
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio import routes

from gradcam_core.languages import Finding, say
from tests.forks import ROOT
from tests.pictures import photo

from .conftest import JSON, Server, named

SECRETS = ("root:", "Traceback", "site-packages")
CLIMBING = (
    "../../../../etc/passwd", "..%2f..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "/etc/passwd",
    "..\\..\\etc\\passwd", "....//....//etc/passwd", "%00", "\uff0e\uff0e\u2215etc\u2215passwd", "C:/windows",
)  # fmt: skip
# of any kind but the one that is asked for, and shapes in which the web library's own parts take files
JUNK: tuple[Any, ...] = (
    "x", 7, -1e308, True, [], {}, [[[["x"]]]], {"a": [None]}, "\ud800\0\u202e" * 9, "9" * 5000, [None] * 500,
    {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
    [{"image": {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, "caption": "x"}],
    {"background": {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, "layers": [], "composite": None},
    {"url": "http://127.0.0.1:1/a.png", "meta": {"_type": "gradio.FileData"}}, {"data": "data:image/png;base64,AAAA"},
    {"text": "x", "files": [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}]}, {"__type__": "update"},
)  # fmt: skip


def fine(answer: httpx.Response) -> None:
    """No fault of the server's, and nothing of it told."""
    assert answer.status_code < 500 or answer.status_code == httpx.codes.INSUFFICIENT_STORAGE, answer.url
    assert not [word for word in SECRETS if word in answer.text], (answer.url, answer.text[:300])


def doors() -> Iterator[tuple[str, str]]:
    """Method and path of all that the web library serves, as its source says."""
    for method, path in re.findall(r'@(?:app|router)\.(\w+)\(\s*f?"([^"]+)"', inspect.getsource(routes)):
        if method in {"get", "post", "head", "put", "delete"}:
            yield method.upper(), path


def test_no_door_of_the_web_library_gives_anything_away_or_fails(server: Server) -> None:
    tried = 0
    with httpx.Client(base_url=server.url, timeout=60) as http:
        for method, path in sorted({*doors(), ("HEAD", "/config"), ("GET", "/reload"), ("PUT", "/upload")}):
            if "heartbeat" in path or "startup" in path or path == "/queue/data":
                # streams without end
                continue
            for prefix, filling in product(("", "/gradio_api"), ("x", *CLIMBING)):
                filled = re.sub(r"\{[^}]*\}", lambda _, filling=filling: filling, path)
                try:
                    answer = http.request(method, prefix + filled, **({"json": {}} if method == "POST" else {}))
                except httpx.InvalidURL:
                    continue
                fine(answer)
                tried += 1
                if filled == path:
                    break
    assert tried > 300


@pytest.mark.parametrize("path", ["profiling/summary", "runs", "run-history/records", "deep_link?session_hash=a"])
def test_doors_that_this_page_does_not_use_are_shut(path: str, server: Server) -> None:
    with server.http as http:
        assert http.get(path).status_code == 404


def test_an_upload_is_shown_to_whoever_knows_its_path_and_runs_nothing_there(server: Server) -> None:
    page = b"<script>alert(1)</script>"
    for name in ("a.html", "a.svg", "a.xml", "a.js", "a"):
        path = server.upload(page, name)
        with server.http as http:
            asked = http.get(f"file={path}")
            kind = asked.headers["content-type"].split(";")[0]
            attached = "attachment" in asked.headers.get("content-disposition", "")
            assert attached or kind not in {"text/html", "image/svg+xml", "text/xml", "application/xml"}, name
            for wrong in RANGES:
                # the web library answers a range with what the request said of itself
                part = http.get(f"file={path}", headers={"range": wrong, "x-said": "by the request"})
                fine(part)
                assert "x-said" not in part.headers
            # a neighbour is not found by its place
            folder = path.rpartition("/")[0]
            for near in (folder, f"{folder}/", str(server.uploads), f"{path}/../../../server.log", f"{path}\0.png"):
                answer = http.get("file=" + near.replace("\0", "%00"))
                fine(answer)
                assert answer.status_code >= 400, near


def test_what_every_visitor_is_told_does_not_say_where_the_program_lies(server: Server) -> None:
    with httpx.Client(base_url=server.url, timeout=60) as http:
        for path in ("/", "/config", "/gradio_api/info", "/gradio_api/openapi.json", "/gradio_api/startup-events"):
            text = http.get(path).text
            assert str(ROOT) not in text, path
            assert str(Path.home()) not in text, path


RANGES = ("bytes=9-1", "bytes=a-b", "bytes=-", "bytes=0-99999999999999999999", "lines=1", "bytes=1-2,3-4")
NAMES = (
    "../../evil.png", "..", ".", "/etc/passwd", "a" * 5000, "a\0b.png", "\u202egnp.a", "con.png", "-rf", "", " ", "a/b",
    "a\r\nX-Evil: 1", '"; filename="b', "%2e%2e%2fa", "\U0001f600.png", ".alive", ".lock",
)  # fmt: skip


PART = b'--e\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_whatever_a_file_is_called_it_lies_in_a_place_of_its_own(name: str, server: Server) -> None:
    content = photo("PNG")
    quoted = name.encode()
    body = (
        b'--e\r\nContent-Disposition: form-data; name="files"; filename="' + quoted + b'"\r\n'
        b"Content-Type: image/png\r\n\r\n" + content + b"\r\n--e--\r\n"
    )
    with server.http as http:
        answer = http.post("upload", content=body, headers={"content-type": "multipart/form-data; boundary=e"})
    fine(answer)
    if answer.status_code == httpx.codes.OK:
        for path in answer.json():
            folder, _, file = path.rpartition("/")
            assert re.fullmatch(r"[0-9a-f]{64}", folder.rpartition("/")[2]), path
            assert file not in {"", ".", ".."}
            assert path.startswith(str(server.uploads))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"--e--\r\n"),
        ("multipart/form-data; boundary=", b"----\r\n"),
        ("multipart/form-data; boundary=e", b""),
        ("multipart/form-data; boundary=e", b"--e\r\n\r\nx\r\n--e--\r\n"),
        ("multipart/form-data; boundary=e", b"--e\r\nContent-Disposition: form-data\r\n\r\nx\r\n--e--\r\n"),
        ("multipart/form-data; boundary=e", b'--e\r\nContent-Disposition: form-data; name="other"\r\n\r\nx\r\n--e--'),
        (
            "multipart/form-data; boundary=e",
            b'--e\r\nContent-Disposition: form-data; name="other"; filename="a.png"\r\n\r\nx\r\n--e--\r\n',
        ),
        ("multipart/form-data; boundary=e", PART + b"x" * 3000),
        ("multipart/form-data; boundary=e", PART + b"x\r\n--e"),
        ("multipart/form-data; boundary=e", PART + b"x\r\n" + PART + b"y\r\n--e\r\n"),
        ("multipart/form-data; boundary=e", PART + b'x\r\n--e\r\nContent-Disposition: form-data; name="fil'),
        ("multipart/form-data; boundary=" + "e" * 4000, b"--e--\r\n"),
        ("application/json", b"{}"),
        ("image/png", b"x"),
        ("", b"x"),
    ],
)
def test_half_a_form_or_none_gets_a_sentence(kind: str, body: bytes, server: Server) -> None:
    before = sorted(server.uploads.rglob("*"))
    with server.http as http:
        answer = http.post("upload?upload_id=a", content=body, headers={"content-type": kind} if kind else {})
        fine(answer)
        assert answer.is_client_error or answer.json() == []
        assert sorted(server.uploads.rglob("*")) == before
        fine(http.get("upload_progress"))


@pytest.mark.parametrize(
    "more",
    [
        {"session_hash": junk} for junk in (7, None, [], {}, "", "a" * 100_000, "\0\n\u202e", ["a"])
    ] + [{"event_data": junk} for junk in (7, "x", [], {"strokes": {"a": 1}})]
    + [{"trigger_id": junk} for junk in ("x", -1, [], 10**30)] + [{"fn_index": 10**30}, {"api_name": []}],
    ids=lambda more: str(more)[:40],
)  # fmt: skip
def test_odd_requests_are_answered(more: dict[str, Any], server: Server) -> None:
    with server.http as http:
        for path in ("call/explain_text", "queue/join", "run/stop", "cancel", "call/v2/explain_text"):
            fine(http.post(path, content=json.dumps({"data": ["a"], **more}), headers=JSON))


def test_no_name_of_a_visitor_takes_room(server: Server) -> None:
    """What anybody calls himself is kept for as many visitors as the page knows."""
    said = {"data": ["a"], "session_hash": "s" * 500_000}
    with server.http as http, server.spending() as spent:
        for number in range(40):
            said["session_hash"] = f"{number}" + "s" * 500_000
            for path in ("call/explain_text", "queue/join", "run/stop", "run/explain_text"):
                answer = http.post(path, json={**said, "fn_index": 1} if path == "queue/join" else said)
                assert answer.status_code in {400, 404}, (path, answer.text[:200])
                assert len(answer.content) < 500
            for path in ("heartbeat/", "call/explain/", "file="):
                assert http.get(path + f"{number}" + "s" * 50_000).status_code == 414
    assert spent.megabytes < 15


@pytest.mark.parametrize("shape", JUNK[11:], ids=lambda one: str(one)[:30])
def test_no_shape_of_a_value_names_a_file(shape: Any, server: Server) -> None:
    path = server.upload(photo("JPEG"))
    refused = say(Finding("uploads.not_here"))
    assert server.call("explain", shape).error == refused
    assert server.call("explain", [named(path)]).error == refused
    answer = server.call("without", named(path), shape)
    assert answer.error
    assert "went wrong" not in answer.error
    # what names no file is a text like any other
    answer = server.call("explain_text", shape)
    assert answer.data or answer.error == refused
    assert "root:" not in str(answer)


def raw(server: Server, request: str) -> str:
    """The first line of what comes back for a request as it is."""
    with socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1])), timeout=30) as connection:
        connection.sendall(request.encode("latin-1"))
        return connection.recv(65_536).decode("latin-1").partition("\r\n")[0]


ALLOWED = (
    "localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.0.0.1:99", "127.0.0.1.", "[::1]", "[::1]:80",
    "LocalHost:7",
)  # fmt: skip
REFUSED = (
    "evil", "127.0.0.1@evil", "localhost@evil:80", "localhost:80@evil", "evil#localhost", "evil/localhost",
    "evil?localhost", "evil@localhost",
    "localhost\\.evil", "[::2]", "[::1].evil", "[::1", "127.1", "2130706433", "0", "",
    "localhost, evil", "localhost evil", "\u212aocalhost".encode().decode("latin-1"), "xn--localhost-", "0.0.0.0:1",
)  # fmt: skip


def test_a_host_is_a_name_of_the_servers_whatever_it_is_written_like(server: Server) -> None:
    for host in ALLOWED:
        assert " 200 " in raw(server, f"GET /robots.txt HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"), host
    for host in REFUSED:
        line = raw(server, f"GET /robots.txt HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
        assert re.search(r" 40[03] ", line), (host, line)


@pytest.mark.parametrize(
    "request_",
    [
        "GET /config HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
        "GET /config HTTP/1.1\r\nHost: evil\r\nHost: localhost\r\n\r\n",
        "GET http://evil/config HTTP/1.1\r\nHost: evil\r\n\r\n",
        "GET /config HTTP/1.1\r\nHost: evil\r\nX-Forwarded-Host: localhost\r\nForwarded: host=localhost\r\n\r\n",
        "GET /config HTTP/1.0\r\n\r\n",
        "GET /config HTTP/1.1\r\n\r\n",
        "POST /gradio_api/queue/join HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 30\r\n\r\nabc",
        "POST /gradio_api/queue/join HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "POST /gradio_api/queue/join HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0x3\r\n\r\nabc",
        "POST /gradio_api/queue/join HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /config HTTP/1.1\r\nHost: evil\r\n\r\n",
        "GET /gradio_api/queue/data HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
    ids=range(12),
)
def test_a_request_that_says_two_things_is_refused(request_: str, server: Server) -> None:
    assert re.search(r" (4\d\d|505) ", raw(server, request_))
