"""What a model is before and after loading. Public names: `CLASSES`, `Architecture`, `LoadedModel`, `ModelSpec`,
`Speech`, `load`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..engine.calls import module_name, module_of
from ..engine.devices import is_out_of_memory, mixed
from ..engine.forecast import Bound, twice_within, without_values
from ..engine.geometry import placed_for
from ..engine.inputs import Inputs, first_of
from ..engine.layout import Layer, Layout
from ..engine.parts import Parts
from ..engine.score import Score, contrast
from ..engine.survey import default_layer, dtype_of
from ..engine.weights import Weights
from ..errors import DeviceError, LayerError, ModelError, did_you_mean
from ..languages import Finding
from ..methods import DEFAULT_METHOD
from ..reading.photograph import Photograph
from ..reading.preprocess import Encoder, Preprocessing
from ..reading.trials import trial_picture
from ..request import CENTRE, WHOLE, Request
from ..tasks.classes import SOFTMAX, Head, class_index
from ..types import WHOLE as EVERYWHERE
from ..types import ModelInfo, Placement
from . import sizes
from .alone import writes_weights
from .frozen import frozen
from .split import in_parts

__all__ = ["CLASSES", "Architecture", "LoadedModel", "ModelSpec", "Speech", "load"]

# times as many pixels a side where detail is asked for
DETAIL = 2
# what a model does: "classes", or a task of a Speech
CLASSES = "classes"


class Speech(Protocol):
    """How a network that takes words beside the photograph is asked.

    Asked about one question, or one word of one caption, such a network is a classifier of photographs like any other.
    """

    @property
    def task(self) -> str:
        """What it does with words: "caption" or "answer"."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its classes, by index."""

    @property
    def word_layer(self) -> str | None:
        """The module whose output, (1, words, E), holds the words that were handed in, where those have values too."""

    @property
    def looks_with(self) -> str:
        """The module that is given the image alone, of whose layers maps are made; "" where there is none."""

    @property
    def in_parts(self) -> bool:
        """Whether the network's output is its `say` of what the module `looks_with` returns and the words."""

    def example(self) -> Inputs:
        """What comes beside the image, by name, to try the network out with."""

    def bound(self, model: LoadedModel, request: Request) -> LoadedModel:
        """`model` for what `request` asks about; raises TextError."""


def plain_score(target: int, rivals: Sequence[int], counterfactual: bool) -> Score:
    """A class's logit less the mean of its rivals', negated where it is a counterfactual."""
    return contrast(target, rivals, counterfactual=counterfactual)


@dataclass(frozen=True)
class ModelSpec:
    """A model that can be loaded: nothing here has been read or downloaded yet.

    `build` returns the network with its weights, or raises ModelError; `preprocessing` and `labels` are
    functions because asking for them imports the source. `default_layer` holds what tests/benchmarks
    measured; None means the deepest layer with at least 7 x 7 positions. A `private` model is for those who
    know its name: it is neither listed nor suggested, and what leaves the program calls it by its title. Where `usable`
    says no, it is as if it was not there. Inputs of more than `largest_input` pixels a side are refused. `identity`
    tells models apart that come to bear one name. `speech` is there where words come beside the photograph, made of
    the network that was built; `task` is what the model does, and `default_method` the key of the method that explains
    it where none is asked for, as tests/benchmarks measured. `remarks` are what a person should know about its scores.
    `settled` gives the same once its files are here, for those of which more is only known then; `origin` says where
    these came from. One that is `packaged` is made by the code of an installed package and of this project alone.
    """

    name: str
    title: str
    source: str
    build: Callable[[], nn.Module]
    preprocessing: Callable[[], Encoder]
    labels: Callable[[], tuple[str, ...]]
    is_offline: Callable[[], bool]
    default_layer: str | None = None
    download_mb: float = 0.0
    head: Head = SOFTMAX
    private: bool = False
    usable: Callable[[], bool] | None = None
    largest_input: int | None = None
    identity: object = field(default_factory=object)
    speech: Callable[[nn.Module], Speech] | None = None
    task: str = CLASSES
    remarks: tuple[Finding, ...] = ()
    settled: Callable[[], ModelSpec] | None = None
    origin: Mapping[str, str] = field(default_factory=dict)
    default_method: str = DEFAULT_METHOD
    packaged: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether whoever asks now may use it."""
        return self.usable is None or self.usable()

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(self.name, self.title, self.source, self.is_offline(), self.download_mb)


@dataclass(frozen=True)
class Architecture:
    """A classifier to put weights into: `build(classes, size)` gives it without any, for that number of pixels.

    `preprocessing` is what its own pretrained weights want. Tensors whose names begin with one of `optional` are
    not needed to run it.
    """

    name: str
    build: Callable[[int | None, int], nn.Module]
    preprocessing: Callable[[], Preprocessing]
    optional: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class LoadedModel:
    """A network that is ready: frozen, in eval mode, on its device, its layers found.

    `beside` is what it is given beside the photograph, `step` the one of its outputs that is asked about, and `word`
    the place in a caption of what stands there; `score` makes what is explained of a class, less its rivals.
    `own_target` and `default_method` are the class that is explained, None for the most probable, and by what, where
    none is asked for. Of one that is not `differentiable` gradients say nothing. The cells of layers called `unplaced`
    follow no place. One that is `deciding` may look elsewhere in another photograph. `view` is what it is given of the
    photograph; what is `resized` is given inputs of another size than its own. `origin` is the repository and the
    revision of one from the hub.
    `parts` are there where the part that looks at the photograph is run alone, once for all that is asked about it.
    """

    name: str
    title: str
    network: nn.Module
    labels: tuple[str, ...]
    preprocessing: Encoder
    layers: tuple[Layer, ...]
    default: Layer
    layouts: Mapping[str, Layout]
    in_place_safe: frozenset[str]
    head: Head = SOFTMAX
    private: bool = False
    largest_input: int | None = None
    identity: object = field(default_factory=object)
    detail: bool = False
    speech: Speech | None = None
    beside: Inputs = field(default_factory=dict)
    step: int = 0
    word: int | None = None
    score: Callable[[int, Sequence[int], bool], Score] = plain_score
    own_target: int | None = None
    remarks: tuple[Finding, ...] = ()
    differentiable: bool = True
    unplaced: frozenset[str] = frozenset()
    deciding: bool = False
    view: str = CENTRE
    resized: bool = False
    origin: Mapping[str, str] = field(default_factory=dict)
    default_method: str = DEFAULT_METHOD
    packaged: bool = False
    # shared with the same network at other sizes and for other questions; the gates are the runner's
    gates: dict[Hashable, Any] = field(default_factory=dict)
    weights: Weights = field(default_factory=Weights)
    parts: Parts | None = None

    def __repr__(self) -> str:
        return f"<LoadedModel: {self.title}>"

    @cached_property
    def nbytes(self) -> int:
        return sum(tensor.nbytes for tensor in (*self.network.parameters(), *self.network.buffers()))

    @cached_property
    def dtype(self) -> torch.dtype:
        """What the network computes in."""
        return dtype_of(self.network)

    @property
    def weights_state(self) -> int:
        """Another number once its weights were changed; always the same of a network that writes to them by itself."""
        return 0 if writes_weights(self.network) else self.weights.state(self.network)

    @cached_property
    def offered(self) -> Mapping[str, nn.Module]:
        """The modules of the offered layers by dotted name."""
        names = [layer.name for layer in self.layers]
        if self.speech is not None and self.speech.word_layer:
            names.append(self.speech.word_layer)
        return {name: module_of(self.network, name) for name in names}

    @cached_property
    def detailed(self) -> LoadedModel:
        """The same network on an input of twice the size, for maps of twice the resolution.

        Tried out by running it once. Raises ModelError where it takes no such input or its maps stay as coarse,
        DeviceError where memory does not suffice.
        """
        own = "×".join(map(str, self.preprocessing.input_shape[-2:]))  # noqa: RUF001
        enlarged = getattr(self.preprocessing, "enlarged", None)
        if enlarged is None:
            raise self._without_detail("transform", own)
        steps = enlarged(DETAIL)
        if self.largest_input is not None and max(steps.input_shape[-2:]) > self.largest_input:
            raise self._without_detail("too_large", own)
        try:
            found = sizes.surveyed(self.network, self.speech, trial_picture(steps), packaged=self.packaged)
            layers = tuple(found.every[layer.name] for layer in self.layers)
        except sizes.UNFIT as error:
            if is_out_of_memory(error):
                raise DeviceError("memory.no_room_for_detail") from error
            raise self._without_detail("one_size", own) from error
        default = found.every[self.default.name]
        if default.shape[1] <= self.default.shape[1]:
            raise self._without_detail("not_finer", own)
        return self._fed(
            steps,
            found.layouts,
            layers=layers,
            default=default,
            in_place_safe=found.in_place_safe,
            unplaced=found.unplaced,
            detail=True,
        )

    @cached_property
    def stride(self) -> sizes.Stride:
        """What the sides of its inputs must be multiples of, found by trying; raises DeviceError."""
        return sizes.stride(self)

    @cached_property
    def whole(self) -> LoadedModel:
        """The same network, given all of a photograph; raises ModelError where it takes one size only, DeviceError."""
        return self._in_step(sizes.whole(self), view=WHOLE)

    @cached_property
    def enlarged(self) -> tuple[LoadedModel, ...]:
        """The same network at the larger sizes that agree with its own on a sharper map; raises as `whole`."""
        steps = (sizes.enlarged(self, times) for times in sizes.SHARPER if times > 1)
        return tuple(map(self._in_step, steps))

    def _in_step(self, steps: Encoder, **changes: Any) -> LoadedModel:
        """The same with inputs in step with its maps, so that the cells of the offered ones divide them evenly."""
        evenly = {layer.name: replace(self.layouts[layer.name], part=EVERYWHERE) for layer in self.layers}
        return self._fed(steps, evenly, **changes)

    def _fed(self, steps: Encoder, layouts: Mapping[str, Layout], **changes: Any) -> LoadedModel:
        """The same on inputs of another size, on which places lie as `layouts` say."""
        return replace(
            self, preprocessing=steps, layouts={**self.layouts, **layouts}, resized=True, parts=None, **changes
        )

    @cached_property
    def key(self) -> tuple[Hashable, ...]:
        """The same for whatever sees the same in a photograph."""
        beside = tuple((name, tuple(values.flatten().tolist())) for name, values in self.beside.items())
        return (self.identity, self.view, self.preprocessing.input_shape, *beside)

    def encoded(self, photograph: Photograph) -> tuple[Inputs, Placement]:
        """What the network is given of a photograph and beside it, and where the input lies on the photograph."""
        steps = self.preprocessing
        image, placement = steps.encode(photograph.at_least(steps.enough), photograph.size)
        return {"image": image, **self.beside}, placement

    def probabilities(self, logits: Tensor) -> NDArray[np.float32]:
        """(K,) probabilities of the classes asked about, of the (1, K) or (1, steps, K) outputs of the network."""
        return self.head.of(logits)[0]

    def placed_for(self, inputs: Inputs) -> LoadedModel:
        """The same with its cells where they lie on these inputs; those that follow no place of them are `unplaced`."""
        if not self.deciding:
            return self
        image = first_of(inputs)
        trial = nn.functional.interpolate(trial_picture(self.preprocessing), image.shape[-2:]).to(image)
        found = placed_for(self.network, inputs, trial, self.layouts)
        if found is None:
            return self
        return replace(self, layouts={**self.layouts, **found}, unplaced=self.unplaced | (self.layouts.keys() - found))

    def _without_detail(self, why: str, own: str) -> ModelError:
        return ModelError("detail.refused", title=self.title, why=Finding(f"detail.{why}", own=own))

    def layer_modules(self, layer: str) -> Mapping[str, nn.Module]:
        """The modules to capture so that a map at `layer` can be made; raises LayerError.

        An offered layer shares one capture with all the others; any other module gets its own.
        """
        if self.speech is not None and layer == self.speech.word_layer:
            raise LayerError("layers.words", layer=layer)
        known = isinstance(layer, str) and bool(layer)
        if known and layer in self.offered:
            return self.offered
        if known and layer not in self.layouts and any(layer in (name, module_name(name)) for name in self.unplaced):
            raise LayerError("layer.follows_no_place", layer=layer, title=self.title)
        modules = dict(self.network.named_modules())
        if known and layer in self.layouts and module_name(layer) in modules:
            return {layer: modules[module_name(layer)]}
        if not known or layer not in modules:
            raise LayerError(
                "layer.unknown",
                layer=layer,
                title=self.title,
                near=did_you_mean(str(layer), list(dict.fromkeys([*self.offered, *filter(None, modules)]))),
            )
        return {layer: modules[layer]}

    def layer_name(self, layer: str) -> str:
        """`layer`, or of a module that runs several times its last call that shows places."""
        calls = [name for name in self.layouts if name != layer and module_name(name) == layer]
        return calls[-1] if calls and layer not in self.layouts else layer

    def class_index(self, target: int | str, name: str = "target") -> int:
        """A class index from an index, its digits, or a label; raises TargetError about the argument `name`."""
        return class_index(target, self.labels, self.title, name)


def load(spec: ModelSpec, device: torch.device, bound: Bound | None = None) -> LoadedModel:
    """Build the network, freeze it, move it to `device` and find its layers; raises ModelError.

    A pass of an input that is larger than the network's own may take no more than `bound`.
    """
    identity = spec.identity
    if spec.settled is not None:
        spec = spec.settled()
    network = frozen(spec.build())
    # what somebody's own class makes of these need not be the module itself
    network.to(device)
    network = mixed(network, device)
    preprocessing = spec.preprocessing()
    speech = spec.speech(network) if spec.speech else None
    beside = {} if speech is None else {name: values.to(device) for name, values in speech.example().items()}
    found = sizes.surveyed(network, speech, trial_picture(preprocessing), packaged=spec.packaged)
    words = {}
    if speech is not None and speech.word_layer:
        count = next(iter(beside.values())).shape[1]
        words[speech.word_layer] = Layout(channels=2, grid=(1, count), on_image=False)
    loaded = LoadedModel(
        spec.name,
        spec.title,
        network,
        speech.labels if speech else spec.labels(),
        preprocessing,
        found.stages,
        found.every[spec.default_layer] if spec.default_layer else default_layer(found.stages),
        {**found.layouts, **words},
        found.in_place_safe,
        spec.head,
        spec.private,
        spec.largest_input or _largest_input(network, speech, preprocessing, bound),
        identity,
        speech=speech,
        beside=beside,
        remarks=spec.remarks,
        differentiable=found.differentiable,
        unplaced=found.unplaced,
        # words are looked up by places as well, and pictures by none of them
        deciding=found.deciding and speech is None,
        origin=spec.origin,
        default_method=spec.default_method,
        packaged=spec.packaged,
    )
    return loaded if speech is None or not speech.in_parts or found.deciding else in_parts(loaded, speech.looks_with)


def _largest_input(network: nn.Module, speech: Speech | None, steps: Encoder, bound: Bound | None) -> int | None:
    """The most pixels a side within `bound`; None for any."""
    if bound is None:
        return None
    part = network if speech is None else network.get_submodule(speech.looks_with)
    return twice_within(without_values(part), max(steps.input_shape[-2:]), bound)
