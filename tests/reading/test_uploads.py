"""The door for files that a visitor names, tried without a server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gradcam_core.errors import UploadError
from gradcam_core.languages import Finding
from gradcam_core.reading.photograph import MAX_UPLOAD_BYTES, read_photograph
from gradcam_core.reading.uploads import Upload
from tests.pictures import photo


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "uploads" / "0a").mkdir(parents=True)
    (tmp_path / "uploads" / "0a" / "cat.png").write_bytes(b"cat")
    (tmp_path / "secret.png").write_bytes(b"secret")
    return tmp_path / "uploads"


def test_an_upload_is_read(folder: Path) -> None:
    upload = Upload(str(folder / "0a" / "cat.png"), str(folder))
    assert upload.is_below
    assert upload.name == "cat.png"
    assert upload.read(limit=3) == b"cat"
    with upload.open(limit=3) as file:
        assert file.read() == b"cat"


def test_the_limit_is_that_of_the_open_file_and_nothing_behind_it_is_read(folder: Path) -> None:
    path = folder / "0a" / "cat.png"
    upload = Upload(str(path), str(folder))
    with pytest.raises(UploadError, match=r"^The file is larger than 2e-06 MB"):
        upload.read(limit=2)
    with upload.open(limit=3) as file:
        # what is put in its place now is another file
        path.unlink()
        path.write_bytes(b"dog")
        assert file.read() == b"cat"


def test_links_are_followed_within_the_folder_and_never_out_of_it(folder: Path) -> None:
    inside, outside = folder / "inside.png", folder / "outside.png"
    inside.symlink_to(folder / "0a" / "cat.png")
    outside.symlink_to(folder.parent / "secret.png")
    assert Upload(str(inside), str(folder)).read(limit=9) == b"cat"
    with pytest.raises(UploadError) as caught:
        Upload(str(outside), str(folder)).read(limit=9)
    assert str(caught.value) == str(Finding("uploads.not_here"))


def test_the_folder_itself_may_be_reached_by_a_link(folder: Path) -> None:
    other = folder.parent / "other"
    other.symlink_to(folder)
    for named in (folder, other):
        assert Upload(str(named / "0a" / "cat.png"), str(other)).read(limit=9) == b"cat"


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "0a", "0a/..", "0a/dog.png", "../secret.png", "0a/../../secret.png", "../uploads-2/a.png",
        "a\0b", "a" * 5000, "a/" * 5000, "\ud800", "pipe", "loop",
    ],
)  # fmt: skip
def test_everything_else_is_refused_in_the_same_words(folder: Path, name: str) -> None:
    (folder.parent / "uploads-2").mkdir()
    (folder.parent / "uploads-2" / "a.png").write_bytes(b"neighbour")
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to(folder / "loop")
    with pytest.raises(UploadError) as caught:
        Upload(f"{folder}/{name}", str(folder)).read(limit=9)
    assert str(caught.value) == str(Finding("uploads.not_here"))
    # as a name relative to where the server was started
    with pytest.raises(UploadError):
        Upload(name, str(folder)).read(limit=9)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/proc/self/environ", "/proc/self/fd/0", "/"])
def test_devices_are_not_opened(folder: Path, path: str) -> None:
    with pytest.raises(UploadError) as caught:
        Upload(path, str(folder)).open(limit=9)
    assert str(caught.value) == str(Finding("uploads.not_here"))


def test_no_descriptor_stays_open_after_a_refusal(folder: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for name in ("0a", "0a/cat.png"):
        with pytest.raises(UploadError):
            Upload(str(folder / name), str(folder)).open(limit=2)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_photograph_is_read_through_the_door(folder: Path) -> None:
    path = folder / "0a" / "photo.png"
    path.write_bytes(photo("PNG"))
    assert read_photograph(Upload(str(path), str(folder))).size == (60, 40)
    with path.open("ab") as file:
        file.truncate(MAX_UPLOAD_BYTES + 1)
    with pytest.raises(UploadError, match=r"^The photograph's file is larger than 20 MB"):
        read_photograph(Upload(str(path), str(folder)))
    # what the host names himself is his own
    assert read_photograph(str(path)).size == (60, 40)
