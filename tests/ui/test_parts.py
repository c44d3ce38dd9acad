"""What tabs and panels are made of, and where each panel appears."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr
import pytest

from gradcam_core import Explainer
from gradcam_core.request import OPTIONS
from gradcam_core.serving.services import Services
from gradcam_core.ui import build
from gradcam_core.ui.panels import PANELS, lay_out_panels
from gradcam_core.ui.parts import Page, Panel, told
from gradcam_core.ui.tabs import TABS


def test_the_page_is_told_of_passes() -> None:
    heard: list[Any] = []
    told(lambda *given, **options: heard.append((*given, options)))(3, 8)  # type: ignore[arg-type]
    assert heard == [((3, 8), {"unit": "passes"})]


def test_a_panel_appears_where_its_needs_are_met_and_nowhere_else(
    explainer: Explainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    page = Page(None, Services.of(explainer), has={"shelf": "of the page"})  # type: ignore[arg-type]

    def both(page: Page, shelf: str, stage: str) -> None:
        seen.append((shelf, stage))

    def none(page: Page) -> None:
        seen.append("always")

    panels = (Panel("below the answer", both), Panel("below the answer", none), Panel("below the pictures", none))
    monkeypatch.setattr("gradcam_core.ui.panels.PANELS", panels)
    assert panels[0].needs == {"shelf", "stage"}
    lay_out_panels("below the answer", page, {"stage": "of the tab", "more": 0})
    assert seen == [("of the page", "of the tab"), "always"]
    lay_out_panels("below the answer", page, {})
    assert seen[2:] == ["always"]


def test_every_panel_and_every_tab_is_on_the_page(explainer: Explainer, monkeypatch: pytest.MonkeyPatch) -> None:
    laid_out: list[Any] = []

    def counted(panel: Panel) -> Panel:
        def lay_out(page: Page, **has: Any) -> None:
            laid_out.append(panel)
            panel.lay_out(page, **has)

        # with the parameters of the panel's own function
        lay_out.__wrapped__ = panel.lay_out  # type: ignore[attr-defined]
        return Panel(panel.place, lay_out)

    monkeypatch.setattr("gradcam_core.ui.panels.PANELS", [counted(panel) for panel in PANELS])
    blocks = build(explainer)
    assert set(laid_out) == set(PANELS)
    titles = [block.label for block in blocks.blocks.values() if type(block).__name__ == "Tab"]
    assert titles == [f"[[say {tab.title}]]" for tab in TABS]


def test_a_new_option_has_a_control_without_another_line(explainer: Explainer, monkeypatch: pytest.MonkeyPatch) -> None:
    new = replace(OPTIONS["detail"], name="newest", title="Newest", description="True for a finer map.")
    monkeypatch.setitem(OPTIONS, "newest", new)
    blocks = build(explainer)
    (control,) = (block for block in blocks.blocks.values() if getattr(block, "elem_id", None) == "newest")
    assert (control.label, control.info, control.value) == ("Newest", "True for a finer map.", False)
    asking = [event for event in blocks.fns.values() if (control._id, "input") in event.targets]
    assert all(control in event.inputs for event in asking if event.name == "update")
    assert any(event.name == "update" for event in asking)


def test_states_that_something_follows_stand_outside_the_tabs(explainer: Explainer) -> None:
    """In a tab that nobody has opened gradio says twice that a state has changed, the second time seconds later."""
    blocks = build(explainer)
    followed = {number for event in blocks.fns.values() for number, kind in event.targets if kind == "change"}
    states = [blocks.blocks[number] for number in followed if isinstance(blocks.blocks.get(number), gr.State)]
    assert states
    assert {state.parent for state in states} == {blocks}
