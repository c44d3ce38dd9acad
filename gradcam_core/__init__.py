"""Grad-CAM for everybody: which evidence made a network say so.

Usage:

    from gradcam_core import Explainer
    Explainer().explain("cat.jpg").overlay().save("why.png")
"""

from .errors import (
    CamError,
    DeviceError,
    ImageError,
    LayerError,
    MethodError,
    ModelError,
    OutputError,
    TargetError,
    TextError,
)
from .explanation import Explanation
from .methods import METHODS
from .render import Look
from .service import Explainer
from .text import TEXT_METHODS, TextExplainer, TextExplanation
from .types import Box, Layer, ModelInfo, Placement, Prediction

__all__ = [
    "METHODS",
    "TEXT_METHODS",
    "Box",
    "CamError",
    "DeviceError",
    "Explainer",
    "Explanation",
    "ImageError",
    "Layer",
    "LayerError",
    "Look",
    "MethodError",
    "ModelError",
    "ModelInfo",
    "OutputError",
    "Placement",
    "Prediction",
    "TargetError",
    "TextError",
    "TextExplainer",
    "TextExplanation",
]
