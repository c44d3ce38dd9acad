"""Every event of the page, asked with values that the page never sends: an answer, or a sentence that says why not.

Some hundred by default; `pytest --long` tries thousands.
"""

from __future__ import annotations

import json
import random
from typing import Any

import httpx
import pytest

from tests.pictures import photo

from .conftest import Server, named

ODD: tuple[Any, ...] = (
    None, True, -1, 7, 1e308, "", "x" * 2000, "efficientnet_lite0", "\x1b[31m\n", "\ud800", [], [None], [[1, 2], [3]],
    ["all"], {}, {"points": [[1, 2]]}, {"path": None}, {"url": "a"}, [{"points": "x", "radius": {}}],
    {"__type__": "update", "value": 3},
)  # fmt: skip
TRIED, TRIED_LONG = 250, 5000


def tell(http: httpx.Client, event: int, data: list[Any], session: str) -> Any:
    """What the page would be told of one event: its output, or what refused it."""
    body = json.dumps({"data": data, "fn_index": event, "session_hash": session})
    joined = http.post("queue/join", content=body, headers={"Content-Type": "application/json"})
    if joined.status_code != httpx.codes.OK:
        return {"error": joined.text}
    with http.stream("GET", "queue/data", params={"session_hash": session}) as stream:
        told = next((line for line in stream.iter_lines() if "process_completed" in line), None)
    return None if told is None else json.loads(told.removeprefix("data:"))["output"]


def test_any_value_in_any_event_gets_an_answer_or_a_sentence(server: Server, pytestconfig: pytest.Config) -> None:
    dice = random.Random(5)  # noqa: S311 - the same values every time
    before = len(server.log.read_text(errors="replace"))
    photograph = named(server.upload(photo("JPEG")))
    with server.http as http:
        config = http.get(f"{server.url}/config").json()
        kinds = {part["id"]: part["type"] for part in config["components"]}
        values = {part["id"]: part["props"].get("value") for part in config["components"]}
        usual = {
            number: photograph if kinds[number] in {"image", "photographinput"} else values[number] for number in kinds
        }
        events = [event for event in config["dependencies"] if event["inputs"] and event["backend_fn"]]
        assert len(events) > 10
        sentences = 0
        for trial in range(TRIED_LONG if pytestconfig.getoption("--long") else TRIED):
            event = events[trial % len(events)]
            changed = dice.sample(event["inputs"], min(len(event["inputs"]), dice.choice((1, 1, 2, 5))))
            given = {**usual, **{number: dice.choice(ODD) for number in changed}}
            output = tell(http, event["id"], [given[number] for number in event["inputs"]], f"odd{trial}")
            what = (event["api_name"], [(kinds[number], given[number]) for number in changed], output)
            assert output is not None, what
            if "error" in output:
                sentences += 1
                assert output["error"], what
                assert "went wrong here" not in str(output["error"]), what
    assert sentences > 10
    assert "Traceback" not in server.log.read_text(errors="replace")[before:]
