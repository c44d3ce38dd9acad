"""The text tab: a review, what a network says of it, and which words made it say so. Public name: `text_tab`."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import gradio as gr

from ..explainer import AUTO
from ..text import TEXT_METHODS, Check, Piece, TextExplainer, TextExplanation
from ..text.methods import DEFAULT_METHOD
from .components import PICKED, bars_value, problem_box, said, text_stage, top_bars
from .handlers import plain_words

__all__ = ["text_tab", "text_value"]

EXAMPLES = (
    "배우들 연기는 좋은데 줄거리가 너무 지루하고 짜증난다",
    "두 번 봤는데도 또 보고 싶은 영화, 정말 감동적이에요",
    "돈도 아깝고 시간도 아깝다 왜 만들었는지 모르겠음",
    "기대 안 했는데 생각보다 재미있었어요",
    "재미없다는 평만 믿고 안 볼 뻔했다. 올해 최고의 영화",
)
STRONGEST = 8
# what may be pasted; the model reads the beginning and the rest is shown as not read
MAX_TYPED = 20_000
CONCURRENT = 4


def text_tab(explainer: TextExplainer, page: gr.Blocks) -> None:
    """Lay out the tab and connect it; must be called inside `page`."""
    with gr.Row(elem_classes="workplace"):
        with gr.Column(scale=1, min_width=300, elem_classes="given"):
            text = gr.Textbox(
                EXAMPLES[0],
                label="Film review in Korean",
                info="The answer follows as you type.",
                lines=4,
                max_lines=12,
                max_length=MAX_TYPED,
                elem_id="review",
            )
            gr.Examples([[example] for example in EXAMPLES], [text], label="Or pick one", api_visibility="private")
            target = gr.Dropdown(
                [("Top prediction", AUTO), *((label, str(index)) for index, label in enumerate(explainer.labels))],
                value=AUTO,
                label="Target class",
                info="Or click a bar.",
                elem_id="text-target",
            )
            counterfactual = gr.Checkbox(
                label="Counterfactual", info="Show what speaks against the class.", elem_id="text-counterfactual"
            )
            contrast = gr.Checkbox(
                label="Contrast", info="Why this class rather than the other.", elem_id="text-contrast"
            )
            with gr.Accordion("Advanced", open=False):
                method = gr.Dropdown(
                    [(entry.title, key) for key, entry in TEXT_METHODS.items()],
                    value=DEFAULT_METHOD,
                    label="Method",
                    info=TEXT_METHODS[DEFAULT_METHOD].good_for,
                    elem_id="text-method",
                )
        with gr.Column(scale=4, min_width=320, elem_classes="found"):
            problem = gr.HTML(elem_id="text-problem", visible=False)
            sentence = gr.HTML(elem_id="text-sentence", min_height=60)
            with gr.Row():
                with gr.Column(scale=3, min_width=320):
                    drawing = text_stage("text-stage")
                with gr.Column(scale=1, min_width=220):
                    bars = top_bars("text-bars")
            check = gr.Button("Check it: leave the strongest words out", elem_id="text-check")
            checked = gr.HTML(elem_id="text-checked")
            with gr.Accordion("How to read this", open=False):
                gr.Markdown(READING)
    controls = [text, target, method, counterfactual, contrast]

    def ask(
        text_now: str, target_now: str, method_now: str, counterfactual_now: bool, contrast_now: bool
    ) -> TextExplanation:
        return explainer.explain(
            text_now, target_now, method=method_now, counterfactual=counterfactual_now, contrast=contrast_now
        )

    def update(*now: Any) -> dict[Any, Any]:
        try:
            explanation = ask(*now)
        except Exception as error:
            return {problem: gr.update(value=problem_box(plain_words(error), kept=True), visible=True)}
        return {
            problem: gr.update(visible=False),
            sentence: said(explanation),
            drawing: text_value(explanation),
            bars: bars_value(explanation),
            method: gr.update(info=TEXT_METHODS[explanation.method].good_for),
            checked: "",
        }

    def look_again(*now: Any) -> str:
        try:
            return checked_table(explainer.check(ask(*now)))
        except Exception as error:
            return problem_box(plain_words(error), kept=False)

    looking = check.click(
        look_again, controls, checked, trigger_mode="once", concurrency_limit=CONCURRENT, api_visibility="private"
    )
    bars.select(None, [bars, target], target, js=PICKED, api_visibility="private")
    gr.on(
        [page.load, text.change, target.change, method.change, counterfactual.change, contrast.change],
        update,
        controls,
        [problem, sentence, drawing, bars, method, checked],
        trigger_mode="always_last",
        concurrency_limit=CONCURRENT,
        show_progress="hidden",
        cancels=[looking],
        api_visibility="private",
    )


def text_value(explanation: TextExplanation) -> dict[str, Any]:
    """What the shaded sentence and its bars need: see web/text.js."""
    strongest = sorted(explanation.words, key=lambda word: -abs(word.value))[:STRONGEST]
    score = f"score for {explanation.target.label}"
    if explanation.counterfactual:
        score = f"score against {explanation.target.label}"
    return {
        "score": score,
        "words": _parts(explanation, explanation.words),
        "characters": _parts(explanation, [char for char in explanation.chars if not char.text.isspace()]),
        "unread": explanation.unread.text if explanation.unread else "",
        "chart": [{"text": word.text, "value": word.value} for word in strongest],
    }


def _parts(explanation: TextExplanation, pieces: Sequence[Piece]) -> list[tuple[str, float | None]]:
    """The text that was read, piece by piece with its value, and the gaps between with None."""
    parts: list[tuple[str, float | None]] = []
    at = 0
    for piece in pieces:
        if piece.start > at:
            parts.append((explanation.text[at : piece.start], None))
        parts.append((piece.text, piece.value))
        at = piece.end
    return parts


def checked_table(check: Check) -> str:
    """The check in one sentence, with its figures behind it."""
    rows = "".join(
        f"<tr><th scope='row'>{name}</th><td>{figure.comprehensiveness:.3f}</td><td>{figure.sufficiency:.3f}</td></tr>"
        for name, figure in (("This order", check.own), (f"Random, {check.draws} draws", check.random))
    )
    change = "Rise" if check.counterfactual else "Fall"
    return (
        f"<p class='sentence' role='status'>{html.escape(check.sentence)}</p>"
        f"<table><caption>{change} of the probability, averaged over leaving out 1 to 50 % of the words</caption>"
        "<thead><tr><th scope='col'>Order of the words</th><th scope='col'>without the first (more is better)</th>"
        f"<th scope='col'>with them alone (less is better)</th></tr></thead><tbody>{rows}</tbody></table>"
    )


READING = """
- **Numbers**: how much each word or character raises (+) or lowers (-) the score of the class. With HiResCAM the
  characters' numbers add up to the score itself, less a constant; a word's number is the average of its characters.
- **Windows**: the network looks at two to five characters at a time. A window's value is shared evenly among the
  characters it covers, so a number also speaks of its neighbours.
- **Counterfactual**: what speaks against the class. **Contrast**: what speaks for it rather than for the other.
- The network learnt from Korean film reviews. It knows no other language, no irony and no order beyond five characters.
"""
