"""The rows of an audit, made by the workers of Ray Data: many machines look at one folder.

    with far_rows("auto", opened) as making:
        audit(explainer, folder, rows="rows.parquet", making=making)

Each worker opens the model once and keeps it. Folder and rows lie where all machines see them, by the same paths: what
travels are names, and numbers of parts that are written. Public names: `Worker`, `far_rows`, `tasks_of`.
"""

from __future__ import annotations

import logging
import math
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ...errors import ServingError, first_line
from ...explainer import Explainer
from ...folders.audit import Asked, Making, made_with
from ...folders.listing import Listed
from ...folders.rows import PART, Row, RowFile, read
from .connecting import ROOT, reached, take_share

__all__ = ["Worker", "far_rows", "tasks_of"]

# one photograph is read while another is computed
AT_ONCE = 2
# tasks for each worker at least, so that the last ones do not wait for the slowest
ROUNDS = 4


@contextmanager
def far_rows(address: str, opened: Callable[[], Explainer], *, cards: bool = False) -> Iterator[Making]:
    """What makes rows on the cluster at `address`; `opened` makes the Explainer of a worker and travels there.

    A worker takes a core, and with `cards` a GPU. Raises ServingError.
    """
    with reached(address) as ray:
        from ray import data  # noqa: PLC0415

        context = data.DataContext.get_current()
        context.enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        there = ray.cluster_resources().get("GPU" if cards else "CPU", 1)

        def making(asked: Asked, files: Sequence[Listed], written: RowFile) -> Iterator[Row]:
            workers = max(1, int(there))
            tasks = list(tasks_of(files, workers, written))
            if not tasks:
                return
            outlines = asked.outlines and asked.outlines.absolute()
            made = data.from_items(tasks, override_num_blocks=len(tasks)).map(
                _RayWorker,
                fn_constructor_args=(opened, replace(asked, outlines=outlines), written),
                compute=data.ActorPoolStrategy(min_size=1, max_size=min(workers, len(tasks))),
                num_cpus=1,
                num_gpus=int(cards),
                runtime_env={"env_vars": {"PYTHONPATH": str(ROOT)}},
            )
            try:
                for one in made.iter_rows():
                    if not one["same"]:
                        raise ServingError("cluster.other_model")
                    yield from read(written.part(one["number"]))
            except ray.exceptions.RayError as error:
                raise ServingError("cluster.rows_failed", error=first_line(error)) from None

        yield making


def tasks_of(files: Sequence[Listed], workers: int, written: RowFile) -> Iterator[Mapping[str, Any]]:
    """What a `Worker` is given, one part of the rows each."""
    size = max(1, min(PART, math.ceil(len(files) / (workers * ROUNDS))))
    for start in range(0, len(files), size):
        part = [replace(one, path=one.path.absolute()) for one in files[start : start + size]]
        yield {"number": written.free(), "files": pickle.dumps(part)}


class Worker:
    """Makes and writes the rows of one part after the other; raises what `opened` raises."""

    def __init__(self, opened: Callable[[], Explainer], asked: Asked, written: RowFile) -> None:
        self._written = written
        explainer = opened()
        self._looker = asked.looker(explainer, AT_ONCE)
        self._same = written.is_of(made_with(asked, explainer.load(asked.request.model)))

    def __call__(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        if self._same:
            files: list[Listed] = pickle.loads(task["files"])  # noqa: S301 - made by `tasks_of`
            self._written.write(task["number"], list(self._looker.each(self._looker.row, files)))
        return {"number": task["number"], "same": self._same}


class _RayWorker(Worker):
    def __init__(self, *given: Any) -> None:
        take_share()
        super().__init__(*given)
