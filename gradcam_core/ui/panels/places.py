"""Close to the pictures: what a place speaks for, and what is left without a region. Public name: `places_panel`."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence

import gradio as gr

from ...checks import Change, Evidence, Place, brushed, found_without
from ...engine.watch import Watch
from ...explanation import Explanation
from ...languages import percent
from ..handlers import Controls, looked_into
from ..messages import sentence
from ..parts import Page

__all__ = ["places_panel"]

POINT = (
    "<p class='note'>Click on a picture to ask what that place speaks for, or draw on it to see what is left without a"
    " region. By keyboard: arrow keys, then Enter, or Space for a dab of the brush.</p>"
)


def places_panel(page: Page, stage: gr.HTML, shown_photograph: gr.State) -> None:
    """Answer what is pointed at, and drawn, on the `stage` that shows `shown_photograph`."""
    examiner = page.services.examiner

    def point_at(asked: Controls | None, event: gr.EventData) -> str:
        def point(explanation: Explanation, _: object) -> str:
            return _place(examiner.ask_place(explanation, event._data["x"], event._data["y"]))

        return looked_into(page.services, asked, point)

    def look_without(asked: Controls | None, event: gr.EventData) -> str:
        def look(explanation: Explanation, watch: Watch) -> str:
            region = brushed(event._data.get("strokes"), explanation.placement, watch=watch)
            return _changes(explanation, examiner.without(explanation, region))

        return looked_into(page.services, asked, look)

    place, without = gr.HTML(POINT, elem_id="place"), gr.HTML("", elem_id="without")
    stage.select(
        point_at, shown_photograph, place, trigger_mode="multiple", show_progress="hidden", api_visibility="private"
    )
    stage.submit(look_without, shown_photograph, without, trigger_mode="once", api_visibility="private")
    # in the browser: an answer about another map must not stay beside this one
    shown_photograph.change(
        None, None, [place, without], js=f"() => [{json.dumps(POINT)}, '']", api_visibility="private"
    )


def _place(place: Place) -> str:
    def row(evidence: tuple[Evidence, ...]) -> str:
        named = (f"{one.prediction.label} ({one.value:+.2g})" for one in evidence)
        return html.escape(", ".join(named)) or "no class"

    return (
        f"<p class='note' role='status'>The place x {place.x}, y {place.y} speaks for {row(place.speaks_for)}; against"
        f" {row(place.speaks_against)}. Figures are what it adds to the class's logit.</p>"
    )


def _changes(explanation: Explanation, changes: Sequence[Change]) -> str:
    def cell(share: float) -> str:
        meter = f"<span class='meter' style='width:{share * 100:.1f}%'></span>"
        return f"<td>{percent(share)}<span class='track'>{meter}</span></td>"

    rows = "".join(
        f"<tr><th scope='row'>{html.escape(one.prediction.label)}</th>{cell(one.prediction.probability)}"
        f"{cell(one.after)}</tr>"
        for one in changes
    )
    heads = "".join(f"<th scope='col'>{text}</th>" for text in ("class", "with everything", "without the region"))
    return f"{sentence(str(found_without(explanation.target, changes)))}<table><tr>{heads}</tr>{rows}</table>"
