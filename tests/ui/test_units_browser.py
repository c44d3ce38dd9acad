"""No line of what the page says ends between a number and its unit."""

from __future__ import annotations

from typing import Any

import pytest

from .visits import SECONDS, visit

pytestmark = pytest.mark.browser

# of every number with a unit that is said and seen: the text of those that stand on two lines, and how many there are.
# With an argument all of them are let go first, as if the page did not bind them
PARTED = r"""(let_go) => {
  if (let_go) document.querySelectorAll("cam-bound").forEach(one => { one.style.whiteSpace = "normal"; });
  const parted = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let count = 0;
  while (walker.nextNode()) {
    const text = walker.currentNode;
    if (!text.parentElement.closest(".html-container")) continue;
    for (const found of text.data.matchAll(/\d[\d.]* %/g)) {
      const range = document.createRange();
      range.setStart(text, found.index);
      range.setEnd(text, found.index + found[0].length);
      const tops = new Set([...range.getClientRects()].map(one => Math.round(one.top)));
      count += tops.size > 0;
      if (tops.size > 1) parted.push(found[0]);
    }
  }
  if (let_go) document.querySelectorAll("cam-bound").forEach(one => { one.style.whiteSpace = ""; });
  return { parted, count };
}"""
# as narrow as each place of the page becomes somewhere, pixel by pixel
WIDTHS = range(300, 420, 5)


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
        parted, free, count = [], 0, 0
        for width in WIDTHS:
            view.set_viewport_size({"width": width, "height": 900})
            found = view.evaluate(PARTED, False)
            parted += found["parted"]
            count = max(count, found["count"])
            free += len(view.evaluate(PARTED, True)["parted"])
        assert count > 10
        assert parted == []
        # at these widths lines would end there
        assert free > 0
