"""A finding is said by its language's template or function, findings inside it first."""

from __future__ import annotations

import pickle
from importlib import import_module

import pytest

from gradcam_core.errors import ImageError, TargetError, did_you_mean
from gradcam_core.languages import ENGLISH, Finding, say
from gradcam_core.languages.say import LANGUAGES

SENTENCES = {
    "share": "{share:percent} of {names:list}, {label!r}",
    "chosen": lambda count, of: f"{count} of {of}" + ("s" if count != 1 else ""),
    "outer": "it says: {inner}",
    "several": lambda parts: " / ".join(parts) + ".",
}


@pytest.fixture(autouse=True)
def _sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    # the package has a function of the module's name
    monkeypatch.setattr(import_module("gradcam_core.languages.say"), "LANGUAGES", {**LANGUAGES, "test": SENTENCES})


def test_templates_know_shares_lists_and_representations() -> None:
    found = Finding("share", share=0.1234, names=("a", "b"), label="cat")
    assert say(found, "test") == "12 % of a, b, 'cat'"


def test_words_may_depend_on_values() -> None:
    assert say(Finding("chosen", count=1, of="map"), "test") == "1 of map"
    assert say(Finding("chosen", count=2, of="map"), "test") == "2 of maps"


def test_findings_inside_are_said_in_the_same_language() -> None:
    inner = Finding("chosen", count=2, of="map")
    assert say(Finding("outer", inner=inner), "test") == "it says: 2 of maps"
    assert say(Finding("several", parts=(inner, "x")), "test") == "2 of maps / x."


def test_an_error_carries_what_was_found_and_survives_a_journey() -> None:
    near = did_you_mean("tabyb", ["tabby", "tiger"])
    assert near.values["near"] == ("tabby",)
    error = pickle.loads(pickle.dumps(TargetError("near_misses", **near.values)))  # noqa: S301
    assert isinstance(error, TargetError)
    assert isinstance(error, ValueError)
    assert error.finding == near
    assert str(error) == "Did you mean 'tabby'?" == say(near, ENGLISH)
    assert str(error) == error.sentence
    assert ImageError("chosen", count=2, of="map").said("test") == "2 of maps"
    assert isinstance(ImageError("near_misses", **near.values), ValueError)
