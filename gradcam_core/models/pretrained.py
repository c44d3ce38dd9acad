"""A network out of the files that transformers and timm save: its layers, its image processor, its labels.

    spec = network_in(snapshot, "owner/name")     # a ModelSpec

A description is data from somebody else: it may name a network that these libraries have, and nothing else. No code in
it is run, no file that it names is opened, and what it would take is told before anything is built. Public names:
`BESIDE`, `NEEDED`, `network_in`.
"""

from __future__ import annotations

import inspect
import json
import math
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_module_registration_hook

from ..engine.devices import is_out_of_memory
from ..engine.forecast import Bound, forecast
from ..errors import CamError, ModelError, did_you_mean
from ..languages import Finding
from ..reading.preprocess import LARGEST_SIDE, Encoder, Preprocessing
from ..reading.probed_transform import Ramped
from ..types import BILLION, GIGABYTE, MEGABYTE
from . import own, timm_source
from .base import Architecture, ModelSpec
from .fetch import reason
from .fitting import without_memory
from .hub import MAX_BYTES, WEIGHTS, Snapshot
from .labels_file import Labels

__all__ = ["BESIDE", "NEEDED", "network_in"]

CONFIG, PROCESSOR = "config.json", "preprocessor_config.json"
NEEDED, BESIDE = ((CONFIG,), WEIGHTS), (PROCESSOR,)
# what one pass may take; the largest networks for 224 pixels take a third of it
BOUND = Bound(nbytes=6_000_000_000, operations=2_000_000_000_000)
# no real network has a larger number in its description, or more modules
LARGEST_NUMBER, MOST_MODULES = 1_000_000, 20_000
# what a description may say of code to be run, and of how attention is computed, which may be fetched code too
NOT_READ = ("auto_map", "attn_implementation", "_attn_implementation", "_attn_implementation_internal",
            "experts_implementation", "custom_pipelines", "use_kernels", "transformers_version")  # fmt: skip
MULTI_LABEL = "multi_label_classification"


def network_in(snapshot: Snapshot, name: str, title: str | None = None, labels: Labels | None = None) -> ModelSpec:
    """The classifier whose files `snapshot` holds, with its own labels where none are given.

    Raises ModelError, OutputError with what is wrong with it.
    """
    config = snapshot.json(CONFIG)
    _checked(config, snapshot, LARGEST_NUMBER)
    read = _timm if "architecture" in config else _transformers
    try:
        found = read(snapshot, config)
        chosen = found.labels if labels is None else labels
        about = own.About(
            labels=chosen, transform=found.steps, logits=found.logits, head=found.head, title=title or name
        )
        spec = own.spec(name, found.network, about)
    except CamError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        # a description may lead anywhere in another library
        raise _unfit(snapshot, Finding("hub.why_failed", kind=type(error).__name__, reason=reason(error))) from error
    origin = {"repository": snapshot.repository, "revision": snapshot.commit} if snapshot.commit else {}
    return replace(spec, source="hub" if origin else "folder", origin=origin)


def _unfit(snapshot: Snapshot, why: Finding) -> ModelError:
    return ModelError("hub.network_unfit", model=snapshot.title, why=why)


def _checked(value: Any, snapshot: Snapshot, largest: int) -> None:
    """Raises ModelError where a number in a description is larger than any network's."""
    parts = [value]
    while parts:
        part = parts.pop()
        if isinstance(part, Mapping):
            parts += part.values()
        elif isinstance(part, list):
            parts += part
        elif isinstance(part, (int, float)) and math.isfinite(part) and abs(part) > largest:
            raise _unfit(snapshot, Finding("hub.why_number", number=part, largest=largest))


@dataclass(frozen=True)
class _Read:
    """What the files hold: a network, how photographs are prepared for it, its labels, and how its scores are read."""

    network: nn.Module
    steps: Encoder
    labels: Labels | None
    logits: Callable[[Any], Any] | None = None
    head: str | None = None


def _transformers(snapshot: Snapshot, config: dict[str, Any]) -> _Read:
    transformers = _library(snapshot)
    if "quantization_config" in config:
        raise _unfit(snapshot, Finding("hub.why_quantised"))
    if PROCESSOR not in snapshot.files:
        raise _unfit(snapshot, Finding("hub.why_no_processor", file=PROCESSOR))
    steps = snapshot.json(PROCESSOR)
    _checked(steps.get("size"), snapshot, LARGEST_SIDE)
    _checked(steps.get("crop_size"), snapshot, LARGEST_SIDE)
    _checked(config.get("image_size"), snapshot, LARGEST_SIDE)
    with tempfile.TemporaryDirectory() as folder:
        # as they are but for what names code; from a folder that holds nothing else, nothing else can come
        for file, content in ((CONFIG, config), (PROCESSOR, steps)):
            plain = {key: value for key, value in content.items() if key not in NOT_READ}
            (Path(folder) / file).write_text(json.dumps(plain), "utf-8")
        options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        described = transformers.AutoConfig.from_pretrained(folder, **options)
        kinds = transformers.AutoModelForImageClassification._model_mapping
        if type(described) not in kinds:
            known = [kind.model_type for kind in kinds]
            raise ModelError(
                "hub.no_classifier", model=snapshot.title, kind=described.model_type,
                near=did_you_mean(str(described.model_type), known),
            )  # fmt: skip
        processor = transformers.AutoImageProcessor.from_pretrained(folder, **options)
    if getattr(described, "use_pretrained_backbone", False):
        described.use_pretrained_backbone = False
    kind = _kind(kinds[type(described)], config)
    encoder = Ramped(_Prepared(processor))
    _affordable(lambda: kind(described), encoder, snapshot)
    with _few_modules(snapshot), _quiet(transformers):
        network, found = kind.from_pretrained(
            None, config=described, state_dict=snapshot.weights(), output_loading_info=True, dtype=torch.float32
        )
    if lacking := [*found["missing_keys"], *(str(one) for one in found["mismatched_keys"])]:
        raise _unfit(snapshot, Finding("hub.why_untrained", names=tuple(sorted(lacking)[:3])))
    labels = {int(index): str(label) for index, label in (described.id2label or {}).items()}
    head = "sigmoid" if config.get("problem_type") == MULTI_LABEL else None
    return _Read(network, encoder, labels, _logits, head)


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Without its own bar of progress, which would stand in the log of the server."""
    logging = transformers.utils.logging
    before = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if before:
            logging.enable_progress_bar()


def _library(snapshot: Snapshot) -> Any:
    try:
        import transformers  # noqa: PLC0415 - takes seconds, and few need it
    except ImportError as error:
        raise _unfit(snapshot, Finding("hub.why_no_package")) from error
    return transformers


def _kind(kinds: Any, config: Mapping[str, Any]) -> Any:
    """The class of networks: of several the one that the description names, else the first."""
    several = kinds if isinstance(kinds, (list, tuple)) else [kinds]
    named = config.get("architectures") or []
    return next((kind for kind in several if kind.__name__ in named), several[0])


def _logits(returned: Any) -> Any:
    # some call their scores what others call the last layer
    return getattr(returned, "logits", None) if "logits" in returned else returned[0]


class _Prepared:
    """A processor of transformers as a transform of a PIL image."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor
        self.__name__ = type(processor).__name__

    def __call__(self, image: Any) -> Any:
        return self._processor(image, return_tensors="pt")["pixel_values"]


def _timm(snapshot: Snapshot, config: dict[str, Any]) -> _Read:
    import timm  # noqa: PLC0415 - takes seconds

    architecture, given = config["architecture"], config.get("model_args") or {}
    if not isinstance(architecture, str) or not timm.is_model(architecture):
        raise ModelError(
            "hub.no_classifier", model=snapshot.title, kind=architecture,
            near=did_you_mean(str(architecture), timm.list_models()),
        )  # fmt: skip
    # its own parameters open files and fetch weights
    arguments = set(inspect.signature(timm.create_model).parameters)
    data = {**config, **(config.get("pretrained_cfg") or {})}
    classes = data.get("num_classes")
    if not isinstance(given, Mapping) or arguments & set(given) or not isinstance(classes, int):
        raise _unfit(snapshot, Finding("hub.why_arguments"))
    _checked(data.get("input_size"), snapshot, LARGEST_SIDE)
    options = {"num_classes": classes, **given}

    def build() -> nn.Module:
        with _few_modules(snapshot):
            return timm.create_model(architecture, pretrained=False, **options)

    steps = timm_source.preprocessing_of(data)
    _affordable(build, steps, snapshot)
    network = build()
    weights = {key.removeprefix("timm_model."): value for key, value in snapshot.weights().items()}
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        # its first line says nothing
        lines = [line.strip() for line in str(error).splitlines()]
        raise _unfit(
            snapshot, Finding("hub.why_other_weights", architecture=architecture, reason=lines[-1][:160])
        ) from error
    return _Read(network.float(), steps, timm_source.labels_of(classes, data.get("label_names")))


def _affordable(build: Any, encoder: Encoder, snapshot: Snapshot) -> None:
    """Raises ModelError where a network's weights, or one pass through it, take more than is allowed."""
    with _few_modules(snapshot):
        outline = without_memory(Architecture(snapshot.title, lambda *_: build(), _no_steps), None, 0).eval()
    size = sum(tensor.nbytes for tensor in (*outline.parameters(), *outline.buffers()))
    if size > 2 * MAX_BYTES:
        raise ModelError("hub.too_large", name=snapshot.title, megabytes=size / MEGABYTE, most=2 * MAX_BYTES / MEGABYTE)
    cost = forecast(outline, encoder.input_shape)
    if cost is not None and BOUND.share(cost) > 1:
        raise ModelError(
            "hub.pass_too_large", model=snapshot.title, nbytes=cost.nbytes / GIGABYTE,
            operations=cost.operations / BILLION, most=BOUND.nbytes / GIGABYTE,
            most_operations=BOUND.operations / BILLION,
        )  # fmt: skip


def _no_steps() -> Preprocessing:
    return Preprocessing(1, 1)


@contextmanager
def _few_modules(snapshot: Snapshot) -> Iterator[None]:
    """Whoever builds a network of more parts than any has within the block is stopped with a ModelError."""
    thread, count = threading.get_ident(), 0

    def counted(*_: Any) -> None:
        nonlocal count
        if threading.get_ident() == thread:
            count += 1
            if count > MOST_MODULES:
                raise _unfit(snapshot, Finding("hub.why_parts", most=MOST_MODULES))

    handle = register_module_module_registration_hook(counted)
    try:
        yield
    finally:
        handle.remove()
