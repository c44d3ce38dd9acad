"""Class activation map methods: pure functions (activations, evidence...) -> signed map.

Each takes the activations (..., C, h, w) of a layer and what it declares in `Method.needs`, and returns
(..., h, w), before ReLU and before normalisation. A function sees no model, image or layer name. Those that
need GRADIENTS alone serve images (h x w) and text (1 x L), single items and batches. What can be needed:

    GRADIENTS  (..., C, h, w) gradients of the score at the layer
    REPLAY      a `Replaying`: the score with the layer's activations, or the input, changed
    GUIDED     (3, H, W) gradient of the score at the input that passed only where it was positive

`METHODS` maps each key to its `Method`; one decorated function adds one, and the interface, the API and
the tests offer and check it. Counterfactual maps explain the negated score: every method is called with
the evidence of -y, which for Grad-CAM negates the weights (Selvaraju et al., arXiv:1610.02391, sec. 3.3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ..errors import MethodError, did_you_mean
from ..languages import Finding

__all__ = ["DEFAULT_METHOD", "GRADIENTS", "GUIDED", "METHODS", "REPLAY", "Method", "Replaying", "find_method", "method"]

MapFunction = Callable[..., Tensor]

DEFAULT_METHOD = "gradcam"

GRADIENTS, REPLAY, GUIDED = "gradients", "replay", "guided"
ONE_BACKWARD = Finding("method.cost_backward")
POSITIONS = (-2, -1)


class Replaying(Protocol):
    """Asks the network again: `score` is what it says of the unchanged input."""

    @property
    def score(self) -> float: ...

    def with_activations(self, change: Callable[[slice], Tensor], count: int) -> Tensor:
        """(count,) scores with the layer's activations replaced by the items of `change(part)`, (n, C, h, w)."""

    def with_masks(self, masks: Callable[[slice], Tensor], count: int) -> Tensor:
        """(count,) scores of the input times the items of `masks(part)`, (n, H, W) at the input's size."""

    @property
    def input_size(self) -> tuple[int, int]:
        """(H, W) of the input in pixels."""


@dataclass(frozen=True)
class Method:
    """A way to make a map, and what a person should know before choosing it.

    `good_for` says what it shows, as a finding or in plain words, which are the same in every language. `needs` names
    what `function` takes behind the activations; `cost` is said in words; `warning`, where there is one, belongs beside
    every map. Without `of_class` the map is the same for every class. With `in_score` its
    values are parts of the score, so that they can be compared with those of other such methods.
    """

    key: str
    title: str
    paper: str
    good_for: Finding | str
    function: MapFunction
    needs: tuple[str, ...] = (GRADIENTS,)
    cost: Finding = ONE_BACKWARD
    warning: Finding | None = None
    of_class: bool = True
    in_score: bool = False

    @property
    def of_gradients(self) -> bool:
        """Whether the other side costs next to nothing: gradients are all that it needs, and they are negated."""
        return self.needs == (GRADIENTS,)

    @property
    def costly(self) -> bool:
        """Whether it asks the network again and again."""
        return REPLAY in self.needs


METHODS: dict[str, Method] = {}


def method(
    key: str,
    *,
    title: str,
    paper: str,
    good_for: Finding | str,
    needs: tuple[str, ...] = (GRADIENTS,),
    cost: Finding = ONE_BACKWARD,
    warning: Finding | None = None,
    of_class: bool = True,
    in_score: bool = False,
) -> Callable[[MapFunction], MapFunction]:
    """Register a function in `METHODS` under `key`; the other arguments are the fields of `Method`."""

    def register(function: MapFunction) -> MapFunction:
        METHODS[key] = Method(key, title, paper, good_for, function, needs, cost, warning, of_class, in_score)
        return function

    return register


def find_method(key: str) -> Method:
    """The method registered under `key`; raises MethodError with near misses."""
    try:
        return METHODS[key]
    except (KeyError, TypeError):
        raise MethodError("method.unknown", method=key, near=did_you_mean(str(key), METHODS)) from None


@method(
    "gradcam",
    title="Grad-CAM",
    paper="Selvaraju et al. 2017, arXiv:1610.02391",
    good_for=Finding("method.gradcam"),
    in_score=True,
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
    good_for=Finding("method.gradcampp"),
)
def gradcam_plus_plus(activations: Tensor, gradients: Tensor) -> Tensor:
    """Positive gradients weighted by closed-form pixel weights (Chattopadhay et al., arXiv:1710.11063).

    Eq. 19 with the score through an exponential, so that the second and third derivatives are powers of
    the gradient; the common factor exp(y) cancels. Positions without a gradient get no weight. grad-cam adds 1e-6 to
    the denominator; torchcam 0.5 does not divide by it at all, so its maps are others.
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
    good_for=Finding("method.hirescam"),
    in_score=True,
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
    good_for=Finding("method.xgradcam"),
    in_score=True,
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
    good_for=Finding("method.layercam"),
)
def layercam(activations: Tensor, gradients: Tensor) -> Tensor:
    """Each position weighted by its own positive gradient (Jiang et al. 2021, eq. 5 and 6)."""
    return (gradients.relu() * activations).sum(dim=-3)


@method(
    "eigencam",
    title="Eigen-CAM",
    paper="Muhammad and Yeasin 2020, arXiv:2008.00299",
    good_for=Finding("method.eigencam"),
    needs=(),
    cost=Finding("method.cost_decomposition"),
    warning=Finding("note.no_class"),
    of_class=False,
)
def eigencam(activations: Tensor) -> Tensor:
    """Activations projected on their first right singular vector (Muhammad and Yeasin, arXiv:2008.00299, eq. 3).

    The paper does not centre the activations, grad-cam does: its maps agree with these for centred ones. A
    singular vector has no sign of its own; the side with the largest magnitude is taken as positive.
    """
    places = activations.flatten(-2).transpose(-1, -2)
    _, _, right = torch.linalg.svd(places, full_matrices=False)
    flat = (places @ right[..., :1, :].transpose(-1, -2)).squeeze(-1)
    largest = flat.gather(-1, flat.abs().argmax(-1, keepdim=True))
    return (flat * torch.where(largest < 0, -1, 1)).unflatten(-1, activations.shape[-2:])


@method(
    "ablationcam",
    title="Ablation-CAM",
    paper="Desai and Ramaswamy 2020, doi:10.1109/WACV45572.2020.9093360",
    good_for=Finding("method.ablationcam"),
    needs=(REPLAY,),
    cost=Finding("method.cost_ablation"),
)
def ablationcam(activations: Tensor, replay: Replaying) -> Tensor:
    """Channels (C, h, w) weighted by the share of the score that is lost without them (Desai and Ramaswamy, eq. 3).

    Divided by the score's magnitude, so that a negative score does not turn the map's sign around as the
    paper's division would; for positive scores both are the same. Switched off means zero, as in the paper;
    grad-cam sets channels of layers with negative values far below their minimum instead. A channel that is
    zero everywhere loses nothing and is not run.
    """
    live = activations.flatten(1).any(dim=1).nonzero()[:, 0]

    def switched_off(part: slice) -> Tensor:
        channels = live[part]
        changed = activations.repeat(len(channels), 1, 1, 1)
        changed[torch.arange(len(channels)), channels] = 0
        return changed

    drops = activations.new_zeros(len(activations))
    if len(live):
        drops[live] = replay.score - replay.with_activations(switched_off, len(live)).to(drops)
    return (drops[:, None, None] * activations).sum(dim=0) / (abs(replay.score) or 1)


@method(
    "scorecam",
    title="Score-CAM",
    paper="Wang et al. 2020, arXiv:1910.01279",
    good_for=Finding("method.scorecam"),
    needs=(REPLAY,),
    cost=Finding("method.cost_score"),
)
def scorecam(activations: Tensor, replay: Replaying) -> Tensor:
    """Channels (C, h, w) weighted by the softmax of the score of the input that each lights (Wang et al., alg. 1).

    A mask is the channel upsampled bilinearly, then scaled to [0, 1]; the baseline's score cancels in the
    softmax. torchcam scales before upsampling, grad-cam aligns the corners; the paper's order and the
    geometry of everything else here are kept. Channels that differ by a factor or an offset alone light the same
    and share one pass, and so do all without contrast, which light nothing: the map is that of one pass a channel.
    """
    size = replay.input_size
    different, which = _stretched(activations).unique(dim=0, return_inverse=True)

    def masks(part: slice) -> Tensor:
        wide = interpolate(different[part, None], size, mode="bilinear", align_corners=False)[:, 0]
        return _stretched(wide)

    weights = replay.with_masks(masks, len(different)).to(activations)[which].softmax(dim=0)
    return (weights[:, None, None] * activations).sum(dim=0)


def _stretched(channels: Tensor) -> Tensor:
    """(C, h, w) channels from 0 to 1 each; 0 everywhere where a channel has no contrast."""
    low, high = channels.amin(POSITIONS, keepdim=True), channels.amax(POSITIONS, keepdim=True)
    return (channels - low) / (high - low).clamp_min(torch.finfo(channels.dtype).tiny)


NOT_EVIDENCE = Finding("note.not_evidence")


@method(
    "guided_backprop",
    title="Guided backpropagation",
    paper="Springenberg et al. 2015, arXiv:1412.6806",
    good_for=Finding("method.guided_backprop"),
    needs=(GUIDED,),
    cost=Finding("method.cost_guided"),
    warning=NOT_EVIDENCE,
)
def guided_backprop(_activations: Tensor, guided: Tensor) -> Tensor:
    """The guided gradient at the input, (3, H, W), summed over colours (Springenberg et al., arXiv:1412.6806, fig. 1).

    Fails the sanity check of Adebayo et al. (arXiv:1810.03292).
    """
    return guided.sum(dim=-3)


@method(
    "guided_gradcam",
    title="Guided Grad-CAM",
    paper="Selvaraju et al. 2017, arXiv:1610.02391",
    good_for=Finding("method.guided_gradcam"),
    needs=(GRADIENTS, GUIDED),
    cost=Finding("method.cost_guided"),
    warning=NOT_EVIDENCE,
)
def guided_gradcam(activations: Tensor, gradients: Tensor, guided: Tensor) -> Tensor:
    """Guided backpropagation times Grad-CAM, upsampled bilinearly (Selvaraju et al., arXiv:1610.02391, sec. 3.2).

    captum upsamples by the nearest neighbour unless told otherwise.
    """
    coarse = gradcam(activations, gradients).relu()
    fine = interpolate(coarse[None, None], guided.shape[-2:], mode="bilinear", align_corners=False)[0, 0]
    return fine * guided_backprop(activations, guided)
