"""The web API: `/explain` for gradio_client, curl and MCP.

Public names: `add_api`, `in_plain_words`, `pictured`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr
from PIL import Image

from ..explanation import Explanation
from ..methods import METHODS
from ..models import DEFAULT_MODEL
from ..service import AUTO, Explainer
from .handlers import plain_words
from .photograph_input import PhotographInput

__all__ = ["add_api", "in_plain_words", "pictured"]


@contextmanager
def in_plain_words() -> Iterator[None]:
    """Whatever is raised within reaches the client as a sentence, never as a traceback."""
    try:
        yield
    except Exception as error:
        raise gr.Error(plain_words(error), print_exception=False) from None


def pictured(explanation: Explanation) -> tuple[Image.Image, Image.Image, dict[str, Any]]:
    """What the endpoints return of a map: overlay, heatmap, and the record with the raw values in it."""
    record = explanation.record()
    record["map"]["values"] = explanation.cam.tolist()
    return explanation.overlay(), explanation.heatmap_picture(), record


def add_api(explainer: Explainer) -> None:
    """Offer `/explain`; its parts are not shown on the page."""

    def explain(
        image: str | None,
        model: str = DEFAULT_MODEL,
        layer: str = AUTO,
        target: str = AUTO,
        method: str = "gradcam",
        counterfactual: bool = False,
        detail: bool = False,
    ) -> tuple[Image.Image, Image.Image, dict[str, Any]]:
        """Explain which regions of an image made a CNN classifier predict a class (Grad-CAM).

        Args:
            image: The photograph: JPEG, PNG, WebP, GIF, BMP or TIFF.
            model: Name of the model, for example efficientnet_lite0, resnet50 or vgg16.
            layer: Dotted module name of the layer, or auto for the model's default.
            target: Class index or label to explain, or auto for the top prediction.
            method: Key of the method, for example gradcam or hirescam.
            counterfactual: True for the regions that speak against the class.
            detail: True for an input of twice the size and a map twice as fine; the probabilities change.

        Returns:
            The overlay and the heatmap as PNG at the photograph's size, and a record with the top-5
            predictions, the sentence, the raw map and all that is needed to get the same map again.
        """
        with in_plain_words():
            return pictured(
                explainer.explain(
                    image,
                    model=model,
                    layer=layer,
                    target=target,
                    method=method,
                    counterfactual=bool(counterfactual),
                    detail=bool(detail),
                )
            )

    with gr.Row(visible=False):
        inputs = [
            PhotographInput(type="filepath", format="png", label="image"),
            gr.Textbox(DEFAULT_MODEL, label="model"),
            gr.Textbox(AUTO, label="layer"),
            gr.Textbox(AUTO, label="target"),
            gr.Dropdown(list(METHODS), value="gradcam", allow_custom_value=True, label="method"),
            gr.Checkbox(False, label="counterfactual"),
            gr.Checkbox(False, label="detail"),
        ]
        outputs = [
            gr.Image(format="png", label="overlay"),
            gr.Image(format="png", label="heatmap"),
            gr.JSON(label="record"),
        ]
        gr.Button("explain").click(explain, inputs, outputs, api_name="explain", concurrency_limit=4)
