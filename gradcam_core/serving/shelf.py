"""Visitors' own models: each for one visitor alone, and forgotten once it has not been used for a while.

    shelf = Shelf(explainer, visitor=lambda: session_of_whoever_asks)
    name = shelf.put(Upload(path, folder), "resnet18")
    explainer.explain(image, model=name)      # for this visitor; for all others there is no such model

Public names: `BOUND`, `SECONDS_KEPT`, `Shelf`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Timer
from typing import Any

from ..engine.forecast import Bound
from ..errors import CamError, ModelError
from ..explainer import Explainer
from ..reading.uploads import Upload
from .room import MAX_WEIGHTS

__all__ = ["BOUND", "SECONDS_KEPT", "Shelf"]

# of one pass that a visitor has a say in: of a model of his own, or of an input larger than the model's; with its
# gradients and all that loading tries out a model takes about three times as much memory
BOUND = Bound(nbytes=1_000_000_000, operations=200_000_000_000)
# models of all visitors together: each holds its weights in memory
MAX_MODELS = 8
# without a question to it; where there is no room for others' models sooner
SECONDS_KEPT, SECONDS_SURE = 3600.0, 600.0
SECONDS_BETWEEN_SWEEPS = 60.0
LONGEST_TITLE = 40


@dataclass(eq=False)
class _ShelfPlace:
    """One model: its title, its visitor, when it was last used, and whether it can be used yet."""

    title: str
    visitor: str | None
    used: float
    is_ready: bool = False


class Shelf:
    """The models of all visitors, each known by a name that nobody can guess and of use to its own visitor alone.

    `visitor` tells who asks in this moment, by any text that no other visitor knows. `now` is a clock in seconds.
    """

    def __init__(
        self, explainer: Explainer, *, visitor: Callable[[], str | None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._explainer = explainer
        self._visitor = visitor
        self._now = now
        self._places: dict[str, _ShelfPlace] = {}
        self._lock = Lock()
        self._timer: Timer | None = None

    def title(self, name: str) -> str:
        """What its owner calls the model."""
        return self._places[name].title

    def put(self, weights: Upload | None, architecture: str, labels: Upload | None = None, **options: Any) -> str:
        """Read a model in the place of the one that its visitor has; returns its name.

        `options` are those of `Explainer.add_checkpoint`. Raises ModelError, UploadError and what it raises.
        """
        if weights is None:
            raise ModelError("shelf.no_weights")
        name, visitor = secrets.token_urlsafe(24), self._visitor()
        title = "".join(letter for letter in Path(weights.name).stem if letter.isprintable())[:LONGEST_TITLE]
        self._take_place(name, title, visitor)
        try:
            self._explainer.add_checkpoint(
                weights, architecture, labels, **options,
                name=name, title=f"{title} ({architecture})", private=True, usable=lambda: self._may_use(name),
                max_bytes=MAX_WEIGHTS, bound=BOUND,
            )  # fmt: skip
        except BaseException:
            with self._lock:
                self._places.pop(name, None)
            raise
        with self._lock:
            place = self._places.get(name)
            before = [key for key, other in self._places.items() if other.visitor == visitor and key != name]
            if place is not None:
                place.is_ready, place.used = True, self._now()
        for other in before:
            self.take_away(other)
        self.sweep()
        if place is None:
            self._explainer.remove_model(name)
            raise ModelError("shelf.visitor_left")
        return name

    def take_away(self, name: str) -> None:
        """Forget a model and all that was computed with it."""
        with self._lock:
            known = self._places.pop(name, None)
        if known is not None:
            with suppress(CamError):
                self._explainer.remove_model(name)

    def hand_over(self, name: str) -> bool:
        """Make a model that of whoever asks, if there is one of that `name`, which only its visitor knows."""
        visitor = self._visitor()
        with self._lock:
            place = self._places.get(name)
            if place is None or not place.is_ready:
                return False
            place.visitor, place.used = visitor, self._now()
            return True

    def leave(self, name: str, visitor: str | None) -> None:
        """Forget a model as its `visitor` leaves, unless it has been handed over."""
        with self._lock:
            place = self._places.get(name)
            has_it = place is not None and place.visitor == visitor
        if has_it:
            self.take_away(name)

    def sweep(self) -> None:
        """Forget what nobody has used for long; goes on by itself as long as there is a model."""
        for name in self._idle(SECONDS_KEPT):
            self.take_away(name)
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None
            if self._places:
                self._timer = Timer(SECONDS_BETWEEN_SWEEPS, self.sweep)
                self._timer.daemon = True
                self._timer.start()

    def _may_use(self, name: str) -> bool:
        """Whether the model is that of whoever asks; to ask for it is to use it."""
        visitor, now = self._visitor(), self._now()
        with self._lock:
            place = self._places.get(name)
            if place is None or place.visitor != visitor:
                return False
            place.used = now
            return True

    def _idle(self, seconds: float) -> list[str]:
        """Models that nobody has used for so long, the longest unused first."""
        latest = self._now() - seconds
        with self._lock:
            idle = [(place.used, name) for name, place in self._places.items() if place.is_ready]
        # of those unused for as long, the first that came
        return [name for used, name in sorted(idle, key=lambda one: one[0]) if used <= latest]

    def _take_place(self, name: str, title: str, visitor: str | None) -> None:
        for idle in self._idle(SECONDS_SURE):
            if sum(place.visitor != visitor for place in [*self._places.values()]) >= MAX_MODELS:
                self.take_away(idle)
        with self._lock:
            own = [place for place in self._places.values() if place.visitor == visitor]
            if not all(place.is_ready for place in own):
                raise ModelError("shelf.still_reading")
            if len(self._places) - len(own) >= MAX_MODELS:
                raise ModelError("shelf.full", max_models=MAX_MODELS)
            # while it is read, too
            self._places[name] = _ShelfPlace(title, visitor, self._now())
