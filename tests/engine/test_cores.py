"""Pieces are computed beside each other where cores are free, in order, and the same as one after the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path
from threading import Barrier, Event, current_thread, get_ident

import pytest
import torch
from torch import Tensor, nn

from gradcam_core.engine import cores as spare_cores
from gradcam_core.engine.chunks import in_chunks
from gradcam_core.engine.cores import SpareCores
from gradcam_core.engine.watch import Watch
from gradcam_core.errors import StoppedError

CPU = torch.device("cpu")
# seconds; reached only where a test fails
LONG = 30


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spare_cores, "cores", lambda: 4)


def test_pieces_are_computed_at_the_same_time_and_returned_in_order() -> None:
    together = Barrier(4)

    def compute(piece: int) -> tuple[int, int]:
        together.wait(LONG)
        return piece, get_ident()

    with SpareCores(CPU) as cores:
        found = cores.some(compute, range(10))
    assert [piece for piece, _ in found] == [0, 1, 2, 3]
    assert found[0][1] == get_ident()
    assert len({thread for _, thread in found}) == 4


def test_other_devices_get_one_piece_after_the_other_in_the_thread_that_asks() -> None:
    with SpareCores(torch.device("cuda")) as cores:
        assert cores.some(lambda piece: (piece, get_ident()), range(7, 10)) == [(7, get_ident())]


def test_who_comes_later_gets_what_is_left_and_at_least_one() -> None:
    inside, leave = Barrier(4), Event()

    def occupy(_: int) -> None:
        inside.wait(LONG)
        assert leave.wait(LONG)

    def ask() -> list[int]:
        with SpareCores(CPU) as cores:
            return cores.some(lambda piece: piece, range(10))

    with ThreadPoolExecutor(1) as pool, SpareCores(CPU) as cores:
        # three of the four, and one for whoever asks
        occupied = pool.submit(cores.some, occupy, range(3))
        inside.wait(LONG)
        try:
            assert ask() == [0]
        finally:
            leave.set()
        occupied.result(LONG)
    assert ask() == [0, 1, 2, 3]


@pytest.mark.parametrize("broken", [0, 2])
def test_an_error_waits_for_the_others_and_frees_the_cores(broken: int) -> None:
    ended: list[int] = []
    going = Event()

    def compute(piece: int) -> int:
        if piece == broken:
            going.set()
            raise ValueError(f"piece {piece}")
        assert going.wait(LONG)
        ended.append(piece)
        return piece

    with SpareCores(CPU) as cores:
        with pytest.raises(ValueError, match=f"piece {broken}"):
            cores.some(compute, range(4))
        assert sorted(ended) == [piece for piece in range(4) if piece != broken]
        assert cores.some(lambda piece: piece, range(9)) == [0, 1, 2, 3]


def test_pieces_see_the_context_of_whoever_asks() -> None:
    who: ContextVar[str] = ContextVar("who", default="nobody")
    who.set("this test")
    with SpareCores(CPU) as cores:
        assert cores.some(lambda _: (who.get(), current_thread().name)[0], range(4)) == ["this test"] * 4


def test_chunks_beside_each_other_give_what_they_give_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 49, 5))
    inputs, seen = torch.randn(23, 3, 9, 9), []
    watch = Watch(lambda *at: seen.append(at))
    beside = in_chunks(lambda part: network(inputs[part]), 23, size=4, device=CPU, watch=watch)
    monkeypatch.setattr(spare_cores, "cores", lambda: 1)
    alone = in_chunks(lambda part: network(inputs[part]), 23, size=4, device=CPU)
    assert torch.equal(beside, alone)
    # each chunk is told, as if they came one after the other
    assert seen == [(done, 23) for done in (*range(0, 23, 4), 23)]


def test_out_of_memory_in_one_chunk_halves_all() -> None:
    def compute(part: slice) -> Tensor:
        if part.stop - part.start > 2 and part.start >= 8:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return torch.arange(20)[part]

    assert in_chunks(compute, 20, size=4, device=CPU).tolist() == list(range(20))


def test_stopping_ends_all_of_them() -> None:
    stop, computed = Event(), []

    def compute(part: slice) -> Tensor:
        computed.append(part.start)
        stop.set()
        return torch.arange(100)[part]

    with pytest.raises(StoppedError, match="after 1 of 100"):
        in_chunks(compute, 100, size=1, device=CPU, watch=Watch(stop=stop))
    assert sorted(computed) == [0, 1, 2, 3]


def test_cores_are_shared_by_torchs_own_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(spare_cores, "allowed_cores", lambda: 8)
    for threads, expected in ((1, 8), (3, 2), (8, 1), (16, 1)):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        assert spare_cores.cores() == expected


@pytest.mark.parametrize(
    ("files", "allowed"),
    [
        ({}, 8),
        ({"cpu.max": "max 100000\n"}, 8),
        ({"cpu.max": "200000 100000\n"}, 2),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "10000 100000\n"}, 1),
        ({"cpu.max": "6400000 100000\n"}, 8),
        ({"cpu.max": "nonsense\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4),
    ],
)
def test_a_containers_share_of_the_machine_counts(
    files: dict[str, str], allowed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(spare_cores, "GROUPS", tmp_path)
    monkeypatch.setattr(spare_cores.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert spare_cores.allowed_cores() == allowed
