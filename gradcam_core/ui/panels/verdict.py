"""Beside the sentence: whether the map holds, found without being asked.

Public names: `text_verdict_panel`, `verdict_line`, `verdict_panel`.

Hide and look again runs behind each answer. It makes way for everybody's answers, ends with the next question, and
gives up where it would take long; the whole check stands under "Does it hold?".
"""

from __future__ import annotations

import html
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from ...checks import Check, HideAndLook, Verdict
from ...engine.watch import Watch
from ...errors import CamError
from ...serving.lanes import BESIDE
from ...serving.services import Services
from ..handlers import VERDICT, Controls, TextControls, explain, explain_text
from ..parts import AT_ONCE, Page
from ..wording import word

__all__ = ["text_verdict_panel", "verdict_line", "verdict_panel"]

PLACES_JUDGED = {
    Verdict.HOLDS: "verdict.holds",
    Verdict.BY_LITTLE: "verdict.holds_by_little",
    Verdict.FAILS: "verdict.fails",
    Verdict.NO_CHANGE: "verdict.no_change",
}
WORDS_JUDGED = {
    Verdict.HOLDS: "verdict.words_hold",
    Verdict.BY_LITTLE: "verdict.words_hold_by_little",
    Verdict.FAILS: "verdict.words_fail",
    Verdict.NO_CHANGE: "verdict.words_no_change",
}
# a check that takes longer is not made by itself, only where somebody asks for it
MOST_SECONDS = 12.0
# which answer is shown is counted in the browser, for each line by itself
COUNT = """() => {
  const shown = window.camJudged ||= {};
  shown["LINE"] = (shown["LINE"] || 0) + 1;
  return LOOKING;
}"""
# a moment later, so that who drags through a menu starts nothing; behind it the question's number
LATER = """async (asked) => {
  await new Promise((done) => setTimeout(done, WAIT));
  return [asked, window.camTicket || 0, (window.camJudged || {})["LINE"] || 0];
}"""
# what was found is shown beside the answer that it was found for; of one that is no longer shown it is dropped, for
# that of the other one is on its way. Where nothing was found this time, as the server has refused, failed, or is gone,
# the line says how to ask
SHOW = """(found, line) => {
  const last = window.camFound ||= {};
  const number = Number(found.split(" ", 1)[0]);
  const shown = (window.camJudged || {})["LINE"] || 0;
  const come = number !== (last["LINE"] || 0);
  last["LINE"] = number;
  if (number === shown) return found.slice(found.indexOf(" ") + 1);
  return come ? line : NONE;
}"""


def verdict_panel(page: Page, shown_photograph: gr.State) -> None:
    """One line about the map of `shown_photograph`."""
    _judged_in_line("verdict", shown_photograph, _looking(page.services), wait=300, ask=word("verdict.ask"))


def text_verdict_panel(page: Page, shown_text: gr.State) -> None:
    """One line about what leaving words out of `shown_text` does."""
    texts = page.services.texts

    def found(asked: TextControls) -> str:
        try:
            check = texts.check(explain_text(texts, asked))
        except CamError:
            return verdict_line("", word("verdict.words_too_few"), state="none")
        values = {"after": check.after, "random": check.random_after}
        return _judged(check, WORDS_JUDGED, values)

    def judge_words(asked: TextControls | None, _ticket: float, number: float) -> str:
        return f"{number:.0f} {found(asked) if asked else ''}"

    _judged_in_line("text-verdict", shown_text, judge_words, wait=0, ask=word("verdict.words_ask"))


def _judged_in_line(elem_id: str, shown: gr.State, judge: Callable[..., str], *, wait: int, ask: str) -> None:
    """A line that says that it is looked for whenever something else is `shown`, and then what `judge` says.

    `judge` is given that, the question's number and the number of the answer, `wait` milliseconds later, and returns
    the last of them, a space and the line. Where nothing comes, the line says how to `ask`.
    """
    line = gr.HTML("", elem_id=elem_id)
    found = gr.Textbox("", visible=False, elem_id=f"{elem_id}-found")
    # of the question and of the answer, which the browser counts
    numbers = [gr.Number(0, visible=False) for _ in range(2)]
    looking, none = (
        json.dumps(verdict_line("", text, state=state))
        for text, state in ((word("verdict.looking"), "looking"), (ask, "none"))
    )
    shown.change(None, None, line, js=COUNT.replace("LINE", elem_id).replace("LOOKING", looking), **AT_ONCE)
    event = shown.change(
        judge,
        [shown, *numbers],
        found,
        js=LATER.replace("LINE", elem_id).replace("WAIT", str(wait)),
        trigger_mode="always_last",
        concurrency_id=BESIDE,
        show_progress="hidden",
        api_visibility="private",
    )
    show = SHOW.replace("LINE", elem_id).replace("NONE", none)
    event.failure(None, [found, line], line, js=show, **AT_ONCE)
    # to gradio a connection that is lost is no failure
    event.then(None, [found, line], line, js=show, **AT_ONCE)


def _looking(services: Services) -> Any:
    def judge(asked: Controls | None, ticket: float, number: float, request: gr.Request) -> str:
        return f"{number:.0f} {look(asked, ticket, request) if asked else ''}"

    def look(asked: Controls, ticket: float, request: gr.Request) -> str:
        begun = time.monotonic()

        def watch(done: int, count: int, *_said: object) -> None:
            if done and (time.monotonic() - begun) * count / done > MOST_SECONDS:
                task.stop(overtaken=False)

        with services.running.task(request.session_hash, watch, slot=VERDICT, ticket=ticket) as task:
            found = _found(services, asked, task.watch)
        # also where another question came: it may be refused, and this answer stay
        return verdict_line("", word("verdict.ask"), state="none") if found is None else _said(found)

    return judge


def _found(services: Services, asked: Controls, watch: Watch) -> HideAndLook | None:
    """What hiding finds; None where there is nothing to hide, or no time."""
    try:
        explanation = explain(services.explainer, asked, watch)
        return None if explanation.blank else services.examiner.hide_and_look(explanation, watch=watch)
    except Exception:
        # whoever asks for the check is told why
        return None


def _said(found: HideAndLook) -> str:
    return _judged(found, PLACES_JUDGED, {"hottest": found.told.hottest, "random": found.told.random_mean})


def _judged(check: HideAndLook | Check, sayings: Mapping[Verdict, str], values: Mapping[str, float]) -> str:
    """What a `check` comes to, in one of the `sayings`."""
    text = word(sayings[check.verdict], **values)
    return verdict_line("✓", text, state="holds") if check.holds else verdict_line("✗", text, state="fails")


def verdict_line(sign: str, text: str, *, state: str) -> str:
    """The line; its `state` is "looking", "none", "holds" or "fails"."""
    mark = f"<span aria-hidden='true'>{sign}</span> " if sign else ""
    return f"<p class='verdict' role='status' data-state='{state}'>{mark}{html.escape(text, quote=False)}</p>"
