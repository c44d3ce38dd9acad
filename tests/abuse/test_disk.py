"""A disk that fills while something is written: a sentence, nothing half-written left, and the server goes on."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.pictures import photo

from .conftest import Server, named

ROOM = 50_000


@contextmanager
def little_room(server: Server) -> Iterator[None]:
    """No file of the server can grow beyond `ROOM` bytes behind what its log has: what a full disk is to a program."""
    unlimited = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    most = server.log.stat().st_size + ROOM
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (most, unlimited[1]))
    try:
        yield
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, unlimited)


def files(server: Server) -> set[Path]:
    return {path for path in server.uploads.rglob("*") if path.is_file() and not path.name.startswith(".")}


def test_what_finds_no_room_is_told_so_and_leaves_nothing(server: Server) -> None:
    path = server.upload(photo("JPEG", 500, 700))
    before = files(server)
    with little_room(server):
        most = server.log.stat().st_size + ROOM
        # the answer, whose pictures have a megabyte
        answer = server.call("explain", named(path))
        assert answer.data is None
        assert "disk is full" in str(answer.error)
        # the upload, in one piece and in several
        for content in (bytes(most + 1000), bytes(3 * most)):
            with server.http as http:
                refused = http.post("upload", files={"files": ("a.jpg", content)})
            assert refused.status_code == httpx.codes.INSUFFICIENT_STORAGE
            assert "disk is full" in refused.text
        # what is small enough, or writes nothing, is answered meanwhile
        # of a size of its own: the pictures of one that was asked about before are there already
        small = server.upload(photo("JPEG", 37, 53))
        assert server.call("explain", named(small)).error is None
        assert server.call("explain_text", "a").error is None
        small_files = {one for one in files(server) - before if one.stat().st_size < most}
    assert files(server) - before == small_files
    assert len(small_files) == 3
    assert server.call("explain", named(path)).error is None
