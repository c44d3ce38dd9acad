"""Captions of a photograph, the most probable first.

    captions = decode(network, image, beam=3)
    captions[0].numbers, captions[0].log_probability

Public names: `Caption`, `decode`, `decode_picture`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..vocabulary import END, PAD, START, UNKNOWN
from .network import CaptionNetwork, Picture

__all__ = ["Caption", "decode", "decode_picture"]

NEVER = (PAD, START, UNKNOWN)
# log-probabilities are divided by this power of the length, or short captions would always win (Wu et al. 2016)
LENGTH_POWER = 0.7


@dataclass(frozen=True)
class Caption:
    """The words' numbers, without start and end, and the log-probability of it all (with the end, where it has one)."""

    numbers: tuple[int, ...]
    log_probability: float

    @property
    def rank(self) -> float:
        """By what captions of different lengths are compared."""
        return self.log_probability / (len(self.numbers) + 1) ** LENGTH_POWER


def decode(network: CaptionNetwork, image: Tensor, *, beam: int = 3, limit: int | None = None) -> list[Caption]:
    """Up to `beam` captions of a (1, 3, H, W) image by beam search, best first; the backbone runs once.

    `beam` 1 takes the most probable word each time. No three words in a row occur twice in a caption.
    """
    with torch.inference_mode():
        places = network.backbone(image).flatten(2).transpose(1, 2)
        return decode_picture(network, network.look(places), beam=beam, limit=limit)


def decode_picture(
    network: CaptionNetwork, picture: Picture, *, beam: int = 3, limit: int | None = None
) -> list[Caption]:
    """The same for what `network.look` made of one photograph."""
    limit = min(limit or network.shape.limit, network.shape.limit)
    with torch.inference_mode():
        state = network.first_state(picture)
        rows: list[tuple[int, ...]] = [()]
        device = picture.values.device
        totals = torch.zeros(1, device=device)
        words = torch.tensor([[START]], device=device)
        done: list[Caption] = []
        for _ in range(limit):
            several = Picture(*(part.expand(len(rows), *part.shape[1:]) for part in vars(picture).values()))
            logits, state = network.step(several, words, state)
            after = logits[:, -1].log_softmax(-1)
            after[:, NEVER] = -torch.inf
            if not rows[0]:
                after[:, END] = -torch.inf
            for row, numbers in enumerate(rows):
                after[row, list(_repeats(numbers))] = -torch.inf
            flattened = (totals.unsqueeze(1) + after).flatten()
            best, flat = flattened.topk(min(2 * beam, len(flattened)))
            kept: list[tuple[int, int, float]] = []
            free = beam - len(done)
            for place, (value, at) in enumerate(zip(best.tolist(), flat.tolist(), strict=True)):
                row, word = divmod(at, after.shape[1])
                if word == END and place < free and value > -torch.inf:
                    done.append(Caption(rows[row], value))
                elif word != END and value > -torch.inf:
                    kept.append((row, word, value))
            # a caption that has ended keeps its place in the beam
            kept = kept[: beam - len(done)]
            if not kept:
                break
            rows = [(*rows[row], word) for row, word, _ in kept]
            totals = torch.tensor([value for _, _, value in kept], device=device)
            words = torch.tensor([[word] for _, word, _ in kept], device=device)
            chosen = [row for row, _, _ in kept]
            state = (state[0][chosen], state[1][chosen])
        else:
            done += [Caption(numbers, total) for numbers, total in zip(rows, totals.tolist(), strict=True)]
    return sorted(done, key=lambda caption: -caption.rank)[:beam]


def _repeats(numbers: tuple[int, ...]) -> set[int]:
    """The words that would end three in a row which stand in `numbers` already."""
    if len(numbers) < 3:
        return set()
    triples = zip(numbers, numbers[1:], numbers[2:], strict=False)
    return {third for first, second, third in triples if (first, second) == numbers[-2:]}
