"""Below a text: do its strongest words decide? Public names: `checked_table`, `text_check_panel`."""

from __future__ import annotations

import gradio as gr

from ...checks import Check
from ...serving.failures import plain_words
from ..handlers import TextControls, explain_text
from ..messages import problem_box, sentence
from ..parts import Page
from ..wording import word

__all__ = ["checked_table", "text_check_panel"]


def text_check_panel(page: Page, shown_text: gr.State, cancels: list[gr.events.Dependency]) -> None:
    """A button that leaves out words of `shown_text`; what it does is among what another text `cancels`."""
    texts = page.services.texts

    def look_again(asked: TextControls | None) -> str:
        if asked is None:
            return problem_box(word("words_check.nothing_yet"), kept=False)
        try:
            return checked_table(texts.check(explain_text(texts, asked)))
        except Exception as error:
            return problem_box(plain_words(error), kept=False)

    button = gr.Button(word("words_check.button"), elem_id="text-check")
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
        for name, figure in (
            (word("words_check.own"), check.own),
            (word("words_check.draws", draws=check.draws), check.random),
        )
    )
    caption = word("words_check.rise" if check.counterfactual else "words_check.fall")
    heads = (word(f"words_check.{key}") for key in ("order", "without", "alone"))
    return (
        f"{sentence(check.sentence)}<table>"
        f"<caption>{caption}</caption><thead><tr>{''.join(f'<th scope=col>{head}</th>' for head in heads)}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
