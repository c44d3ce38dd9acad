"""Grad-CAM for everybody: which evidence made a network say so.

Usage:

    from gradcam_core import Explainer
    Explainer().explain("cat.jpg").overlay().save("why.png")
"""

from .canvases.render import Look
from .checks import Examiner
from .compare import Cell, Comparison
from .description import Answer, AnswerWord, DescribedWord, Description
from .engine.layout import Layer
from .engine.watch import Watch
from .errors import (
    CamError,
    DeviceError,
    ImageError,
    LayerError,
    MethodError,
    ModelError,
    OptionError,
    OutputError,
    StoppedError,
    TargetError,
    TextError,
)
from .explainer import Explainer
from .explanation import Explanation
from .folders import Audit, audit
from .languages import in_language
from .methods import METHODS
from .methods.text import TEXT_METHODS
from .models.spoken import Wording
from .request import Request
from .text_explainer import TextExplainer
from .text_explanation import TextExplanation
from .types import Box, ModelInfo, Placement, Prediction

__all__ = [
    "METHODS",
    "TEXT_METHODS",
    "Answer",
    "AnswerWord",
    "Audit",
    "Box",
    "CamError",
    "Cell",
    "Comparison",
    "DescribedWord",
    "Description",
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
    "OptionError",
    "OutputError",
    "Placement",
    "Prediction",
    "Request",
    "StoppedError",
    "TargetError",
    "TextError",
    "TextExplainer",
    "TextExplanation",
    "Watch",
    "Wording",
    "audit",
    "in_language",
]
