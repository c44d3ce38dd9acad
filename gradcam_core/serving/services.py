"""What page and endpoints work with: one of each for the whole app. Public name: `Services`."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..checks import Examiner
from ..explainer import Explainer
from ..text_explainer import TextExplainer
from .running import Running

__all__ = ["Services"]


@dataclass(frozen=True, eq=False)
class Services:
    """Who explains, who examines what was explained, and who knows what is computed for whom."""

    explainer: Explainer
    examiner: Examiner
    texts: TextExplainer
    running: Running = field(default_factory=Running)

    @classmethod
    def of(cls, explainer: Explainer, texts: TextExplainer | None = None) -> Services:
        """All of them around `explainer`; makes the one for text where none is given. Raises ModelError."""
        return cls(explainer, Examiner(explainer), texts or TextExplainer(device=explainer.device))
