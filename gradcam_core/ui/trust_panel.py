"""Below the pictures: does this map hold? Asks the network again, and single places. Public name: `trust_panel`."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from threading import Event

import gradio as gr

from ..explanation import Explanation, percent
from ..rerun import Watch
from ..service import Explainer
from ..trust import Curves, Evidence, Examiner, HideAndLook, Place
from .components import problem_box
from .handlers import Asked, answer, plain_words

__all__ = ["trust_panel"]

# computations of many passes that may run at the same time
CONCURRENT = 2
NOTHING_YET = "There is nothing to check yet: choose a photograph first."
# width and height of the drawing of the curves, in its own units
WIDE, HIGH = 300, 150


def trust_panel(explainer: Explainer, drawing: gr.HTML, shown: gr.State) -> None:
    """Lay out the area and connect it; `drawing` is the stage whose places are asked, `shown` what it shows."""
    examiner = Examiner(explainer)
    # of each visitor: what ends the computation under way
    stops: dict[str | None, Event] = {}

    def checking(make: Callable[[Examiner, Explanation, Watch], str]) -> Callable[..., str]:
        def examine(
            asked: Asked | None,
            request: gr.Request,
            progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio wants to be asked for it
        ) -> str:
            if asked is None:
                return problem_box(NOTHING_YET, kept=False)
            visitor = request.session_hash
            stop = stops[visitor] = Event()
            watch = Watch(lambda done, count: progress((done, count), unit="passes"), stop)
            try:
                return make(examiner, _explained(explainer, asked), watch)
            except Exception as error:
                return problem_box(plain_words(error), kept=False)
            finally:
                stops.pop(visitor, None)

        return examine

    def stop_it(request: gr.Request) -> None:
        if (event := stops.get(request.session_hash)) is not None:
            event.set()

    def point_at(asked: Asked | None, event: gr.EventData) -> str:
        if asked is None:
            return problem_box(NOTHING_YET, kept=False)
        try:
            explanation = _explained(explainer, asked)
            return _place(examiner.ask_place(explanation, event._data["x"], event._data["y"]))
        except Exception as error:
            return problem_box(plain_words(error), kept=False)

    place = gr.HTML(POINT, elem_id="place")
    with gr.Accordion("Does it hold? Check this map", open=False, elem_id="trust"):
        with gr.Row():
            buttons = {
                title: gr.Button(title, size="sm", min_width=120, elem_id=f"check-{number}")
                for number, title in enumerate(CHECKS)
            }
            stop = gr.Button("Stop", size="sm", min_width=80, variant="stop", elem_id="check-stop")
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
    # an answer about another map must not stay beside this one
    shown.change(lambda: (POINT, EXPLAINED), None, [place, checked], show_progress="hidden", api_visibility="private")


def _explained(explainer: Explainer, asked: Asked) -> Explanation:
    outcome = answer(explainer, asked, asked)
    if outcome.explanation is None:
        raise gr.Error(outcome.problem, print_exception=False)
    return outcome.explanation


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


def _strip(examiner: Examiner, explanation: Explanation, watch: Watch) -> str:
    rows = []
    layers = examiner.strip(explanation, watch=watch)
    for number, one in enumerate(layers):
        watch.at(number, len(layers))
        size = f"{one.cam.shape[1]}×{one.cam.shape[0]}"  # noqa: RUF001
        if one.blank:
            rows.append((one.layer, size, "nothing coloured", "", ""))
            continue
        found = examiner.hide_and_look(one, watch=Watch(stop=watch.stop))
        middle = found.steps[len(found.steps) // 2]
        holds = "holds" if found.holds else "no more than chance"
        rows.append((one.layer, size, percent(middle.hottest), percent(middle.random_mean), holds))
    caption = f"“{explanation.target.label}” is at {percent(explanation.target.probability)}; with 20 % hidden:"
    heads = ("layer", "map", "the hottest hidden", "a random part hidden", "verdict")
    return _sentence("The same map at every offered layer.") + _table(caption, heads, rows)


# title of the button -> what it shows
CHECKS: dict[str, Callable[[Examiner, Explanation, Watch], str]] = {
    "Hide and look again": _hide,
    "Curves": _curves,
    "Sanity check": _sanity,
    "All layers": _strip,
}
POINT = "<p class='note'>Click on a picture, or press Enter there, to ask what that place speaks for.</p>"
EXPLAINED = (
    "<p class='note'>Hides (blurs) the hottest places and asks the model again; compares with random places, with a"
    " model that has forgotten what it learned, and with the other layers. Each takes some seconds.</p>"
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
