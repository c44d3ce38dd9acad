"""How close captions are to those that people wrote: BLEU-4 and CIDEr-D of a whole collection.

    bleu4([["a", "dog", "runs"]], [[["a", "dog", "runs"], ["the", "dog", "is", "running"]]])

Both take the captions' words and, for each, the words of all its references. Public names: `bleu4`, `cider`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

__all__ = ["bleu4", "cider"]

WordList = Sequence[str]
Grams = Counter[tuple[str, ...]]
LONGEST = 4
# words by which a caption may differ in length before that costs much
SIGMA = 6.0
# published figures are ten times the cosine
SCALE = 10.0


def _grams(words: WordList, length: int) -> Grams:
    return Counter(tuple(words[at : at + length]) for at in range(len(words) - length + 1))


def bleu4(captions: Sequence[WordList], references: Sequence[Sequence[WordList]]) -> float:
    """BLEU with n-grams up to four and the closest reference's length, in [0, 1] (Papineni et al. 2002, sec. 2.3)."""
    matched, total = [0] * LONGEST, [0] * LONGEST
    written = closest = 0
    for caption, several in zip(captions, references, strict=True):
        written += len(caption)
        closest += min((abs(len(one) - len(caption)), len(one)) for one in several)[1]
        for length in range(1, LONGEST + 1):
            allowed: Grams = Counter()
            for one in several:
                allowed |= _grams(one, length)
            own = _grams(caption, length)
            matched[length - 1] += (own & allowed).total()
            total[length - 1] += own.total()
    if not all(matched):
        return 0.0
    precision = sum(math.log(hit / all_) for hit, all_ in zip(matched, total, strict=True)) / LONGEST
    return math.exp(min(0.0, 1 - closest / written) + precision)


def cider(captions: Sequence[WordList], references: Sequence[Sequence[WordList]]) -> float:
    """CIDEr-D, from 0 to 10, averaged over n-grams up to four (Vedantam et al. 2015, arXiv:1411.5726, sec. 3 and 5).

    How rare an n-gram is, is counted over the references handed in.
    """
    scores = [0.0] * len(captions)
    for length in range(1, LONGEST + 1):
        counted = [[_grams(one, length) for one in several] for several in references]
        seen: Grams = Counter(gram for several in counted for gram in set().union(*several))
        for row, (caption, several) in enumerate(zip(captions, counted, strict=True)):
            own = _weighted(_grams(caption, length), seen, len(references))
            for counts, one in zip(several, references[row], strict=True):
                penalty = math.exp(-((len(caption) - len(one)) ** 2) / (2 * SIGMA**2))
                scores[row] += penalty * _alike(own, _weighted(counts, seen, len(references))) / len(several) / LONGEST
    return SCALE * sum(scores) / len(scores)


def _weighted(grams: Grams, seen: Grams, photographs: int) -> dict[tuple[str, ...], float]:
    return {gram: count * math.log(photographs / max(seen[gram], 1)) for gram, count in grams.items()}


def _alike(own: dict[tuple[str, ...], float], other: dict[tuple[str, ...], float]) -> float:
    product = sum(min(value, other[gram]) * other[gram] for gram, value in own.items() if gram in other)
    sizes = math.hypot(*own.values()) * math.hypot(*other.values())
    return product / sizes if sizes else 0.0
