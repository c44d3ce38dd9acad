"""The folder of a server, and of its neighbours."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import pytest

from gradcam_core.errors import CamError
from gradcam_core.serving import folder as module
from gradcam_core.serving.folder import ServerFolder, written
from gradcam_core.serving.room import Room


@pytest.fixture
def own(tmp_path: Path) -> Iterator[ServerFolder]:
    folder = ServerFolder(tmp_path / "place", max_bytes=1000)
    yield folder
    folder.close()


def put(folder: ServerFolder, name: str, size: int, age: float = 0.0) -> Path:
    path = folder.path / name / "file"
    path.parent.mkdir()
    path.write_bytes(b"x" * size)
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_it_goes_with_its_server(tmp_path: Path) -> None:
    folder = ServerFolder(tmp_path)
    put(folder, "a", 5)
    folder.close()
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_new_server_takes_away_what_dead_ones_left_and_nothing_of_the_living(
    own: ServerFolder, tmp_path: Path
) -> None:
    kept = put(own, "a", 5)
    place = tmp_path / "place"
    dead = place / "server-dead"
    dead.mkdir()
    (dead / "upload").write_text("left behind")
    # whose lock has ended with its process
    (dead / ".alive").touch()
    nobodys, recent, foreign = place / ("0" * 64), place / ("1" * 64), place / "somebody's own"
    for path in (nobodys, recent, foreign):
        path.mkdir()
    for path in (nobodys, foreign):
        os.utime(path, (0, 0))
    other = ServerFolder(place)
    assert kept.exists()
    assert not dead.exists()
    assert not nobodys.exists()
    assert recent.exists()
    assert foreign.exists()
    other.close()
    assert kept.exists()


def test_files_go_after_a_day(own: ServerFolder) -> None:
    old, new = put(own, "a", 5, age=90_000), put(own, "b", 5)
    own.sweep()
    assert not old.exists()
    assert new.exists()
    assert own.size == 5


def test_room_is_made_of_the_oldest_but_never_of_the_last_minutes(
    own: ServerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, old, new = put(own, "a", 400, age=7200), put(own, "b", 300, age=3600), put(own, "c", 200)
    own.sweep()
    assert own.size == 900
    assert own.has_room(100)
    assert older.exists()
    # not at every question: looking through a full folder takes a while
    assert not own.has_room(300)
    monkeypatch.setattr(module, "SWEEP_AGAIN_SECONDS", 0)
    assert own.has_room(300)
    assert not older.exists()
    assert old.exists()
    assert not own.has_room(900)
    assert new.exists()


def test_a_disk_that_is_almost_full_is_full(own: ServerFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(own.path)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage._replace(free=module.SPARE_BYTES + 10))
    assert own.has_room(10)
    assert not own.has_room(11)


@pytest.mark.parametrize("how", ["a file", "below a file"])
def test_a_place_that_cannot_be_used_is_one_sentence(how: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CamError, match="GRADIO_TEMP_DIR"):
        ServerFolder(tmp_path / "file" / ("" if how == "a file" else "more"))


def test_each_visitor_has_a_share(own: ServerFolder) -> None:
    room = Room(own, visitor_bytes=500)
    mine = put(own, "a", 300)
    room.holds("me", [str(mine)])
    with room.coming("me", 200), pytest.raises(CamError, match="Your share"), room.coming("me", 1):
        pass
    with room.coming("you", 400):
        pass
    # what has been read and deleted is held no longer
    mine.unlink()
    with room.coming("me", 500):
        pass


def test_a_full_share_makes_place_of_its_own_oldest_and_of_nobody_elses(own: ServerFolder) -> None:
    room = Room(own, visitor_bytes=500, visitor_files=3)
    mine, recent, yours = put(own, "a", 200, age=3600), put(own, "b", 200), put(own, "c", 200, age=7200)
    room.holds("me", [str(mine), str(recent)])
    room.holds("you", [str(yours)])
    with room.coming("me", 300):
        assert not mine.exists()
    assert recent.exists()
    assert yours.exists()
    more = [put(own, f"more {number}", 1) for number in range(2)]
    room.holds("me", map(str, more))
    with pytest.raises(CamError, match="3 files"), room.coming("me", 1):
        pass


def test_the_folder_has_a_total_and_says_that_it_is_full(own: ServerFolder) -> None:
    room = Room(own, visitor_bytes=10_000)
    full = pytest.raises(CamError, match="folder for uploads and answers is full")
    with room.coming("me", 900), full, room.coming("you", 200):
        pass
    with room.coming("you", 200):
        pass


def test_few_uploads_of_one_address_are_on_their_way_at_once(own: ServerFolder) -> None:
    room = Room(own)
    held = [room.coming("me", 1) for _ in range(64)]
    for one in held:
        one.__enter__()
    with pytest.raises(CamError, match="under way"), room.coming("me", 1):
        pass
    for one in held:
        one.__exit__(None, None, None)
    with room.coming("me", 1):
        pass


def test_what_is_written_lies_where_nobody_guesses_and_once_for_equal_content(tmp_path: Path) -> None:
    one, again, other = (written(content, "a.png", str(tmp_path / "new")) for content in (b"one", b"one", b"two"))
    assert one == again != other
    assert Path(one).read_bytes() == b"one"
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"a.png"}
    assert len(Path(one).parent.name) == 64
    assert Path(one).parent.name != blake2b(b"one", digest_size=32).hexdigest()


def test_what_finds_no_room_leaves_nothing_and_what_was_there_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = written(b"kept", "a.png", str(tmp_path))
    write = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        write(path, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    for content in (b"kept", b"new"):
        with pytest.raises(OSError, match="No space"):
            written(content, "a.png", str(tmp_path))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [Path(kept)]
    assert Path(kept).read_bytes() == b"kept"
    assert len(list(tmp_path.iterdir())) == 1
