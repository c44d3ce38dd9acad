"""The examples that a question is offered with: photographs that it suits, and one that it is said to fail on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from gradcam_core import Explainer, Wording
from gradcam_core.models.kinds import kinds_in
from gradcam_core.serving.demo import Demo
from gradcam_core.ui.handlers import Controls, explain
from gradcam_core.ui.page import build
from gradcam_core.ui.tabs.photograph import EXAMPLES
from gradcam_core.ui.tabs.words import Examples
from gradcam_core.ui.tasks import FIRST_QUESTION, TASKS
from gradcam_core.ui.web.examples import example_name
from tests.models.test_own_words import ANSWERS, SIDE, WORDS, Net

PATHS = sorted(EXAMPLES.glob("*.jpg"))
# what people would call it, and words of captions that are right
SHOWS = {
    "cat-in-a-bathroom": ({"cat", "toilet", "sink"}, {"cat"}),
    "cat": ({"cat", "kitten"}, {"cat"}),
    "coffee": ({"coffee", "cup"}, {"cup"}),
    "pizza": ({"pizza"}, {"pizza"}),
    "skateboarder": ({"man", "boy", "skateboard"}, {"person", "skateboard"}),
    "rocket": ({"rocket"}, {"rocket"}),
}


class Buttons:
    GRADIO_CACHE = ""


@pytest.fixture
def offered(tmp_path: Path) -> Examples:
    image: Any = Buttons()
    image.GRADIO_CACHE = str(tmp_path)
    return Examples(gr.HTML(""), image, PATHS)


@pytest.mark.parametrize("key", [key for key, task in TASKS.items() if task.examples])
def test_examples_are_right_but_the_one_that_is_said_to_be_wrong(key: str, explainer: Explainer) -> None:
    task = TASKS[key]
    for path in PATHS:
        name = example_name(path)
        if name not in (*task.examples, task.wrong):
            continue
        if task.control == "question":
            right = explainer.ask(path, FIRST_QUESTION).target.label in SHOWS[name][0]
        else:
            # somebody on a skateboard is a person, whatever the table of kinds calls people
            caption = explainer.describe(path).caption.replace("skateboarder", "person")
            named = {kind for _, _, kind in kinds_in(caption.split())}
            right = bool(named & SHOWS[name][1]) and named <= {*SHOWS[name][1], *SHOWS[name][0]}
        assert right == (name != task.wrong), name


def test_another_question_shows_its_examples_and_one_of_them_but_keeps_ones_own_photograph(
    offered: Examples, tmp_path: Path
) -> None:
    task = TASKS["caption"]
    own = tmp_path / "own.jpg"
    own.write_bytes(PATHS[0].read_bytes() + b"\0")
    shown = {name: next(path for path in PATHS if example_name(path) == name) for name in ("coffee", "pizza", "rocket")}
    buttons, given = offered.fitting(task, str(shown["coffee"]))
    assert [example_name(PATHS[one["number"]]) for one in buttons] == [*task.examples, task.wrong]
    assert [one["title"] for one in buttons][-1] == "Rocket: it gets this wrong"
    assert Path(given["value"]).read_bytes() == offered.paths[buttons[0]["number"]].read_bytes()
    for path in (own, shown["pizza"], shown["rocket"]):
        assert "value" not in offered.fitting(task, str(path))[1]
    everything, given = offered.fitting(TASKS["classes"], str(shown["coffee"]))
    assert [one["number"] for one in everything] == list(range(len(PATHS)))
    assert "value" not in given


def test_a_hosts_own_photographs_are_shown_whatever_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "own.jpg"
    path.write_bytes(PATHS[0].read_bytes())
    buttons, given = Examples(gr.HTML(""), Buttons(), [path]).fitting(TASKS["caption"], str(path))
    assert [one["title"] for one in buttons] == ["Own"]
    assert "value" not in given


@pytest.mark.parametrize("task", ["answer", "caption"])
def test_the_page_opens_with_what_its_first_model_is_for(task: str) -> None:
    made = Explainer(device="cpu", engine="torch")
    words = {
        "answer": Wording.of(WORDS, unknown=2, embedding="words", limit=6),
        "caption": Wording.of(WORDS, unknown=2, before=(0,), end=1, limit=6),
    }[task]
    network = Net(len(ANSWERS) if task == "answer" else len(WORDS), caption=task == "caption")
    labels = ANSWERS if task == "answer" else None
    made.add_model("mine", network, task=task, words=words, labels=labels, input_size=SIDE)
    page = build(made, demo=Demo(first="mine", only=True))
    parts = {block.elem_id: block for block in page.blocks.values() if block.elem_id}
    assert parts["task"].value == task
    assert parts["model"].value == "mine"
    assert [value for _, value in parts["model"].choices] == ["mine"]
    shown = [name for name in ("question", "caption") if parts[name].visible]
    assert shown == [TASKS[task].control]
    # and what it asks at first is answered
    asked = Controls.of(None, "", model="mine", question=parts["question"].value, caption=parts["caption"].value)
    found = explain(made, asked.but(image=PATHS[0]))
    assert found.model == "mine"
    # of the others it does not speak, and with them it begins as usual
    assert all(TASKS[key].first_model(made) != "mine" for key in TASKS if key != task)
