"""An audit of what a visitor hands in, told of while it runs.

Public names: `SHOWN`, `Stand`, `audited`, `photograph_of`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..engine.watch import Watch
from ..explainer import Explainer
from ..folders import Audit, Row, steps
from ..folders.listing import SUFFIXES
from ..folders.looking import minutes_left
from ..languages import Finding
from ..reading.archive import laid_out, one_of
from ..reading.uploads import Carried, Upload

__all__ = ["SHOWN", "Stand", "audited", "photograph_of"]

# rows that are shown while the rest is looked at
SHOWN = 24
SECONDS_BETWEEN = 1.0
# its share of the machine is one of the costly lane's places; the second reads while the first computes
WORKERS = 2


@dataclass(frozen=True)
class Stand:
    """How far it is: `done` of `count`, about so many `minutes` left, the last rows; `trying` says what comes then.

    At the end also what was `found`, its `record`, and the `report` and the `table` of rows, the bytes of two files.
    """

    done: int
    count: int
    minutes: float | None
    rows: tuple[Row, ...]
    trying: Finding | None = None
    found: Finding | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    report: bytes = b""
    table: bytes = b""

    @property
    def finding(self) -> Finding:
        """How far it is, in words; at the end what was found."""
        return (
            self.found
            or self.trying
            or Finding("audit.progress", done=self.done, count=self.count, minutes=self.minutes)
        )


def audited(
    explainer: Explainer, uploads: Sequence[Upload | Carried], folder: str, watch: Watch, **options: Any
) -> Iterator[Stand]:
    """Look at all that was handed in, by a copy below `folder` that is gone afterwards; raises CamError, OSError.

    `options` are those of `folders.audit`.
    """
    with TemporaryDirectory(prefix="folder-", dir=folder) as own:
        place = Path(own) / "photographs"
        place.mkdir()
        count = laid_out(uploads, place, SUFFIXES)
        yield Stand(0, count, None, ())
        rows: deque[Row] = deque(maxlen=SHOWN)
        begun = told = time.monotonic()
        kept = Path(own) / "rows.parquet"
        made = steps(explainer, place, rows=kept, watch=watch, workers=WORKERS, **options)
        for done, one in enumerate(made, 1):
            if isinstance(one, Audit):
                report = one.report(Path(own) / "audit.html").read_bytes()
                table = one.path.read_bytes()
                yield Stand(count, count, None, tuple(rows), None, one.finding, one.record(), report, table)
                return
            if isinstance(one, Finding):
                yield Stand(count, count, None, tuple(rows), one)
                continue
            rows.append(one)
            now = time.monotonic()
            if now - told >= SECONDS_BETWEEN:
                told = now
                yield Stand(done, count, minutes_left(done, count, begun), tuple(rows))


def photograph_of(uploads: Sequence[Upload], name: str) -> bytes:
    """One of the photographs that were handed in, by the name of its row; raises UploadError."""
    return one_of(uploads, name, SUFFIXES)
