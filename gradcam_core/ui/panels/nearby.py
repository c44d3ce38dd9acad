"""Behind an answer: the maps of the other likely classes, and of all sides, so that looking at them takes no request.

Public name: `nearby_panel`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from ...explanation import Explanation
from ...methods import METHODS
from ...serving.lanes import BESIDE
from ...serving.services import Services
from ..handlers import NEARBY, SIDES, Controls, explain
from ..messages import headed
from ..parts import Page
from ..web.stage import about, stage_answer

__all__ = ["nearby_panel"]

# finer maps would take more bytes than they save time
MOST_CELLS = 400


def nearby_panel(page: Page, shown_photograph: gr.State, stage: gr.HTML, ticket: gr.Number) -> None:
    """Send the `stage` what somebody may look at next, of `shown_photograph`; `ticket` numbers the questions."""
    # what the browser has the neighbours of
    sent = gr.State("")
    shown_photograph.change(
        _sending(page.services),
        [shown_photograph, sent, ticket],
        [stage, sent],
        js="(asked, sent) => [asked, sent, window.camTicket || 0]",
        trigger_mode="always_last",
        concurrency_id=BESIDE,
        show_progress="hidden",
        api_visibility="private",
    )


def _sending(services: Services) -> Callable[..., Any]:
    def send(asked: Controls | None, sent: str, ticket: float, request: gr.Request) -> tuple[Any, Any]:
        if asked is None:
            return gr.skip(), gr.skip()
        with services.running.task(request.session_hash, slot=NEARBY, ticket=ticket) as task:
            try:
                explanation = explain(services.explainer, asked, task.watch)
                context = about(explanation, asked.question)
                method = METHODS[explanation.method]
                if context == sent or method.costly or not method.of_class or asked.request.sharper:
                    return gr.skip(), gr.skip()
                found = _neighbours(services, explanation, asked, task.watch)
            except Exception:
                # whoever asks for one of them is told why
                return gr.skip(), gr.skip()
        if task.overtaken:
            return gr.skip(), gr.skip()
        return gr.update(near={"context": context, "answers": found}), context

    return send


def _neighbours(services: Services, explanation: Explanation, asked: Controls, watch: Any) -> dict[str, Any]:
    """What the stage needs of each, by class and side."""
    if explanation.cam.size > MOST_CELLS:
        return {}
    classes = dict.fromkeys(one.index for one in (explanation.target, *explanation.top))
    questions = [asked.but(target=index, **side) for index in classes for side in SIDES.values()]
    requests = [explanation.request.replace(**_of(one)) for one in questions]
    answers = services.explainer.answer_all(explanation.photograph, requests, watch=watch)
    return {
        f"{answer.target.index} {one.side}": stage_answer(answer, 0, one.question) | {"said": headed(answer)}
        for one, answer in zip(questions, answers, strict=True)
    }


def _of(asked: Controls) -> dict[str, Any]:
    # a rival that is left to the program is another one for each class
    return {name: getattr(asked.question, name) for name in ("target", "counterfactual", "both", "rival")}
