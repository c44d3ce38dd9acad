"""What happens when somebody changes a control: plain functions over an Explainer, no page needed.

Public names: `Asked`, `Choices`, `Outcome`, `answer`, `ask`, `explain`, `layer_choices`,
`model_choices`, `plain_words`, `target_choices`.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..engine.rerun import NOBODY, Watch
from ..errors import CamError
from ..explainer import AUTO, Explainer
from ..explanation import Explanation
from ..reading.uploads import Upload
from ..types import ModelInfo, Prediction

__all__ = [
    "Asked",
    "Choices",
    "Outcome",
    "answer",
    "ask",
    "explain",
    "layer_choices",
    "model_choices",
    "plain_words",
    "target_choices",
]

Choices = list[tuple[str, str]]
# more choices make a menu, which travels to the page, slow
LONGEST_MENU = 2000
UNEXPECTED = "Something went wrong here, and it is not your image's fault. Try again; the details are in the log."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """The controls of the image tab as somebody set them; `module` is the advanced field."""

    image: Upload | None
    model: str
    layer: str
    module: str
    target: str
    method: str
    counterfactual: bool
    rival: str = ""
    detail: bool = False


@dataclass(frozen=True)
class Outcome:
    """The controls as they should stand now, and either the explanation or what went wrong."""

    asked: Asked | None
    explanation: Explanation | None = None
    problem: str = ""


def ask(asked: Asked, shown: Asked | None) -> Asked:
    """Settle what one change means for the other controls.

    Another photograph is asked about its own top prediction; another model or a choice from the menu of
    layers replaces what was typed; a layer belongs to its model, and not every model can give detail.
    """
    if shown is None:
        return asked
    if asked.image is None:
        # the input was emptied: questions go on about the photograph that is still on the page
        asked = replace(asked, image=shown.image)
    if asked.image != shown.image:
        asked = replace(asked, target=AUTO)
    if asked.model != shown.model:
        return replace(asked, layer=AUTO, module="", rival="", detail=False)
    return replace(asked, module="") if asked.layer != shown.layer else asked


def answer(explainer: Explainer, asked: Asked, shown: Asked | None, watch: Watch = NOBODY) -> Outcome:
    """Explain what is asked. Where that fails the controls go back to what is shown, with a sentence why."""
    try:
        if (
            shown is not None
            and asked.model != shown.model
            and explainer.labels(asked.model) != _labels(explainer, shown)
        ):
            # the same number means another class there
            asked = replace(asked, target=AUTO)
        explanation = explain(explainer, asked, watch)
        if asked.layer == AUTO:
            asked = replace(asked, layer=explainer.default_layer(asked.model).name)
        return Outcome(asked, explanation)
    except Exception as error:
        return Outcome(shown, problem=plain_words(error))


def _labels(explainer: Explainer, shown: Asked) -> tuple[str, ...]:
    try:
        return explainer.labels(shown.model)
    except CamError:
        # somebody's own model that has been removed
        return ()


def explain(explainer: Explainer, asked: Asked, watch: Watch = NOBODY) -> Explanation:
    """The explanation that is asked for; raises what `Explainer.explain` raises."""
    return explainer.explain(
        asked.image,
        model=asked.model,
        layer=asked.module.strip() or asked.layer,
        target=asked.target,
        method=asked.method,
        counterfactual=asked.counterfactual,
        rival=asked.rival or None,
        detail=asked.detail,
        watch=watch,
    )


def plain_words(error: Exception) -> str:
    """A sentence for the person in front of the page; anything unexpected goes to the log in full."""
    if isinstance(error, CamError):
        return str(error)
    log.exception("unexpected error", exc_info=error)
    return UNEXPECTED


def model_choices(infos: Iterable[ModelInfo]) -> Choices:
    """The menu of these models, marked where they need no download."""

    def state(info: ModelInfo) -> str:
        size = f"{info.download_mb:.0f} MB " if info.download_mb else ""
        return "ready offline" if info.offline else f"{size}download"

    return [(f"{info.title} · {state(info)}", info.name) for info in infos]


def layer_choices(explainer: Explainer, model: str) -> Choices:
    """The menu of layers of a loaded model, in order from input to output."""
    default = explainer.default_layer(model).name
    return [
        (f"{layer.title} (default)" if layer.name == default else layer.title, layer.name)
        for layer in explainer.layers(model)
    ]


def target_choices(explainer: Explainer, model: str, top: Iterable[Prediction]) -> tuple[Choices, bool]:
    """The menu of classes of a loaded model, and whether it holds them all.

    Names that stand for two classes carry their index. Of more than `LONGEST_MENU` classes only the most probable
    ones, `top`, are listed: the others can be typed.
    """
    labels = explainer.labels(model)
    complete = len(labels) <= LONGEST_MENU
    times = Counter(labels)
    listed = range(len(labels)) if complete else [prediction.index for prediction in top]
    named = [(f"{labels[i]} ({i})" if times[labels[i]] > 1 else labels[i], str(i)) for i in listed]
    return [("Top prediction", AUTO), *named], complete
