"""Clients that ask and do not listen, and those that ask for a lot."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx

from tests.pictures import photo

from .conftest import Answer, Server, named

# on a busy machine, where others compute as well
PATIENCE_SECONDS = 30


def cpu_seconds(server: Server) -> float:
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def is_at_rest(server: Server) -> bool:
    """Whether soon nothing is computed for a visitor: what is left is given time, also where others compute as well."""
    limit = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < limit:
        before = cpu_seconds(server)
        time.sleep(3)
        if cpu_seconds(server) - before < 0.25:
            return True
    return False


def test_a_silent_client_shuts_nobody_out(server: Server) -> None:
    photograph = named(server.upload(photo("JPEG")))
    with server.http as http:
        posted = [http.post("call/check", json={"data": [photograph]}) for _ in range(80)]
    refused = [answer for answer in posted if answer.status_code == 429]
    assert refused
    assert {answer.status_code for answer in posted} == {200, 429}
    assert "your address" in refused[0].json()["detail"]
    begin = time.monotonic()
    assert httpx.get(server.url, timeout=PATIENCE_SECONDS).status_code == 200
    assert server.call("explain_text", "a").error is None
    assert server.call("explain", photograph).error is None
    # and costly work as well: what nobody listens to is not computed, and makes place
    time.sleep(1.5)
    assert server.call("check", photograph).error is None
    assert time.monotonic() - begin < 2 * PATIENCE_SECONDS
    assert is_at_rest(server)


def test_what_was_asked_for_is_computed_when_somebody_listens(server: Server) -> None:
    photograph = named(server.upload(photo("JPEG")))
    with server.http as http:
        events = [http.post("call/explain", json={"data": [photograph]}).json()["event_id"] for _ in range(3)]
    time.sleep(1)
    assert all(server.result("explain", event).error is None for event in events)


def test_a_client_that_vanishes_is_not_computed_for(server: Server) -> None:
    photograph = named(server.upload(photo("JPEG")))
    slow = [photograph, "efficientnet_lite0", "auto", "auto", "scorecam"]
    with server.http as http:
        event = http.post("call/explain", json={"data": slow}).json()["event_id"]
    before = cpu_seconds(server)
    with (
        suppress(httpx.ReadTimeout),
        httpx.Client(base_url=f"{server.url}/gradio_api/", timeout=4) as leaving,
        leaving.stream("GET", f"call/explain/{event}") as stream,
    ):
        for _ in stream.iter_raw():
            pass
    assert cpu_seconds(server) - before > 0.5, "it had not begun"
    before = cpu_seconds(server)
    assert is_at_rest(server)
    # all of its passes would take many times that
    assert cpu_seconds(server) - before < 10


def test_cheap_work_goes_on_beside_costly_work(server: Server) -> None:
    def ask(number: int) -> None:
        # each another photograph, or the second answer would be at hand
        photograph = named(server.upload(photo("JPEG", 60 + number)))
        slow = [photograph, "efficientnet_lite0", "auto", "auto", "scorecam"]
        answers.append(server.call("explain", *slow, session_hash=f"costly {number}"))

    answers: list[Answer] = []
    costly = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in costly:
        thread.start()
    waited = []
    for number in range(10):
        photograph = named(server.upload(photo("JPEG", 80 + number)))
        begin = time.monotonic()
        assert server.call("explain", photograph).error is None
        waited.append(time.monotonic() - begin)
    with server.http as http:
        for number in range(4):
            http.post("run/stop", json={"data": [], "session_hash": f"costly {number}"}).raise_for_status()
    for thread in costly:
        thread.join()
    assert sorted(waited)[5] < PATIENCE_SECONDS / 5
    assert len(answers) == 4
    assert all(answer.error is None or "Stopped" in answer.error for answer in answers)
