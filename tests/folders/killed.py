"""An audit that kills its own process, as a machine that runs out of memory does, at one of the `MOMENTS`.

python -m tests.folders.killed FOLDER ROWS OUT MOMENT
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow.parquet

from gradcam_core import Watch, audit
from gradcam_core.folders import report
from gradcam_core.folders import rows as rows_module
from tests.serving.cluster.test_rows import opened

MOMENTS = ("between rows", "in a part", "in the file of all", "before the parts are gone", "in the report")
# rows before that
FIRST = 4


def die(*_: object) -> Any:
    """End at once, without any clean-up."""
    os.kill(os.getpid(), signal.SIGKILL)


def half_a_part(times: list[int]) -> Any:
    """Writes parts, and of the last one only half."""
    write = pyarrow.parquet.write_table

    def written(table: Any, path: Path, **options: Any) -> None:
        write(table, path, **options)
        times.append(1)
        if len(times) == FIRST:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
            die()

    return written


def some_parts(folder: Path) -> None:
    """Delete one of the parts only."""
    next(iter(folder.glob("*.parquet"))).unlink()
    die()


def half_a_report(_: object) -> Iterator[str]:
    """Something of it is on the disk by then."""
    yield "<p>" * 100_000
    die()


def progress(done: int, count: int) -> None:
    if done == FIRST:
        die()


def main(folder: Path, rows: Path, out: Path, moment: str) -> None:
    watch = Watch(progress) if moment == "between rows" else Watch()
    patches = {
        "between rows": (),
        "in a part": (pyarrow.parquet, "write_table", half_a_part([])),
        "in the file of all": (rows_module, "_taken", die),
        "before the parts are gone": (shutil, "rmtree", some_parts),
        "in the report": (report, "_rows", half_a_report),
    }[moment]
    with patch("gradcam_core.folders.rows.PART_SECONDS", 0.0):
        if patches:
            setattr(*patches)
        audit(opened(), folder, model="own", rows=rows, watch=watch).report(out)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]), sys.argv[4])
