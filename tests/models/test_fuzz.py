"""Readers of uploads against whatever hypothesis finds: an answer or a CamError, within bounds of memory and time.

With `--long` for minutes instead of seconds.
"""

from __future__ import annotations

import io
import json
import pickle
import pickletools
import struct
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from safetensors.torch import save as save_safetensors

from gradcam_core import CamError
from gradcam_core.models.labels_file import read_labels
from gradcam_core.models.plain_pickle import OPERATIONS
from gradcam_core.models.tensor_file import Stored, read_content

SECONDS = 5
# how many examples is said once, in conftest; machines may be busy
FEW = settings(suppress_health_check=[HealthCheck.too_slow])
STATE = {"conv1.weight": torch.ones(2, 3), "bn1": {"bias": torch.arange(4), "names": ["a", 1, None, 2.5]}}
# a code byte of every known operation, so that random programs go far
CODES = sorted(code.code.encode("latin-1") for code in pickletools.opcodes if code.name in OPERATIONS)
NAMES = (
    b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ccollections\nOrderedDict\n",
    b"ctorch\nFloatStorage\n",
    b"cos\nmkdir\n",
)


def saved(kind: str) -> bytes:
    if kind == "safetensors":
        return save_safetensors({"conv1.weight": torch.ones(2, 3), "fc.bias": torch.arange(3.0)})
    file = io.BytesIO()
    torch.save(STATE, file, _use_new_zipfile_serialization=kind == "zip")
    return file.getvalue()


def read(content: bytes, name: str = "fuzz.pt") -> None:
    """Read, and fetch every tensor that is described."""
    start = time.process_time()
    try:
        found = read_content(content, name, max_bytes=1_000_000)
        for value in _stored(found):
            if value.nbytes < 1_000_000 and not value.unfit:
                # as the one who fills a network with it expects
                with suppress(ValueError, RuntimeError):
                    value.tensor()
    except CamError as error:
        assert len(str(error)) < 600  # noqa: PT017
        assert "\n" not in str(error)  # noqa: PT017
    assert time.process_time() - start < SECONDS


def _stored(value: Any) -> list[Stored]:
    if isinstance(value, Stored):
        return [value]
    return [value for value in value.values() if isinstance(value, Stored)] if isinstance(value, dict) else []


# what reads a damaged pickle's texts may warn of them
@pytest.mark.filterwarnings("ignore:invalid escape sequence")
@FEW
@given(
    some.sampled_from(["zip", "in a row", "safetensors"]),
    some.lists(some.tuples(some.integers(0, 3000), some.integers(0, 255)), max_size=30),
    some.one_of(some.none(), some.integers(0, 3000)),
)
def test_changed_files(kind: str, changes: list[tuple[int, int]], end: int | None) -> None:
    content = bytearray(saved(kind))
    for place, value in changes:
        content[place % len(content)] = value
    read(bytes(content[:end]), "fuzz.safetensors" if kind == "safetensors" else "fuzz.pt")


@FEW
@given(
    some.lists(
        some.one_of(
            some.sampled_from([*CODES, *NAMES]),
            some.sampled_from([b"}", b"]", b")", b"(", b"R", b"Q", b"s", b"u", b"e", b"t", b"\x85", b"\x87"]),
            some.binary(max_size=5),
            some.integers(-(2**62), 2**62).map(lambda value: pickle.dumps(value, 2)[2:-1]),
            some.text(max_size=4).map(lambda value: b"X" + struct.pack("<I", len(value.encode())) + value.encode()),
        ),
        max_size=60,
    )
)  # fmt: skip
def test_programs_of_pickle(pieces: list[bytes]) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a/data.pkl", b"\x80\x02" + b"".join(pieces) + b".")
        archive.writestr("a/data/0", bytes(16))
    read(file.getvalue())


JSON = some.recursive(
    some.one_of(some.none(), some.booleans(), some.integers(), some.floats(), some.text(max_size=8)),
    lambda inner: some.one_of(
        some.lists(inner, max_size=4), some.dictionaries(some.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@FEW
@given(
    some.dictionaries(
        some.text(max_size=8),
        some.one_of(
            JSON,
            some.fixed_dictionaries({
                "dtype": some.one_of(JSON, some.sampled_from(["F32", "BF16", "BOOL", "I64"])),
                "shape": some.one_of(JSON, some.lists(some.integers(-2, 9), max_size=4)),
                "data_offsets": some.one_of(JSON, some.lists(some.integers(-2, 99), min_size=1, max_size=3)),
            }),
        ),
        max_size=4,
    ),
    some.binary(max_size=64),
)  # fmt: skip
def test_headers_of_safetensors(header: Any, values: bytes) -> None:
    packed = json.dumps(header).encode()
    read(struct.pack("<Q", len(packed)) + packed + values, "fuzz.safetensors")


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "names.txt"


@FEW
@given(
    content=some.one_of(
        some.binary(max_size=200),
        some.text(max_size=200).map(lambda value: value.encode("utf-8", "surrogatepass")),
        JSON.map(lambda value: json.dumps(value).encode()),
        JSON.map(lambda value: repr(value).encode("utf-8", "surrogatepass")),
        some.lists(some.text("id,name\"'\n0123[]{}", max_size=12), max_size=9).map("\n".join).map(str.encode),
    )
)  # fmt: skip
def test_names_of_classes(names: Path, content: bytes) -> None:
    names.write_bytes(content)
    try:
        found = read_labels(names)
    except CamError as error:
        assert len(str(error)) < 600  # noqa: PT017
    else:
        assert all(isinstance(name, str) and name for name in found)
