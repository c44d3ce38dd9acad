"""torchvision's ImageNet classifiers, with the transforms and labels of their own weights.

The weights are downloaded when a model is first chosen, into torch's usual cache, and checked by their
hash. Public names: `SPECS`, `imagenet_labels`.
"""

from __future__ import annotations

from functools import partial
from http.client import HTTPException
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import nn

from ..errors import ModelError
from ..preprocess import Preprocessing
from .base import ModelSpec

__all__ = ["SPECS", "imagenet_labels"]

OFFERED = {
    "resnet50": "ResNet-50",
    "vgg16": "VGG-16",
    "mobilenet_v3_large": "MobileNetV3-Large",
    "convnext_tiny": "ConvNeXt-Tiny",
    "densenet121": "DenseNet-121",
    "efficientnet_b0": "EfficientNet-B0",
}


def _weights(name: str) -> Any:
    from torchvision.models import get_model_weights  # noqa: PLC0415 - half a second, not needed to list names

    return get_model_weights(name).DEFAULT


def imagenet_labels() -> tuple[str, ...]:
    """The 1,000 short English names of ImageNet-1k."""
    return tuple(_weights("resnet50").meta["categories"])


def _labels(name: str) -> tuple[str, ...]:
    return tuple(_weights(name).meta["categories"])


def _preprocessing(name: str) -> Preprocessing:
    transform = _weights(name).transforms()
    return Preprocessing(
        resize=transform.resize_size[0],
        crop=transform.crop_size[0],
        interpolation=transform.interpolation.name,
        mean=tuple(transform.mean),
        std=tuple(transform.std),
    )


def _is_cached(name: str) -> bool:
    return _weight_file(name).is_file()


def _weight_file(name: str) -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(_weights(name).url).name


def _build(name: str) -> nn.Module:
    from torchvision.models import get_model  # noqa: PLC0415

    downloaded = _is_cached(name)
    try:
        # OSError and HTTPException cover every network error, RuntimeError a download whose hash does not fit
        return get_model(name, weights=_weights(name), progress=False).eval()
    except (OSError, HTTPException, RuntimeError, EOFError, UnpicklingError) as error:
        if downloaded:
            raise ModelError(
                f"The weight file {_weight_file(name).name!r} of {OFFERED[name]} is damaged ({_reason(error)})."
                " Delete it from torch's cache and choose the model again."
            ) from error
        raise ModelError(
            f"The weights of {OFFERED[name]} ({_size(name):.0f} MB) are not on this machine and could not be downloaded"
            f" ({_reason(error)}). Check the connection, or choose a model marked as ready offline."
        ) from error


def _reason(error: BaseException) -> str:
    # an OSError's own text may hold the path of a private folder
    text = str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)
    return text.splitlines()[0].removeprefix("<urlopen error ").rstrip(">")[:120] if text else type(error).__name__


def _size(name: str) -> float:
    return float(_weights(name).meta["_file_size"])


SPECS = tuple(
    ModelSpec(
        name=name,
        title=title,
        source="torchvision",
        build=partial(_build, name),
        preprocessing=partial(_preprocessing, name),
        labels=partial(_labels, name),
        is_offline=partial(_is_cached, name),
        download_mb=_size(name),
    )
    for name, title in OFFERED.items()
)
