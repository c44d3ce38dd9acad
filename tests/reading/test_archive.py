"""Photographs handed in together: what is laid out, and what no archive can make the server do."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest

from gradcam_core.errors import UploadError
from gradcam_core.languages import LANGUAGES, Finding, say
from gradcam_core.reading import archive
from gradcam_core.reading.archive import laid_out, one_of
from gradcam_core.reading.uploads import Upload
from tests.pictures import zipped

SUFFIXES = (".jpg", ".png")


@pytest.fixture
def into(tmp_path: Path) -> Path:
    (tmp_path / "uploads").mkdir()
    (tmp_path / "into").mkdir()
    return tmp_path / "into"


def handed_in(into: Path, name: str, content: bytes) -> Upload:
    folder = into.parent / "uploads"
    (folder / name).write_bytes(content)
    return Upload(str(folder / name), str(folder))


def names(into: Path) -> set[str]:
    return {path.relative_to(into).as_posix() for path in into.rglob("*") if path.is_file()}


def test_folders_stay_and_what_is_no_photograph_is_left_out(into: Path) -> None:
    content = zipped(
        ("a/horse/1.jpg", b"1"), ("a/labels.csv", b"1.jpg,horse"), ("a/x.exe", b"no"), ("__MACOSX/a/._1.jpg", b"no"),
        ("a/.2.jpg", b"no"), ("a/inner.zip", zipped(("3.jpg", b"no"))),
    )  # fmt: skip
    uploads = [handed_in(into, "all.zip", content), handed_in(into, "4.PNG", b"4"), handed_in(into, "5.txt", b"no")]
    assert laid_out(uploads, into, SUFFIXES) == 2
    assert names(into) == {"a/horse/1.jpg", "a/labels.csv", "4.PNG"}
    assert (into / "a" / "horse" / "1.jpg").read_bytes() == b"1"


@pytest.mark.parametrize(
    "name",
    [
        "../../1.jpg",
        "/etc/1.jpg",
        "..\\..\\1.jpg",
        "C:\\x\\1.jpg",
        "a/../../../1.jpg",
        "./././1.jpg",
        "x" * 300 + "/1.jpg",
    ],
    ids=["above", "absolute", "windows", "drive", "through", "here", "long"],
)
def test_a_name_never_leads_out_of_the_folder(into: Path, name: str) -> None:
    laid_out([handed_in(into, "all.zip", zipped((name, b"1")))], into, SUFFIXES)
    before = {into.parent / "uploads" / "all.zip"}
    written = {path for path in into.parent.rglob("*") if path.is_file()} - before
    assert len(written) == 1
    assert all(into in path.parents for path in written)


def test_a_link_in_an_archive_is_a_file(into: Path) -> None:
    link = zipfile.ZipInfo("1.jpg")
    link.external_attr = 0o120777 << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr(link, "/etc/passwd")
    laid_out([handed_in(into, "all.zip", file.getvalue())], into, SUFFIXES)
    assert not (into / "1.jpg").is_symlink()
    assert (into / "1.jpg").read_bytes() == b"/etc/passwd"


def test_bounds_hold_whatever_the_archive_says(into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_UPLOAD_BYTES", 1_000_000)
    monkeypatch.setattr(archive, "MAX_UNPACKED_BYTES", 2_000_000)
    monkeypatch.setattr(archive, "MOST_PHOTOGRAPHS", 5)
    bomb = zipped(("1.jpg", bytes(50_000_000)))
    assert len(bomb) < 100_000
    with pytest.raises(UploadError, match="larger than 1 MB"):
        laid_out([handed_in(into, "bomb.zip", bomb)], into, SUFFIXES)
    # it says of itself that it is small
    liar = bomb.replace((50_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    with pytest.raises(UploadError):
        laid_out([handed_in(into, "liar.zip", liar)], into, SUFFIXES)
    with pytest.raises(UploadError, match="more than 2 MB"):
        laid_out(
            [handed_in(into, "many.zip", zipped(*((f"{i}.jpg", bytes(900_000)) for i in range(4))))], into, SUFFIXES
        )
    with pytest.raises(UploadError, match="more than 5 photographs"):
        laid_out([handed_in(into, "six.zip", zipped(*((f"{i}.jpg", b"") for i in range(6))))], into, SUFFIXES)
    assert sum(path.stat().st_size for path in into.rglob("*") if path.is_file()) < 5_000_000


def test_files_of_one_name_are_all_kept_and_found_again(into: Path) -> None:
    content = zipped(("image.jpg", b"2"), ("a/image.jpg", b"3"), ("image (2).jpg", b"4"))
    again = into.parent / "uploads" / "again"
    again.mkdir()
    (again / "image.jpg").write_bytes(b"5")
    uploads = [
        handed_in(into, "image.jpg", b"1"),
        handed_in(into, "all.zip", content),
        Upload(str(again / "image.jpg"), str(again.parent)),
    ]
    assert laid_out(uploads, into, SUFFIXES) == 5
    written = {path.relative_to(into).as_posix(): path.read_bytes() for path in into.rglob("*.jpg")}
    assert sorted(written.values()) == [b"1", b"2", b"3", b"4", b"5"]
    assert {name: one_of(uploads, name, SUFFIXES) for name in written} == written
    # tools hand in what has no name
    assert laid_out([handed_in(into, "file", content)], into, SUFFIXES) == 3
    for name in ("other.jpg", "../uploads/image.jpg", "", "a"):
        with pytest.raises(UploadError, match="is not among"):
            one_of(uploads, name, SUFFIXES)


def test_a_file_that_is_another_ones_folder_is_said(into: Path) -> None:
    for entries in ((("a.jpg", b"1"), ("a.jpg/b.jpg", b"2")), (("a.jpg/b.jpg", b"2"), ("a.jpg", b"1"))):
        with pytest.raises(UploadError, match="cannot be read"):
            laid_out([handed_in(into, "all.zip", zipped(*entries))], into, SUFFIXES)


def test_what_is_no_archive_is_said(into: Path) -> None:
    good = zipped(("1.jpg", b"1" * 1000))
    locked = bytearray(good)
    # the bit that says "encrypted", in front of the file and in the list at the end
    locked[6] |= 1
    locked[good.rindex(b"PK\x01\x02") + 8] |= 1
    for content in (b"", b"PK", good[:40], good[: len(good) // 2], bytes(locked)):
        with pytest.raises(UploadError, match="cannot be read"):
            laid_out([handed_in(into, "all.zip", content)], into, SUFFIXES)
    with pytest.raises(UploadError, match="No photograph"):
        laid_out([handed_in(into, "all.zip", zipped(("a.txt", b"1")))], into, SUFFIXES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("flag", "method", "key"), [(1, 0, "archive.has_password"), (0, 97, "archive.packed_otherwise"), (0, 0, None)]
)
def test_why_an_archive_is_not_read_is_said_in_the_readers_language(
    into: Path, language: str, flag: int, method: int, key: str | None
) -> None:
    packed = bytearray(zipped(("a.jpg", b"x" * 20)))
    directory = packed.index(b"PK\x01\x02")
    # flags and method, in front of the file and in the list at the end
    for at in (6, directory + 8):
        packed[at : at + 4] = flag.to_bytes(2, "little") + method.to_bytes(2, "little")
    upload = handed_in(into, "all.zip", bytes(packed if key else packed[:-30]))
    with pytest.raises(UploadError) as caught:
        laid_out([upload], into, SUFFIXES)
    sentence = say(caught.value.finding, language)
    assert say(Finding(key or "archive.damaged"), language) in sentence
    assert language == "en" or not re.search("file|password|compression", sentence)


def test_nothing_but_an_upload_is_opened(into: Path) -> None:
    (into.parent / "secret.jpg").write_bytes(b"1")
    with pytest.raises(UploadError):
        laid_out([Upload(str(into.parent / "secret.jpg"), str(into.parent / "uploads"))], into, SUFFIXES)
    assert names(into) == set()
