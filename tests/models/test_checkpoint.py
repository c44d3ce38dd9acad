"""Somebody's own weights: understood where they can be, refused in one clear sentence where not."""

from __future__ import annotations

import json
import os
import random
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torchvision.models import get_model, maxvit, vision_transformer

from gradcam_core import CamError, Explainer, ModelError
from gradcam_core.models import DEFAULT_MODEL, checkpoint, find_architecture, labels_file
from gradcam_core.models.labels_file import read_labels

from ..helpers import noise

pytestmark = pytest.mark.usefixtures("surveyed_once")

ARCHITECTURE = "squeezenet1_1"
CLASSES = 5
# less than its own size, where that plays no part: trying a network out takes less time by as much
SMALLER = 96


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(7)
    return get_model(ARCHITECTURE, weights=None, num_classes=CLASSES).eval()


@pytest.fixture
def own(tmp_path: Path) -> Explainer:
    return Explainer(device="cpu")


def in_parallel(network: nn.Module) -> dict[str, Tensor]:
    return {f"module.{name}": tensor for name, tensor in network.state_dict().items()}


WRAPPED: dict[str, Callable[[nn.Module], Any]] = {
    "alone": lambda n: n.state_dict(),
    "state_dict": lambda n: {"epoch": 3, "state_dict": n.state_dict(), "optimizer": {"state": {}, "lr": 0.1}},
    "model": lambda n: {"model": n.state_dict()},
    "twice": lambda n: {"model": {"state_dict": n.state_dict()}},
    "DataParallel": in_parallel,
    "a part in DataParallel": lambda n: {
        name.replace("features.", "features.module."): tensor for name, tensor in n.state_dict().items()
    },
    "compiled": lambda n: {f"_orig_mod.{name}": tensor for name, tensor in n.state_dict().items()},
    "both": lambda n: {"model": {f"_orig_mod.module.{name}": t for name, t in n.state_dict().items()}},
    "Lightning": lambda n: {"state_dict": {f"model.{name}": t for name, t in n.state_dict().items()}},
    "averaged": lambda n: AveragedModel(n).state_dict(),
    "timm in transformers": lambda n: {f"timm_model.{name}": tensor for name, tensor in n.state_dict().items()},
    "half": lambda n: {name: tensor.half() for name, tensor in n.state_dict().items()},
    "EMA": lambda n: {
        "state_dict": {name: tensor + 1 for name, tensor in n.state_dict().items()},
        "state_dict_ema": n.state_dict(),
    },
    "EMA in parallel": lambda n: {
        "model": {name: tensor + 1 for name, tensor in n.state_dict().items()},
        "model_ema": {"n_averaged": torch.tensor(3), **in_parallel(n)},
    },
}


@pytest.mark.parametrize("wrapping", WRAPPED)
def test_wrappings_are_understood(wrapping: str, network: nn.Module, own: Explainer, tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    torch.save(WRAPPED[wrapping](network), path)
    info = own.add_checkpoint(path, ARCHITECTURE, input_size=SMALLER)
    assert (info.name, info.offline) == ("mine", True)
    assert own.labels("mine") == tuple(f"class {index}" for index in range(CLASSES))
    found = own.load("mine").network.state_dict()
    tolerance = 1e-3 if wrapping == "half" else 0
    assert all((found[name] - tensor).abs().max() <= tolerance for name, tensor in network.state_dict().items())
    explanation = own.explain(noise(60, 80), model="mine")
    inputs = own.inputs(explanation)
    with torch.no_grad():
        assert network(inputs).argmax() == explanation.target.index


@pytest.mark.parametrize("name", ["timm/resnet10t", "resnet10t", "timm/vit_tiny_patch16_224"])
def test_timms_architectures_from_safetensors_with_a_size_of_their_own(
    name: str, own: Explainer, tmp_path: Path
) -> None:
    bare = name.removeprefix("timm/")
    options = {"img_size": 96} if bare.startswith("vit") else {}
    torch.manual_seed(1)
    network = timm.create_model(bare, num_classes=3, **options).eval()
    path = tmp_path / "mine.safetensors"
    save_file(network.state_dict(), path)
    own.add_checkpoint(path, name, ["a", "b", "c"], 96, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), name="fruit")
    explanation = own.explain(noise(200, 120), model="fruit", target="b")
    inputs = own.inputs(explanation)
    assert inputs.shape == (1, 3, 96, 96)
    with torch.no_grad():
        expected = network(inputs).softmax(-1)[0, 1].item()
    assert explanation.target.probability == pytest.approx(expected, rel=1e-5)
    steps = own.load("fruit").preprocessing
    assert (steps.mean, steps.std) == ((0.5,) * 3, (0.25,) * 3)


@pytest.mark.parametrize(("name", "size"), [("maxvit_t", 112), ("vit_b_32", 96)])
def test_architectures_are_built_for_another_size(
    name: str, size: int, own: Explainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # as picky about its size with two blocks as with eleven: there is no other one with that option
    small = {"stem_channels": 16, "block_channels": [32, 64], "block_layers": [1, 1]}
    whole = maxvit._maxvit
    monkeypatch.setattr(maxvit, "_maxvit", lambda **options: whole(**{**options, **small}))
    few = {"num_layers": 2, "num_heads": 2, "hidden_dim": 64, "mlp_dim": 128}
    every = vision_transformer._vision_transformer
    monkeypatch.setattr(vision_transformer, "_vision_transformer", lambda **options: every(**{**options, **few}))
    network = find_architecture(name).build(3, size)
    torch.save(network.state_dict(), tmp_path / "mine.pt")
    own.add_checkpoint(tmp_path / "mine.pt", name, input_size=size)
    assert own.load("mine").preprocessing.input_shape == (1, 3, size, size)
    assert own.explain(noise(90, 80), model="mine").top


def test_heads_that_only_training_uses_may_be_there_or_not(own: Explainer, tmp_path: Path) -> None:
    weights = get_model("googlenet", weights=None, num_classes=4, init_weights=False).state_dict()
    for name, kept in (("all", weights), ("few", {n: t for n, t in weights.items() if not n.startswith("aux")})):
        torch.save(kept, tmp_path / f"{name}.pt")
        own.add_checkpoint(tmp_path / f"{name}.pt", "googlenet", input_size=SMALLER)
        assert len(own.labels(name)) == 4


# --- bad input: each a clear sentence, and the old model goes on


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder),)


def damaged(path: Path, _: nn.Module) -> None:
    path.write_bytes(b"garbage" * 1000)


def truncated(path: Path, network: nn.Module) -> None:
    torch.save(network.state_dict(), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def bomb(path: Path, network: nn.Module) -> None:
    torch.save({**network.state_dict(), "extra": Bomb(path.parent / "proof")}, path)


def whole_module(path: Path, network: nn.Module) -> None:
    torch.save(network, path)


def torchscript(path: Path, network: nn.Module) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mine/constants.pkl", b"\x80\x02).")
        archive.writestr("mine/data.pkl", b"\x80\x02).")
        archive.writestr("mine/code/__torch__.py", "")
        archive.writestr("mine/version", "3\n")


def other_architecture(path: Path, _: nn.Module) -> None:
    torch.save(get_model("mobilenet_v3_small", weights=None).state_dict(), path)


def other_width(path: Path, network: nn.Module) -> None:
    weights = {**network.state_dict(), "features.0.weight": torch.zeros(32, 3, 3, 3)}
    torch.save(weights, path)


def headless(path: Path, network: nn.Module) -> None:
    torch.save({n: t for n, t in network.state_dict().items() if not n.startswith("classifier")}, path)


def not_a_number(path: Path, network: nn.Module) -> None:
    weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    weights["features.3.squeeze.weight"][0, 0] = float("nan")
    torch.save(weights, path)


def huge(path: Path, _: nn.Module) -> None:
    with path.open("wb") as file:
        file.truncate(3_000_000_000)


def zip_bomb(path: Path, _: nn.Module) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("mine/data/0", "w", force_zip64=True) as entry,
    ):
        for _ in range(12):
            entry.write(bytes(100_000_000))


def empty_head(path: Path, network: nn.Module) -> None:
    weights = network.state_dict()
    torch.save({**weights, **{name: weights[name][:0] for name in ("classifier.1.weight", "classifier.1.bias")}}, path)


def claims_to_be_large(path: Path, network: nn.Module) -> None:
    """A head of a million classes that all share one number: a small file, for which two gigabytes would be made."""
    weights = torch.zeros(1, 1, 1, 1).expand(1_000_000, 512, 1, 1)
    torch.save(
        {**network.state_dict(), "classifier.1.weight": weights, "classifier.1.bias": torch.zeros(1_000_000)}, path
    )
    assert path.stat().st_size < 10_000_000


def with_first(tensor_of: Callable[[Tensor], Tensor], name: str) -> Callable[[Path, nn.Module], None]:
    """Saves the weights with the first tensor changed."""

    def make(path: Path, network: nn.Module) -> None:
        weights = network.state_dict()
        torch.save({**weights, "features.0.weight": tensor_of(weights["features.0.weight"])}, path)

    make.__name__ = name
    return make


def a_folder(path: Path, _: nn.Module) -> None:
    path.mkdir()


def nothing_there(path: Path, _: nn.Module) -> None:
    torch.save({"epoch": 3}, path)


def a_list(path: Path, _: nn.Module) -> None:
    torch.save([1, 2], path)


def missing(_path: Path, _: nn.Module) -> None:
    pass


BAD: dict[Any, str] = {
    damaged: r"'mine.pt' is damaged, cut off, or no checkpoint",
    truncated: r"'mine.pt' is damaged, cut off",
    bomb: r"can only be read by running code .* refused: save the weights alone",
    whole_module: r"can only be read by running code .* refused",
    torchscript: r"can only be read by running code .* refused",
    other_architecture: r"does not fit `architecture` 'squeezenet1_1': .*'features.0.weight'.*are missing|does not fit",
    other_width: r"1 has another shape \('features.0.weight': expected \(64, 3, 3, 3\), found \(32, 3, 3, 3\)\)",
    headless: r"2 tensors are missing \('classifier.1.weight' \(1000, 512, 1, 1\)",
    not_a_number: r"tensor 'features.3.squeeze.weight' holds values that are not finite",
    huge: r"holds 3,000 MB, the limit is 1,000 MB",
    claims_to_be_large: r"holds 2,055 MB, the limit is 1,000 MB",
    empty_head: r"'classifier.1.weight': expected \(1000, 512, 1, 1\), found \(0, 512, 1, 1\)",
    with_first(lambda t: t.to("meta"), "meta"): r"'features.0.weight' is without values, expected",
    with_first(lambda t: t.to_sparse(), "sparse"): r"'features.0.weight' is sparse, expected",
    with_first(lambda t: t.to(torch.complex64), "complex"): r"'features.0.weight' is complex64, expected",
    with_first(lambda t: (t * 100).to(torch.int8), "int8"): r"'features.0.weight' is int8, expected floating",
    with_first(lambda t: t.to(torch.float8_e4m3fn), "float8"): r"'features.0.weight' is float8_e4m3fn, expected",
    a_folder: r"'mine.pt' cannot be read \(Is a directory\)",
    nothing_there: r"holds no tensors",
    a_list: r"holds 'list', expected a dict of tensors",
    missing: r"'mine.pt' cannot be read \(No such file or directory\)",
}


# torch tells of a check that it makes
@pytest.mark.filterwarnings("ignore:Validating sparse tensor:UserWarning")
@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_bad_checkpoints(make: Any, network: nn.Module, explainer: Explainer, tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    make(path, network)
    before = {info.name for info in explainer.models_first()}
    with pytest.raises(ModelError, match=BAD[make]) as caught:
        explainer.add_checkpoint(path, ARCHITECTURE, max_bytes=1_000_000_000)
    message = str(caught.value)
    assert "\n" not in message
    assert str(tmp_path) not in message
    assert len(message) < 700
    assert not (tmp_path / "proof").exists()
    assert {info.name for info in explainer.models_first()} == before
    assert explainer.explain(noise(50, 50)).model == DEFAULT_MODEL


def test_a_small_file_that_unpacks_to_gigabytes_is_refused(network: nn.Module, own: Explainer, tmp_path: Path) -> None:
    zip_bomb(tmp_path / "mine.pt", network)
    assert (tmp_path / "mine.pt").stat().st_size < 10_000_000
    with pytest.raises(ModelError, match="holds 1,200 MB, the limit is 1,000 MB"):
        own.add_checkpoint(tmp_path / "mine.pt", ARCHITECTURE, max_bytes=1_000_000_000)


def test_of_another_architecture_it_is_said_what_was_expected_and_found(
    network: nn.Module, own: Explainer, tmp_path: Path
) -> None:
    torch.save({f"body{name}": tensor for name, tensor in network.state_dict().items()}, tmp_path / "mine.pt")
    with pytest.raises(
        ModelError,
        match=r"52 tensors are missing \('features\.0\.weight' \(64, 3, 3, 3\), 'features\.0\.bias' \(64,\),"
        r" 'features\.3\.squeeze\.weight' \(16, 64, 1, 1\), \.\.\.\); 52 are not known there"
        r" \('bodyfeatures\.0\.weight', .*\)\. Choose the architecture",
    ):
        own.add_checkpoint(tmp_path / "mine.pt", ARCHITECTURE)


def test_weights_of_another_input_size_are_refused_with_the_remedy(own: Explainer, tmp_path: Path) -> None:
    weights = timm.create_model("vit_tiny_patch16_224", num_classes=3, img_size=96).state_dict()
    torch.save(weights, tmp_path / "mine.pt")
    with pytest.raises(
        ModelError, match=r"'pos_embed': expected \(1, 197, 192\), found \(1, 37, 192\)\)\. Choose .* the input size"
    ):
        own.add_checkpoint(tmp_path / "mine.pt", "timm/vit_tiny_patch16_224")
    own.add_checkpoint(tmp_path / "mine.pt", "timm/vit_tiny_patch16_224", input_size=96)
    assert own.load("mine").preprocessing.input_shape == (1, 3, 96, 96)


@pytest.mark.parametrize("legacy", [False, True])
def test_cut_off_or_changed_anywhere_a_file_is_refused_in_a_sentence_or_read(
    legacy: bool, network: nn.Module, own: Explainer, tmp_path: Path
) -> None:
    """At many places, among them all of the pickle; whatever is raised in its depths."""
    path = tmp_path / "mine.pt"
    torch.save(network.state_dict(), path, _use_new_zipfile_serialization=not legacy)
    whole, dice, refused = path.read_bytes(), random.Random(0), 0  # noqa: S311
    for number in range(120):
        damaged = bytearray(whole)
        if number % 2:
            del damaged[dice.choice([dice.randrange(6000), dice.randrange(len(whole))]) :]
        else:
            for _ in range(dice.choice([1, 5, 50])):
                damaged[dice.randrange(4000)] = dice.randrange(256)
        path.write_bytes(damaged)
        try:
            checkpoint.read_weights(path)
        except ModelError:
            refused += 1
    assert refused > 90


@pytest.mark.parametrize("name", ["mine.SAFETENSORS", "mine.bin"])
def test_safetensors_are_known_by_what_is_in_them(
    name: str, network: nn.Module, own: Explainer, tmp_path: Path
) -> None:
    save_file(network.state_dict(), tmp_path / name)
    own.add_checkpoint(tmp_path / name, ARCHITECTURE, input_size=SMALLER)
    assert len(own.labels("mine")) == CLASSES


def test_without_memory_to_read_it_that_is_said(
    network: nn.Module, own: Explainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise MemoryError

    torch.save(network.state_dict(), tmp_path / "mine.pt")
    monkeypatch.setattr(checkpoint, "read_content", full)
    with pytest.raises(ModelError, match=r"'mine\.pt' needs more memory than there is"):
        own.add_checkpoint(tmp_path / "mine.pt", ARCHITECTURE)


@pytest.mark.parametrize("content", [b"", b"garbage" * 99, struct.pack("<Q", 1 << 60) + b"{}", b"cut"])
def test_damaged_safetensors(content: bytes, network: nn.Module, own: Explainer, tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    if content == b"cut":
        save_file(network.state_dict(), path)
        content = path.read_bytes()[:-100]
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"'mine.safetensors' is damaged or no safetensors file"):
        own.add_checkpoint(path, ARCHITECTURE)


@pytest.mark.parametrize(
    ("architecture", "words"),
    [
        ("squeezenet1_2", "'squeezenet1_2' is not a classifier .* Did you mean 'squeezenet1_"),
        ("fasterrcnn_resnet50_fpn", "'fasterrcnn_resnet50_fpn' is not a classifier"),
        ("", "'' is not a classifier"),
        (None, "None is not a classifier"),
    ],
)
def test_architectures_that_are_none(
    architecture: Any, words: str, network: nn.Module, own: Explainer, tmp_path: Path
) -> None:
    torch.save(network.state_dict(), tmp_path / "mine.pt")
    with pytest.raises(ModelError, match=f"`architecture` {words}"):
        own.add_checkpoint(tmp_path / "mine.pt", architecture)


def test_a_model_without_classes_is_refused(own: Explainer, tmp_path: Path) -> None:
    torch.save(timm.create_model("resnet10t", num_classes=0).state_dict(), tmp_path / "mine.pt")
    with pytest.raises(ModelError, match=r"2 tensors are missing \('fc.weight' \(1000, 512\), 'fc.bias' \(1000,\)\)"):
        own.add_checkpoint(tmp_path / "mine.pt", "resnet10t")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"input_size": 0}, "`input_size` 0 must be a whole number of pixels from 1 to 4096"),
        ({"input_size": 2.5}, "`input_size` 2.5 must be"),
        ({"input_size": 9999}, "`input_size` 9999 must be"),
        ({"mean": (0.5, 0.5)}, r"`mean` \(0.5, 0.5\) must be three numbers"),
        ({"mean": ("a", 0, 0)}, "`mean` .* must be three numbers"),
        ({"std": (0.5, 0.5, 0)}, "`std` .* must be three numbers above 0"),
        ({"name": "efficientnet_lite0"}, "`name` 'efficientnet_lite0' is taken"),
        ({"input_size": 4}, "mine|layer|take|map"),
    ],
)
def test_arguments_that_make_no_sense(
    more: Any, words: str, network: nn.Module, own: Explainer, tmp_path: Path
) -> None:
    torch.save(network.state_dict(), tmp_path / "mine.pt")
    with pytest.raises(CamError, match=words):
        own.add_checkpoint(tmp_path / "mine.pt", ARCHITECTURE, **more)


# --- labels

FRUIT = ["apple", "Birne", "été", "배", "fig"]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(FRUIT),
        "\n".join(FRUIT) + "\n",
        "\ufeff" + "\r\n".join(FRUIT) + "\r\n",
        json.dumps(FRUIT),
        json.dumps({str(index): name for index, name in reversed([*enumerate(FRUIT)])}, ensure_ascii=False),
    ],
)
def test_label_files(text: str, network: nn.Module, own: Explainer, tmp_path: Path) -> None:
    torch.save(network.state_dict(), tmp_path / "mine.pt")
    path = tmp_path / "classes.txt"
    path.write_bytes(text.encode("utf-8"))
    own.add_checkpoint(tmp_path / "mine.pt", ARCHITECTURE, path, SMALLER)
    assert own.labels("mine") == tuple(FRUIT)
    assert own.explain(noise(40, 40), model="mine", target="배").target.index == 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a\nb\nc\nd", "names 4 classes, expected 5"),
        (b"a\nb\nc\nd\ne\nf", "names 6 classes, expected 5"),
        (b"", "names 0 classes, expected 5"),
        ("ä\nb\nc\nd\ne".encode("latin-1"), r"'classes.txt' is not UTF-8 text \(byte 0 is no part of it\)"),
        (b"\xff\xfea\x00", "is not UTF-8"),
        (b'["a", "b"', "is no valid JSON"),
        (b"[" * 100_000, "is no valid JSON"),
        (b'{"0": "a", "2": "b"}', "must map every index from 0 on to a name, but 1 is missing"),
        (b'{"cat": "dog"}', "must map every index from 0 on to a name"),
        (b"[1, 2, 3, 4, 5]", "must hold texts only"),
    ],
)
def test_bad_label_files(content: bytes, words: str, network: nn.Module, own: Explainer, tmp_path: Path) -> None:
    torch.save(network.state_dict(), tmp_path / "mine.pt")
    path = tmp_path / "classes.txt"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=f"`labels` .*{words}"):
        own.add_checkpoint(tmp_path / "mine.pt", ARCHITECTURE, path)
    assert "mine" not in [info.name for info in own.models_first()]


def test_a_large_or_missing_label_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"'none.txt' cannot be read \(No such file"):
        read_labels(tmp_path / "none.txt")
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        file.truncate(labels_file.MAX_LABEL_BYTES + 1)
    with pytest.raises(ModelError, match=r"'large\.txt' is larger than 10 MB"):
        read_labels(path)


def test_the_order_of_tensors_does_not_matter(network: nn.Module, own: Explainer, tmp_path: Path) -> None:
    torch.save(OrderedDict(reversed([*network.state_dict().items()])), tmp_path / "mine.pt")
    own.add_checkpoint(tmp_path / "mine.pt", ARCHITECTURE, input_size=SMALLER)
    found = own.load("mine").network.state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in network.state_dict().items())
