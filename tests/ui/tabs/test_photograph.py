"""The photograph tab's menus."""

from __future__ import annotations

from html import unescape

from gradcam_core import METHODS
from gradcam_core.ui.tabs.photograph import METHOD_CHOICES, METHOD_NOTES


def test_every_method_is_offered_with_its_purpose_cost_and_warning() -> None:
    assert [key for _, key in METHOD_CHOICES] == ["auto", *METHODS]
    for key, method in METHODS.items():
        said = unescape(METHOD_NOTES[key])
        assert all(text in said for text in (method.good_for, method.cost, str(method.warning or "")))
    assert "Detail, not evidence" in METHOD_NOTES["guided_backprop"]
