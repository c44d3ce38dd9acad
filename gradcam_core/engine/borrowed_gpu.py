"""Computing on a card that is lent for one call at a time, such as Hugging Face's ZeroGPU.

Nothing stays on the card, nor in the process that had it: one call computes all that may be asked next, the gradients
of the top classes at all offered layers, and hands it back as plain tensors. Public names: `Ahead`, `LentCapture`,
`look_ahead`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..errors import LayerError
from . import capture as capturing
from .devices import mixed
from .inputs import Inputs
from .layout import Layout
from .score import Score

__all__ = ["Ahead", "LentCapture", "look_ahead"]

TOP = 5


@dataclass(frozen=True, eq=False)
class Ahead:
    """What one call gives: (C, h, w) `activations` by layer, (1, K) `logits`, `gradients` by score and layer."""

    activations: dict[str, Tensor]
    logits: Tensor
    gradients: dict[Score, dict[str, Tensor]]


def look_ahead(
    network: nn.Module,
    inputs: Inputs,
    layers: list[str],
    layouts: Mapping[str, Layout],
    *,
    score: Score | None = None,
) -> Ahead:
    """Run `network` on the card that is there now, and all backward passes of the top classes, or of `score` alone.

    `network` itself stays where it is: a copy goes to the card. Where there is no card it is run as it is.
    """
    if torch.cuda.is_available():
        device = torch.device("cuda")
        network = mixed(copy.deepcopy(network).to(device), device)
        inputs = {name: values.to(device) for name, values in inputs.items()}
    modules = {layer: network.get_submodule(layer) for layer in layers}
    capture = capturing.run(network, inputs, modules, layouts=layouts)
    count = min(TOP, capture.logits.shape[-1])
    # of several steps, those of the first
    top = capture.logits.detach().flatten(0, -2)[0].topk(count).indices.tolist()
    scores = [Score.logit(index) for index in top] if score is None else [score]
    return Ahead(
        {layer: _home(capture.activations(layer)) for layer in layers},
        _home(capture.logits.detach()),
        {one: {name: _home(g) for name, g in capture.gradients_at(layers, one).items()} for one in scores},
    )


def _home(tensor: Tensor) -> Tensor:
    # a copy: what is pickled would otherwise take all of the storage that it is a part of along
    return tensor.float().cpu().clone()


class LentCapture:
    """Stands for a `Capture` whose graph is gone: answers from what was computed ahead, else asks again.

    `more(score)` is another call to the card; `here()` the real capture, on this machine's own processor.
    """

    def __init__(
        self,
        ahead: Ahead,
        layouts: Mapping[str, Layout],
        more: Callable[[Score], Ahead],
        here: Callable[[], capturing.Capture],
    ) -> None:
        self.logits = ahead.logits
        self.layouts = layouts
        self._ahead = ahead
        self._more = more
        self._here = here
        tensors = [*ahead.activations.values(), *(g for found in ahead.gradients.values() for g in found.values())]
        self.nbytes = sum(tensor.nbytes for tensor in (ahead.logits, *tensors))

    def activations(self, layer: str) -> Tensor:
        """(C, h, w) activations of `layer`; raises LayerError where it was not captured."""
        if layer not in self._ahead.activations:
            raise LayerError(f"`layer` {layer!r} was not captured; captured: {', '.join(self._ahead.activations)}.")
        return self._ahead.activations[layer]

    def gradient(self, layer: str, score: Score) -> Tensor:
        """(C, h, w) gradient of `score` at `layer`."""
        return self.gradients_at([layer], score)[layer]

    def gradients_at(self, layers: Sequence[str], score: Score) -> dict[str, Tensor]:
        """Like `gradient` for several layers; a score that was not computed ahead costs another call."""
        found = self._ahead.gradients.get(score)
        if found is None:
            found = self._more(score).gradients[score]
        return {layer: found[layer] for layer in layers}

    def along(self, layer: str, direction: Tensor) -> Tensor:
        """(K,) slopes of all logits as the activations of `layer` move along `direction`, (C, h, w)."""
        return self._here().along(layer, direction)
