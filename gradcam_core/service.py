"""`Explainer`: all that a user interface or a script needs, in one object for any number of threads.

Usage:

    explainer = Explainer()
    explanation = explainer.explain("cat.jpg", target="tabby")
    explanation.overlay().save("why.png")
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.metadata import version
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from . import capture as capturing
from .cache import ByteCache
from .devices import resolve_device
from .errors import MethodError, OutputError, StoppedError, TargetError
from .explanation import Explanation
from .imageio import ImageSource, Photograph, digest_of, read_photograph
from .methods import find_method
from .models import DEFAULT_MODEL, MODELS, LoadedModel, find_spec, load
from .question import Question
from .rerun import NOBODY, Watch
from .score import AUTO, NEXT_THREE, contrast
from .targets import prediction, top_predictions
from .types import Layer, ModelInfo, Placement, Prediction

__all__ = ["Explainer"]

NEXT = 3
Rival: TypeAlias = "int | str | Sequence[int | str] | None"
MEGABYTE = 1_000_000
DEFAULT_CACHE_MB = 1024
DEFAULT_TTL_SECONDS = 3600.0
# photographs are cheap to decode again, captures are not: a quarter of the budget is theirs
PHOTOGRAPH_SHARE = 0.25
MODEL_BYTES = 4_000 * MEGABYTE


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
    at most `cache_ttl` seconds, so that another class, layer or method needs no forward pass.
    Raises DeviceError.
    """

    def __init__(
        self,
        *,
        device: str | torch.device = AUTO,
        cache_mb: float = DEFAULT_CACHE_MB,
        cache_ttl: float = DEFAULT_TTL_SECONDS,
    ) -> None:
        self.device = resolve_device(device)
        photograph_bytes = int(cache_mb * MEGABYTE * PHOTOGRAPH_SHARE)
        self._photographs: ByteCache[Photograph] = ByteCache(photograph_bytes, cache_ttl)
        # captures and the gradients asked of them, in one order of use
        self._results: ByteCache[Any] = ByteCache(int(cache_mb * MEGABYTE) - photograph_bytes, cache_ttl)
        self._models: ByteCache[LoadedModel] = ByteCache(MODEL_BYTES, float("inf"))

    def models(self) -> tuple[ModelInfo, ...]:
        """The offered models, those that need no download first."""
        return tuple(sorted((spec.info for spec in MODELS.values()), key=lambda info: not info.offline))

    def layers(self, model: str | None = None) -> tuple[Layer, ...]:
        """The offered layers of `model`, in order from input to output; raises ModelError."""
        return self.load(model).layers

    def default_layer(self, model: str | None = None) -> Layer:
        """The layer that is explained where none is asked for; raises ModelError."""
        return self.load(model).default

    def labels(self, model: str | None = None) -> tuple[str, ...]:
        """The names of the classes of `model`, by index; raises ModelError."""
        return self.load(model).labels

    def load(self, model: str | None = None) -> LoadedModel:
        """The model, loaded once however many ask for it at the same time; raises ModelError."""
        spec = find_spec(DEFAULT_MODEL if model is None else model, MODELS)
        return self._models.get(spec.name, partial(load, spec, self.device))

    def warm_up(self) -> None:
        """Load the default model and explain a grey picture, so that the first person does not wait for it."""
        size = self.load().preprocessing.crop
        self.explain(np.full((size, size, 3), 128, np.uint8))

    def photograph(self, image: ImageSource | Photograph | None) -> Photograph:
        """The image upright in RGB, decoded once; raises ImageError."""
        if isinstance(image, Photograph):
            return image
        return self._photographs.get(digest_of(image), partial(read_photograph, image))

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
        watch: Watch = NOBODY,
    ) -> Explanation:
        """Explain one class of one image.

        `image` is a path, bytes, a PIL image or an (H, W, 3) uint8 RGB array; `layer` a dotted module name,
        None for the model's default; `target` a class index or label, None for the top prediction; `method` a
        key of METHODS. With `counterfactual` the weights are negated: what speaks against the class.

        With a `rival` the map is of the difference of two logits: why the target rather than that class. It is a
        class index or label, "auto" for the most probable class but the target, or "next three" for the mean of
        the three most probable (Finer-CAM, arXiv:2501.11309); or several classes, for their mean.

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
        watch: Watch = NOBODY,
    ) -> tuple[Explanation, ...]:
        """Explain every combination of `layers`, `targets` and `counterfactuals` of one image.

        In that order, the last varying fastest, each the same as `explain` gives it, from one forward pass
        and one backward pass a class, however many offered layers are asked for. Raises as `explain` does.
        """
        chosen = find_method(method)
        loaded = self.load(model)
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
            key = (loaded.name, photograph.digest, group)
            seen = self._seen(key, loaded, photograph, modules[members[0]])
            top = top_predictions(seen.probabilities, loaded.labels)
            found: dict[int, dict[str, Tensor]] = {}
            for target in dict.fromkeys(wanted):
                explained = top[0] if target is None else prediction(seen.probabilities, loaded.labels, target)
                rivals = _rivals(rival, explained, seen.probabilities, loaded)
                for layer, side in itertools.product(members, dict.fromkeys(sides)):
                    score = contrast(explained.index, [one.index for one in rivals], counterfactual=side)
                    question = Question(
                        network=loaded.network,
                        inputs=partial(self._inputs, loaded, photograph),
                        capture=seen.capture,
                        layer=layer,
                        module=modules[layer][layer],
                        score=score,
                        gradients=partial(self._gradients, key, seen.capture, members, found, layer),
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
                        provenance=self._provenance(loaded),
                        rivals=rivals,
                    )
        return tuple(maps[combination] for combination in itertools.product(names, wanted, sides))

    def capture(self, explanation: Explanation) -> capturing.Capture:
        """The forward pass that `explanation` was made from, run again only where it is no longer remembered."""
        loaded = self.load(explanation.model)
        modules = loaded.layer_modules(explanation.layer)
        group = None if modules is loaded.offered else explanation.layer
        key = (loaded.name, explanation.photograph.digest, group)
        return self._seen(key, loaded, explanation.photograph, modules).capture

    def inputs(self, explanation: Explanation) -> Tensor:
        """(1, 3, H, W) input that the model of `explanation` was given."""
        return self._inputs(self.load(explanation.model), explanation.photograph)

    def remembered(self, key: Hashable, make: Callable[[], Any], watch: Watch = NOBODY) -> Any:
        """`make()`, which has `nbytes`, computed once for `key` as long as there is room.

        Where somebody else who asked for the same stopped it, it is begun again. Raises what `make` raises.
        """
        while True:
            try:
                return self._results.get(key, make)
            except StoppedError:
                if watch.stopped:
                    raise

    def _seen(self, key: tuple[Hashable, ...], loaded: LoadedModel, photograph: Photograph, modules: Any) -> _Seen:
        return self._results.get(("seen", *key), partial(self._see, loaded, photograph, modules))

    def _see(self, loaded: LoadedModel, photograph: Photograph, modules: Any) -> _Seen:
        inputs, placement = self._encode(loaded, photograph)
        capture = capturing.run(loaded.network, inputs, modules)
        probabilities = capture.logits.detach().float().softmax(-1)[0].cpu().numpy()
        if len(probabilities) != len(loaded.labels):
            raise OutputError(
                f"{loaded.title} returned {len(probabilities)} class scores, but has {len(loaded.labels)} labels."
            )
        return _Seen(capture, placement, probabilities)

    def _encode(self, loaded: LoadedModel, photograph: Photograph) -> tuple[Tensor, Placement]:
        inputs, placement = loaded.preprocessing.encode(photograph.pixels)
        return inputs.to(self.device, next(loaded.network.parameters()).dtype), placement

    def _inputs(self, loaded: LoadedModel, photograph: Photograph) -> Tensor:
        return self._encode(loaded, photograph)[0]

    def _gradients(
        self,
        key: tuple[Hashable, ...],
        capture: capturing.Capture,
        layers: list[str],
        found: dict[int, dict[str, Tensor]],
        layer: str,
        target: int,
    ) -> Tensor:
        def make() -> Tensor:
            if target not in found:
                # one backward pass for all layers
                found[target] = capture.gradients_at(layers, target)
            return found[target][layer]

        return self._results.get(("gradients", *key, layer, target), make)

    def _provenance(self, loaded: LoadedModel) -> dict[str, Any]:
        steps = loaded.preprocessing
        return {
            "preprocessing": {
                "resize": steps.resize,
                "crop": steps.crop,
                "interpolation": steps.interpolation,
                "mean": list(steps.mean),
                "std": list(steps.std),
            },
            "device": str(self.device),
            "versions": {name: _version(name) for name in ("torch", "torchvision", "timm", "numpy", "pillow")},
        }


# reads and parses a file
_version = lru_cache(version)


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
