"""Methods for text: those of the shared registry over every filter width, and one of its own.

`TEXT_METHODS` maps each key to its `TextMethod`; whatever `METHODS` gains that needs gradients alone is offered too.
Public names: `DEFAULT_METHOD`, `TEXT_METHODS`, `Maps`, `TextMethod`, `find_text_method`, `spread`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from ..errors import MethodError, did_you_mean
from ..methods import GRADIENTS, METHODS
from ..methods.maps import MapFunction

__all__ = ["DEFAULT_METHOD", "TEXT_METHODS", "Maps", "TextMethod", "find_text_method", "spread"]

DEFAULT_METHOD = "hirescam"


@dataclass(frozen=True, eq=False)
class Maps:
    """What a method may look at: activations and gradients of a text of `length` characters.

    `widths` holds for each filter width w its (F, 1, length + w - 1) pair; `embedding` the pair of
    (D, 1, length) of the word representation.
    """

    length: int
    widths: Mapping[int, tuple[Tensor, Tensor]]
    embedding: tuple[Tensor, Tensor]


@dataclass(frozen=True)
class TextMethod:
    """A way to give every character a value; `function(maps, rectified)` returns (length,)."""

    key: str
    title: str
    paper: str
    good_for: str
    function: Callable[[Maps, bool], Tensor]


def spread(values: Tensor, width: int) -> Tensor:
    """(..., length + width - 1) values of windows -> (..., length) values of characters.

    Window p covers the characters p - width + 1 to p; its value is shared evenly among those of them that
    are in the text, so that nothing is lost and the sum stays the same, at both ends too.
    """
    windows = values.shape[-1]
    length = windows - width + 1
    position = values.new_ones(windows).cumsum(0)
    covered = position.minimum(position.flip(0)).clamp_max(min(width, length))
    return (values / covered).unfold(-1, width, 1).sum(-1)


def _over_widths(function: MapFunction, maps: Maps, rectified: bool) -> Tensor:
    """One map a filter width, each spread over the characters, and added up.

    The sum is the average over the widths times their number: it ranks alike, and stays in units of the logit.
    """
    total = maps.embedding[0].new_zeros(maps.length)
    for width, (activations, gradients) in maps.widths.items():
        values = function(activations, gradients)[..., 0, :]
        total = total + spread(values.relu() if rectified else values, width)
    return total


def _similarity(maps: Maps, rectified: bool) -> Tensor:
    """Cosine of each character's vector with the gradient there, averaged over the text: in [-1, 1].

    The gradient reaches the representation through all filters of all widths, each window giving to the
    characters it covers; its average has the size of one representation vector and points to what raises
    the score in this text.
    """
    vectors, gradients = maps.embedding
    direction = gradients.mean(dim=(-2, -1))
    values = nn.functional.cosine_similarity(vectors[:, 0], direction[:, None], dim=0)
    return values.relu() if rectified else values


TEXT_METHODS: dict[str, TextMethod] = {
    key: TextMethod(key, method.title, method.paper, method.good_for, partial(_over_widths, method.function))
    for key, method in METHODS.items()
    if method.needs == (GRADIENTS,)
} | {
    "similarity": TextMethod(
        "similarity",
        "Similarity to the gradient",
        "Grad-CAM at the size of the word representation, compared by cosine",
        "Which characters, whatever stands beside them, are like what raises the score. It cannot show"
        " order, negation or how much: a character has one value wherever it stands, and the values do not add up.",
        _similarity,
    )
}


def find_text_method(key: str) -> TextMethod:
    """The method for text registered under `key`; raises MethodError with near misses."""
    if not isinstance(key, str) or key not in TEXT_METHODS:
        raise MethodError(f"`method` {key!r} is unknown for text. {did_you_mean(str(key), TEXT_METHODS)}")
    return TEXT_METHODS[key]
