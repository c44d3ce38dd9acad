"""A model of one's own on a page of one's own, each way that the READMEs show, from training to the record."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import shutil
import signal
import socket
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import pytest
import torch
from gradio_client import handle_file
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

from gradcam_core import Explainer
from gradcam_core.serving.demo import prepared
from gradcam_core.serving.demo_config import found_config, read_config
from gradcam_core.serving.options import command_line
from gradcam_core.ui import launch

from . import forks
from .small_pretrained import small
from .ui.visits import connected

PAGES = "".join((forks.ROOT / page).read_text("utf-8") for page in ("README.md", "gradcam_core/models/README.md"))
SIDE = 96
LABELS = ["cat", "cup"]


def block(name: str) -> str:
    """The first block of code behind a mark of the first page, or of the page about models."""
    found = re.search(rf"<!-- own: {name} -->\s*```\w+\n(.*?)```", PAGES, re.DOTALL)
    assert found, name
    return found[1]


def crops(photograph: np.ndarray[Any, Any], count: int, dice: np.random.Generator) -> Tensor:
    """(count, 3, SIDE, SIDE) parts of a photograph, in [-1, 1]."""
    found = []
    for _ in range(count):
        side = int(dice.integers(150, 280))
        top, left = (int(dice.integers(0, length - side)) for length in photograph.shape[:2])
        part = Image.fromarray(photograph[top : top + side, left : left + side]).resize((SIDE, SIDE))
        found.append(torch.from_numpy(np.array(part)).permute(2, 0, 1).float() / 127.5 - 1)
    return torch.stack(found)


def trained(network: nn.Module, scores: Any, inputs: Tensor, classes: Tensor) -> nn.Module:
    """The network once it tells the two apart."""
    steps = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(30):
        network.train()
        loss = nn.functional.cross_entropy(scores(network(inputs)), classes)
        steps.zero_grad()
        loss.backward()
        steps.step()
    return network.eval()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host's folder: a network that tells a cat from a cup, saved by four libraries, its labels and photographs."""
    import timm
    from skimage import data
    from transformers import ViTImageProcessor

    folder = tmp_path_factory.mktemp("own")
    photographs = {"cat": data.chelsea(), "cup": data.coffee()}
    (folder / "photos").mkdir()
    for name, pixels in photographs.items():
        Image.fromarray(pixels).save(folder / "photos" / f"{name}.png")
    (folder / "classes.txt").write_text("\n".join(LABELS))
    dice = np.random.default_rng(0)
    inputs = torch.cat([crops(pixels, 10, dice) for pixels in photographs.values()])
    classes = torch.arange(2).repeat_interleave(10)
    torch.manual_seed(0)
    plain = trained(timm.create_model("test_resnet", num_classes=2), lambda out: out, inputs, classes)
    torch.save(plain.state_dict(), folder / "weights.pt")
    save_file(plain.state_dict(), folder / "weights.safetensors")
    config = {
        "label_names": LABELS,
        "pretrained_cfg": {"input_size": [3, SIDE, SIDE], "mean": [0.5] * 3, "std": [0.5] * 3},
    }
    timm.models.save_for_hf(plain, folder / "timm", model_config=config, safe_serialization=True)
    other = small("resnet", num_labels=2, id2label=dict(enumerate(LABELS)))
    trained(other, lambda out: out.logits, inputs, classes).save_pretrained(folder / "saved")
    size = {"height": SIDE, "width": SIDE}
    ViTImageProcessor(size=size, image_mean=[0.5] * 3, image_std=[0.5] * 3).save_pretrained(folder / "saved")
    return folder


@pytest.mark.parametrize("saved", ["weights.pt", "weights.safetensors", "timm", "saved"])
def test_each_librarys_files_tell_a_cat_from_a_cup(saved: str, place: Path) -> None:
    words = ["--model", str(place / saved), "--name", "sorter", "--only"]
    if saved.startswith("weights"):
        words += [
            "--architecture",
            "timm/test_resnet",
            "--labels",
            str(place / "classes.txt"),
            "--input-size",
            str(SIDE),
        ]
        words += ["--mean", "0.5,0.5,0.5", "--std", "0.5,0.5,0.5"]
    explainer = Explainer(device="cpu")
    demo = prepared(vars(command_line(in_space=False).parse_args(words)), explainer)
    assert (demo.first, demo.only) == ("sorter", True)
    for label in LABELS:
        e = explainer.explain(place / "photos" / f"{label}.png", model="sorter")
        assert e.target.label == label, e.top
        assert label in e.sentence
        assert np.isfinite(e.cam).all()
        assert e.cam.any()


def test_command_line_file_variable_and_notebook_give_one_record(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(place / "uploads"))
    (place / "demo.toml").write_text(block("file"))
    words = shlex.split(block("command"))[2:]
    beside = found_config(None, place)
    monkeypatch.setenv("GRADCAM_DEMO", block("file"))
    ways = [vars(command_line(in_space=False).parse_args(words)), beside, found_config(None, place)]
    assert ways[1] == read_config(block("file"), "demo.toml", place)
    records = []
    for options in ways:
        explainer = Explainer(device="cpu")
        demo = prepared(options, explainer)
        assert (demo.title, demo.first, demo.only) == ("Why did the sorter say so?", "Our sorter", True)
        assert [path.name for path in demo.examples] == ["cat.png", "cup.png"]
        records.append(explainer.explain(place / "photos" / "cat.png", model="Our sorter").record())
    with launch(explainer, only=True) as page:
        client = connected(page, place / "answers")
        records.append(client.predict(handle_file(place / "photos" / "cat.png"), api_name="/explain")[2])
    # over the network with all values of the map
    assert np.shape(records[-1]["map"].pop("values")) == tuple(records[-1]["map"]["shape"])
    for record in records:
        # numbers may differ by rounding on their way through JSON alone
        assert json.loads(json.dumps(record)) == json.loads(json.dumps(records[0]))
        assert record["request"]["model"] == "Our sorter"


def test_the_blocks_for_python_run(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import timm
    from torchvision import transforms

    monkeypatch.chdir(place)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(place / "uploads"))
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(block("python"), {})  # noqa: S102 - the README's own lines
    assert " gives “" in said.getvalue()
    assert Image.open(place / "why.png").size == (451, 300)
    steps = transforms.Compose([transforms.Resize((SIDE, SIDE)), transforms.ToTensor()])
    names: dict[str, Any] = {"module": timm.create_model("test_resnet", num_classes=2), "transform": steps}
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(block("notebook"), names)  # noqa: S102 - the README's own lines
        with urlopen(f"{names['page']}config", timeout=30) as answer:  # noqa: S310 - this machine's own
            assert "Why did it say so?" in answer.read().decode()
    finally:
        names["page"].close()


def test_the_command_opens_the_page_of_ones_own(place: Path, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = shlex.split(block("command"))
    assert words[:2] == ["python", "app.py"]
    words = [*words[2:], "--port", str(port), "--engine", "torch"]
    server = forks.start(forks.ROOT / "app.py", *words, output=tmp_path / "log", folder=place)
    try:
        page, end = "", time.monotonic() + 200
        while not page and server.poll() is None and time.monotonic() < end:
            with contextlib.suppress(URLError, ConnectionError), urlopen(f"http://127.0.0.1:{port}/config") as answer:
                page = answer.read().decode()
            time.sleep(0.05)
        assert "Why did the sorter say so?" in page
        client = connected(f"http://127.0.0.1:{port}", place / "answers")
        for label in LABELS:
            record = client.predict(handle_file(place / "photos" / f"{label}.png"), api_name="/explain")[2]
            assert record["request"]["model"] == "Our sorter"
            assert record["target"]["label"] in LABELS
        for outside in (str(place / "saved"), "saved", "../x", "owner/name", "efficientnet_lite0"):
            with pytest.raises(Exception, match=r"Our sorter|switched off"):
                client.predict(handle_file(place / "photos" / "cat.png"), model=outside, api_name="/explain")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
    shutil.rmtree(place / "answers", ignore_errors=True)
