"""What a network is given of a photograph is made once, and is nobody's to write to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from torch import Tensor

from gradcam_core import Explainer
from gradcam_core.models import LoadedModel

from .helpers import SmallNetwork


class Scribbling(SmallNetwork):
    """Takes the light off in what it was given itself."""

    def forward(self, x: Tensor) -> Tensor:
        x.mul_(0.5)
        return super().forward(x)


@pytest.fixture
def encodings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    made: list[str] = []
    encoded = LoadedModel.encoded

    def counting(model: LoadedModel, photograph: Any) -> Any:
        made.append(model.name)
        return encoded(model, photograph)

    monkeypatch.setattr(LoadedModel, "encoded", counting)
    return made


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (40, 40, 3), dtype=np.uint8)


def explainer_of(network: SmallNetwork, **options: Any) -> Explainer:
    explainer = Explainer(device="cpu", engine="torch", **options)
    explainer.add_model("own", network, input_size=32)
    return explainer


def test_what_a_network_writes_to_its_input_is_gone_with_it() -> None:
    truth = explainer_of(SmallNetwork()).inputs(explainer_of(SmallNetwork()).explain(picture(0), model="own"))
    explainer = explainer_of(Scribbling())
    explanation = explainer.explain(picture(0), model="own")
    first = explanation.cam.copy()
    for _ in range(2):
        np.testing.assert_array_equal(explainer.inputs(explanation), truth)
        explainer.inputs(explanation).zero_()
    explainer._captures._kept.clear()
    np.testing.assert_array_equal(explainer.explain(picture(0), model="own").cam, first)


def test_inputs_are_bounded_and_forgotten_with_their_model(encodings: list[str]) -> None:
    explainer = explainer_of(SmallNetwork(), cache_mb=1)
    for seed in range(60):
        explainer.explain(picture(seed), model="own")
    assert explainer._captures._inputs.nbytes <= 100_000
    assert explainer._captures.nbytes <= 1_000_000
    explainer.remove_model("own")
    assert explainer._captures.nbytes == 0
    encodings.clear()
    nothing = explainer_of(SmallNetwork(), cache_mb=0)
    encodings.clear()
    nothing.inputs(nothing.explain(picture(0), model="own"))
    assert encodings == ["own", "own"]
