"""The answer to "which characters made the model say so?". Public name: `TextExplanation`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .canvases.render import Look
from .canvases.sentence import Piece
from .explanation import Explained
from .languages import Finding
from .reading.text import Reading, Span
from .report import Figure, ShadedText

__all__ = ["TextExplanation"]

NAMED = 3
# words with at least this share of the strongest one's value are named beside it
NEARLY = 0.5


@dataclass(frozen=True, repr=False)
class TextExplanation(Explained):
    """One class of one text, explained.

    `reading` is what was read of the text; `chars` and `words` hold it with its values. `score` is what the values
    explain, before the temperature: the logit of `target`, with `rivals` less their mean logit, negated with
    `counterfactual`. For HiResCAM the values of `chars` sum to `score - bias`. `top` holds both classes, most
    probable first.
    """

    reading: Reading
    chars: tuple[Piece, ...]
    words: tuple[Piece, ...]
    score: float
    bias: float

    @property
    def text(self) -> str:
        """The original, all of it."""
        return self.reading.text

    @property
    def unread(self) -> Span | None:
        """The part of the text behind what was read, if any."""
        return self.reading.unread

    @property
    def contrast(self) -> bool:
        """Whether the values say why the class rather than the other."""
        return bool(self.rivals)

    @property
    def remarks(self) -> tuple[Finding, ...]:
        """What a person should know about how this text was read."""
        return self.reading.remarks

    @property
    def strongest(self) -> tuple[Piece, ...]:
        """The words that speak most for the score: at most three, none far behind the first."""
        ranked = sorted((word for word in self.words if word.value > 0), key=lambda word: -word.value)
        return tuple(word for word in ranked[:NAMED] if word.value >= NEARLY * ranked[0].value)

    @property
    def scored(self) -> Finding:
        """The score that a value above zero raises."""
        return Finding("shaded.score_against" if self.counterfactual else "shaded.score", label=self.target.label)

    @property
    def finding(self) -> Finding:
        """What is explained, and what decided it."""
        return Finding(
            "review.against" if self.counterfactual else "review.for",
            answer=self.top[0].label,
            probability=self.top[0].probability,
            target=self.target.label,
            target_probability=self.target.probability,
            other=self.target != self.top[0],
            words=tuple(word.text for word in self.strongest),
        )

    def figure(self, _look: Look | None = None) -> Figure:
        """What a report shows of it: its shaded text, which has one look."""
        return ShadedText(self)

    def record(self) -> dict[str, Any]:
        """Everything, and all that is needed to get it again, as plain JSON values."""
        return {
            **super().record(),
            "text": self.text,
            "chars": [asdict(char) for char in self.chars],
            "words": [asdict(word) for word in self.words],
            "unread": self.unread and asdict(self.unread),
            "method": self.method,
            "counterfactual": self.counterfactual,
            "contrast": self.contrast,
            "score": self.score,
            "bias": self.bias,
        }
