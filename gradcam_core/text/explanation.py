"""The answer to "which characters made the model say so?". Public names: `Piece`, `TextExplanation`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..languages import percent
from ..reading.text import Span
from ..types import Prediction

__all__ = ["Piece", "TextExplanation", "listed"]

NAMED = 3
# words with at least this share of the strongest one's value are named beside it
NEARLY = 0.5


@dataclass(frozen=True)
class Piece(Span):
    """A character or a word with its place and its value.

    `value` is signed: above zero it speaks for the score that is explained. `weight` is the map's usual form,
    ReLU for each filter width, and the largest of the text 1.
    """

    value: float
    weight: float


@dataclass(frozen=True)
class TextExplanation:
    """One class of one text, explained.

    `text` is the original; `chars` and `words` hold what was read, `unread` the part behind, if any.
    `score` is what the values explain, before the temperature: the logit of `target`, with `contrast` less
    that of the other class, negated with `counterfactual`. For HiResCAM the values of `chars` sum to
    `score - bias`. `top` holds both classes, most probable first.
    """

    text: str
    chars: tuple[Piece, ...]
    words: tuple[Piece, ...]
    unread: Span | None
    top: tuple[Prediction, ...]
    target: Prediction
    method: str
    counterfactual: bool
    contrast: bool
    score: float
    bias: float
    notes: tuple[str, ...]

    @property
    def strongest(self) -> tuple[Piece, ...]:
        """The words that speak most for the score: at most three, none far behind the first."""
        ranked = sorted((word for word in self.words if word.value > 0), key=lambda word: -word.value)
        return tuple(word for word in ranked[:NAMED] if word.value >= NEARLY * ranked[0].value)

    @property
    def sentence(self) -> str:
        """What is explained and what decided it, in plain words."""
        sure = f"The model calls this {self.top[0].label} ({percent(self.top[0].probability)})."
        asked = "" if self.target == self.top[0] else f" Explained is {self.target.label}"
        asked += asked and f" ({percent(self.target.probability)})."
        names = listed([word.text for word in self.strongest])
        side = "against" if self.counterfactual else "for"
        if not names:
            return f"{sure}{asked} No word speaks {side} {self.target.label}."
        if self.counterfactual or asked:
            return f"{sure}{asked} {names} {'speaks' if len(self.strongest) == 1 else 'speak'} most {side} it."
        return f"{sure} {names} made the difference."

    def record(self) -> dict[str, Any]:
        """Everything as plain JSON values."""
        return {"sentence": self.sentence, **asdict(self)}


def listed(words: list[str]) -> str:
    """Words in quotes as a sentence has them: 'a', 'b' and 'c'."""
    quoted = [f"'{word}'" for word in words]
    return " and ".join(filter(None, [", ".join(quoted[:-1]), *quoted[-1:]]))
