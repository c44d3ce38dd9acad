"""What happens when somebody changes a control: plain functions over an Explainer, no page needed.

Public names: `NEARBY`, `QUESTION`, `SIDES`, `VERDICT`, `Choices`, `Controls`, `Outcome`, `TextControls`, `answer`,
`ask`, `explain`, `explain_text`, `layer_choices`, `looked_into`, `model_choices`, `target_choices`, `usual_view`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..engine.watch import NOBODY, Watch
from ..errors import CamError
from ..explainer import Explainer
from ..explanation import Explanation
from ..models import DEFAULT_MODEL, MODELS
from ..models.tasks import task_of_model
from ..reading.uploads import Upload
from ..request import AUTO, CENTRE, WHOLE, WORDED, Request
from ..serving.failures import plain_words
from ..serving.services import Services
from ..text_explainer import TextExplainer
from ..text_explanation import TextExplanation
from ..types import ModelInfo, Prediction
from .messages import problem_box
from .wording import word

__all__ = [
    "NEARBY",
    "QUESTION",
    "SIDES",
    "VERDICT",
    "Choices",
    "Controls",
    "Outcome",
    "TextControls",
    "answer",
    "ask",
    "explain",
    "explain_text",
    "layer_choices",
    "looked_into",
    "model_choices",
    "target_choices",
    "usual_view",
]

Choices = list[tuple[str, str]]
# more choices make a menu, which travels to the page, slow
LONGEST_MENU = 2000
# what the one control of the sides stands for
SIDES: dict[str, dict[str, bool]] = {
    "for": {"counterfactual": False, "both": False},
    "against": {"counterfactual": True, "both": False},
    "both": {"counterfactual": False, "both": True},
}
# what is asked by the controls of the photograph's tab; see `Running`
QUESTION = "question"
# and what is found about its answer, unasked, and what may be asked next
VERDICT, NEARBY = "verdict", "nearby"
# the source of the networks that come with the requirements
EMBEDDED = "embedded"
# what is raised where all of a photograph cannot be shown
UNFIT_FOR_WHOLE = frozenset({"view.refused", "view.too_long"})


@dataclass(frozen=True)
class Controls:
    """The controls of the photograph tab as somebody set them; `module` is typed in, and replaces the layer.

    One of them has all SIDES: that of the counterfactual.
    """

    image: Upload | None
    request: Request
    module: str = ""

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Those of all controls, in order: one for each option of a request, and those beside them."""
        return ("image", "module", *(name for name in Request.options() if name != "both"))

    @classmethod
    def of(cls, image: Upload | None, module: str, **options: Any) -> Controls:
        """What the controls say; raises CamError where one says what cannot be."""
        sides = SIDES.get(str(options.get("counterfactual")), {})
        return cls(image, Request.parse(**{**options, **sides}), module)

    def values(self) -> dict[str, Any]:
        """What each control shows, by its name."""
        options = Request.options()
        given = {name: options[name].default if value is None else value for name, value in vars(self.request).items()}
        del given["both"]
        return {"image": self.image, "module": self.module, **given, "counterfactual": self.side}

    @property
    def side(self) -> str:
        """Which of SIDES is asked for."""
        return "both" if self.request.both else "against" if self.request.counterfactual else "for"

    def but(self, **changes: Any) -> Controls:
        """The same with other values for some controls."""
        beside = {name: changes.pop(name) for name in ("image", "module") if name in changes}
        return replace(self, request=self.request.replace(**changes), **beside)

    @property
    def question(self) -> Request:
        """What is asked of the network."""
        layer = self.module.strip() or self.request.layer
        target, rival = _chosen(self.request.target), _chosen(self.request.rival)
        return self.request.replace(layer=layer, target=target, rival=rival)


def _chosen(choice: Any) -> Any:
    """What a choice of the menu of classes stands for: digits are an index there, whatever a class is called."""
    return int(choice) if isinstance(choice, str) and re.fullmatch(r"\d{1,9}", choice) else choice


@dataclass(frozen=True)
class Outcome:
    """The controls as they should stand now, and either the explanation or what went wrong."""

    asked: Controls | None
    explanation: Explanation | None = None
    problem: str = ""


def ask(asked: Controls, shown: Controls | None) -> Controls:
    """Settle what one change means for the other controls.

    Another photograph is asked about its own top prediction; another model replaces the module that was typed; a layer
    belongs to its model, and not every model can give detail. Whether a module or a choice from the menu of layers came
    last only the browser knows: see `answering.LAYER_CHOSEN`.
    """
    if shown is None:
        return asked
    if asked.image is None:
        # the input was emptied: questions go on about the photograph that is still on the page
        asked = asked.but(image=shown.image)
    if asked.image != shown.image:
        asked = asked.but(target=None, caption=None, word=None)
    if asked.request.model != shown.request.model:
        fresh = asked.but(layer=None, module="", rival=None, detail=False, sharper=False, caption=None, word=None)
        usual, before = usual_view(asked.request.model), usual_view(shown.request.model)
        return fresh if usual == before else fresh.but(view=usual)
    if asked.request.caption != shown.request.caption:
        asked = asked.but(word=None)
    if any(getattr(asked.request, name) != getattr(shown.request, name) for name in WORDED):
        # the same number is another word's, or another question's
        asked = asked.but(target=None, rival=None)
    return asked


def usual_view(model: str | None) -> str:
    """What the page shows a model of a photograph unless told otherwise: all of it, where that was measured."""
    spec = MODELS.get(model or DEFAULT_MODEL)
    return WHOLE if spec is not None and spec.source == EMBEDDED else CENTRE


def answer(explainer: Explainer, asked: Controls, shown: Controls | None, watch: Watch = NOBODY) -> Outcome:
    """Explain what is asked. Where that fails the controls go back to what is shown, with a sentence why."""
    try:
        if (
            shown is not None
            and asked.request.model != shown.request.model
            and explainer.labels(asked.request.model) != _labels(explainer, shown)
        ):
            # the same number means another class there
            asked = asked.but(target=None)
        asked, explanation = _seen(explainer, asked, shown, watch)
        if asked.request.layer is None:
            asked = asked.but(layer=explainer.default_layer(asked.request.model).name)
        return Outcome(asked, explanation)
    except Exception as error:
        return Outcome(shown, problem=plain_words(error))


def _seen(explainer: Explainer, asked: Controls, shown: Controls | None, watch: Watch) -> tuple[Controls, Explanation]:
    """The explanation, and what was asked in the end: where nobody asked for the whole photograph just now, and it
    cannot be shown, what the model was trained to see."""
    try:
        return asked, explain(explainer, asked, watch)
    except CamError as error:
        same = shown is not None and shown.image == asked.image and shown.request.model == asked.request.model
        chosen = shown is not None and same and shown.request.view != WHOLE
        if error.finding.key not in UNFIT_FOR_WHOLE or asked.request.view != WHOLE or chosen:
            raise
    asked = asked.but(view=CENTRE)
    return asked, explain(explainer, asked, watch)


def _labels(explainer: Explainer, shown: Controls) -> tuple[str, ...]:
    try:
        return explainer.labels(shown.request.model)
    except CamError:
        # somebody's own model that has been removed
        return ()


def explain(explainer: Explainer, asked: Controls, watch: Watch = NOBODY) -> Explanation:
    """The explanation that is asked for; raises what `Explainer.answer` raises."""
    task = task_of_model(explainer.load(asked.request.model))
    # what is typed for one of the questions stays there while another one is asked
    unfit = set(WORDED) - task.options
    return explainer.answer(asked.image, asked.question.replace(**dict.fromkeys(unfit)), watch=watch)


def looked_into(
    services: Services,
    asked: Controls | None,
    look: Callable[[Explanation, Watch], str],
    watch: Watch = NOBODY,
) -> str:
    """What `look` finds in the explanation of what is shown, or why it cannot."""
    if asked is None:
        return problem_box(word("trust.nothing_yet"), kept=False)
    try:
        return look(explain(services.explainer, asked, watch), watch)
    except Exception as error:
        return problem_box(plain_words(error), kept=False)


def model_choices(infos: Iterable[ModelInfo]) -> Choices:
    """The menu of these models, marked where they need no download."""

    def state(info: ModelInfo) -> str:
        size = f"{info.download_mb:.0f} MB " if info.download_mb else ""
        return word("menu.offline") if info.offline else f"{size}{word('menu.download')}"

    # a menu finds what its choices say: somebody types the name or the title
    return [
        (" · ".join([info.title, state(info), *([info.name] if info.name != info.title else [])]), info.name)
        for info in infos
    ]


def layer_choices(explainer: Explainer, model: str) -> Choices:
    """The menu of layers of a loaded model, in order from input to output."""
    default = explainer.default_layer(model).name
    return [
        (f"{layer.title} ({word('menu.default')})" if layer.name == default else layer.title, layer.name)
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
    return [(word("menu.top"), AUTO), *named], complete


@dataclass(frozen=True)
class TextControls:
    """The controls of the text tab as somebody set them."""

    text: str
    target: str
    method: str
    counterfactual: bool
    contrast: bool


def explain_text(texts: TextExplainer, asked: TextControls) -> TextExplanation:
    """The explanation that is asked for; raises what `TextExplainer.explain` raises."""
    return texts.explain(
        asked.text,
        asked.target,
        method=asked.method,
        counterfactual=asked.counterfactual,
        contrast=asked.contrast,
    )
