"""Classifiers of the hub and of folders, from file to map; small networks with random weights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file

from gradcam_core import CamError, Explainer, ModelError
from gradcam_core.models import hub_source, pretrained
from gradcam_core.models.catalogue import Offer
from gradcam_core.models.hub import Access

from ..local_hub import COMMIT, LocalHub
from ..small_pretrained import small

transformers = pytest.importorskip("transformers")
LABELS = {index: f"kind {index}" for index in range(10)}
NAMES = ("vit", "resnet", "swin", "convnext")


@pytest.fixture(scope="module")
def picture() -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).integers(0, 256, (120, 150, 3), np.uint8)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What save_pretrained writes of each."""
    place, found = tmp_path_factory.mktemp("saved"), {}
    for name in NAMES:
        network = small(name)
        network.config.id2label = LABELS
        network.save_pretrained(place / name)
        steps = transformers.ViTImageProcessor(size={"height": 96, "width": 96}, image_mean=[0.4] * 3)
        steps.save_pretrained(place / name)
        found[name] = place / name
    return found


@pytest.fixture
def explainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Explainer:
    monkeypatch.setenv("GRADCAM_CACHE", str(tmp_path / "cache" / "converted"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "huggingface"))
    return Explainer(device="cpu")


@pytest.fixture
def served(folders: dict[str, Path], explainer: Explainer) -> Iterator[LocalHub]:
    local = LocalHub({f"owner/{name}": folder for name, folder in folders.items()})
    with local.served():
        yield local


@pytest.mark.parametrize("name", NAMES)
def test_a_model_of_the_hub_says_what_transformers_says(
    name: str, served: LocalHub, explainer: Explainer, folders: dict[str, Path], picture: Any
) -> None:
    e = explainer.explain(picture, model=f"owner/{name}")
    options = {"local_files_only": True}
    network = transformers.AutoModelForImageClassification.from_pretrained(folders[name], **options).eval()
    steps = transformers.AutoImageProcessor.from_pretrained(folders[name], **options)
    with torch.no_grad():
        expected = network(**steps(picture, return_tensors="pt")).logits.softmax(1)[0]
    assert e.target.index == int(expected.argmax())
    assert e.target.label == LABELS[e.target.index]
    assert e.target.probability == pytest.approx(float(expected.max()), abs=1e-4)
    # all of the picture is squeezed into the input
    assert np.isfinite(e.heatmap).all()
    # what is left of all places together, 64 values, is no map of 8 x 8 places
    assert "pool" not in e.layer
    record = e.record()
    assert record["origin"] == {"repository": f"owner/{name}", "revision": COMMIT}
    assert record["request"]["model"] == f"owner/{name}"
    again = explainer.explain(picture, model=f"owner/{name}@{COMMIT}")
    assert np.array_equal(again.cam, e.cam)


def test_the_default_layer_of_a_vision_transformer_is_grad_cam_of_its_last_block_with_influence(
    served: LocalHub, explainer: Explainer, folders: dict[str, Path], picture: Any
) -> None:
    """Worked out with plain hooks: the class token in front is no place."""
    e = explainer.explain(picture, model="owner/vit")
    network = transformers.AutoModelForImageClassification.from_pretrained(folders["vit"]).eval()
    steps = transformers.AutoImageProcessor.from_pretrained(folders["vit"])
    kept: list[Any] = []
    part = network.get_submodule(e.layer)
    part.register_forward_hook(lambda _m, _i, out: kept.append(out[0] if isinstance(out, tuple) else out))
    logits = network(**steps(picture, return_tensors="pt")).logits
    (slope,) = torch.autograd.grad(logits[0, e.target.index], kept[0])
    values, slopes = kept[0][0, 1:].detach(), slope[0, 1:]
    expected = (values @ slopes.mean(0)).reshape(12, 12).numpy()
    np.testing.assert_allclose(e.cam, expected, atol=1e-4 * np.abs(expected).max())


def test_a_folder_works_for_the_host_and_by_no_name_for_anybody(
    explainer: Explainer, folders: dict[str, Path], picture: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    explainer.add_pretrained(folders["resnet"], name="mine", labels=[f"sort {index}" for index in range(10)])
    e = explainer.explain(picture, model="mine")
    assert e.target.label.startswith("sort ")
    assert "origin" not in e.record()
    visitor = explainer.offering(Offer(Access.PUBLIC, "mine"))
    assert visitor.explain(picture).model == "mine"
    monkeypatch.chdir(folders["vit"].parent.parent)
    near = f"{folders['vit'].parent.name}/vit"
    assert Path(near).is_dir()
    with LocalHub({}).served():
        for name in (str(folders["vit"]), near, f"./{near}", f"file://{folders['vit']}", f"hf-hub:{folders['vit']}"):
            with pytest.raises(ModelError):
                visitor.explain(picture, model=name)
            with pytest.raises(ModelError):
                explainer.explain(picture, model=name)


def test_visitors_use_the_hub_where_the_host_says_so(served: LocalHub, explainer: Explainer, picture: Any) -> None:
    with pytest.raises(ModelError, match="switched off"):
        explainer.offering(Offer(Access.NOTHING)).explain(picture, model="owner/resnet")
    assert not served.asked
    visitor = explainer.offering(Offer(Access.PUBLIC))
    assert visitor.explain(picture, model="owner/resnet").model == "owner/resnet"
    assert "owner/resnet" in {info.name for info in visitor.models_first()}
    assert not any(token for _, token in served.asked)


def test_only_those_of_the_host_are_offered_where_he_says_so(
    explainer: Explainer, folders: dict[str, Path], picture: Any
) -> None:
    explainer.add_pretrained(folders["resnet"], name="mine")
    visitor = explainer.offering(Offer(Access.NOTHING, "mine", only=True))
    assert [info.name for info in visitor.models()] == ["mine"]
    assert [info.name for info in visitor.models_first()] == ["mine"]
    assert not visitor.models("caption")
    for name in ("efficientnet_lite0", "resnet50", "owner/resnet"):
        with pytest.raises(ModelError, match=r"mine|switched off"):
            visitor.explain(picture, model=name)


def test_timm_models_of_anybody_are_read_as_timm_reads_them(explainer: Explainer, tmp_path: Path, picture: Any) -> None:
    import timm
    from PIL import Image
    from timm.data import create_transform, resolve_data_config

    torch.manual_seed(0)
    network = timm.create_model("resnet10t", num_classes=3).eval()
    folder = tmp_path / "timm"
    timm.models.save_for_hf(
        network, folder, model_config={"label_names": ["cat", "cup", "dog"]}, safe_serialization=True
    )
    with LocalHub({"owner/sorter": folder}).served():
        e = explainer.explain(picture, model="hf-hub:owner/sorter")
    inputs = create_transform(**resolve_data_config({}, model=network))(Image.fromarray(picture))[None]
    with torch.no_grad():
        expected = network(inputs).softmax(1)[0]
    assert e.target.label == ["cat", "cup", "dog"][int(expected.argmax())]
    assert e.target.probability == pytest.approx(float(expected.max()), abs=1e-4)


def edited(folder: Path, copy: Path, **changes: Any) -> Path:
    shutil.copytree(folder, copy)
    content = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**content, **changes}))
    return copy


SPOILT: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "no classifier": lambda config: {"model_type": "bert"},
    "unknown kind": lambda config: {"model_type": "nothing_known"},
    "kind of a number": lambda config: {"model_type": 3},
    "many layers": lambda config: {"num_hidden_layers": 10**6},
    "more layers": lambda config: {"num_hidden_layers": 10**9},
    "wide": lambda config: {"hidden_size": 10**6},
    "huge pictures": lambda config: {"image_size": 10**5},
    "quantised": lambda config: {"quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": True}},
    "another width": lambda config: {"hidden_size": 64},
    "other layers": lambda config: {"num_hidden_layers": 5},
    "timm's own arguments": lambda config: {"architecture": "resnet10t", "model_args": {"checkpoint_path": "/x"}},
    "timm's of no name": lambda config: {"architecture": "hf-hub:owner/other"},
    "timm's of a path": lambda config: {"architecture": "local-dir:/tmp"},
    "text as a number": lambda config: {"hidden_size": "32"},
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_description_that_does_not_fit_is_a_sentence(
    case: str, explainer: Explainer, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = edited(folders["vit"], tmp_path / "spoilt", **SPOILT[case]({}))
    with pytest.raises(CamError) as caught:
        explainer.add_pretrained(folder, name="it")
    assert len(str(caught.value)) < 600
    assert not explainer.own_models


def test_nothing_in_a_repository_is_run(
    explainer: Explainer, folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "trap"
    changes = {
        "auto_map": {"AutoConfig": "code.Config", "AutoModelForImageClassification": "code.Net"},
        "attn_implementation": "somebody/kernel",
        "_attn_implementation": "somebody/kernel",
    }
    folder = edited(folders["vit"], tmp_path / "code", **changes)
    (folder / "code.py").write_text(f"open({str(trap)!r}, 'w').close()\n")
    steps = json.loads((folder / "preprocessor_config.json").read_text())
    steps["auto_map"] = {"AutoImageProcessor": "code.Steps"}
    (folder / "preprocessor_config.json").write_text(json.dumps(steps))
    explainer.add_pretrained(folder, name="it")
    assert not trap.exists()


def test_a_pickle_that_would_run_code_is_refused(
    explainer: Explainer, folders: dict[str, Path], tmp_path: Path
) -> None:
    trap = tmp_path / "trap"

    class Runs:
        def __reduce__(self) -> Any:
            return open, (str(trap), "w")

    folder = edited(folders["vit"], tmp_path / "pickled")
    (folder / "model.safetensors").unlink()
    torch.save({"weight": Runs()}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError):
        explainer.add_pretrained(folder, name="it")
    assert not trap.exists()


def test_weights_of_torch_do_as_well(
    explainer: Explainer, folders: dict[str, Path], tmp_path: Path, picture: Any
) -> None:
    folder = edited(folders["resnet"], tmp_path / "plain")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    explainer.add_pretrained(folder, name="it")
    explainer.add_pretrained(folders["resnet"], name="other")
    assert np.array_equal(explainer.explain(picture, model="it").cam, explainer.explain(picture, model="other").cam)


def test_weights_without_the_head_are_no_classifier(
    explainer: Explainer, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = edited(folders["vit"], tmp_path / "headless")
    weights = {key: value for key, value in load_file(folder / "model.safetensors").items() if "classifier" not in key}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="not trained yet"):
        explainer.add_pretrained(folder, name="it")


def test_a_processor_of_huge_pictures_is_refused(
    explainer: Explainer, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = edited(folders["vit"], tmp_path / "large")
    steps = json.loads((folder / "preprocessor_config.json").read_text())
    steps["size"] = {"height": 10**6, "width": 10**6}
    (folder / "preprocessor_config.json").write_text(json.dumps(steps))
    with pytest.raises(ModelError, match="the largest allowed is 4,096"):
        explainer.add_pretrained(folder, name="it")


def test_training_further_shows_after_a_refresh(explainer: Explainer, picture: Any) -> None:
    from ..helpers import SmallNetwork

    network = SmallNetwork()
    explainer.add_model("mine", network, input_size=32)
    before = explainer.explain(picture, model="mine")
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(-1.5)
    explainer.refresh()
    after = explainer.explain(picture, model="mine")
    fresh = Explainer(device="cpu")
    fresh.add_model("mine", network, input_size=32)
    assert not np.array_equal(after.cam, before.cam)
    assert np.array_equal(after.cam, fresh.explain(picture, model="mine").cam)


def test_the_parts_of_a_source_are_there() -> None:
    assert hub_source.spec("resnet50", Access.HOST) is None
    assert hub_source.spec("timm/resnet50", Access.HOST) is None
    assert hub_source.spec("owner/name", Access.NOTHING) is None
    assert pretrained.PROCESSOR == "preprocessor_config.json"
