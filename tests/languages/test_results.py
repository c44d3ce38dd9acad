"""Results hold no words of any language but names: a second language needs its own table and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

from gradcam_core import Examiner, Explainer, TextExplainer
from gradcam_core.checks import found_without
from gradcam_core.languages import Noted, Said
from gradcam_core.languages.say import LANGUAGES
from gradcam_core.methods import METHODS

from ..helpers import SmallNetwork, noise

SAID = "#"


class Table(dict[str, Callable[..., str]]):
    """A language in which everything is the same sentence; `texts` are those that were to be put into it."""

    def __init__(self) -> None:
        self.texts: set[str] = set()

    def __missing__(self, key: str) -> Callable[..., str]:
        def said(**values: Any) -> str:
            self.texts |= {text for value in values.values() for text in texts_in(value)}
            return SAID

        return said


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from texts_in(one)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    made = Table()
    # the package has a function of the module's name
    monkeypatch.setattr(import_module("gradcam_core.languages.say"), "LANGUAGES", {**LANGUAGES, "test": made})
    return made


@pytest.mark.parametrize("method", METHODS)
def test_an_explanation_is_said_in_any_language(
    small: tuple[Explainer, SmallNetwork], table: Table, method: str
) -> None:
    explainer, _ = small
    asked: list[dict[str, Any]] = [{}]
    if METHODS[method].of_class:
        asked += [{"counterfactual": True}, {"rival": "next three"}, {"rival": "auto", "counterfactual": True}]
    for options in asked:
        for target in range(6):
            explanation = explainer.explain(noise(64, 20), model="own", method=method, target=target, **options)
            assert explanation.said("test") == SAID
            assert set(explanation.noted("test")) <= {SAID}
            assert len(explanation.noted("test")) == len(explanation.notes)
    labels = {*explainer.labels("own")}
    names = {explanation.model_title, explanation.layer, METHODS[method].title}
    assert table.texts <= {SAID} | labels | names


def test_what_is_made_of_explanations_is_said_in_any_language(
    small: tuple[Explainer, SmallNetwork], table: Table
) -> None:
    explainer, _ = small
    shown = noise(32, 32)
    examiner = Examiner(explainer)
    grid = explainer.compare(shown, model="own", targets=[0, 1], methods=["gradcam", "hirescam"])
    maps = [explainer.explain(shown, model="own", target=target) for target in range(6)]
    coloured = max(maps, key=lambda one: one.strength)
    mask = coloured.heatmap > 0.5
    for result in (grid, examiner.hide_and_look(coloured, draws=1), examiner.sanity(coloured)):
        assert isinstance(result, Said)
        assert result.said("test") == SAID
        assert result.sentence
    found_without(coloured.target, examiner.without(coloured, mask))
    titles = {*grid.rows, *grid.columns}
    assert table.texts <= {SAID, coloured.layer} | titles | {*explainer.labels("own")}


def test_a_text_is_said_in_any_language(toy: TextExplainer, table: Table) -> None:
    for options in ({}, {"counterfactual": True}, {"target": 1}, {"target": 0}):
        explanation = toy.explain("ac c a z", **options)
        assert isinstance(explanation, Noted)
        assert explanation.said("test") == toy.check(explanation).said("test") == SAID
        assert set(explanation.noted("test")) <= {SAID}
    words = {word.text for word in explanation.words}
    assert table.texts <= {SAID, *toy.labels, "z"} | words
