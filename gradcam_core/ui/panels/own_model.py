"""A visitor's own model: a file of weights, for this visitor alone.

Public names: `ENDINGS`, `own_model_panel`, `own_models`, `session`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import LocalContext

from ...errors import LONGEST_SHOWN, ModelError
from ...explainer import Explainer
from ...reading.uploads import Upload
from ...serving.failures import plain_words
from ...serving.lanes import LOADING
from ...serving.room import MAX_WEIGHTS, megabytes
from ...serving.shelf import SECONDS_KEPT, Shelf
from ...tasks.classes import HEADS
from ..file_input import FileInput
from ..handlers import model_choices
from ..messages import note as note_text
from ..messages import problem_box
from ..model_menu import LOADED
from ..parts import Page
from ..wording import word

__all__ = ["ENDINGS", "own_model_panel", "own_models", "session"]

# keys of the words for each kind of head
HEAD_WORDS = {
    "softmax": "own.head_softmax",
    "sigmoid": "own.head_sigmoid",
    "logit": "own.head_logit",
    "value": "own.head_value",
}
ENDINGS = [".safetensors", ".pt", ".pth", ".bin", ".ckpt"]


def own_models(explainer: Explainer) -> dict[str, Any]:
    """What a page has for them: the `shelf`, and `mine`, the name of a visitor's model and who he is."""
    shelf = Shelf(explainer, visitor=session)
    mine = gr.State(("", None), time_to_live=SECONDS_KEPT, delete_callback=lambda owned: shelf.leave(*owned))
    return {"shelf": shelf, "mine": mine}


def own_model_panel(page: Page, menu: gr.Dropdown, shelf: Shelf, mine: gr.State) -> None:
    """What is loaded is put on the `shelf` and chosen in `menu`, and `page.ready` changes."""
    with gr.Accordion(word("own.title"), open=False, elem_id="own-model"):
        given = _fields()
        page.kept.extend(part for part in given if not isinstance(part, gr.File))
        button = gr.Button(word("own.load"), size="sm", elem_id="own-load")
        note = gr.HTML(note_text(word("own.note", minutes=round(SECONDS_KEPT / 60))), elem_id="own-note")
    weights, architecture, labels, *_ = given

    def named(file: Upload | None, typed: str) -> str:
        """The architecture that was typed, or else the one that the name of the file tells."""
        if typed.strip() or not file:
            return typed.strip()
        # what stands behind the point are the weights that somebody else trained
        return _guessed(file.name, [info.name.partition(".")[0] for info in page.services.explainer.models()]) or ""

    def guess(file: Upload | None, typed: str) -> Any:
        """What was typed stays."""
        return gr.skip() if typed.strip() else named(file, "") or gr.skip()

    def load(weights_file: Upload | None, name: str, labels_file: Upload | None, *described: str) -> dict[Any, Any]:
        files = weights_file, labels_file
        try:
            # somebody may press the button before the name of the file was looked at
            name = named(weights_file, name)
            if weights_file and not name:
                raise ModelError("architecture.missing")
            own = _put(shelf, files, name, described)
        except Exception as error:
            return {note: problem_box(plain_words(error), kept=False), weights: None, labels: None}
        finally:
            for file in filter(None, files):
                Path(file.path).unlink(missing_ok=True)
        loaded = page.services.explainer.load(own)
        size = loaded.preprocessing.input_shape[-1]
        choices = [
            (f"{shelf.title(own)} · {word('menu.only_for_you')}", own),
            *model_choices(page.services.explainer.models()),
        ]
        return {
            menu: gr.update(choices=choices, value=own),
            page.ready: next(LOADED),
            mine: (own, session()),
            note: note_text(word("own.loaded", classes=len(loaded.labels), size=size), aloud=True),
            weights: None,
            labels: None,
        }

    weights.upload(guess, [weights, architecture], architecture, show_progress="hidden", api_visibility="private")
    button.click(
        load,
        given,
        [menu, page.ready, mine, note, weights, labels],
        concurrency_id=LOADING,
        show_progress="full",
        show_progress_on=note,
        api_visibility="private",
    )


def _fields() -> list[Any]:
    """What is asked about a model: weights, architecture, labels, input size, mean, standard deviation, head.

    The file comes first; the rest is seldom needed, and stands behind a fold.
    """
    with gr.Row():
        weights = FileInput(
            label=f"{word('own.weights')} ≤ {megabytes(MAX_WEIGHTS)}", file_types=ENDINGS, height=150, min_width=240
        )
        architecture = gr.Textbox(
            "",
            label=word("own.architecture"),
            info=word("own.architecture_info"),
            min_width=240,
            elem_id="own-architecture",
        )
    with gr.Accordion(word("own.more"), open=False, elem_id="own-more"):
        labels = FileInput(label=word("own.labels"), file_types=[".txt", ".json", ".csv"], height=150)
        with gr.Row():
            size = gr.Textbox("", label=word("own.input_size"), placeholder="224", min_width=160, elem_id="own-size")
            mean = gr.Textbox(
                "", label=word("own.mean"), placeholder="0.485, 0.456, 0.406", min_width=160, elem_id="own-mean"
            )
            std = gr.Textbox(
                "", label=word("own.std"), placeholder="0.229, 0.224, 0.225", min_width=160, elem_id="own-std"
            )
        head = gr.Dropdown(
            [(word("own.as_usual"), ""), *((word(HEAD_WORDS[key]), key) for key in HEADS)],
            value="",
            label=word("own.head"),
            info=word("own.head_info"),
            elem_id="own-head",
        )
    return [weights, architecture, labels, size, mean, std, head]


def _put(shelf: Shelf, files: Sequence[Upload | None], architecture: str, described: Sequence[str]) -> str:
    """The name on the `shelf` of the model that a visitor has described in the fields."""
    weights, labels = files
    size, mean, std, head = described
    return shelf.put(
        weights,
        architecture,
        labels,
        input_size=_whole(size),
        mean=_three("mean", mean),
        std=_three("std", std),
        head=head or None,
    )


def _guessed(file_name: str, known: Iterable[str]) -> str | None:
    """The longest of the `known` architectures whose name is in that of the file, hyphens and case aside."""
    said = _squeezed(Path(file_name).stem)
    # a name of three letters is in many words
    found = [name for name in known if len(short := _squeezed(name)) > 3 and short in said]
    return max(found, key=len, default=None)


def _squeezed(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def session() -> str | None:
    """What tells whoever asks in this moment from all others; None where nobody asks over the page or the API."""
    request = LocalContext.request.get(None)
    return request.session_hash if request is not None else None


def _whole(text: str) -> int | None:
    try:
        return int(text) if text.strip() else None
    except ValueError:
        raise ModelError("input_size.no_number", text=text[:LONGEST_SHOWN]) from None


def _three(name: str, text: str) -> tuple[float, ...] | None:
    try:
        return tuple(float(part) for part in text.replace(";", ",").split(",")) if text.strip() else None
    except ValueError:
        raise ModelError("colours.no_numbers", name=name, text=text[:LONGEST_SHOWN]) from None
