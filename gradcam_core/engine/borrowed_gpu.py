"""Computing on a GPU that is borrowed for one call at a time, such as Hugging Face's ZeroGPU.

Nothing stays on the GPU, nor in the process that had it: one call computes all that may be asked next, the gradients
of the top classes at all offered layers, and hands it back as plain tensors. Public names: `Ahead`, `BorrowedCapture`,
`BorrowedRunner`, `look_ahead`.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from torch import Tensor, nn

from ..errors import LayerError
from ..types import TOP
from . import capture as capturing
from .calls import module_of
from .capture import Capture
from .devices import mixed
from .inputs import Inputs
from .layout import Layout
from .runner import LocalRunner, Runnable
from .score import Score

__all__ = ["Ahead", "BorrowedCapture", "BorrowedRunner", "look_ahead"]

log = logging.getLogger(__name__)


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
    """Run `network` on the GPU that is there now, and all backward passes of the top classes, or of `score` alone.

    `network` itself stays where it is: a copy goes to the GPU. Where there is none it is run as it is.
    """
    if torch.cuda.is_available():
        device = torch.device("cuda")
        network = mixed(copy.deepcopy(network).to(device), device)
        inputs = {name: values.to(device) for name, values in inputs.items()}
    modules = {layer: module_of(network, layer) for layer in layers}
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


class Borrowed(Protocol):
    """A call that runs where the GPU is: `score` None for what is most probably asked next."""

    def __call__(self, score: Score | None) -> Ahead: ...


class BorrowedCapture:
    """A `Capture` whose graph is gone: answers from what was computed ahead, else asks again.

    `borrowed(score)` is another call to the GPU; `here()` the real capture, on this machine's own processor.
    """

    def __init__(
        self, ahead: Ahead, layouts: Mapping[str, Layout], borrowed: Borrowed, here: Callable[[], Capture]
    ) -> None:
        self.engine = "torch"
        self.logits = ahead.logits
        self.layouts = layouts
        self._ahead = ahead
        self._borrowed = borrowed
        self._here = here
        tensors = [*ahead.activations.values(), *(g for found in ahead.gradients.values() for g in found.values())]
        self.nbytes = sum(tensor.nbytes for tensor in (ahead.logits, *tensors))

    def activations(self, layer: str) -> Tensor:
        """(C, h, w) activations of `layer`; raises LayerError where it was not captured."""
        if layer not in self._ahead.activations:
            raise LayerError("layer.not_captured", layer=layer, captured=tuple(self._ahead.activations))
        return self._ahead.activations[layer]

    def gradient(self, layer: str, score: Score) -> Tensor:
        """(C, h, w) gradient of `score` at `layer`."""
        return self.gradients_at([layer], score)[layer]

    def gradients_at(self, layers: Sequence[str], score: Score) -> dict[str, Tensor]:
        """Like `gradient` for several layers; a score that was not computed ahead costs another call."""
        found = self._ahead.gradients.get(score)
        if found is None:
            found = self._borrowed(score).gradients[score]
        return {layer: found[layer] for layer in layers}

    def along(self, layer: str, direction: Tensor) -> Tensor:
        """(K,) slopes of all logits as the activations of `layer` move along `direction`, (C, h, w)."""
        return self._here().along(layer, direction)


class BorrowedRunner(LocalRunner):
    """Captures offered layers on a GPU that is borrowed for the call, and runs all else on this machine's processor.

    `borrow` is a decorator under which a GPU is there, in a process of its own, such as `spaces.GPU`. That process
    finds the network by `find(name, detail)`; what goes there and back are plain values.
    """

    # the process that has the GPU finds whole networks
    in_parts = False

    def __init__(
        self, borrow: Callable[[Callable[..., Ahead]], Callable[..., Ahead]], find: Callable[[str, bool], Runnable]
    ) -> None:
        super().__init__(torch.device("cpu"))
        self._find = find
        self._ahead = borrow(self._there)

    @property
    def borrows(self) -> bool:
        """Whether there is anything to borrow: elsewhere such a decorator gives the function itself back."""
        return self._ahead != self._there

    def capture(self, model: Runnable, inputs: Inputs, layers: Mapping[str, nn.Module]) -> Capture:
        """As on this machine, of offered layers with the gradients that are most probably asked next."""
        here = partial(super().capture, model, inputs, layers)
        if layers is not model.offered:
            return here()
        borrowed = partial(self._ahead, model.name, model.detail, inputs)
        try:
            ahead = borrowed(None)
        except Exception:
            # no GPU is free, somebody's share is used up, or the other process does not know the model yet
            log.warning("the borrowed GPU could not be used", exc_info=True)
            return here()
        return BorrowedCapture(ahead, model.layouts, borrowed, here)

    def _there(self, name: str, detail: bool, inputs: Inputs, score: Score | None) -> Ahead:
        model = self._find(name, detail)
        return look_ahead(model.network, inputs, [*model.offered], model.layouts, score=score)
