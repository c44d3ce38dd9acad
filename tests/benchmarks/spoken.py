"""Captions and answers as the page makes them, and further words and answers of the same photograph."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from statistics import median

import gradio as gr
import numpy as np
import torch

from gradcam_core import Explainer
from gradcam_core.models import DEFAULT_ANSWERER, DEFAULT_CAPTIONER
from gradcam_core.reading.photograph import Photograph
from gradcam_core.request import AUTO, Request
from gradcam_core.ui.messages import said
from gradcam_core.ui.tabs.words import Words, words
from gradcam_core.ui.web.bars import bars_value
from gradcam_core.ui.web.stage import stage_answer, stage_photo

from .timing import Row, interleaved, quartiles, ratio
from .whole import jpeg

QUESTION = "what is in the picture?"
# milliseconds of the whole, passes of what comes behind: issue 19
CAPTION_MS, QUESTION_MS, FURTHER = 150, 60, 0.15
MILLI = 1000


def shown(explainer: Explainer, photograph: Photograph, request: Request, drawn: Words, *, new: bool) -> None:
    """All that the page sends for one answer."""
    explanation = explainer.answer(photograph, request)
    if new:
        stage_photo(photograph)
    stage_answer(explanation, 1, explanation.request)
    said(explanation)
    bars_value(explanation)
    drawn.changes(explainer, explanation)


def measure(rounds: int, clock: Callable[[], float], engine: str = AUTO) -> list[Row]:
    """Whole answers of a new photograph that is decoded, in milliseconds; further ones in forward passes."""
    explainer = Explainer(engine=engine)
    with gr.Blocks():
        drawn = words(explainer)
    for model in (DEFAULT_CAPTIONER, DEFAULT_ANSWERER):
        # until they are converted, answers take twice as long
        explainer.warm_up(model)
    numbers = itertools.count()

    def new() -> Photograph:
        return explainer.photograph(jpeg(640, 480, next(numbers)))

    # decoded beforehand: each is new to the network
    fresh = {name: iter([new() for _ in range(rounds + 2)]) for name in ("caption", "answer")}
    known = new()
    caption, question = Request(model=DEFAULT_CAPTIONER), Request(model=DEFAULT_ANSWERER, question=QUESTION)
    described = explainer.describe(known)
    # its pass is what further answers share
    explainer.ask(known, QUESTION)
    written = caption.replace(caption=described.caption)
    # each at its first time: nothing of it is remembered
    labels = iter(random.Random(0).sample(range(len(explainer.labels(DEFAULT_ANSWERER))), rounds + 2))  # noqa: S311
    others = iter(random.Random(0).sample(range(4, len(explainer.labels(DEFAULT_CAPTIONER))), rounds + 2))  # noqa: S311
    network = explainer.load(DEFAULT_CAPTIONER).network.backbone
    image = torch.from_numpy(np.zeros((1, 3, 224, 224), np.float32))

    def forward() -> None:
        with torch.inference_mode():
            network(image)

    def another_word() -> None:
        explainer.answer(known, written.replace(word=len(described.words) // 2, target=next(others)))

    def another_answer() -> None:
        explainer.answer(known, question.replace(target=next(labels)))

    timed = interleaved(
        {
            "forward": forward,
            "caption": lambda: shown(explainer, next(fresh["caption"]), caption, drawn, new=True),
            "answer": lambda: shown(explainer, next(fresh["answer"]), question, drawn, new=True),
            "another word": another_word,
            "another answer": another_answer,
        },
        rounds,
        clock,
    )
    rows = []
    for name, most in (("caption", CAPTION_MS), ("answer", QUESTION_MS)):
        low, middle, high = (MILLI * value for value in quartiles(timed[name]))
        work = f"{name} of a decoded photograph, all that the page shows"
        rows.append(Row(work, "embedded", "this project", middle, low, high, "ms", reach=most))
        low, middle, high = ratio(timed[name], timed["forward"])
        rows.append(Row(work, "embedded", "this project", middle, low, high))
    for name in ("another word", "another answer"):
        low, middle, high = ratio(timed[name], timed["forward"])
        rows.append(Row(f"{name} of the same photograph", "embedded", "this project", middle, low, high, reach=FURTHER))
    rows.append(Row("forward pass of its backbone", "embedded", "plain", MILLI * median(timed["forward"]), unit="ms"))
    return rows
