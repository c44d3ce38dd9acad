"""Grad-CAM for everybody: which evidence made a network say so.

Usage:

    from gradcam_core import Explainer
    Explainer().explain("cat.jpg").overlay().save("why.png")
"""

from .compare import Cell, Comparison
from .errors import (
    CamError,
    DeviceError,
    ImageError,
    LayerError,
    MethodError,
    ModelError,
    OutputError,
    StoppedError,
    TargetError,
    TextError,
)
from .explanation import Explanation
from .methods import METHODS
from .render import Look
from .rerun import Watch
from .service import Explainer
from .text import TEXT_METHODS, TextExplainer, TextExplanation
from .trust import Examiner
from .types import Box, Layer, ModelInfo, Placement, Prediction

__all__ = [
    "METHODS",
    "TEXT_METHODS",
    "Box",
    "CamError",
    "Cell",
    "Comparison",
    "DeviceError",
    "Examiner",
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
    "StoppedError",
    "TargetError",
    "TextError",
    "TextExplainer",
    "TextExplanation",
    "Watch",
]
