"""A report in a real browser that reaches nobody: all that it shows is inside, and it fits on A4."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradcam_core import Explainer, TextExplainer
from gradcam_core.ui.tabs import text
from gradcam_core.ui.tabs.photograph import EXAMPLES

pytestmark = pytest.mark.browser


def _photograph(explainer: Explainer, path: Path, lang: str) -> Path:
    return explainer.explain(sorted(EXAMPLES.glob("*.jpg"))[0]).report(path, lang=lang)


def _review(explainer: Explainer, path: Path, lang: str) -> Path:
    texts = TextExplainer(device=explainer.device)
    # as long as what is read can be, and longer
    found = texts.explain(" ".join(text.EXAMPLES * 2))
    return found.report(path, checks=texts.checks(found), lang=lang)


@pytest.mark.parametrize("lang", ["en", "ko"])
# each of the 140 characters that are read has a line in the record
@pytest.mark.parametrize(("make", "images", "pages"), [(_photograph, 3, 4), (_review, 0, 5)])
def test_it_opens_without_a_network_and_prints(
    browser: Any, explainer: Explainer, tmp_path: Path, make: Callable[..., Path], images: int, pages: int, lang: str
) -> None:
    path = make(explainer, tmp_path / "why.html", lang)
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 800})
    view, asked, said = context.new_page(), [], []
    view.on("request", lambda request: asked.append(request.url))
    view.on("console", lambda message: said.append(message.text))
    view.goto(path.as_uri())
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
    assert said == []
    assert view.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 100)")
    assert view.evaluate("document.images.length") == images
    assert view.evaluate("document.documentElement.lang") == lang
    assert view.evaluate("document.documentElement.scrollWidth <= innerWidth")
    printed = view.pdf(format="A4")
    assert printed.startswith(b"%PDF")
    assert 1 <= printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") <= pages
    context.close()
