"""A report in a real browser that reaches nobody: its pictures are inside, and it fits on A4."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gradcam_core import Explainer
from gradcam_core.ui.tabs.photograph import EXAMPLES

pytestmark = pytest.mark.browser


def test_it_opens_without_a_network_and_prints(browser: Any, explainer: Explainer, tmp_path: Path) -> None:
    path = explainer.explain(sorted(EXAMPLES.glob("*.jpg"))[0]).report(tmp_path / "why.html")
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 800})
    view, asked, said = context.new_page(), [], []
    view.on("request", lambda request: asked.append(request.url))
    view.on("console", lambda message: said.append(message.text))
    view.goto(path.as_uri())
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
    assert said == []
    assert view.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 100)")
    assert view.evaluate("document.images.length") == 3
    assert view.evaluate("document.documentElement.scrollWidth <= innerWidth")
    printed = view.pdf(format="A4")
    assert printed.startswith(b"%PDF")
    assert 1 <= printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") <= 4
    context.close()
