"""A layer of the menu and a module that is typed, in a real browser: what came last is explained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest

from gradcam_core import Explainer, Explanation

from ..visits import SECONDS, visit

pytestmark = pytest.mark.browser

FIELD = "#module input, #module textarea"


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Any]:
    with visit(browser, address, width=1280, height=1000) as view:
        view.get_by_role("button", name="Advanced").first.click()
        yield view


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Event]]:
    """`held(layer)` keeps back answers about a layer until the event is set, or another question overtakes them."""
    layers: dict[str, Event] = {}
    at_once = Explainer.answer

    def answer(explainer: Explainer, image: Any, request: Any, **options: Any) -> Explanation:
        event = layers.get(str(request.layer))
        while event is not None and not event.wait(0.05):
            if "watch" in options and options["watch"].stopped:
                break
        return at_once(explainer, image, request, **options)

    def hold(layer: str) -> Event:
        layers[layer] = Event()
        return layers[layer]

    monkeypatch.setattr(Explainer, "answer", answer)
    yield hold
    for event in layers.values():
        event.set()


def _choose(view: Any, layer: str) -> None:
    view.click("#layer input")
    view.get_by_role("option", name=layer).click()


def _type(view: Any, module: str) -> None:
    view.locator(FIELD).fill(module)
    view.locator(FIELD).press("Enter")


def _shows(view: Any, layer: str) -> None:
    view.locator("#sentence .sentence", has_text=f"layer {layer} (").wait_for(timeout=30 * SECONDS)


def _before_the_answer(
    view: Any,
    held: Callable[[str], Event],
    first: tuple[Callable[[Any, str], None], str],
    second: tuple[Callable[[Any, str], None], str],
) -> None:
    """Do the `second` while the answer to the `first` is still computed; what comes second is what is shown."""
    (do, layer), (then, other) = first, second
    answered = held(layer)
    do(view, layer)
    view.locator("#sentence .pending").wait_for(timeout=20 * SECONDS)
    then(view, other)
    _shows(view, other)
    answered.set()
    view.wait_for_timeout(1000)
    _shows(view, other)


def test_a_module_that_is_typed_before_the_answer_about_a_layer_is_not_lost(
    opened: Any, held: Callable[[str], Event]
) -> None:
    _before_the_answer(opened, held, (_choose, "blocks.3"), (_type, "blocks.1"))
    assert opened.input_value(FIELD) == "blocks.1"


def test_a_layer_that_is_chosen_before_the_answer_about_a_module_replaces_it(
    opened: Any, held: Callable[[str], Event]
) -> None:
    _before_the_answer(opened, held, (_type, "blocks.1"), (_choose, "blocks.3"))
    assert opened.input_value(FIELD) == ""


def test_the_menu_of_layers_takes_away_what_was_typed_only_where_another_one_is_chosen(opened: Any) -> None:
    _type(opened, "blocks.1")
    _shows(opened, "blocks.1")
    opened.click("#layer input")
    opened.click("#lead h1")
    opened.wait_for_timeout(1000)
    _shows(opened, "blocks.1")
    assert opened.input_value(FIELD) == "blocks.1"
    # by keyboard, where gradio tells of no selection
    opened.click("#layer input")
    opened.locator("#layer input").press_sequentially("blocks.3")
    opened.locator("#layer input").press("ArrowDown")
    opened.locator("#layer input").press("Enter")
    _shows(opened, "blocks.3")
    assert opened.input_value(FIELD) == ""
