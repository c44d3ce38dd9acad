"""Photographs at the limits of what is read, and files that are built to take hours: bounded in memory and time.

The reader itself is tried with all of them in `tests/reading`; here each kind goes through the server.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.benchmarks.server import Page
from tests.reading.bombs import BOMBS, COUNTED, LARGE

from .conftest import Answer, Server, named

# above what the server holds at rest, for one request
MEGABYTES = 1000
# ten on a machine of two cores that has nothing else to do
SECONDS = 60
THROUGH_THE_SERVER = ("progressive scans", "comments of a JPEG", "notes of a PNG", "filling of a GIF", "runs of a BMP")


@pytest.mark.parametrize("name", ["16 bits", "WebP"])
def test_the_worst_photographs_are_explained_within_bounds(server: Server, name: str) -> None:
    path = server.upload(LARGE[name](), "large")
    with server.spending() as spent:
        answer = server.call("explain", named(path))
    assert answer.data is not None, answer.error
    assert spent.megabytes < MEGABYTES
    assert spent.seconds < SECONDS


def test_four_at_once_take_no_more_than_two(server: Server) -> None:
    paths = [server.upload(LARGE[name](), name) for name in ("RGBA", "deep grey", "a band", "progressive")]

    def ask(path: str) -> Answer:
        return server.call("explain", named(path))

    with server.spending() as spent, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, paths))
    assert [answer.error for answer in answers] == [None] * 4
    assert spent.megabytes < 2 * MEGABYTES
    assert spent.seconds < 4 * SECONDS


class Visit(Page):
    """A page on which a photograph is shown, and downloaded as the browser does it."""

    def download(self, carrier: str) -> dict[str, Any]:
        """The file that the button with this carrier is given."""
        config = json.loads(self._get("config"))
        given = {part["id"]: part["props"].get("value") for part in config["components"]}
        names = {part["id"]: part["props"].get("elem_id") for part in config["components"]}
        (event,) = (one for one in config["dependencies"] if [names[number] for number in one["outputs"]] == [carrier])
        values = [given[number] for number in event["inputs"]]
        body = {"data": values, "fn_index": event["id"], "session_hash": self.session}
        self._post("queue/join", json.dumps(body).encode())
        for message in self._messages():
            if message.get("msg") == "process_completed":
                assert message["success"], message
                return dict(message["output"]["data"][0])
        raise AssertionError("the event has no end")


def test_the_largest_photograph_is_downloaded_at_its_own_size_within_bounds(server: Server) -> None:
    page = Visit(server.url)
    page.ask(page.upload(LARGE["RGBA"]()))
    with server.spending() as spent:
        file = page.download("carrier-overlay-png")
    with server.http as http:
        head = http.get(f"file={file['path']}").content[:32]
    assert head[:4] == b"\x89PNG"
    assert [int.from_bytes(head[at : at + 4], "big") for at in (16, 20)] == [8000, 8000]
    assert spent.megabytes < MEGABYTES
    assert spent.seconds < SECONDS


def test_files_that_take_hours_are_refused_at_once(server: Server) -> None:
    for name in THROUGH_THE_SERVER:
        path = server.upload(BOMBS[name](), "bomb")
        with server.spending() as spent:
            answer = server.call("explain", named(path))
        assert answer.error is not None, name
        assert "takes too long to read" in answer.error, name
        assert spent.megabytes < 200, name
        assert spent.seconds < SECONDS / 2, name


def test_of_files_with_many_pictures_the_first_is_shown(server: Server) -> None:
    for name, (make, words) in COUNTED.items():
        path = server.upload(make(), "many")
        with server.spending() as spent:
            answer = server.call("explain", named(path))
        assert answer.data is not None, (name, answer.error)
        assert any(words in note for note in answer.data[2]["notes"]), name
        assert spent.megabytes < 200, name
        assert spent.seconds < SECONDS / 2, name


def test_strokes_without_end_are_told_their_limits(server: Server) -> None:
    path = server.upload(LARGE["RGBA"](), "large.png")
    wild = [{"points": [[x % 8000, x * 7919 % 8000] for x in range(19_000)], "radius": 99_999}]
    half = [{"points": [[x % 4000, x * 7919 % 8000] for x in range(19_000)], "radius": 90}]
    for strokes, words in ((wild, "covers everything"), (half, None), (half * 2, "at most"), (half * 9, "at most")):
        with server.spending() as spent:
            answer = server.call("without", named(path), strokes)
        assert (answer.error is None) if words is None else (words in (answer.error or "")), answer.error
        assert spent.megabytes < MEGABYTES
        assert spent.seconds < SECONDS
