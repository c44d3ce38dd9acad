"""The benchmark of text runs, and its integrated gradients are complete."""

from __future__ import annotations

import pytest
import torch

from tests.benchmarks.text_faithfulness import integrated_gradients, measure, table


def test_one_small_case(rich) -> None:
    figures = measure(rich, ["ab c", "c a b"])
    assert {"HiResCAM", "Grad-CAM", "Integrated gradients (captum)", "Random order"} <= set(figures)
    assert len(table(figures).splitlines()) == len(figures) + 2


def test_integrated_gradients_sum_to_what_the_vectors_change(rich) -> None:
    # one word, so that its value is the average over all characters
    text = "abca"
    found = rich.explain(text)
    network = rich.trained.network
    with torch.no_grad():
        nothing = [maps.convolution.bias.relu() for maps in network.width_maps]
        baseline = network.head(torch.cat(nothing))[found.target.index]
    assert integrated_gradients(rich, found)[0] * 4 == pytest.approx(found.score - float(baseline), abs=0.02)
