"""Numbers as people read them, the same in every language. Public names: `Amount`, `percent`."""

from __future__ import annotations

import math

__all__ = ["Amount", "percent"]

SMALLEST_PERCENT = 0.01


class Amount(float):
    """A number that is no share of anything, where others have a probability: what a regression returns."""


def percent(share: float) -> str:
    """A share from 0 to 1 in words for the page: never 0 % for something, never 100 % for less than all.

    An `Amount` is no share, and stays the number that it is.
    """
    if isinstance(share, Amount):
        return f"{share:.4g}"
    value = share * 100
    if 0 < value < SMALLEST_PERCENT:
        return f"< {SMALLEST_PERCENT} %"
    if 100 - SMALLEST_PERCENT < value < 100:
        return f"> {100 - SMALLEST_PERCENT} %"
    if 99.5 <= value < 100:
        return f"{math.floor(value * 100) / 100:.2f} %"
    return f"{value:.0f} %" if value >= 10 else f"{value:.2g} %"
