"""Who can end whose computation."""

from __future__ import annotations

from html import unescape
from typing import Any

from gradcam_core import METHODS
from gradcam_core.ui.image_tab import METHOD_CHOICES, METHOD_NOTES
from gradcam_core.ui.running import Running, told


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


def test_the_page_is_told_of_passes() -> None:
    heard: list[Any] = []
    told(lambda *given, **options: heard.append((*given, options)))(3, 8)  # type: ignore[arg-type]
    assert heard == [((3, 8), {"unit": "passes"})]


def test_every_method_is_offered_with_its_purpose_cost_and_warning() -> None:
    assert [key for _, key in METHOD_CHOICES] == list(METHODS)
    for key, method in METHODS.items():
        said = unescape(METHOD_NOTES[key])
        assert all(text in said for text in (method.good_for, method.cost, method.warning))
    assert "Detail, not evidence" in METHOD_NOTES["guided_backprop"]
