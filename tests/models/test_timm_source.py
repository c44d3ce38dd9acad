"""timm's classifiers: their own labels and transforms, and weights from a hub that is a folder of this test."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import timm
import torch
from huggingface_hub import constants
from PIL import Image
from safetensors.torch import save_file
from timm.data import ImageNetInfo, create_transform, resolve_data_config

from gradcam_core import Explainer, ModelError
from gradcam_core.models import MODELS, every, find_model, how_far, timm_source
from gradcam_core.models.torchvision_source import imagenet_labels

from ..helpers import in_threads, noise

# small, quick, and not to be confused with one of torchvision's
NAME = "mobilenetv3_small_050.lamb_in1k"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Hugging Face hub's cache, empty."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    return tmp_path


def cache(hub: Path, name: str = NAME) -> tuple[Path, torch.nn.Module]:
    """Random weights where the hub would have put those of `name`."""
    torch.manual_seed(3)
    network = timm.create_model(name, pretrained=False).eval()
    path = hub / f"models--timm--{name}" / "snapshots" / "abc" / "model.safetensors"
    path.parent.mkdir(parents=True)
    save_file(network.state_dict(), path)
    return path, network


def test_every_classifier_is_offered_and_nothing_else() -> None:
    names = timm_source.names()
    assert len(names) > 1000
    assert set(names) <= set(timm.list_pretrained())
    left_out = set(timm.list_pretrained()) - set(names)
    # features, and towers of CLIP whose "classes" are the width of their embedding
    assert {"vit_small_patch14_dinov2.lvd142m", "resnet50_clip.openai", "convnext_base.clip_laion2b"} <= left_out
    assert not any(name.endswith("in1k") and timm.get_pretrained_cfg(name).num_classes == 1000 for name in left_out)
    assert {"resnet50.a1_in1k", "mvitv2_base_cls.fb_inw21k", "vit_tiny_patch16_224.augreg_in21k"} <= set(names)


def test_every_transform_is_timms_own() -> None:
    """One photograph through the transforms of every distinct data configuration."""
    known: dict[Any, str] = {}
    for name in timm_source.names():
        data = resolve_data_config(pretrained_cfg=timm.get_pretrained_cfg(name).to_dict())
        assert data["input_size"][0] == 3
        assert data["input_size"][1] == data["input_size"][2]
        if data["input_size"][1] <= 256:
            known.setdefault(str(sorted(data.items())), name)
    assert len(known) > 40
    pixels = noise(97, 131)
    for name in known.values():
        data = resolve_data_config(pretrained_cfg=timm.get_pretrained_cfg(name).to_dict())
        inputs, _ = timm_source._preprocessing(name).encode(pixels)
        expected = create_transform(**data)(Image.fromarray(pixels))
        assert (inputs[0] - expected).abs().max() < 1e-6, name


@pytest.mark.parametrize(
    ("name", "subset", "count"),
    [
        ("vit_tiny_patch16_224.augreg_in21k", "imagenet-21k-goog", 21843),
        ("convnext_nano.in12k", "imagenet-12k", 11821),
        ("swin_base_patch4_window7_224.ms_in22k", "imagenet-22k", 21841),
        ("tresnet_m.miil_in21k", "imagenet-21k-miil", 11221),
        ("focalnet_large_fl3.ms_in22k", "imagenet-22k-ms", 21842),
    ],
)
def test_labels_are_those_of_timms_own_tools(name: str, subset: str, count: int) -> None:
    labels, info = timm_source._labels(name), ImageNetInfo(subset)
    assert len(labels) == count
    assert [labels[i] for i in (0, 99, count - 1)] == [info.index_to_description(i) for i in (0, 99, count - 1)]


def test_labels_of_imagenet_1k_are_the_same_as_everywhere_and_unknown_ones_are_numbered() -> None:
    assert timm_source._labels(NAME) == imagenet_labels()
    # both speak of the same classes, in the same order
    described = ImageNetInfo("imagenet-1k").label_descriptions()
    same = sum(label.casefold() in text.casefold() for label, text in zip(imagenet_labels(), described, strict=True))
    assert same > 950
    numbered = timm_source._labels("mvitv2_base_cls.fb_inw21k")
    assert (len(numbered), numbered[17]) == (19168, "class 17")


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (NAME, NAME),
        (f"timm/{NAME}", NAME),
        (f"hf-hub:timm/{NAME}", NAME),
        ("mobilenetv3_small_050", NAME),
        ("timm/resnet50", f"resnet50.{timm.get_pretrained_cfg('resnet50').tag}"),
    ],
)
def test_names_with_and_without_prefix_and_tag(asked: str, name: str) -> None:
    spec = find_model(asked, MODELS)
    assert (spec.name, spec.source) == (name, "timm")


def test_it_is_loaded_once_whoever_asks_by_whatever_name(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []

    def build(name: str) -> torch.nn.Module:
        built.append(name)
        return timm.create_model(name, pretrained=False)

    monkeypatch.setattr(timm_source, "_build", build)
    explainer = Explainer(device="cpu")
    asked = [NAME, f"timm/{NAME}", f"hf-hub:timm/{NAME}", "mobilenetv3_small_050"] * 2
    assert find_model(asked[0], MODELS) is not find_model(asked[1], MODELS)
    assert len(set(in_threads([partial(explainer.load, name) for name in asked]))) == 1
    assert built == [NAME]


def test_a_name_of_both_is_torchvisions() -> None:
    assert find_model("resnet18", MODELS).source == "torchvision"


def test_features_without_classes_are_refused() -> None:
    with pytest.raises(ModelError, match=r"'vit_small_patch14_dinov2\.lvd142m' ends in features, not in classes"):
        find_model("vit_small_patch14_dinov2.lvd142m", MODELS)


def test_near_misses_are_of_every_source() -> None:
    with pytest.raises(ModelError, match=r"'mobilenetv3_smal_050.lamb_in1k' is unknown. Did you mean 'mobilenetv3_sm"):
        find_model("mobilenetv3_smal_050.lamb_in1k", MODELS)


def test_all_of_them_are_listed_by_name() -> None:
    specs = every(MODELS)
    assert {*MODELS, *timm_source.names(), "vit_b_16"} <= specs.keys()
    assert all(spec.name == name for name, spec in specs.items())


def test_what_is_cached_is_listed_first_and_works_without_a_network(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    explainer = Explainer(device="cpu")
    assert NAME not in [info.name for info in explainer.models_first()]
    _, network = cache(hub)
    monkeypatch.setattr("socket.socket.connect", None)
    infos = explainer.models_first()
    assert (NAME, True) in [(info.name, info.offline) for info in infos]
    assert [info.offline for info in infos] == sorted((info.offline for info in infos), reverse=True)
    loaded = explainer.load(NAME)
    expected = network.state_dict()
    assert all(torch.equal(tensor, expected[key]) for key, tensor in loaded.network.state_dict().items())
    explanation = explainer.explain(noise(80, 60), model=f"timm/{NAME}")
    assert explanation.model == NAME
    assert explanation.target.label in imagenet_labels()
    with torch.no_grad():
        inputs = create_transform(**resolve_data_config(model=network))(Image.fromarray(noise(80, 60)))
        assert network(inputs[None]).argmax() == explanation.target.index


def test_what_is_cached_is_listed_without_importing_timm(hub: Path) -> None:
    cache(hub)
    code = (
        "import sys; from gradcam_core import Explainer;"
        "print([m.name for m in Explainer(device='cpu').models_first() if m.source == 'timm'], 'timm' in sys.modules)"
    )
    environment = {**os.environ, "HF_HUB_CACHE": str(hub), "TORCH_HOME": str(hub)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == f"['{NAME}'] False"


@pytest.mark.parametrize("content", [b"", b"garbage" * 99, None])
def test_a_damaged_file_is_named_with_the_remedy(content: bytes | None, hub: Path) -> None:
    path, _ = cache(hub)
    path.write_bytes(path.read_bytes()[:-1000] if content is None else content)
    with pytest.raises(ModelError, match=rf"'model.safetensors' of {NAME} is damaged .* Delete") as caught:
        Explainer(device="cpu").load(NAME)
    assert str(hub) not in str(caught.value)
    assert "\n" not in str(caught.value)


class Session:
    """Answers every question of the hub's with `status`, or raises it."""

    def __init__(self, status: int | Exception) -> None:
        self.status = status

    def head(self, *_: Any, **__: Any) -> Any:
        if isinstance(self.status, Exception):
            raise self.status
        return type("Answer", (), {"status_code": self.status, "headers": {"X-Linked-Size": "20000000"}})


@pytest.mark.parametrize(
    ("status", "words"),
    [(ConnectionError("no route"), "no route"), (404, "the hub answered 404"), (503, "the hub answered 503")],
)
def test_without_network_one_clear_sentence_at_once(
    status: int | Exception, words: str, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.get_session", lambda: Session(status))
    with pytest.raises(ModelError, match=rf"weights of {NAME} .*downloaded \({words}\). Check the connection"):
        Explainer(device="cpu").load(NAME)
    assert not any(hub.rglob("*"))


def test_a_download_is_reported_and_a_full_disk_leaves_no_part_behind(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []

    def fill(repository: str, file_name: str, *, cache_dir: Path) -> str:
        folder = Path(cache_dir) / f"models--{repository.replace('/', '--')}"
        part = folder / "blobs" / "1234.incomplete"
        part.parent.mkdir(parents=True)
        part.write_bytes(b"0" * 5_000_000)
        heard.append(str(how_far(NAME)))
        raise OSError(errno.ENOSPC, "No space left on device", str(part))

    monkeypatch.setattr("huggingface_hub.get_session", lambda: Session(200))
    monkeypatch.setattr("huggingface_hub.hf_hub_download", fill)
    with pytest.raises(ModelError, match=r"\(20 MB\) .* \(No space left on device\)\. Free some room") as caught:
        Explainer(device="cpu").load(NAME)
    assert str(hub) not in str(caught.value)
    assert heard == [f"Downloading {NAME}: 5 of 20 MB"]
    assert not [path for path in hub.rglob("*") if path.is_file()]


def test_a_download_ends_up_in_the_standard_cache(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def download(repository: str, file_name: str, *, cache_dir: Path) -> str:
        asked.append((repository, file_name))
        return str(cache(Path(cache_dir))[0])

    monkeypatch.setattr("huggingface_hub.get_session", lambda: Session(200))
    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    explainer = Explainer(device="cpu")
    explainer.load(NAME)
    assert asked == [(f"timm/{NAME}", "model.safetensors")]
    # by another explainer it is not asked for again
    assert Explainer(device="cpu").load(NAME).name == NAME
    assert len(asked) == 1


def preloaded() -> list[list[str]]:
    """Repository and files of the README's front matter for Hugging Face Spaces."""
    front = (Path(__file__).parents[2] / "README.md").read_text("utf-8").split("---")[1]
    entries = front.split("preload_from_hub:")[1].strip().splitlines()
    return [entry.strip().removeprefix("- ").split(" ") for entry in entries if entry.startswith(("  - ", "- "))]


def test_what_a_space_preloads_is_offered_first_without_a_network(hub: Path) -> None:
    """The folder is filled as the hub's client fills it; the weights are random."""
    entries = preloaded()
    assert len(entries) >= 2
    for repository, files in entries:
        spec = find_model(repository, MODELS)
        assert (spec.source, f"timm/{spec.name}") == ("timm", repository)
        assert files in timm_source._file_names(timm.get_pretrained_cfg(spec.name))
        path = hub / f"models--{repository.replace('/', '--')}" / "snapshots" / "abc" / files
        path.parent.mkdir(parents=True)
        path.write_bytes(b"weights")
    first = Explainer(device="cpu").models_first()
    ready = {info.name for info in first[: len([info for info in first if info.offline])]}
    assert {repository.removeprefix("timm/") for repository, _ in entries} <= ready


class _Hub(BaseHTTPRequestHandler):
    """What the Hugging Face hub answers when asked for the weights of `NAME`; sends `sent` bytes of them."""

    weights = b""
    sent: int | None = None

    def do_HEAD(self) -> None:
        self._head()

    def do_GET(self) -> None:
        if self._head():
            self.wfile.write(self.weights[: self.sent])

    def _head(self) -> bool:
        found = self.path == f"/timm/{NAME}/resolve/main/model.safetensors"
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(self.weights) if found else 0))
        self.send_header("ETag", '"5f3c"')
        self.send_header("X-Repo-Commit", "0" * 40)
        self.end_headers()
        return found

    def log_message(self, *_: Any) -> None:
        pass


# the second try comes when it is told to
FETCH = """
import sys
from gradcam_core import CamError, Explainer
for _ in range(2):
    try:
        print(Explainer(device="cpu").load(sys.argv[1]).title, flush=True)
    except CamError as error:
        print(error, flush=True)
    sys.stdin.readline()
"""


def test_the_hubs_own_client_fetches_all_or_leaves_nothing(hub: Path, tmp_path_factory: Any) -> None:
    """In a process of its own, with a hub on this machine that is cut off at first; the client is the real one."""
    path, _ = cache(tmp_path_factory.mktemp("there"))
    handler = type("Handler", (_Hub,), {"weights": path.read_bytes(), "sent": 100_000})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        environment = {
            **os.environ,
            "HF_ENDPOINT": f"http://127.0.0.1:{server.server_address[1]}",
            "HF_HUB_CACHE": str(hub),
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        }
        command, pipe = [sys.executable, "-c", FETCH, NAME], subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment) as fetching:
            assert fetching.stdin is not None
            assert fetching.stdout is not None
            assert "could not be downloaded" in fetching.stdout.readline()
            assert not _fetched(hub)
            handler.sent = None
            said, _ = fetching.communicate("\n\n", timeout=120)
        server.shutdown()
    assert said.strip() == NAME
    assert {found.name for found in _fetched(hub)} >= {"model.safetensors", "5f3c"}


def _fetched(hub: Path) -> list[Path]:
    """The files of models: beside them stand locks and the note which revision "main" is."""
    return [found for found in hub.rglob("*") if found.is_file() and {"blobs", "snapshots"} & {*found.parts}]
