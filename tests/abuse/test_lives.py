"""Servers that end, by request or by force, and two that share one place."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

import app
from tests.forks import ROOT
from tests.pictures import photo

from .conftest import Start, free_port, named

# what runs the network is no part of these lives: proving a graph takes longer than all else of a start
TORCH = ("--engine", "torch")


def files(place: Path) -> list[Path]:
    return [path for path in place.rglob("*") if path.is_file() and not path.name.startswith(".")]


def test_servers_that_share_a_place_delete_what_the_dead_left_and_nothing_else(start: Start, tmp_path: Path) -> None:
    one = start(*TORCH, uploads=tmp_path)
    path = one.upload(photo("JPEG"))
    # its upload, and the examples that its page shows
    ones = files(tmp_path)
    other = start(*TORCH, uploads=tmp_path)
    other.upload(photo("JPEG"))
    # politely: its own goes with it, while a costly question runs
    with other.http as http:
        slow = [named(other.upload(photo("JPEG"))), "efficientnet_lite0", "auto", "auto", "scorecam"]
        event = http.post("call/explain", json={"data": slow}).json()["event_id"]
        with http.stream("GET", f"call/explain/{event}"):
            begin = time.monotonic()
            other.process.send_signal(signal.SIGTERM)
            assert other.process.wait(40) == 0
    assert time.monotonic() - begin < 20
    assert "Traceback" not in other.log.read_text()
    assert Path(path) in ones
    assert files(tmp_path) == ones
    assert one.call("explain", named(path)).error is None
    # by force: the next server takes it away
    one.process.send_signal(signal.SIGKILL)
    one.process.wait()
    left = files(tmp_path)
    assert set(ones) < set(left)
    third = start(*TORCH, uploads=tmp_path)
    assert not set(files(tmp_path)) & set(left)
    assert third.call("explain", named(path)).error is not None


def test_a_server_that_is_ended_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(free_port()), *TORCH],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "GRADIO_TEMP_DIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    limit = time.monotonic() + 120
    while not list(tmp_path.glob("server-*")) and time.monotonic() < limit and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    try:
        said, _ = process.communicate(timeout=180)
    finally:
        process.kill()
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert files(tmp_path) == []


def test_a_signal_that_python_drops_while_the_server_starts_ends_it_before_it_serves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is raised while Python cleans up behind something, such as in a weak reference's callback, is dropped."""

    class Dropping:
        def __del__(self) -> None:
            app._interrupt(signal.SIGINT, None)

    @contextmanager
    def computing(_options: object) -> Iterator[tuple[object, ...]]:
        Dropping()
        yield None, None, None, lambda: None

    monkeypatch.setattr(app, "computing", computing)
    monkeypatch.setattr(app, "_interrupted", Event())
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setattr("gradcam_core.ui.build", lambda *_, **__: None)
    monkeypatch.setattr("gradcam_core.ui.serve", lambda *_, **__: pytest.fail("it serves"))
    monkeypatch.setattr("sys.argv", ["app.py", "--port", str(free_port())])
    with pytest.raises(KeyboardInterrupt):
        app.serve(app.chosen())
