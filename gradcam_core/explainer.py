"""`Explainer`: all that a user interface or a script needs, in one object for any number of threads.

Usage:

    explainer = Explainer()
    explanation = explainer.explain("cat.jpg", target="tabby")
    explanation.overlay().save("why.png")
"""

from __future__ import annotations

import itertools
import logging
from collections import ChainMap
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .compare import Cell, Comparison, axes, filled
from .engine import capture as capturing
from .engine.borrowed_gpu import Ahead, LentCapture, look_ahead
from .engine.cache import ByteCache
from .engine.devices import full_precision, is_mixed, model_bytes, resolve_device, with_room
from .engine.inputs import Inputs, first_of
from .engine.layout import Layer
from .engine.score import Score, contrast
from .engine.watch import NOBODY, Watch
from .errors import MethodError, ModelError, OutputError, StoppedError, TargetError
from .explanation import Explanation
from .methods import find_method
from .methods.evidence import Question
from .models import (
    DEFAULT_MODEL,
    MODELS,
    LoadedModel,
    ModelSpec,
    at_hand,
    every,
    find_architecture,
    find_spec,
    how_far,
    load,
    own,
)
from .models.checkpoint import MAX_BYTES, load_checkpoint, read_labels
from .reading.photograph import ImageSource, Photograph, content_of, digest_of, read_photograph
from .reading.preprocess import Encoder
from .request import AUTO, NEXT_THREE
from .tasks.classes import prediction, top_predictions
from .types import ModelInfo, Placement, Prediction

__all__ = ["Explainer"]

log = logging.getLogger(__name__)

NEXT = 3
Rival: TypeAlias = "int | str | Sequence[int | str] | None"
MEGABYTE = 1_000_000
DEFAULT_CACHE_MB = 1024
DEFAULT_TTL_SECONDS = 3600.0
# photographs are cheap to decode again, captures are not: a quarter of the budget is theirs
PHOTOGRAPH_SHARE = 0.25
# what the allocator cannot use between things that are still kept (measured: tests.benchmarks, memory)
FRAGMENTS_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class _Seen:
    """One image as one model saw it."""

    capture: capturing.Capture
    placement: Placement
    probabilities: NDArray[np.float32]

    @property
    def nbytes(self) -> int:
        return self.capture.nbytes + self.probabilities.nbytes


class Explainer:
    """Explains what image classifiers see; the only long-lived object of the core.

    `device` is "auto", "cuda", "mps" or "cpu"; `cache_mb` bounds what photographs and captures are kept, for
    at most `cache_ttl` seconds, so that another class, layer or method needs no forward pass. `lend` is a decorator
    under which a card is there for one call, such as `spaces.GPU`: all else is computed on the CPU then.
    Raises DeviceError.
    """

    def __init__(
        self,
        *,
        device: str | torch.device = AUTO,
        cache_mb: float = DEFAULT_CACHE_MB,
        cache_ttl: float = DEFAULT_TTL_SECONDS,
        lend: Callable[[Callable[..., Any]], Callable[..., Any]] | None = None,
    ) -> None:
        lent = lend(self._look_ahead) if lend is not None else None
        # such a decorator gives the function itself back where nothing is lent
        self._lent = None if lent is None or lent == self._look_ahead else lent
        self.device = resolve_device("cpu" if self._lent else device)
        photograph_bytes = int(cache_mb * MEGABYTE * PHOTOGRAPH_SHARE)
        result_bytes = int(cache_mb * MEGABYTE * (1 - PHOTOGRAPH_SHARE - FRAGMENTS_SHARE))
        self._photographs: ByteCache[Photograph] = ByteCache(photograph_bytes, cache_ttl)
        # captures and the gradients asked of them, in one order of use
        self._results: ByteCache[Any] = ByteCache(result_bytes, cache_ttl)
        self._models: ByteCache[LoadedModel] = ByteCache(model_bytes(self.device), float("inf"))
        # replaced as a whole, never changed, so that reading needs no lock
        self._own: dict[str, ModelSpec] = {}
        self._adding = Lock()

    def models(self) -> tuple[ModelInfo, ...]:
        """All offered models, those that need no download first; private ones are not among them.

        The first call takes seconds.
        """
        return _listed(every(self._specs))

    def models_first(self) -> tuple[ModelInfo, ...]:
        """Those to show before anybody searches: what is on this machine, and a few well-known ones."""
        return _listed(at_hand(self._specs))

    def add_model(
        self,
        name: str,
        module: nn.Module,
        *,
        labels: Sequence[str] | None = None,
        transform: Encoder | Callable[[Any], Any] | None = None,
        input_size: int | None = None,
        logits: Callable[[Any], Tensor] | None = None,
        head: str | None = None,
        title: str | None = None,
        private: bool = False,
    ) -> ModelInfo:
        """Offer a network of one's own under `name`, in this explainer only.

        `labels` name its classes by index, None numbers them. `transform` makes the input of a PIL image or an
        (H, W, 3) uint8 array, by any code: where it looks is found out by trying. None: resize, crop and normalise
        as for ImageNet to `input_size` pixels (224). `logits` picks the (1, K) scores out of what the
        network returns, where that is not a tensor. `head` is a key of HEADS: "softmax", "sigmoid" for several
        labels at once, "logit" for a single output; None: "logit" for one output, else "softmax". A `private`
        model can be used by its name alone: `models()` does not list it.

        The weights are shared, not copied, and the module is left as it is: its mode, its requires_grad, its device.
        After training it further, add it again. Raises ModelError, LayerError, OutputError where it cannot be
        explained, DeviceError where memory does not suffice; then nothing is added.
        """
        self._check_free(name)
        make = partial(
            own.spec, name, module,
            labels=labels, transform=transform, input_size=input_size, logits=logits, head=head, title=title,
            private=private,
        )  # fmt: skip
        spec = with_room(make, self._let_go)
        # finds its layers, or says why there are none
        self._ready(spec)
        with self._adding:
            self._check_free(name)
            self._own = {**self._own, name: spec}
        return spec.info

    def add_checkpoint(
        self,
        path: str | Path,
        architecture: str,
        labels: Sequence[str] | str | Path | None = None,
        input_size: int | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        *,
        name: str | None = None,
        title: str | None = None,
        head: str | None = None,
        private: bool = False,
        max_bytes: int = MAX_BYTES,
    ) -> ModelInfo:
        """Offer a file of one's own weights, in this explainer only, under `name` (None: the file's).

        `path` is a safetensors file or one that torch.save wrote, read as data and never as code; `architecture` a
        classifier's name in torchvision or timm, such as "resnet18" or "timm/resnet18". The number of classes is
        read from the head; `labels` are their names, or a file of them: one a line, or JSON. `input_size`, `mean`
        and `std` replace those of the architecture's own pretrained weights; `title`, `head` and `private` are as in
        `add_model`. Raises as `add_model` does; then nothing is added.
        """
        name = Path(path).stem if name is None else name
        self._check_free(name)
        read = partial(
            load_checkpoint, path, find_architecture(architecture),
            input_size=input_size, mean=mean, std=std, max_bytes=max_bytes,
        )  # fmt: skip
        network, steps = with_room(read, self._let_go)
        if isinstance(labels, (str, Path)):
            labels = read_labels(labels)
        title = title or f"{name} ({architecture})"
        return self.add_model(name, network, labels=labels, transform=steps, head=head, title=title, private=private)

    def remove_model(self, name: str) -> None:
        """Forget a model that was added, and all that is remembered of it; raises ModelError."""
        with self._adding:
            if name not in self._own:
                raise ModelError(f"`name` {name!r} is not a model that was added here, so it cannot be removed.")
            spec = self._own[name]
            self._own = {key: other for key, other in self._own.items() if key != name}
        self._models.drop(lambda key: key is spec.identity)
        self._results.drop(lambda key: isinstance(key, tuple) and any(part is spec.identity for part in key))

    @property
    def _specs(self) -> Mapping[str, ModelSpec]:
        return ChainMap(self._own, MODELS)

    def _check_free(self, name: str) -> None:
        if not isinstance(name, str) or not name.strip():
            raise ModelError(f"`name` {name!r} is no name for a model; give a text that is not empty.")
        if name in self._specs:
            raise ModelError(f"`name` {name!r} is taken; choose another, or call remove_model({name!r}) first.")

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
        spec = find_spec(DEFAULT_MODEL if model is None else model, self._specs)
        loaded = self._ready(spec)
        return loaded.detailed if detail else loaded

    def _ready(self, spec: ModelSpec) -> LoadedModel:
        return self._models.get(spec.identity, partial(with_room, partial(load, spec, self.device), self._let_go))

    def _kept(self, key: Hashable, make: Callable[[], Any]) -> Any:
        return self._results.get(key, partial(with_room, make, self._let_go))

    def _let_go(self) -> None:
        """Make room: what is in use stays alive through whoever uses it."""
        self._results.clear()
        self._models.clear()

    def how_far(self, model: str) -> str:
        """What the loading of `model` is at, in words."""
        return how_far(find_spec(model, self._specs).name) or f"Loading {model}"

    def warm_up(self) -> None:
        """Load the default model and explain a grey picture, so that the first person does not wait for it."""
        height, width = self.load().preprocessing.input_shape[-2:]
        self.explain(np.full((height, width, 3), 128, np.uint8))

    def photograph(self, image: ImageSource | Photograph | None) -> Photograph:
        """The image upright in RGB, decoded once; raises ImageError."""
        if isinstance(image, Photograph):
            return image
        # a file is read once: its fingerprint must be that of what is decoded
        content = content_of(image)
        return self._photographs.get(digest_of(content), partial(read_photograph, content))

    def explain(
        self,
        image: ImageSource | Photograph | None,
        *,
        model: str | None = None,
        layer: str | None = None,
        target: int | str | None = None,
        method: str = "gradcam",
        counterfactual: bool = False,
        rival: Rival = None,
        detail: bool = False,
        watch: Watch = NOBODY,
    ) -> Explanation:
        """Explain one class of one image.

        `image` is a path, bytes, a PIL image or an (H, W, 3) uint8 RGB array; `layer` a dotted module name,
        None for the model's default; `target` a class index or label, None for the top prediction; `method` a
        key of METHODS. With `counterfactual` the weights are negated: what speaks against the class.

        With a `rival` the map is of the difference of two logits: why the target rather than that class. It is a
        class index or label, "auto" for the most probable class but the target, or "next three" for the mean of
        the three most probable (Finer-CAM, arXiv:2501.11309); or several classes, for their mean.

        With `detail` the network is given twice as many pixels a side, for a map twice as fine, at four times the
        cost. It was trained on fewer, so its probabilities change: `Explanation.usual` has those of its own size.
        Networks that take one size only refuse it.

        Only the first question about an image costs a forward pass, unless the method's `cost` says otherwise;
        then `watch` is told how far it is and can stop it. Raises CamError of the kind that fits:
        ImageError, ModelError, LayerError, TargetError, MethodError, OutputError, StoppedError.
        """
        return self.explain_many(
            image,
            model=model,
            layers=[layer],
            targets=[target],
            method=method,
            counterfactuals=[counterfactual],
            rival=rival,
            detail=detail,
            watch=watch,
        )[0]

    def explain_many(
        self,
        image: ImageSource | Photograph | None,
        *,
        model: str | None = None,
        layers: Iterable[str | None] = (None,),
        targets: Iterable[int | str | None] = (None,),
        method: str = "gradcam",
        counterfactuals: Iterable[bool] = (False,),
        rival: Rival = None,
        detail: bool = False,
        watch: Watch = NOBODY,
    ) -> tuple[Explanation, ...]:
        """Explain every combination of `layers`, `targets` and `counterfactuals` of one image.

        In that order, the last varying fastest, each the same as `explain` gives it, from one forward pass
        and one backward pass a class, however many offered layers are asked for. Raises as `explain` does.
        """
        chosen = find_method(method)
        loaded = self.load(model, detail=bool(detail))
        names = [loaded.default.name if layer in (None, AUTO) else layer for layer in layers]
        modules = {layer: loaded.layer_modules(layer) for layer in names}
        wanted = [None if target in (None, AUTO) else loaded.class_index(target) for target in targets]
        sides = [bool(side) for side in counterfactuals]
        if not chosen.of_class and (any(sides) or rival):
            raise MethodError(
                f"`method` {method!r} looks at no class, so nothing in its map speaks against one or for one rather"
                " than another; choose 'gradcam', or switch counterfactual and rival off."
            )
        photograph = self.photograph(image)
        # offered layers share one capture, under None; every other module has its own
        groups: dict[str | None, list[str]] = {}
        for layer in dict.fromkeys(names):
            groups.setdefault(None if modules[layer] is loaded.offered else layer, []).append(layer)
        maps: dict[tuple[str, int | None, bool], Explanation] = {}
        for group, members in groups.items():
            key = _key(loaded, photograph, group)
            seen = self._seen(key, loaded, photograph, modules[members[0]])
            top = top_predictions(seen.probabilities, loaded.labels)
            found: dict[Score, dict[str, Tensor]] = {}
            for target in dict.fromkeys(wanted):
                explained = top[0] if target is None else prediction(seen.probabilities, loaded.labels, target)
                rivals = _rivals(rival, explained, seen.probabilities, loaded)
                for layer, side in itertools.product(members, dict.fromkeys(sides)):
                    score = contrast(explained.index, [one.index for one in rivals], counterfactual=side)
                    question = Question(
                        network=loaded.network,
                        inputs=partial(self._given, loaded, photograph),
                        capture=seen.capture,
                        layer=layer,
                        module=modules[layer][layer],
                        score=score,
                        gradient=partial(self._gradient, key, seen.capture, members, found, layer),
                        watch=watch,
                    )
                    cam = self.remembered(("map", *key, layer, method, score), partial(question.map, chosen), watch)
                    maps[layer, target, side] = Explanation(
                        photograph=photograph,
                        placement=seen.placement,
                        cam=cam,
                        top=top,
                        target=explained,
                        model=loaded.name,
                        model_title=loaded.title,
                        layer=layer,
                        method=method,
                        counterfactual=side,
                        provenance=self._provenance(loaded, photograph),
                        rivals=rivals,
                        usual=self._usual(photograph, loaded, (explained, *top)) if detail else (),
                        exclusive=loaded.head.exclusive,
                    )
        return tuple(maps[combination] for combination in itertools.product(names, wanted, sides))

    def compare(
        self,
        image: ImageSource | Photograph | None,
        *,
        model: str | None = None,
        targets: Sequence[int | str | None] = (None,),
        methods: Sequence[str] = ("gradcam",),
        layers: Sequence[str | None] = (None,),
        counterfactual: bool = False,
        rival: Rival = None,
        detail: bool = False,
        watch: Watch = NOBODY,
    ) -> Comparison:
        """Explain every combination of `targets`, `methods` and `layers` as a grid; at most two have several.

        The first of these with several is the grid's rows, the second its columns. A cell whose method does not
        go with its layer or side says why instead of failing all. Raises as `explain` does, and MethodError where
        no cell has a map, all three have several, or one has none.
        """
        row_axis, rows, column_axis, columns = axes(targets, methods, layers)
        for method in methods:
            find_method(method)
        count = len(rows) * len(columns)

        def cell(number: int, asked: Mapping[str, Any]) -> Cell:
            watch.at(number, count)
            part = watch.part(number, count)
            ask = partial(self.explain, image, model=model, counterfactual=counterfactual, rival=rival, detail=detail)
            return Cell.of(partial(ask, **asked, watch=part))

        numbers = itertools.count()
        cells = [[cell(next(numbers), {**row, **column}) for column in columns] for row in rows]
        watch.at(count, count)
        return filled(row_axis, rows, column_axis, columns, cells)

    def capture(self, explanation: Explanation) -> capturing.Capture:
        """The forward pass that `explanation` was made from, run again only where it is no longer remembered."""
        loaded = self.network_of(explanation)
        modules = loaded.layer_modules(explanation.layer)
        group = None if modules is loaded.offered else explanation.layer
        key = _key(loaded, explanation.photograph, group)
        return self._seen(key, loaded, explanation.photograph, modules).capture

    def inputs(self, explanation: Explanation) -> Tensor:
        """(1, 3, H, W) input that the model of `explanation` was given."""
        return first_of(self.given(explanation))

    def given(self, explanation: Explanation) -> Inputs:
        """All that the model of `explanation` was given, by name."""
        return self._given(self.network_of(explanation), explanation.photograph)

    def network_of(self, explanation: Explanation) -> LoadedModel:
        """The model of `explanation` at the input size that it was asked about."""
        return self.load(explanation.model, detail=explanation.detail)

    def remembered(self, key: Hashable, make: Callable[[], Any], watch: Watch = NOBODY) -> Any:
        """`make()`, which has `nbytes`, computed once for `key` as long as there is room.

        Where somebody else who asked for the same stopped it, it is begun again. Raises what `make` raises.
        """
        while True:
            try:
                return self._kept(key, make)
            except StoppedError:
                if watch.stopped:
                    raise

    def _usual(
        self, photograph: Photograph, loaded: LoadedModel, classes: Iterable[Prediction]
    ) -> tuple[Prediction, ...]:
        """`classes` as the network sees them at its own input size."""
        own = self.load(loaded.name)
        seen = self._seen(_key(own, photograph, None), own, photograph, own.offered)
        indices = dict.fromkeys(one.index for one in classes)
        return tuple(prediction(seen.probabilities, own.labels, index) for index in indices)

    def _seen(self, key: tuple[Hashable, ...], loaded: LoadedModel, photograph: Photograph, modules: Any) -> _Seen:
        see = self._see_far if self._lent and modules is loaded.offered else self._see
        return self._kept(("seen", *key), partial(see, loaded, photograph, modules))

    def _see_far(self, loaded: LoadedModel, photograph: Photograph, modules: Any) -> _Seen:
        """As `_see`, on the card that is lent for this call; here where that does not work."""
        inputs, placement = self._encode(loaded, photograph)
        detail = loaded.preprocessing.input_shape != self.load(loaded.name).preprocessing.input_shape
        ask: Callable[[Score | None], Ahead] = partial(self._lent or self._look_ahead, loaded.name, detail, inputs)
        try:
            ahead = ask(None)
        except Exception:
            # no card is free, somebody's share is used up, or the other process does not know the model yet
            log.warning("the lent device could not be used", exc_info=True)
            return self._see(loaded, photograph, modules)

        def here() -> capturing.Capture:
            return self._see(loaded, photograph, modules).capture

        capture = LentCapture(ahead, loaded.layouts, ask, here)
        return _Seen(capture, placement, loaded.head.of(ahead.logits)[0])

    def _look_ahead(self, model: str, detail: bool, inputs: Inputs, score: Score | None) -> Ahead:
        """Runs in the process that has the card; takes and gives what can be sent there and back."""
        loaded = self.load(model, detail=detail)
        return look_ahead(loaded.network, inputs, [*loaded.offered], loaded.layouts, score=score)

    def _see(self, loaded: LoadedModel, photograph: Photograph, modules: Any) -> _Seen:
        inputs, placement = self._encode(loaded, photograph)
        run = partial(
            capturing.run, loaded.network, inputs, modules, layouts=loaded.layouts, unwritten=loaded.unwritten
        )
        try:
            capture = run()
        except OutputError:
            if not is_mixed(loaded.network):
                raise
            # half precision may have overflowed
            with full_precision():
                capture = run()
        if capture.logits.ndim != 2:
            raise OutputError(
                "The model should return class scores of shape (1, classes), but returned shape"
                f" {tuple(capture.logits.shape)}."
            )
        probabilities = loaded.head.of(capture.logits)[0]
        if len(probabilities) != len(loaded.labels):
            raise OutputError(
                f"{loaded.title} returned {len(probabilities)} class scores, but has {len(loaded.labels)} labels."
            )
        return _Seen(capture, placement, probabilities)

    def _encode(self, loaded: LoadedModel, photograph: Photograph) -> tuple[Inputs, Placement]:
        steps = loaded.preprocessing
        image, placement = steps.encode(photograph.at_least(steps.enough), photograph.size)
        return {"image": image.to(self.device, loaded.dtype)}, placement

    def _given(self, loaded: LoadedModel, photograph: Photograph) -> Inputs:
        return self._encode(loaded, photograph)[0]

    def _gradient(
        self,
        key: tuple[Hashable, ...],
        capture: capturing.Capture,
        layers: list[str],
        found: dict[Score, dict[str, Tensor]],
        layer: str,
        score: Score,
    ) -> Tensor:
        def make() -> Tensor:
            if score not in found:
                # one backward pass for all layers
                found[score] = capture.gradients_at(layers, score)
            return found[score][layer]

        return self._kept(("gradients", *key, layer, score), make)

    def _provenance(self, loaded: LoadedModel, photograph: Photograph) -> dict[str, Any]:
        steps = loaded.preprocessing
        return {
            "preprocessing": {"decoded_at": 1 / photograph.reduction(steps.enough), **steps.record()},
            "head": loaded.head.title,
            "device": str(self.device),
            "versions": {name: _version(name) for name in ("torch", "torchvision", "timm", "numpy", "pillow")},
        }


def _listed(specs: Mapping[str, ModelSpec]) -> tuple[ModelInfo, ...]:
    infos = (spec.info for spec in specs.values() if not spec.private)
    return tuple(sorted(infos, key=lambda info: not info.offline))


# reads and parses a file
_version = lru_cache(version)


def _key(loaded: LoadedModel, photograph: Photograph, group: str | None) -> tuple[Hashable, ...]:
    return (loaded.identity, loaded.preprocessing.input_shape, photograph.digest, group)


def _rivals(
    rival: Rival, target: Prediction, probabilities: NDArray[np.float32], loaded: LoadedModel
) -> tuple[Prediction, ...]:
    if rival is None or rival == "":
        return ()
    if rival in (AUTO, NEXT_THREE):
        order = [int(index) for index in np.argsort(-probabilities, kind="stable") if index != target.index]
        if not order:
            raise TargetError(f"`rival` {rival!r} is not possible: {loaded.title} knows a single class.")
        indices = order[: 1 if rival == AUTO else NEXT]
    else:
        several = [rival] if isinstance(rival, (int, str)) else list(rival)
        indices = [loaded.class_index(one, "rival") for one in several]
    if target.index in indices:
        raise TargetError(
            f"`rival` {rival!r} is the explained class itself, so there is no difference to show; choose another, or"
            f" {AUTO!r} for the most probable one."
        )
    return tuple(prediction(probabilities, loaded.labels, index) for index in indices)
