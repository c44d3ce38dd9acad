"""A folder's rows made by workers: those of the audit itself, written by whoever made them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gradcam_core import Explainer, audit
from gradcam_core.folders.audit import Asked
from gradcam_core.folders.listing import Listed
from gradcam_core.folders.rows import Row, RowFile, read
from gradcam_core.serving.cluster.rows import Worker, tasks_of
from tests.helpers import SmallNetwork, noise, small_spec

SIDE = 64


def opened(seed: int = 0) -> Explainer:
    """What a worker opens, the same weights for the same seed."""
    network = SmallNetwork(seed=seed)
    explainer = Explainer(device="cpu", engine="torch")
    transform = small_spec("own", network, size=SIDE).preprocessing()
    explainer.add_model("own", network, labels=[f"class {number}" for number in range(6)], transform=transform)
    return explainer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine photographs, and a file that is none."""
    place = tmp_path_factory.mktemp("photographs")
    for number in range(9):
        Image.fromarray(noise(SIDE, SIDE, number)).save(place / f"{number}.png")
    (place / "broken.jpg").write_bytes(b"nothing")
    return place


def by_workers(
    asked: Asked, files: Sequence[Listed], written: RowFile, *, weights: int = 0, most: int = 100
) -> Iterator[Row]:
    """What Ray does, in this process, by two workers in turn and in another order."""
    workers = [Worker(partial(opened, weights), asked, written) for _ in range(2)]
    tasks = list(tasks_of(files, 2, written))
    assert len(tasks) > 2
    for turn, task in enumerate(tasks[::-1][:most]):
        told = workers[turn % 2](task)
        if told["same"]:
            yield from read(written.part(told["number"]))
    assert not any(written.part(0).parent.glob("*.unfinished"))


def test_rows_of_workers_are_those_of_the_audit_itself(folder: Path, tmp_path: Path) -> None:
    here = audit(opened(), folder, model="own", rows=tmp_path / "here.parquet")
    seen: list[str] = []
    there = audit(
        opened(),
        folder,
        model="own",
        rows=tmp_path / "there.parquet",
        making=by_workers,
        seen=lambda row: seen.append(row.name),
    )
    assert list(there.rows()) == list(here.rows())
    assert sorted(seen) == [row.name for row in here.rows()]
    assert seen != sorted(seen)
    assert np.array_equal(there.table.maps, here.table.maps)


def test_what_workers_have_written_is_not_made_again(folder: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.parquet"

    def lost(asked: Asked, files: Sequence[Listed], written: RowFile) -> Iterator[Row]:
        yield from by_workers(asked, files, written, most=2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        audit(opened(), folder, model="own", rows=rows, making=lost)
    told: list[int] = []

    def counted(asked: Asked, files: Sequence[Listed], written: RowFile) -> Iterator[Row]:
        told.append(len(files))
        yield from by_workers(asked, files, written)

    found = audit(opened(), folder, model="own", rows=rows, making=counted)
    assert 0 < told[0] < 10
    assert len(list(found.rows())) == 10


def test_a_worker_with_other_weights_writes_nothing(folder: Path, tmp_path: Path) -> None:
    found = audit(opened(), folder, model="own", rows=tmp_path / "rows.parquet", making=partial(by_workers, weights=1))
    assert list(found.rows()) == []
