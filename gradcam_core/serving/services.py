"""What page and endpoints work with: one of each for the whole app. Public name: `Services`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..checks import Examiner
from ..explainer import Explainer
from ..text_explainer import TextExplainer
from .endpoint import Endpoint
from .lanes import Lanes
from .running import Running

__all__ = ["Services"]


@dataclass(frozen=True, eq=False)
class Services:
    """Who explains, who examines what was explained, who knows what is computed for whom, and in which order."""

    # whether this process can be asked for more than answers: rows, as they are made
    computes: ClassVar[bool] = True

    explainer: Explainer
    examiner: Examiner
    texts: TextExplainer
    running: Running = field(default_factory=Running)
    lanes: Lanes[Any] = field(default_factory=Lanes)

    @classmethod
    def of(cls, explainer: Explainer, texts: TextExplainer | None = None) -> Services:
        """All of them around `explainer`; makes the one for text where none is given. Raises ModelError."""
        return cls(explainer, Examiner(explainer), texts or TextExplainer(device=explainer.device))

    def bound(self, endpoint: Endpoint) -> Callable[..., Any]:
        """The endpoint as a plain function: see `Endpoint.bound`."""
        return endpoint.bound(self)
