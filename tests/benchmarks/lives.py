"""An app of several lives on one port and one place for uploads, with the memory that each took."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np

from .server import ROOT, _free_port


@dataclass
class Server:
    """`python app.py` on one port and one place for uploads, through several lives."""

    place: Path
    cache_mb: int
    port: int = field(default_factory=_free_port)
    life: int = 0
    # while it is down, nobody is to blame for an error
    up: threading.Event = field(default_factory=threading.Event)
    # of each life: (distinct photographs answered, megabytes)
    memory: list[list[tuple[int, float]]] = field(default_factory=list)
    peak: float = 0.0
    distinct: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.place / "log"

    def start(self) -> float:
        """Start it; the seconds until its first page."""
        begin = time.perf_counter()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "app.py", "--port", str(self.port), "--cache-mb", str(self.cache_mb)],
                cwd=ROOT,
                env={**os.environ, "GRADIO_TEMP_DIR": str(self.place / "uploads")},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        while True:
            with suppress(httpx.HTTPError):
                httpx.get(self.url, timeout=10).raise_for_status()
                break
            if self.process.poll() is not None:
                raise RuntimeError(f"the app did not start: {self.log.read_text()[-500:]}")
            time.sleep(0.1)
        self.life += 1
        self.distinct = 0
        self.memory.append([])
        self.up.set()
        return time.perf_counter() - begin

    def end(self, how: signal.Signals) -> float:
        """End it so; the seconds that it took."""
        self.up.clear()
        begin = time.perf_counter()
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(60)
        return time.perf_counter() - begin

    def sample(self) -> None:
        """Note its memory."""
        if not self.up.is_set() or self.process is None:
            return
        with suppress(OSError, StopIteration):
            lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
            now, peak = (
                next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))
                for name in ("VmRSS", "VmHWM")
            )
            self.peak = max(self.peak, peak)
            self.memory[-1].append((self.distinct, now))

    def slope(self) -> tuple[float, int]:
        """Megabytes a distinct photograph in the second half of the longest life, and how many those were."""
        longest = max(self.memory, key=lambda life: life[-1][0] if life else 0)
        late = [sample for sample in longest if sample[0] > longest[-1][0] / 2] if longest else []
        photographs = [seen for seen, _ in late]
        if len(set(photographs)) < 3:
            return math.nan, 0
        return float(np.polyfit(photographs, [held for _, held in late], 1)[0]), photographs[-1] - photographs[0]
