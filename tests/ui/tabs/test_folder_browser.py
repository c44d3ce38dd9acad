"""The folder tab in a real browser: the report stands on the page, and its photographs can be opened."""

from __future__ import annotations

import re
from collections.abc import Callable
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
from tests.folders.test_audit import LABELS, SIDE, Colours, write
from tests.pictures import zipped
from tests.serving.cluster.replicas import jpeg

from ..visits import SECONDS, tab

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


def test_a_cheat_stands_first_and_its_photographs_are_listed(
    browser: Any, address: str, offer: Callable[..., str], tmp_path: Path
) -> None:
    offer(Colours(), "colours", size=SIDE, labels=lambda: LABELS)
    folder = write(tmp_path, 12)
    archive = tmp_path / "cheat.zip"
    archive.write_bytes(zipped(*((f"{one.parent.name}/{one.name}", one.read_bytes()) for one in folder.glob("*/*"))))
    with tab(browser, address, width=390, height=844) as view:
        view.goto(f"{address}?__theme=dark&lang=ko")
        view.get_by_role("tab", name="폴더").click()
        view.set_input_files("#folder-files input[type=file]", archive)
        view.wait_for_selector("#folder-files a[download]")
        view.fill("#folder-model input", "colours")
        view.press("#folder-model input", "Enter")
        view.click("#folder-go")
        report = view.frame_locator("#folder-found iframe")
        first = report.locator("#cluster-cards .card").first
        first.wait_for(timeout=60 * SECONDS)
        said = "“horse” 사진 40장 가운데 12장의 근거는 왼쪽 아래 모서리에 있습니다."
        assert said in view.inner_text("#folder-said")
        assert first.locator("p").all_inner_texts()[0] == "부정행위로 보임"
        assert said in first.inner_text()
        assert "이 가운데 100 %를 맞혔습니다." in first.inner_text()
        assert report.locator(".card.alarm").count() == 1
        # as high as it is before it is in sight, and nowhere wider than a phone
        view.wait_for_function("document.querySelector('#folder-found iframe').clientHeight > 2000")
        beyond = "(all) => [all.scrollWidth - all.clientWidth, all.scrollHeight - all.clientHeight]"
        assert report.locator("html").evaluate(beyond) == [0, 0]
        assert view.locator("#folder-report button:visible").count() == 0
        report.get_by_role("button", name="이 12장 보기").click()
        assert report.locator("#count").inner_text() == "사진 71장 중 12장"
        assert report.locator("#rows figure").count() == 12
        # the page goes where they are listed
        view.wait_for_function(
            "(at) => document.querySelector('#folder-found iframe').getBoundingClientRect().top + at < innerHeight / 2",
            arg=report.locator("#list").evaluate("list => list.offsetTop"),
        )


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
