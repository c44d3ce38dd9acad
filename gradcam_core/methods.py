"""Class activation map methods: pure functions (activations, gradients) -> signed map.

Each takes activations and gradients as (..., C, h, w) tensors and returns (..., h, w), before ReLU and
before normalisation. A function sees no model, image or layer name, so the same
one serves images (h x w) and text (1 x L), single items and batches.

`METHODS` maps each key to its `Method`; one decorated function adds one, and the interface, the API and
the tests offer and check it. Counterfactual maps explain the negated score: every method is called with
the gradients of -y, which for Grad-CAM negates the weights (Selvaraju et al., arXiv:1610.02391, sec. 3.3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from .errors import MethodError, did_you_mean

__all__ = ["METHODS", "Method", "find_method", "method"]

MapFunction = Callable[[Tensor, Tensor], Tensor]

POSITIONS = (-2, -1)


@dataclass(frozen=True)
class Method:
    """A way to make a map, and what a person should know before choosing it."""

    key: str
    title: str
    paper: str
    good_for: str
    function: MapFunction


METHODS: dict[str, Method] = {}


def method(key: str, *, title: str, paper: str, good_for: str) -> Callable[[MapFunction], MapFunction]:
    """Register a function in `METHODS` under `key`."""

    def register(function: MapFunction) -> MapFunction:
        METHODS[key] = Method(key, title, paper, good_for, function)
        return function

    return register


def find_method(key: str) -> Method:
    """The method registered under `key`; raises MethodError with near misses."""
    try:
        return METHODS[key]
    except (KeyError, TypeError):
        raise MethodError(f"`method` {key!r} is unknown. {did_you_mean(str(key), METHODS)}") from None


@method(
    "gradcam",
    title="Grad-CAM",
    paper="Selvaraju et al. 2017, arXiv:1610.02391",
    good_for="The reference: which regions raise the score of the class.",
)
def gradcam(activations: Tensor, gradients: Tensor) -> Tensor:
    """Channels weighted by their average gradient (Selvaraju et al., arXiv:1610.02391, eq. 1 and 2).

    The ReLU of eq. 2 is left to rendering, so that the sign survives.
    """
    weights = gradients.mean(dim=POSITIONS, keepdim=True)
    return (weights * activations).sum(dim=-3)


@method(
    "gradcam++",
    title="Grad-CAM++",
    paper="Chattopadhay et al. 2018, arXiv:1710.11063",
    good_for="Several objects of one class in one photograph.",
)
def gradcam_plus_plus(activations: Tensor, gradients: Tensor) -> Tensor:
    """Positive gradients weighted by closed-form pixel weights (Chattopadhay et al., arXiv:1710.11063).

    Eq. 19 with the score through an exponential, so that the second and third derivatives are powers of
    the gradient; the common factor exp(y) cancels. Positions without a gradient get no weight.
    """
    squared, cubed = gradients**2, gradients**3
    denominator = 2 * squared + activations.sum(dim=POSITIONS, keepdim=True) * cubed
    alpha = (squared / denominator.masked_fill(denominator == 0, 1)).masked_fill(denominator == 0, 0)
    weights = (alpha * gradients.relu()).sum(dim=POSITIONS, keepdim=True)
    return (weights * activations).sum(dim=-3)


@method(
    "hirescam",
    title="HiResCAM",
    paper="Draelos and Carin 2020, arXiv:2011.08891",
    good_for="What each place really added to the score, place by place.",
)
def hirescam(activations: Tensor, gradients: Tensor) -> Tensor:
    """Gradient times activation, element by element (Draelos and Carin, arXiv:2011.08891, eq. 4).

    Where only pooling and one linear layer follow, the map sums to the score less the bias.
    """
    return (gradients * activations).sum(dim=-3)


@method(
    "xgradcam",
    title="XGrad-CAM",
    paper="Fu et al. 2020, arXiv:2008.02312",
    good_for="Weights that keep the sum of the map close to the score.",
)
def xgradcam(activations: Tensor, gradients: Tensor) -> Tensor:
    """Channels weighted by their gradient averaged over their own activation (Fu et al., arXiv:2008.02312).

    Eq. 7; a channel whose activations sum to zero gets no weight.
    """
    total = activations.sum(dim=POSITIONS, keepdim=True)
    weighted = (gradients * activations).sum(dim=POSITIONS, keepdim=True)
    weights = (weighted / total.masked_fill(total == 0, 1)).masked_fill(total == 0, 0)
    return (weights * activations).sum(dim=-3)


@method(
    "layercam",
    title="LayerCAM",
    paper="Jiang et al. 2021, doi:10.1109/TIP.2021.3089943",
    good_for="Fine detail from early layers.",
)
def layercam(activations: Tensor, gradients: Tensor) -> Tensor:
    """Each position weighted by its own positive gradient (Jiang et al. 2021, eq. 5 and 6)."""
    return (gradients.relu() * activations).sum(dim=-3)
