"""What a browser hears of what it asked, whenever it opens and closes its streams."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import gradio as gr
import httpx
import pytest

from gradcam_core import Explainer, TextExplainer
from gradcam_core.serving import lanes
from gradcam_core.ui import build, page_queue, serve
from gradcam_core.ui.page_queue import PageQueue

from ..helpers import awaited

SECONDS = 120


@pytest.fixture
def own(explainer: Explainer) -> Iterator[gr.Blocks]:
    blocks = build(explainer)
    serve(blocks, server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    yield blocks
    blocks.close()


def queue_of(blocks: gr.Blocks) -> PageQueue:
    queue = blocks._queue
    assert isinstance(queue, PageQueue)
    return queue


class Browser:
    """One visitor, as the page's own scripts ask and listen."""

    def __init__(self, blocks: gr.Blocks, http: httpx.AsyncClient, session: str) -> None:
        self.numbers = {one.name: one._id for one in blocks.fns.values()}
        self.http, self.session = http, session

    async def asks(self, text: str | None, name: str = "explain_text", *beside: float) -> str:
        body = {"data": [text, *beside], "fn_index": self.numbers[name], "session_hash": self.session}
        return str((await self.http.post("queue/join", json=body)).raise_for_status().json()["event_id"])

    async def hears(self) -> AsyncIterator[dict[str, Any]]:
        async with self.http.stream("GET", "queue/data", params={"session_hash": self.session}) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data: "):
                    yield json.loads(line[6:])

    async def answer(self, event: str) -> dict[str, Any]:
        """What is told of an event at its end; all that is told before must be no error."""
        async for message in self.hears():
            assert message["msg"] not in ("unexpected_error", "broken_connection"), message
            if message["msg"] == "process_completed" and message["event_id"] == event:
                return dict(message)
        raise AssertionError("the stream ended without an answer")


def visited(blocks: gr.Blocks, visit: Any, session: str) -> Any:
    async def connected() -> Any:
        async with httpx.AsyncClient(base_url=f"{blocks.local_url}gradio_api/", timeout=SECONDS) as http:
            return await asyncio.wait_for(visit(Browser(blocks, http, session)), SECONDS)

    return awaited(connected(), SECONDS)


def test_a_stream_that_is_opened_late_hears_of_what_is_asked_next(own: gr.Blocks) -> None:
    """A browser learns of an event after its answer was there, opens a stream for nothing, and asks again."""

    async def visit(browser: Browser) -> None:
        assert (await browser.answer(await browser.asks("a good film")))["success"]
        # the queue looks after what is no longer needed twice a second
        await asyncio.sleep(1.5)
        opened = asyncio.ensure_future(anext(browser.hears()))
        await asyncio.sleep(0.5)
        await browser.asks("a bad film")
        assert (await opened)["msg"] != "unexpected_error"

    visited(own, visit, "late")


def test_a_stream_that_breaks_off_takes_nothing_with_it_that_was_asked_meanwhile(
    own: gr.Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = TextExplainer.answer

    def slowly(*given: Any, **options: Any) -> Any:
        time.sleep(1.5)
        return at_once(*given, **options)

    async def visit(browser: Browser) -> None:
        assert (await browser.answer(await browser.asks("a good film")))["success"]
        monkeypatch.setattr(TextExplainer, "answer", slowly)

        async def listen() -> None:
            async for _ in browser.hears():
                pass

        listening = asyncio.ensure_future(listen())
        await asyncio.sleep(0.5)
        event = await browser.asks("a bad film")
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        # the server learns that it is closed
        await asyncio.sleep(0.3)
        assert (await browser.answer(event))["success"]

    visited(own, visit, "broken off")


def test_a_stream_is_left_open_for_a_while(own: gr.Blocks, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a browser asks while it is being told that all is done would be heard by nobody."""
    monkeypatch.setattr(page_queue, "LINGER_SECONDS", 1.0)

    async def visit(browser: Browser) -> list[str]:
        first = await browser.asks("a good film")
        told: list[str] = []
        async for message in browser.hears():
            if message["msg"] == "process_completed":
                told.append(message["event_id"])
                if message["event_id"] == first:
                    # into the stream that is open, as a browser does that has not read its end yet
                    told.append(await browser.asks("a bad film"))
            if message["msg"] == "close_stream":
                return told
        raise AssertionError("the stream ended without saying so")

    first, asked, answered = visited(own, visit, "left open")
    assert asked == answered != first


def test_what_is_asked_while_a_stream_ends_is_heard_in_the_next(
    own: gr.Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow browser asks before it has read that its stream ends."""
    monkeypatch.setattr(page_queue, "LINGER_SECONDS", 0.2)

    async def visit(browser: Browser) -> None:
        await browser.asks("a good film")
        stream = browser.hears()
        while (await anext(stream))["msg"] != "close_stream":
            pass
        asked = asyncio.ensure_future(browser.asks("a bad film"))
        await asyncio.sleep(1)
        assert not asked.done()
        await stream.aclose()
        # and the next stream tells all of it, before it ends
        event, told = await asked, list[str]()
        async for message in browser.hears():
            told.append(message["msg"])
            if message["msg"] == "process_completed":
                assert message["event_id"] == event
                break
        assert "process_starts" in told
        assert "close_stream" not in told

    visited(own, visit, "slow")


def test_a_stream_that_is_not_ended_as_told_is_not_waited_for_for_ever(
    own: gr.Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_queue, "LINGER_SECONDS", 0.2)
    monkeypatch.setattr(page_queue, "ENDS_SECONDS", 0.5)

    async def visit(browser: Browser) -> None:
        await browser.asks("a good film")
        told, event = 0, ""
        async for message in browser.hears():
            if message["msg"] == "close_stream":
                told += 1
                event = event or await browser.asks("a bad film")
            if told == 2:
                return
            assert not event or message.get("event_id") in (None, event)

    visited(own, visit, "stays")


def test_whoever_does_not_listen_holds_up_nothing(own: gr.Blocks, monkeypatch: pytest.MonkeyPatch) -> None:
    """What gives way to others' questions does not wait for one that will not be computed."""
    monkeypatch.setattr(lanes, "GRACE_SECONDS", 1000.0)

    async def asks_and_leaves(browser: Browser) -> None:
        await browser.asks("a film")

    async def visit(browser: Browser) -> None:
        assert (await browser.answer(await browser.asks(None, "judge_words", 0, 0)))["success"]

    visited(own, asks_and_leaves, "silent")
    visited(own, visit, "next")


def test_who_left_is_forgotten_the_quietest_first(own: gr.Blocks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_queue, "KEPT_ANSWERS", 2)
    monkeypatch.setattr(lanes, "GRACE_SECONDS", 0.2)
    queue = queue_of(own)

    async def asks_and_leaves(browser: Browser) -> None:
        await browser.asks("a film")

    for session in "abcd":
        visited(own, asks_and_leaves, session)

    async def until_two_are_left(_: Browser) -> None:
        # and what they asked for has been let go as well: who comes back before that is answered
        while len(queue.pending_event_ids_session) > 2 or queue.event_ids_to_events:
            await asyncio.sleep(0.1)

    visited(own, until_two_are_left, "e")
    assert [*queue.pending_event_ids_session] == ["c", "d"]

    # the others are told, when they come back after all, what became of it
    async def comes_back(browser: Browser) -> dict[str, Any]:
        (event,) = queue.pending_event_ids_session["c"] - {page_queue.OPEN}
        return await browser.answer(event)

    assert "listened" in visited(own, comes_back, "c")["output"]["error"]


def test_who_has_nothing_to_fetch_is_forgotten_after_a_while(own: gr.Blocks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_queue, "RETURNS_SECONDS", 0.2)
    monkeypatch.setattr(page_queue, "LINGER_SECONDS", 0.2)
    queue = queue_of(own)

    async def visit(browser: Browser) -> None:
        await browser.answer(await browser.asks("a good film"))
        while queue.pending_messages_per_session or queue.pending_event_ids_session or queue._sessions:
            await asyncio.sleep(0.1)

    visited(own, visit, "gone")
