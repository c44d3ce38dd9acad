"""The tabs of the page, in its order. Public name: `TABS`."""

from __future__ import annotations

from ..parts import Tab
from .folder import folder_tab
from .photograph import photograph_tab
from .text import text_tab

__all__ = ["TABS"]

TABS = (
    Tab("tab.photograph", photograph_tab),
    Tab("tab.text", text_tab),
    Tab("audit.tab_title", folder_tab),
)
