"""Below the answer: does this map hold? Asks the network again. Public name: `checks_panel`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import gradio as gr
from PIL import Image

from ...canvases.urls import jpeg_url
from ...checks import Examiner, HideAndLook
from ...engine.watch import Watch
from ...explanation import Explanation
from ...languages import percent
from ...serving.lanes import COSTLY
from ...serving.services import Services
from ..handlers import Controls, looked_into
from ..messages import note, sentence, table
from ..parts import AT_ONCE, Page, told
from ..wording import word
from .plots import curves_drawing, sanity_drawing

__all__ = ["checks_panel"]

SLOT = "check"
# the longer side of each picture
PICTURE = 360
CheckDrawing: TypeAlias = Callable[[Examiner, Explanation, Watch], str]


def checks_panel(page: Page, shown_photograph: gr.State) -> None:
    """Buttons, each of which checks the map of `shown_photograph`."""
    running = page.services.running

    def stop_it(request: gr.Request) -> None:
        running.stop(request.session_hash, slot=SLOT)

    def forget(request: gr.Request) -> str:
        running.overtake(request.session_hash, slot=SLOT)
        return explained()

    with gr.Accordion(word("trust.title"), open=False, elem_id="trust"):
        with gr.Row():
            buttons = {
                title: gr.Button(word(title), size="sm", min_width=120, elem_id=f"check-{number}")
                for number, title in enumerate(CHECKS)
            }
            stop = gr.Button(word("page.stop"), size="sm", min_width=80, elem_id="check-stop")
        checked = gr.HTML(explained(), elem_id="checked", min_height=60)
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


def _examining(services: Services, check: CheckDrawing) -> Callable[..., str]:
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
    found = examiner.hide_and_look(explanation, watch=watch)
    middle = found.told
    # the random draw that does about what they do on average
    draw = min(range(len(middle.random)), key=lambda one: abs(middle.random[one] - middle.random_mean))
    hottest, random = examiner.hidden_pictures(explanation, middle.share, draw)
    shown = (
        (
            "trust.as_it_was",
            jpeg_url(Image.fromarray(explanation.photograph.preview), PICTURE),
            found.target.probability,
        ),
        ("trust.hottest_gone", jpeg_url(hottest, PICTURE), middle.hottest),
        ("trust.others_gone", jpeg_url(random, PICTURE), middle.random[draw]),
    )
    pictures = "".join(_picture(word(key, share=middle.share), url, share) for key, url, share in shown)
    return f"{sentence(found.sentence)}<div class='pictures'>{pictures}</div>{_hidden_table(found)}"


def _picture(title: str, url: str, share: float) -> str:
    meter = f"<span class='track'><span class='meter' style='width:{share * 100:.1f}%'></span></span>"
    return f"<figure><img src='{url}' alt=''><figcaption>{title}: {percent(share)}{meter}</figcaption></figure>"


def _curves(examiner: Examiner, explanation: Explanation, watch: Watch) -> str:
    return curves_drawing(examiner.curves(explanation, watch=watch), explanation.target.label)


def _sanity(examiner: Examiner, explanation: Explanation, watch: Watch) -> str:
    return sanity_drawing(examiner.sanity(explanation, watch=watch))


# key of the button's words -> what it shows
CHECKS: dict[str, CheckDrawing] = {
    "trust.hide": _hide,
    "trust.curves": _curves,
    "trust.sanity": _sanity,
}


def explained() -> str:
    """What stands there before anything is checked."""
    return note(word("trust.explained"))


def _hidden_table(found: HideAndLook) -> str:
    rows = [
        (f"{step.share * 100:.0f} %", percent(step.hottest), percent(step.random_mean), _range(step.random))
        for step in found.steps
    ]
    caption = word("trust.probability", label=found.target.label, probability=found.target.probability)
    heads = [word(f"trust.{key}") for key in ("hidden", "hottest", "random_mean", "random_range")]
    return table(caption, heads, rows)


def _range(values: tuple[float, ...]) -> str:
    return word("trust.from_to", low=min(values), high=max(values))
