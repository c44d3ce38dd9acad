"""The table of tasks: each says which words it is asked with, and a new entry is all that a new one needs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from torch import nn

from gradcam_core import Explainer, Wording
from gradcam_core.models import own_words, tasks
from gradcam_core.models.spoken import Answering
from gradcam_core.models.tasks import TASKS, Task, task_of
from gradcam_core.request import WORDED, Request

from .test_own_words import SIDE, WORDS, Net


def test_every_option_for_words_is_a_tasks() -> None:
    assert set(WORDED) == set().union(*(task.options for task in TASKS.values()))


def test_the_words_of_a_request_say_what_it_asks_for() -> None:
    assert task_of(Request()).key == "classes"
    assert task_of(Request(caption="a dog")).key == "caption"
    assert task_of(Request(question="what dog?")).key == "answer"


def test_a_new_task_is_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    def counting(labels: tuple[str, ...], words: Wording, _network: nn.Module) -> Answering:
        return Answering(labels, words, task="count")

    of_counts = partial(own_words.spec, replace(own_words.ANSWERS, speech=counting))
    monkeypatch.setitem(tasks.TASKS, "count", Task("count", of_counts, "question", trial="what dog?"))
    explainer = Explainer(device="cpu", engine="torch")
    words = Wording.of(WORDS, unknown=2, embedding="words", limit=6)
    counts = ["none", "one", "two"]
    explainer.add_model("counts", Net(3, caption=False), task="count", words=words, labels=counts, input_size=SIDE)
    assert [model.name for model in explainer.models("count")] == ["counts"]
    picture = np.random.default_rng(2).integers(0, 256, (48, 48, 3), np.uint8)
    found = explainer.ask(picture, "what dog?", model="counts")
    assert found.top[0].label in counts
    assert found.explain().cam.any()
    # tried with its own words
    assert explainer.warm_up("counts", seconds=1).engine == "torch"
