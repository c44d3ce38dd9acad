"""Which photographs a folder holds and which class each is said to show."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcam_core import OptionError, TargetError
from gradcam_core.folders.listing import listed
from gradcam_core.tasks.classes import class_index

LABELS = ("horse", "great grey owl", "cup")


def index(label: str) -> int:
    return class_index(label, LABELS, "test")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("horse/a.JPG", "horse/far/b.png", "Great_Grey_Owl/c.webp", "x/d.jpeg", "e.bmp", "masks/a.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"1")
    for name in (".hidden.jpg", "horse/notes.txt", ".cache/f.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"1")
    return tmp_path


def test_sub_folders_are_classes_where_they_are_called_like_one(folder: Path) -> None:
    found = {one.name: one.truth for one in listed(folder, index, folder / "masks")}
    assert found == {
        "Great_Grey_Owl/c.webp": 1, "e.bmp": None, "horse/a.JPG": 0, "horse/far/b.png": 0, "x/d.jpeg": None,
    }  # fmt: skip
    assert list(found) == sorted(found)
    assert "masks/a.png" in {one.name for one in listed(folder, index)}


@pytest.mark.parametrize("heading", ["", "file,label\n"])
def test_a_table_has_the_last_word(folder: Path, heading: str) -> None:
    (folder / "labels.csv").write_text(f"{heading}e.bmp,cup\n./x/d.jpeg,2\n\n", "utf-8")
    found = {one.name: one.truth for one in listed(folder, index)}
    assert found["e.bmp"] == found["x/d.jpeg"] == 2
    assert found["horse/a.JPG"] is None


def test_a_table_tells_of_what_is_below_its_folder(folder: Path) -> None:
    # as it lies in the zip of a whole folder
    (folder / "horse" / "labels.csv").write_text("a.JPG,cup\nfar/b.png,2\n", "utf-8")
    found = {one.name: one.truth for one in listed(folder, index)}
    assert (found["horse/a.JPG"], found["horse/far/b.png"], found["Great_Grey_Owl/c.webp"]) == (2, 2, 1)


def test_what_is_wrong_is_said(folder: Path, tmp_path: Path) -> None:
    (folder / "labels.csv").write_text("e.bmp,hors\n")
    with pytest.raises(TargetError, match="horse"):
        listed(folder, index)
    (folder / "labels.csv").write_text("e.bmp\n")
    with pytest.raises(OptionError, match=r"labels\.csv.*each line needs a file and a class"):
        listed(folder, index)
    (tmp_path / "empty").mkdir()
    with pytest.raises(OptionError, match="holds no photograph"):
        listed(tmp_path / "empty", index)
    with pytest.raises(OptionError, match="is no folder"):
        listed(tmp_path / "nothing", index)
