"""The page as a whole: tabs, theme, limits. Public names: `build`, `serve`."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import gradio as gr
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from gradio.route_utils import FnIndexInferError
from gradio.state_holder import SessionState

from ..errors import ServingError
from ..explainer import Explainer
from ..reading.photograph import MAX_UPLOAD_BYTES
from ..serving.demo import Demo
from ..serving.folder import KEEP_SECONDS, ServerFolder
from ..serving.guard import Guard
from ..serving.hosts import Hosts, name_of
from ..serving.packed import Packed
from ..serving.plain_log import keep_lines_apart
from ..serving.room import Room
from ..serving.services import Services
from ..text_explainer import TextExplainer
from .api import add_api
from .blocks import PageBlocks
from .gradio_words import added_to_dictionaries
from .page_queue import PageQueue
from .panels.own_model import own_models as for_own_models
from .parts import Page
from .tabs import TABS
from .uploads import take_in_uploads
from .web.languages import language_switch, show_as_kept, speak_the_pages_language
from .wording import building, word

__all__ = ["build", "serve"]

TITLE = "Grad-CAM Explorer"
# that are remembered, each in 0.11 MB; of one more the longest unused is forgotten
MOST_SESSIONS = 1000
# whoever waits is told again how long; after every answer, as is usual, would be a message to everybody for each
SECONDS_BETWEEN_ESTIMATES = 1
# without a folder of the server's own, gradio deletes what it wrote
CLEAN_EVERY_SECONDS = 3600
# what gradio raises where a request names a number or a part that is not there
UNFIT = (ArithmeticError, AttributeError, FnIndexInferError, LookupError, RecursionError, TypeError, ValueError)
WEB = Path(__file__).parent / "web"
USUAL = Demo()


def build(
    explainer: Explainer,
    text_explainer: TextExplainer | None = None,
    *,
    own_models: bool = True,
    demo: Demo = USUAL,
    served_by: Callable[[Explainer, TextExplainer | None], Services] = Services.of,
) -> gr.Blocks:
    """The page on its explainers, not yet served; without one for text it makes its own.

    With `own_models` visitors may upload weights of their own; `demo` says what is different from the usual page.
    `served_by` makes the services of both. Raises ModelError.
    """
    explainer = explainer.offering(demo.offer)
    services = served_by(explainer, text_explainer)
    title = demo.title or TITLE
    with (
        building(),
        PageBlocks(
            title=title, analytics_enabled=False, delete_cache=(CLEAN_EVERY_SECONDS, KEEP_SECONDS), fill_width=True
        ) as blocks,
    ):
        language_switch("languages")
        gr.Markdown(f"# {title}\n{demo.introduction or word('page.lead')}", elem_id="lead")
        has: dict[str, Any] = for_own_models(explainer) if own_models else {}
        page = Page(blocks, services, has=has, examples=demo.examples)
        with gr.Tabs() as tabs:
            page.offered["tabs"] = tabs
            for tab in TABS[:1] if demo.only else TABS:
                with gr.Tab(word(tab.title), id=tab.title):
                    tab.lay_out(page)
        show_as_kept(page, tabs, [tab.title for tab in TABS])
        add_api(services)

        def leave(request: gr.Request) -> None:
            services.running.leave(request.session_hash)

        blocks.unload(leave)
        queue = blocks.queue_in_lanes(services.lanes, status_update_rate=SECONDS_BETWEEN_ESTIMATES)
        services.running.between_passes = queue.between_passes
    # describes the page's parts, or the first visitor would wait for it
    SessionState(blocks)
    return blocks


def serve(
    page: gr.Blocks,
    *,
    hosts: Hosts | None = None,
    folder: ServerFolder | None = None,
    max_file: int = MAX_UPLOAD_BYTES,
    **options: Any,
) -> None:
    """Serve `page` until it is stopped, to those that `hosts` lets in; what is handed in is kept in `folder`.

    `options` go to `launch` and may replace what stands here. Raises ServingError where it cannot be served.
    """
    # a backend that needs no search for a screen
    os.environ.setdefault("MPLBACKEND", "agg")
    take_in_uploads()
    speak_the_pages_language()
    keep_lines_apart()
    # uvicorn believes whoever asks from this machine what he writes of his address; the guard reads it instead
    os.environ["FORWARDED_ALLOW_IPS"] = ""
    guards: list[Guard] = []
    allowed = hosts or Hosts.of(str(options.get("server_name") or "127.0.0.1"))
    room = Room(folder) if folder is not None else None
    if folder is not None:
        folder.keep(path for block in page.blocks.values() for path in block.keep_in_cache)

    @asynccontextmanager
    async def guarded(app: FastAPI) -> AsyncIterator[None]:
        # in front of gradio's own middleware, which lets in other sites
        packed = Packed(cast(Any, app.middleware_stack))
        guard = Guard(packed, allowed, cast(PageQueue, page._queue).listening, room, max_file)
        guards.append(guard)
        app.middleware_stack = guard
        yield

    waits = not options.pop("prevent_thread_lock", False)
    settings = {**_settings(max_file), **options, "prevent_thread_lock": True}
    settings["app_kwargs"] = {"lifespan": guarded, **settings["app_kwargs"]}
    try:
        page.launch(**settings)
    except OSError as error:
        raise ServingError("page.not_served", error=str(error)) from None
    threading.Thread(target=_import_matplotlib, name="matplotlib", daemon=True).start()
    if page.share_url:
        guards[0].hosts = guards[0].hosts.shared_as(name_of(urlsplit(page.share_url).netloc))
    if waits:
        page.block_thread()


def _settings(max_file: int) -> dict[str, Any]:
    """What gradio's `launch` is given for every page."""
    return {
        "theme": _theme(),
        "css_paths": [WEB / "page.css", WEB / "small.css"],
        "i18n": added_to_dictionaries(),
        "js": (WEB / "page.js").read_text(encoding="utf-8"),
        "max_file_size": max_file,
        "state_session_capacity": MOST_SESSIONS,
        "footer_links": ["api"],
        "run_history": False,
        "show_error": False,
        "ssr_mode": False,
        # gradio would ask itself for the page, and give up where a busy machine takes more than 3 s
        "_frontend": False,
        "app_kwargs": {"exception_handlers": {OSError: _no_room, **dict.fromkeys(UNFIT, _unfit), Exception: _failed}},
    }


def _both(key: str) -> dict[str, str]:
    """What gradio's page and its clients read of a failure."""
    return dict.fromkeys(("detail", "error"), word(key))


async def _no_room(_request: Request, error: Exception) -> JSONResponse:
    """A disk that is full, or gone, in words."""
    logging.getLogger(__name__).error("An answer could not be written: %s", error)
    return JSONResponse(_both("door.no_room"), 507)


async def _unfit(request: Request, error: Exception) -> JSONResponse:
    """A request that names nothing here, such as an event that the page does not have."""
    logging.getLogger(__name__).warning("unfit request for %s: %s", request.url.path, type(error).__name__)
    return JSONResponse(_both("door.unfit"), 400)


async def _failed(_request: Request, _error: Exception) -> JSONResponse:
    """Whatever else fails; the guard in front logs it."""
    return JSONResponse(_both("door.failed"), 500)


def _import_matplotlib() -> None:
    """Import it where it is installed: gradio would within the first event, and somebody would wait for it."""
    with suppress(ImportError):
        import_module("matplotlib")


def _theme() -> gr.themes.Base:
    """Gradio's default with the machine's own fonts, so that nothing is fetched, in colours dark enough to read."""
    theme = gr.themes.Default(
        primary_hue="indigo",
        neutral_hue="slate",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )
    return theme.set(
        body_text_color_subdued="*neutral_600",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        block_info_text_color="*neutral_600",
        # what can be ticked is seen in the dark as well
        checkbox_border_color_dark="*neutral_400",
    )
