"""timm's pretrained classifiers, each with its own data configuration and set of labels.

Weights come from the Hugging Face hub into its standard cache, when a model is chosen and not before. Importing
timm takes seconds: what is in the cache is found by its folder's name. Public names: `architecture`,
`at_hand`, `labels_of`, `names`, `preprocessing_of`, `spec`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ModelError
from ..reading.preprocess import Preprocessing
from ..types import MEGABYTE
from .base import Architecture, ModelSpec
from .fetch import fetching, reason
from .torchvision_source import imagenet_labels
from .transfer import SECONDS_TO_ANSWER

__all__ = ["architecture", "at_hand", "labels_of", "names", "preprocessing_of", "spec"]

# image towers of CLIP and their kind call the width of their embedding the number of classes
WIDEST_EMBEDDING = 1280
PREFIXES = ("timm/", "hf-hub:timm/", "hf_hub:timm/")
WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")


@cache
def names() -> tuple[str, ...]:
    """Every pretrained classifier that timm has, as "architecture.tag"; imports it."""
    import timm  # noqa: PLC0415 - takes seconds

    return tuple(name for name in timm.list_pretrained() if _is_classifier(_config(name)))


def _is_classifier(config: Any) -> bool:
    from timm.data import infer_imagenet_subset  # noqa: PLC0415

    known = infer_imagenet_subset({"num_classes": config.num_classes}) is not None
    return known or config.num_classes > WIDEST_EMBEDDING


def spec(name: str) -> ModelSpec | None:
    """The model called `name`, with or without "timm/", or an architecture for its default weights; else None.

    Raises ModelError for weights of timm's that end in features instead of classes.
    """
    import timm  # noqa: PLC0415

    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    if "." not in name and timm.is_model(name) and (config := timm.get_pretrained_cfg(name)) is not None:
        name = f"{name}.{config.tag}"
    if name in names():
        return _spec(name)
    if name in timm.list_pretrained():
        raise ModelError("model.no_classifier", name=name)
    return None


def at_hand() -> tuple[ModelSpec, ...]:
    """Those whose weights are in the Hugging Face hub's cache."""
    found = (folder.name.removeprefix("models--timm--") for folder in sorted(_cache().glob("models--timm--*")))
    return tuple(_spec(name) for name in found if any(_snapshots(f"timm/{name}", WEIGHT_FILES)))


def _spec(name: str) -> ModelSpec:
    return ModelSpec(
        name=name,
        title=name,
        source="timm",
        # threads that ask at the same time make a spec each, but what is loaded is one
        identity=("timm", name),
        build=partial(_build, name),
        preprocessing=partial(_preprocessing, name),
        labels=partial(_labels, name),
        is_offline=partial(_is_cached, name),
        packaged=True,
    )


def architecture(name: str) -> Architecture | None:
    """timm's `name` without weights, None where it has none."""
    import timm  # noqa: PLC0415

    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    bare, _, tag = name.partition(".")
    if not timm.is_model(bare) or (tag and name not in timm.list_pretrained()):
        return None
    return Architecture(name, partial(_empty, name), partial(_preprocessing, name))


def _empty(name: str, classes: int | None, size: int) -> nn.Module:
    import timm  # noqa: PLC0415

    options: dict[str, Any] = {} if classes is None else {"num_classes": classes}
    if classes is None or size == _preprocessing(name).crop:
        return timm.create_model(name, pretrained=False, **options)
    try:
        return timm.create_model(name, pretrained=False, img_size=size, **options)
    except TypeError:
        # takes any size
        return timm.create_model(name, pretrained=False, **options)


def _config(name: str) -> Any:
    import timm  # noqa: PLC0415

    return timm.get_pretrained_cfg(name)


def _preprocessing(name: str) -> Preprocessing:
    config = _config(name)
    # an architecture without pretrained weights has none of its own
    return preprocessing_of(config.to_dict() if config else None)


def preprocessing_of(config: dict[str, Any] | None) -> Preprocessing:
    """What a description of timm's says of how photographs are prepared."""
    from timm.data import resolve_data_config  # noqa: PLC0415

    data = resolve_data_config({"in_chans": 3}, pretrained_cfg=config)
    size = data["input_size"][-1]
    return Preprocessing(
        resize=math.floor(size / data["crop_pct"]),
        crop=size,
        interpolation=data["interpolation"].upper(),
        mean=tuple(data["mean"]),
        std=tuple(data["std"]),
        squash=data["crop_mode"] == "squash",
    )


def _labels(name: str) -> tuple[str, ...]:
    config = _config(name)
    return labels_of(config.num_classes, config.label_names)


def labels_of(classes: int, names: Sequence[str] | None) -> tuple[str, ...]:
    """The names of so many classes: its own `names`, those of the part of ImageNet that has as many, or numbers."""
    from timm.data import ImageNetInfo, infer_imagenet_subset  # noqa: PLC0415

    subset = infer_imagenet_subset({"num_classes": classes})
    if subset is None:
        return tuple(names or (f"class {index}" for index in range(classes)))
    # the same short names as everywhere else
    return imagenet_labels() if subset == "imagenet-1k" else tuple(ImageNetInfo(subset).label_descriptions())


def _cache() -> Path:
    from huggingface_hub import constants  # noqa: PLC0415

    return Path(constants.HF_HUB_CACHE)


def _repository(config: Any) -> str:
    return str(config.hf_hub_id).split("@")[0] if config.hf_hub_id else ""


def _repository_folder(repository: str) -> Path:
    return _cache() / f"models--{repository.replace('/', '--')}"


def _file_names(config: Any) -> tuple[str, ...]:
    return (config.hf_hub_filename,) if config.hf_hub_filename else WEIGHT_FILES


def _snapshots(repository: str, file_names: tuple[str, ...]) -> list[Path]:
    """Weight files of `repository` in the cache, the newest last."""
    folder = _repository_folder(repository) / "snapshots"
    found = [path for name in file_names for path in folder.glob(f"*/{name}") if path.is_file()]
    return sorted(found, key=lambda path: path.lstat().st_mtime)


def _cached(config: Any) -> Path | None:
    if repository := _repository(config):
        return next(reversed(_snapshots(repository, _file_names(config))), None)
    path = _torch_file(config)
    return path if path.is_file() else None


def _torch_file(config: Any) -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(config.url).name


def _is_cached(name: str) -> bool:
    return any(_snapshots(f"timm/{name}", WEIGHT_FILES)) or _cached(_config(name)) is not None


def _build(name: str) -> nn.Module:
    import timm  # noqa: PLC0415

    config = _config(name)
    if config is None:
        raise ModelError("model.needs_newer_timm", name=name)
    path = _cached(config) or (_from_hub(name, config) if _repository(config) else _from_address(name, config))
    try:
        weights = {"state_dict": _read(path)}
        return _made(partial(timm.create_model, name, pretrained=True, pretrained_cfg_overlay=weights))
    except (OSError, RuntimeError, EOFError, KeyError, ValueError, UnpicklingError) as error:
        raise ModelError("weights.damaged_in_hub_cache", file=path.name, name=name, reason=reason(error)) from error


def _made(create: Callable[..., Any]) -> nn.Module:
    """The network, where it can be told to with its codes of places interpolated for inputs of other sizes."""
    try:
        network: nn.Module = create(dynamic_img_size=True)
    except TypeError:
        # it has no such codes, or none that can be interpolated
        network = create()
    return network.eval()


def _read(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError  # noqa: PLC0415
        from safetensors.torch import load_file  # noqa: PLC0415

        try:
            return load_file(path)
        except SafetensorError as error:
            raise ValueError(str(error)) from error
    return torch.load(path, map_location="cpu", weights_only=True)


def _from_hub(name: str, config: Any) -> Path:
    from huggingface_hub import hf_hub_download  # noqa: PLC0415

    repository = _repository(config)
    blobs = _repository_folder(repository) / "blobs"
    with fetching(name, name, blobs):
        file_name, size = _offered(repository, _file_names(config))
    with fetching(name, name, blobs, megabytes=size):
        return Path(hf_hub_download(repository, file_name, cache_dir=_cache()))


def _offered(repository: str, file_names: tuple[str, ...]) -> tuple[str, float]:
    """The first of `file_names` that the hub has, and its megabytes.

    Asked once and without the hub's own retries, which make somebody without a network wait for half a minute.
    """
    from huggingface_hub import get_session, hf_hub_url  # noqa: PLC0415

    status = 0
    for file_name in file_names:
        answer = get_session().head(hf_hub_url(repository, file_name), timeout=SECONDS_TO_ANSWER)
        status = answer.status_code
        if status < 400:
            size = answer.headers.get("X-Linked-Size") or answer.headers.get("Content-Length") or 0
            return file_name, float(size) / MEGABYTE
    raise OSError(f"the hub answered {status}")


def _from_address(name: str, config: Any) -> Path:
    path = _torch_file(config)
    with fetching(name, name, path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        checksum = torch.hub.HASH_REGEX.search(path.name)
        torch.hub.download_url_to_file(config.url, str(path), checksum.group(1) if checksum else None, progress=False)
    return path
