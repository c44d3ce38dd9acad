"""What an audit costs behind its rows: groups, points and the report. `python -m tests.benchmarks.many_rows`

    python -m tests.benchmarks.many_rows [--counts 1000 10000 50000] [--classes 80] [--keep FOLDER]

The rows are made up, so that no photograph has to be computed: maps of 7 x 7 places with evidence somewhere near the
middle, of the first class a tenth in a corner, and thumbnails of noise. Each count runs in a process of its own, whose
memory is what its report took. `--keep` leaves the reports there, to be opened in a browser.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from gradcam_core.folders import Audit, Row
from gradcam_core.folders.clusters import clusters_of
from gradcam_core.folders.rows import RowFile, read
from gradcam_core.folders.table import Table
from gradcam_core.request import Request

# cells of a made-up map's side, pixels of a thumbnail's, and how many different thumbnails there are
SIDE, PIXELS, THUMBNAILS = 7, 96, 64
MARKED = 0.1


def _thumbnails(dice: np.random.Generator) -> list[bytes]:
    made = []
    for _ in range(THUMBNAILS):
        file = BytesIO()
        coarse = Image.fromarray(dice.integers(0, 256, (12, 12, 3), np.uint8))
        coarse.resize((PIXELS, PIXELS)).save(file, "JPEG", quality=80)
        made.append(file.getvalue())
    return made


def made_up(count: int, classes: int) -> Iterator[Row]:
    """Rows as an audit has them, by name."""
    dice = np.random.default_rng(0)
    thumbnails = _thumbnails(dice)
    y, x = np.mgrid[:SIDE, :SIDE] / (SIDE - 1)
    for number in range(count):
        index = number % classes
        marked = index == 0 and dice.random() < MARKED
        middle = (0.0, 0.0) if marked else np.clip(dice.normal(0.5, 0.18, 2), 0, 1)
        cam = np.exp(-((y - middle[0]) ** 2 + (x - middle[1]) ** 2) / 0.05) + dice.random((SIDE, SIDE)) * 0.2
        sure = float(dice.uniform(0.3, 0.99))
        truth = index if dice.random() < 0.8 else (index + 1) % classes
        yield Row(
            name=f"{number:06}.jpg", width=500, height=375, truth=truth, truth_label=f"class {truth}", index=index,
            label=f"class {index}", probability=sure, right=truth == index, second=(index + 1) % classes,
            second_label=f"class {(index + 1) % classes}", margin=sure - 0.1, concentration=0.6, centre_x=0.5,
            centre_y=0.5, border_share=0.2, border_place="top", hidden=sure / 2, effect=sure / 2,
            map=tuple(cam.ravel().astype(float)), map_height=SIDE, map_width=SIDE, left=0.0, top=0.0, right_edge=1.0,
            bottom=1.0, thumbnail=thumbnails[number % THUMBNAILS],
        )  # fmt: skip


def one(count: int, classes: int, place: Path) -> None:
    """Print what the steps behind the rows took."""
    path = place / f"{count}.parquet"
    with RowFile(path, {}) as rows:
        names = []
        for row in made_up(count, classes):
            rows.add(row)
            names.append(row.name)
        rows.finish(names)
    labels = [f"class {index}" for index in range(classes)]
    begun = time.perf_counter()
    table = Table.of(read(path))
    read_in = time.perf_counter()
    found = clusters_of(table, labels)
    grouped = time.perf_counter()
    audit = Audit(place, path, Request(), "made up", tuple(labels), table, count, found, ())
    report = audit.report(place / f"{count}.html", language="en")
    written = time.perf_counter()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"| {count:,} | {classes:,} | {len(found):,} | {read_in - begun:.1f} | {grouped - read_in:.1f}"
        f" | {written - grouped:.1f} | {1000 * (written - begun) / count:.1f} | {report.stat().st_size / 1e6:.0f}"
        f" | {most:,.0f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 10_000, 50_000])
    parser.add_argument("--classes", type=int, nargs="+", default=[80])
    parser.add_argument("--keep", type=Path, help="where the reports and their rows stay")
    options = parser.parse_args()
    print("| rows | classes | groups | read, s | grouped, s | report, s | ms a row | report, MB | memory at most, MB |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    # begun anew: what a forked one inherits counts as its own memory
    begin = multiprocessing.get_context("spawn").Process
    with tempfile.TemporaryDirectory() as place:
        for classes in options.classes:
            where = (options.keep or Path(place)) / f"{classes}"
            where.mkdir(parents=True, exist_ok=True)
            for count in options.counts:
                process = begin(target=one, args=(count, classes, where))
                process.start()
                process.join()
                if process.exitcode:
                    sys.exit(process.exitcode)


if __name__ == "__main__":
    main()
