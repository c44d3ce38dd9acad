"""Which tokens show no place: class tokens and registers, in front, behind, in the middle or among the others.

Public name: `orders`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace

import numpy as np

from .calls import Call
from .cells import USUAL, CellAnswer, wanted_of
from .layout import Layout

__all__ = ["orders"]

# another order is taken only if it agrees better than the usual one by this factor
BETTER = 0.03
# and at least this well (a correlation): one of the few known orders, and any other
LIKELY, SURE = 0.3, 0.7


def orders(answers: Mapping[Call, CellAnswer], layouts: Mapping[Call, Layout]) -> dict[Hashable, tuple[int, ...]]:
    """Of each grid and number of tokens that show no place, where those stand; nothing where they stand in front."""
    groups: dict[Hashable, list[Call]] = {}
    for call in answers:
        if layouts[call].grid and layouts[call].prefix:
            groups.setdefault((layouts[call].grid, layouts[call].prefix), []).append(call)
    return {key: _order([answers[call] for call in calls], layouts[calls[0]]) for key, calls in groups.items()}


def _order(answers: list[CellAnswer], layout: Layout) -> tuple[int, ...]:
    count, total = layout.prefix, len(answers[0].down)
    middle = (total - count) // 2

    def agreement(special: tuple[int, ...]) -> float:
        return float(np.mean([one.cells(replace(layout, special=special)).agrees(USUAL) for one in answers]))

    options = [(*range(front), *range(total - count + front, total)) for front in range(count, -1, -1)]
    options.append(tuple(range(middle, middle + count)))
    options.append(_aligned(max(answers, key=lambda one: one.down.std()), count))
    agreements = [agreement(option) for option in options]
    at = int(np.argmax(agreements))
    # among enough orders one agrees with anything a little
    least = max(agreements[0] * (1 + BETTER), SURE if at == len(options) - 1 else LIKELY)
    return options[at] if at and agreements[at] > least else ()


def _aligned(answer: CellAnswer, count: int) -> tuple[int, ...]:
    """The `count` tokens without which the others follow the grid best, row by row; by dynamic programming."""
    (high, wide), total = answer.grid, len(answer.down)
    wanted = [wanted_of(high, answer.down.shape[1], 0.0, 1.0), wanted_of(wide, answer.across.shape[1], 0.0, 1.0)]
    down, across = (one - one.mean() for one in wanted)
    cells = np.arange(high * wide)
    best, left_out = np.full(count + 1, -np.inf), []
    best[0] = 0.0
    for token in range(total):
        at = token - np.arange(count + 1)
        fits = (at >= 0) & (at < len(cells))
        place = cells[np.clip(at, 0, len(cells) - 1)]
        value = down[place // wide] @ answer.down[token] + across[place % wide] @ answer.across[token]
        kept = np.where(fits, best + value, -np.inf)
        dropped = np.concatenate([[-np.inf], best[:-1]])
        left_out.append(dropped > kept)
        best = np.maximum(kept, dropped)
    special, skipped = [], count
    for token in reversed(range(total)):
        if left_out[token][skipped]:
            special.append(token)
            skipped -= 1
    return tuple(reversed(special))
