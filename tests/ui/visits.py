"""Visits to a served page: by a real browser, and by a client of its API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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


def connected(address: str, answers: Path | None = None) -> Client:
    """A client of the API at `address`, patient on a busy machine; what it fetches goes to the folder `answers`."""
    return Client(
        address, verbose=False, download_files=False if answers is None else str(answers), httpx_kwargs={"timeout": 60}
    )


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
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=touch)
    context.set_default_timeout(30 * SECONDS)
    view = context.new_page()
    problems: list[str] = []
    view.on("pageerror", lambda error: problems.append(str(error)))
    view.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    view.on("request", lambda request: problems.append(request.url) if _elsewhere(request.url, address) else None)
    view.goto(f"{address}?__theme={theme}&{asked}")
    view.wait_for_selector(DRAWN, timeout=60 * SECONDS)
    # what is found about the first answer, unasked, must not come into what follows
    view.wait_for_selector(JUDGED, timeout=60 * SECONDS)
    view.evaluate("() => { document.querySelector('.look').open = true; }")
    yield view
    context.close()
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
