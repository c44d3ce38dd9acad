"""The page as a whole: tabs, theme, limits. Public names: `build`, `serve`."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.state_holder import SessionState

from ..explainer import Explainer
from ..serving.services import Services
from ..text import TextExplainer
from .api import add_api
from .blocks import PageBlocks
from .panels.own_model import Shelf
from .parts import Page
from .tabs import TABS

__all__ = ["build", "serve"]

TITLE = "Grad-CAM Explorer"
LEAD = "What does the network see, and **which evidence** made it say so? Upload a photograph or type a sentence."
MAX_UPLOAD = "20mb"
# requests that may wait; whoever comes after them is told that the app is busy
MAX_WAITING = 64
# whoever waits is told again how long; after every answer, as is usual, would be a message to everybody for each
SECONDS_BETWEEN_ESTIMATES = 1
# uploads and downloads are looked at every hour and deleted after a day
CLEAN_EVERY_SECONDS, KEEP_SECONDS = 3600, 86400
WEB = Path(__file__).parent / "web"


def build(explainer: Explainer, text_explainer: TextExplainer | None = None, *, own_models: bool = True) -> gr.Blocks:
    """The page on its explainers, not yet served; without one for text it makes its own.

    With `own_models` visitors may upload weights of their own. Raises ModelError.
    """
    services = Services.of(explainer, text_explainer)
    with PageBlocks(
        title=TITLE, analytics_enabled=False, delete_cache=(CLEAN_EVERY_SECONDS, KEEP_SECONDS), fill_width=True
    ) as blocks:
        gr.Markdown(f"# {TITLE}\n{LEAD}", elem_id="lead")
        page = Page(blocks, services, has={"shelf": Shelf(explainer)} if own_models else {})
        for tab in TABS:
            with gr.Tab(tab.title):
                tab.lay_out(page)
        add_api(services)

        def leave(request: gr.Request) -> None:
            services.running.leave(request.session_hash)

        blocks.unload(leave)
    # describes the page's parts, or the first visitor would wait for it
    SessionState(blocks)
    return blocks.queue(max_size=MAX_WAITING, status_update_rate=SECONDS_BETWEEN_ESTIMATES)


def serve(page: gr.Blocks, **options: Any) -> None:
    """Serve `page` until it is stopped; `options` go to `launch` and may replace what stands here."""
    _settle_matplotlib()
    page.launch(
        **{
            "theme": _theme(),
            "css_paths": WEB / "page.css",
            "js": (WEB / "page.js").read_text(encoding="utf-8"),
            "max_file_size": MAX_UPLOAD,
            "footer_links": ["api"],
            "run_history": False,
            "show_error": False,
            **options,
        }
    )


def _settle_matplotlib() -> None:
    """Import matplotlib, where it is installed, with a backend that needs no search for a screen.

    Gradio would do both within the first event, and somebody would wait a second for them.
    """
    os.environ.setdefault("MPLBACKEND", "agg")
    with suppress(ImportError):
        import_module("matplotlib")


def _theme() -> gr.themes.Base:
    """Gradio's default with the machine's own fonts, so that nothing is fetched, and hints dark enough to read."""
    theme = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
    return theme.set(body_text_color_subdued="*neutral_600", block_info_text_color="*neutral_600")
