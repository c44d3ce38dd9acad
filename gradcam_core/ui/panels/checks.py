"""Below the answer: does this map hold? Asks the network again. Public name: `checks_panel`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import gradio as gr

from ...checks import Curves, Examiner, HideAndLook
from ...engine.watch import Watch
from ...explanation import Explanation
from ...languages import percent
from ...serving.lanes import COSTLY
from ...serving.services import Services
from ..handlers import Controls, looked_into
from ..messages import sentence, table
from ..parts import AT_ONCE, Page, told

__all__ = ["checks_panel"]

SLOT = "check"
# width and height of the drawing of the curves, in its own units
WIDE, HIGH = 300, 150
# which places go first along a line
KINDS = ("hottest", "random", "coldest")
Check: TypeAlias = Callable[[Examiner, Explanation, Watch], str]


def checks_panel(page: Page, shown_photograph: gr.State) -> None:
    """Buttons, each of which checks the map of `shown_photograph`."""
    running = page.services.running

    def stop_it(request: gr.Request) -> None:
        running.stop(request.session_hash, slot=SLOT)

    def forget(request: gr.Request) -> str:
        running.overtake(request.session_hash, slot=SLOT)
        return EXPLAINED

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
            _examining(page.services, CHECKS[title]),
            shown_photograph,
            checked,
            concurrency_id=COSTLY,
            api_visibility="private",
        )
    stop.click(stop_it, None, None, **AT_ONCE)
    # an answer about another map must not stay beside this one
    shown_photograph.change(forget, None, checked, **AT_ONCE)


def _examining(services: Services, check: Check) -> Callable[..., str]:
    """What answers a click on the button of `check`."""

    def examine(
        asked: Controls | None,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio wants to be asked for it
    ) -> str:
        # the answers share a place: the last check that was asked for stands there
        services.running.overtake(request.session_hash, slot=SLOT)
        with services.running.task(request.session_hash, told(progress), slot=SLOT) as task:
            found = looked_into(
                services, asked, lambda explanation, watch: check(services.examiner, explanation, watch), task.watch
            )
        return gr.skip() if task.overtaken else found

    return examine


def _hide(examiner: Examiner, explanation: Explanation, watch: Watch) -> str:
    return _hidden_table(examiner.hide_and_look(explanation, watch=watch))


def _curves(examiner: Examiner, explanation: Explanation, watch: Watch) -> str:
    return _curves_drawing(examiner.curves(explanation, watch=watch), explanation.target.label)


def _sanity(examiner: Examiner, explanation: Explanation, watch: Watch) -> str:
    found = examiner.sanity(explanation, watch=watch)
    rows = [
        (f"behind {step.layer}" if step.layer else "everywhere", f"{step.correlation:.2f}") for step in found.stages
    ]
    return sentence(found.sentence) + table("Weights made random", ("random", "rank correlation"), rows)


# title of the button -> what it shows
CHECKS: dict[str, Check] = {
    "Hide and look again": _hide,
    "Curves": _curves,
    "Sanity check": _sanity,
}
EXPLAINED = (
    "<p class='note'>Hides (blurs) the hottest places and asks the model again; compares with random places, and with a"
    " model that has forgotten what it learned. Each takes some seconds.</p>"
)


def _hidden_table(found: HideAndLook) -> str:
    rows = [
        (f"{step.share * 100:.0f} %", percent(step.hottest), percent(step.random_mean), _range(step.random))
        for step in found.steps
    ]
    caption = f"Probability of “{found.target.label}”, {percent(found.target.probability)} with nothing hidden"
    heads = ("hidden", "the hottest", "random, mean", "random, from and to")
    return sentence(found.sentence) + table(caption, heads, rows)


def _range(values: tuple[float, ...]) -> str:
    return f"{percent(min(values))} to {percent(max(values))}"


def _curves_drawing(found: Curves, label: str) -> str:
    parts = []
    for title, kinds in (
        ("Deletion", (found.deletion, found.deletion_random, found.deletion_reversed)),
        ("Insertion", (found.insertion, found.insertion_random, found.insertion_reversed)),
    ):
        lines = []
        for kind, curve in zip(KINDS, kinds, strict=True):
            pairs = zip(found.shares, curve.values, strict=True)
            points = " ".join(f"{share * WIDE:.1f},{(1 - value) * HIGH:.1f}" for share, value in pairs)
            lines.append(f"<polyline class='{kind}' points='{points}'/>")
        areas = [(f"{kind} first", f"{curve.area:.3f}") for kind, curve in zip(KINDS, kinds, strict=True)]
        said = ", ".join(f"{kind} {area}" for kind, area in areas)
        drawing = (
            f"<svg viewBox='-2 -2 {WIDE + 4} {HIGH + 4}' role='img' aria-label='{title}: areas {said}'>"
            f"<rect width='{WIDE}' height='{HIGH}'/>{''.join(lines)}</svg>"
        )
        under = table("Area under the line", ("order", "area"), areas)
        parts.append(f"<figure><figcaption>{title}</figcaption>{drawing}{under}</figure>")
    text = (
        f"Probability of “{label}” as more and more of the picture is hidden (deletion) or shown (insertion). For a map"
        " that holds, the solid line falls early and rises early."
    )
    return f"{sentence(text)}<div class='curves'>{''.join(parts)}</div>"
