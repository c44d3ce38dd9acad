"""What happens when somebody changes a control: plain functions over an Explainer, no page needed.

Public names: `Asked`, `Outcome`, `answer`, `ask`, `layer_choices`, `model_choices`, `target_choices`.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, replace

from ..errors import CamError
from ..explanation import Explanation
from ..service import AUTO, Explainer

__all__ = [
    "Asked",
    "Outcome",
    "answer",
    "ask",
    "layer_choices",
    "model_choices",
    "plain_words",
    "target_choices",
]

Choices = list[tuple[str, str]]
UNEXPECTED = "Something went wrong here, and it is not your image's fault. Try again; the details are in the log."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """The controls of the image tab as somebody set them; `module` is the advanced field."""

    image: str | None
    model: str
    layer: str
    module: str
    target: str
    method: str
    counterfactual: bool
    rival: str = ""


@dataclass(frozen=True)
class Outcome:
    """The controls as they should stand now, and either the explanation or what went wrong."""

    asked: Asked | None
    explanation: Explanation | None = None
    problem: str = ""


def ask(asked: Asked, shown: Asked | None) -> Asked:
    """Settle what one change means for the other controls.

    Another photograph is asked about its own top prediction; another model or a choice from the menu of
    layers replaces what was typed; a layer belongs to its model.
    """
    if shown is None:
        return asked
    if asked.image is None:
        # the input was emptied: questions go on about the photograph that is still on the page
        asked = replace(asked, image=shown.image)
    if asked.image != shown.image:
        asked = replace(asked, target=AUTO)
    if asked.model != shown.model:
        return replace(asked, layer=AUTO, module="", rival="")
    return replace(asked, module="") if asked.layer != shown.layer else asked


def answer(explainer: Explainer, asked: Asked, shown: Asked | None) -> Outcome:
    """Explain what is asked. Where that fails the controls go back to what is shown, with a sentence why."""
    try:
        explanation = explainer.explain(
            asked.image,
            model=asked.model,
            layer=asked.module.strip() or asked.layer,
            target=asked.target,
            method=asked.method,
            counterfactual=asked.counterfactual,
            rival=asked.rival or None,
        )
        if asked.layer == AUTO:
            asked = replace(asked, layer=explainer.default_layer(asked.model).name)
        return Outcome(asked, explanation)
    except Exception as error:
        return Outcome(shown, problem=plain_words(error))


def plain_words(error: Exception) -> str:
    """A sentence for the person in front of the page; anything unexpected goes to the log in full."""
    if isinstance(error, CamError):
        return str(error)
    log.exception("unexpected error", exc_info=error)
    return UNEXPECTED


def model_choices(explainer: Explainer) -> Choices:
    """The menu of models: those that need no download first, and marked."""
    return [
        (f"{info.title} · {'ready offline' if info.offline else f'{info.download_mb:.0f} MB download'}", info.name)
        for info in explainer.models()
    ]


def layer_choices(explainer: Explainer, model: str) -> Choices:
    """The menu of layers of a loaded model, in order from input to output."""
    default = explainer.default_layer(model).name
    return [
        (f"{layer.title} (default)" if layer.name == default else layer.title, layer.name)
        for layer in explainer.layers(model)
    ]


def target_choices(explainer: Explainer, model: str) -> Choices:
    """The menu of classes of a loaded model; names that stand for two classes carry their index."""
    labels = explainer.labels(model)
    times = Counter(labels)
    named = [(f"{label} ({index})" if times[label] > 1 else label, str(index)) for index, label in enumerate(labels)]
    return [("Top prediction", AUTO), *named]
