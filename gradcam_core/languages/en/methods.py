"""English: what each method is for, and what it costs; the page and the README show it. Public name: `METHODS`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["METHODS"]

METHODS: Mapping[str, str] = {
    "method.ablationcam": "Gradient-free: how much the score falls when a channel is switched off.",
    "method.cost": "Cost:",
    "method.cost_ablation": "one pass per channel through the part of the network behind the layer",
    "method.cost_backward": "a partial backward pass",
    "method.cost_decomposition": "a singular value decomposition of the layer's activations",
    "method.cost_guided": "a forward and a backward pass through the whole network",
    "method.cost_score": "one pass per channel through the whole network: minutes for large layers",
    "method.eigencam": "What the layer responds to most, whatever the class.",
    "method.gradcam": "The reference: which regions raise the score of the class.",
    "method.gradcampp": "Several objects of one class in one photograph.",
    "method.guided_backprop": "Fine lines and textures at the size of the input.",
    "method.guided_gradcam": "Fine lines and textures, only where Grad-CAM sees evidence.",
    "method.hirescam": "What each place really added to the score, place by place.",
    "method.layercam": "Fine detail from early layers.",
    "method.scorecam": "Gradient-free: how well the photograph, lit by a channel alone, keeps the class.",
    "method.similarity": (
        "Which characters, whatever stands beside them, are like what raises the score. It cannot show order, negation"
        " or how much: a character has one value wherever it stands, and the values do not add up."
    ),
    "method.xgradcam": "Weights that keep the sum of the map close to the score.",
}
