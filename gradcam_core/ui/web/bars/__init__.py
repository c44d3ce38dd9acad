"""The most probable classes as bars to click on. Public names: `PICKED`, `bars_value`, `top_bars`."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ....explanation import Explained
from ....languages import Amount, percent
from .. import component

__all__ = ["PICKED", "bars_value", "top_bars"]

# a click on a bar sets the menu of classes in the browser, without a request
PICKED = "(bars, target) => bars.picked === undefined ? target : String(bars.picked)"


def top_bars(elem_id: str) -> gr.HTML:
    """The bars; at the event `select` their value holds `picked`, the index of a class."""
    return component("bars", {"rows": []}, elem_id)


def bars_value(explanation: Explained) -> dict[str, Any]:
    """What the bars show: the top classes, the explained one marked, and added where it is not among them."""
    shown = list(explanation.top)
    if explanation.target not in shown:
        shown.append(explanation.target)
    return {
        "rows": [
            {
                "index": prediction.index,
                "label": prediction.label,
                "percent": percent(prediction.probability),
                # a number that is no share has no bar
                "share": 0.0 if isinstance(prediction.probability, Amount) else prediction.probability,
                "chosen": prediction.index == explanation.target.index,
            }
            for prediction in shown
        ]
    }
