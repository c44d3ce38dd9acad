"""Strokes on the page's own event: they can be ended, and those drawn last are answered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from gradcam_core import Watch
from gradcam_core.ui.handlers import Controls
from gradcam_core.ui.tabs.photograph import EXAMPLES

ASKED = Controls.of(str(EXAMPLES / "3-cat.jpg"), "", model="efficientnet_lite0")  # type: ignore[arg-type]
STROKES = [{"points": [[60, 60], [90, 90]], "radius": 20}]


def function(page: gr.Blocks, elem_id: str, event: str) -> Any:
    """What the page does at an `event` of the part of that name."""
    return next(
        one.fn
        for one in page.fns.values()
        for number, kind in one.targets
        if kind == event and one.fn and page.blocks[number].elem_id == elem_id
    )


@pytest.fixture
def look(page: gr.Blocks) -> Any:
    ask = function(page, "stage", "submit")

    def asked(session: str) -> Any:
        event = gr.EventData(None, {"strokes": STROKES})
        return ask(ASKED, event, SimpleNamespace(session_hash=session), lambda *_, **__: None)

    return asked


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> tuple[Event, Event]:
    """Set when a stroke is drawn for the first time, and what that waits for."""
    drawn, goes_on, at_once = Event(), Event(), Watch.at

    def slowly(watch: Watch, done: int, count: int) -> None:
        if not drawn.is_set():
            drawn.set()
            goes_on.wait(60)
        at_once(watch, done, count)

    monkeypatch.setattr(Watch, "at", slowly)
    return drawn, goes_on


def test_a_stroke_that_is_looked_at_can_be_stopped_by_its_own_visitor(
    page: gr.Blocks, look: Any, waiting: tuple[Event, Event]
) -> None:
    stop, (drawn, goes_on) = function(page, "without-stop", "click"), waiting
    for session, words in (("somebody else", "Without this region"), ("me", "Stopped after")):
        drawn.clear()
        goes_on.clear()
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(look, "me")
            assert drawn.wait(60)
            stop(SimpleNamespace(session_hash=session))
            goes_on.set()
            assert words in asked.result(60)


def test_what_is_drawn_next_takes_the_place_of_what_is_looked_at(look: Any, waiting: tuple[Event, Event]) -> None:
    drawn, goes_on = waiting
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(look, "me")
        assert drawn.wait(60)
        second = look("me")
        goes_on.set()
        assert first.result(60) == gr.skip()
    assert "Without this region" in second
