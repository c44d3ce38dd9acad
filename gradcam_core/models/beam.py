"""The most probable captions, word by word, several side by side.

    captions = search(after, end=2, never=(0, 1), beam=10, limit=20)
    captions[0].numbers, captions[0].log_probability
    consensus(captions)        # the one that most of them nearly say as well

Public names: `After`, `Caption`, `consensus`, `search`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from ..engine.watch import NOBODY, Watch

__all__ = ["After", "Caption", "consensus", "search"]

# log-probabilities are divided by this power of the length, or short captions would always win (Wu et al. 2016)
LENGTH_POWER = 0.7
# how little a difference in rank weighs where captions are held against each other; tests/benchmarks/README.md has the
# figures
SPREAD = 0.1
# captions are held against each other by rows of up to so many words
LONGEST_ROW = 4
Numbers: TypeAlias = tuple[int, ...]
# (n, V) logits of what comes behind n beginnings of captions; and of the beginnings before, which each went on from
After: TypeAlias = Callable[[Sequence[Numbers], Sequence[int]], Tensor]


@dataclass(frozen=True)
class Caption:
    """The words' numbers, without start and end, and the log-probability of it all (with the end, where it has one)."""

    numbers: tuple[int, ...]
    log_probability: float

    @property
    def rank(self) -> float:
        """By what captions of different lengths are compared."""
        return self.log_probability / (len(self.numbers) + 1) ** LENGTH_POWER


def search(
    after: After, *, end: int, never: Sequence[int] = (), beam: int = 3, limit: int, watch: Watch = NOBODY
) -> list[Caption]:
    """Up to `beam` captions of at most `limit` words, best first.

    `end` is the number that ends a caption; those in `never` are no words. `beam` 1 takes the most probable word each
    time. No three words in a row occur twice in a caption. Raises StoppedError through `watch`.
    """
    rows: list[Numbers] = [()]
    chosen: list[int] = [0]
    totals: list[float] = [0.0]
    done: list[Caption] = []
    with torch.inference_mode():
        for count in range(limit):
            watch.at(count, limit)
            following = after(rows, chosen).float().log_softmax(-1)
            following[:, list(never)] = -torch.inf
            if not rows[0]:
                following[:, end] = -torch.inf
            for row, numbers in enumerate(rows):
                following[row, list(_repeats(numbers))] = -torch.inf
            sums = (torch.tensor(totals).to(following).unsqueeze(1) + following).flatten()
            best, flat = sums.topk(min(2 * beam, len(sums)))
            kept: list[tuple[int, int, float]] = []
            free = beam - len(done)
            for place, (value, at) in enumerate(zip(best.tolist(), flat.tolist(), strict=True)):
                row, word = divmod(at, following.shape[1])
                if word == end and place < free and value > -torch.inf:
                    done.append(Caption(rows[row], value))
                elif word != end and value > -torch.inf:
                    kept.append((row, word, value))
            # a caption that has ended keeps its place in the beam
            kept = kept[: beam - len(done)]
            if not kept:
                break
            rows = [(*rows[row], word) for row, word, _ in kept]
            totals = [value for _, _, value in kept]
            chosen = [row for row, _, _ in kept]
        else:
            done += [Caption(numbers, total) for numbers, total in zip(rows, totals, strict=True)]
    return sorted(done, key=lambda caption: -caption.rank)[:beam]


def _repeats(numbers: Numbers) -> set[int]:
    """The words that would end three in a row which stand in `numbers` already."""
    if len(numbers) < 3:
        return set()
    triples = zip(numbers, numbers[1:], numbers[2:], strict=False)
    return {third for first, second, third in triples if (first, second) == numbers[-2:]}


def consensus(captions: Sequence[Caption]) -> Caption:
    """Of the captions of a beam the one that is most like all of them, the more probable of which count more.

    Minimum Bayes risk (Kumar and Byrne 2004, "Minimum Bayes-Risk Decoding for Statistical Machine Translation", eq. 2):
    likeness is the mean F1 of rows of one to four words, a caption's weight the softmax of its rank over `SPREAD`.
    """
    counted = [[_rows_of(one.numbers, length) for length in range(1, LONGEST_ROW + 1)] for one in captions]
    top = max(one.rank for one in captions)
    weights = [math.exp((one.rank - top) / SPREAD) for one in captions]

    def agreed(place: int) -> float:
        return sum(weight * _likeness(counted[place], other) for other, weight in zip(counted, weights, strict=True))

    return captions[max(range(len(captions)), key=agreed)]


def _rows_of(numbers: Numbers, length: int) -> Counter[Numbers]:
    return Counter(numbers[at : at + length] for at in range(len(numbers) - length + 1))


def _likeness(one: Sequence[Counter[Numbers]], other: Sequence[Counter[Numbers]]) -> float:
    """The sum of the F1 of rows of each length."""
    return sum(
        2 * (mine & yours).total() / max(1, mine.total() + yours.total())
        for mine, yours in zip(one, other, strict=True)
    )
