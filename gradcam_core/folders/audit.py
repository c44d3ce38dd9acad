"""Look at a whole folder: one row a photograph, and where the maps of a class look at the same suspicious place.

    found = audit(Explainer(), "photographs", model="resnet50", rows="rows.parquet")
    for cluster in found.clusters:      # those that look like cheating first
        print(cluster.sentence)
    found.report("audit.html")

Public names: `LEFT_OUT`, `Asked`, `Audit`, `Making`, `audit`, `made_with`, `steps`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, TypeAlias
from weakref import finalize

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ..checks import Examiner
from ..engine.store import bytes_of
from ..engine.watch import NOBODY, Watch
from ..errors import ModelError
from ..explainer import Explainer
from ..explanation import Explanation
from ..languages import Finding, Said, language_now
from ..models import LoadedModel
from ..request import WORDED, Request
from ..signatures import takes_options
from .clusters import MOST_TRIED, TRIED, Cluster, Effect, Indices, clusters_of, worst_first
from .confusions import Confusion, confusions_of
from .listing import Listed, listed
from .looking import Looker
from .objects import Outlines
from .report import write_report
from .rows import Row, RowFile, read
from .table import Table

__all__ = ["LEFT_OUT", "Asked", "Audit", "Making", "audit", "made_with", "steps"]

# what is remembered of photographs that are looked at once
MEGABYTES = 64
# the least and the largest share of the area that is hidden then
HIDDEN_AREA = (0.1, 0.2)
# options of a request that say which class is asked about: here it is always the most probable one
LEFT_OUT = (*WORDED, "target", "rival", "counterfactual", "both")


@dataclass(frozen=True)
class Asked:
    """What is asked of every photograph of a folder; `outlines` say where the objects lie, None: nobody knows."""

    request: Request
    outlines: Path | None = None

    def looker(self, explainer: Explainer, workers: int | None = None) -> Looker:
        """What answers it, so many `workers` beside each other; raises ModelError, OptionError."""
        labels = tuple(explainer.load(self.request.model).labels)
        known = None if self.outlines is None else Outlines.read(self.outlines)
        return Looker(Examiner(explainer), self.request, labels, known, workers)


# makes the rows of files somewhere else, writes them as parts of the RowFile, and hands them out in any order
Making: TypeAlias = "Callable[[Asked, Sequence[Listed], RowFile], Iterator[Row]]"


@dataclass(frozen=True, eq=False, repr=False)
class Audit(Said):
    """What was found in a `folder`: its rows, what they come to, and the clusters, the most suspicious first.

    The rows themselves lie on the disk, in `path`.
    """

    folder: Path
    path: Path
    request: Request
    model_title: str
    labels: tuple[str, ...]
    table: Table
    count: int
    clusters: tuple[Cluster, ...]
    confusions: tuple[Confusion, ...]

    def rows(self) -> Iterator[Row]:
        """The rows, by name, read from the disk as they are asked for."""
        return read(self.path)

    @property
    def alarms(self) -> tuple[Cluster, ...]:
        """The clusters that somebody should look at."""
        return tuple(one for one in self.clusters if one.suspicious)

    @property
    def accuracy(self) -> float | None:
        """The part that is right, of the photographs whose class is known; None where none is."""
        return self.table.accuracy(np.arange(len(self.table)))

    @property
    def finding(self) -> Finding:
        """How many photographs were looked at, and the most suspicious place."""
        if not self.alarms:
            return Finding("audit.nothing", count=len(self.table), of=self.count)
        return Finding("audit.found", count=len(self.table), of=self.count, worst=self.alarms[0].finding)

    def record(self) -> dict[str, Any]:
        """What was found, ready for JSON; photographs by name, and what each class's clusters come to."""
        names = self.table.names
        return {
            **self.request.record(),
            "model_title": self.model_title,
            "sentence": self.sentence,
            "photographs": self.count,
            "answered": len(self.table),
            "accuracy": self.accuracy,
            "clusters": [one.record(names) for one in self.clusters],
            "confusions": [one.record(names) for one in self.confusions],
        }

    def report(self, path: str | Path, *, language: str | None = None) -> Path:
        """Write all of it to `path`, one HTML file with its pictures inside, and return the path. Raises OSError.

        `language` is a key of LANGUAGES, None for that of whoever is answered now.
        """
        return write_report(self, Path(path), language or language_now())


@takes_options(but=LEFT_OUT)
def audit(
    explainer: Explainer,
    folder: str | Path,
    *,
    rows: str | Path | None = None,
    outlines: str | Path | None = None,
    watch: Watch = NOBODY,
    seen: Callable[[Row], object] | None = None,
    making: Making | None = None,
    **options: Any,
) -> Audit:
    """Explain every photograph below `folder`, and find where a class is decided by a place that it should not be.

    Sub-folders that are called like a class, or `labels.csv` (file,label), say which class is true. With a file for
    the `rows` (Parquet; the columns are those of `Row`) an audit that was stopped or killed goes on where it was.
    `outlines` are COCO's JSON or a folder of masks. `watch` is told of each photograph, and `seen` is given its row.
    `making` makes the rows elsewhere, None: here.

        OPTIONS

    A file that cannot be read is a row with its reason. Raises OptionError, ModelError, LayerError, MethodError,
    TargetError, StoppedError; OSError where the disk is full.
    """
    made = steps(explainer, folder, rows=rows, outlines=outlines, watch=watch, making=making, **options)
    *_, found = _told(made, seen)
    return found


def steps(
    explainer: Explainer,
    folder: str | Path,
    *,
    rows: str | Path | None = None,
    outlines: str | Path | None = None,
    watch: Watch = NOBODY,
    workers: int | None = None,
    making: Making | None = None,
    **options: Any,
) -> Iterator[Row | Finding | Audit]:
    """What `audit` does, one row after the other, those of an earlier run first; then how far the places are tried; the
    audit itself comes last.

    So many `workers` compute beside each other, None: as many as suit the machine.
    """
    its_own = explainer.with_own_memory(MEGABYTES)
    model = its_own.load(Request.parse(**options).model)
    request = Request.parse(**{**options, "model": model.name})
    if not model.head.shares or model.speech is not None:
        raise ModelError("audit.no_classes", model=model.title)
    place, asked = Path(folder), Asked(request, None if outlines is None else Path(outlines))
    files = listed(place, model.class_index, asked.outlines)
    looker = asked.looker(its_own, workers)
    own = None if rows is not None else mkdtemp(prefix="gradcam-audit-")
    path = Path(rows or "").absolute() if own is None else Path(own) / "rows.parquet"
    try:
        with RowFile(path, made_with(asked, model)) as written:
            yield from _rows(making or partial(_made_here, looker), asked, files, written, watch)
            written.finish([one.name for one in files])
        found = yield from _found(looker, place, path, model.title, len(files), Watch(stop=watch.stop))
    except BaseException:
        if own is not None:
            rmtree(own, ignore_errors=True)
        raise
    if own is not None:
        finalize(found, rmtree, own, ignore_errors=True)
    yield found


def _found(
    looker: Looker, folder: Path, path: Path, title: str, count: int, watch: Watch
) -> Generator[Finding, None, Audit]:
    """What the rows come to; while places are tried, which one."""
    table, request, labels = Table.of(read(path)), looker.request, looker.labels
    there = clusters_of(table, labels)
    clusters = [*there]
    for number, one in enumerate(there[:MOST_TRIED]):
        yield Finding("audit.trying", at=number + 1, count=min(len(there), MOST_TRIED))
        clusters[number] = replace(one, effect=_effect(looker, table, folder, watch, one))
    confusions = confusions_of(looker, table, folder, watch)
    return Audit(folder, path, request, title, labels, table, count, worst_first(clusters), confusions)


def made_with(asked: Asked, model: LoadedModel) -> dict[str, Any]:
    """What rows are made with: those that were made with something else are no rows of this audit."""
    return {
        "request": asked.request.record(),
        "weights": _fingerprint(model.network),
        "labels": blake2b("\n".join(model.labels).encode(), digest_size=16).hexdigest(),
        "outlines": asked.outlines and asked.outlines.name,
    }


def _fingerprint(network: nn.Module) -> str:
    """The same for the same weights: rows of other ones are no rows of this network."""
    digest = blake2b(digest_size=16)
    for name, values in network.state_dict().items():
        digest.update(name.encode())
        # of some quantised parts the state is no tensor, or no bytes
        with suppress(AttributeError, RuntimeError, TypeError):
            digest.update(bytes_of(values))
    return digest.hexdigest()


def _told(made: Iterator[Row | Finding | Audit], seen: Callable[[Row], object] | None) -> Iterator[Audit]:
    """The audit among the steps; `seen` is given the rows."""
    for one in made:
        if isinstance(one, Audit):
            yield one
        elif isinstance(one, Row) and seen is not None:
            seen(one)


def _made_here(looker: Looker, _: Asked, files: Sequence[Listed], written: RowFile) -> Iterator[Row]:
    for row in looker.each(looker.row, files):
        written.add(row)
        yield row


def _rows(making: Making, asked: Asked, files: Sequence[Listed], written: RowFile, watch: Watch) -> Iterator[Row]:
    """A row for each file: those that are still as they were are not looked at again."""
    there = {one.name: one for one in files}
    done: set[str] = set()
    for row in written.kept():
        file = there.get(row.name)
        if file is not None and (row.size_bytes, row.modified, row.truth) == (file.size, file.modified, file.truth):
            if row.name not in done:
                done.add(row.name)
                yield row
        elif file is not None:
            done.discard(row.name)
    watch.at(len(done), len(files))
    missing = [one for one in files if one.name not in done]
    for count, row in enumerate(making(asked, missing, written), 1):
        watch.at(len(done) + count, len(files))
        yield row


def _effect(looker: Looker, table: Table, folder: Path, watch: Watch, cluster: Cluster) -> Effect:
    """What a cluster's place does: hidden in its own photographs and in others, and put into those of other classes."""
    share = float(np.clip(cluster.area, *HIDDEN_AREA))
    strangers = _nearest_strangers(table, cluster.index)

    def explained(place: int, **asked: Any) -> Explanation:
        return looker.answer(folder / table.names[place], **asked)

    def taken(place: int) -> float:
        explanation = explained(place)
        return explanation.target.probability - looker.without(explanation, cluster.spot, share)

    def put(pair: tuple[int, int]) -> float:
        into, out_of = pair
        # how probable the class is there beforehand, the explanation of that class says
        return looker.put(explained(into, target=cluster.index), explained(out_of), cluster.spot, share)

    def pairs(drawn: Indices) -> Iterator[tuple[int, int]]:
        return zip(map(int, strangers), map(int, np.resize(drawn, len(strangers))), strict=True)

    def tried(ask: Callable[[Any], float], given: Iterable[Any]) -> NDArray[np.float64]:
        return np.array(list(looker.each(ask, given)) or [0.0])

    there, elsewhere = (tried(taken, map(int, drawn)) for drawn in (cluster.own, cluster.others))
    watch.at(1, 2)
    hidden = _surely(there, elsewhere)
    # a place that is of no more use there than elsewhere is not tried any further
    if hidden <= 0 or not len(strangers) or not len(cluster.others):
        return Effect(float(there.mean()), float(elsewhere.mean()), hidden)
    added, by_chance = (tried(put, pairs(drawn)) for drawn in (cluster.own, cluster.others))
    watch.at(2, 2)
    surely = min(hidden, _surely(added, by_chance))
    return Effect(float(there.mean()), float(elsewhere.mean()), surely, float(added.mean()), float(by_chance.mean()))


def _surely(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """How much larger the average of `one` is, without what chance may do to it."""
    return float(one.mean() - other.mean() - np.sqrt(one.var() / len(one) + other.var() / len(other)))


def _nearest_strangers(table: Table, index: int) -> Indices:
    """Photographs of other classes: first those for which this one comes second, the least sure ones first."""
    strangers = np.flatnonzero(table.index != index)
    unlike = table.second[strangers] != index
    return strangers[np.lexsort((table.probability[strangers], unlike))][:TRIED]
