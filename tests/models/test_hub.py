"""Downloads from the hub: whole or not at all, within bounds, and kept for the next time."""

from __future__ import annotations

import errno
import json
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import save_file

from gradcam_core import ModelError
from gradcam_core.models import hub, transfer
from gradcam_core.models.fetch import how_far
from gradcam_core.models.hub import WEIGHTS, Access, parsed, snapshot_of, stored
from gradcam_core.types import MEGABYTE

from ..local_hub import COMMIT, FAULTS, LocalHub

NEEDED = [("config.json",), WEIGHTS]
NAME = "owner/name"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own; nobody's token."""
    monkeypatch.setenv("GRADCAM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "huggingface"))
    return tmp_path / "cache" / ".hub"


@pytest.fixture
def local(tmp_path: Path) -> Iterator[LocalHub]:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "some"}))
    save_file({"weight": torch.arange(40_000.0)}, folder / "model.safetensors")
    local = LocalHub({NAME: folder})
    with local.served():
        yield local


def left(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def test_a_repository_is_fetched_once_and_pinned_to_its_commit(local: LocalHub, cache: Path) -> None:
    found = snapshot_of(NAME, NEEDED, beside=["preprocessor_config.json"])
    assert (found.repository, found.commit) == (NAME, COMMIT)
    assert found.json("config.json") == {"model_type": "some"}
    assert torch.equal(found.weights()["weight"], torch.arange(40_000.0))
    assert left(cache) == ["config.json", "model.safetensors"]
    count = len(local.asked)
    again = snapshot_of(NAME, NEEDED)
    assert len(local.asked) == count
    assert (again.commit, again.weights().keys()) == (COMMIT, {"weight"})
    assert snapshot_of(NAME, NEEDED, revision=COMMIT).commit == COMMIT
    assert len(local.asked) == count


def test_parts_of_weights_are_put_together(local: LocalHub) -> None:
    folder = local.repositories[NAME]
    (folder / "model.safetensors").unlink()
    save_file({"a": torch.ones(2)}, folder / "model-1-of-2.safetensors")
    save_file({"b": torch.zeros(3)}, folder / "model-2-of-2.safetensors")
    index = {"weight_map": {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert set(snapshot_of(NAME, NEEDED).weights()) == {"a", "b"}
    here = stored(NAME, NEEDED)
    assert here is not None
    assert set(here.weights()) == {"a", "b"}


@pytest.mark.parametrize("file", ["../../secret", "/etc/passwd", "a/b.safetensors", "", 3, "..", ".hidden"])
def test_an_index_names_files_of_its_folder_and_nothing_else(file: Any, local: LocalHub, cache: Path) -> None:
    folder = local.repositories[NAME]
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": file}}))
    with pytest.raises(ModelError, match="weight_map"):
        snapshot_of(NAME, NEEDED)
    assert left(cache) == []


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_whatever_a_file_does_it_is_a_sentence_and_nothing_is_left(
    fault: str, file: str, local: LocalHub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "SECONDS_TO_ANSWER", 0.5)
    local.faults[file] = fault
    if (fault, file) == ("other", "config.json"):
        # of small files the hub tells no sum
        local.faults[file] = "fewer"
    with pytest.raises(ModelError, match=NAME):
        snapshot_of(NAME, NEEDED)
    assert left(cache) == []
    assert not list(cache.glob("*/*"))
    local.faults.clear()
    # the next one may try again
    assert snapshot_of(NAME, NEEDED).commit == COMMIT


def test_a_trickle_is_given_up(local: LocalHub, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "SECONDS_OF_PATIENCE", 0.0)
    monkeypatch.setattr(transfer, "SLOWEST_BYTES_PER_SECOND", 1e12)
    with pytest.raises(ModelError, match="too slow"):
        snapshot_of(NAME, NEEDED)
    assert left(cache) == []


def test_without_a_network_what_is_kept_still_works(local: LocalHub) -> None:
    snapshot_of(NAME, NEEDED)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with patch.object(constants, "ENDPOINT", f"http://127.0.0.1:{nobody.getsockname()[1]}"):
            assert snapshot_of(NAME, NEEDED).commit == COMMIT
            with pytest.raises(ModelError, match=r"owner/other.*could not be asked.*ready offline"):
                snapshot_of("owner/other", NEEDED)


def test_a_full_disk_is_a_sentence(local: LocalHub, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = SimpleNamespace(free=hub.SPARE_BYTES + 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ModelError, match="of the disk are free"):
        snapshot_of(NAME, NEEDED)
    assert not cache.exists()
    usage.free = 10**12

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(transfer, "_receive", full)
    with pytest.raises(ModelError, match="Free some room"):
        snapshot_of(NAME, NEEDED)
    assert left(cache) == []


def test_a_model_is_no_larger_than_allowed_and_told_before_anything_comes(local: LocalHub) -> None:
    with pytest.raises(ModelError, match="at most 0 MB"):
        snapshot_of(NAME, NEEDED, max_bytes=1000)
    assert not [path for path, _ in local.asked if "/resolve/" in path]


def test_the_longest_unused_makes_room(local: LocalHub, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MAX_STORED", 400_000)
    for name in ("owner/second", "owner/third"):
        local.repositories[name] = local.repositories[NAME]
    for name in (NAME, "owner/second", "owner/third"):
        snapshot_of(name, NEEDED)
        snapshot_of(NAME, NEEDED)
    # each takes 160 kB: two fit in, and the first was used all the time
    assert hub.at_hand(Access.HOST) == (NAME, "owner/third")


def test_few_download_at_once_and_what_is_here_waits_for_nobody(
    local: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "_slots", threading.BoundedSemaphore(1))
    local.repositories["owner/slow"] = local.repositories[NAME]
    snapshot_of(NAME, NEEDED)
    local.gate.clear()
    thread = threading.Thread(target=snapshot_of, args=("owner/slow", NEEDED))
    thread.start()
    while not how_far("owner/slow"):
        thread.join(0.01)
    told = how_far("owner/slow")
    assert told is not None
    assert "Downloading owner/slow" in str(told)
    # how large it is, before anything of it has come
    sizes = [file.stat().st_size for file in local.repositories[NAME].iterdir()]
    assert told.values["whole"] == pytest.approx(sum(sizes) / MEGABYTE)
    with pytest.raises(ModelError, match="being downloaded"):
        snapshot_of("owner/third", NEEDED)
    assert snapshot_of(NAME, NEEDED).commit == COMMIT
    local.gate.set()
    thread.join()
    assert stored("owner/slow", NEEDED) is not None


def test_what_the_host_may_read_does_not_come_to_visitors(local: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_something")
    local.private = {NAME}
    assert snapshot_of(NAME, NEEDED).commit == COMMIT
    with pytest.raises(ModelError, match="has no model"):
        snapshot_of(NAME, NEEDED, access=Access.PUBLIC)
    with pytest.raises(ModelError, match="switched off"):
        snapshot_of(NAME, NEEDED, access=Access.NOTHING)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("owner/name", ("owner/name", None)),
        ("hf-hub:owner/na.me-1", ("owner/na.me-1", None)),
        (f"owner/name@{COMMIT}", ("owner/name", COMMIT)),
        *[
            (text, None)
            for text in (
                "name", "/etc/passwd", "../name", "owner/..", "owner/../x", "owner/na--me", "~/name", "./name", "a/b/c",
                "C:\\x/y", "owner/name@../../x", "https://h/x", "owner/name\n", "", "owner/", "/name", "a/b@", " a/b",
            )
        ],
    ],
)  # fmt: skip
def test_names_of_repositories_are_no_paths(text: str, answer: object) -> None:
    assert parsed(text) == answer


@pytest.mark.parametrize("write", [lambda path: path.write_text("[1]"), lambda path: path.write_text("{")])
def test_a_damaged_description_is_a_sentence(write: Callable[[Path], Any], local: LocalHub) -> None:
    write(local.repositories[NAME] / "config.json")
    with pytest.raises(ModelError, match=r"config\.json"):
        snapshot_of(NAME, NEEDED).json("config.json")
