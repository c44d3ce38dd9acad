"""No field that a visitor can fill in opens a file of the host, whatever it is called."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file

HIDDEN = "the-hosts-own"
watched: list[str] = []
opened: list[str] = []


def note(event: str, arguments: tuple[Any, ...]) -> None:
    if watched and event in ("open", "os.listdir", "os.scandir") and any(HIDDEN in str(one) for one in arguments):
        opened.append(f"{event} {arguments[0]}")


@pytest.fixture
def secret(tmp_path: Path) -> Iterator[Path]:
    """A folder as save_pretrained writes it, that no request may lead to."""
    folder = tmp_path / HIDDEN
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "classes.txt", "picture.png"):
        (folder / name).write_text("{}")
    # a hook stays for good
    if not getattr(note, "is_on", False):
        sys.addaudithook(note)
        note.is_on = True  # type: ignore[attr-defined]
    watched.append(HIDDEN)
    yield folder
    watched.clear()
    opened.clear()


def test_the_hook_sees_what_is_opened(secret: Path) -> None:
    (secret / "config.json").read_text()
    assert len(opened) == 1


def test_no_field_of_any_endpoint_opens_a_file_of_the_host(client: Client, secret: Path, tmp_path: Path) -> None:
    from PIL import Image
    from skimage import data

    photograph = tmp_path / "photograph.png"
    Image.fromarray(data.chelsea()[:120, :160]).save(photograph)
    endpoints = client.view_api(print_info=False, return_format="dict")["named_endpoints"]
    tried = 0
    for name, endpoint in endpoints.items():
        fields = endpoint["parameters"]
        pictures = [one for one in fields if one["component"] in ("Photographinput", "Image")]
        given = {one["parameter_name"]: handle_file(photograph) for one in pictures}
        for field in fields:
            if field["python_type"]["type"] != "str":
                continue
            for value in (str(secret), f"file://{secret}", str(secret / "model.safetensors")):
                tried += 1
                # most are refused in a sentence, and a text is a text
                with suppress(Exception):
                    client.predict(**given, **{field["parameter_name"]: value}, api_name=name)
                assert not opened, (name, field["parameter_name"], value)
    assert tried > 30
