"""`/audit` and the folder's tab through the network: several photographs at once, hostile ones, and nothing left."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from gradio.utils import get_upload_folder
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from gradcam_core.folders.rows import read
from gradcam_core.reading import archive
from gradcam_core.serving import auditing
from gradcam_core.ui.named_files import in_answer
from tests.pictures import photo, zipped

PHOTOGRAPHS = [(f"all/tabby/{number}.png", photo("PNG", 60 + number, 80)) for number in range(3)]


@pytest.fixture
def ask(client: Client, tmp_path: Path) -> Callable[..., Any]:
    def answer(content: bytes, **options: Any) -> Any:
        path = tmp_path / "all.zip"
        path.write_bytes(content)
        return client.predict(archive=handle_file(str(path)), api_name="/audit", **options)

    return answer


def left() -> set[Path]:
    """Copies of photographs that somebody handed in for an audit."""
    return {*Path(get_upload_folder()).glob("folder-*")}


def test_it_answers_with_a_record_a_report_and_rows(ask: Callable[..., Any]) -> None:
    record, report, rows = ask(zipped(*PHOTOGRAPHS, ("all/broken.jpg", b"nothing")), lang="ko")
    assert (record["photographs"], record["answered"], record["accuracy"]) == (4, 3, 0.0)
    assert record["clusters"] == []
    assert "사진 4장 중 3장" in record["sentence"]
    assert "broken.jpg" in Path(report).read_text("utf-8")
    found = {row.name: row for row in read(Path(rows))}
    assert list(found) == ["all/broken.jpg", *(name for name, _ in PHOTOGRAPHS)]
    assert found["all/broken.jpg"].reason
    assert {found[name].truth_label for name, _ in PHOTOGRAPHS} == {"tabby"}
    assert not left()


BAD = {
    "a bomb": (zipped(("1.jpg", bytes(30_000_000))), "larger than"),
    "many entries": (zipped(*((f"{number}.txt", b"") for number in range(50))), "more than"),
    "many photographs": (zipped(*((f"{number}.jpg", b"") for number in range(30))), "more than"),
    "a zip in a zip": (zipped(("inner.zip", zipped(*PHOTOGRAPHS))), "No photograph"),
    "no pictures": (zipped(("a.txt", b"1")), "No photograph"),
    "no zip": (b"PK\x03\x04 and nothing else", "cannot be read"),
    "half a zip": (zipped(*PHOTOGRAPHS)[:3000], "cannot be read"),
    "a class that is none": (zipped(*PHOTOGRAPHS, ("all/labels.csv", b"tabby/1.png,nowhere")), "nowhere"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_hostile_gets_one_sentence_and_leaves_nothing(
    ask: Callable[..., Any], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_ENTRIES", 40)
    monkeypatch.setattr(archive, "MOST_PHOTOGRAPHS", 20)
    content, words = BAD[kind]
    with pytest.raises(AppError, match=words):
        ask(content)
    assert not left()


def test_names_that_lead_elsewhere_lead_nowhere(ask: Callable[..., Any]) -> None:
    uploads = Path(get_upload_folder())
    before = {path for path in uploads.parent.iterdir() if path.name.startswith("evil")}
    record, _, rows = ask(zipped(("../../../evil.png", photo()), ("/etc/evil.png", photo())))
    assert record["answered"] == 2
    assert [row.name for row in read(Path(rows))] == ["etc/evil.png", "evil.png"]
    assert before == set() == {path for path in uploads.parent.iterdir() if path.name.startswith("evil")}


def test_the_tab_tells_of_it_while_it_runs_and_opens_one(page: gr.Blocks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditing, "SECONDS_BETWEEN", 0.0)
    looking: Any = next(one.fn for one in page.fns.values() if one.name == "look").__self__
    handed = [in_answer(zipped(*PHOTOGRAPHS, ("<i>.jpg", b"nothing")), "all.zip", looking.folder)]
    visitor: Any = SimpleNamespace(session_hash="tab")
    begun, laid, *rows, ended, idle = looking.look(handed, "auto", visitor)
    assert (begun[looking.stop]["interactive"], idle[looking.stop]["interactive"]) == (True, False)
    assert "0 of 4 photographs" in laid[looking.said]
    assert [one[looking.last].count("<figure") for one in rows] == [1, 2, 3, 4]
    # what was not read has no picture, and no name is HTML
    assert rows[-1][looking.last].count("<img") == 3
    assert "in 3 of 4 photographs" in ended[looking.said]
    report = Path(ended[looking.report]["report"]["path"])
    assert [Path(path).name for path in ended[looking.packed]["value"]] == ["audit.html", "rows.parquet"]
    assert "_i_.jpg" in report.read_text("utf-8")
    name, content = PHOTOGRAPHS[1]
    opened = looking.open_it(handed, "efficientnet_lite0", SimpleNamespace(_data={"open": name}))
    assert Path(opened[looking.page.offered["photograph"]]["path"]).read_bytes() == content
    assert opened[looking.page.offered["tabs"]]["selected"] == "tab.photograph"
    for unknown in ("../../etc/passwd", None, 7):
        problem = looking.open_it(handed, "auto", SimpleNamespace(_data={"open": unknown}))
        assert "is not among" in problem[looking.said]
    assert "hand in photographs" in next(looking.look(None, "auto", visitor))[looking.said]
    _, refused, _ = looking.look([in_answer(b"1", "a.txt", looking.folder)], "auto", visitor)
    assert "No photograph" in refused[looking.said]
    assert not left()


def test_stop_ends_it(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    path.write_bytes(zipped(*((f"{number}.png", photo("PNG", 60, 80)) for number in range(300))))
    job = client.submit(archive=handle_file(str(path)), api_name="/audit")
    while not job.done() and not job.status().progress_data:
        time.sleep(0.05)
    assert not job.done()
    client.predict(api_name="/stop")
    with pytest.raises((AppError, CancelledError), match="Stopped after"):
        job.result()
    assert not left()
