"""torchvision's ImageNet classifiers, with the transforms and labels of their own default weights.

The weights are downloaded when a model is first chosen, into torch's usual cache, and checked by their
hash. Importing torchvision takes seconds, so that neither the models shown first nor those in the cache ask
for it. Public names: `FEATURED`, `architecture`, `at_hand`, `imagenet_labels`, `names`, `spec`.
"""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import nn

from ..errors import ModelError
from ..languages import Finding
from ..reading.preprocess import Preprocessing
from .base import Architecture, ModelSpec
from .fetch import fetching, reason

__all__ = ["FEATURED", "architecture", "at_hand", "imagenet_labels", "names", "spec"]

# title and whole megabytes of those shown before anybody searches; a test compares them with torchvision's own
SHOWN_FIRST = {
    "resnet50": ("ResNet-50", 98),
    "vgg16": ("VGG-16", 528),
    "mobilenet_v3_large": ("MobileNetV3-Large", 21),
    "convnext_tiny": ("ConvNeXt-Tiny", 109),
    "densenet121": ("DenseNet-121", 31),
    "efficientnet_b0": ("EfficientNet-B0", 20),
}

# what else torchvision has, by the module that holds it
OTHERS = {
    "detection": "task.detection",
    "segmentation": "task.segmentation",
    "optical_flow": "task.optical_flow",
    "video": "task.video",
    "quantization": "task.quantization",
}
# heads that only training uses
WITH_AUXILIARY = ("googlenet", "inception_v3")
AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")


@cache
def _others() -> dict[str, str]:
    """Why not, by the names of torchvision's models that are no classifiers of images."""
    from torchvision import models  # noqa: PLC0415

    return {name: why for kind, why in OTHERS.items() for name in models.list_models(module=getattr(models, kind))}


@cache
def names() -> tuple[str, ...]:
    """Every classifier of images that torchvision has; imports it."""
    from torchvision import models  # noqa: PLC0415 - takes seconds, not needed to list what is shown first

    return tuple(models.list_models(module=models))


def spec(name: str) -> ModelSpec | None:
    """The model called `name`, None where torchvision has none; raises ModelError where it is no classifier."""
    if not _is_classifier(name, "model"):
        return None
    title, megabytes = SHOWN_FIRST.get(name) or (name, float(_weights(name).meta["_file_size"]))
    return _spec(name, title, megabytes)


def _is_classifier(name: str, argument: str) -> bool:
    if name in _others():
        raise ModelError("model.other_task", argument=argument, name=name, why=Finding(_others()[name]))
    return name in names()


def at_hand() -> tuple[ModelSpec, ...]:
    """Those whose weights are in torch's cache."""
    if not any(_folder().glob("*.pth")):
        return ()
    return tuple(found for name in names() if _is_cached(name) and (found := spec(name)))


def architecture(name: str) -> Architecture | None:
    """torchvision's `name` without weights, None where it has none; raises ModelError where it is no classifier."""
    if not _is_classifier(name, "architecture"):
        return None
    return Architecture(name, partial(_empty, name), partial(_preprocessing, name), AUXILIARY)


def _empty(name: str, classes: int | None, size: int) -> nn.Module:
    from torchvision.models import get_model  # noqa: PLC0415

    options: dict[str, Any] = {} if classes is None else {"num_classes": classes}
    if name.startswith("vit_"):
        options["image_size"] = size
    if name.startswith("maxvit_"):
        options["input_size"] = (size, size)
    if name in WITH_AUXILIARY:
        # their own way to begin takes minutes
        options["init_weights"] = False
    return get_model(name, weights=None, **options)


def _spec(name: str, title: str, megabytes: float) -> ModelSpec:
    return ModelSpec(
        name=name,
        title=title,
        source="torchvision",
        # threads that ask at the same time make a spec each, but what is loaded is one
        identity=("torchvision", name),
        build=partial(_build, name, title),
        preprocessing=partial(_preprocessing, name),
        labels=partial(_labels, name),
        is_offline=partial(_is_cached, name),
        download_mb=megabytes,
        packaged=True,
    )


def _weights(name: str) -> Any:
    from torchvision.models import get_model_weights  # noqa: PLC0415

    return get_model_weights(name).DEFAULT


def imagenet_labels() -> tuple[str, ...]:
    """The 1,000 short English names of ImageNet-1k."""
    return _labels("resnet50")


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


def _folder() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints"


def _weight_file(name: str) -> Path:
    return _folder() / Path(_weights(name).url).name


def _is_cached(name: str) -> bool:
    # an empty cache is told without importing torchvision
    return any(_folder().glob("*.pth")) and _weight_file(name).is_file()


def _build(name: str, title: str) -> nn.Module:
    from torchvision.models import get_model  # noqa: PLC0415

    weights, path = _weights(name), _weight_file(name)
    if not path.is_file():
        with fetching(name, title, path.parent, megabytes=float(weights.meta["_file_size"])):
            path.parent.mkdir(parents=True, exist_ok=True)
            checksum = torch.hub.HASH_REGEX.search(path.name)
            torch.hub.download_url_to_file(
                weights.url, str(path), checksum.group(1) if checksum else None, progress=False
            )
    try:
        return get_model(name, weights=weights, progress=False).eval()
    except (OSError, RuntimeError, EOFError, UnpicklingError) as error:
        raise ModelError("weights.damaged_in_torch_cache", file=path.name, title=title, reason=reason(error)) from error


FEATURED = tuple(_spec(name, title, megabytes) for name, (title, megabytes) in SHOWN_FIRST.items())
