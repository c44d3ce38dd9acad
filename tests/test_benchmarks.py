"""The benchmarks run and print all their rows; their figures are nobody's test."""

from __future__ import annotations

import json
import time
from pathlib import Path

import torch

from tests.benchmarks import costly, maps
from tests.benchmarks.timing import Row, interleaved, quartiles, ratio, table

from . import forks
from .helpers import SmallNetwork


def test_quick_run_prints_every_row(tmp_path: Path) -> None:
    kept = tmp_path / "rows.json"
    done = forks.run("tests.benchmarks", "--quick", "--json", str(kept), seconds=1200)
    assert done.returncode == 0, done.stderr
    rows = json.loads(kept.read_text())["rows"]
    assert len([line for line in done.stdout.splitlines() if line.startswith("| ")]) == len(rows) + 1
    found = {(row["work"], row["who"]) for row in rows}
    assert {(work, who) for work in maps.REACH for who in (maps.OURS, *maps.PEERS)} <= found
    assert all(row["value"] is not None for row in rows), rows
    works = " ".join(row["work"] for row in rows)
    for part in (
        "12-megapixel",
        "memory",
        "over HTTP",
        "16 clients",
        "wrong maps",
        "start to",
        "first click",
        "megapixels",
        "held",
        "at once",
    ):
        assert part in works


def test_default_layer_prints_a_table_for_a_folder(tmp_path: Path) -> None:
    done = forks.run("tests.benchmarks.default_layer", str(tmp_path), "--models", "efficientnet_lite0", seconds=300)
    assert done.returncode == 0, done.stderr
    assert "at least four classes are needed" in done.stdout


def test_ratios_are_medians_over_medians() -> None:
    assert ratio([1.0, 2.0, 3.0], [2.0, 9.0, 4.0]) == (0.375, 0.5, 0.625)
    assert quartiles([7.0]) == (7.0, 7.0, 7.0)
    calls: list[str] = []
    seconds = interleaved({name: lambda name=name: calls.append(name) for name in "ab"}, 3)
    assert {name: len(found) for name, found in seconds.items()} == {"a": 3, "b": 3}
    assert sorted(calls) == ["a"] * 4 + ["b"] * 4


def test_table_says_what_was_reached_and_what_was_not_measured() -> None:
    text = table([Row("w", "m", "us", 0.5, 0.4, 0.6, reach=1), Row("v", "m", "peer", None, note="failed: X")])
    assert "| w | m | us | 0.5 | 0.4 to 0.6 | forwards | at most 1 | yes |" in text
    assert "| v | m | peer | failed: X |" in text


def test_costly_methods_are_timed_against_every_peer() -> None:
    network, inputs = SmallNetwork(), torch.rand(1, 3, 32, 32)

    def mine(key: str, target: int) -> costly.Work:
        return costly.ours(key, network, network.last, inputs, target)

    rows = costly.measure(network, mine, "last", inputs, 1, time.perf_counter, "small")
    assert [row.who for row in rows] == [who for peers in costly.PEERS.values() for who in (costly.OURS, *peers)]
    assert all(row.value is not None and row.value > 0 for row in rows)
    found = costly.chunks(network, torch.rand(1, 3, 32, 32), 1, time.perf_counter)
    assert sorted(found) == [1, 2, 4, 8, 16, 32]
    # captum ablates as the paper does
    assert float(rows[-1].work.split()[-1]) < 1e-5
