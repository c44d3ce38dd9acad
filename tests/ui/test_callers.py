"""Who asks, over the API and as a tool of a language model."""

from __future__ import annotations

from typing import Any

import gradio as gr
from starlette.requests import Request

from gradcam_core.serving.guard import Visitor
from gradcam_core.ui.api import _visitor_of


def request(address: str, caller: str = "") -> Request:
    return Request({"type": "http", "headers": [], "visitor": Visitor(address, caller)})


def test_tools_of_an_address_are_one_visitor_and_no_session_can_be_them() -> None:
    at_once: Any = request("192.0.2.1")
    queued = gr.Request(request("192.0.2.1", "a call"), session_hash="of gradio's client")
    assert _visitor_of(at_once) == _visitor_of(queued)
    assert _visitor_of(request("192.0.2.2")) != _visitor_of(at_once)
    for name in ("mine", "tools of 192.0.2.1", "192.0.2.1"):
        assert _visitor_of(gr.Request(request("192.0.2.1"), session_hash=name)) == name != _visitor_of(at_once)
