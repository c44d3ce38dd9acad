"""The converted graph: equal values, many at once, several threads, and not a word to any host."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from gradcam_core.engine import front as fronts
from gradcam_core.engine.front import Front
from gradcam_core.engine.graph import Graph

from .networks import SIZE, SOUND, Plain, Residual, converted_here, given_of, inputs, layers_of, pick, truth

pytest.importorskip("openvino")


def converted(network: nn.Module, folder: Path) -> tuple[Graph, Front]:
    graph = converted_here(network, given_of(network), layers_of(network), folder, scores=pick)
    return graph, Front.read(folder, graph, threads=1)


@pytest.mark.parametrize("kind", SOUND)
def test_all_values_are_those_of_the_network(kind: type[nn.Module], tmp_path: Path) -> None:
    network = kind()
    graph, front = converted(network, tmp_path)
    values = front.run(given_of(network))
    assert set(values) == set(graph.values)
    scores, expected = truth(network, given_of(network), layers_of(network), torch.ones(()))
    torch.testing.assert_close(values[graph.scores], scores)
    for layer, (output, _) in expected.items():
        torch.testing.assert_close(values[graph.layers[layer]], output)


def test_an_answer_is_not_written_to_by_the_next_one(tmp_path: Path) -> None:
    _, front = converted(Residual(), tmp_path)
    first = front.run(inputs())
    before = {name: value.clone() for name, value in first.items()}
    front.run(-inputs())
    assert all(torch.equal(first[name], before[name]) for name in before)


def test_many_inputs_are_scored_in_their_order(tmp_path: Path) -> None:
    network = Plain()
    _, front = converted(network, tmp_path)
    batch = torch.randn(7, 3, SIZE, SIZE)
    torch.testing.assert_close(front.scores(batch), network(batch))
    # what is a view of something else
    torch.testing.assert_close(front.scores(batch.flip(0)[::2]), network(batch.flip(0)[::2]))


def test_threads_get_their_own_answers(tmp_path: Path) -> None:
    network = Plain()
    graph, front = converted(network, tmp_path)
    batch = torch.randn(64, 3, SIZE, SIZE)
    expected = network(batch)

    def ask(part: Tensor) -> Tensor:
        return front.run(part)[graph.scores]

    with ThreadPoolExecutor(8) as pool:
        found = torch.cat(list(pool.map(ask, batch.split(1))))
    torch.testing.assert_close(found, expected)


SHUT = """
import socket, sys, urllib.request
asked = []
class Shut(socket.socket):
    def connect(self, address):
        asked.append(address)
        raise OSError("shut")
    connect_ex = connect
socket.socket = Shut
socket.create_connection = lambda *a, **k: Shut().connect(a)
socket.getaddrinfo = lambda *a, **k: (asked.append(a), (_ for _ in ()).throw(OSError("shut")))[1]
from pathlib import Path
from tests.engine.networks import Plain, converted_here, inputs
from gradcam_core.engine.front import Front
network, folder = Plain(), Path(sys.argv[1])
graph = converted_here(network, inputs(), Plain.LAYERS, folder)
Front.read(folder, graph).run(inputs())
import time
# what reports does so in a thread or a process of its own
time.sleep(1)
assert not asked, asked
assert not any(name.startswith("openvino_telemetry.") for name in sys.modules)
print("silent")
"""


def test_nobody_is_told_of_anything(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SHUT, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "silent", done.stderr[-2000:]


def test_where_the_engine_is_missing_it_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for cached in (fronts.engine_missing, fronts._core, fronts._openvino):
        cached.cache_clear()
    # an import of what is None fails
    monkeypatch.setitem(sys.modules, "openvino", None)
    try:
        with caplog.at_level("INFO", fronts.__name__):
            assert "OpenVINO cannot be loaded" in str(fronts.engine_missing())
            assert fronts.engine_missing()
        assert len(caplog.records) == 1
    finally:
        for cached in (fronts.engine_missing, fronts._core, fronts._openvino):
            cached.cache_clear()


def test_a_processor_that_it_does_not_know_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class Core:
        available_devices = ("GPU",)

    fronts.engine_missing.cache_clear()
    monkeypatch.setattr(fronts, "_core", Core)
    try:
        assert "processor" in str(fronts.engine_missing())
    finally:
        fronts.engine_missing.cache_clear()
