"""Many clients at once for a long time, some of them ill-mannered, and a server that is killed meanwhile.

    python -m tests.benchmarks.soak --minutes 60 --clients 16 [--cache-mb 64] [--steady] [--json FILE]

Prints a table: requests, wrong answers (against those of the same server asked one question at a time, and of the core
in this process), errors, waiting times of cheap and costly endpoints, memory and its slope over distinct photographs,
files left. Ends with 1 where an answer was wrong, a failure had no sentence, or the log holds a traceback.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from gradcam_core import Explainer

from .lives import Server
from .whole import jpeg

WAIT_SECONDS = 300
TELL_SECONDS = 60
# of a kind: how often it is asked among all
BAD, VANISHING, FRESH = 0.10, 0.05, 0.25
FILE_MARK = {"_type": "gradio.FileData"}
POOL = 6
REVIEWS = (
    "정말 재미있는 영화였다",
    "시간이 아깝다",
    "배우의 연기는 좋았지만 이야기가 지루했다",
    "최고의 영화",
    "별로",
    "그럭저럭",
)
# compared with what a fresh photograph's map is in this process
CHECKED_FRESH = 60
# what a client may have come to for a request
REQUESTS = (
    "answers", "errors", "refused with 429", "bad input refused", "bad input answered", "failures without a sentence",
    "vanished", "cut off by a restart",
)  # fmt: skip
# what differs between two equal answers
NOT_COMPARED = {"path", "url", "orig_name", "size", "engine", "seconds", "device", "photograph"}
SMALL = (320, 240)


@dataclass(frozen=True)
class Question:
    """One entry of the mix: `data` of a request for the photograph `photo` of the pool, or for a text."""

    endpoint: str
    photo: int | None
    data: tuple[Any, ...] = ()
    costly: bool = False
    weight: float = 1.0


def mix() -> list[Question]:
    """All questions with a serial answer."""
    cheap = [
        question
        for photo in range(POOL)
        for question in (
            Question("explain", photo, weight=4),
            Question("explain", photo, ("efficientnet_lite0", "auto", str(photo * 7 + 3))),
            Question("contrast", photo),
            Question("ask_place", photo, (60, 50)),
        )
    ]
    texts = [Question("explain_text", None, (review,), weight=2) for review in REVIEWS]
    costly = [
        Question("check", 0, costly=True, weight=3),
        Question("compare", 1, ("efficientnet_lite0", "auto", "gradcam; hirescam"), costly=True, weight=3),
        Question("explain", 2, ("efficientnet_lite0", "auto", "auto", "ablationcam"), costly=True, weight=3),
    ]
    return [*cheap, *texts, *costly]


@dataclass
class Tally:
    """What came of all questions."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    count: Counter[str] = field(default_factory=Counter)
    seconds: dict[bool, list[float]] = field(default_factory=lambda: {False: [], True: []})
    said: Counter[str] = field(default_factory=Counter)
    fresh: list[tuple[int, Any]] = field(default_factory=list)

    def add(self, what: str, said: str = "") -> None:
        with self.lock:
            self.count[what] += 1
            if said:
                self.said[f"{what}: {said[:160]}"] += 1


class Client:
    """One client with a connection of its own."""

    def __init__(self, server: Server, tally: Tally, seed: int) -> None:
        self.server, self.tally = server, tally
        self.dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.http = httpx.Client(base_url=f"{server.url}/gradio_api/", timeout=WAIT_SECONDS)
        self.life = 0
        self.paths: dict[int, str] = {}

    def upload(self, content: bytes) -> str:
        return str(self.http.post("upload", files={"files": ("a.jpg", content)}).raise_for_status().json()[0])

    def named(self, photo: int) -> dict[str, Any]:
        """How a request names a photograph of the pool, handed in once a life of the server."""
        if self.life != self.server.life:
            self.life, self.paths = self.server.life, {}
        if photo not in self.paths:
            self.paths[photo] = self.upload(jpeg(*SMALL, photo))
        return {"path": self.paths[photo], "meta": FILE_MARK}

    def ask(self, endpoint: str, *data: Any) -> tuple[str, Any]:
        """("complete", the answer), ("refused", why) or ("error", the sentence)."""
        posted = self.http.post(f"call/{endpoint}", json={"data": data})
        if posted.status_code != httpx.codes.OK:
            return ("refused" if posted.status_code == httpx.codes.TOO_MANY_REQUESTS else "error"), posted.text
        kind = ""
        with self.http.stream("GET", f"call/{endpoint}/{posted.json()['event_id']}") as stream:
            for line in stream.iter_lines():
                name, _, rest = line.partition(": ")
                if name == "event":
                    kind = rest
                elif name == "data" and kind in {"complete", "error"}:
                    found = json.loads(rest)
                    return kind, found if kind == "complete" else (found or {}).get("error")
        return "error", None

    def answer(self, question: Question) -> tuple[str, Any]:
        photo = () if question.photo is None else (self.named(question.photo),)
        return self.ask(question.endpoint, *photo, *question.data)

    def step(self, questions: list[Question], serial: dict[Question, Any], numbers: Iterator[int]) -> None:
        """Ask one thing, well or badly."""
        dice = self.dice.random()
        if dice < BAD:
            self.ask_badly()
        elif dice < BAD + VANISHING:
            self.vanish()
        elif dice < BAD + VANISHING + FRESH:
            self.ask_fresh(POOL + next(numbers))
        else:
            question = self.dice.choices(questions, [one.weight for one in questions])[0]
            begin = time.perf_counter()
            kind, found = self.answer(question)
            self.note(kind, found, question.costly, time.perf_counter() - begin)
            if kind == "complete" and not same(found, serial[question]):
                self.tally.add("wrong", f"{question.endpoint} {question.data}")

    def ask_fresh(self, seed: int) -> None:
        """A photograph that nobody has handed in before."""
        path = self.upload(jpeg(*SMALL, seed))
        begin = time.perf_counter()
        kind, found = self.ask("explain", {"path": path, "meta": FILE_MARK})
        self.note(kind, found, False, time.perf_counter() - begin)
        if kind == "complete":
            with self.tally.lock:
                self.server.distinct += 1
                if len(self.tally.fresh) < CHECKED_FRESH and seed % 7 == 0:
                    self.tally.fresh.append((seed, found[2]["map"]["values"]))

    def note(self, kind: str, found: Any, costly: bool, seconds: float) -> None:
        if kind == "complete":
            with self.tally.lock:
                self.tally.seconds[costly].append(seconds)
        self.tally.add(
            {"complete": "answers", "refused": "refused with 429"}.get(kind, "errors"),
            str(found) * (kind != "complete"),
        )

    def vanish(self) -> None:
        """Ask and leave: at once, or while the answer is waited for."""
        posted = self.http.post(self.dice.choice(("call/check", "call/explain")), json={"data": [self.named(0)]})
        if posted.status_code == httpx.codes.OK and self.dice.random() < 0.7:
            with (
                suppress(httpx.ReadTimeout),
                self.http.stream("GET", f"call/check/{posted.json()['event_id']}", timeout=0.5) as stream,
            ):
                next(stream.iter_raw(), None)
        self.tally.add("vanished")

    def ask_badly(self) -> None:
        """Something that must be refused with a sentence."""
        kind, found = self.dice.choice(BADLY)(self)
        if kind == "complete":
            self.tally.add("bad input answered", str(found))
        elif not found or "raceback" in str(found) or "Internal Server Error" in str(found):
            self.tally.add("failures without a sentence", f"{found!r}")
        else:
            self.tally.add("bad input refused")


def _post(client: Client, path: str, **options: Any) -> tuple[str, Any]:
    answer = client.http.post(path, **options)
    return ("complete" if answer.is_success else "error"), answer.text


BADLY: tuple[Callable[[Client], tuple[str, Any]], ...] = (
    lambda c: c.ask("explain", {"path": "/etc/hostname", "meta": FILE_MARK}),
    lambda c: c.ask("explain", {"path": c.upload(os.urandom(5000)), "meta": FILE_MARK}),
    lambda c: c.ask("explain", {"path": c.upload(jpeg(*SMALL, 0)[:3000]), "meta": FILE_MARK}),
    lambda c: c.ask("explain", c.named(0), "no_such_model"),
    lambda c: c.ask("explain", c.named(0), "efficientnet_lite0", "auto", "99999"),
    lambda c: c.ask("check", c.named(0), "efficientnet_lite0", "auto", "auto", "no_such_method"),
    lambda c: c.ask("ask_place", c.named(0), -5, 1e9),
    lambda c: c.ask("without", c.named(0), [[["x"]]]),
    lambda c: c.ask("explain_text", ""),
    lambda c: _post(c, "call/explain", content=b"{", headers={"content-type": "application/json"}),
    lambda c: _post(c, "call/explain_text", json={"data": ["x" * 3_000_000]}),
    lambda c: _post(c, "call/explain", json={"data": [1]}, headers={"host": "elsewhere.example"}),
    lambda c: _post(c, "upload", files={"files": ("a", b"x")}, headers={"origin": "http://elsewhere.example"}),
    lambda c: _post(c, "call/no_such_endpoint", json={"data": []}),
)


def same(found: Any, expected: Any) -> bool:
    """Whether two answers are equal but for rounding."""
    if isinstance(expected, dict):
        keys = expected.keys() - NOT_COMPARED
        return isinstance(found, dict) and all(key in found and same(found[key], expected[key]) for key in keys)
    if isinstance(expected, list):
        numbers = np.asarray(expected) if _is_numbers(expected) else None
        if numbers is not None and numbers.dtype.kind == "f" and np.shape(found) == numbers.shape:
            scale = float(np.abs(numbers).max(initial=0))
            return bool(np.allclose(np.asarray(found, float), numbers, rtol=1e-3, atol=1e-3 * scale))
        return isinstance(found, list) and len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(expected, float) and isinstance(found, (int, float)):
        return math.isclose(found, expected, rel_tol=1e-2, abs_tol=1e-3)
    # sentences hold rounded figures
    return isinstance(expected, str) or found == expected


def _is_numbers(values: list[Any]) -> bool:
    return all(_is_numbers(one) if isinstance(one, list) else isinstance(one, (int, float)) for one in values)


def soak(minutes: float, clients: int, cache_mb: int, *, steady: bool) -> tuple[list[tuple[str, str]], bool]:
    """The table's rows, and whether all is well."""
    with tempfile.TemporaryDirectory() as folder:
        server, tally = Server(Path(folder), cache_mb), Tally()
        starts, questions = [server.start()], mix()
        first = Client(server, tally, 0)
        serial = {question: first.answer(question)[1] for question in questions}
        unanswered = [question.endpoint for question, found in serial.items() if not isinstance(found, list)]
        if unanswered:
            raise RuntimeError(f"no serial answer from {unanswered}")
        begin, until = time.monotonic(), time.monotonic() + minutes * 60
        told = begin + TELL_SECONDS
        numbers = count()
        asked = [
            threading.Thread(target=_keep_asking, args=(Client(server, tally, seed), questions, serial, numbers, until))
            for seed in range(1, clients + 1)
        ]
        for thread in asked:
            thread.start()
        ends: list[float] = []
        shares = () if steady else ((0.2, signal.SIGTERM), (0.4, signal.SIGKILL))
        planned = [(begin + minutes * 60 * share, how) for share, how in shares]
        while any(thread.is_alive() for thread in asked):
            if planned and time.monotonic() > planned[0][0]:
                ends.append(server.end(planned.pop(0)[1]))
                starts.append(server.start())
            server.sample()
            if time.monotonic() > told:
                told += TELL_SECONDS
                print(
                    f"{(time.monotonic() - begin) / 60:.0f} minutes: {dict(tally.count)}", file=sys.stderr, flush=True
                )
            time.sleep(0.5)
        spent = time.monotonic() - begin
        ends.append(server.end(signal.SIGTERM))
        left = [path for path in (server.place / "uploads").rglob("*") if path.is_file() and path.name != ".lock"]
        tracebacks = server.log.read_text(errors="replace").count("Traceback (most recent call last)")
        if tracebacks:
            print(server.log.read_text(errors="replace")[-6000:], file=sys.stderr)
    explainer = Explainer(device="cpu")
    for seed, values in tally.fresh:
        tally.count["fresh maps compared with the core"] += 1
        if not same(values, explainer.explain(jpeg(*SMALL, seed)).cam.tolist()):
            tally.add("wrong", f"fresh photograph {seed}")
    slope, photographs = server.slope()
    for said, times in tally.said.most_common(25):
        print(f"{times:6} {said}", file=sys.stderr)
    rows = [
        ("minutes, clients", f"{spent / 60:.1f}, {clients}"),
        ("requests", str(sum(tally.count[name] for name in REQUESTS))),
        *((name, str(tally.count[name])) for name in sorted(tally.count | Counter({"wrong": 0, "errors": 0}))),
        *(
            (f"seconds of {name} endpoints, p50 and p95", _percentiles(tally.seconds[costly]))
            for name, costly in (("cheap", False), ("costly", True))
        ),
        ("peak memory, MB", f"{server.peak:.0f}"),
        (f"memory a distinct photograph, over the last {photographs} of a life, MB", f"{slope:.3f}"),
        ("files left after SIGTERM", str(len(left))),
        ("tracebacks in the log", str(tracebacks)),
        ("seconds to end", ", ".join(f"{seconds:.1f}" for seconds in ends)),
        ("seconds to start", ", ".join(f"{seconds:.1f}" for seconds in starts)),
    ]
    bad = tally.count["wrong"] + tally.count["failures without a sentence"] + tally.count["bad input answered"]
    return rows, not (bad or tracebacks or left)


def _keep_asking(
    client: Client, questions: list[Question], serial: dict[Question, Any], numbers: Iterator[int], until: float
) -> None:
    while time.monotonic() < until:
        client.server.up.wait(WAIT_SECONDS)
        life = client.server.life
        try:
            client.step(questions, serial, numbers)
        except (httpx.HTTPError, OSError) as error:
            if client.server.up.is_set() and client.server.life == life:
                # a server that is about to end has been told so a moment before
                time.sleep(1)
            if client.server.up.is_set() and client.server.life == life:
                client.tally.add("errors", repr(error))
            else:
                client.tally.add("cut off by a restart")


def _percentiles(seconds: list[float]) -> str:
    if not seconds:
        return "none"
    middle, high = np.percentile(seconds, [50, 95])
    return f"{middle:.2f}, {high:.2f} ({len(seconds)})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--cache-mb", type=int, default=64, help="of the server: small, so that it is full early")
    parser.add_argument("--steady", action="store_true", help="end and kill no server on the way")
    parser.add_argument("--json", type=Path, help="write the rows there as well")
    options = parser.parse_args()
    rows, well = soak(options.minutes, options.clients, options.cache_mb, steady=options.steady)
    print("\n".join(f"| {name} | {value} |" for name, value in [("what", "found"), ("---", "---"), *rows]))
    if options.json:
        options.json.write_text(json.dumps(dict(rows), indent=1, ensure_ascii=False))
    sys.exit(not well)


if __name__ == "__main__":
    main()
