"""Which parts of a sentence stay on one line, and that none of it is taken for HTML."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcam_core.report.bound import bound


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("it gives 95 % and < 0.1 %, not 5", ["95 %", "&lt; 0.1 %"]),
        ("7 \u00d7 7 places of 1,024 px, 2.5 MB", ["7 \u00d7 7", "1,024 px", "2.5 MB"]),
        ("<b>100 %</b> & more", ["100 %"]),
        ("no number % here", []),
    ],
)
def test_a_number_and_its_unit_are_one(text: str, parts: list[str]) -> None:
    assert re.findall("<span class='bound'>(.*?)</span>", bound(text)) == parts


@given(st.text(alphabet="<>&'\" 0123456789.,%\u00d7MBpx", max_size=40))
def test_what_is_read_is_the_text_itself(text: str) -> None:
    made = bound(text)
    assert unescape(re.sub("</?span[^>]*>", "", made)) == text
    assert "<" not in re.sub("<span class='bound'>|</span>", "", made)
