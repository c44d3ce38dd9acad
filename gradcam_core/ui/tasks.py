"""The questions that a photograph can be asked, as a table. Public names: `TASKS`, `Task`."""

from __future__ import annotations

from dataclasses import dataclass

from ..models import DEFAULT_ANSWERER, DEFAULT_CAPTIONER, DEFAULT_MODEL
from ..models.base import CLASSES
from ..models.spoken import ANSWER, CAPTION
from .wording import word

__all__ = ["TASKS", "Task"]


@dataclass(frozen=True)
class Task:
    """One of the questions: its `key` as models have it, its `title`, the `model` asked at first, its `control`.

    The control is of the option for words that it is asked with; with that goes the option `part`, where it has one.
    `about` is to be known of that model, and `menu` of the menu of models; these and the title are keys of words. Of
    the usual example photographs those called `examples` are shown, which that model gets right, and one that it gets
    `wrong`; without, all of them.
    """

    key: str
    title: str
    model: str
    control: str = ""
    part: str = ""
    about: str = ""
    menu: str = "models.others"
    examples: tuple[str, ...] = ()
    wrong: str = ""

    @property
    def worded(self) -> frozenset[str]:
        """The options for words that it takes."""
        return frozenset({self.control, self.part} - {""})

    def notes(self, model: str | None) -> tuple[str, ...]:
        """What is to be known of `model`: `about` is of the one asked at first."""
        return (word(self.about),) if self.about and model == self.model else ()


TASKS = {
    task.key: task
    for task in (
        Task(CLASSES, "task.classes", DEFAULT_MODEL, menu=""),
        Task(
            CAPTION, "task.caption", DEFAULT_CAPTIONER, "caption", "word", "task.caption_small",
            examples=("cat-in-a-bathroom", "pizza", "skateboarder"), wrong="rocket",
        ),
        Task(
            ANSWER, "task.answer", DEFAULT_ANSWERER, "question", about="task.answer_small",
            examples=("cat-in-a-bathroom", "pizza", "coffee", "cat"), wrong="rocket",
        ),
    )
}  # fmt: skip
