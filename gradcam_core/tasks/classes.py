"""Classes by index and by name, and how a model's head makes probabilities of its scores.

`HEADS` maps each key to its `Head`; one more entry serves the pictures, the checks and the page alike.
Public names: `HEADS`, `LOGIT`, `SOFTMAX`, `VALUE`, `Choice`, `Head`, `calibrated`, `choose`, `class_index`,
`find_head`, `prediction`, `top_predictions`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import ModelError, TargetError, did_you_mean
from ..languages import Amount
from ..request import AUTO, NEXT_THREE, Request
from ..types import TOP, Prediction

__all__ = [
    "HEADS",
    "LOGIT",
    "SOFTMAX",
    "VALUE",
    "Choice",
    "Head",
    "calibrated",
    "choose",
    "class_index",
    "find_head",
    "prediction",
    "top_predictions",
]

# how many rivals NEXT_THREE stands for
NEXT = 3
WHOLE = re.compile(r"[+-]?\d+")


@dataclass(frozen=True)
class Head:
    """How a model's scores are read.

    `probabilities` makes (n, K) probabilities of (n, K) logits; where the classes are not `exclusive` they need
    not sum to one; where they are no `shares` they are values of their own. `classes` makes the (n, K) logits of what
    the network returns, (n, outputs).
    """

    key: str
    title: str
    exclusive: bool
    probabilities: Callable[[Tensor], Tensor]
    classes: Callable[[Tensor], Tensor] = lambda outputs: outputs
    shares: bool = True

    def of(self, logits: Tensor) -> NDArray[np.float32]:
        """(n, K) float32 probabilities of (n, K) logits, away from the graph."""
        return self.probabilities(logits.detach().float()).cpu().numpy()


def _both_sides(outputs: Tensor) -> Tensor:
    # the sigmoid of -z is one minus that of z: "no" is a class of its own, with the opposite score
    return torch.cat([-outputs, outputs], dim=-1)


SOFTMAX = Head("softmax", "one of the classes (softmax)", True, lambda logits: logits.softmax(-1))
LOGIT = Head("logit", "one logit: no or yes (sigmoid)", True, torch.sigmoid, _both_sides)
VALUE = Head("value", "a number, shown as it is", True, lambda values: values, shares=False)
HEADS = {
    head.key: head
    for head in (SOFTMAX, Head("sigmoid", "each class by itself (sigmoid)", False, torch.sigmoid), LOGIT, VALUE)
}


def calibrated(head: Head, temperature: float) -> Head:
    """`head` with logits divided by a temperature, fitted after training so that probabilities are what they say.

    Guo et al. 2017, "On Calibration of Modern Neural Networks", arXiv:1706.04599, section 4.2.
    """
    title = f"{head.title}, at temperature {temperature:.3g}"
    return replace(head, title=title, probabilities=lambda logits: head.probabilities(logits / temperature))


def find_head(key: str) -> Head:
    """The head called `key`; raises ModelError."""
    if not isinstance(key, str) or key not in HEADS:
        raise ModelError("head.unknown", head=key, near=did_you_mean(str(key), HEADS))
    return HEADS[key]


def class_index(target: int | str, labels: Sequence[str], title: str, name: str = "target") -> int:
    """A class index from an index, a label, or the digits of an index; of a text that is a label the label is meant.

    Raises TargetError, which calls the model `title` and the argument `name`.
    """
    text = str(target).strip()
    if isinstance(target, bool) or not text:
        raise TargetError("class.no_index_or_label", name=name, shown=repr(target))
    is_text, is_number = isinstance(target, str), bool(WHOLE.fullmatch(text))
    found: list[int] = []
    for read in (_plain, _composed, _without_case)[: 1 if is_number else None] if is_text else ():
        wanted = read(text)
        found = found or [i for i, label in enumerate(labels) if read(label) == wanted]
    if is_number and not found:
        return _of_digits(text, labels, title, name, is_text=is_text)
    if len(found) > 1:
        raise TargetError("class.several", name=name, text=text, found=found)
    if not found:
        raise TargetError(
            "class.unknown",
            name=name,
            text=text,
            title=title,
            last=len(labels) - 1,
            near=did_you_mean(text, labels),
        )
    return found[0]


def _plain(text: str) -> str:
    return text.strip()


def _composed(text: str) -> str:
    # accents and Korean syllables look the same in one piece and in several, as macOS writes names of files
    return unicodedata.normalize("NFC", text.strip())


def _without_case(text: str) -> str:
    return _composed(text).casefold()


def _of_digits(text: str, labels: Sequence[str], title: str, name: str, *, is_text: bool) -> int:
    # more digits than any class has are refused by int, too
    index = int(text) if len(text) < 20 else -1
    if not 0 <= index < len(labels):
        raise TargetError("class.out_of_range", name=name, text=text[:20], title=title, last=len(labels) - 1)
    if is_text and any(WHOLE.fullmatch(label.strip()) for label in labels):
        raise TargetError("class.number_or_label", name=name, text=text, title=title, label=labels[index])
    return index


def prediction(probabilities: NDArray[np.float32], labels: Sequence[str], index: int) -> Prediction:
    """One class with its name and probability."""
    return Prediction(int(index), labels[index], float(probabilities[index]))


def top_predictions(
    probabilities: NDArray[np.float32], labels: Sequence[str], count: int = TOP
) -> tuple[Prediction, ...]:
    """The `count` most probable classes, most probable first."""
    order = np.argsort(-probabilities, kind="stable")[:count]
    return tuple(prediction(probabilities, labels, int(index)) for index in order)


@dataclass(frozen=True)
class Choice:
    """What a request asks about: its `target`, the `rivals` that this is compared with, and the `top` classes.

    `request` has both by their indices, but for rivals that each of several sizes finds for itself.
    """

    request: Request
    target: Prediction
    rivals: tuple[Prediction, ...]
    top: tuple[Prediction, ...]

    def read(self, head: Head) -> Choice:
        """The same where what `head` makes of scores are values of their own instead of probabilities."""
        if head.shares:
            return self

        def valued(one: Prediction) -> Prediction:
            return replace(one, probability=Amount(one.probability))

        rivals, top = tuple(map(valued, self.rivals)), tuple(map(valued, self.top))
        return replace(self, target=valued(self.target), rivals=rivals, top=top)


def choose(request: Request, probabilities: NDArray[np.float32], labels: Sequence[str], title: str) -> Choice:
    """The classes that `request` asks about where they are as probable as in `probabilities`, (K,).

    Raises TargetError, which calls the model `title`.
    """
    top = top_predictions(probabilities, labels)
    target = top[0]
    if request.target is not None:
        target = prediction(probabilities, labels, class_index(request.target, labels, title))
    rivals = _rivals(request.rival, target, probabilities, labels, title)
    rival = NEXT_THREE if request.rivals_by_size else [one.index for one in rivals]
    return Choice(request.replace(target=target.index, rival=rival), target, rivals, top)


def _rivals(
    rival: int | str | tuple[int | str, ...] | None,
    target: Prediction,
    probabilities: NDArray[np.float32],
    labels: Sequence[str],
    title: str,
) -> tuple[Prediction, ...]:
    if rival is None:
        return ()
    if rival in (AUTO, NEXT_THREE):
        order = [int(index) for index in np.argsort(-probabilities, kind="stable")]
        indices = [index for index in order if index != target.index][: 1 if rival == AUTO else NEXT]
        if not indices:
            raise TargetError("rival.no_other_class", rival=rival, title=title)
    else:
        several = rival if isinstance(rival, tuple) else (rival,)
        indices = [class_index(one, labels, title, "rival") for one in several]
    if target.index in indices:
        raise TargetError("rival.same_class", rival=rival, auto=AUTO)
    return tuple(prediction(probabilities, labels, index) for index in indices)
