"""The menu of models: a few at first, all names once somebody opens it, and loading that holds up nobody else.

Public names: `LOADED`, `LOOK_FOR_TYPED`, `exact_first`, `how_to_search`, `loaded_by`, `model_menu`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Container, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import lru_cache
from typing import Any

import gradio as gr

from ..explainer import Explainer
from ..models import Access
from ..models.tasks import TASKS
from ..serving.failures import plain_words
from ..serving.lanes import LOADING
from ..serving.services import Services
from .handlers import QUESTION, Controls, model_choices
from .messages import problem_box
from .parts import AT_ONCE, say_where_refused
from .tasks import first_task
from .wording import word

__all__ = ["LOADED", "LOOK_FOR_TYPED", "exact_first", "how_to_search", "loaded_by", "model_menu"]

SECONDS_BETWEEN_REPORTS = 0.3
# by whether models of the hub may be chosen, and whether those of the host are all there are
INFO = {
    (False, False): "models.search",
    (True, False): "models.search_and_hub",
    (False, True): None,
    (True, True): "models.search_hub",
}
# choices that come while somebody types in a menu would all be listed: what was typed is looked for among them, which a
# menu does at each key, and this is one without a letter
LOOK_FOR_TYPED = """() => {
  const field = document.activeElement;
  if (field.matches("input[role=combobox]") && window.camTyped) {
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Shift", bubbles: true }));
  }
}"""
# tells one loading from the next, wherever it was asked for
LOADED = itertools.count(1)


def how_to_search(explainer: Explainer) -> str | None:
    """What stands beside the menu of classifiers."""
    key = INFO[explainer.offer.access is not Access.NOTHING, explainer.offer.only]
    return key and word(key)


def model_menu(explainer: Explainer) -> tuple[gr.Dropdown, gr.State]:
    """The menu with what is shown first; opened for the first time it gets every name that can be searched.

    The state says whether it has. Of models that take words the menu holds all from the start.
    """
    menu = gr.Dropdown(
        model_choices(first_task(explainer).menu_of(explainer)),
        value=explainer.default_model,
        label=word("photograph.model"),
        info=how_to_search(explainer),
        allow_custom_value=explainer.offer.access is not Access.NOTHING,
        elem_id="model",
    )
    filled = gr.State(False)

    def fill(is_filled: bool, value: str) -> tuple[Any, Any]:
        worded = (task.key for task in TASKS.values() if task.asked_with)
        if is_filled or value in {info.name for task in worded for info in explainer.models(task)}:
            return gr.skip(), gr.skip()
        choices = [*exact_first(tuple(model_choices(explainer.models())))]
        if value not in {name for _, name in choices}:
            # somebody's own, which nobody else is told of
            choices.insert(0, (word("menu.your_own"), value))
        return gr.update(choices=choices), True

    menu.focus(fill, [filled, menu], [menu, filled], show_progress="hidden", api_visibility="private").then(
        None, None, None, js=LOOK_FOR_TYPED, api_visibility="private"
    )
    return menu, filled


@lru_cache(4)
def exact_first(choices: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """`choices` in their order, but for those that would be found behind others when their own name is typed.

    Whoever types resnet50 and presses Enter takes the first that is found.
    """
    ordered = list(choices)
    labels = {value: _squeezed(label) for label, value in ordered}
    names = {value: {_squeezed(value), _squeezed(label.partition(" · ")[0])} for label, value in ordered}
    # the longest names first: what is moved before them later may be a part of them
    for value in sorted(names, key=len, reverse=True):
        here = next(place for place, (_, other) in enumerate(ordered) if other == value)
        before = "\n".join(labels[other] for _, other in ordered[:here])
        found = min(_first_with(name, before, [names[other] for _, other in ordered[:here]]) for name in names[value])
        if found < here:
            ordered.insert(found, ordered.pop(here))
    return tuple(ordered)


def _first_with(name: str, lines: str, names: Sequence[Container[str]]) -> int:
    """The first of the `lines` with `name` in it that is not called so itself; how many there are, if there is none."""
    at = lines.find(name)
    while at >= 0:
        place = lines.count("\n", 0, at)
        if name not in names[place]:
            return place
        at = lines.find(name, lines.find("\n", at)) if lines.find("\n", at) >= 0 else -1
    return len(names)


def _squeezed(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def loaded_by(
    services: Services, menu: gr.Dropdown, ready: gr.State, shown: gr.State, problem: gr.HTML, report: gr.HTML
) -> None:
    """Load what is chosen in `menu`; `ready` changes when another model can be used, which ends what was asked before.

    Loading may take minutes and must not take the place of somebody's map: it is an event of its own. How far it
    is stands over `report`. Where it fails, `problem` says why and the menu goes back to what is `shown`.
    """
    under_way: set[tuple[str | None, str]] = set()

    def load(
        name: str,
        before: Controls | None,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio wants to be asked for it
    ) -> tuple[Any, Any, Any]:
        this = request.session_hash, name
        if name == (before.request.model if before else None) or this in under_way:
            # a menu tells of its choice again when it is left
            return gr.skip(), gr.skip(), gr.skip()
        under_way.add(this)
        try:
            loaded = watched(services.explainer, name, lambda text: progress(0, desc=text))
        except Exception as error:
            value = before.request.model if before else services.explainer.default_model
            box = problem_box(plain_words(error), kept=before is not None)
            return value, gr.update(value=box, visible=True), gr.skip()
        finally:
            under_way.discard(this)
        # not before: where loading fails, what was asked is still wanted
        services.running.overtake(request.session_hash, slot=QUESTION)
        return loaded, gr.update(visible=False), next(LOADED)

    asked = menu.input(
        load,
        [menu, shown],
        [menu, problem, ready],
        trigger_mode="always_last",
        concurrency_id=LOADING,
        show_progress="full",
        show_progress_on=report,
        api_visibility="private",
    )
    say_where_refused(asked, problem)
    # the model that was asked last
    asked.failure(None, menu, menu, js="(chosen) => window.camModel ?? chosen", **AT_ONCE)


def watched(explainer: Explainer, name: str, report: Callable[[str], object]) -> str:
    """Load the model while `report` is told how far it is; returns its full name. Raises what loading raises."""
    with ThreadPoolExecutor(1) as pool:
        # the thread asks in the name of whoever asks here
        job = pool.submit(copy_context().run, explainer.load, name)
        while not wait([job], SECONDS_BETWEEN_REPORTS).done:
            report(str(explainer.how_far(name)))
        return job.result().name
