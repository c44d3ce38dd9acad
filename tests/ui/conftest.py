"""A served page, a client of its API, and a real browser on it."""

from __future__ import annotations

import gc
import shutil
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest
from gradio_client import Client

from gradcam_core import Explainer, Watch
from gradcam_core.ui import build, serve

from .visits import connected

# the one without windows first: it draws the same and takes less of the processor
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # a tab finds gradio's scripts compiled by those before it, see `visits.tab`
    "--process-per-site",
]


@pytest.fixture(scope="session")
def page(explainer: Explainer) -> Iterator[gr.Blocks]:
    """The page of `explainer`, served on a free port."""
    # what earlier tests left is collected now: a finaliser that imports something in the midst of an import makes
    # that import fail (KeyError in CPython 3.11's importlib)
    gc.collect()
    blocks = build(explainer)
    serve(blocks, server_name="127.0.0.1", server_port=None, prevent_thread_lock=True, quiet=True)
    yield blocks
    blocks.close()


@pytest.fixture(scope="session")
def address(page: gr.Blocks) -> str:
    return str(page.local_url)


@pytest.fixture(scope="session")
def client(address: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return connected(address, tmp_path_factory.mktemp("answers"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium is installed")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def slow_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    """Costly methods take their time, however fast the engine is: the page is tried here, not the engine."""
    at_once = Watch.at

    def slowly(watch: Watch, done: int, count: int) -> None:
        if count > 8:
            time.sleep(0.25)
        at_once(watch, done, count)

    monkeypatch.setattr(Watch, "at", slowly)
