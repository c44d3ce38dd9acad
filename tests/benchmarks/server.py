"""The app as it is served, over HTTP on localhost: start, clicks, switches, many clients at once."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from gradcam_core import Explainer
from gradcam_core.request import AUTO

from .timing import Row, quartiles
from .whole import jpeg

ROOT = Path(__file__).parents[2]
MODEL = "efficientnet_lite0"
WAIT_SECONDS = 300
CLIENTS = 16
# the address of an app that runs, and the seconds until its first page
Served = tuple[str, float]


class Page:
    """One visitor: knows the page's own event from its configuration and asks as the browser does."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = uuid.uuid4().hex
        config = json.loads(self._get("config"))
        ids = {part["props"].get("elem_id"): part["id"] for part in config["components"]}
        self.trigger = ids["counterfactual"]
        self.event = next(
            dependency
            for dependency in config["dependencies"]
            if [self.trigger, "input"] in [list(target) for target in dependency["targets"]]
            and ids["stage"] in dependency["outputs"]
        )
        self.stage, self.menu = (self.event["outputs"].index(ids[name]) for name in ("stage", "layer"))
        initial = {part["id"]: part["props"].get("value") for part in config["components"]}
        self.controls = [initial[number] for number in self.event["inputs"]]
        names = ("photograph", "model", "layer", "target", "counterfactual")
        self.place = {name: self.event["inputs"].index(ids[name]) for name in names}
        self.layer = initial[ids["layer"]]

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"{self.url}/{path}", timeout=WAIT_SECONDS) as answer:  # noqa: S310
            return answer.read()

    def _post(self, path: str, body: bytes, kind: str = "application/json") -> Any:
        request = urllib.request.Request(f"{self.url}/gradio_api/{path}", body, {"Content-Type": kind})  # noqa: S310
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:  # noqa: S310
            return json.loads(answer.read())

    def _messages(self) -> Iterator[dict[str, Any]]:
        """What the server tells this visitor, until it ends the stream."""
        path = f"{self.url}/gradio_api/queue/data?session_hash={self.session}"
        with urllib.request.urlopen(path, timeout=WAIT_SECONDS) as stream:  # noqa: S310
            for line in stream:
                if line.startswith(b"data:"):
                    yield json.loads(line[5:])

    def upload(self, data: bytes) -> dict[str, Any]:
        edge = uuid.uuid4().hex
        head = f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n'
        body = f"{head}Content-Type: image/jpeg\r\n\r\n".encode() + data + f"\r\n--{edge}--\r\n".encode()
        (path,) = self._post("upload", body, f"multipart/form-data; boundary={edge}")
        return {"path": path, "meta": {"_type": "gradio.FileData"}, "orig_name": "a.jpg"}

    def _controls(self, file: dict[str, Any], target: str, against: bool) -> list[Any]:
        """The values of all controls as the page starts, but for those that are asked with."""
        values = list(self.controls)
        asked = (file, MODEL, self.layer, target, "against" if against else "for")
        for name, value in zip(self.place, asked, strict=True):
            values[self.place[name]] = value
        return values

    def ask(self, file: dict[str, Any], target: str = "auto", against: bool = False) -> dict[str, Any]:
        """One change on the page, through the queue as the browser sends it; the completed event."""
        data = self._controls(file, target, against)
        body = {
            "data": data, "event_data": None, "fn_index": self.event["id"], "trigger_id": self.trigger,
            "session_hash": self.session,
        }  # fmt: skip
        self._post("queue/join", json.dumps(body).encode())
        for message in self._messages():
            if message.get("msg") == "process_completed":
                if not message["success"]:
                    raise RuntimeError(str(message["output"]))
                # the menu has changed with the first answer, as in the browser
                self.layer = message["output"]["data"][self.menu].get("value", self.layer)
                return message
        raise RuntimeError("the server closed the stream before the answer came")

    def direct(self, file: dict[str, Any], target: str, against: bool = False) -> dict[str, Any]:
        """The same without the queue."""
        data = self._controls(file, target, against)
        body = {"data": data, "fn_index": self.event["id"], "trigger_id": self.trigger, "session_hash": self.session}
        return self._post("run/predict", json.dumps(body).encode())

    def values(self, completed: dict[str, Any]) -> np.ndarray:
        """The raw map out of an answer."""
        change = completed.get("output", completed)["data"][self.stage]
        answer = change["props"]["answer"]
        return np.frombuffer(base64.b64decode(answer["values"]), "<f4").reshape(answer["rows"], answer["columns"])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(engine: str = AUTO, cache: Path | None = None) -> Iterator[Served]:
    """`python app.py`, its address and the seconds until its first page; ended afterwards.

    What it keeps for its next start it keeps in `cache`, None: where programs of this user do.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    start = time.perf_counter()
    with tempfile.TemporaryFile() as log:
        app = subprocess.Popen(
            [sys.executable, "app.py", "--port", str(port), "--engine", engine],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **({} if cache is None else {"GRADCAM_CACHE": str(cache)})},
        )
        try:
            while True:
                try:
                    urllib.request.urlopen(url, timeout=5).read()
                    break
                except (urllib.error.URLError, OSError):
                    if app.poll() is not None or time.perf_counter() - start > WAIT_SECONDS:
                        log.seek(0)
                        raise RuntimeError(f"the app did not start: {log.read().decode()[-500:]}") from None
                    time.sleep(0.02)
            yield url, time.perf_counter() - start
        finally:
            app.terminate()
            app.wait(30)


def using(app: Served | None, engine: str, cache: Path | None = None) -> AbstractContextManager[Served]:
    """The `app` that runs already, or one of its own."""
    return nullcontext(app) if app is not None else served(engine, cache)


def _imports(libraries: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {libraries}"], cwd=ROOT, check=True)
    return time.perf_counter() - start


def starting(rounds: int, engine: str = AUTO, app: Served | None = None) -> list[Row]:
    """Start to the first page against the bare imports, and the first click after it against the tenth.

    Of the very first start, of which nothing is kept, and of the one after it.
    """
    imports: list[float] = []
    found: dict[str, list[tuple[float, list[float]]]] = {"first start": [], "restart": []}
    photographs = [jpeg(640, 480, seed) for seed in range(10)]
    for _ in range(rounds):
        # beside an app that has started already the figure means nothing, and these take as long as its start
        imports.append(_imports("torch, gradio, timm" if app is None else "sys"))
        with tempfile.TemporaryDirectory() as folder:
            for starts in found.values():
                with using(app, engine, Path(folder)) as (url, seconds):
                    page = Page(url)
                    starts.append((seconds, [_seconds_of_a_click(page, photograph) for photograph in photographs]))
                    if app is None and engine == AUTO:
                        _until_converted(Path(folder))
    rows = []
    for name, starts in found.items():
        low, middle, high = (value / median(imports) for value in quartiles([seconds for seconds, _ in starts]))
        rows.append(
            Row(
                f"{name} to the first page against bare imports", MODEL, "this project", middle, low, high, "times", 1.3
            )
        )
        low, middle, high = quartiles([taken[0] / taken[-1] for _, taken in starts])
        rows.append(
            Row(f"first click after a {name} against the tenth", MODEL, "this project", middle, low, high, "times", 1.0)
        )
        rows.append(_row(f"first click after a {name}", [1000 * taken[0] for _, taken in starts], "ms"))
    return rows


def _seconds_of_a_click(page: Page, photograph: bytes) -> float:
    file = page.upload(photograph)
    begin = time.perf_counter()
    page.ask(file)
    return time.perf_counter() - begin


def _until_converted(cache: Path) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end and not any(cache.glob("[!.]*/model.xml")):
        time.sleep(0.2)


def serving(switches: int, requests: int, engine: str = AUTO, app: Served | None = None) -> list[Row]:
    """Switches of class over HTTP, and `CLIENTS` visitors at once with different photographs."""
    photographs = [jpeg(640, 480, seed) for seed in range(requests)]
    # as the app has it: what is kept needs fresh memory here as well
    explainer = Explainer(engine=engine)
    explainer.warm_up()
    with using(app, engine) as (url, _):
        page = Page(url)
        file = page.upload(photographs[0])
        page.ask(file)
        queued, share, plain, size = [], [], [], 0
        for number in range(switches):
            begin = time.perf_counter()
            completed = page.ask(file, str(number + 10))
            queued.append((time.perf_counter() - begin) * 1000)
            share.append(completed["output"]["duration"] * 1000)
            begin = time.perf_counter()
            try:
                size = len(json.dumps(page.direct(file, str(number + 500))))
                plain.append((time.perf_counter() - begin) * 1000)
            except urllib.error.HTTPError:
                pass
        pages = [Page(url) for _ in range(CLIENTS)]
        files = [page.upload(photograph) for photograph in photographs]

        def visit(client: int) -> list[tuple[int, np.ndarray]]:
            mine = range(client, requests, CLIENTS)
            return [(number, pages[client].values(pages[client].ask(files[number]))) for number in mine]

        with ThreadPoolExecutor(CLIENTS) as pool:
            begin = time.perf_counter()
            answers = [answer for found in pool.map(visit, range(CLIENTS)) for answer in found]
            together = time.perf_counter() - begin
    begin = time.perf_counter()
    serial = [explainer.explain(photograph, view="whole").cam for photograph in photographs]
    alone = time.perf_counter() - begin
    scale = max(float(np.abs(cam).max()) for cam in serial)
    wrong = sum(not np.allclose(found, serial[number], rtol=1e-3, atol=1e-4 * scale) for number, found in answers)
    rows = [_row("switch of class over HTTP, the server's share", share, "ms", 30.0),
            _row("switch of class over HTTP, queued round trip", queued, "ms")]  # fmt: skip
    if plain:
        rows += [_row("switch of class over HTTP, queueless round trip", plain, "ms", 30.0),
                 Row("bytes of the answer to a switch", MODEL, "this project", size, unit="bytes")]  # fmt: skip
    return [
        *rows,
        Row(f"{CLIENTS} clients at once against the core serially", MODEL, "this project", alone / together,
            unit="times", reach=0.9, at_least=True),
        Row(f"wrong maps of {len(answers)} to {CLIENTS} clients", MODEL, "this project", wrong, unit="maps", reach=0),
    ]  # fmt: skip


def _row(work: str, values: list[float], unit: str, reach: float | None = None) -> Row:
    low, middle, high = quartiles(values)
    return Row(work, MODEL, "this project", middle, low, high, unit, reach)
