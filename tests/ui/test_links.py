"""A link holds the question, and nothing that is nobody else's business; whatever stands in an address does no harm."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcam_core import CamError, Explainer, Request
from gradcam_core.ui.handlers import TextControls
from gradcam_core.ui.links import link_to, link_to_text, restored, text_restored
from tests.helpers import SmallNetwork, noise, small_spec

OPTIONS: dict[str, Any] = {"target": 3, "method": "hirescam", "counterfactual": True, "view": "whole", "layer": "stem"}


@pytest.fixture(scope="module")
def explainer() -> Explainer:
    made = Explainer(device="cpu")
    steps = small_spec("own", SmallNetwork()).preprocessing()
    for name, private in (("own & more", False), ("secret-1234", True)):
        made.add_model(name, SmallNetwork(), transform=steps, title="Own", private=private)
    return made


def test_what_is_asked_comes_back(explainer: Explainer) -> None:
    asked = explainer.explain(noise(32, 48), model="own & more", **OPTIONS)
    link = link_to(asked, {})
    found = restored(f"?{link['query']}")
    again = explainer.explain(asked.photograph, **found.options)
    assert again.request == asked.request
    assert (found.example, link["photo"], link["model"]) == (None, False, True)


def test_an_example_travels_by_its_name(explainer: Explainer) -> None:
    asked = explainer.explain(noise(32, 48), model="own & more")
    link = link_to(asked, {asked.photograph.digest: Path("examples/3-cat.jpg")})
    assert link["photo"] is True
    assert restored(link["query"]).example == "3-cat"


def test_the_name_of_a_private_model_stays_here(explainer: Explainer) -> None:
    link = link_to(explainer.explain(noise(32, 48), model="secret-1234", target=3), {})
    assert "secret" not in str(link)
    assert link["model"] is False
    assert parse_qs(link["query"])["target"] == ["3"]


@given(st.text(max_size=60) | st.none() | st.integers() | st.lists(st.text(), max_size=2))
def test_any_address_is_read(address: Any) -> None:
    found = restored(address)
    assert found.options.keys() <= Request.options().keys()
    with suppress(CamError):
        Request.parse(**found.options)


@pytest.mark.parametrize("address", ["a=1&" * 2000, "target=" + "9" * 5000, "?" + "target=1&" * 99])
def test_what_nobody_would_ask_is_left_alone(address: str) -> None:
    assert not restored(address)


def test_of_two_the_last_counts_and_the_unknown_is_left_alone() -> None:
    found = restored("?target=1&target=2&utm_source=x&opacity=0.3&view=whole")
    assert found.options == {"target": "2", "view": "whole"}


TARGETS = ("auto", "0", "1")
ASKED = TextControls("정말 <b>좋다</b> & 100 %", "0", "gradcam", counterfactual=True, contrast=True)


@pytest.mark.parametrize(
    "asked", [ASKED, TextControls("좋다\n아쉽다", "auto", "hirescam", counterfactual=False, contrast=False)]
)
def test_what_is_asked_of_a_text_comes_back_and_is_asked_of_no_photograph(asked: TextControls) -> None:
    query = link_to_text(asked)
    assert text_restored(f"?lang=ko&{query}", TARGETS) == asked
    assert not restored(query)
    assert text_restored("?target=1&method=gradcam", TARGETS) is None


def test_a_text_that_no_address_holds_has_no_link() -> None:
    long = TextControls("가" * 2000, "auto", "hirescam", counterfactual=False, contrast=False)
    assert link_to_text(long) == ""


def test_what_the_menus_do_not_hold_is_left_alone() -> None:
    found = text_restored("?text=a&target=2&method=nosuch&counterfactual=perhaps&contrast=1", TARGETS)
    assert found == TextControls("a", "auto", "hirescam", counterfactual=False, contrast=True)


@given(st.text(max_size=60) | st.none() | st.integers())
def test_any_address_is_read_for_a_text(address: Any) -> None:
    found = text_restored(address, TARGETS)
    assert found is None or found.target in TARGETS
