"""A visitor's own model: a file of weights, for this visitor alone.

Public names: `ENDINGS`, `Shelf`, `own_model_panel`.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

import gradio as gr

from ...errors import CamError, ModelError
from ...explainer import Explainer
from ...serving.failures import plain_words
from ...serving.lanes import LOADING
from ...serving.room import MAX_WEIGHTS
from ...tasks.classes import HEADS
from ..handlers import model_choices
from ..messages import problem_box
from ..model_menu import LOADED
from ..parts import Page

__all__ = ["ENDINGS", "Shelf", "own_model_panel"]

# of all visitors together: each holds its weights in memory until its visitor leaves
MAX_MODELS = 8
# for a program that talks to the page never leaves it
SECONDS_KEPT = 86_400
HEAD_CHOICES = [("as usual", ""), *((head.title, head.key) for head in HEADS.values())]
ENDINGS = [".safetensors", ".pt", ".pth", ".bin", ".ckpt"]


def own_model_panel(page: Page, menu: gr.Dropdown, ready: gr.State, shelf: Shelf) -> None:
    """What is loaded is put on the `shelf` and chosen in `menu`, and `ready` changes."""
    with gr.Accordion("Your own model", open=False, elem_id="own-model"):
        given = _fields()
        button = gr.Button("Load", size="sm", elem_id="own-load")
        note = gr.HTML(NOTE, elem_id="own-note")
        mine = gr.State("", time_to_live=SECONDS_KEPT, delete_callback=shelf.take_away)
    weights, _, labels, *_ = given

    def load(
        weights_file: str | None, name: str, labels_file: str | None, size_text: str, mean_text: str, std_text: str,
        head_key: str, before: str,
    ) -> dict[Any, Any]:  # fmt: skip
        try:
            own = shelf.put(
                before, weights_file, name.strip(), labels_file, _whole(size_text), _three("mean", mean_text),
                _three("std", std_text), head_key or None,
            )  # fmt: skip
        except Exception as error:
            return {note: problem_box(plain_words(error), kept=False), weights: None, labels: None}
        finally:
            for path in (weights_file, labels_file):
                if path:
                    Path(path).unlink(missing_ok=True)
        choices = [(f"{shelf.title(own)} · only for you", own), *model_choices(page.services.explainer.models())]
        return {
            menu: gr.update(choices=choices, value=own),
            ready: next(LOADED),
            mine: own,
            note: LOADED_NOTE,
            weights: None,
            labels: None,
        }

    button.click(
        load,
        [*given, mine],
        [menu, ready, mine, note, weights, labels],
        concurrency_id=LOADING,
        show_progress="full",
        show_progress_on=note,
        api_visibility="private",
    )


def _fields() -> list[Any]:
    """What is asked about a model: weights, architecture, labels, input size, mean, standard deviation, head."""
    return [
        gr.File(label="Weights (safetensors, .pt or .pth; up to 400 MB)", file_types=ENDINGS, height=110),
        gr.Textbox(
            label="Architecture",
            info="Its name in torchvision or timm, such as resnet18 or timm/resnet18.",
            elem_id="own-architecture",
        ),
        gr.File(label="Names of the classes (optional): one a line, or JSON", file_types=[".txt", ".json"], height=110),
        gr.Textbox(label="Input size (optional)", placeholder="224", elem_id="own-size"),
        gr.Textbox(label="Mean (optional)", placeholder="0.485, 0.456, 0.406", elem_id="own-mean"),
        gr.Textbox(label="Standard deviation (optional)", placeholder="0.229, 0.224, 0.225", elem_id="own-std"),
        gr.Dropdown(
            HEAD_CHOICES,
            value="",
            label="What the scores decide",
            info="As usual: one of the classes, or no or yes where there is a single score.",
            elem_id="own-head",
        ),
    ]


class Shelf:
    """The models of all visitors, each known by a name that nobody can guess."""

    def __init__(self, explainer: Explainer) -> None:
        self._explainer = explainer
        self._titles: dict[str, str] = {}
        self._lock = Lock()

    def title(self, name: str) -> str:
        """What its owner calls the model."""
        return self._titles[name]

    def put(
        self, before: str, weights: str | None, architecture: str, labels: str | None, size: int | None,
        mean: tuple[float, ...] | None, std: tuple[float, ...] | None, head: str | None,
    ) -> str:  # fmt: skip
        """Add a model in the place of its owner's one `before`; returns its name. Raises ModelError."""
        if not weights:
            raise ModelError("`weights` is missing: choose a file first.")
        name, title = secrets.token_urlsafe(16), Path(weights).stem[:40]
        with self._lock:
            others = self._titles.keys() - {before}
            if len(others) >= MAX_MODELS:
                raise ModelError(
                    f"This server holds {len(others)} visitors' own models already and has no room for more; try again"
                    " later, or run the app on a machine of your own."
                )
            # takes its place while it is read
            self._titles[name] = title
        try:
            self._explainer.add_checkpoint(
                weights, architecture, labels or None, size, mean, std,
                name=name, title=f"{title} ({architecture})", head=head, private=True, max_bytes=MAX_WEIGHTS,
            )  # fmt: skip
        except BaseException:
            with self._lock:
                del self._titles[name]
            raise
        self.take_away(before)
        return name

    def take_away(self, name: str) -> None:
        """Forget a model and all that was computed with it."""
        with self._lock:
            known = self._titles.pop(name, None)
        if known is not None:
            with suppress(CamError):
                self._explainer.remove_model(name)


def _whole(text: str) -> int | None:
    try:
        return int(text) if text.strip() else None
    except ValueError:
        raise ModelError(f"`input_size` {text!r} must be a whole number of pixels, such as 224.") from None


def _three(name: str, text: str) -> tuple[float, ...] | None:
    try:
        return tuple(float(part) for part in text.replace(";", ",").split(",")) if text.strip() else None
    except ValueError:
        raise ModelError(
            f"`{name}` {text!r} must be three numbers with commas between, such as 0.5, 0.5, 0.5."
        ) from None


NOTE = (
    "<p class='note'>A file is read as data, never as code, and deleted once it is read. Only you can use the model,"
    " and it is forgotten within an hour after you leave.</p>"
)
LOADED_NOTE = "<p class='note' role='status'>Loaded and chosen above; the file has been deleted.</p>"
