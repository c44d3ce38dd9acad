"""A link holds the question, and nothing that is nobody else's business; whatever stands in an address does no harm."""

from __future__ import annotations

import tracemalloc
import zlib
from base64 import urlsafe_b64encode
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcam_core import CamError, Explainer, Request
from gradcam_core.errors import OptionError
from gradcam_core.ui.handlers import TextControls
from gradcam_core.ui.links import LONGEST, LONGEST_TEXT, MOST, link_to, link_to_text, restored, text_restored
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
# without any order, which packs least
SYLLABLES = "".join(map(chr, np.random.default_rng(0).integers(0xAC00, 0xD7A4, 3000)))
ASKED = TextControls("정말 <b>좋다</b> & 100 %", "0", "gradcam", counterfactual=True, contrast=True)


@pytest.mark.parametrize(
    "asked", [ASKED, TextControls("좋다\n아쉽다", "auto", "hirescam", counterfactual=False, contrast=False)]
)
def test_what_is_asked_of_a_text_comes_back_and_is_asked_of_no_photograph(asked: TextControls) -> None:
    query = link_to_text(asked)
    assert text_restored(f"?lang=ko&{query}", TARGETS) == asked
    assert not restored(query)
    assert text_restored("?target=1&method=gradcam", TARGETS) is None


def typed(text: str) -> TextControls:
    return TextControls(text, "auto", "hirescam", counterfactual=False, contrast=False)


@pytest.mark.parametrize("text", [SYLLABLES[:900], "좋다 " * 3000, "<b>&\n" + "\U0001f600" * 100])
def test_a_long_text_travels_packed(text: str) -> None:
    asked = replace(ASKED, text=text)
    query = link_to_text(asked)
    assert len(query) <= MOST
    assert text_restored(f"?lang=ko&{query}", TARGETS) == asked
    assert not restored(query)


def test_a_text_that_fits_no_address_is_too_long_for_a_link() -> None:
    assert len(link_to_text(typed(SYLLABLES))) > MOST


def test_of_an_older_link_the_text_is_read_as_it_stands_there() -> None:
    text = SYLLABLES[:400]
    assert text_restored(f"?text={quote(text)}&contrast=1", TARGETS) == replace(typed(text), contrast=True)


def deflated(content: bytes) -> str:
    made = zlib.compressobj(9, zlib.DEFLATED, -15)
    return urlsafe_b64encode(made.compress(content) + made.flush()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("packed", "key"),
    [
        ("!!", "link.text_broken"),
        ("좋다", "link.text_broken"),
        ("AAAA", "link.text_broken"),
        (deflated(b""), "link.text_broken"),
        (deflated(b"\xff\xfe"), "link.text_broken"),
        (deflated(SYLLABLES[:900].encode())[:-9], "link.text_broken"),
        (deflated(b"a") + "AAAA", "link.text_broken"),
        (deflated(b"a" * (LONGEST_TEXT + 1)), "link.text_too_long"),
        # the beginning of a hundred megabytes
        (deflated(bytes(10**8))[:3000], "link.text_too_long"),
    ],
)
def test_what_is_no_packed_text_is_refused(packed: str, key: str) -> None:
    with pytest.raises(OptionError) as refused:
        text_restored(f"?packed={quote(packed)}", TARGETS)
    assert refused.value.finding.key == key


def test_of_a_bomb_no_more_is_made_than_may_be_read() -> None:
    bomb = deflated(bytes(3 * 10**6))
    tracemalloc.start()
    try:
        with pytest.raises(OptionError):
            text_restored(f"packed={bomb}", TARGETS)
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()


def test_a_text_in_an_address_that_was_cut_is_refused_and_any_other_left_alone() -> None:
    with pytest.raises(OptionError) as refused:
        text_restored("?lang=ko&text=" + "a" * LONGEST, TARGETS)
    assert refused.value.finding.key == "link.too_long"
    assert text_restored("?context=" + "a" * LONGEST, TARGETS) is None


def test_what_the_menus_do_not_hold_is_left_alone() -> None:
    found = text_restored("?text=a&target=2&method=nosuch&counterfactual=perhaps&contrast=1", TARGETS)
    assert found == TextControls("a", "auto", "hirescam", counterfactual=False, contrast=True)


@given(st.text(max_size=60) | st.none() | st.integers())
def test_any_address_is_read_for_a_text(address: Any) -> None:
    with suppress(OptionError):
        found = text_restored(address, TARGETS)
        assert found is None or found.target in TARGETS


@given(st.text(max_size=60))
def test_whatever_is_packed_is_read_or_refused_in_words(packed: str) -> None:
    with suppress(OptionError):
        found = text_restored(f"packed={quote(packed)}", TARGETS)
        assert found is None or found.text
