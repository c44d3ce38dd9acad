"""The file of options: every option, and for every mistake one line with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from gradcam_core import Explainer
from gradcam_core.errors import ServingError
from gradcam_core.serving.demo import Demo, prepared
from gradcam_core.serving.demo_config import VARIABLE, found_config, read_config
from gradcam_core.serving.options import MODEL_OPTIONS, OPTIONS, command_line

EVERY = """
host = "127.0.0.1"
port = 7999
allow_host = ["a.example", "b.example"]
behind_proxy = true
device = "cpu"
engine = "torch"
cache_mb = 512
share = false
mcp = false
own-models = false
hub_models = true
ray = "auto"
title = "Why did the sorter say so?"
introduction = "It knows cats and cups."
examples = "photos"
only = true

[[models]]
model = "weights.pt"
architecture = "resnet18"
labels = "classes.txt"
name = "Our sorter"
input_size = 64
mean = [0.5, 0.5, 0.5]
std = [0.25, 0.25, 0.25]
head = "softmax"

[[models]]
model = "resnet50"
"""
COMMAND = [
    "--host", "127.0.0.1", "--port", "7999", "--allow-host", "a.example", "--allow-host", "b.example",
    "--behind-proxy", "--device", "cpu", "--engine", "torch", "--cache-mb", "512", "--no-share", "--no-mcp",
    "--no-own-models", "--hub-models", "--ray", "auto", "--title", "Why did the sorter say so?", "--introduction",
    "It knows cats and cups.", "--examples", "photos", "--only", "--model", "weights.pt", "--architecture", "resnet18",
    "--labels", "classes.txt", "--name", "Our sorter", "--input-size", "64", "--mean", "0.5,0.5,0.5", "--std",
    "0.25,0.25,0.25", "--head", "softmax", "--model", "resnet50",
]  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host's folder: weights of a small network, its labels, photographs."""
    from torchvision.models import resnet18

    monkeypatch.delenv(VARIABLE, raising=False)
    torch.manual_seed(0)
    torch.save(resnet18(num_classes=2).state_dict(), tmp_path / "weights.pt")
    (tmp_path / "classes.txt").write_text("cat\ncup\n")
    (tmp_path / "three.txt").write_text("a\nb\nc\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "photos").mkdir()
    Image.new("RGBA", (80, 60), (200, 30, 30, 255)).save(tmp_path / "photos" / "red.png")
    (tmp_path / "photos" / "notes.txt").write_text("no photograph")
    return tmp_path


def test_file_and_command_line_say_the_same(place: Path) -> None:
    written = read_config(EVERY, "demo.toml", place)
    assert set(written) == {*OPTIONS, "models"}
    assert set(written["models"][0]) == {*MODEL_OPTIONS, "place"}
    given = vars(command_line(in_space=False).parse_args(COMMAND))
    assert set(given) == set(written)
    for name in OPTIONS:
        # paths of a file start where it lies
        expected = [str(place / "photos")] if name == "examples" else given[name]
        assert written[name] == expected, name
    for one, other in zip(written["models"], given["models"], strict=True):
        paths = {key: str(place / other[key]) for key in ("labels",) if key in other}
        if (place / other["model"]).exists():
            paths["model"] = str(place / other["model"])
        assert {key: value for key, value in one.items() if key != "place"} == {**other, **paths}


def test_a_page_of_ones_own_is_made_of_it(place: Path) -> None:
    explainer = Explainer(device="cpu", engine="torch")
    demo = prepared(
        read_config(EVERY.replace('model = "resnet50"', 'model = "efficientnet_lite0"'), "x", place), explainer
    )
    assert demo == Demo(
        title="Why did the sorter say so?", introduction="It knows cats and cups.",
        examples=(place / "photos" / "red.png",), first="Our sorter", only=True, hub_models=True,
    )  # fmt: skip
    assert explainer.own_models == ("Our sorter", "efficientnet_lite0")
    loaded = explainer.load("Our sorter")
    assert (loaded.labels, loaded.title) == (("cat", "cup"), "Our sorter")
    assert loaded.preprocessing.record()["crop"] == 64
    assert explainer.explain(place / "photos" / "red.png", model="Our sorter").target.label in ("cat", "cup")


ONE = '[[models]]\nmodel = "weights.pt"\narchitecture = "resnet18"\n'
MISTAKES = {
    "no TOML": ("title = ", "demo.toml: .*line 1"),
    "unknown": ("\n\ntitel = 'a'", "demo.toml, line 3, `titel`: .*Did you mean 'title'"),
    "unknown of a model": (f"{ONE}label = 'a'", "demo.toml, line 4, `label`: .*'labels'"),
    "a number as text": ("port = '7860'", "demo.toml, line 1, `port`: must be a number without quotes, got '7860'"),
    "a text as number": ("only = true\ntitle = 3", "demo.toml, line 2, `title`: must be a text in quotes, got 3"),
    "a switch as number": ("only = 1", "line 1, `only`: must be true or false, got 1"),
    "a number as switch": ("port = true", "line 1, `port`: must be a number"),
    "a list for one": ("title = ['a']", "line 1, `title`: must be a text"),
    "a table for one": ("[title]\na = 1", "line 1, `title`: must be a text"),
    "a date": ("title = 2026-01-01", "line 1, `title`: must be a text"),
    "a list of numbers": ("examples = [1]", "line 1, `examples`: must be a text in quotes, or a list of texts"),
    "a port out of range": ("port = 99999", "line 1, `port`: must be a whole number from 1 to 65535"),
    "half a port": ("port = 7860.5", "line 1, `port`: must be a whole number"),
    "no memory": ("cache_mb = -1", "line 1, `cache_mb`: must not be negative"),
    "an endless memory": ("cache_mb = inf", "line 1, `cache_mb`: must not be negative, and a number"),
    "an unknown engine": ("engine = 'touch'", "line 1, `engine`: 'touch' is not known.*'torch'"),
    "an empty title": ("title = ' '", "line 1, `title`: must be a text of 1"),
    "two numbers": (f"{ONE}mean = [0.5, 0.5]", "line 4, `mean`: must be three numbers"),
    "an unknown head": (f"{ONE}head = 'softmx'", "line 4, `head`: 'softmx' is not known.*'softmax'"),
    "models as text": ("models = 'a'", "line 1, `models`: must be tables"),
    "a model of nothing": ("[[models]]\nname = 'a'", "line 2, `name`: this model has no `model`"),
    "twice": ("title = 'a'\ntitle = 'b'", "demo.toml: .*line 2"),
    "only of nothing": ("only = true", "`only` offers .*give `model`"),
    "a missing file": ("[[models]]\nmodel = 'gone.pt'\narchitecture = 'resnet18'", "line 2, `model`: .*gone.pt"),
    "no architecture": ("\n[[models]]\nmodel = 'weights.pt'", "line 3, `model`: .*needs an `architecture`"),
    "an unknown architecture": (ONE.replace("18", "81"), "line 2, `model`: .*resnet81.*Did you mean"),
    "labels that do not fit": (f"{ONE}labels = 'three.txt'", "line 2, `model`: .*3 names.*2 classes|labels"),
    "labels that are missing": (f"{ONE}labels = 'gone.txt'", "line 2, `model`: .*gone.txt"),
    "one name for two": (f"{ONE}name = 'a'\n{ONE}name = 'a'", "line 6, `model`: `name` 'a' is taken"),
    "an unknown name": ("model = 'resnet5O'", "line 1, `model`: .*resnet50"),
    "an empty folder": ("model = 'empty'", "line 1, `model`: .*'empty' holds no config.json"),
    "no examples": ("examples = 'empty'", "`examples` .*holds no photograph"),
    "a missing example": ("examples = 'gone.jpg'", "`examples` .*gone.jpg.*cannot be shown"),
    "an example that is none": ("examples = ['photos/notes.txt']", "notes.txt.*cannot be shown"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_every_mistake_is_one_line_with_its_place(case: str, place: Path) -> None:
    text, expected = MISTAKES[case]
    with pytest.raises(ServingError, match=expected) as caught:
        prepared(read_config(text, "demo.toml", place), Explainer(device="cpu", engine="torch"))
    assert len(str(caught.value).splitlines()) == 1


def test_where_the_file_is_found(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found_config(None, place) == {}
    (place / "demo.toml").write_text("title = 'beside'")
    assert found_config(None, place) == {"title": "beside"}
    (place / "other.toml").write_text("title = 'other'")
    monkeypatch.setenv(VARIABLE, str(place / "other.toml"))
    assert found_config(None, place) == {"title": "other"}
    monkeypatch.setenv(VARIABLE, "title = 'here'\nexamples = 'photos'")
    assert found_config(None, place) == {"title": "here", "examples": [str(place / "photos")]}
    assert found_config(str(place / "other.toml"), place) == {"title": "other"}
    for wrong in ("gone.toml", ".", "photos/red.png", "x\0y"):
        with pytest.raises(ServingError, match=r"`config`|demo|red"):
            found_config(wrong if "\0" in wrong else str(place / wrong), place)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--labels", "a.txt", "--model", "b"], "--labels: belongs to a model: give it after --model"),
        (["--model", "b", "--name", "a", "--name", "c"], "--name: was given before"),
        (["--model", "b", "--head", "x"], "--head: invalid choice"),
        (["--modle", "b"], "--modle"),
    ],
)
def test_what_belongs_to_a_model_follows_it(
    words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command_line(in_space=False).parse_args(words)
    assert expected in capsys.readouterr().err


def test_what_was_not_said_is_left_to_the_file() -> None:
    given: dict[str, Any] = vars(command_line(in_space=True).parse_args([]))
    assert given == {}
