"""The report: what stands in it, that it asks nobody for anything, and that nothing in it is taken for HTML."""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcam_core import Examiner, Explainer, Explanation, Look
from gradcam_core.explanation import Explained
from gradcam_core.report import Checked, report_page, summary
from gradcam_core.ui.tabs.photograph import EXAMPLES
from tests.helpers import SmallNetwork, noise, small_spec

LABELS = ("<script>alert(1)</script>", "a & b", "c", "d", "e", "f")


class Parts(HTMLParser):
    """All tags with their attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def record_in(page: str, found: Explained, check: Checked) -> dict[str, Any]:
    """The record in the report of what was `found`, beside all that is promised there."""
    parts = Parts(page)
    for words in (found.sentence, *found.notes, check.sentence, "What this means, and what it does not", "torch "):
        assert words in parts.text
    assert all(top.label in parts.text for top in found.top)
    (record,) = re.findall("<pre>(.*?)</pre>", page, re.DOTALL)
    asked: dict[str, Any] = json.loads(unescape(record))
    assert asked == json.loads(json.dumps(found.record()))
    return asked


@pytest.fixture(scope="module")
def explainer() -> Explainer:
    made = Explainer(device="cpu")
    steps = small_spec("own", SmallNetwork()).preprocessing()
    made.add_model("own", SmallNetwork(), labels=list(LABELS), transform=steps)
    return made


@pytest.fixture(scope="module")
def found(explainer: Explainer) -> Explanation:
    maps = (explainer.explain(noise(40, 64), model="own", target=target, view="whole") for target in range(6))
    return next(one for one in maps if not one.blank)


def test_all_that_is_promised_stands_in_it(explainer: Explainer, found: Explanation) -> None:
    check = Examiner(explainer).hide_and_look(found, draws=1)
    page = report_page(found, checks=[check])
    asked = record_in(page, found, check)
    again = explainer.explain(found.photograph, **asked["request"])
    np.testing.assert_array_equal(again.cam, found.cam)
    assert "No check was made" not in page
    assert "No check was made" in report_page(found)


@pytest.mark.parametrize("make", [report_page, summary])
def test_it_asks_nobody_for_anything(make: Any, found: Explanation) -> None:
    parts = Parts(make(found))
    sources = [value for _, attributes in parts.tags for name, value in attributes.items() if name in ("src", "href")]
    assert len(sources) == 3
    assert all(str(one).startswith("data:image/jpeg;base64,") for one in sources)
    assert not {"script", "link", "iframe", "object", "form"} & {tag for tag, _ in parts.tags}
    assert "url(" not in make(found)
    assert "@import" not in make(found)


def test_what_a_class_is_called_is_never_taken_for_html(explainer: Explainer) -> None:
    page = report_page(explainer.explain(noise(40, 64), model="own", target=0))
    assert "<script" not in page
    assert LABELS[0] in Parts(page).text


def test_the_colour_bar_says_its_ends_and_whether_they_are_stretched(explainer: Explainer) -> None:
    maps = [explainer.explain(noise(40, 64), model="own", target=t, counterfactual=c) for t in range(6) for c in (0, 1)]
    weak = next(one for one in maps if 0 < one.strength < 1)
    shared, stretched = (Parts(report_page(weak, look=Look(stretched=one))).text for one in (False, True))
    assert f"{weak.scale:.2g}" in shared
    assert "one scale for both sides" in shared
    assert f"{weak.cam.max():.2g}" in stretched
    assert "stretched to what is shown" in stretched
    assert "orange speaks" in Parts(report_page(weak, look=Look(signed=True))).text


def test_a_file_and_a_notebook(found: Explanation, tmp_path: Path) -> None:
    path = found.report(tmp_path / "why.html")
    assert path == tmp_path / "why.html"
    assert found.sentence in Parts(path.read_text("utf-8")).text
    assert found.sentence in Parts(found._repr_html_()).text
    assert found.report(str(path)).stat().st_size < 1_000_000


def test_the_style_of_a_notebook_is_its_own(found: Explanation) -> None:
    """A rule without the class in front would change the notebook that it is shown in."""
    (style,) = re.findall("<style>(.*?)</style>", summary(found), re.DOTALL)
    rules = [line.split("{")[0] for line in style.splitlines() if "{" in line]
    assert rules
    for rule in rules:
        assert all(selector.strip().startswith(".gradcam ") for selector in rule.split(",")), rule


def test_it_says_what_was_asked_and_what_the_bars_are() -> None:
    explainer = Explainer(device="cpu")
    picture = EXAMPLES / "6-cat-in-a-bathroom.jpg"
    described = explainer.describe(picture, caption="a cat on a toilet")
    asked = explainer.ask(picture, "is there a cat?").explain()
    for found, words in (
        (asked, ("The question: “is there a cat?”", "The most probable answers")),
        (described.explain("cat"), ("The caption: “a cat on a toilet”", "The most probable words here")),
        (described.explain(None), ("The caption: “a cat on a toilet”", "geometric mean", "Probability")),
    ):
        text = Parts(report_page(found)).text
        assert all(one in text for one in words), text
        assert words[0] in Parts(summary(found)).text
    # lines of Korean end between words
    assert ":lang(ko) { word-break: keep-all; }" in summary(asked, language="ko")
    assert "<div class='gradcam' lang='ko'>" in summary(asked, language="ko")
