"""The folder tab in a real browser: the report stands on the page, and its photographs can be opened."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gradcam_core import Audit, Request
from gradcam_core.folders import Effect
from gradcam_core.folders.clusters import clusters_of
from gradcam_core.folders.rows import RowFile
from gradcam_core.folders.table import Table
from tests.benchmarks.many_rows import made_up
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


def test_who_stops_is_told_how_far_it_was(browser: Any, address: str, tmp_path: Path) -> None:
    archive = tmp_path / "many.zip"
    archive.write_bytes(zipped(*((f"{number}.jpg", jpeg(number)) for number in range(400))))
    view = browser.new_page(viewport={"width": 1280, "height": 1000})
    view.set_default_timeout(30 * SECONDS)
    view.goto(f"{address}?lang=en")
    view.get_by_role("tab", name="Folder").click()
    view.set_input_files("#folder-files input[type=file]", archive)
    view.wait_for_selector("#folder-files a[download]")
    view.click("#folder-go")
    view.wait_for_selector("#folder-last .strip figure")
    view.click("#folder-stop")
    view.locator("#folder-said", has_text="Stopped after").wait_for()
    done, count = map(int, re.findall(r"\d+", view.inner_text("#folder-said")))
    assert 0 < done < count == 400
    # what was seen last stays
    assert view.locator("#folder-last figure").count() > 0
    # whatever their proportions, what is said of them begins on one line
    tops = view.locator("#folder-last figcaption").evaluate_all("all => all.slice(0, 3).map(one => one.offsetTop)")
    assert len(set(tops)) == 1
    view.close()


def test_a_report_of_many_groups_folds_most_of_them_away(browser: Any, tmp_path: Path) -> None:
    rows = [*made_up(1200, 4)]
    with RowFile(tmp_path / "rows.parquet", {}) as file:
        for row in rows:
            file.add(row)
        file.finish([row.name for row in rows])
    table, labels = Table.of(rows), tuple(f"class {number}" for number in range(4))
    groups = clusters_of(table, labels)[:1] * 30
    found = Audit(tmp_path, file.path, Request(), "made up", labels, table, len(rows), groups, ())
    view = browser.new_page()
    view.goto(found.report(tmp_path / "audit.html", language="en").as_uri())
    assert view.locator("#count").inner_text() == "1,200 of 1,200 photographs"
    cards, more = view.locator("#cluster-cards .card"), view.locator("#more-clusters")
    assert cards.count() == 12
    assert more.inner_text() == "Show the other 18 groups"
    more.press("Enter")
    assert cards.count() == 30
    assert more.is_hidden()
    assert view.evaluate("document.activeElement === document.querySelectorAll('#cluster-cards .card button')[12]")
    # those that raise an alarm are all shown
    alarms = tuple(replace(one, effect=Effect(0.9, 0.0, 0.9, 0.9, 0.0), rare=0.0, apart=1.0) for one in groups)
    assert all(one.suspicious for one in alarms)
    found = replace(found, clusters=alarms)
    view.goto(found.report(tmp_path / "audit.html", language="en").as_uri())
    assert (cards.count(), more.is_hidden()) == (30, True)
    view.close()
