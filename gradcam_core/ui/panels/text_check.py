"""Below a text: do its strongest words decide? Public names: `checked_table`, `text_check_panel`."""

from __future__ import annotations

import gradio as gr

from ...checks import Check
from ...serving.failures import plain_words
from ..handlers import TextControls, explain_text
from ..messages import problem_box, sentence
from ..parts import Page

__all__ = ["checked_table", "text_check_panel"]

NOTHING_YET = "There is nothing to check yet: type a sentence first."


def text_check_panel(page: Page, shown_text: gr.State, cancels: list[gr.events.Dependency]) -> None:
    """A button that leaves out words of `shown_text`; what it does is among what another text `cancels`."""
    texts = page.services.texts

    def look_again(asked: TextControls | None) -> str:
        if asked is None:
            return problem_box(NOTHING_YET, kept=False)
        try:
            return checked_table(texts.check(explain_text(texts, asked)))
        except Exception as error:
            return problem_box(plain_words(error), kept=False)

    button = gr.Button("Check it: leave the strongest words out", elem_id="text-check")
    checked = gr.HTML(elem_id="text-checked")
    cancels.append(
        button.click(
            look_again,
            shown_text,
            checked,
            trigger_mode="once",
            api_visibility="private",
        )
    )
    # an answer about another text must not stay below this one
    shown_text.change(None, None, checked, js="() => ''", api_visibility="private")


def checked_table(check: Check) -> str:
    """The check in one sentence, with its figures behind it."""
    rows = "".join(
        f"<tr><th scope='row'>{name}</th><td>{figure.comprehensiveness:.3f}</td><td>{figure.sufficiency:.3f}</td></tr>"
        for name, figure in (("This order", check.own), (f"Random, {check.draws} draws", check.random))
    )
    change = "Rise" if check.counterfactual else "Fall"
    return (
        f"{sentence(check.sentence)}<table>"
        f"<caption>{change} of the probability, averaged over leaving out 1 to 50 % of the words</caption>"
        "<thead><tr><th scope='col'>Order of the words</th><th scope='col'>without the first (more is better)</th>"
        f"<th scope='col'>with them alone (less is better)</th></tr></thead><tbody>{rows}</tbody></table>"
    )
