"""Whose surveys are kept on disk: models that are made by packages alone, and nobody's own."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from gradcam_core import Explainer
from gradcam_core.engine import kept_survey as module
from gradcam_core.engine.kept_survey import FILE
from gradcam_core.engine.survey import Survey, survey
from gradcam_core.models import MODELS, SPEAKERS, Access, find_model

from ..helpers import SmallNetwork


class Turned(SmallNetwork):
    """Mirrors its input where something that no file and no setting shows says so."""

    mirrored = False

    def forward(self, image: Tensor) -> Tensor:
        return super().forward(image.flip(-1) if Turned.mirrored else image)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADCAM_CACHE", str(tmp_path))
    return tmp_path


def test_an_embedded_model_is_surveyed_once_for_all_programs(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    surveyed: list[torch.Size] = []

    def counting(network: nn.Module, shape: torch.Size, *given: object) -> Survey:
        surveyed.append(shape)
        return survey(network, shape, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "survey", counting)
    found = []
    for _ in range(2):
        loaded = Explainer(device="cpu", engine="torch").load("efficientnet_lite0")
        found.append((loaded.layers, loaded.layouts, loaded.in_place_safe, loaded.stride))
    assert found[0] == found[1]
    # its own size, and the one by which it is seen what its sides must be multiples of
    assert len(surveyed) == 2
    assert len(list(kept.rglob(FILE))) == 2


def test_somebodys_own_module_is_surveyed_each_time(kept: Path) -> None:
    """Its code may depend on anything: on what was set meanwhile, on a file, on the day."""
    for mirrored in (False, True):
        Turned.mirrored = mirrored
        explainer = Explainer(device="cpu", engine="torch")
        explainer.add_model("own", Turned(), input_size=32)
        assert explainer.load("own").layouts["last"].mirrored == mirrored
    assert not list(kept.rglob(FILE))


def test_models_of_packages_are_told_from_those_that_somebody_describes() -> None:
    assert all(spec.packaged for spec in (*MODELS.values(), *SPEAKERS.values()) if spec.source != "transformers")
    assert not any(spec.packaged for spec in SPEAKERS.values() if spec.source == "transformers")
    assert find_model("resnet18.a1_in1k", MODELS, Access.NOTHING, False).packaged
