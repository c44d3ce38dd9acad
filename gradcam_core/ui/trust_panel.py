"""Below the pictures: does this map hold? Asks the network again, and single places.

Public names: `place_answers`, `trust_panel`.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

import gradio as gr

from ..checks import Change, Curves, Evidence, Examiner, HideAndLook, Place, brushed, said_without
from ..engine.rerun import Watch
from ..explainer import Explainer
from ..explanation import Explanation
from ..languages import percent
from .components import problem_box
from .handlers import Asked, explain, plain_words
from .running import Running, told

__all__ = ["place_answers", "trust_panel"]

# computations of many passes that may run at the same time
CONCURRENT = 2
NOTHING_YET = "There is nothing to check yet: choose a photograph first."
# width and height of the drawing of the curves, in its own units
WIDE, HIGH = 300, 150


def place_answers() -> tuple[gr.HTML, gr.HTML]:
    """Where it stands what a place speaks for, and what is left without a region: close to the pictures."""
    return gr.HTML(POINT, elem_id="place"), gr.HTML("", elem_id="without")


def trust_panel(
    explainer: Explainer, page: gr.Blocks, drawing: gr.HTML, place: gr.HTML, without: gr.HTML, shown: gr.State
) -> None:
    """Lay out the area in `page` and connect it; `drawing` is the stage whose places are asked, showing `shown`.

    The answers about them stand in `place` and `without`.
    """
    examiner = Examiner(explainer)
    running = Running()

    def checking(make: Callable[[Examiner, Explanation, Watch], str]) -> Callable[..., str]:
        def examine(
            asked: Asked | None,
            request: gr.Request,
            progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio wants to be asked for it
        ) -> str:
            if asked is None:
                return problem_box(NOTHING_YET, kept=False)
            # the answers share a place: the last check that was asked for stands there
            running.overtake(request.session_hash)
            with running.task(request.session_hash, told(progress)) as task:
                try:
                    found = make(examiner, explain(explainer, asked, task.watch), task.watch)
                except Exception as error:
                    found = problem_box(plain_words(error), kept=False)
            return gr.skip() if task.overtaken else found

        return examine

    def stop_it(request: gr.Request) -> None:
        running.stop(request.session_hash)

    def forget(request: gr.Request) -> tuple[str, str, str]:
        running.overtake(request.session_hash)
        return POINT, "", EXPLAINED

    def point_at(asked: Asked | None, event: gr.EventData) -> str:
        if asked is None:
            return problem_box(NOTHING_YET, kept=False)
        try:
            explanation = explain(explainer, asked)
            return _place(examiner.ask_place(explanation, event._data["x"], event._data["y"]))
        except Exception as error:
            return problem_box(plain_words(error), kept=False)

    def look_without(asked: Asked | None, event: gr.EventData) -> str:
        if asked is None:
            return problem_box(NOTHING_YET, kept=False)
        try:
            explanation = explain(explainer, asked)
            region = brushed(event._data.get("strokes"), explanation.placement)
            return _changes(explanation, examiner.without(explanation, region))
        except Exception as error:
            return problem_box(plain_words(error), kept=False)

    with gr.Accordion("Does it hold? Check this map", open=False, elem_id="trust"):
        with gr.Row():
            buttons = {
                title: gr.Button(title, size="sm", min_width=120, elem_id=f"check-{number}")
                for number, title in enumerate(CHECKS)
            }
            stop = gr.Button("Stop", size="sm", min_width=80, elem_id="check-stop")
        checked = gr.HTML(EXPLAINED, elem_id="checked", min_height=60)
    for title, button in buttons.items():
        button.click(
            checking(CHECKS[title]),
            shown,
            checked,
            concurrency_limit=CONCURRENT,
            concurrency_id="checks",
            api_visibility="private",
        )
    # not queued, or it would wait for what it is to stop
    stop.click(stop_it, None, None, queue=False, show_progress="hidden", api_visibility="private")
    drawing.select(point_at, shown, place, trigger_mode="multiple", show_progress="hidden", api_visibility="private")
    drawing.submit(look_without, shown, without, trigger_mode="once", api_visibility="private")
    # an answer about another map must not stay beside this one
    shown.change(forget, None, [place, without, checked], queue=False, show_progress="hidden", api_visibility="private")
    page.unload(stop_it)


def _hide(examiner: Examiner, explanation: Explanation, watch: Watch) -> str:
    return _hidden_table(examiner.hide_and_look(explanation, watch=watch))


def _curves(examiner: Examiner, explanation: Explanation, watch: Watch) -> str:
    return _curves_drawing(examiner.curves(explanation, watch=watch), explanation.target.label)


def _sanity(examiner: Examiner, explanation: Explanation, watch: Watch) -> str:
    found = examiner.sanity(explanation, watch=watch)
    rows = [
        (f"behind {stage.layer}" if stage.layer else "everywhere", f"{stage.correlation:.2f}") for stage in found.stages
    ]
    return _sentence(found.sentence) + _table("Weights made random", ("random", "rank correlation"), rows)


# title of the button -> what it shows
CHECKS: dict[str, Callable[[Examiner, Explanation, Watch], str]] = {
    "Hide and look again": _hide,
    "Curves": _curves,
    "Sanity check": _sanity,
}
POINT = (
    "<p class='note'>Click on a picture to ask what that place speaks for, or draw on it to see what is left without a"
    " region. By keyboard: arrow keys, then Enter, or Space for a dab of the brush.</p>"
)
EXPLAINED = (
    "<p class='note'>Hides (blurs) the hottest places and asks the model again; compares with random places, and with a"
    " model that has forgotten what it learned. Each takes some seconds.</p>"
)


def _sentence(text: str) -> str:
    return f"<p class='sentence' role='status'>{html.escape(text)}</p>"


def _table(caption: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    head = "".join(f"<th scope='col'>{html.escape(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    return f"<table><caption>{html.escape(caption)}</caption><tr>{head}</tr>{body}</table>"


def _hidden_table(found: HideAndLook) -> str:
    rows = [
        (f"{step.share * 100:.0f} %", percent(step.hottest), percent(step.random_mean), _range(step.random))
        for step in found.steps
    ]
    caption = f"Probability of “{found.target.label}”, {percent(found.target.probability)} with nothing hidden"
    heads = ("hidden", "the hottest", "random, mean", "random, from and to")
    return _sentence(found.sentence) + _table(caption, heads, rows)


def _range(values: tuple[float, ...]) -> str:
    return f"{percent(min(values))} to {percent(max(values))}"


def _curves_drawing(found: Curves, label: str) -> str:
    parts = []
    for title, kinds in (
        ("Deletion", (found.deletion, found.deletion_random, found.deletion_reversed)),
        ("Insertion", (found.insertion, found.insertion_random, found.insertion_reversed)),
    ):
        lines = []
        for kind, curve in zip(("hottest", "random", "coldest"), kinds, strict=True):
            pairs = zip(found.shares, curve.values, strict=True)
            points = " ".join(f"{share * WIDE:.1f},{(1 - value) * HIGH:.1f}" for share, value in pairs)
            lines.append(f"<polyline class='{kind}' points='{points}'/>")
        areas = [(f"{kind} first", f"{curve.area:.3f}") for kind, curve in zip(KINDS, kinds, strict=True)]
        said = ", ".join(f"{kind} {area}" for kind, area in areas)
        drawing = (
            f"<svg viewBox='-2 -2 {WIDE + 4} {HIGH + 4}' role='img' aria-label='{title}: areas {said}'>"
            f"<rect width='{WIDE}' height='{HIGH}'/>{''.join(lines)}</svg>"
        )
        table = _table("Area under the line", ("order", "area"), areas)
        parts.append(f"<figure><figcaption>{title}</figcaption>{drawing}{table}</figure>")
    text = (
        f"Probability of “{label}” as more and more of the picture is hidden (deletion) or shown (insertion). For a map"
        " that holds, the solid line falls early and rises early."
    )
    return f"{_sentence(text)}<div class='curves'>{''.join(parts)}</div>"


KINDS = ("hottest", "random", "coldest")


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
    return f"{_sentence(said_without(explanation.target, changes))}<table><tr>{heads}</tr>{rows}</table>"
