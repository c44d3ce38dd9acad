"""What is offered first when somebody types a model's name."""

from __future__ import annotations

import re

import pytest

from gradcam_core.ui.model_menu import exact_first

CHOICES = (
    ("EfficientNet-Lite0 · ready offline · efficientnet_lite0", "efficientnet_lite0"),
    ("Wide ResNet-50-2 · download · wide_resnet50_2", "wide_resnet50_2"),
    ("ResNet-50 · download · resnet50", "resnet50"),
    ("seresnet50.a1 · download", "seresnet50.a1"),
    ("ResNet-5 · download · resnet5", "resnet5"),
    ("ConvNeXt-Tiny · download · convnext_tiny", "convnext_tiny"),
)
TITLES = {value: label.split(" · ")[0] for label, value in CHOICES}


def squeezed(text: str) -> str:
    return re.sub("[^a-z0-9]", "", text.lower())


@pytest.mark.parametrize("typed", [part for label, value in CHOICES for part in (label.split(" · ")[0], value)])
def test_the_exact_one_is_found_first(typed: str) -> None:
    found = next(value for label, value in exact_first(CHOICES) if squeezed(typed) in squeezed(label))
    assert squeezed(typed) in {squeezed(found), squeezed(TITLES[found])}


def test_all_others_keep_their_order() -> None:
    values = [value for _, value in exact_first(CHOICES)]
    assert sorted(values) == sorted(value for _, value in CHOICES)
    assert values[0] == "efficientnet_lite0"
    assert values[-1] == "convnext_tiny"
    assert exact_first(CHOICES[-2:]) == CHOICES[-2:]
