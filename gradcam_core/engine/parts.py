"""Networks of two parts: one looks at the image, what comes behind it reads the words and answers.

    parts = Parts(looks, Says(network, (1280, 7, 7)), "backbone")
    looked = runner.capture(parts.looks, {"image": pixels}, parts.looks.offered)    # once for an image
    capture = parts.capture(looked, {"words": words}, model)                        # once for each question

The first takes nearly all of the time, and is the same whatever is asked: any number of captions and questions share
its pass. Public names: `Looks`, `Parts`, `PartsCapture`, `Says`, `own_name`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from ..errors import LayerError
from . import capture as capturing
from .capture import Capture, EagerCapture
from .inputs import Inputs
from .layout import Layout
from .runner import Runnable
from .score import Score

__all__ = ["Looks", "Parts", "PartsCapture", "Says", "own_name"]

# names of the part in `Looks`, and in `Says` of where what was seen comes in
PART, SEEN = "part", "seen"
# a row of numbers as one place
ROW = Layout(channels=2, grid=(1, 1), on_image=False)
# a step to its (n, 1, K) scores
StepAgain: TypeAlias = Callable[[int], Tensor]


class Looks(nn.Module):
    """The part that is given the image alone, what it returns as one row: (n, 3, H, W) to (n, N)."""

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part

    def forward(self, image: Tensor) -> Tensor:
        return self.part(image).flatten(1)


class Says(nn.Module):
    """What comes behind, `network.say`: (n, 1, N) rows, each what was seen of `shape`, and the words to scores.

    With them comes what gives the (n, 1, K) scores of one step again, whose gradient goes back through no other: None
    of a network without `in_steps`, which returns both.
    """

    def __init__(self, network: nn.Module, shape: Sequence[int]) -> None:
        super().__init__()
        self.network = network
        self.seen = nn.Identity()
        self._shape = tuple(shape)

    def forward(self, row: Tensor, *words: Tensor) -> tuple[Tensor, StepAgain | None]:
        network: Any = self.network
        seen = self.seen(row).reshape(-1, *self._shape)
        if not hasattr(network, "in_steps"):
            return network.say(seen, *words), None
        found: tuple[Tensor, StepAgain] = network.in_steps(seen, *words)
        return found


@dataclass(frozen=True, eq=False)
class Parts:
    """The part that `looks`, which is the module `place` of the network, and what `says` something about it."""

    looks: Runnable
    says: Says
    place: str

    def own_name(self, layer: str) -> str | None:
        """What a layer of the network is called in the part that looks; None of one that does not lie there."""
        return own_name(self.place, layer)

    def seen(self, looked: Capture) -> Tensor:
        """What the part that looks returned, of the shape in which it did."""
        return looked.logits.detach().reshape(-1, *self.says._shape)

    def capture(self, looked: Capture, beside: Inputs, model: Runnable) -> PartsCapture:
        """The capture of the whole network for the words `beside` an image that was `looked` at."""
        words = [layer for layer in model.offered if self.own_name(layer) is None]
        modules: dict[str, nn.Module] = {SEEN: self.says.seen, **{name: model.offered[name] for name in words}}
        layouts = {SEEN: ROW, **{name: model.layouts[name] for name in words}}
        given = {SEEN: looked.logits.detach()[:, None], **beside}
        again: list[StepAgain | None] = []

        def scores(returned: tuple[Tensor, StepAgain | None]) -> Tensor:
            again.append(returned[1])
            return returned[0]

        said = capturing.run(self.says, given, modules, layouts=layouts, logits=scores)
        return PartsCapture(self, looked, said, again[-1])

    def scores(self, rows: Tensor, beside: Inputs) -> Tensor:
        """The network's scores for n rows, (n, N), each with the same words."""
        words = (values.expand(len(rows), *values.shape[1:]) for values in beside.values())
        with torch.inference_mode():
            scores: Tensor = self.says(rows[:, None], *words)[0]
            return scores


def own_name(place: str, layer: str) -> str | None:
    """What a layer of a network is called in `Looks` of its module `place`; None of one that does not lie there."""
    return PART + layer[len(place) :] if layer == place or layer.startswith(f"{place}.") else None


@dataclass(frozen=True)
class _Slopes(Score):
    """A score that is known by its slopes alone: how much it grows with each of the numbers that it is made of."""

    terms: tuple[tuple[int, int, float], ...] = ()
    values: Any = None

    def slopes(self, logits: Tensor) -> Tensor:
        slopes: Tensor = self.values.to(logits.dtype).reshape(logits.shape)
        return slopes


@dataclass(frozen=True, eq=False)
class PartsCapture:
    """A `Capture` of both parts: what was `looked` at, whoever else asks about it, and what was `said` about it.

    `again` gives the outputs of one step again, with the graph that they alone were made by; they are kept for the next
    question about that step.
    """

    parts: Parts
    looked: Capture
    said: EagerCapture
    again: StepAgain | None = None
    _steps: dict[int, Tensor] = field(default_factory=dict)

    @property
    def logits(self) -> Tensor:
        """(1, K) or (1, steps, K) outputs of the network."""
        return self.said.logits

    @property
    def engine(self) -> str:
        """Where the part ran that takes nearly all of the time."""
        return self.looked.engine

    @property
    def nbytes(self) -> int:
        """Bytes that it keeps in memory beside what it shares."""
        return self.said.nbytes + (0 if self.again is None else self.logits.nbytes)

    @cached_property
    def layouts(self) -> Mapping[str, Layout]:
        """How the output of each captured layer is seen as a (1, C, h, w) map."""
        place = self.parts.place
        seen = {place + name[len(PART) :]: layout for name, layout in self.looked.layouts.items()}
        return {**seen, **{name: layout for name, layout in self.said.layouts.items() if name != SEEN}}

    def activations(self, layer: str) -> Tensor:
        """(C, h, w) activations of `layer`, detached; raises LayerError where it was not captured."""
        own = self._own(layer)
        return self.said.activations(layer) if own is None else self.looked.activations(own)

    def gradient(self, layer: str, score: Score) -> Tensor:
        """(C, h, w) gradient of `score` at `layer`, detached; raises LayerError, TargetError."""
        return self.gradients_at([layer], score)[layer]

    def gradients_at(self, layers: Sequence[str], score: Score) -> dict[str, Tensor]:
        """Like `gradient` for several layers at the cost of one backward pass to the earliest."""
        own = {layer: self._own(layer) for layer in layers}
        names = [name for name in own.values() if name is not None]
        words = [layer for layer, name in own.items() if name is None]
        said, score = self._narrowed(score)
        found = said.gradients_at([*([SEEN] if names else []), *words], score)
        # the chain rule, cut where the parts meet
        further = self.looked.gradients_at(names, _Slopes(values=found[SEEN])) if names else {}
        return {layer: found[layer] if name is None else further[name] for layer, name in own.items()}

    def along(self, layer: str, direction: Tensor) -> Tensor:
        """(K,) or (steps, K) slopes of all logits as the activations of `layer` move along `direction`, (C, h, w)."""
        own = self._own(layer)
        if own is None:
            return self.said.along(layer, direction)
        return self.said.along(SEEN, self.looked.along(own, direction)[:, None, None])

    def _narrowed(self, score: Score) -> tuple[EagerCapture, Score]:
        """What was said and the `score` of it: of one step alone where that is all that is asked about."""
        alone = score.alone()
        if self.again is None or alone is None or not 0 <= alone[0] < self.logits.shape[1]:
            return self.said, score
        step, of_step = alone
        if step not in self._steps:
            with torch.enable_grad():
                self._steps[step] = self.again(step)
        return replace(self.said, logits=self._steps[step]), of_step

    def _own(self, layer: str) -> str | None:
        if layer not in self.layouts:
            raise LayerError("layer.not_captured", layer=layer, captured=tuple(self.layouts))
        return self.parts.own_name(layer)
