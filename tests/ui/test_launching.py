"""The page from a notebook or a script: its models, its examples, what closing leaves, what further training shows."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import torch
from gradio_client import handle_file
from PIL import Image

from gradcam_core import Explainer
from gradcam_core.errors import ServingError
from gradcam_core.ui import launch

from ..helpers import SmallNetwork
from .visits import connected


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[Explainer, SmallNetwork]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    explainer, network = Explainer(device="cpu"), SmallNetwork()
    explainer.add_model("mine", network, input_size=64, labels=list("abcdef"))
    return explainer, network


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)).save(path)
    return path


def parts(config: Any) -> dict[str, Any]:
    return {part["props"].get("elem_id"): part["props"] for part in config["components"]}


def test_a_page_shows_the_models_of_its_explainer_and_leaves_nothing(
    own: tuple[Explainer, SmallNetwork], picture: Path, tmp_path: Path
) -> None:
    explainer, network = own
    array = np.full((40, 50, 3), 90, np.uint8)
    page = launch(explainer, examples=[picture, array], title="Why?", introduction="It knows six.", only=True)
    try:
        assert page.startswith("http://127.0.0.1:")
        client = connected(page, tmp_path / "answers")
        shown = parts(client.config)
        assert shown["lead"]["value"] == "# Why?\nIt knows six."
        assert shown["model"]["value"] == "mine"
        assert [name for _, name in shown["model"]["choices"]] == ["mine"]
        assert not shown["model"]["allow_custom_value"]
        assert [one["title"] for one in shown["examples"]["value"]] == ["Picture", "Example 2"]
        record = client.predict(handle_file(picture), api_name="/explain")[2]
        assert record["request"]["model"] == "mine"
        expected = explainer.explain(picture, model="mine")
        assert record["target"]["index"] == expected.target.index
        assert record["map"]["max"] == pytest.approx(float(expected.cam.max()), rel=1e-5)
        for name in ("efficientnet_lite0", "owner/name", str(tmp_path), "/etc/passwd"):
            with pytest.raises(Exception, match=r"mine|switched off"):
                client.predict(handle_file(picture), model=name, api_name="/explain")
    finally:
        page.close()
    port = urlsplit(page).port
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
    assert [path.name for path in (tmp_path / "uploads").iterdir()] == [".lock"]
    assert os.environ["GRADIO_TEMP_DIR"] == str(tmp_path / "uploads")
    page.close()
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(-1.5)
    with launch(explainer, hub_models=True) as again:
        client = connected(again, tmp_path / "answers")
        after = client.predict(handle_file(picture), api_name="/explain")[2]
        assert after["request"]["model"] == "mine"
        # the other models are there too, and any of the hub can be typed
        menu = parts(client.config)["model"]
        assert "efficientnet_lite0" in {name for _, name in menu["choices"]}
        assert "google/vit-base-patch16-224 · 346 MB download" in {title for title, _ in menu["choices"]}
        assert menu["allow_custom_value"]
    fresh = Explainer(device="cpu")
    fresh.add_model("mine", network, input_size=64)
    trained = fresh.explain(picture, model="mine")
    assert after["map"]["max"] == pytest.approx(float(trained.cam.max()), rel=1e-5)
    assert after["map"]["max"] != pytest.approx(record["map"]["max"], rel=1e-3)


def test_two_pages_at_once_have_files_of_their_own(
    own: tuple[Explainer, SmallNetwork], picture: Path, tmp_path: Path
) -> None:
    explainer, _ = own
    with launch(explainer, only=True) as one, launch(explainer, only=True) as other:
        assert one != other
        for address in (one, other):
            client = connected(address, tmp_path / "answers")
            assert client.predict(handle_file(picture), api_name="/explain")[2]["request"]["model"] == "mine"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"only": True}, "add_model"),
        ({"examples": [3.0]}, "number 1 is a float"),
        ({"examples": ["gone.jpg"]}, "gone.jpg"),
    ],
)
def test_what_cannot_be_shown_is_a_sentence_and_leaves_nothing(
    options: dict[str, Any], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    with pytest.raises(ServingError, match=words):
        launch(Explainer(device="cpu"), **options)
    left = tmp_path / "uploads"
    assert not left.exists() or [path.name for path in left.iterdir()] == [".lock"]
