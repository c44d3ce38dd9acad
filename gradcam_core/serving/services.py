"""What page and endpoints work with: one of each for the whole app. Public name: `Services`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..checks import Examiner
from ..engine.watch import Watch
from ..explainer import Explainer
from ..reading.uploads import Carried, Upload
from ..text_explainer import TextExplainer
from .auditing import Stand, audited
from .endpoint import Endpoint
from .lanes import Lanes
from .running import Running

__all__ = ["Services"]


@dataclass(frozen=True, eq=False)
class Services:
    """Who explains, who examines what was explained, who knows what is computed for whom, and in which order."""

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

    def audited(
        self, uploads: Sequence[Upload | Carried], folder: str, watch: Watch, **options: Any
    ) -> Iterator[Stand]:
        """Look at a folder: see `auditing.audited`."""
        return audited(self.explainer, uploads, folder, watch, **options)
