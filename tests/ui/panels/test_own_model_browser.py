"""A visitor's own model in a real browser: uploaded, explained, nobody else's, and gone with its visitor."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
import torch
from torchvision.models import get_model

from gradcam_core import Explainer, ModelError

from ..visits import DRAWN, SECONDS, visit

pytestmark = pytest.mark.browser

ARCHITECTURE = "squeezenet1_1"


def open_area(view: Any) -> None:
    view.get_by_role("button", name="Your own model").click()
    view.wait_for_selector("#own-load", state="visible")
    view.click("#own-more > button")
    view.wait_for_selector("#own-size", state="visible")


def give(view: Any, files: list[str], architecture: str) -> None:
    for place, path in enumerate(files):
        view.locator("#own-model input[type=file]").first.wait_for(state="attached")
        view.locator("#own-model input[type=file]").nth(0 if place == 0 else -1).set_input_files(path)
        view.wait_for_function("n => document.querySelectorAll('#own-model .file-preview').length === n", arg=place + 1)
    view.fill("#own-architecture textarea, #own-architecture input", architecture)
    view.fill("#own-size textarea, #own-size input", "64")


def keep_left_pages(page: gr.Blocks, seconds: float) -> None:
    for state in page.app.state_holder.session_data.values():
        state.STATE_TTL_WHEN_CLOSED = seconds


def test_one_logit_of_ones_own(
    browser: Any,
    page: gr.Blocks,
    address: str,
    explainer: Explainer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # gradio keeps the state of a page that was left for an hour; with this for a second
    monkeypatch.setenv("GRADIO_IS_E2E_TEST", "1")
    torch.manual_seed(5)
    torch.save(get_model(ARCHITECTURE, weights=None, num_classes=1).state_dict(), tmp_path / "my-fruit.pt")
    (tmp_path / "my-names.txt").write_text("ripe", "utf-8")
    files = [str(tmp_path / name) for name in ("my-fruit.pt", "my-names.txt")]
    cache = Path(page.GRADIO_CACHE)
    with visit(browser, address, width=1440, height=1000) as view:
        open_area(view)
        before = view.get_attribute(DRAWN, "data-drawn"), view.inner_text("#sentence .sentence")
        # of another architecture: said, deleted, and the old answer stays
        give(view, files[:1], "resnet18")
        assert [*cache.rglob("my-fruit.pt")]
        view.click("#own-load")
        view.wait_for_selector("#own-note [role=alert]", timeout=60 * SECONDS)
        assert "does not fit `architecture` 'resnet18'" in view.inner_text("#own-note")
        assert (view.get_attribute(DRAWN, "data-drawn"), view.inner_text("#sentence .sentence")) == before
        assert not [*cache.rglob("my-fruit.pt")]

        give(view, files, ARCHITECTURE)
        view.click("#own-load")
        view.wait_for_function("w => document.querySelector('#sentence').innerText.includes(w)", arg="my-fruit (")
        assert not [*cache.rglob("my-*")]
        assert view.input_value("#model input") == "my-fruit · only for you"
        assert sorted(view.locator("#bars .name").all_inner_texts()) == ["not ripe", "ripe"]
        first = view.inner_text("#sentence .sentence")
        other, drawn = "ripe" if "“not ripe”" in first else "not ripe", view.get_attribute(DRAWN, "data-drawn")
        view.locator("#bars [aria-pressed=false]").click()
        # shown ahead, and then answered, which is what a link, and so another language, holds
        view.wait_for_function(
            "([words, drawn]) => document.querySelector('#sentence').innerText.includes(words)"
            " && document.querySelector('#stage [data-drawn]').dataset.drawn !== drawn",
            arg=[f"“{other}”", drawn],
        )

        (name,) = explainer._own
        # in another language it is there still, and still nobody else's; a second is too short for a page to come
        keep_left_pages(page, 3600)
        view.click("nav a[lang=ko]")
        # the page before shows a picture, too
        view.wait_for_selector("nav a[lang=ko][aria-current=true]", timeout=60 * SECONDS)
        view.wait_for_selector(DRAWN, timeout=60 * SECONDS)
        assert "my-fruit (" in view.inner_text("#sentence .sentence")
        assert view.locator("#bars [aria-pressed=true]", has_text=other).count() == 1
        assert view.input_value("#model input").startswith("my-fruit · ")
        # longer than gradio keeps what the page before had
        keep_left_pages(page, 1)
        view.wait_for_timeout(2500)
        assert [*explainer._own] == [name]
        # somebody else is not told of it
        with visit(browser, address, width=1440, height=1000) as second:
            second.click("#model input")
            # once all names are there
            second.locator("#model input").press_sequentially("squeezenet1_", delay=20)
            second.get_by_role("option", name="squeezenet1_1").wait_for(timeout=30 * SECONDS)
            for _ in "squeezenet1_":
                second.keyboard.press("Backspace")
            second.locator("#model input").press_sequentially("fruit", delay=20)
            second.wait_for_function("document.querySelectorAll('ul[role=listbox] li').length === 0")
            assert name not in second.content()
    until = time.monotonic() + 20
    while name in explainer._own and time.monotonic() < until:
        time.sleep(0.2)
    with pytest.raises(ModelError, match="is unknown"):
        explainer.load(name)
