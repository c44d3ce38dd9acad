"""The photograph tab's menus."""

from __future__ import annotations

from html import unescape

from gradcam_core import METHODS
from gradcam_core.ui.tabs.photograph import method_choices, method_notes


def test_every_method_is_offered_with_its_purpose_cost_and_warning() -> None:
    assert [key for _, key in method_choices()] == ["auto", *METHODS]
    notes = method_notes()
    for key, method in METHODS.items():
        said = unescape(notes[key])
        assert all(str(text) in said for text in (method.good_for, method.cost, method.warning or ""))
    assert "Detail, not evidence" in notes["guided_backprop"]
