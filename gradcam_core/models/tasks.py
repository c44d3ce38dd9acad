"""What a network can be asked to do with a photograph, as a table; a new task is one more entry.

    TASKS["answer"].asked_with    # "question", the option of a request
    task_of(request).default_model

Public names: `TASKS`, `Task`, `own_spec`, `task_of`, `task_of_model`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn

from ..errors import ModelError
from ..request import Request
from . import own, own_words
from .base import CLASSES, LoadedModel, ModelSpec
from .embedded_words import DEFAULT_ANSWERER, DEFAULT_CAPTIONER
from .spoken import ANSWER, CAPTION

__all__ = ["TASKS", "Task", "own_spec", "task_of", "task_of_model"]


@dataclass(frozen=True)
class Task:
    """One task: its `key` as models have it, and what makes the `spec` of a module of one's own that does it.

    A task that comes with words is `asked_with` an option of a request that holds them; the option `part` chooses some
    of these words, "" where nothing does. `trial` are words to try a model with, where it writes none itself.
    `default_model` is asked where no model is named, None for the one that classifies by default.
    """

    key: str
    spec: Callable[[str, nn.Module, own.About], ModelSpec]
    asked_with: str = ""
    part: str = ""
    trial: str = ""
    default_model: str | None = None

    @property
    def options(self) -> frozenset[str]:
        """The options for words that it takes."""
        return frozenset({self.asked_with, self.part} - {""})

    @property
    def trial_options(self) -> dict[str, str]:
        """The options that a model is tried with."""
        return {self.asked_with: self.trial} if self.trial else {}


TASKS = {
    task.key: task
    for task in (
        Task(CLASSES, own.spec),
        Task(
            ANSWER, partial(own_words.spec, own_words.ANSWERS),
            "question", trial="what is this?", default_model=DEFAULT_ANSWERER,
        ),
        Task(CAPTION, partial(own_words.spec, own_words.CAPTIONS), "caption", "word", default_model=DEFAULT_CAPTIONER),
    )
}  # fmt: skip


def task_of(request: Request) -> Task:
    """What `request` asks a network to do, by the words in it."""
    worded = (task for task in TASKS.values() if task.asked_with and getattr(request, task.asked_with))
    return next(worded, TASKS[CLASSES])


def task_of_model(model: LoadedModel) -> Task:
    """What `model` does."""
    return TASKS[CLASSES if model.speech is None else model.speech.task]


def own_spec(name: str, module: nn.Module, about: own.About) -> ModelSpec:
    """The entry of a module of one's own for its task; raises ModelError, OutputError."""
    task = TASKS.get(about.task) if isinstance(about.task, str) else None
    if task is None:
        raise ModelError("task.unknown", task=about.task, tasks=tuple(TASKS))
    if not task.asked_with and about.words is not None:
        raise ModelError("wording.unused")
    return task.spec(name, module, about)
