"""Captions of a photograph by the embedded captioner, the most probable first.

    captions = decode_picture(network, network.look(places), beam=3)
    captions[0].numbers, captions[0].log_probability

Public names: `NEVER`, `decode_picture`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ...engine.watch import NOBODY, Watch
from ..beam import Caption, search
from ..vocabulary import END, PAD, START, UNKNOWN
from .network import CaptionNetwork, Picture

__all__ = ["NEVER", "decode_picture"]

NEVER = (PAD, START, UNKNOWN)


def decode_picture(
    network: CaptionNetwork, picture: Picture, *, beam: int = 3, limit: int | None = None, watch: Watch = NOBODY
) -> list[Caption]:
    """Up to `beam` captions by beam search, best first, of what `network.look` made of one photograph."""
    with torch.inference_mode():
        state, following = network.first_state(picture), network.speller(picture)

    def after(rows: Sequence[tuple[int, ...]], chosen: Sequence[int]) -> Tensor:
        nonlocal state
        # the words before the last are in the state already
        state = (state[0][list(chosen)], state[1][list(chosen)])
        last = torch.tensor([numbers[-1] if numbers else START for numbers in rows], device=state[0].device)
        logits, state = following(last, state)
        return logits

    longest = min(limit or network.shape.limit, network.shape.limit)
    return search(after, end=END, never=NEVER, beam=beam, limit=longest, watch=watch)
