"""From files to rows: several photographs beside each other, each read, explained and asked about again.

Public names: `HIDDEN_SHARE`, `Looker`, `minutes_left`, `side_by_side`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ..canvases.picture import hottest
from ..checks import Examiner
from ..engine.cores import allowed_cores
from ..engine.inputs import first_of
from ..engine.watch import Watch
from ..errors import ImageError, OptionError, OutputError
from ..explanation import Explanation
from ..reading.photograph import Photograph, read_photograph
from ..request import Request
from .listing import Listed
from .measures import border, centre, concentration, inside
from .objects import Outlines
from .rows import Row

__all__ = ["HIDDEN_SHARE", "Looker", "minutes_left", "side_by_side"]

Item = TypeVar("Item")
Result = TypeVar("Result")
# share of what the network saw that is hidden to see whether the map holds
HIDDEN_SHARE = 0.2
# pixels along the longer side, and how well they are kept
THUMBNAIL, QUALITY = 96, 60


def side_by_side(
    make: Callable[[Item], Result],
    given: Iterable[Item],
    workers: int | None = None,
    given_up: Callable[[], object] = lambda: None,
) -> Iterator[Result]:
    """`make` of each, in order: while one is computed others are read, and never more than a few are in memory.

    So many `workers` at once, None: one more than there are cores, for some of the time a file is waited for. Where
    nobody waits for the rest `given_up` is called, before those end that are being made. Raises what `make` raises.
    """
    workers = workers or allowed_cores() + 1
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="audit") as pool:
        try:
            for one in given:
                waiting.append(pool.submit(copy_context().run, make, one))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            given_up()
            for future in waiting:
                future.cancel()
            raise


def minutes_left(done: int, count: int, begun: float, first: int = 0) -> float | None:
    """About how long the rest takes, where `first` were done at `begun` (`time.monotonic`); None before there is a new
    one."""
    new = done - first
    return (time.monotonic() - begun) / new * (count - done) / 60 if new else None


@dataclass(frozen=True, eq=False)
class Looker:
    """Makes rows by `request`; `outlines` are those of the objects, where they are known. See `side_by_side`."""

    examiner: Examiner
    request: Request
    labels: tuple[str, ...]
    outlines: Outlines | None = None
    workers: int | None = None
    # set where nobody waits any more: some methods take minutes for one photograph
    _left: Event = field(default_factory=Event)

    def each(self, make: Callable[[Item], Result], given: Iterable[Item]) -> Iterator[Result]:
        """`side_by_side` by its own number of workers."""
        return side_by_side(make, given, self.workers, self._left.set)

    def answer(self, photograph: Photograph | Path, **changed: Any) -> Explanation:
        """The explanation of a photograph, by the request with what is `changed` in it."""
        request = self.request.replace(**changed)
        return self.examiner.explainer.answer(photograph, request, watch=Watch(stop=self._left))

    def row(self, listed: Listed) -> Row:
        """All that is to be known of a photograph, or why there is no answer to it."""
        known: dict[str, Any] = {
            "name": listed.name,
            "size_bytes": listed.size,
            "modified": listed.modified,
            "truth": listed.truth,
            "truth_label": None if listed.truth is None else self.labels[listed.truth],
        }
        try:
            # read here alone: it is looked at once, so that nothing is gained by remembering it
            photograph = read_photograph(listed.path)
            known |= _of_photograph(photograph)
            explanation = self.answer(photograph)
            known |= _of_answer(explanation, listed.truth)
            known |= self._when_hidden(explanation)
            if self.outlines is not None:
                known |= self._on_object(self.outlines, explanation, listed)
        except (ImageError, OptionError, OutputError) as error:
            known["reason"] = str(error)
        return Row(**known)

    def without(self, explanation: Explanation, cam: NDArray[np.float32], share: float) -> float:
        """The probability of the explained class with the hottest `share` of `cam`, (h, w) of its cells, hidden."""
        hidden = hottest(cam, explanation.placement.input_size, share, explanation.placement.part)
        return float(self.examiner.probabilities_without(explanation, [hidden])[0, explanation.target.index])

    def put(self, into: Explanation, out_of: Explanation, cam: NDArray[np.float32], share: float) -> float:
        """What the hottest `share` of `cam`, cut `out_of` one photograph and put `into` another at the same place, adds
        there to the probability of the class that `into` explains."""
        moved = hottest(cam, into.placement.input_size, share, into.placement.part)
        other = first_of(self.examiner.explainer.given(out_of))
        together = self.examiner.probabilities_without(into, [moved], instead=other)
        return float(together[0, into.target.index]) - into.target.probability

    def _when_hidden(self, explanation: Explanation) -> dict[str, Any]:
        if explanation.blank:
            return {}
        hidden = self.without(explanation, explanation.cam, HIDDEN_SHARE)
        return {"hidden": hidden, "effect": explanation.target.probability - hidden}

    def _on_object(self, outlines: Outlines, explanation: Explanation, listed: Listed) -> dict[str, Any]:
        placement = explanation.placement
        label = explanation.target.label if listed.truth is None else self.labels[listed.truth]
        mask = outlines.mask(listed.name, (placement.height, placement.width), label)
        if mask is None:
            return {}
        share, peak = inside(explanation.cam, placement, mask)
        return {"inside_share": share, "peak_inside": peak}


def _of_photograph(photograph: Photograph) -> dict[str, Any]:
    return {
        "width": photograph.size[0],
        "height": photograph.size[1],
        "thumbnail": _thumbnail(photograph.preview),
    }


def _of_answer(explanation: Explanation, truth: int | None) -> dict[str, Any]:
    first, second = explanation.target, (*explanation.top[1:], None)[0]
    cam, cells = explanation.cam, explanation.placement.cells
    width, height = explanation.placement.width, explanation.placement.height
    share, place = border(cam)
    x, y = centre(cam)
    return {
        "index": first.index,
        "label": first.label,
        "probability": float(first.probability),
        "right": None if truth is None else truth == first.index,
        "second": None if second is None else second.index,
        "second_label": None if second is None else second.label,
        "margin": None if second is None else float(first.probability - second.probability),
        "concentration": concentration(cam),
        "centre_x": x,
        "centre_y": y,
        "border_share": share,
        "border_place": None if explanation.blank else place,
        "map": tuple(map(float, cam.ravel())),
        "map_height": cam.shape[0],
        "map_width": cam.shape[1],
        "left": cells.left / width,
        "top": cells.top / height,
        "right_edge": cells.right / width,
        "bottom": cells.bottom / height,
    }


def _thumbnail(pixels: NDArray[np.uint8]) -> bytes:
    height, width = pixels.shape[:2]
    times = min(THUMBNAIL / max(width, height), 1.0)
    size = (max(round(width * times), 1), max(round(height * times), 1))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
