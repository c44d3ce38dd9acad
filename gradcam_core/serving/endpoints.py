"""All that can be asked for over a network, in one table. Public name: `ENDPOINTS`.

    for endpoint in ENDPOINTS:
        answer = endpoint.bound(services)
        help(answer)

The web API, its documentation and the tools for language models are made of it. A new endpoint is one more entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from PIL import Image

from ..compare import AXES
from ..engine.watch import Watch
from ..explanation import Explanation
from ..folders import LEFT_OUT
from ..methods.text import DEFAULT_TEXT_METHOD, TEXT_METHODS
from ..request import AUTO, Request
from .checking import ask_place, audit, check, explained, hidden_record, report, report_text, without
from .endpoint import EVERY_OPTION, Endpoint, Output, changed
from .inputs import REQUIRED, Input, number, several, switch, text, unread
from .services import Services

__all__ = ["ENDPOINTS"]

# pixels of the pictures that an answer holds; the page's downloads are always at the photograph's own size
MOST_DRAWN = 16_000_000


def explain(services: Services, image: Any, request: Request, watch: Watch) -> tuple[Any, ...]:
    """Explain which regions of an image made a CNN classifier predict a class (Grad-CAM).

    Returns:
        The overlay and the heatmap as PNG at the photograph's size, smaller of one with more than 16 megapixels, and a
        record with the top-5 predictions, the sentence, the raw map and all that is needed to get the same map again.
    """
    return _pictured(explained(services, image, request, watch))


def contrast(services: Services, image: Any, request: Request, watch: Watch) -> tuple[Any, ...]:
    """Explain why a CNN classifier predicted one class rather than another.

    Returns:
        The overlay and the heatmap as PNG at the photograph's size, smaller of one with more than 16 megapixels, and
        the record of the explanation.
    """
    return _pictured(explained(services, image, request, watch))


def describe(services: Services, image: Any, request: Request, watch: Watch) -> tuple[Any, ...]:
    """Describe an image in words, and show where a word of the caption, or all of it, comes from (Grad-CAM).

    Returns:
        The overlay and the heatmap as PNG at the photograph's size, and a record with the caption, each word's
        probability given the words before it, other captions that the network wrote, and the explanation.
    """
    found = services.explainer.describe(image, model=request.model, caption=request.caption, watch=watch.part(0, 2))
    asked = request.replace(model=found.request.model, caption=found.caption)
    overlay, heatmap, record = _pictured(explained(services, found.photograph, asked, watch.part(1, 2)))
    return overlay, heatmap, {**found.record(), "explanation": record}


def ask(services: Services, image: Any, request: Request, watch: Watch) -> tuple[Any, ...]:
    """Answer a question about an image, and show which places and which words of the question the answer comes from.

    Returns:
        The overlay and the heatmap as PNG at the photograph's size, and a record with the five most probable answers,
        the signed value of each word of the question, what the network would answer without the picture, and the
        explanation.
    """
    found = services.explainer.ask(image, request.question or "", model=request.model)
    watch.at(1, 2)
    asked = request.replace(model=found.request.model)
    explanation = explained(services, found.photograph, asked, watch.part(1, 2))
    words = [asdict(word) for word in found.words_for(explanation.target.index)]
    overlay, heatmap, record = _pictured(explanation)
    return overlay, heatmap, {**found.record(), "words": words, "explanation": record}


def compare(
    services: Services,
    image: Any,
    targets: list[str],
    methods: list[str],
    layers: list[str],
    hide: bool,
    models: list[str],
    request: Request,
    watch: Watch,
) -> dict[str, Any]:
    """Compare maps of CNN classifiers on one scale: models, classes, methods and layers, two of these at most.

    Returns:
        The grid: titles of rows and columns, raw maps, the scale, how alike the maps of two rows are.
    """
    explainer = services.explainer
    options = {name: value for name, value in request.record().items() if name not in AXES}
    grid = explainer.compare(
        image,
        targets=targets,
        methods=methods,
        layers=[layer.name for layer in explainer.layers(request.model)] if layers == [EVERY] else layers,
        models=models,
        watch=watch.part(0, 2) if hide else watch,
        **options,
    )
    record = grid.record()
    cells = [cell for line in record["cells"] for cell in line]
    maps = [cell.explanation if hide else None for line in grid.cells for cell in line]
    for cell, found in zip(cells, services.examiner.hide_each(maps, watch=watch.part(1, 2)), strict=True):
        cell["hide_and_look"] = found and hidden_record(found)
    return record


def explain_text(
    services: Services, text: str, target: str, method: str, counterfactual: bool, contrast: bool, watch: Watch
) -> dict[str, Any]:
    """Explain which characters and words of a Korean film review made a CNN call it positive or negative.

    Returns:
        A record with both probabilities, the sentence, and a signed value for every character and word with its place
        in the text.
    """
    sides = {"counterfactual": counterfactual, "contrast": contrast}
    return services.texts.explain(text, target, method=method, watch=watch, **sides).record()


def stop(services: Services, visitor: str | None) -> None:
    """End what is computed for this client, which then gets a sentence that says so.

    Over plain HTTP a client is whoever sends the same session_hash; without one nothing is ended. Tools of a language
    model have no session: what was asked from the same address is ended.
    """
    if visitor:
        services.running.stop(visitor)


def _text_method(value: Any, name: str) -> str:
    given = text(value, name).strip()
    return DEFAULT_TEXT_METHOD if given in ("", AUTO) else given


EVERY = "all"
STROKES = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "points": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
            "radius": {"type": "number"},
        },
    },
}
IMAGE = Input("image", "image", "The photograph: JPEG, PNG, WebP, GIF, BMP or TIFF.", REQUIRED, unread)
TEXT = Input("text", "text", "The review; the model reads its first 140 characters.", REQUIRED, unread)
TEXT_TARGET = Input(
    "target", "text", "Class to explain: negative, positive, 0, 1, or auto for the more probable.", AUTO, unread
)
TEXT_METHOD = Input(
    "method",
    "text",
    "Key of the method, for example hirescam, gradcam or similarity.",
    DEFAULT_TEXT_METHOD,
    _text_method,
    tuple(TEXT_METHODS),
)
CONTRAST = Input("contrast", "switch", "True for why the class rather than the other.", False, switch)
PICTURES: Mapping[str, Output] = {"overlay": "picture", "heatmap": "picture", "record": "record"}
RECORD: Mapping[str, Output] = {"record": "record"}
ENDPOINTS = (
    Endpoint(
        "explain",
        explain,
        (IMAGE, "model", "layer", "target", "method", "counterfactual", "detail"),
        PICTURES,
        # a difference of two classes is `contrast`
        lacks=frozenset({"rival"}),
    ),
    Endpoint(
        "contrast",
        contrast,
        (
            IMAGE,
            "model",
            "layer",
            "target",
            changed("rival", default=AUTO),
            "method",
            changed("counterfactual", description="True for what speaks for the rival rather than the target."),
            "detail",
        ),
        PICTURES,
    ),
    Endpoint(
        "describe",
        describe,
        (IMAGE, changed("model", description=f"Name of the model; {AUTO} for the embedded one."), "caption", "word"),
        PICTURES,
        lacks=frozenset({"question"}),
    ),
    Endpoint(
        "ask",
        ask,
        (
            IMAGE,
            changed("question", default=REQUIRED),
            changed("model", description=f"Name of the model; {AUTO} for the embedded one."),
            changed("target", description=f"The answer to explain, or {AUTO} for the most probable."),
        ),
        PICTURES,
        lacks=frozenset({"caption", "word"}),
    ),
    Endpoint(
        "check",
        check,
        (
            IMAGE,
            "model",
            "layer",
            "target",
            "method",
            "detail",
            "counterfactual",
            "rival",
            Input(
                "curves",
                "switch",
                "True for deletion and insertion curves as well; takes some seconds more.",
                False,
                switch,
            ),
        ),
        RECORD,
        costly=True,
    ),
    Endpoint(
        "report",
        report,
        (
            IMAGE,
            "model",
            "target",
            Input("check", "switch", "True to check the map as well; takes some seconds more.", True, switch),
            "layer",
            "method",
            "counterfactual",
        ),
        {"page": "text"},
        costly=True,
    ),
    Endpoint(
        "ask_place",
        ask_place,
        (
            IMAGE,
            Input("x", "number", "Column of the pixel, from 0 on the left.", REQUIRED, number),
            Input("y", "number", "Row of the pixel, from 0 at the top.", REQUIRED, number),
            "model",
            "layer",
            "detail",
        ),
        RECORD,
        # it speaks of all classes, by Grad-CAM
        lacks=frozenset({"target", "method", "counterfactual", "both", "rival", "sharper"}),
    ),
    Endpoint(
        "without",
        without,
        (
            IMAGE,
            Input(
                "strokes",
                "json",
                'The region as strokes of a brush in pixels of the photograph: a list of {"points": [[x, y], ...],'
                ' "radius": r}; one point is a dab.',
                REQUIRED,
                unread,
                schema=STROKES,
            ),
            "model",
            changed("target", description="Class index or label to tell of, or auto for the top prediction."),
            "detail",
        ),
        RECORD,
        # it tells of probabilities, not of a map
        lacks=frozenset({"layer", "method", "counterfactual", "both", "rival", "sharper"}),
    ),
    Endpoint(
        "compare",
        compare,
        (
            IMAGE,
            "model",
            Input(
                "targets",
                "text",
                "Class indices or labels, separated by semicolons, or auto for the top prediction.",
                AUTO,
                several,
            ),
            Input(
                "methods",
                "text",
                "Keys of methods, separated by semicolons, or auto for the one that suits the model.",
                AUTO,
                several,
            ),
            Input(
                "layers",
                "text",
                f"Dotted module names, separated by semicolons; auto for the default, {EVERY} for every offered one.",
                AUTO,
                several,
            ),
            "counterfactual",
            Input(
                "hide",
                "switch",
                "True to hide the hottest places of each map and ask again; takes about a second a map.",
                False,
                switch,
            ),
            "rival",
            "detail",
            "question",
            "caption",
            "word",
            "sharper",
            "view",
            Input("models", "text", "Names of models, separated by semicolons; none for `model` alone.", "", several),
        ),
        RECORD,
        lacks=frozenset(AXES),
        costly=True,
    ),
    Endpoint(
        "audit",
        audit,
        (
            Input(
                "archive",
                "archive",
                "A zip of photographs, in folders that are called like a class or with a labels.csv where the classes"
                " are known.",
                REQUIRED,
                unread,
            ),
            "model",
        ),
        # the names of the two files
        {"record": "record", "audit.html": "file", "rows.parquet": "file"},
        lacks=frozenset(LEFT_OUT),
        costly=True,
    ),
    Endpoint(
        "explain_text",
        explain_text,
        (TEXT, TEXT_TARGET, TEXT_METHOD, changed("counterfactual"), CONTRAST),
        {"text_record": "record"},
        lacks=EVERY_OPTION,
    ),
    Endpoint(
        "report_text",
        report_text,
        (
            TEXT,
            TEXT_TARGET,
            Input("check", "switch", "True to leave the strongest words out and look again as well.", True, switch),
            TEXT_METHOD,
            changed("counterfactual"),
            CONTRAST,
        ),
        {"page": "text"},
        lacks=EVERY_OPTION,
    ),
    Endpoint("stop", stop, (), {}, lacks=EVERY_OPTION, queued=False),
)


def _pictured(explanation: Explanation) -> tuple[Image.Image, Image.Image, dict[str, Any]]:
    """Overlay, heatmap, and the record with the raw values in it."""
    record = explanation.record()
    record["map"]["values"] = explanation.cam.tolist()
    drawn = explanation.at_most(MOST_DRAWN)
    return drawn.overlay(), drawn.heatmap_picture(), record
