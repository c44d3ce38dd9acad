"""Who can end whose computation."""

from __future__ import annotations

import subprocess
import sys

from gradcam_core.serving.running import MOST_VISITORS, Running
from tests.forks import ROOT

# ends while it computes for somebody
ENDING = """
import threading, torch
from gradcam_core.serving.running import Running
running, begun = Running(), threading.Event()
def compute():
    with running.task("one") as task:
        begun.set()
        while not task.watch.stopped:
            torch.ones(1000).rsqrt()
threading.Thread(target=compute, daemon=True).start()
begun.wait()
"""


def test_everybody_ends_only_what_is_their_own() -> None:
    running = Running()
    with running.task("one") as mine, running.task("other") as other, running.task("one") as second:
        running.stop("one")
        assert (mine.watch.stopped, second.watch.stopped, other.watch.stopped) == (True, True, False)
        assert not mine.overtaken


def test_only_later_questions_overtake() -> None:
    running = Running()
    with running.task("one", ticket=3) as early, running.task("one", ticket=4) as late:
        running.overtake("one", 4)
        assert (early.overtaken, early.watch.stopped) == (True, True)
        assert (late.overtaken, late.watch.stopped) == (False, False)
        running.overtake("one")
        assert late.overtaken


def test_a_question_ends_those_before_it_and_an_earlier_one_that_comes_late_is_dropped() -> None:
    running = Running()
    with running.task("one", ticket=4) as early, running.task("other", ticket=1) as other:
        with running.task("one", ticket=6) as last, running.task("one", ticket=5) as late:
            assert [task.overtaken for task in (early, last, late, other)] == [True, False, True, False]
        # what has no number is not compared with those that have one
        with running.task("one") as check:
            assert not check.overtaken
    running.leave("one")
    # as after loading the page again
    with running.task("one", ticket=1) as task:
        assert not task.overtaken


def test_what_has_ended_is_forgotten() -> None:
    running = Running()
    with running.task("one") as task:
        pass
    running.stop("one")
    assert not task.watch.stopped


def test_a_question_overtakes_only_those_for_its_own_slot() -> None:
    running = Running()
    with running.task("one", slot="check") as check, running.task("one", slot="question", ticket=2) as question:
        running.overtake("one", 3, slot="question")
        assert (check.overtaken, question.overtaken) == (False, True)
        # a number counts the questions of its slot
        with running.task("one", slot="check", ticket=1) as numbered:
            assert not numbered.overtaken
    with running.task("one", slot="check") as check, running.task("one", slot="question") as question:
        running.stop("one", slot="check")
        assert (check.watch.stopped, question.watch.stopped) == (True, False)
        running.stop("one")
        assert question.watch.stopped


def test_a_program_that_ends_while_it_computes_ends_without_a_fault() -> None:
    ended = subprocess.run([sys.executable, "-c", ENDING], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_of_visitors_who_never_leave_those_who_asked_last_are_remembered() -> None:
    running = Running()
    for number in range(MOST_VISITORS + 5):
        running.overtake(str(number), 7)
        running.overtake("stays", number)
    assert len(running._last) == MOST_VISITORS
    with running.task("stays", ticket=3) as late, running.task("0", ticket=3) as forgotten:
        assert (late.overtaken, forgotten.overtaken) == (True, False)
