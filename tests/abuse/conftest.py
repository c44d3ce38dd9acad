"""A real `app.py` in a process of its own, with its own folder for uploads, and what it took to answer.

`server` is one such process for all tests, `start` makes more of them with options of their own:

    path = server.upload(content, "cat.jpg")
    with server.spending() as spent:
        answer = server.call("explain", named(path))
    assert answer.error == "..."
    assert spent.megabytes < 500
"""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import forks
from tests.pictures import photo

# of a start on a busy machine
START_SECONDS = 180
# of a request: what a test allows, it checks itself
ANSWER_SECONDS = 120
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """What an endpoint answered: `data`, or the sentence in `error`; an `error` of None beside no data is a fault."""

    data: list[Any] | None
    error: str | None


@dataclass
class Spent:
    """What the server took within `Server.spending`: memory above what it held before, and time."""

    megabytes: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class Server:
    """One running app: where it listens, its process, where uploads and what it writes land."""

    url: str
    process: forks.Process
    uploads: Path
    log: Path

    @property
    def http(self) -> httpx.Client:
        """A new client; use it as a context manager."""
        return httpx.Client(base_url=f"{self.url}/gradio_api/", timeout=ANSWER_SECONDS)

    def upload(self, content: bytes, name: str = "photograph.jpg") -> str:
        """Hand in a file; returns the path under which requests name it."""
        with self.http as http:
            (path,) = http.post("upload", files={"files": (name, content)}).raise_for_status().json()
        return str(path)

    def call(self, endpoint: str, *data: Any, **body: Any) -> Answer:
        """Ask an endpoint as curl does, by two requests; `body` may hold a session_hash."""
        with self.http as http:
            posted = http.post(f"call/{endpoint}", content=json.dumps({"data": data, **body}), headers=JSON)
            if posted.status_code != httpx.codes.OK:
                return Answer(None, posted.text)
            return self.result(endpoint, posted.json()["event_id"])

    def result(self, endpoint: str, event: str) -> Answer:
        """Wait for what was asked for before under this number."""
        name = ""
        with self.http as http, http.stream("GET", f"call/{endpoint}/{event}") as stream:
            for line in stream.iter_lines():
                kind, _, rest = line.partition(": ")
                if kind == "event":
                    name = rest
                elif kind == "data" and name in {"complete", "error"}:
                    found = json.loads(rest)
                    if name == "complete":
                        return Answer(found, None)
                    return Answer(None, found.get("error") if isinstance(found, dict) else found)
        return Answer(None, None)

    @property
    def megabytes(self) -> float:
        """Memory that the process holds now."""
        return self._status("VmRSS")

    @contextmanager
    def spending(self) -> Iterator[Spent]:
        """Tell afterwards what the block took: the process's peak above what it held before, and the seconds."""
        spent = Spent()
        # the kernel starts counting the peak anew
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        rest, start = self.megabytes, time.perf_counter()
        try:
            yield spent
        finally:
            spent.megabytes = self._status("VmHWM") - rest
            spent.seconds = time.perf_counter() - start

    def _status(self, name: str) -> float:
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
        assert found is not None, "the server has ended"
        return int(found[1]) / 1024

    def end(self) -> None:
        """End it as a service manager does: first politely, then for certain."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def named(path: str) -> dict[str, Any]:
    """How a request names a file that was handed in."""
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


Start = Callable[..., Server]


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """`start("--mcp", uploads=folder, SPACE_ID="...")` serves the app with these options and variables."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("the peak of a process's memory is read from /proc")
    started: list[Server] = []

    def serve(*options: str, uploads: Path | None = None, **variables: str) -> Server:
        folder = tmp_path_factory.mktemp("server")
        uploads = uploads or folder / "uploads"
        port = free_port()
        settings = {"GRADIO_TEMP_DIR": str(uploads), "GRADIO_ANALYTICS_ENABLED": "False"}
        environment = {**os.environ, **settings, **variables}
        words = ["--port", str(port), *options]
        process = forks.start("app.py", *words, output=folder / "log", environment=environment)
        server = Server(f"http://127.0.0.1:{port}", process, uploads, folder / "log")
        started.append(server)
        _await(server)
        return server

    yield serve
    for server in started:
        server.end()


def _await(server: Server) -> None:
    """Wait for the first page."""
    limit = time.perf_counter() + START_SECONDS
    while server.process.poll() is None and time.perf_counter() < limit:
        with suppress(httpx.HTTPError):
            httpx.get(server.url, timeout=10).raise_for_status()
            return
        time.sleep(0.05)
    raise RuntimeError(f"the app did not start: {server.log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def _shared(start: Start) -> Server:
    server = start("--mcp", "--own-models")
    _settle(server)
    return server


def _settle(server: Server) -> None:
    """Wait until the engine is decided: what is prepared beside the first answers is no test's memory."""
    limit = time.perf_counter() + START_SECONDS
    for width in itertools.count(40):
        # a photograph that was seen before keeps the engine of its first answer
        answer = server.call("explain", named(server.upload(photo(width=width))))
        assert answer.data is not None, answer.error
        if answer.data[2]["engine"] == "openvino":
            return
        assert time.perf_counter() < limit, "the engine was not decided"
        # each question takes time from what decides
        time.sleep(3)


@pytest.fixture
def server(_shared: Server) -> Iterator[Server]:
    """The app with all that it serves, shared by all tests; it must live on after each, and log no traceback.

    No file is left beside the folders of uploads: whoever handed it in can name it no more, and nobody deletes it.
    """
    before = _shared.log.stat().st_size
    yield _shared
    until = time.monotonic() + 20
    while loose := [path for path in _shared.uploads.glob("server-*/*") if path.is_file() and path.name[0] != "."]:
        assert time.monotonic() < until, loose
        time.sleep(0.2)
    assert _shared.process.poll() is None, f"the server ended: {_shared.log.read_text()[-2000:]}"
    written = _shared.log.read_bytes()[before:].decode(errors="replace")
    assert "Traceback" not in written, written
