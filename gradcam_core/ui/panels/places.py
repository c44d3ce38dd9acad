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
from ..messages import note, sentence
from ..parts import AT_ONCE, Page, told
from ..wording import word

__all__ = ["places_panel"]

SLOT = "without"


def places_panel(page: Page, stage: gr.HTML, shown_photograph: gr.State) -> None:
    """Answer what is pointed at, and drawn, on the `stage` that shows `shown_photograph`."""
    examiner, running = page.services.examiner, page.services.running

    def point_at(asked: Controls | None, event: gr.EventData) -> str:
        def point(explanation: Explanation, _: object) -> str:
            return _place(examiner.ask_place(explanation, event._data["x"], event._data["y"]))

        return looked_into(page.services, asked, point)

    def look_without(
        asked: Controls | None,
        event: gr.EventData,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio wants to be asked for it
    ) -> str:
        def look(explanation: Explanation, watch: Watch) -> str:
            region = brushed(event._data.get("strokes"), explanation.placement, watch=watch)
            return _changes(explanation, examiner.without(explanation, region))

        # the answers share a place: what was drawn last stands there
        running.overtake(request.session_hash, slot=SLOT)
        with running.task(request.session_hash, told(progress), slot=SLOT) as task:
            found = looked_into(page.services, asked, look, task.watch)
        return gr.skip() if task.overtaken else found

    def stop_it(request: gr.Request) -> None:
        running.stop(request.session_hash, slot=SLOT)

    pointing = note(word("brush.pointing"))
    place = gr.HTML(pointing, elem_id="place")
    with gr.Column(elem_id="brushing"):
        without = gr.HTML("", elem_id="without", min_height=60)
        stop = gr.Button(word("page.stop"), size="sm", min_width=80, elem_id="without-stop")
    stage.select(
        point_at, shown_photograph, place, trigger_mode="multiple", show_progress="hidden", api_visibility="private"
    )
    stage.submit(look_without, shown_photograph, without, trigger_mode="multiple", api_visibility="private")
    stop.click(stop_it, None, None, **AT_ONCE)
    # in the browser: an answer about another map must not stay beside this one
    shown_photograph.change(
        None, None, [place, without], js=f"() => [{json.dumps(pointing)}, '']", api_visibility="private"
    )


def _place(place: Place) -> str:
    def named(evidence: tuple[Evidence, ...]) -> tuple[tuple[str, float], ...]:
        return tuple((one.prediction.label, one.value) for one in evidence)

    found = word("brush.place", x=place.x, y=place.y, above=named(place.speaks_for), below=named(place.speaks_against))
    return f"<p class='note' role='status'>{html.escape(found)}</p>"


def _changes(explanation: Explanation, changes: Sequence[Change]) -> str:
    def cell(share: float) -> str:
        meter = f"<span class='meter' style='width:{share * 100:.1f}%'></span>"
        return f"<td>{percent(share)}<span class='track'>{meter}</span></td>"

    rows = "".join(
        f"<tr><th scope='row'>{html.escape(one.prediction.label)}</th>{cell(one.prediction.probability)}"
        f"{cell(one.after)}</tr>"
        for one in changes
    )
    heads = (word(f"brush.{key}") for key in ("class", "with", "without"))
    head = "".join(f"<th scope='col'>{text}</th>" for text in heads)
    return f"{sentence(str(found_without(explanation.target, changes)))}<table><tr>{head}</tr>{rows}</table>"
