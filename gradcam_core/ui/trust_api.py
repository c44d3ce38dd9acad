"""The web API of trust: `/contrast`, `/check`, `/ask_place`, `/without`, `/compare`. Public name: `add_trust_api`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import gradio as gr
from PIL import Image

from ..checks import Curve, Curves, HideAndLook, brushed, said_without
from ..methods import METHODS
from ..models import DEFAULT_MODEL
from ..request import AUTO
from ..serving.services import Services
from .api import in_plain_words, pictured, watched
from .photograph_input import PhotographInput

__all__ = ["add_trust_api"]


def add_trust_api(services: Services) -> None:
    """Offer the endpoints; their parts are not shown on the page."""
    explainer, examiner, running = services.explainer, services.examiner, services.running

    def contrast(
        request: gr.Request,
        image: str | None,
        model: str = DEFAULT_MODEL,
        layer: str = AUTO,
        target: str = AUTO,
        rival: str = AUTO,
        method: str = "gradcam",
        counterfactual: bool = False,
        detail: bool = False,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
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
            detail: True for an input of twice the size and a map twice as fine; the probabilities change.

        Returns:
            The overlay and the heatmap as PNG at the photograph's size, and the record of the explanation.
        """

        with watched(running, request, progress) as watch:
            return pictured(
                explainer.explain(
                    image,
                    model=model,
                    layer=layer,
                    target=target,
                    rival=rival,
                    method=method,
                    counterfactual=bool(counterfactual),
                    detail=bool(detail),
                    watch=watch,
                )
            )

    def check(
        request: gr.Request,
        image: str | None,
        model: str = DEFAULT_MODEL,
        layer: str = AUTO,
        target: str = AUTO,
        method: str = "gradcam",
        detail: bool = False,
        counterfactual: bool = False,
        rival: str = "",
        curves: bool = False,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> dict[str, Any]:
        """Check whether a map holds: hide its hottest places and ask again, and make the network forget.

        Args:
            image: The photograph: JPEG, PNG, WebP, GIF, BMP or TIFF.
            model: Name of the model, for example efficientnet_lite0, resnet50 or vgg16.
            layer: Dotted module name of the layer, or auto for the model's default.
            target: Class index or label to explain, or auto for the top prediction.
            method: Key of the method, for example gradcam or hirescam.
            detail: True for an input of twice the size and a map twice as fine; the probabilities change.
            counterfactual: True for the regions that speak against the class.
            rival: Class index or label to compare with, auto, next three, or nothing for none.
            curves: True for deletion and insertion curves as well; takes some seconds more.

        Returns:
            The probabilities with shares of the seen area hidden, and the sanity check, each with a sentence; the
            curves with the areas under them, or null.
        """

        with watched(running, request, progress) as watch:
            explanation = explainer.explain(
                image,
                model=model,
                layer=layer,
                target=target,
                method=method,
                detail=bool(detail),
                counterfactual=bool(counterfactual),
                rival=rival,
                watch=watch,
            )
            parts = 3 if curves else 2
            hidden = examiner.hide_and_look(explanation, watch=watch.part(0, parts))
            sanity = examiner.sanity(explanation, watch=watch.part(1, parts))
            return {
                "hide_and_look": _record(hidden),
                "sanity": {"sentence": sanity.sentence, "passed": sanity.passed, **asdict(sanity)},
                "curves": _areas(examiner.curves(explanation, watch=watch.part(2, parts))) if curves else None,
            }

    def ask_place(
        image: str | None, x: float, y: float, model: str = DEFAULT_MODEL, layer: str = AUTO, detail: bool = False
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
            explanation = explainer.explain(image, model=model, layer=layer, detail=bool(detail))
            return asdict(examiner.ask_place(explanation, int(x), int(y)))

    def without(
        image: str | None,
        strokes: list[dict[str, Any]],
        model: str = DEFAULT_MODEL,
        target: str = AUTO,
        detail: bool = False,
    ) -> dict[str, Any]:
        """Say what a CNN classifier sees without a region of an image, which is blurred beyond recognition.

        Args:
            image: The photograph: JPEG, PNG, WebP, GIF, BMP or TIFF.
            strokes: The region as strokes of a brush in pixels of the photograph: a list of
                {"points": [[x, y], ...], "radius": r}; one point is a dab.
            model: Name of the model, for example efficientnet_lite0, resnet50 or vgg16.
            target: Class index or label to tell of, or auto for the top prediction.

        Returns:
            A sentence, and the most probable classes with their probabilities before and without the region.
        """

        with in_plain_words():
            explanation = explainer.explain(image, model=model, target=target, detail=bool(detail))
            changes = examiner.without(explanation, brushed(strokes, explanation.placement))
            return {
                "sentence": said_without(explanation.target, changes),
                "changes": [{**asdict(one.prediction), "after": one.after} for one in changes],
            }

    def compare(
        request: gr.Request,
        image: str | None,
        model: str = DEFAULT_MODEL,
        targets: str = AUTO,
        methods: str = "gradcam",
        layers: str = AUTO,
        counterfactual: bool = False,
        hide: bool = False,
        rival: str = "",
        detail: bool = False,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> dict[str, Any]:
        """Compare maps of a CNN classifier on one scale: methods with layers, or classes with methods or layers.

        Args:
            image: The photograph: JPEG, PNG, WebP, GIF, BMP or TIFF.
            model: Name of the model, for example efficientnet_lite0, resnet50 or vgg16.
            targets: Class indices or labels, separated by semicolons, or auto for the top prediction.
            methods: Keys of methods, separated by semicolons.
            layers: Dotted module names, separated by semicolons; auto for the default, all for every offered one.
            counterfactual: True for the regions that speak against the classes.
            hide: True to hide the hottest places of each map and ask again; takes about a second a map.
            rival: Class index or label to compare with, auto, next three, or nothing for none.
            detail: True for an input of twice the size and maps twice as fine; the probabilities change.

        Returns:
            The grid: titles of rows and columns, raw maps, the scale, how alike the maps of two rows are.
        """

        with watched(running, request, progress) as watch:
            names = [layer.name for layer in explainer.layers(model)] if layers == "all" else _several(layers)
            grid = explainer.compare(
                image,
                model=model,
                targets=_several(targets),
                methods=_several(methods),
                layers=names,
                counterfactual=bool(counterfactual),
                rival=rival,
                detail=bool(detail),
                watch=watch.part(0, 2) if hide else watch,
            )
            record = grid.record()
            cells = [cell for line in record["cells"] for cell in line]
            maps = [cell.explanation if hide else None for line in grid.cells for cell in line]
            for cell, found in zip(cells, examiner.hide_each(maps, watch=watch.part(1, 2)), strict=True):
                cell["hide_and_look"] = found and _record(found)
            return record

    with gr.Row(visible=False):
        image = PhotographInput(type="filepath", format="png", label="image")
        model, layer = gr.Textbox(DEFAULT_MODEL, label="model"), gr.Textbox(AUTO, label="layer")
        target, rival = gr.Textbox(AUTO, label="target"), gr.Textbox(AUTO, label="rival")
        no_rival, curves = gr.Textbox("", label="rival"), gr.Checkbox(False, label="curves")
        method = gr.Dropdown(list(METHODS), value="gradcam", allow_custom_value=True, label="method")
        counterfactual, detail = gr.Checkbox(False, label="counterfactual"), gr.Checkbox(False, label="detail")
        x, y = gr.Number(label="x"), gr.Number(label="y")
        pictures = [gr.Image(format="png", label="overlay"), gr.Image(format="png", label="heatmap")]
        record = gr.JSON(label="record")
        strokes = gr.JSON(label="strokes")
        targets, methods = gr.Textbox(AUTO, label="targets"), gr.Textbox("gradcam", label="methods")
        layers, hide = gr.Textbox(AUTO, label="layers"), gr.Checkbox(False, label="hide")
        for name, function, inputs, outputs in (
            (
                "contrast",
                contrast,
                [image, model, layer, target, rival, method, counterfactual, detail],
                [*pictures, record],
            ),
            (
                "check",
                check,
                [image, model, layer, target, method, detail, counterfactual, no_rival, curves],
                [record],
            ),
            ("ask_place", ask_place, [image, x, y, model, layer, detail], [record]),
            ("without", without, [image, strokes, model, target, detail], [record]),
            (
                "compare",
                compare,
                [image, model, targets, methods, layers, counterfactual, hide, no_rival, detail],
                [record],
            ),
        ):
            gr.Button(name).click(function, inputs, outputs, api_name=name, concurrency_limit=2)


def _record(found: HideAndLook) -> dict[str, Any]:
    return {"sentence": found.sentence, "holds": found.holds, **asdict(found)}


def _areas(curves: Curves) -> dict[str, Any]:
    drawn = {name: value for name, value in vars(curves).items() if isinstance(value, Curve)}
    return {"shares": curves.shares, **{name: {"values": one.values, "area": one.area} for name, one in drawn.items()}}


def _several(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]
