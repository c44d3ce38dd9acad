"""The page in a real browser: from a dropped file or a click to the drawn picture, and what goes over the wire for it.

    python -m tests.benchmarks.browser [--rounds 40] [--model efficientnet_lite0]

Serves the page in a process of its own and asks it with Chromium, which has to be installed, as Playwright has. Times
are the browser's own, from the event to the frame in which the picture is drawn, which includes an answer that is
computed, or one that came behind the answer before; bytes are those of all requests and answers of one action, without
their headers, and but for the photograph that is handed in.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from .server import served
from .whole import jpeg

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
DRAWN = "#stage [data-drawn]"
QUIET_MS = 600
# arms a clock that begins with the next event of `kind` inside of `place`; it tells when another picture is drawn, and
# when the one of the server's own answer is, which may be the same one again
ARM = """([place, kind]) => {
  const stage = document.querySelector("#stage [data-drawn]"), { pictured, drawn } = stage.dataset;
  window.cam_took = new Promise((done) => {
    let begun = null, first = null;
    const start = () => { begun = performance.now(); };
    document.querySelector(place).addEventListener(kind, start, { capture: true, once: true });
    new MutationObserver((_, watch) => {
      const isPictured = first === null && stage.dataset.pictured !== pictured, isDrawn = stage.dataset.drawn !== drawn;
      if (isPictured) first = new Promise((shown) => requestAnimationFrame(() => shown(performance.now() - begun)));
      if (!isDrawn) return;
      watch.disconnect();
      requestAnimationFrame(async () => done([await first, performance.now() - begun]));
    }).observe(stage, { attributes: true });
  });
}"""


class Wire:
    """Bytes that came and went since the last look."""

    def __init__(self, view: Any) -> None:
        self.came = self.went = 0
        session = view.context.new_cdp_session(view)
        session.send("Network.enable")
        # as they come: the stream of answers stays open behind the last one
        session.on("Network.responseReceived", lambda event: self._answered(event["requestId"], event["response"]))
        session.on("Network.dataReceived", self._received)
        view.on("request", lambda request: self._add(0, len(request.post_data_buffer or b"")))
        self._packed: set[str] = set()
        self._kept: set[str] = set()
        self._inside: set[str] = set()

    def _answered(self, request: str, response: dict[str, Any]) -> None:
        if "content-encoding" in map(str.lower, response["headers"]):
            self._packed.add(request)
        if response["url"].startswith(("data:", "blob:")):
            # in an answer that has been counted
            self._inside.add(request)
        if response.get("fromDiskCache"):
            self._kept.add(request)

    def _received(self, event: dict[str, Any]) -> None:
        """Of what is packed the packed size counts, which some of its parts tell; of all else the length."""
        request = event["requestId"]
        if request in self._inside:
            return
        came = event["encodedDataLength"] if request in self._packed else event["dataLength"]
        self._add(0 if request in self._kept else came, 0)

    def _add(self, came: float, went: float) -> None:
        self.came, self.went = self.came + int(came), self.went + int(went)

    def taken(self) -> tuple[int, int]:
        """What came and went, and forget it."""
        found = self.came, self.went
        self.came = self.went = 0
        return found


def timed(view: Any, wire: Wire, place: str, kind: str, act: Any) -> tuple[float, float, int, int]:
    """Milliseconds until another picture is drawn, and until that of the server's answer is, and bytes that came and
    went for it, all that follows included."""
    view.wait_for_timeout(QUIET_MS)
    wire.taken()
    view.evaluate(ARM, [place, kind])
    act()
    shown, answered = view.evaluate("() => window.cam_took")
    view.wait_for_timeout(QUIET_MS)
    return (shown, answered, *wire.taken())


def visited(view: Any, folder: Path, rounds: int) -> dict[str, list[tuple[float, float, int, int]]]:
    """Every action `rounds` times, or a quarter as often where a photograph is new each time."""
    wire = Wire(view)
    found: dict[str, list[tuple[float, float, int, int]]] = {}

    def drop(name: str, width: int, height: int, number: int) -> None:
        path = folder / f"{name}-{number}.jpg"
        path.write_bytes(jpeg(width, height, number))
        clear = view.locator("#photograph").get_by_label("Remove image")
        clear.or_(view.locator("#photograph").get_by_label("Clear")).first.click()
        view.wait_for_selector("#photograph input[type=file]", state="attached")
        field = "#photograph input[type=file]"
        found.setdefault(name, []).append(
            timed(view, wire, "#photograph", "change", lambda: view.set_input_files(field, str(path)))
        )

    for number in range(max(rounds // 4, 3)):
        drop("drop 0.5 MP", 816, 612, number)
        drop("drop 12 MP", 4000, 3000, number)
    for number in range(rounds):
        bar = view.locator("#bars button").nth(1 + number % 4)
        found.setdefault("another class", []).append(timed(view, wire, "#bars", "click", bar.click))
        side = view.locator("#counterfactual input").nth((1, 2, 0)[number % 3])
        found.setdefault("for, against, both", []).append(timed(view, wire, "#counterfactual", "click", side.click))
    return found


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--model", default="efficientnet_lite0")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with served() as (address, _), sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        view = browser.new_page(viewport={"width": 1440, "height": 1000})
        view.set_default_timeout(120_000)
        first = Wire(view)
        view.goto(f"{address}?model={options.model}")
        view.wait_for_selector(DRAWN)
        view.wait_for_timeout(2000)
        came, went = first.taken()
        print("| action | p50 ms | p95 ms | answer p50 | answer p95 | kB down | kB up |\n|---|---|---|---|---|---|---|")
        print(f"| opening the page | | | | | {came / 1000:.0f} | {went / 1000:.1f} |")
        for action, rows in visited(view, Path(folder), options.rounds).items():
            shown, answered, down, up = np.array(rows).T
            times = " | ".join(f"{np.percentile(each, part):.0f}" for each in (shown, answered) for part in (50, 95))
            print(f"| {action} | {times} | {np.median(down) / 1000:.1f} | {np.median(up) / 1000:.1f} |")
        browser.close()


if __name__ == "__main__":
    main()
