"""Killed without any warning, at the worst moments: nothing looks whole that is not, and what was done is kept."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from PIL import Image

from gradcam_core import Audit, Watch, audit
from tests import forks
from tests.helpers import noise
from tests.serving.cluster.test_rows import opened

from .killed import FIRST, MOMENTS

COUNT = 9


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """What nobody killed."""
    folder = tmp_path_factory.mktemp("photographs")
    for number in range(COUNT):
        Image.fromarray(noise(64, 64, number)).save(folder / f"{number}.png")
    return audit(opened(), folder, model="own")


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_was_killed_goes_on_and_comes_to_the_same(whole: Audit, tmp_path: Path, moment: str) -> None:
    rows, out = tmp_path / "rows.parquet", tmp_path / "audit.html"
    done = forks.run("tests.folders.killed", str(whole.folder), str(rows), str(out), moment)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not out.exists()
    # it is the file of all rows as soon as it is there
    assert rows.exists() == (moment in ("before the parts are gone", "in the report"))
    told: list[int] = []
    again = audit(opened(), whole.folder, model="own", rows=rows, watch=Watch(lambda done, count: told.append(done)))
    # one row may wait for the next one to be written
    done = {"between rows": FIRST, "in a part": FIRST - 1}.get(moment, COUNT)
    assert told[0] == done
    assert list(again.rows()) == list(whole.rows())
    again.report(out)
    assert {path.name for path in tmp_path.iterdir()} == {rows.name, out.name}
