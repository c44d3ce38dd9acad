"""Classes by index and by name, for every kind of model.

Public names: `class_index`, `prediction`, `top_predictions`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .errors import TargetError, did_you_mean
from .types import Prediction

__all__ = ["class_index", "prediction", "top_predictions"]

TOP = 5


def class_index(target: int | str, labels: Sequence[str], title: str, name: str = "target") -> int:
    """A class index from an index, its digits, or a label.

    Raises TargetError, which calls the model `title` and the argument `name`.
    """
    text = str(target).strip()
    if isinstance(target, bool) or not text:
        raise TargetError(f"`{name}` {target!r} is not a class; give an index or a label.")
    if re.fullmatch(r"[+-]?\d+", text):
        # more digits than any class has are refused by int, too
        index = int(text) if len(text) < 20 else -1
        if not 0 <= index < len(labels):
            raise TargetError(
                f"`{name}` {text[:20]} is out of range: {title} knows the classes 0 to {len(labels) - 1}."
            )
        return index
    found = [i for i, label in enumerate(labels) if label.casefold() == text.casefold()]
    if len(found) > 1:
        raise TargetError(f"`{name}` {text!r} names several classes; give one index of {found}.")
    if not found:
        raise TargetError(
            f"`{name}` {text!r} is not a class of {title}: neither a whole number from 0 to"
            f" {len(labels) - 1} nor a label. {did_you_mean(text, labels)}"
        )
    return found[0]


def prediction(probabilities: NDArray[np.float32], labels: Sequence[str], index: int) -> Prediction:
    """One class with its name and probability."""
    return Prediction(int(index), labels[index], float(probabilities[index]))


def top_predictions(
    probabilities: NDArray[np.float32], labels: Sequence[str], count: int = TOP
) -> tuple[Prediction, ...]:
    """The `count` most probable classes, most probable first."""
    order = np.argsort(-probabilities, kind="stable")[:count]
    return tuple(prediction(probabilities, labels, int(index)) for index in order)
