"""No line of what the page says, or a report, ends between a number and its unit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from gradcam_core import Audit, Examiner, Explainer, Request, TextExplainer
from gradcam_core.folders.clusters import clusters_of
from gradcam_core.folders.rows import RowFile
from gradcam_core.folders.table import Table
from gradcam_core.ui.tabs.photograph import EXAMPLES
from tests.benchmarks.many_rows import made_up

from .visits import SECONDS, visit

pytestmark = pytest.mark.browser

# of every number with a unit that is said and seen in elements `inside`: the text of those that stand on two lines, and
# how many there are. With `let_go` all that are `bound` are let go first, as if nothing bound them
PARTED = r"""({ let_go, bound, inside }) => {
  if (let_go) document.querySelectorAll(bound).forEach(one => { one.style.whiteSpace = "normal"; });
  const parted = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let count = 0;
  while (walker.nextNode()) {
    const text = walker.currentNode;
    if (!text.parentElement.closest(inside)) continue;
    for (const found of text.data.matchAll(/\d[\d.]* %|\d+ \u00d7 \d+/g)) {
      const range = document.createRange();
      range.setStart(text, found.index);
      range.setEnd(text, found.index + found[0].length);
      const tops = new Set([...range.getClientRects()].map(one => Math.round(one.top)));
      count += tops.size > 0;
      if (tops.size > 1) parted.push(found[0]);
    }
  }
  if (let_go) document.querySelectorAll(bound).forEach(one => { one.style.whiteSpace = ""; });
  return { parted, count };
}"""
# as narrow as each place of the page becomes somewhere, pixel by pixel
WIDTHS = range(300, 420, 5)
# what a sheet of 210 mm leaves between margins of 14 mm, in pixels of 1/96 inch
A4 = round((210 - 2 * 14) / 25.4 * 96)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_number_stays_with_its_unit(browser: Any, address: str, language: str) -> None:
    with visit(browser, address, width=1280, height=900, asked=f"lang={language}") as view:
        said = view.inner_text("#sentence .sentence")
        assert " %" in said
        assert "\N{NO-BREAK SPACE}" not in said
        # what changes is bound as well: another class, what is read of a picture, a check
        view.locator("#bars button").nth(1).click()
        view.wait_for_function("s => document.querySelector('#sentence .sentence').innerText !== s", arg=said)
        view.hover("canvas.picture")
        view.click("#trust > button")
        view.get_by_role("button", name="Hide and look again" if language == "en" else "가리고 다시").first.click()
        view.locator("#checked .sentence").wait_for(timeout=60 * SECONDS)
        count, free = looked_at(view, WIDTHS, bound="cam-bound", inside=".html-container")
        assert count > 10
        # at these widths lines would end there
        assert free > 0


def looked_at(view: Any, widths: Iterable[int], **where: str) -> tuple[int, int]:
    """How many numbers there are at most, none of them parted at any of these widths, and how often some would be."""
    free, count = 0, 0
    for width in widths:
        view.set_viewport_size({"width": width, "height": 900})
        found = view.evaluate(PARTED, {"let_go": False, **where})
        assert found["parted"] == [], width
        count = max(count, found["count"])
        free += len(view.evaluate(PARTED, {"let_go": True, **where})["parted"])
    return count, free


def _photograph(explainer: Explainer, path: Path, lang: str) -> Path:
    found = explainer.explain(min(EXAMPLES.glob("*.jpg")), view="whole")
    return found.report(path, checks=[Examiner(explainer).hide_and_look(found)], lang=lang)


def _review(explainer: Explainer, path: Path, lang: str) -> Path:
    texts = TextExplainer(device=explainer.device)
    found = texts.explain("정말 좋다 그런데 줄거리가 아깝다")
    return found.report(path, checks=texts.checks(found), lang=lang)


def _folder(_: Explainer, path: Path, lang: str) -> Path:
    rows = [*made_up(400, 4)]
    with RowFile(path.with_name("rows.parquet"), {}) as file:
        for row in rows:
            file.add(row)
        file.finish([row.name for row in rows])
    table, labels = Table.of(rows), tuple(f"class {number}" for number in range(4))
    found = Audit(
        path.parent, file.path, Request(), "made up", labels, table, len(rows), clusters_of(table, labels), ()
    )
    return found.report(path, language=lang)


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("make", [_photograph, _review, _folder])
def test_in_a_report_as_well(
    browser: Any, explainer: Explainer, tmp_path: Path, make: Callable[..., Path], lang: str
) -> None:
    path = make(explainer, tmp_path / "report.html", lang)
    view = browser.new_page()
    view.goto(path.as_uri())
    # JSON is shown as it is
    where = {"bound": ".bound", "inside": "body :not(pre):not(script):not(style)"}
    view.emulate_media(media="print")
    on_paper = looked_at(view, range(A4 - 40, A4 + 41, 4), **where)
    view.emulate_media(media="screen")
    on_a_phone = looked_at(view, range(390 - 40, 390 + 41, 4), **where)
    assert on_paper[0] > 3
    # at some of these widths lines would end there
    assert on_paper[1] + on_a_phone[1] > 0, (on_paper, on_a_phone)
    view.close()
