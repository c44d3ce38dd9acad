"""The report of an audit on the page. Public names: `report_frame`, `report_value`."""

from __future__ import annotations

from typing import Any

import gradio as gr

from .. import component

__all__ = ["report_frame", "report_value"]


def report_frame(elem_id: str) -> gr.HTML:
    """Nothing at first; the event `select` carries the name of a photograph that somebody wants to `open`."""
    return component("audit", None, elem_id)


def report_value(report: dict[str, Any]) -> dict[str, Any]:
    """What it shows: a report, as an answer names a file."""
    return {"report": report}
