"""The benchmark of all architectures, on one of every kind of layout; and that it finds what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torchvision.models import swin_transformer

from gradcam_core import Explainer, Layer
from gradcam_core.engine.layout import Layout
from gradcam_core.reading.preprocess import Preprocessing

from .benchmarks import coverage

KINDS = {
    "torchvision:resnet18": "maps",
    "torchvision:swin_t": "channels last",
    "timm:vit_tiny_patch16_224": "tokens+1",
    "timm:deit_tiny_distilled_patch16_224": "tokens+2",
    "timm:vit_little_patch16_reg4_gap_256": "tokens+4",
    "timm:efficientformer_l1": "tokens",
    "timm:vit_tiny_r_s16_p8_224": "tokens+1",
}
# how tokens lie in a block, and where its neighbours read them, fewer blocks show as well; the benchmark takes them all
FEWER = {
    "vit_tiny_patch16_224": {"depth": 3},
    "deit_tiny_distilled_patch16_224": {"depth": 3},
    "vit_little_patch16_reg4_gap_256": {"depth": 3},
    "vit_tiny_r_s16_p8_224": {"depth": 3},
    "xcit_nano_12_p16_224": {"depth": 3},
    "swinv2_cr_tiny_224": {"depths": (2, 2, 2, 2)},
    "convnext_atto": {"depths": (1, 1, 1, 1)},
    "maxvit_rmlp_pico_rw_256": {"depths": (1, 1, 1, 1)},
    "efficientformer_l1": {"depths": (1, 1, 1, 2)},
    "levit_128s": {"depth": (1, 1, 2)},
    "pvt_v2_b0": {"depths": (1, 1, 1, 1)},
    "swin_t": {"depths": [2, 2, 2, 2]},
}


@pytest.mark.parametrize("name", coverage.SELECTION)
def test_one_of_every_kind_of_layout_is_explained(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import timm

    build = swin_transformer._swin_transformer
    monkeypatch.setattr(swin_transformer, "_swin_transformer", lambda **given: build(**{**given, **FEWER["swin_t"]}))
    create = timm.create_model
    monkeypatch.setattr(timm, "create_model", lambda model, **given: create(model, **given, **FEWER.get(model, {})))
    row = coverage.in_own_process(name)
    assert not row["problem"], row
    assert row["captum"] <= coverage.TOLERANCE
    assert len(row["layers"]) >= 2
    assert row["layout"] == KINDS.get(name, row["layout"])


def test_the_selection_covers_every_kind() -> None:
    assert set(KINDS) <= set(coverage.SELECTION)
    assert set(FEWER) <= {name.partition(":")[2] for name in coverage.SELECTION}
    assert {"maps", "channels last", "tokens", "tokens+1", "tokens+2", "tokens+4"} == set(KINDS.values())


def test_every_architecture_is_on_the_list() -> None:
    import timm
    import torchvision
    from transformers import AutoModelForImageClassification

    names = coverage.names()
    assert len(set(names)) == len(names)
    classifiers = torchvision.models.list_models(torchvision.models)
    assert {f"torchvision:{name}" for name in classifiers} <= set(names)
    mapping = AutoModelForImageClassification._model_mapping
    assert {f"transformers:{kind.model_type}" for kind in mapping} <= set(names)
    members = {family: set(timm.list_models(module=family)) for family in timm.list_modules()}
    chosen = {name.partition(":")[2] for name in names if name.startswith("timm:")}
    assert not [family for family, models in members.items() if not models & chosen]


def test_the_smallest_of_a_family_is_the_one_with_the_smallest_number() -> None:
    assert min(["vit_306m", "vit_88m", "vit_416m"], key=coverage._hint) == "vit_88m"
    assert min(["net101", "net50", "net9_tiny"], key=coverage._hint) == "net9_tiny"


def test_families_are_timms_own() -> None:
    # an architecture of one family may be built by the code of another
    assert coverage._family("timm:crossvit_tiny_240") == "crossvit"
    assert {coverage._family(name) for name in coverage.names() if name.startswith("timm:")} == set(coverage.families())


def test_a_transformer_is_given_the_size_that_it_was_built_for() -> None:
    with torch.device("meta"):
        network, size = coverage._torchvision("vit_h_14")
    assert size == network.image_size == 224


@pytest.mark.parametrize(("usual", "size"), [(128, 128), (768, 192)])
def test_where_maps_are_too_coarse_to_see_where_something_is_a_larger_size_is_tried(
    usual: int, size: int, monkeypatch: Any
) -> None:
    def build(_: str) -> tuple[nn.Module, int]:
        torch.manual_seed(0)
        patches = nn.Conv2d(3, 8, 16, 16)
        return nn.Sequential(patches, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)), usual

    monkeypatch.setattr(coverage, "build", build)
    row = coverage.examine("mine:coarse")
    assert (row["problem"], row["size"], row["grids"]) == ("", size, [[size // 16, size // 16]])


def test_of_a_module_that_runs_several_times_the_run_that_is_meant_is_compared() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 2, 1)
            self.act, self.head = nn.ReLU(), nn.Linear(8, 4)

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = self.head(self.act(self.second(self.act(self.first(image)))).mean((2, 3)))
            return found

    torch.manual_seed(0)
    network, steps = Shared().eval(), Preprocessing(32, 32)
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("it", network, transform=steps)
    inputs, layers = steps.encode(coverage.picture(32))[0], explainer.load("it").layers
    both = [layer for layer in layers if layer.name.startswith("act#")]
    maps = [explainer.explain(coverage.picture(32), model="it", layer=layer.name, target=0) for layer in both]
    assert [layer.name for layer in both] == ["act#1", "act#2"]
    for layer, own in zip(both, maps, strict=True):
        assert coverage.difference(network, inputs, layer, own) <= coverage.TOLERANCE
        assert coverage._difference(network.float(), inputs, layer, 0, own.cam[::-1]) > 0.01


@pytest.mark.parametrize("wrong", [Layout(2, 0, 1, (14, 14)), Layout(2, 0, 1, (7, 28))])
def test_a_wrong_layout_is_noticed(wrong: Layout) -> None:
    """Tokens read one place too early, or the right way."""
    values = torch.ones(1, 197, 2)
    changed = values.clone()
    corner = 1 + torch.tensor([0, 1, 14, 15])
    changed[0, corner + 12] += 1.0
    before, after = (wrong.to_map(one[:, : wrong.prefix + 196])[0] for one in (values, changed))
    y, x = coverage._centre(before, after)
    assert y < 0.5
    assert (x > 0.5) == (wrong.prefix == 1)


def test_a_stopped_run_goes_on_and_the_report_says_why(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    out, asked = tmp_path / "rows.jsonl", []

    def fake(name: str, _: float) -> dict[str, Any]:
        asked.append(name)
        return {"name": name, "family": name[-1], "problem": "no map" if name == "timm:b" else "", "default": "last",
                "seconds": 1.0}  # fmt: skip

    monkeypatch.setattr(coverage, "in_own_process", fake)
    out.write_text(json.dumps({"name": "timm:a", "family": "a", "problem": ""}) + "\n")
    assert coverage.main(["--names", "timm:a", "timm:b", "torchvision:c", "--out", str(out)]) == 1
    assert asked == ["timm:b", "torchvision:c"]
    assert [json.loads(line)["name"] for line in out.read_text().splitlines()] == ["timm:a", "timm:b", "torchvision:c"]
    said = capsys.readouterr().out
    assert "torchvision: 1 of 1" in said
    assert "timm families: 1 of 2" in said
    assert "timm:b: no map" in said


def test_kinds_have_names() -> None:
    layouts = [Layout(), Layout(3), Layout(2, 0, 0, (2, 2)), Layout(2, 0, 5, (2, 2))]
    assert [coverage.kind_of(Layer("x", (1, 2, 2), layout)) for layout in layouts] == [
        "maps", "channels last", "tokens", "tokens+5",
    ]  # fmt: skip
