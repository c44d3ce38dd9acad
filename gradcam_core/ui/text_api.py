"""The web API for text: `/explain_text` for gradio_client, curl and MCP. Public name: `add_text_api`."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ..request import AUTO
from ..text import TEXT_METHODS, TextExplainer
from ..text.methods import DEFAULT_METHOD
from .api import in_plain_words

__all__ = ["add_text_api"]


def add_text_api(explainer: TextExplainer) -> None:
    """Offer `/explain_text`; its parts are not shown on the page."""

    def explain_text(
        text: str,
        target: str = AUTO,
        method: str = DEFAULT_METHOD,
        counterfactual: bool = False,
        contrast: bool = False,
    ) -> dict[str, Any]:
        """Explain which characters and words of a Korean film review made a CNN call it positive or negative.

        Args:
            text: The review; the model reads its first 140 characters.
            target: Class to explain: negative, positive, 0, 1, or auto for the more probable.
            method: Key of the method, for example hirescam, gradcam or similarity.
            counterfactual: True for what speaks against the class.
            contrast: True for why the class rather than the other.

        Returns:
            A record with both probabilities, the sentence, and a signed value for every character and word
            with its place in the text.
        """
        with in_plain_words():
            return explainer.explain(
                text, target, method=method, counterfactual=bool(counterfactual), contrast=bool(contrast)
            ).record()

    with gr.Row(visible=False):
        inputs = [
            gr.Textbox(label="text"),
            gr.Textbox(AUTO, label="target"),
            gr.Dropdown(list(TEXT_METHODS), value=DEFAULT_METHOD, allow_custom_value=True, label="method"),
            gr.Checkbox(False, label="counterfactual"),
            gr.Checkbox(False, label="contrast"),
        ]
        gr.Button("explain_text").click(
            explain_text, inputs, gr.JSON(label="text_record"), api_name="explain_text", concurrency_limit=4
        )
