"""Converted networks on disk: found again, made again where damaged, bounded, whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from gradcam_core.engine.store import CHECKS, Store, cache_folder, digest

from .networks import Plain, Residual, inputs


def made(folder: Path, content: bytes = b"weights", name: str = "model.bin") -> Path:
    folder.mkdir(parents=True)
    (folder / name).write_bytes(content)
    return folder


def test_what_was_kept_is_found(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert store.find("one") is None
    store.keep("one", made(tmp_path / "made"))
    found = Store(tmp_path / "store").find("one")
    assert found is not None
    assert (found / "model.bin").read_bytes() == b"weights"


@pytest.mark.parametrize("damage", ["shorter", "other", "gone", "no checks", "checks of another kind"])
def test_what_is_damaged_is_not_found_and_makes_room(tmp_path: Path, damage: str) -> None:
    store = Store(tmp_path / "store")
    store.keep("one", made(tmp_path / "made"))
    folder = tmp_path / "store" / "one"
    file = folder / "model.bin"
    {
        "shorter": lambda: file.write_bytes(b"weight"),
        "other": lambda: file.write_bytes(b"weighty"),
        "gone": file.unlink,
        "no checks": (folder / CHECKS).unlink,
        "checks of another kind": lambda: (folder / CHECKS).write_text("[1]"),
    }[damage]()
    assert store.find("one") is None
    assert not folder.exists()
    store.keep("one", tmp_path / "made")
    assert store.find("one") is not None


def test_what_a_killed_process_left_half_made_is_deleted(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    left, begun = (made(tmp_path / "store" / name) for name in (".left", ".begun"))
    os.utime(left, (0, 0))
    store.keep("one", made(tmp_path / "made"))
    assert not left.exists()
    assert begun.exists()
    assert store.find("one") is not None


def test_it_stays_within_its_bound_and_what_was_used_last_stays(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", max_bytes=2000)
    for age, name in enumerate(("old", "used", "new")):
        store.keep(name, made(tmp_path / name, bytes(700)))
        os.utime(tmp_path / "store" / name, (age, age)) if (tmp_path / "store" / name).exists() else None
        if name == "used":
            assert store.find("old") is not None
    assert store.find("used") is None
    assert store.find("old") is not None
    assert store.find("new") is not None
    store.keep("huge", made(tmp_path / "huge", bytes(5000)))
    assert store.find("huge") is None
    assert store.find("new") is not None


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.keep("one", tmp_path / "is not there")
    assert list((tmp_path / "store").iterdir()) == []
    # nor does a folder that cannot be made break anything
    (tmp_path / "file").write_text("")
    Store(tmp_path / "file" / "store").keep("one", made(tmp_path / "made"))


def test_weights_parts_inputs_and_layers_tell_networks_apart() -> None:
    network = Plain()
    known = {digest(network, inputs(), Plain.LAYERS)}
    assert digest(Plain(), inputs(), Plain.LAYERS) in known
    for other in (
        digest(Residual(), inputs(), Plain.LAYERS),
        digest(network, inputs(), ("first",)),
        digest(network, torch.zeros(1, 3, 8, 8), Plain.LAYERS),
        digest(network, {"image": inputs(), "question": torch.zeros(1, 2)}, Plain.LAYERS),
    ):
        assert other not in known
        known.add(other)
    with torch.no_grad():
        network.norm.running_mean[0] += 1
    assert digest(network, inputs(), Plain.LAYERS) not in known


def test_it_lies_where_this_user_keeps_such_things(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GRADCAM_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder().is_relative_to(tmp_path)
    monkeypatch.setenv("GRADCAM_CACHE", str(tmp_path / "elsewhere"))
    assert cache_folder() == tmp_path / "elsewhere"
