"""Weak looks weak: maps for and against share one scale, the sentence says how strong, stretching is a choice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gradcam_core import Explainer, Look
from gradcam_core.methods import METHODS

from .helpers import CellNetwork, SmallNetwork, noise

Small = tuple[Explainer, SmallNetwork]


def dark_and_light(offer: Callable[..., str], dark: float) -> tuple[str, NDArray[np.uint8]]:
    """A network whose map is 1 where the photograph is white and `dark` where it is black, and such a photograph."""
    network = CellNetwork(4)
    network.cells.bias = torch.nn.Parameter(torch.tensor([dark]))
    with torch.no_grad():
        network.cells.weight.mul_(1 - dark)
    image = np.zeros((32, 32, 3), np.uint8)
    image[:, 16:] = 255
    return offer(network, size=32, classes=2), image


@pytest.mark.parametrize(("dark", "hardly"), [(-0.02, True), (-0.5, False)])
def test_both_sides_end_at_the_stronger_ones_maximum(offer: Callable[..., str], dark: float, hardly: bool) -> None:
    model, image = dark_and_light(offer, dark)
    speaks, against = (
        Explainer(device="cpu").explain(image, model=model, target=0, layer="cells", counterfactual=side)
        for side in (False, True)
    )
    assert speaks.scale == against.scale == pytest.approx(float(speaks.cam.max()))
    assert against.strength == pytest.approx(-dark)
    assert against.heatmap[:, :10] == pytest.approx(-dark, abs=1e-6)
    assert not against.heatmap[:, 24:].any()
    assert against.values(Look(stretched=True))[:, :10] == pytest.approx(1, abs=1e-6)
    assert speaks.values(Look(signed=True))[:, :10] == pytest.approx(dark, abs=1e-6)
    assert ("hardly anything speaks against it" in against.sentence) is hardly
    said = f"has {-dark * 100:.0f} % of the strength of the strongest one for “class 0”"
    assert any(said in text for text in (against.sentence, *against.notes))
    assert "hardly" not in speaks.sentence
    assert not any("strength" in note for note in speaks.notes)
    assert against.record()["map"]["scale"] == against.scale


@pytest.mark.parametrize("method", [key for key, method in METHODS.items() if method.of_gradients])
def test_every_method_knows_how_strong_the_other_side_is(small: Small, method: str) -> None:
    explainer, _ = small
    for target in range(6):
        ask = {"model": "own", "method": method, "target": target}
        sides = [explainer.explain(noise(32, 48), counterfactual=side, **ask) for side in (False, True)]
        assert sides[0].scale == pytest.approx(sides[1].scale, rel=1e-5)
        assert max(side.strength for side in sides) == pytest.approx(1)
        for side in sides:
            assert float(np.nanmax(side.heatmap)) <= side.strength + 1e-6


def test_a_method_of_no_class_has_one_side(small: Small) -> None:
    found = small[0].explain(noise(32, 48), model="own", method="eigencam")
    assert found.strength == 1
    assert found.scale == pytest.approx(float(found.cam.max()))
