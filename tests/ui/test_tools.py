"""The endpoints as tools for language models (MCP), through a client as these have it."""

from __future__ import annotations

import base64
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from gradcam_core import Explainer
from gradcam_core.serving.endpoints import ENDPOINTS
from gradcam_core.ui import build, serve

from ..helpers import awaited
from ..pictures import zipped

mcp = pytest.importorskip("mcp", reason="mcp is not installed")
SECONDS = 300
# what each needs beside the photograph, and a word of its answer
ASKED: dict[str, tuple[dict[str, Any], str]] = {
    "explain": ({"method": "hirescam"}, "sentence"),
    "contrast": ({"target": "tabby"}, "rivals"),
    "describe": ({"word": "0"}, "caption"),
    "ask": ({"question": "what animal is it?"}, "without_picture"),
    "check": ({}, "hide_and_look"),
    "report": ({"check": False}, "<html"),
    "ask_place": ({"x": 60, "y": 40}, "speaks_for"),
    "without": ({"strokes": [{"points": [[30, 30], [60, 40]], "radius": 12}]}, "Without this region"),
    "compare": ({"methods": "gradcam; hirescam"}, "cells"),
    "audit": ({}, "No place looks like a cheat, in 1 of 1"),
    "explain_text": ({"text": "최고의 영화"}, "probability"),
    "report_text": ({"text": "최고의 영화"}, "<html"),
    "stop": ({}, ""),
}


@pytest.fixture(scope="module")
def tools(explainer: Explainer) -> Iterator[str]:
    """The address under which the endpoints are tools."""
    blocks = build(explainer)
    serve(blocks, server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, mcp_server=True)
    yield f"{blocks.local_url}gradio_api/mcp/"
    blocks.close()


@pytest.fixture(scope="module")
def along(chelsea: Any) -> str:
    """A photograph as it comes along with a call."""
    file = BytesIO()
    Image.fromarray(chelsea).reduce(3).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def archived(along: str) -> str:
    """The same photograph in an archive."""
    made = zipped(("tabby/1.png", base64.b64decode(along.partition(",")[2])))
    return f"data:application/zip;base64,{base64.b64encode(made).decode()}"


def with_session(tools: str, use: Callable[[Any], Awaitable[Any]]) -> Any:
    """What `use` makes of an open session."""
    from mcp.client.streamable_http import streamable_http_client

    async def connected() -> Any:
        async with (
            httpx.AsyncClient(timeout=SECONDS) as http,
            streamable_http_client(tools, http_client=http) as (read, write, _),
            mcp.ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await use(session)

    return awaited(connected(), SECONDS)


def said(result: Any) -> str:
    return " ".join(getattr(part, "text", "") for part in result.content)


def use(tools: str, name: str, **given: Any) -> tuple[bool, str]:
    """Whether a tool failed, and what it tells a language model."""
    result = with_session(tools, lambda session: session.call_tool(name, given))
    return result.isError, said(result)


def test_one_flag_serves_the_same_as_a_tool_for_language_models(tools: str) -> None:
    from jsonschema import Draft202012Validator

    offered = {tool.name: tool for tool in with_session(tools, lambda session: session.list_tools()).tools}
    assert list(offered) == [endpoint.name for endpoint in ENDPOINTS]
    for endpoint in ENDPOINTS:
        tool = offered[endpoint.name]
        Draft202012Validator.check_schema(tool.inputSchema)
        properties = tool.inputSchema["properties"]
        assert list(properties) == [one.name for one in endpoint.inputs]
        assert all(one.description in properties[one.name]["description"] for one in endpoint.inputs)
        # nothing is left open: a program knows of each value what it has to be
        assert all(properties[one.name].get("type") or properties[one.name].get("anyOf") for one in endpoint.inputs)
    assert offered["explain"].inputSchema["required"] == ["image"]
    assert "Grad-CAM" in offered["explain"].description


def test_every_tool_answers(tools: str, along: str) -> None:
    assert list(ASKED) == [endpoint.name for endpoint in ENDPOINTS]
    files = {"image": along, "archive": archived(along)}
    handed = {one.name: {name: files[name] for name in one.signature.parameters if name in files} for one in ENDPOINTS}

    async def ask_all(session: Any) -> dict[str, Any]:
        return {name: await session.call_tool(name, {**handed[name], **given}) for name, (given, _) in ASKED.items()}

    for name, result in with_session(tools, ask_all).items():
        assert not result.isError, (name, said(result))
        assert ASKED[name][1] in said(result), name
        pictures = [part for part in result.content if part.type == "image"]
        assert len(pictures) == (2 if name in {"explain", "contrast", "describe", "ask"} else 0)


def test_a_call_waits_for_a_busy_server(explainer: Explainer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not 5 seconds, as a client of Gradio does unless it is told otherwise."""
    waits: list[Any] = []
    get = httpx.get

    def seen(*args: Any, **options: Any) -> httpx.Response:
        waits.append(options.get("timeout", "unsaid"))
        return get(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(httpx, "get", seen)
        blocks = build(explainer)
        serve(blocks, server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, mcp_server=True)
        try:
            waits.clear()
            assert "sentence" in use(f"{blocks.local_url}gradio_api/mcp/", "explain_text", text="최고의 영화")[1]
        finally:
            blocks.close()
    assert waits
    assert set(waits) == {None}


@pytest.mark.parametrize(
    ("strokes", "words"),
    [
        ("everywhere", "not of type 'array'"),
        ([{"points": 7, "radius": 3}], "not of type 'array'"),
        ([], "`strokes`"),
        ([{"radius": 3}], "`strokes`"),
    ],
)
def test_strokes_that_are_none_get_a_sentence(tools: str, along: str, strokes: Any, words: str) -> None:
    failed, text = use(tools, "without", image=along, strokes=strokes)
    assert failed
    assert words in text


def test_a_tool_stops_what_tools_compute(tools: str, along: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(use, tools, "explain", image=along, method="scorecam", target="9")
        while not asked.done():
            failed, text = use(tools, "stop")
            assert not failed, text
            time.sleep(0.2)
    failed, text = asked.result()
    assert failed
    assert "Stopped after" in text
