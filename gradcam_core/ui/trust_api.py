"""The web API of trust: `/contrast`, `/check` and `/ask_place`. Public name: `add_trust_api`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import gradio as gr
from PIL import Image

from ..methods import METHODS
from ..models import DEFAULT_MODEL
from ..score import AUTO
from ..service import Explainer
from ..trust import Examiner
from .api import in_plain_words, pictured
from .photograph_input import PhotographInput

__all__ = ["add_trust_api"]


def add_trust_api(explainer: Explainer) -> None:
    """Offer the endpoints; their parts are not shown on the page."""
    examiner = Examiner(explainer)

    def contrast(
        image: str | None,
        model: str = DEFAULT_MODEL,
        layer: str = AUTO,
        target: str = AUTO,
        rival: str = AUTO,
        method: str = "gradcam",
        counterfactual: bool = False,
    ) -> tuple[Image.Image, Image.Image, dict[str, Any]]:
        """Explain why a CNN classifier predicted one class rather than another.

        Args:
            image: The photograph: JPEG, PNG, WebP, GIF, BMP or TIFF.
            model: Name of the model, for example efficientnet_lite0, resnet50 or vgg16.
            layer: Dotted module name of the layer, or auto for the model's default.
            target: Class index or label to explain, or auto for the top prediction.
            rival: Class index or label to compare with, auto for the most probable other class, or next three.
            method: Key of the method, for example gradcam or hirescam.
            counterfactual: True for the regions that speak for the rival rather than the target.

        Returns:
            The overlay and the heatmap as PNG at the photograph's size, and the record of the explanation.
        """

        with in_plain_words():
            return pictured(
                explainer.explain(
                    image,
                    model=model,
                    layer=layer,
                    target=target,
                    rival=rival,
                    method=method,
                    counterfactual=bool(counterfactual),
                )
            )

    def check(
        image: str | None, model: str = DEFAULT_MODEL, layer: str = AUTO, target: str = AUTO, method: str = "gradcam"
    ) -> dict[str, Any]:
        """Check whether a map holds: hide its hottest places and ask again, and make the network forget.

        Args:
            image: The photograph: JPEG, PNG, WebP, GIF, BMP or TIFF.
            model: Name of the model, for example efficientnet_lite0, resnet50 or vgg16.
            layer: Dotted module name of the layer, or auto for the model's default.
            target: Class index or label to explain, or auto for the top prediction.
            method: Key of the method, for example gradcam or hirescam.

        Returns:
            The probabilities with shares of the seen area hidden, and the sanity check, each with a sentence.
        """

        with in_plain_words():
            explanation = explainer.explain(image, model=model, layer=layer, target=target, method=method)
            hidden, sanity = examiner.hide_and_look(explanation), examiner.sanity(explanation)
            return {
                "hide_and_look": {"sentence": hidden.sentence, "holds": hidden.holds, **asdict(hidden)},
                "sanity": {"sentence": sanity.sentence, "passed": sanity.passed, **asdict(sanity)},
            }

    def ask_place(
        image: str | None, x: float, y: float, model: str = DEFAULT_MODEL, layer: str = AUTO
    ) -> dict[str, Any]:
        """Say which classes one place of an image speaks for and against.

        Args:
            image: The photograph: JPEG, PNG, WebP, GIF, BMP or TIFF.
            x: Column of the pixel, from 0 on the left.
            y: Row of the pixel, from 0 at the top.
            model: Name of the model, for example efficientnet_lite0, resnet50 or vgg16.
            layer: Dotted module name of the layer, or auto for the model's default.

        Returns:
            The classes with what the place adds to their logits, strongest first.
        """

        with in_plain_words():
            explanation = explainer.explain(image, model=model, layer=layer)
            return asdict(examiner.ask_place(explanation, int(x), int(y)))

    with gr.Row(visible=False):
        image = PhotographInput(type="filepath", format="png", label="image")
        model, layer = gr.Textbox(DEFAULT_MODEL, label="model"), gr.Textbox(AUTO, label="layer")
        target, rival = gr.Textbox(AUTO, label="target"), gr.Textbox(AUTO, label="rival")
        method = gr.Dropdown(list(METHODS), value="gradcam", allow_custom_value=True, label="method")
        counterfactual = gr.Checkbox(False, label="counterfactual")
        x, y = gr.Number(label="x"), gr.Number(label="y")
        pictures = [gr.Image(format="png", label="overlay"), gr.Image(format="png", label="heatmap")]
        record = gr.JSON(label="record")
        for name, function, inputs, outputs in (
            ("contrast", contrast, [image, model, layer, target, rival, method, counterfactual], [*pictures, record]),
            ("check", check, [image, model, layer, target, method], [record]),
            ("ask_place", ask_place, [image, x, y, model, layer], [record]),
        ):
            gr.Button(name).click(function, inputs, outputs, api_name=name, concurrency_limit=2)
