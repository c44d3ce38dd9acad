"""An input of lists and tables. Public name: `JsonInput`.

Alone in its module: gradio writes a stub file beside every module that subclasses a component.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

__all__ = ["JsonInput"]


class JsonInput(gr.JSON):
    """Values that `described`, a JSON Schema, tells people and language models of.

    What gr.JSON says of itself is no schema, and programs that look at a tool's refuse it.
    """

    # no parameter: gradio makes what it tells the page of those alone
    described: Mapping[str, Any] = {}

    def api_info(self) -> dict[str, Any]:
        return dict(self.described)

    def get_block_name(self) -> str:
        return "json"
