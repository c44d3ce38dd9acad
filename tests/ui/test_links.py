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
from gradcam_core.ui.links import link_to, restored
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
