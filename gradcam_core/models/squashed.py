"""Networks whose last step makes probabilities: what stands in front of it is the score, as in any other network.

    answers = TrialAnswers.of(network, pictures, pick)
    found = squashed(network, pictures, answers)   # None where the network returns scores
    found.undo(network, image)                     # (n, K) scores whose softmax, or sigmoid, the network returns

Whether a network returns probabilities is tried out with several pictures. What it was made of is found by watching
the calls of softmax and sigmoid in one pass; where none of them made it, its logarithm says the same.
Public names: `EACH_ALONE`, `TrialAnswers`, `Squashed`, `squashed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from ..languages import Finding
from .alone import with_other_dice

__all__ = ["EACH_ALONE", "Squashed", "TrialAnswers", "squashed"]

Pick = Callable[[Any], Tensor]
SOFTMAX, LOG_SOFTMAX, SIGMOID, LOG_SIGMOID = "softmax", "log-softmax", "sigmoid", "log-sigmoid"
CALLS = {
    **dict.fromkeys((torch.softmax, functional.softmax, Tensor.softmax, torch.special.softmax), SOFTMAX),
    **dict.fromkeys(
        (torch.log_softmax, functional.log_softmax, Tensor.log_softmax, torch.special.log_softmax), LOG_SOFTMAX
    ),
    **dict.fromkeys((torch.sigmoid, functional.sigmoid, Tensor.sigmoid, torch.special.expit), SIGMOID),
    functional.logsigmoid: LOG_SIGMOID,
}
# those that judge each class by itself
EACH_ALONE = frozenset({SIGMOID, LOG_SIGMOID})
# how far a sum of probabilities, or scores that are put through softmax again, may be off
CLOSE = 1e-3
# what the logarithm of each is
LOGARITHM = {SOFTMAX: LOG_SOFTMAX, SIGMOID: LOG_SIGMOID}
# what probabilities add up to, as they are and in per cent
WHOLES = (1.0, 100.0)
# probabilities are raised to at least this before their logarithm is taken, for 0 has none
SMALLEST = 1e-30
# the input is multiplied by these, to see whether the outputs stay between 0 and 1 whatever is handed in
LOUD = (-1e4, -30.0, 30.0, 1e4)


@dataclass(frozen=True)
class Squashed:
    """`kind` is how probabilities were made, by the call of that `number` from 0, None where none was seen."""

    kind: str
    number: int | None
    pick: Pick

    @property
    def remark(self) -> Finding:
        """What a person should know about it."""
        return Finding("scores.squashed" if self.number is not None else "scores.probabilities", kind=self.kind)

    def undo(self, run: Callable[[], Any]) -> Tensor:
        """(n, K) scores in front of the probabilities that `run` returns."""
        if self.number is None:
            return self._logarithm(self.pick(run()))
        with _Watching(self.number) as watching:
            values = self.pick(run())
        given = watching.wanted
        # of one image an axis may have been taken away, of several not
        if given is None or given.numel() != values.numel():
            return self._logarithm(values)
        return given.reshape(values.shape)

    def _logarithm(self, values: Tensor) -> Tensor:
        if self.kind == LOG_SOFTMAX:
            return values
        if self.kind == SOFTMAX:
            return values.clamp_min(SMALLEST).log()
        tiny = torch.finfo(values.dtype).eps
        inside = (values.exp() if self.kind == LOG_SIGMOID else values).clamp(tiny, 1 - tiny)
        return inside.log() - (-inside).log1p()


class _Watching(TorchFunctionMode):
    """Notes what softmax and sigmoid were given and have returned, in order; of one `number` only the first."""

    def __init__(self, number: int | None = None) -> None:
        super().__init__()
        self.seen: list[tuple[str, Tensor, Tensor]] = []
        self.wanted: Tensor | None = None
        self._number, self._calls = number, 0

    def __torch_function__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        kind = CALLS.get(func)
        if kind is None:
            return func(*args, **kwargs)
        given = args[0] if args else kwargs.get("input", kwargs.get("self"))
        number, self._calls = self._calls, self._calls + 1
        if number == self._number:
            # something may be written into it later
            self.wanted = given.clone()
        found = func(*args, **kwargs)
        if self._number is None:
            self.seen.append((kind, given, found))
        return found


@dataclass(frozen=True, eq=False)
class TrialAnswers:
    """What a network says of several pictures: its (1, K) `rows`, which `pick` takes out of what it returns.

    `calls` are those of softmax and sigmoid that the first row was made with, and `again` is what it says of the first
    picture once more, with other random numbers.
    """

    rows: Sequence[Tensor]
    again: Tensor
    calls: Sequence[tuple[str, Tensor, Tensor]]
    pick: Pick

    @classmethod
    def of(cls, network: nn.Module, pictures: Sequence[Tensor], pick: Pick) -> TrialAnswers:
        """Those of all `pictures`, each (1, C, H, W), that it takes; the first has to be one."""
        with torch.no_grad():
            with _Watching() as watching:
                first = pick(network(pictures[0]))
            rows = [first, *_rows(network, pictures[1:], pick)]
            return cls(rows, with_other_dice(lambda: pick(network(pictures[0]))), watching.seen, pick)

    @property
    def are_constant(self) -> bool:
        """Whether it says the same of all pictures, of which it takes several."""
        return len(self.rows) > 1 and _constant(self.rows)


def squashed(network: nn.Module, pictures: Sequence[Tensor], answers: TrialAnswers) -> Squashed | None:
    """How `network` makes the probabilities that are its `answers` to `pictures`; None for scores."""
    rows, pick = answers.rows, answers.pick
    with torch.no_grad():
        found = _made_by(answers.calls, rows[0])
        if _kind_of([-row for row in rows]) == LOG_SOFTMAX:
            # the smallest is the best: what a loss is made of
            return Squashed(LOG_SOFTMAX, _made_by(answers.calls, -rows[0]).get(LOG_SOFTMAX), partial(_negative, pick))
        # of one class alone, seen to be squashed, the numbers themselves need not say so
        kind = _kind_of(rows) or next(iter(EACH_ALONE & found.keys()), None)
        if kind is None or kind in found:
            return None if kind is None else Squashed(kind, found[kind], pick)
        if _constant(rows):
            # a head that starts as zero says nothing of what it will return
            return None
        loud = _rows(network, [factor * picture for picture in pictures for factor in LOUD], pick)
        # scores may lie between 0 and 1 by chance
        if _kind_of([*rows, *loud]) != kind:
            return None
    return Squashed(kind, None, pick)


def _negative(pick: Pick, returned: Any) -> Tensor:
    return -pick(returned)


def _rows(network: nn.Module, pictures: Iterable[Tensor], pick: Pick) -> list[Tensor]:
    """What the network returns for those of the `pictures` that it takes."""
    found = []
    for picture in pictures:
        # it may take no such values
        with suppress(Exception):
            found.append(pick(network(picture)))
    return found


def _kind_of(every: Sequence[Tensor]) -> str | None:
    """What kind of probabilities (1, K) rows are, all of them that are numbers."""
    # of few digits they add up to one as far as those reach
    close = max([CLOSE, *(torch.finfo(row.dtype).eps for row in every)])
    rows = [row.float() for row in every if bool(torch.isfinite(row).all())]
    if not rows:
        return None
    several = rows[0].shape[-1] > 1
    inside = all(bool(((row >= 0) & (row <= 1)).all()) for row in rows)
    positive = all(bool((row >= 0).all()) for row in rows)
    if several and positive and any(_add_up(rows, whole, close) for whole in WHOLES):
        return SOFTMAX
    if several and all(bool((row <= 0).all() and row.logsumexp(-1).abs().max() <= close) for row in rows):
        return LOG_SOFTMAX
    return SIGMOID if inside else None


def _add_up(rows: Sequence[Tensor], whole: float, close: float) -> bool:
    return all(bool((row.sum(-1) / whole - 1).abs().max() <= close) for row in rows)


def _constant(rows: Sequence[Tensor]) -> bool:
    return all(torch.equal(row, rows[0]) for row in rows)


def _made_by(seen: Sequence[tuple[str, Tensor, Tensor]], values: Tensor) -> dict[str, int]:
    """The last call of each kind that returned these `values`; or of which they are the logarithm, or the per cent."""
    found = {}
    close = max(CLOSE, torch.finfo(values.dtype).eps)
    for number, (kind, given, returned) in enumerate(seen):
        if not returned.numel() == values.numel() == given.numel():
            continue
        made, scores = returned.reshape(values.shape).float(), given.reshape(values.shape).float()
        # along another axis it would be the softmax of something else
        if not torch.allclose(made, _squash(kind, scores), atol=close):
            continue
        if any(torch.allclose(whole * made, values.float()) for whole in WHOLES):
            found[kind] = number
        elif kind in LOGARITHM and torch.allclose(made.log(), values.float(), atol=close):
            found[LOGARITHM[kind]] = number
    return found


def _squash(kind: str, scores: Tensor) -> Tensor:
    if kind in EACH_ALONE:
        return scores.sigmoid() if kind == SIGMOID else functional.logsigmoid(scores)
    return scores.softmax(-1) if kind == SOFTMAX else scores.log_softmax(-1)
