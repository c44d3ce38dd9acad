"""Captions and questions on the photograph tab, in a real browser, used as somebody would who sees it first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gradcam_core import Explainer
from gradcam_core.models.spoken import CAPTION
from gradcam_core.ui.tabs.photograph import EXAMPLES
from gradcam_core.ui.tasks import TASKS

from ..visits import JUDGED, SECONDS, visit

pytestmark = pytest.mark.browser

REMOVE = re.compile("Remove image|사진 빼기", re.IGNORECASE)
PICTURE = min(EXAMPLES.glob("*.jpg"))
# the page puts an example that suits captions in the place of one that does not
(DESCRIBED,) = EXAMPLES.glob(f"*-{TASKS[CAPTION].examples[0]}.jpg")


@pytest.fixture
def view(browser: Any, address: str) -> Iterator[Any]:
    with visit(browser, address, width=1280, height=1000) as page:
        yield page


def says(view: Any, where: str, text: str) -> None:
    view.wait_for_function(
        "([where, what]) => document.querySelector(where)?.innerText.includes(what)",
        arg=[where, text],
        timeout=60 * SECONDS,
    )


def words_on(view: Any) -> list[str]:
    return view.locator("#caption-words .word .text").all_inner_texts()


def test_a_caption_is_read_word_by_word(view: Any, explainer: Explainer) -> None:
    found = explainer.describe(DESCRIBED)
    view.get_by_text("Describe it", exact=True).click()
    says(view, "#sentence", found.explain().sentence)
    # those that it gets right, and one that it does not
    task = TASKS[CAPTION]
    assert view.locator("#examples button").count() == len([*task.examples, task.wrong])
    assert "wrong" in view.locator("#examples button").last.inner_text()
    assert words_on(view) == [word.text for word in found.words]
    assert view.locator("#caption-words [aria-pressed=true] .text").all_inner_texts() == ["All of it"]
    view.locator("#caption-words .word").nth(1).click()
    says(view, "#sentence", found.explain(1).sentence)
    assert view.locator("#caption-words [aria-pressed=true] .text").all_inner_texts() == [found.words[1].text]
    # the bars are the words that might stand there, and each can be explained
    second = next(one for one in found.explain(1).top if one.label != found.words[1].text)
    view.locator("#bars button", has_text=second.label).first.click()
    says(view, "#sentence", found.explain(1, target=second.index).sentence)


def test_a_caption_of_ones_own(view: Any, explainer: Explainer) -> None:
    view.get_by_text("Describe it", exact=True).click()
    says(view, "#sentence", explainer.describe(DESCRIBED).explain().sentence)
    field = view.locator("#caption textarea, #caption input").first
    field.fill("a <b>zorgle</b> on a table")
    field.press("Enter")
    found = explainer.describe(DESCRIBED, caption="a <b>zorgle</b> on a table")
    says(view, "#words-said", found.sentence)
    assert words_on(view) == ["a", "b", "zorgle", "b", "on", "a", "table"]
    assert "zorgle" in view.locator("#words-said").inner_text()
    field.fill("강아지가 앉아 있다")
    field.press("Enter")
    says(view, "#problem", "not in English")


def test_a_question_is_answered_and_its_words_are_shaded(view: Any, explainer: Explainer) -> None:
    view.get_by_text("Ask it", exact=True).click()
    found = explainer.ask(PICTURE, "what is in the picture?")
    says(view, "#words-said", found.sentence)
    says(view, "#sentence", found.explain().sentence)
    assert view.locator("#question-words .piece .text").all_inner_texts() == ["what", "is", "in", "the", "picture"]
    assert view.locator("#bars .name").all_inner_texts() == [one.label for one in found.top]
    view.locator("#bars button").nth(2).click()
    says(view, "#sentence", found.explain(found.top[2].index).sentence)
    field = view.locator("#question input")
    field.fill("what color is the cup?")
    field.press("Enter")
    says(view, "#words-said", explainer.ask(PICTURE, "what color is the cup?").sentence)


# the part of the overlay, and of the heatmap, that is on the screen
SEEN = """() => ['picture', 'heatmap'].map(name => {
  const { top, bottom, height } = document.querySelector(`canvas.${name}`).getBoundingClientRect();
  return (Math.min(bottom, innerHeight) - Math.max(top, 0)) / height;
})"""


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize(
    ("width", "height", "pictures", "most"),
    # on a phone the heatmap comes below the overlay, of which more than the beginning is seen
    [(1440, 900, 2, 0.6), (1024, 768, 2, 0.75), (390, 844, 1, 0.4)],
)
def test_most_of_the_pictures_is_seen_without_scrolling_whatever_is_asked(
    browser: Any, address: str, width: int, height: int, pictures: int, most: float, language: str, tmp_path: Path
) -> None:
    portrait = tmp_path / "portrait.png"
    Image.open(DESCRIBED).convert("RGB").crop((200, 0, 500, 400)).save(portrait)
    with visit(browser, address, width=width, height=height, asked=f"lang={language}") as view:
        for words in ("", "#caption-words button", "#question-words .piece"):
            if words:
                number = 1 if "caption" in words else 2
                view.locator("#task input").nth(number).click()
                view.locator(words).first.wait_for(timeout=60 * SECONDS)
            view.wait_for_selector(JUDGED, timeout=60 * SECONDS)
            assert min(view.evaluate(SEEN)[:pictures]) > most, words
            # what the sentence adds to its headline can be read, in one place
            told = view.locator("#sentence, #details").locator(".sentence, .note").locator("visible=true")
            assert told.count() == view.locator("#sentence").locator(".sentence, .note").count() > 0, words
            assert view.evaluate("scrollY") == 0
            assert view.evaluate("document.documentElement.scrollWidth <= innerWidth"), words
        # the words of the question are near: directly above the pictures
        above = view.locator("#question-words .piece").first.bounding_box()
        below = view.locator("canvas.picture").bounding_box()
        assert 0 < below["y"] - above["y"] - above["height"] < 220
        view.locator("#photograph").get_by_label(REMOVE).click()
        view.wait_for_selector("#photograph input[type=file]", state="attached")
        view.set_input_files("#photograph input[type=file]", str(portrait))
        view.wait_for_function("document.querySelector('canvas.picture').width === 300")
        view.wait_for_selector(JUDGED, timeout=60 * SECONDS)
        assert min(view.evaluate(SEEN)[:pictures]) > most


def test_back_to_classes_nothing_is_left_of_the_words(view: Any, explainer: Explainer) -> None:
    classes = view.locator("#sentence").inner_text()
    view.get_by_text("Ask it", exact=True).click()
    says(view, "#words-said", explainer.ask(PICTURE, "what is in the picture?").sentence)
    view.get_by_text("What is it?", exact=True).click()
    says(view, "#sentence", classes.splitlines()[0])
    assert not view.locator("#words-said").is_visible()
    assert not view.locator("#question").is_visible()
    assert view.locator("#examples button").count() == len([*EXAMPLES.glob("*.jpg")])
