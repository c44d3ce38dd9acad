"""The page's own Blocks: what an answer leaves out stays as it is, at no cost; all else is as gradio does it."""

from __future__ import annotations

from typing import Any

import gradio as gr
import httpx
import pytest
from gradio.components.base import _Keywords
from gradio.state_holder import SessionState

from gradcam_core.ui.blocks import PageBlocks

from ..helpers import awaited


def page(kind: type[gr.Blocks]) -> tuple[gr.Blocks, list[Any]]:
    with kind(analytics_enabled=False) as blocks:
        parts = [gr.Dropdown(["a", "b"]), gr.Textbox(), gr.State(3), gr.HTML()]
        gr.Button().click(lambda: None, None, parts)
    return blocks, parts


def answers(kind: type[gr.Blocks], predict: Any) -> tuple[list[Any], list[Any], list[bool]]:
    """What goes to the browser, what the session then holds of each part, and which parts were built anew."""
    blocks, parts = page(kind)
    state = SessionState(blocks)
    (function,) = blocks.fns.values()

    def held_of(part: Any) -> Any:
        return state[part._id] if part.stateful else state.get(part._id, part)

    before = [held_of(part) for part in parts]
    found = awaited(blocks.postprocess_data(function, predict(parts), state))
    after = [held_of(part) for part in parts]
    held = [now if part.stateful else getattr(now, "choices", None) for part, now in zip(parts, after, strict=True)]
    # gradio's HTML packs an update of nothing into an update of its properties
    found = [gr.skip() if one == {"props": gr.skip(), **gr.skip()} else one for one in found]
    return found, held, [now != was for now, was in zip(after, before, strict=True)]


def test_sessions_know_what_gradios_know_and_share_no_values() -> None:
    (ours, parts), (theirs, _) = page(PageBlocks), page(gr.Blocks)

    def known(session: SessionState) -> list[Any]:
        # ids count all parts that were ever made
        return [{**part, "id": 0, "key": None} for part in session.components]

    first, second, expected = SessionState(ours), SessionState(ours), SessionState(theirs)
    assert known(first) == known(second) == known(expected)
    first._update_value_in_config(parts[1]._id, "mine")
    assert known(second) == known(SessionState(ours)) == known(expected) != known(first)


def test_a_browser_is_told_of_no_part_what_only_clients_of_the_api_read() -> None:
    def told(kind: type[gr.Blocks]) -> tuple[list[bool], dict[str, Any]]:
        with kind(analytics_enabled=False) as blocks:
            asked, answered, private = (
                gr.Dropdown(["a", "b"], label="asked"),
                gr.File(label="file"),
                gr.Dropdown(["c", "d"]),
            )
            private.change(lambda one: one, private, private, api_visibility="private")
            gr.Button().click(lambda one: None, asked, answered, api_name="public")
            gr.Button().click(lambda one: one, asked, asked, api_name="known", api_visibility="undocumented")
        described = {part["id"]: "api_info" in part for part in blocks.config["components"]}
        return [described[part._id] for part in (asked, answered, private)], blocks.get_api_info(all_endpoints=True)

    ours, theirs = told(PageBlocks), told(gr.Blocks)
    assert (ours[0], theirs[0]) == ([True, True, False], [True, True, True])
    assert ours[1] == theirs[1]
    assert {*ours[1]["named_endpoints"]} == {"/public", "/known"}


CASES = {
    "everything": lambda p: {p[0]: "b", p[1]: "text", p[2]: 4, p[3]: "<p>"},
    "one value": lambda p: {p[1]: "text"},
    "one update": lambda p: {p[0]: gr.update(choices=["c"], value="c")},
    "one state": lambda p: {p[2]: 4},
    "several": lambda p: {p[0]: gr.update(visible=False), p[2]: [5], p[3]: "x"},
    "a list as the only value": lambda p: {p[2]: [1, 2]},
    "nothing": lambda p: {p[3]: gr.skip()},
    "a list with a skip": lambda p: [gr.skip(), "text", gr.skip(), gr.update(value="<p>")],
    "an update of properties": lambda p: {p[3]: gr.update(photo={"id": "a"}, answer=None)},
    "an update of value and properties": lambda p: {p[3]: gr.update(value="<p>", visible=False, photo=1)},
    "an empty update of html": lambda p: {p[3]: gr.update(), p[1]: "text"},
    "no dictionary": lambda p: ["a", "text", 4, gr.skip()],
    "one skip for all": lambda _: gr.skip(),
}


@pytest.mark.parametrize("predict", CASES.values(), ids=CASES)
def test_answers_and_sessions_are_gradios(predict: Any) -> None:
    found, expected = (answers(kind, predict)[:2] for kind in (PageBlocks, gr.Blocks))
    assert found == expected


def test_what_is_not_mentioned_is_not_built_anew() -> None:
    assert answers(PageBlocks, CASES["one value"])[2] == [False] * 4
    assert answers(PageBlocks, CASES["one update"])[2] == [True, False, False, False]
    # the reason for all this; where gradio has mended it, `PageBlocks` can go
    assert answers(gr.Blocks, CASES["one value"])[2] == [True, False, False, True]


def test_an_output_that_is_none_of_the_events_is_gradios_to_refuse() -> None:
    with pytest.raises(ValueError, match=r"not a valid output|not specified as output"):
        answers(PageBlocks, lambda _: {gr.Textbox(render=False): "x"})


def test_a_generator_that_has_ended_changes_nothing_more() -> None:
    blocks, parts = page(PageBlocks)
    (function,) = blocks.fns.values()
    ended = [_Keywords.FINISHED_ITERATING] * len(parts)
    found = awaited(blocks.postprocess_data(function, ended, SessionState(blocks)))
    assert found == [None if part.stateful else gr.skip() for part in parts]


def test_progress_is_told_to_no_part_that_holds_others(address: str) -> None:
    """With every message of the server the browser copies all that such a part holds; the tabs hold the whole page."""
    config = httpx.get(f"{address}config").json()
    kinds = {part["id"]: part["type"] for part in config["components"]}
    targets: list[str] = []
    for event in config["dependencies"]:
        shown_on = event["outputs"] if event["show_progress_on"] is None else event["show_progress_on"]
        assert event["show_progress"] != "hidden" or shown_on == []
        targets += [kinds[part] for part in shown_on]
    assert {"html", "dropdown"} <= set(targets)
    assert {"tabs", "tabitem", "row", "column", "accordion", "group"}.isdisjoint(targets)
