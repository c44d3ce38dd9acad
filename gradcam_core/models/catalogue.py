"""The models that can be asked, those of the registry and one's own, each loaded once.

    catalogue = Catalogue(torch.device("cpu"))
    catalogue.add_model("mine", network, labels=["cat", "dog"])
    catalogue.load("mine").layers

Public names: `Catalogue`, `Offer`.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from operator import is_
from pathlib import Path
from threading import Lock
from typing import Any

import torch
from torch import nn

from ..engine.cache import ByteCache
from ..engine.devices import model_bytes, with_room
from ..engine.forecast import Bound
from ..engine.layout import Layer
from ..errors import ModelError
from ..languages import Finding
from ..reading.uploads import Upload
from ..request import WHOLE, Request, known_options
from ..signatures import takes_fields
from ..types import ModelInfo
from . import (
    DEFAULT_MODEL,
    MODELS,
    SPEAKERS,
    Access,
    at_hand,
    every,
    find_architecture,
    find_model,
    how_far,
    hub_source,
    own,
)
from .base import CLASSES, LoadedModel, ModelSpec, load
from .checkpoint import MAX_BYTES, load_checkpoint
from .labels_file import Labels, names_of, read_labels
from .tasks import own_spec, task_of

__all__ = ["Catalogue", "Offer"]

# what may be said of a module of one's own, and what of that a file of weights says by itself, or by other names
OWN = tuple(one.name for one in fields(own.About))
SAID_BY_A_FILE = frozenset({"labels", "transform", "input_size", "largest_input"})


@dataclass(frozen=True)
class Offer:
    """What of a catalogue somebody may use: what of the hub, which model first, and whether only those added to it."""

    access: Access = Access.HOST
    first: str = DEFAULT_MODEL
    only: bool = False


@dataclass
class _Added:
    """Models of one's own. `specs` is replaced as a whole, never changed, so that reading needs no lock."""

    specs: dict[str, ModelSpec] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)


class Catalogue:
    """Finds models by name, adds and removes one's own, and keeps those that were loaded, on `device`.

    Weights that are in memory so many times, `copies`, are counted as often. Inputs that are larger than a network's
    own are refused where a pass of twice its size would take more than `bound`.
    """

    def __init__(self, device: torch.device, copies: float = 1.0, bound: Bound | None = None) -> None:
        self._device = device
        self._bound = bound
        self._models: ByteCache[LoadedModel] = ByteCache(int(model_bytes(device) / copies), float("inf"))
        self._added = _Added()
        self._offer = Offer()

    def models(self, task: str = CLASSES) -> tuple[ModelInfo, ...]:
        """All offered models for a task, those that need no download first; private ones are not among them.

        `task` is "classes", "caption" or "answer". The first call for classes takes seconds.
        """
        whole = task == CLASSES and not self._offer.only
        return self._listed(every(self._specs, self._offer.access) if whole else self._specs, task)

    def models_first(self) -> tuple[ModelInfo, ...]:
        """Those to show before anybody searches: what is on this machine, and a few well-known ones."""
        return self._listed(self._specs if self._offer.only else at_hand(self._specs, self._offer.access), CLASSES)

    @takes_fields(own.About)
    def add_model(self, name: str, module: nn.Module, **options: Any) -> ModelInfo:
        """Offer a network of one's own under `name`, in this explainer only; none of the options needs to be given.

        `labels` name its classes by index, or are a dict of index to name or of name to index, or a file of them; None
        numbers them.
        `transform` makes the input of a PIL image or an (H, W, 3) uint8 array, by any code: where it looks is found
        out by trying. None: resize, crop and normalise as for ImageNet to `input_size` pixels (224). `logits` picks
        the (1, K) scores out of what the network returns, where it is not clear which they are. `head` is a key of
        HEADS: "softmax", "sigmoid" for several labels at once, "logit" for a single output that decides no or yes,
        "value" for numbers that are shown as they are; None for what fits: of a network that returns probabilities
        what made them, which is tried out, "logit" for one output with `labels`, "value" for one without.

        A `private` model can be used by its name alone: `models()` does not list it, records call it by its title; and
        only where `usable`, asked each time, says yes. Inputs of more than `largest_input` pixels a side are refused.

        With the `task` "answer" or "caption" the module takes `words` beside the image, (n, T) int64: a `Wording` says
        how texts become such numbers. For a question it returns (n, answers) scores, which `labels` name; for a caption
        (n, T, V) scores of what stands behind each of its words.

        The weights are shared, not copied, and the module is left as it is: its mode, its requires_grad, its device.
        Trained further, it answers with the weights that it has by then, by PyTorch alone until `refresh` is called,
        and nothing more can be asked about answers of before. Raises ModelError, LayerError, OutputError where it
        cannot be explained, DeviceError where memory does not suffice; then nothing is added.
        """
        self._check_free(name)
        known_options(options, OWN)
        return self._offered(name, self._spec(name, module, own.About(**options)))

    def _spec(self, name: str, module: nn.Module, about: own.About) -> ModelSpec:
        return with_room(partial(own_spec, name, module, about), self._let_go)

    def _offered(self, name: str, spec: ModelSpec) -> ModelInfo:
        # finds its layers, or says why there are none
        self._ready(spec)
        with self._added.lock:
            if name in self._own:
                raise ModelError("name.taken", name=name)
            self._added.specs = {**self._own, name: spec}
        return spec.info

    def add_checkpoint(
        self,
        path: str | Path | Upload,
        architecture: str,
        labels: Labels | str | None = None,
        input_size: int | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        *,
        name: str | None = None,
        max_bytes: int = MAX_BYTES,
        bound: Bound | None = None,
        **options: Any,
    ) -> ModelInfo:
        """Offer a file of one's own weights, in this explainer only, under `name` (None: the file's).

        `path` is a safetensors file or one that torch.save wrote, read as data and never as code; `architecture` a
        classifier's name in torchvision or timm, such as "resnet18" or "timm/resnet18". The number of classes is
        read from the head; `labels` are their names, or a file of them: one a line, JSON or CSV. `input_size`, `mean`
        and `std` replace those of the architecture's own pretrained weights; `options`, such as `title` and `head`,
        are as in `add_model`. A file may be no larger than `max_bytes`, one pass take no more than `bound`,
        which is told before anything is built or run. Raises as `add_model` does; then nothing is added.
        """
        known_options(options, [name for name in OWN if name not in SAID_BY_A_FILE])
        name = Path(path.name if isinstance(path, Upload) else path).stem if name is None else name
        self._check_free(name)
        read = partial(
            load_checkpoint, path, find_architecture(architecture),
            input_size=input_size, mean=mean, std=std, max_bytes=max_bytes, bound=bound,
        )  # fmt: skip
        found = with_room(read, self._let_go)
        if isinstance(labels, str):
            labels = read_labels(labels)
        options["title"] = options.get("title") or f"{name} ({architecture})"
        of_file = {"labels": labels, "transform": found.preprocessing, "largest_input": found.largest_input}
        spec = self._spec(name, found.network, own.About(**{**options, **of_file}))
        return self._offered(name, replace(spec, remarks=(*found.remarks, *spec.remarks)))

    def add_pretrained(self, path: str | Path, *, name: str | None = None, labels: Labels | None = None) -> ModelInfo:
        """Offer an image classifier of transformers or timm, in this explainer only, under `name` (None: its own).

        `path` is a folder that `save_pretrained` wrote, or an id of the hub, "owner/name" or "owner/name@revision",
        which is fetched now. `labels` replace those that it has. Raises as `add_model` does; then nothing is added.
        """
        folder = Path(path).is_dir()
        name = (Path(path).resolve().name if folder else str(path)) if name is None else name
        self._check_free(name)

        def made() -> ModelSpec:
            if folder:
                return hub_source.folder(path, name, labels)
            return hub_source.fetched(str(path), name, labels)

        return self._offered(name, with_room(made, self._let_go))

    def add_known(self, known: str, *, name: str | None = None, labels: Labels | None = None) -> ModelInfo:
        """Offer a model that can be used anyway, such as "resnet50", as one of one's own too, under `name`.

        `labels` replace those that it has, of one that answers or describes none. Raises ModelError; then nothing is
        added.
        """
        spec = find_model(known, ChainMap(MODELS, SPEAKERS))
        name = spec.name if name is None else name
        if name in self._own:
            raise ModelError("name.taken", name=name)
        spec = replace(spec, name=name, title=spec.title if name == spec.name else name)
        if labels is not None:
            if spec.speech is not None:
                raise ModelError("labels.of_words", title=spec.title)
            names = names_of(labels, len(spec.labels()))
            spec = replace(spec, labels=lambda: names)
        return self._offered(name, spec)

    def remove_model(self, name: str) -> None:
        """Forget a model that was added, and all that is remembered of it; raises ModelError."""
        with self._added.lock:
            if name not in self._own:
                raise ModelError("name.not_added", name=name)
            spec = self._own[name]
            self._added.specs = {key: other for key, other in self._own.items() if key != name}
        self._models.drop(lambda key: key is spec.identity)
        self._forget(spec.identity)

    def refresh(self) -> None:
        """Look at the weights of all models that were added anew: they may have been trained further meanwhile."""
        with self._added.lock:
            before = self._own
            self._added.specs = {name: replace(spec, identity=object()) for name, spec in before.items()}
        for spec in before.values():
            self._models.drop(partial(is_, spec.identity))
            self._forget(spec.identity)

    @property
    def offer(self) -> Offer:
        """What of it whoever has this one may use."""
        return self._offer

    @property
    def default_model(self) -> str:
        """The name of the model that is asked where none is named."""
        return self._offer.first

    @property
    def own_models(self) -> tuple[str, ...]:
        """The names of the models that were added, but for private ones, in that order."""
        return tuple(name for name, spec in self._own.items() if not spec.private)

    @property
    def _own(self) -> dict[str, ModelSpec]:
        return self._added.specs

    @property
    def _specs(self) -> Mapping[str, ModelSpec]:
        return ChainMap(self._own) if self._offer.only else ChainMap(self._own, MODELS, SPEAKERS)

    def _found(self, name: str | None) -> ModelSpec:
        return find_model(
            self.default_model if name is None else name, self._specs, self._offer.access, self._offer.only
        )

    def _check_free(self, name: str) -> None:
        if not isinstance(name, str) or not name.strip():
            raise ModelError("name.empty", name=name)
        if name in self._specs:
            raise ModelError("name.taken", name=name)

    def layers(self, model: str | None = None) -> tuple[Layer, ...]:
        """The offered layers of `model`, in order from input to output; raises ModelError."""
        return self.load(model).layers

    def default_layer(self, model: str | None = None) -> Layer:
        """The layer that is explained where none is asked for; raises ModelError."""
        return self.load(model).default

    def labels(self, model: str | None = None) -> tuple[str, ...]:
        """The names of the classes of `model`, by index; raises ModelError."""
        return self.load(model).labels

    def load(self, model: str | None = None, *, detail: bool = False) -> LoadedModel:
        """The model, loaded once however many ask for it at the same time; raises ModelError.

        With `detail` for inputs of twice the size, where it can take them.
        """
        spec = self._found(model)
        loaded = self._ready(spec)
        return loaded.detailed if detail else loaded

    def asked(self, request: Request) -> LoadedModel:
        """The model of `request`, bound to its question or caption where it has one; raises ModelError, TextError."""
        return self.sights(request)[0]

    def sights(self, request: Request) -> tuple[LoadedModel, ...]:
        """The model of `request` at each of the input sizes whose maps are to agree, that of the answer first.

        Each is bound as `asked` says; one size alone where no sharper map is asked for. Raises ModelError, TextError.
        """
        task = task_of(request)
        model = self.load(request.model or task.default_model)
        if model.speech is None and task.asked_with:
            raise ModelError("model.no_words", model=model.title)
        model = model.whole if request.view == WHOLE else model
        model = model.detailed if request.detail else model
        models = (model, *model.enlarged) if request.sharper else (model,)
        return tuple(one if one.speech is None else one.speech.bound(one, request) for one in models)

    def _ready(self, spec: ModelSpec) -> LoadedModel:
        make = partial(load, spec, self._device, self._bound)
        return self._models.get(spec.identity, partial(with_room, make, self._let_go))

    def how_far(self, model: str) -> Finding:
        """What the loading of `model` is at."""
        spec = self._found(model)
        return how_far(spec.name) or Finding("fetch.loading", model=spec.title if spec.private else model)

    def _let_go(self) -> None:
        """Make room: what is in use stays alive through whoever uses it."""
        self._models.clear()

    def _forget(self, identity: object) -> None:
        """Let go of what was made with the model of that identity, which is no longer there."""

    def _listed(self, specs: Mapping[str, ModelSpec], task: str) -> tuple[ModelInfo, ...]:
        infos = (spec.info for spec in specs.values() if spec.task == task and not spec.private)
        own = list(self.own_models)

        def place(info: ModelInfo) -> tuple[bool, int, bool]:
            return (
                info.name != self.default_model,
                own.index(info.name) if info.name in own else len(own),
                not info.offline,
            )

        return tuple(sorted(infos, key=place))
