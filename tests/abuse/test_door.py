"""Names, origins, sizes and shut doors of a running server."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import httpx
import pytest

from gradcam_core.ui.uploads import FILES
from tests.pictures import photo

from .conftest import Server, named

ASKED = ("/", "/config", "/gradio_api/info", "/gradio_api/queue/data?session_hash=a", "/gradio_api/call/explain/a")
FOREIGN = ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "0x7f.1")


@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_name_gets_nothing_but_a_sentence(host: str, server: Server) -> None:
    with server.http as http:
        for path in ASKED:
            answer = http.get(server.url + path, headers={"host": host, "origin": f"http://{host}"})
            assert answer.status_code == 403
            assert "--allow-host" in answer.json()["detail"]
            assert not [name for name in answer.headers if name.startswith("access-control")]
        posted = http.post("upload", files={"files": ("a.jpg", photo("JPEG"))}, headers={"host": host})
        assert posted.status_code == 403


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:1", "https://localhost.evil.example"]
)
def test_foreign_pages_post_nothing_and_are_allowed_nothing(origin: str, server: Server) -> None:
    before = sorted(server.uploads.rglob("*"))
    with server.http as http:
        given = {"headers": {"origin": origin}}
        assert http.post("upload", files={"files": ("a.jpg", photo("JPEG"))}, **given).status_code == 403
        assert http.post("call/explain_text", json={"data": ["a"]}, **given).status_code == 403
        assert http.post("run/stop", json={"data": []}, **given).status_code == 403
        preflight = {"origin": origin, "access-control-request-method": "POST"}
        for answer in (http.options("upload", headers=preflight), http.get("info", **given)):
            assert not [name for name in answer.headers if name.startswith("access-control")]
        own = {"origin": server.url}
        assert http.post("call/explain_text", json={"data": ["a"]}, headers=own).status_code == 200
    assert sorted(server.uploads.rglob("*")) == before


def test_large_requests_are_refused_before_they_cost_anything(server: Server) -> None:
    with server.http as http, server.spending() as spent:
        for path, count in (("call/explain_text", 60_000_000), ("queue/join", 5_000_000)):
            body = {"data": ["x" * count]}
            answer = http.post(path, json=body)
            assert answer.status_code == 413
            assert "at most 1 MB" in answer.json()["detail"]
    assert spent.megabytes < 60


def test_deep_and_broken_requests_are_answered_with_a_sentence(server: Server) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    kind = {"content-type": "application/json"}
    with server.http as http:
        for body in (f'{{"data": [{deep}]}}', "{", "", "[]", '{"data": 1}', '{"data": [NaN]}', "\x00"):
            answer = http.post("call/explain_text", content=body, headers=kind)
            assert answer.status_code < 500
            assert "Internal Server Error" not in answer.text


def test_a_photograph_has_its_own_limit_although_weights_may_be_larger(server: Server) -> None:
    large = b"x" * 21_000_000
    with server.http as http:
        answer = http.post("upload", files={"files": ("cat.jpg", large)})
        assert answer.status_code == 413
        assert "20 MB" in answer.text
        assert http.post("upload", files={"files": ("cat.safetensors", large)}).status_code == 200
        many = [("files", (f"{number}.jpg", b"x")) for number in range(FILES + 1)]
        assert http.post("upload", files=many).status_code == 400
    # the fixture looks at what is left


def test_equal_uploads_are_two_files(server: Server) -> None:
    mine, yours = server.upload(photo("JPEG")), server.upload(photo("JPEG"))
    assert mine != yours
    Path(mine).unlink()
    assert server.call("explain", named(yours)).error is None


def test_an_upload_that_breaks_off_leaves_nothing(server: Server) -> None:
    before = set(server.uploads.rglob("*"))
    port = int(server.url.rsplit(":", 1)[1])
    edge = b'--e\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(
            b"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=e\r\n"
            b"Content-Length: 100000\r\n\r\n" + edge + b"x" * 5000
        )
    # the server has heard of it when it answers the next one
    server.call("explain_text", "a")
    # what other tests have left may go meanwhile
    assert set(server.uploads.rglob("*")) <= before


def test_what_a_visitor_writes_stays_within_one_line_of_the_log(server: Server) -> None:
    before = server.log.stat().st_size
    nasty = "/no\nTraceback of nobody\x1b[31m\r/where"
    server.call("explain", named(nasty))
    server.call("explain", {"path": nasty})
    with server.http as http:
        http.get("file=" + nasty.replace("\n", "%0A").replace("\x1b", "%1B").replace("\r", "%0D"))
        http.post("call/" + "a%0Ab%1B", json={"data": []})
        http.post("queue/join", json={"data": [nasty], "fn_index": 99999, "session_hash": nasty})
    written = server.log.read_bytes()[before:].decode()
    assert "\x1b" not in written
    assert "\nTraceback of nobody" not in written


def test_numbers_that_name_nothing_are_no_fault_of_the_server(server: Server) -> None:
    with server.http as http:
        for body in (
            {"data": [], "fn_index": 99999, "session_hash": "a"},
            {"data": [], "fn_index": -1, "session_hash": "a"},
            {"data": [], "session_hash": "a"},
            {"data": []},
        ):
            for path in ("queue/join", "run/predict", "call/no_such_endpoint"):
                answer = http.post(path, json=body)
                assert answer.status_code < 500, (path, body, answer.text)
                assert json.loads(answer.text)["detail"]
        assert httpx.get(server.url + "/gradio_api/call/no_such/event", timeout=60).status_code < 500
