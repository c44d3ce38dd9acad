"""Networks, and what is remembered of the photographs that they saw: all of the Explainer that answers nothing.

Public names: `DEFAULT_CACHE_MB`, `DEFAULT_TTL_SECONDS`, `PHOTOGRAPH_SHARE`, `RememberingCatalogue`,
`check_bounds`.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Hashable
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from .answers import score_of
from .captures import Captures
from .engine.cache import ByteCache
from .engine.capture import Capture
from .engine.engines import runner_for
from .engine.forecast import Bound
from .engine.inputs import Inputs, first_of
from .engine.runner import Runner
from .engine.score import Score
from .engine.watch import NOBODY, Watch
from .errors import ModelError, OptionError
from .explanation import Explanation
from .models import LoadedModel
from .models.catalogue import Catalogue, Offer
from .reading.photograph import ImageSource, Photograph, content_of, digest_of, read_photograph
from .request import AUTO, Request
from .types import MEGABYTE, Placement

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "DEFAULT_CACHE_MB",
    "DEFAULT_TTL_SECONDS",
    "PHOTOGRAPH_SHARE",
    "RememberingCatalogue",
    "check_bounds",
]

DEFAULT_CACHE_MB = 1024
DEFAULT_TTL_SECONDS = 3600.0
# photographs are cheap to decode again, captures are not: a quarter of the budget is theirs
PHOTOGRAPH_SHARE = 0.25
# what the allocator cannot use between things that are still kept (measured: tests.benchmarks, memory)
FRAGMENTS_SHARE = 0.1


def check_bounds(cache_mb: Any, cache_ttl: Any) -> None:
    """Make sure that so many megabytes may be kept for so many seconds. Raises OptionError."""
    for name, value in (("cache_mb", cache_mb), ("cache_ttl", cache_ttl)):
        if not isinstance(value, Real) or not float(value) >= 0 or (name == "cache_mb" and math.isinf(value)):
            raise OptionError("explainer.negative", name=name, value=value)


class RememberingCatalogue(Catalogue):
    """Networks on a device, the photographs shown to them and the passes made of these, within bounds.

    Its arguments are those of the `Explainer`. Raises DeviceError, OptionError.
    """

    def __init__(
        self,
        *,
        device: str | torch.device = AUTO,
        cache_mb: float = DEFAULT_CACHE_MB,
        cache_ttl: float = DEFAULT_TTL_SECONDS,
        borrow: Callable[[Callable[..., Any]], Callable[..., Any]] | None = None,
        engine: str = AUTO,
        bound: Bound | None = None,
    ) -> None:
        self._runner = runner_for(device, engine, borrow, lambda name, detail: self.load(name, detail=detail))
        super().__init__(self._runner.device, self._runner.copies, bound)
        check_bounds(cache_mb, cache_ttl)
        photograph_bytes = int(cache_mb * MEGABYTE * PHOTOGRAPH_SHARE)
        result_bytes = int(cache_mb * MEGABYTE * (1 - PHOTOGRAPH_SHARE - FRAGMENTS_SHARE))
        self._photographs: ByteCache[Photograph] = ByteCache(photograph_bytes, cache_ttl)
        self._captures = Captures(self._runner, result_bytes, cache_ttl, self._let_go)

    def offering(self, offer: Offer) -> Self:
        """The same networks, and all that is remembered of them, for somebody who may use no more than `offer` says."""
        view = copy.copy(self)
        view._offer = offer
        return view

    def with_own_memory(self, megabytes: float) -> Self:
        """The same networks with a memory of its own, so that a long row of photographs takes nobody's place in this.

        What it remembers takes no more than so many `megabytes`.
        """
        view = copy.copy(self)
        view._photographs = ByteCache(int(megabytes * MEGABYTE * PHOTOGRAPH_SHARE), DEFAULT_TTL_SECONDS)
        most = int(megabytes * MEGABYTE * (1 - PHOTOGRAPH_SHARE))
        view._captures = Captures(self._runner, most, DEFAULT_TTL_SECONDS)
        return view

    @property
    def runner(self) -> Runner:
        """What runs the networks."""
        return self._runner

    @property
    def device(self) -> torch.device:
        """Where networks are kept."""
        return self._runner.device

    def photograph(self, image: ImageSource | Photograph | None) -> Photograph:
        """The image upright in RGB, decoded once; raises ImageError."""
        if isinstance(image, Photograph):
            return image
        # a file is read once: its fingerprint must be that of what is decoded
        content = content_of(image)
        digest = digest_of(content)
        return self._photographs.get(digest, partial(read_photograph, content, digest))

    def capture(self, explanation: Explanation) -> Capture:
        """The forward pass that `explanation` was made from, run again only where it is no longer remembered."""
        model = self.network_of(explanation)
        return self._captures.seen(model, explanation.photograph, explanation.layer).capture

    def inputs(self, explanation: Explanation) -> Tensor:
        """(1, 3, H, W) input that the model of `explanation` was given."""
        return first_of(self.given(explanation))

    def given(self, explanation: Explanation) -> Inputs:
        """All that the model of `explanation` was given, by name."""
        return self._captures.given(self.network_of(explanation), explanation.photograph)

    def sights(self, request: Request) -> tuple[LoadedModel, ...]:
        """As `Catalogue.sights`; what a network saw before its weights were changed is no longer remembered."""
        models = super().sights(request)
        self._captures.follow(models[0], models[0].weights_state)
        return models

    def network_of(self, explanation: Explanation) -> LoadedModel:
        """The model of `explanation` at the input size that it was asked about.

        Raises ModelError where its weights are others by now, so that nothing can be asked about that answer any more.
        """
        model = self.asked(explanation.request)
        if explanation.weights not in (None, model.weights_state):
            raise ModelError("model.weights_changed", model=model.title)
        return model

    def every_size(self, explanation: Explanation) -> tuple[tuple[LoadedModel, Inputs, Placement, Score], ...]:
        """The models whose maps made that of `explanation`, with what each was given, where that lies and its score.

        One alone, but where several sizes agree on a sharper map.
        """
        photograph, request, found = explanation.photograph, explanation.request, []
        for model in self.sights(request):
            logits = self._captures.seen(model, photograph, explanation.layer).capture.logits
            inputs, placement = self._captures.encoded(model, photograph)
            found.append((model, inputs, placement, score_of(model, request, logits)))
        return tuple(found)

    def remembered(self, key: Hashable, make: Callable[[], Any], watch: Watch = NOBODY) -> Any:
        """`make()`, which has `nbytes`, computed once for `key` as long as there is room.

        Where somebody else who asked for the same stopped it, it is begun again. Raises what `make` raises.
        """
        return self._captures.remembered(key, make, watch)

    def _let_go(self) -> None:
        """Make room: what is in use stays alive through whoever uses it."""
        self._captures.clear()
        super()._let_go()

    def _forget(self, identity: object) -> None:
        self._captures.forget(identity)
