"""The folder tab in a real browser: the report stands on the page, and its photographs can be opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.pictures import zipped
from tests.serving.cluster.replicas import jpeg

from ..visits import SECONDS

pytestmark = pytest.mark.browser


def test_the_report_stands_on_the_page_and_a_photograph_of_it_can_be_opened(
    browser: Any, address: str, tmp_path: Path
) -> None:
    archive = tmp_path / "all.zip"
    archive.write_bytes(zipped(*((f"{seed}.jpg", jpeg(seed)) for seed in range(3)), ("broken.jpg", b"nothing")))
    view = browser.new_page(viewport={"width": 1280, "height": 1000})
    view.set_default_timeout(30 * SECONDS)
    problems: list[str] = []
    view.on("pageerror", lambda error: problems.append(str(error)))
    view.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    view.goto(f"{address}?__theme=light")
    view.get_by_role("tab", name="Folder").click()
    view.set_input_files("#folder-files input[type=file]", archive)
    view.wait_for_selector("#folder-files a[download]")
    view.click("#folder-go")
    report = view.frame_locator("#folder-found iframe")
    report.locator("#rows figure").nth(3).wait_for(timeout=60 * SECONDS)
    assert report.locator("#rows figure").count() == 4
    view.wait_for_selector("#folder-stop:disabled")
    # a broken file has a reason instead
    assert report.locator("#rows figure button").count() == 3
    report.locator("#rows figure button").first.click()
    view.wait_for_function(
        "() => document.querySelector('[role=tab][aria-selected=true]').textContent.trim() === 'Photograph'"
    )
    view.close()
    assert problems == []
