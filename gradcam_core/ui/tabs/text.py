"""The text tab: a review, what a network says of it, and which words made it say so. Public name: `text_tab`."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import gradio as gr

from ...methods.text import DEFAULT_TEXT_METHOD, TEXT_METHODS
from ...request import AUTO
from ...serving.failures import plain_words
from ...text_explainer import TextExplainer
from ..handlers import TextControls, explain_text
from ..links import LONGEST, link_to_text, text_restored
from ..messages import headed, problem_box, sentence
from ..panels import lay_out_panels
from ..parts import Page, say_where_refused
from ..web.bars import PICKED, bars_value, top_bars
from ..web.text import shaded_text, text_value
from ..wording import word, words_of

__all__ = ["text_tab"]

# by it the page knows the tab
TITLE = "tab.text"
EXAMPLES = (
    "배우들 연기는 좋은데 줄거리가 너무 지루하고 짜증난다",
    "두 번 봤는데도 또 보고 싶은 영화, 정말 감동적이에요",
    "돈도 아깝고 시간도 아깝다 왜 만들었는지 모르겠음",
    "기대 안 했는데 생각보다 재미있었어요",
    "재미없다는 평만 믿고 안 볼 뻔했다. 올해 최고의 영화",
)
# what may be pasted; the model reads the beginning and the rest is shown as not read
MAX_TYPED = 20_000


def text_tab(page: Page) -> None:
    """Lay out the tab and connect it."""
    cancels: list[Any] = []
    with gr.Column(elem_classes="found"):
        text = _handed_in()
        problem = gr.HTML(elem_id="text-problem", visible=False)
        shown = gr.State(None)
        has = {"shown_text": shown, "cancels": cancels, "reading": ("text.reading_title", "text.reading")}
        with gr.Row():
            with gr.Column(scale=4, min_width=320):
                found = gr.HTML(sentence(word("text.waiting")), elem_id="text-sentence", min_height=60)
            with gr.Column(scale=1, min_width=220):
                lay_out_panels("beside the sentence", page, has)
        with gr.Row():
            with gr.Column(scale=4, min_width=320):
                drawing = shaded_text("text-stage")
            with gr.Column(scale=1, min_width=220):
                bars = top_bars("text-bars")
        controls = _controls(page.services.texts, text)
        lay_out_panels("below the answer", page, has)

    def update(*now: Any) -> dict[Any, Any]:
        asked = TextControls(*now)
        try:
            explanation = explain_text(page.services.texts, asked)
        except Exception as error:
            return {problem: gr.update(value=problem_box(plain_words(error), kept=True), visible=True)}
        return {
            problem: gr.update(visible=False),
            found: headed(explanation),
            drawing: text_value(explanation) | {"link": link_to_text(asked)},
            bars: bars_value(explanation),
            controls["method"]: gr.update(info=str(TEXT_METHODS[explanation.method].good_for)),
            shown: asked,
        }

    bars.select(None, [bars, controls["target"]], controls["target"], js=PICKED, api_visibility="private")
    answered = gr.on(
        [page.blocks.load, *(control.change for control in controls.values())],
        update,
        list(controls.values()),
        [problem, found, drawing, bars, controls["method"], shown],
        trigger_mode="always_last",
        show_progress="hidden",
        cancels=cancels,
        api_visibility="private",
    )
    say_where_refused(answered, problem)
    _restoring(page, controls)


def _restoring(page: Page, controls: dict[str, Any]) -> None:
    """Show what an address asks of a text, on this tab."""
    address, tabs = gr.Textbox("", visible=False), page.offered["tabs"]
    targets = {str(value) for _, value in controls["target"].choices}

    def restore_text(address_now: str) -> dict[Any, Any]:
        linked = text_restored(address_now, targets)
        if linked is None:
            return {tabs: gr.skip()}
        return {controls[name]: value for name, value in vars(linked).items()} | {tabs: gr.update(selected=TITLE)}

    page.blocks.load(
        restore_text,
        address,
        [*controls.values(), tabs],
        js=f"() => [location.search.slice(0, {LONGEST})]",
        show_progress="hidden",
        api_visibility="private",
    )


def _handed_in() -> gr.Textbox:
    """The place for a text, and the examples beside it."""
    with gr.Row(elem_id="text-hand-in"):
        with gr.Column(scale=3, min_width=320):
            text = gr.Textbox(
                EXAMPLES[0],
                label=word("text.review"),
                info=word("text.follows"),
                lines=3,
                max_lines=12,
                max_length=MAX_TYPED,
                elem_id="review",
            )
        with gr.Column(scale=2, min_width=320):
            gr.Examples(
                [[example] for example in EXAMPLES], [text], label=word("text.examples"), api_visibility="private"
            )
    return text


def _controls(texts: TextExplainer, text: gr.Textbox) -> dict[str, Any]:
    """The controls by their names in `TextControls`, in its order."""
    with gr.Row(elem_id="text-menus"):
        target, counterfactual, contrast = _choices(texts)
    with gr.Accordion(word("page.advanced"), open=False):
        method = gr.Dropdown(
            [(entry.title, key) for key, entry in TEXT_METHODS.items()],
            value=DEFAULT_TEXT_METHOD,
            label=word("photograph.method"),
            info=words_of(TEXT_METHODS[DEFAULT_TEXT_METHOD].good_for),
            elem_id="text-method",
        )
    made = {
        "text": text, "target": target, "method": method, "counterfactual": counterfactual, "contrast": contrast,
    }  # fmt: skip
    return {field.name: made[field.name] for field in fields(TextControls)}


def _choices(texts: TextExplainer) -> tuple[gr.Dropdown, gr.Checkbox, gr.Checkbox]:
    """The class, the side, and whether it is held against the other class."""
    target = gr.Dropdown(
        [(word("menu.top"), AUTO), *((label, str(index)) for index, label in enumerate(texts.labels))],
        value=AUTO,
        label=word("photograph.target"),
        info=word("text.or_click"),
        elem_id="text-target",
    )
    with gr.Column(min_width=200):
        counterfactual = gr.Checkbox(
            label=word("photograph.counterfactual"),
            info=word("photograph.counterfactual_info"),
            elem_id="text-counterfactual",
        )
    with gr.Column(min_width=200):
        contrast = gr.Checkbox(label=word("text.contrast"), info=word("text.contrast_info"), elem_id="text-contrast")
    return target, counterfactual, contrast
