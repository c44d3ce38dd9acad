"""The areas of a tab. A panel names what it needs and appears on each tab that has it.

Public names: `PANELS`, `lay_out_panels`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..parts import Page, Panel, PanelPlace
from .checks import checks_panel
from .compare import compare_panel
from .downloads import downloads_panel, text_downloads_panel
from .nearby import nearby_panel
from .own_model import own_model_panel
from .places import places_panel
from .reading import reading_panel
from .text_check import text_check_panel
from .verdict import text_verdict_panel, verdict_panel

__all__ = ["PANELS", "lay_out_panels"]

# in the order of the page
PANELS = (
    Panel("beside the sentence", verdict_panel),
    Panel("beside the sentence", text_verdict_panel),
    Panel("below the pictures", places_panel),
    Panel("below the pictures", nearby_panel),
    Panel("below the answer", downloads_panel),
    Panel("below the answer", text_downloads_panel),
    Panel("below the answer", checks_panel),
    Panel("below the answer", compare_panel),
    Panel("below the answer", own_model_panel),
    Panel("below the answer", text_check_panel),
    Panel("below the answer", reading_panel),
)


def lay_out_panels(place: PanelPlace, page: Page, tab_has: Mapping[str, Any]) -> None:
    """Lay out those panels of a `place` whose needs the page and the tab have."""
    has = {**page.has, **tab_has}
    for panel in PANELS:
        if panel.place == place and panel.needs <= has.keys():
            panel.lay_out(page, **{name: has[name] for name in panel.needs})
