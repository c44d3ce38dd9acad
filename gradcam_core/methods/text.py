"""Methods for text: those of the shared registry over every filter width, and one of its own.

`TEXT_METHODS` maps each key to its `TextMethod`; whatever `METHODS` gains that needs gradients alone is offered too.
A text is a picture one cell high: activations are (C, 1, L). Public names: `CHARACTERS`, `DEFAULT_TEXT_METHOD`,
`TEXT_METHODS`, `WINDOWS`, `TextMethod`, `find_text_method`.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import cosine_similarity

from ..errors import MethodError, did_you_mean
from ..languages import Finding
from .maps import GRADIENTS, METHODS, POSITIONS, Method

__all__ = [
    "CHARACTERS",
    "DEFAULT_TEXT_METHOD",
    "TEXT_METHODS",
    "WINDOWS",
    "TextMethod",
    "find_text_method",
]

DEFAULT_TEXT_METHOD = "hirescam"
# what a network's layers hold a value for: each window of characters, or each character by itself
WINDOWS, CHARACTERS = "windows", "characters"


@dataclass(frozen=True)
class TextMethod(Method):
    """A method with the layers that it looks at: all with a value for each of `over`; their maps are added up.

    Over several filter widths the sum is their average times their number: it ranks alike, and stays in units of the
    logit.
    """

    over: str = WINDOWS


def similarity(vectors: Tensor, gradients: Tensor) -> Tensor:
    """Cosine of each character's vector with the gradient there, averaged over the text: in [-1, 1].

    The gradient reaches the representation through all filters of all widths, each window giving to the
    characters it covers; its average has the size of one representation vector and points to what raises
    the score in this text.
    """
    return cosine_similarity(vectors, gradients.mean(dim=POSITIONS, keepdim=True), dim=-3)


TEXT_METHODS: dict[str, TextMethod] = {
    key: TextMethod(**vars(method)) for key, method in METHODS.items() if method.needs == (GRADIENTS,)
} | {
    "similarity": TextMethod(
        "similarity",
        "Similarity to the gradient",
        "Grad-CAM at the size of the word representation, compared by cosine",
        Finding("method.similarity"),
        similarity,
        over=CHARACTERS,
    )
}


def find_text_method(key: str) -> TextMethod:
    """The method for text registered under `key`; raises MethodError with near misses."""
    if not isinstance(key, str) or key not in TEXT_METHODS:
        raise MethodError("method.unknown_for_text", method=key, near=did_you_mean(str(key), TEXT_METHODS))
    return TEXT_METHODS[key]
