"""The web API: `/explain` and `/stop` for gradio_client, curl and MCP.

Public names: `add_api`, `in_plain_words`, `pictured`, `watched`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr
from PIL import Image

from ..engine.watch import Watch
from ..explainer import Explainer
from ..explanation import Explanation
from ..methods import METHODS
from ..models import DEFAULT_MODEL
from ..request import AUTO
from ..serving.failures import plain_words
from ..serving.running import Running
from .parts import told
from .photograph_input import PhotographInput

__all__ = ["add_api", "in_plain_words", "pictured", "watched"]


@contextmanager
def in_plain_words() -> Iterator[None]:
    """Whatever is raised within reaches the client as a sentence, never as a traceback."""
    try:
        yield
    except Exception as error:
        raise gr.Error(plain_words(error), print_exception=False) from None


@contextmanager
def watched(running: Running, request: gr.Request, progress: gr.Progress) -> Iterator[Watch]:
    """Whatever is computed within tells the client how far it is, and ends where the client asks for it."""
    with in_plain_words(), running.task(request.session_hash, told(progress)) as task:
        yield task.watch


def pictured(explanation: Explanation) -> tuple[Image.Image, Image.Image, dict[str, Any]]:
    """What the endpoints return of a map: overlay, heatmap, and the record with the raw values in it."""
    record = explanation.record()
    record["map"]["values"] = explanation.cam.tolist()
    return explanation.overlay(), explanation.heatmap_picture(), record


def add_api(explainer: Explainer, running: Running) -> None:
    """Offer `/explain` and `/stop`, which ends what is `running` for a client; not shown on the page."""

    def stop(request: gr.Request) -> None:
        """End what is computed for this client, which then gets a sentence that says so.

        Over plain HTTP a client is whoever sends the same session_hash; without one nothing is ended.
        """
        if request.session_hash:
            running.stop(request.session_hash)

    def explain(
        request: gr.Request,
        image: str | None,
        model: str = DEFAULT_MODEL,
        layer: str = AUTO,
        target: str = AUTO,
        method: str = "gradcam",
        counterfactual: bool = False,
        detail: bool = False,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio wants to be asked for it
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
        with watched(running, request, progress) as watch:
            return pictured(
                explainer.explain(
                    image,
                    model=model,
                    layer=layer,
                    target=target,
                    method=method,
                    counterfactual=bool(counterfactual),
                    detail=bool(detail),
                    watch=watch,
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
        # not queued, or it would wait for what it is to end
        gr.Button("stop").click(stop, None, None, api_name="stop", queue=False)
