"""Visits to a served page: by a real browser, and by a client of its API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from gradio_client import Client

# milliseconds; three times as many as on a quiet machine, for some are slow
SECONDS = 3000
DRAWN = "#stage [data-drawn]"
# what gradio's own scripts say of streams that are open when their page is left
LEFT = ("AbortError: signal is aborted", "Unexpected error Connection errored out")
# what a browser itself says of an answer with an error's number, and without a network
REFUSED = (
    "Failed to load resource: the server responded with a status of 429",
    "Failed to load resource: net::ERR_INTERNET_DISCONNECTED",
)
JUDGED = "#verdict [data-state]:not([data-state=looking])"
# how many pixels of the overlay are of the brush's colour, nearly
PINK = """() => {
  const canvas = document.querySelector('canvas.picture');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let i = 0; i < data.length; i += 4) count += data[i] > 140 && data[i + 2] > data[i + 1] + 50;
  return count;
}"""
# of each browser the windows that stay open, one for a mouse and one for fingers
_windows: WeakKeyDictionary[Any, dict[bool, Any]] = WeakKeyDictionary()


def connected(address: str, answers: Path | None = None) -> Client:
    """A client of the API at `address`, patient on a busy machine; what it fetches goes to the folder `answers`."""
    return Client(
        address, verbose=False, download_files=False if answers is None else str(answers), httpx_kwargs={"timeout": 60}
    )


@contextmanager
def tab(browser: Any, address: str, *, width: int, height: int, touch: bool = False) -> Iterator[Any]:
    """An empty tab for the page at `address`, in which nothing is left of those before.

    It opens in a window that stays: a window of its own would take a third of what the whole visit takes, and would
    fetch and compile gradio's scripts anew. Its first tab stays as well, and with it the process that draws all pages
    of this machine and has their scripts compiled.
    """
    windows = _windows.setdefault(browser, {})
    if touch not in windows:
        windows[touch] = browser.new_context(has_touch=touch)
        windows[touch].set_default_timeout(30 * SECONDS)
        windows[touch].new_page().goto(f"{address}robots.txt")
    window = windows[touch]
    view = window.new_page()
    view.set_viewport_size({"width": width, "height": height})
    try:
        yield view
    finally:
        window.set_offline(False)
        if view.url.startswith("http"):
            view.evaluate("localStorage.clear()")
        view.close()
        window.clear_cookies()
        window.clear_permissions()


@contextmanager
def visit(
    browser: Any,
    address: str,
    *,
    width: int,
    height: int,
    touch: bool = False,
    asked: str = "",
    left: bool = False,
    refused: bool = False,
    theme: str = "light",
) -> Iterator[Any]:
    """The page with its first example drawn, or with what is `asked` in its address, ended with nothing wrong.

    Fails on errors of its scripts and on requests elsewhere. With `left` it is left for another page meanwhile; with
    `refused` the server may refuse what it asks, or be out of reach.
    """
    problems: list[str] = []
    with tab(browser, address, width=width, height=height, touch=touch) as view:
        view.on("pageerror", lambda error: problems.append(str(error)))
        view.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        view.on("request", lambda request: problems.append(request.url) if _elsewhere(request.url, address) else None)
        view.goto(f"{address}?__theme={theme}&{asked}")
        view.wait_for_selector(DRAWN, timeout=60 * SECONDS)
        # what is found about the first answer, unasked, must not come into what follows
        view.wait_for_selector(JUDGED, timeout=60 * SECONDS)
        view.evaluate("() => { document.querySelector('.look').open = true; }")
        yield view
    expected = LEFT * left + REFUSED * refused
    problems = [problem for problem in problems if not problem.startswith(expected)]
    assert not problems, problems


def _elsewhere(url: str, address: str) -> bool:
    return not url.startswith((address, "data:", "blob:"))


def cut_the_network(monkeypatch: pytest.MonkeyPatch, empty: Path) -> None:
    """Let no weights of torchvision be had, neither from a network nor from what lies on this machine."""

    def no_network(*_: Any, **__: Any) -> None:
        raise OSError("no network in this test")

    monkeypatch.setenv("TORCH_HOME", str(empty))
    monkeypatch.setattr("torch.hub.urlopen", no_network)
