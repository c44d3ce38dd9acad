"""Files that requests and tools name, before gradio sees them."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from gradcam_core.errors import UploadError
from gradcam_core.languages import Finding
from gradcam_core.ui.named_files import of_request, of_tool_call

MARK = {"_type": "gradio.FileData"}
ELSEWHERE = ("/etc/hostname", "http://127.0.0.1/a.png", "https://example.org/a.png", "file:///etc/hostname", "")
# a value that holds no file, with one hidden in it
HIDDEN: list[Any] = [
    {"path": "/etc/hostname", "meta": MARK},
    [[{"points": {"path": "http://127.0.0.1/", "meta": MARK}}]],
    # gradio would fail on it in its own way
    {"path": "a", "meta": "no mark"},
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    (tmp_path / "cat.png").write_bytes(b"cat")
    return tmp_path


def test_a_request_says_only_which_upload_it_means(folder: Path) -> None:
    path = str(folder / "cat.png")
    for block in (gr.Image(), gr.File()):
        assert of_request(None, block) is None
        given = {"path": path, "url": "http://127.0.0.1/", "is_stream": True, "size": -1, "orig_name": "../x"}
        assert of_request(given, block) == {"path": path, "orig_name": "cat.png", "meta": MARK}


@pytest.mark.parametrize("value", [*ELSEWHERE, 7, [], {}, {"path": 7}, *({"path": path} for path in ELSEWHERE)])
def test_a_request_names_nothing_else(folder: Path, value: Any) -> None:
    for block in (gr.Image(), gr.File()):
        with pytest.raises(UploadError) as caught:
            of_request(value, block)
        assert str(caught.value) == str(Finding("uploads.not_here"))


def test_each_of_several_files_is_an_upload(folder: Path) -> None:
    several, path = gr.File(file_count="multiple"), str(folder / "cat.png")
    assert (
        of_request([{"path": path, "url": "http://127.0.0.1/"}] * 2, several)
        == [{"path": path, "orig_name": "cat.png", "meta": MARK}] * 2
    )
    for value in (7, *ELSEWHERE, {}, {"path": "/etc/hostname"}):
        with pytest.raises(UploadError):
            of_request([{"path": path}, value], several)
    with pytest.raises(UploadError):
        of_request([{"path": path}], gr.File())


@pytest.mark.parametrize("value", HIDDEN)
def test_values_that_are_no_files_hold_none(folder: Path, value: Any) -> None:
    with pytest.raises(UploadError):
        of_request(value, gr.JSON())
    with pytest.raises(UploadError):
        of_tool_call(str(folder))({"image": str(folder / "cat.png"), "strokes": value}, [["image"]])


def test_other_values_pass_as_they_are(folder: Path) -> None:
    strokes = [{"points": [[1, 2]], "radius": 3, "path": "of the brush"}]
    assert of_request(strokes, gr.JSON()) is strokes
    assert of_request("/etc/hostname", gr.Textbox()) == "/etc/hostname"


def test_a_tools_file_comes_along_or_is_an_upload(folder: Path) -> None:
    convert, path = of_tool_call(str(folder)), str(folder / "cat.png")
    for name in (path, f"https://anywhere.example/gradio_api/file={path}"):
        assert convert({"image": name, "x": 1}, [["image"]]) == {"image": {"path": path, "meta": MARK}, "x": 1}
    along = convert({"image": "data:image/png;base64," + base64.b64encode(b"dog").decode()}, [["image"]])
    assert Path(along["image"]["path"]).read_bytes() == b"dog"
    assert Path(along["image"]["path"]).is_relative_to(folder)


@pytest.mark.parametrize("value", [*ELSEWHERE, None, {"path": "/etc/hostname", "meta": MARK}])
def test_a_tools_file_is_nothing_else(folder: Path, value: Any) -> None:
    with pytest.raises(UploadError) as caught:
        of_tool_call(str(folder))({"image": value}, [["image"]])
    assert str(caught.value) == str(Finding("uploads.not_here"))


def test_letters_that_are_no_base64_are_told(folder: Path) -> None:
    for rest in ("image/png;base64,?", "image/png;base64,YQ", ",\N{SNOWMAN}"):
        with pytest.raises(UploadError):
            of_tool_call(str(folder))({"image": f"data:{rest}"}, [["image"]])
