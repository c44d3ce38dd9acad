"""The text tab: a review, what a network says of it, and which words made it say so. Public name: `text_tab`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from ...errors import CamError
from ...methods.text import DEFAULT_TEXT_METHOD, TEXT_METHODS
from ...request import AUTO
from ...serving.failures import plain_words
from ...text_explainer import TextExplainer
from ..handlers import TextControls, explain_text
from ..links import LONGEST, LONGEST_TEXT, MOST, link_to_text, text_restored
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
# once, with what the page showed in another language, or what stands in the address
ASKED = """(...values) => {
  const kept = window.camKept.text, asked = kept ?? values.slice(0, -2), first = !window.camText;
  delete window.camKept.text;
  window.camText = asked;
  return [...asked, null, first && !kept ? location.search.slice(0, LONGEST + 1) : ""];
}""".replace("LONGEST", str(LONGEST))


def text_tab(page: Page) -> None:
    """Lay out the tab and connect it."""
    cancels: list[Any] = []
    with gr.Column(elem_classes="found"):
        text = _handed_in()
        problem = gr.HTML(elem_id="text-problem", visible=False)
        shown = page.shown_text
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

    events = _TextEvents(page, controls, problem, found, drawing, bars, shown)
    bars.select(None, [bars, controls["target"]], controls["target"], js=PICKED, api_visibility="private")
    answered = gr.on(
        [page.blocks.load, *(control.change for control in controls.values())],
        events.update,
        [*controls.values(), shown, gr.Textbox("", visible=False)],
        [*controls.values(), problem, found, drawing, bars, shown, page.offered["tabs"]],
        js=ASKED,
        trigger_mode="always_last",
        show_progress="hidden",
        cancels=cancels,
        api_visibility="private",
    )
    say_where_refused(answered, problem)


@dataclass(frozen=True, eq=False)
class _TextEvents:
    """What happens on the server; all but the page are parts of the tab, and `shown` holds what is answered."""

    page: Page
    controls: dict[str, Any]
    problem: gr.HTML
    found: gr.HTML
    drawing: gr.HTML
    bars: gr.HTML
    shown: gr.State

    def update(self, *values: Any) -> dict[Any, Any]:
        """The answer to what is asked; `values` are those of the controls, what is shown, and an address or ""."""
        *now, before, address = values
        asked, refused = TextControls(*now), ""
        changes: dict[Any, Any] = {self.problem: gr.update(visible=False)}
        try:
            linked = text_restored(address, {str(value) for _, value in self.controls["target"].choices})
        except CamError as error:
            linked, refused = None, word("link.refused", problem=str(error))
        if linked is not None or refused:
            asked = linked or asked
            changes[self.page.offered["tabs"]] = gr.update(selected=TITLE)
        if before is None:
            # the page has been built with others
            given = vars(asked).items()
            changes |= {self.controls[name]: value for name, value in given if value != self.controls[name].value}
        try:
            changes |= self._answered(asked)
        except Exception as error:
            return changes | {self.problem: gr.update(value=problem_box(plain_words(error), kept=True), visible=True)}
        if refused:
            changes[self.problem] = gr.update(value=problem_box(refused, kept=False), visible=True)
        return changes

    def _answered(self, asked: TextControls) -> dict[Any, Any]:
        explanation = explain_text(self.page.services.texts, asked)
        query = link_to_text(asked)
        fits = len(query) <= MOST
        link = {
            "link": query if fits else "",
            "no_link": "" if fits else word("text.no_link", needed=len(query), most=MOST),
        }
        about = str(TEXT_METHODS[explanation.method].good_for)
        return {
            self.found: headed(explanation),
            self.drawing: text_value(explanation) | link,
            self.bars: bars_value(explanation),
            self.controls["method"]: gr.update(value=asked.method, info=about),
            self.shown: asked,
        }


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
                # the model reads the beginning and the rest is shown as not read
                max_length=LONGEST_TEXT,
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
