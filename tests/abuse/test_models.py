"""Visitors' own models on a real server: files made to hurt it, sizes that it cannot take, names of others' models."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from PIL import Image
from torchvision.models import get_model

from ..models.hostile import HOSTILE
from .conftest import Server, named

# above what the server held before; the imports of an architecture's library are among it
MEGABYTES, SECONDS = 700, 60
# one of each kind: the reader itself is tried with all of them
THROUGH_THE_SERVER = (
    "bytearray", "bytearray before 1.6", "an empty tensor", "sets of one list", "a key in a key", "millions of lists",
    "a trillion numbers", "one number spread over many", "a zip bomb", "entries over each other",
    "more entries than tensors", "a header of blanks", "brackets", "many names", "a long name",
)  # fmt: skip


@dataclass(frozen=True)
class Page:
    """What a browser does to load a model: the event behind the button, in a session of its own."""

    server: Server
    session: str

    def load(
        self, content: bytes, architecture: str, *, size: str = "", labels: bytes | None = None, name: str = "fruit.pt"
    ) -> tuple[str, str]:
        """The name of the model, empty where it was refused, and what the page says."""
        weights = named(self.server.upload(content, name))
        names = None if labels is None else named(self.server.upload(labels, "names.txt"))
        values = self.event([weights, architecture, names, size, "", "", ""])
        notes = [value["value"] for value in values if isinstance(value, dict) and "<p" in str(value.get("value"))]
        notes += [value for value in values if isinstance(value, str) and "<" in value]
        chosen = [value["value"] for value in values if isinstance(value, dict) and value.get("choices")]
        return (chosen[0] if chosen else ""), " ".join(notes)

    def event(self, data: list[Any]) -> list[Any]:
        with self.server.http as http:
            config = http.get(f"{self.server.url}/config").raise_for_status().json()
            (button,) = (one["id"] for one in config["components"] if one["props"].get("elem_id") == "own-load")
            (index,) = (one["id"] for one in config["dependencies"] if [button, "click"] in one["targets"])
            body = {"data": data, "fn_index": index, "session_hash": self.session}
            http.post("queue/join", json=body).raise_for_status()
            with http.stream("GET", "queue/data", params={"session_hash": self.session}) as stream:
                for line in stream.iter_lines():
                    if line.startswith("data: ") and (told := json.loads(line[6:]))["msg"] == "process_completed":
                        assert told["success"], told
                        return list(told["output"]["data"])
        raise AssertionError("the event has no end")


@pytest.fixture(scope="module")
def resnet() -> bytes:
    torch.manual_seed(0)
    file = io.BytesIO()
    torch.save(get_model("resnet18", weights=None, num_classes=3).state_dict(), file)
    return file.getvalue()


@pytest.fixture(scope="module")
def photograph() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(file, "PNG")
    return file.getvalue()


def test_hostile_files_are_refused_in_a_sentence_and_take_next_to_nothing(server: Server) -> None:
    page = Page(server, "hostile")
    # the architecture's library is imported once
    page.load(b"", "resnet18")
    for kind in THROUGH_THE_SERVER:
        file_name, make, words = HOSTILE[kind]
        content = make()
        with server.spending() as spent:
            name, said = page.load(content, "resnet18", name=file_name)
        assert not name, kind
        assert re.sub(r"&#x27;|&quot;|[\"'`]", "", words) in re.sub(r"&#x27;|&quot;|[\"'`]", "", said), (kind, said)
        # of some files all is kept a moment: as uploaded, and as text
        assert spent.megabytes < MEGABYTES, kind
        assert spent.seconds < SECONDS, kind


@pytest.mark.parametrize(
    ("architecture", "size", "words"),
    [
        ("resnet18", "4096", "4096 is too large here"),
        ("resnet18", "2048", "2048 is too large here"),
        ("resnet18", "99999", "from 1 to 4096"),
        ("timm/vit_giant_patch14_clip_224", "", "too large here"),
        ("regnet_y_128gf", "", "too large here"),
        ("timm/eva_giant_patch14_560", "28", "does not fit"),
        ("timm/vit_gigantic_patch14_224", "14", "does not fit"),
        ("resnet18.foo<b>", "", "is not a classifier of torchvision"),
        ("resnet18\n\x1b[31m", "", "is not a classifier of torchvision"),
        ("timm/" + "resnet18" * 100_000, "", "is not a classifier of torchvision"),
        ("../../etc/passwd", "", "is not a classifier of torchvision"),
        ("vit_b_16", "223", "cannot be built for inputs of 223 pixels"),
    ],
)
def test_what_would_be_too_much_is_told_before_it_is_built(
    architecture: str, size: str, words: str, server: Server, resnet: bytes
) -> None:
    page = Page(server, "sizes")
    page.load(b"", "timm/resnet18")
    with server.spending() as spent:
        name, said = page.load(resnet, architecture, size=size)
    assert not name
    assert words in said
    assert len(said) < 1500
    assert spent.megabytes < MEGABYTES
    assert spent.seconds < SECONDS


def test_a_model_is_its_visitors_alone_and_its_name_is_in_no_answer(
    server: Server, resnet: bytes, photograph: bytes
) -> None:
    name, said = Page(server, "anna").load(resnet, "resnet18", size="64", labels=b"apple\npear\nfig")
    assert name, said
    picture = named(server.upload(photograph))
    mine = server.call("explain", picture, name, session_hash="anna")
    assert mine.error is None
    assert mine.data is not None
    record = mine.data[2]
    assert record["request"]["model"] == "fruit (resnet18)"
    assert {one["label"] for one in record["top"]} == {"apple", "pear", "fig"}
    assert name not in json.dumps(mine.data)
    for session in ("bert", "ANNA", ""):
        others = server.call("explain", picture, name, **({"session_hash": session} if session else {}))
        assert others.data is None
        assert "is unknown" in str(others.error)
    near = server.call("explain", picture, name[:-2], session_hash="bert")
    assert name not in str(near.error)
    detail = server.call("explain", picture, name, "auto", "auto", "gradcam", False, True, session_hash="anna")
    assert detail.error is None
    assert name not in server.log.read_text()
    with server.http as http:
        assert name not in http.get(f"{server.url}/config").text
        assert name not in http.get("info").text
