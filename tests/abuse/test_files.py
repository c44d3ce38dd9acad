"""Files that a visitor names: only what was handed in is ever opened, whatever the name looks like."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from gradcam_core.languages import Finding
from tests.pictures import photo

from .conftest import Server, named

ENDPOINTS: dict[str, tuple[Any, ...]] = {
    "explain": (),
    "audit": (),
    "contrast": (),
    "check": (),
    "compare": (),
    "report": (),
    "ask_place": (1, 1),
    "without": ([{"points": [[20, 20]], "radius": 9}],),
}
# how a request may name a file: with gradio's mark, without it, and the bare name
SHAPES: dict[str, Callable[[str], Any]] = {
    "marked": named,
    "unmarked": lambda path: {"path": path},
    "address": lambda path: {"path": path, "url": f"file://{path}", "is_stream": True},
    "bare": lambda path: path,
}


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A picture on the server that nobody handed in."""
    path = tmp_path / "private.png"
    path.write_bytes(photo("PNG"))
    return path


def never_uploaded(server: Server, secret: Path) -> dict[str, str]:
    """Names of everything but an upload; some of it is made here, where no visitor can make anything."""
    folder = server.uploads / secret.parent.name
    folder.mkdir(parents=True)
    link, pipe, loop = folder / "link.png", folder / "pipe.png", folder / "loop.png"
    os.mkfifo(pipe)
    link.symlink_to(secret)
    loop.symlink_to(loop)
    (folder / "out").symlink_to(secret.parent)
    return {
        "private": str(secret),
        "nothing": str(secret.with_name("nothing.png")),
        "folder": str(secret.parent),
        "the folder of uploads": str(server.uploads),
        "folder below": str(folder),
        "gone": str(folder / "gone.png"),
        "endless": "/dev/zero",
        "device": "/dev/stdin",
        "descriptor": "/proc/self/fd/0",
        "climbing": f"{server.uploads}/../{secret}",
        "climbing below": f"{folder}/../../{secret.parent.name}/{secret.name}",
        "link": str(link),
        "link on the way": str(folder / "out" / secret.name),
        "endless link": str(loop),
        "pipe": str(pipe),
        "neighbour": f"{server.uploads}-more/private.png",
        "zero byte": f"{folder}/a\0.png",
        "too long": f"{folder}/{'a' * 100_000}",
        "too deep": f"{folder}{'/a' * 50_000}",
        "no letter": f"{folder}/\ud800.png",
        "relative": "assets/page.png",
        "empty": "",
        "address": "http://127.0.0.1:1/private.png",
        "address below": f"http://127.0.0.1/gradio_api/file={secret}",
        "local address": f"file://{secret}",
        "data": "data:image/png;base64,iVBORw0KGgo=",
    }


def test_what_was_handed_in_is_explained(server: Server) -> None:
    path = server.upload(photo("JPEG"))
    for shape in ("marked", "unmarked"):
        answer = server.call("explain", SHAPES[shape](path))
        assert answer.data is not None, answer.error
        assert answer.data[2]["top"][0]["label"]


@pytest.mark.parametrize("shape", SHAPES)
def test_everything_else_gets_the_same_sentence_and_is_not_waited_for(server: Server, secret: Path, shape: str) -> None:
    for kind, path in never_uploaded(server, secret).items():
        with server.spending() as spent:
            answer = server.call("explain", SHAPES[shape](path))
        assert answer.error == str(Finding("uploads.not_here")), (kind, answer)
        assert spent.seconds < 20, kind
        assert spent.megabytes < 50, kind


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_at_every_endpoint(server: Server, secret: Path, endpoint: str) -> None:
    for shape in SHAPES.values():
        assert server.call(endpoint, shape(str(secret)), *ENDPOINTS[endpoint]).error == str(Finding("uploads.not_here"))


@pytest.mark.parametrize(
    "value", [7, True, [], ["/dev/zero"], {}, {"path": None}, {"path": 7}, {"path": ["/dev/zero"]}]
)
def test_what_is_no_name_at_all_gets_it_too(server: Server, value: Any) -> None:
    assert server.call("explain", value).error == str(Finding("uploads.not_here"))


def test_a_file_hidden_in_another_value_is_not_fetched(server: Server, secret: Path) -> None:
    path = server.upload(photo("JPEG"))
    for other in (str(secret), "http://127.0.0.1:1/a.png"):
        strokes = [{"points": [[20, 20]], "radius": 9, "more": [{"deep": named(other)}]}]
        assert server.call("without", named(path), strokes).error == str(Finding("uploads.not_here"))
        assert server.call("explain", named(path), named(other)).error == str(Finding("uploads.not_here"))


def test_the_pages_own_events_are_as_strict(server: Server, secret: Path) -> None:
    """Every event that has a file among its inputs, asked as the page asks it."""
    with server.http as http:
        config = http.get(f"{server.url}/config").json()
        kinds = {part["id"]: part["type"] for part in config["components"]}
        values = {part["id"]: part["props"].get("value") for part in config["components"]}
        tried = 0
        for event in config["dependencies"]:
            files = [number for number in event["inputs"] if kinds[number] in {"image", "file"}]
            for chosen in files:
                given = {**values, **dict.fromkeys(files), chosen: named(str(secret))}
                data = [given[number] for number in event["inputs"]]
                session = f"visitor{tried}"
                body = {"data": data, "fn_index": event["id"], "session_hash": session}
                assert http.post("queue/join", json=body).status_code == 200
                with http.stream("GET", "queue/data", params={"session_hash": session}) as stream:
                    told = next(line for line in stream.iter_lines() if "process_completed" in line)
                output = json.loads(told.removeprefix("data:"))["output"]
                assert output.get("error") == str(Finding("uploads.not_here")), (event["api_name"], told)
                tried += 1
    assert tried >= 8


def test_an_upload_that_has_vanished_is_told_so(server: Server) -> None:
    path = server.upload(photo("JPEG"), "vanishing.jpg")
    Path(path).unlink()
    for endpoint, more in ENDPOINTS.items():
        assert server.call(endpoint, named(path), *more).error == str(Finding("uploads.not_here"))


@pytest.mark.parametrize(
    ("endpoint", "data"),
    [
        ("explain", []),
        ("explain", [None]),
        ("explain", [None, 7, {}, [], "no such method", "perhaps"]),
        ("explain", [None] * 50),
        ("ask_place", [None, "left", {}]),
        ("without", [None, "everything"]),
        ("compare", [None, "no such model"]),
        ("explain_text", [{"path": 1}, []]),
        ("explain_text", []),
        ("explain_text", ["half a character \ud800"]),
        ("explain", [None, "auto", "auto", "\udfff"]),
    ],
)
def test_every_failure_has_a_sentence(server: Server, endpoint: str, data: list[Any]) -> None:
    answer = server.call(endpoint, *data)
    assert answer.data is None
    assert answer.error
    assert "went wrong" not in answer.error


def tool(server: Server, name: str, **arguments: Any) -> tuple[bool, str]:
    """Call a tool as a language model's client does; whether it failed, and the text of what came back."""
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
    headers = {"Accept": "application/json, text/event-stream"}
    with server.http as http:
        answer = http.post("mcp/", json=message, headers=headers)
    told = next(line for line in answer.text.splitlines() if line.startswith("data: "))
    result = json.loads(told[len("data: ") :])["result"]
    return result["isError"], " ".join(part.get("text", "") for part in result["content"])


def test_a_tool_takes_what_comes_along_or_was_handed_in(server: Server) -> None:
    content = photo("PNG")
    path = server.upload(content, "a name.png")
    along = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    for image in (along, path, f"{server.url}/gradio_api/file={quote(path)}"):
        failed, text = tool(server, "ask_place", image=image, x=20, y=20)
        assert not failed, text
        assert "speaks_for" in text


def test_a_tool_opens_no_other_file_and_fetches_nothing(server: Server, secret: Path) -> None:
    for kind, name in never_uploaded(server, secret).items():
        if kind in {"data", "no letter", "too long", "too deep"}:
            continue
        failed, text = tool(server, "ask_place", image=name, x=20, y=20)
        assert failed, kind
        assert str(Finding("uploads.not_here")) in text, kind
    path = server.upload(photo("PNG"))
    for name in (str(secret), "/dev/zero", "http://127.0.0.1:1/a.png"):
        hidden = [{"points": [[20, 20]], "radius": 9, "more": [named(name)]}]
        failed, _ = tool(server, "without", image=path, strokes=hidden)
        assert failed, name
    copies = [one for one in server.uploads.rglob(secret.name) if not (one.is_symlink() or one.parent.is_symlink())]
    assert not copies
