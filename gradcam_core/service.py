"""`Explainer`: all that a user interface or a script needs, in one object for any number of threads.

Usage:

    explainer = Explainer()
    explanation = explainer.explain("cat.jpg", target="tabby")
    explanation.overlay().save("why.png")
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from . import capture as capturing
from .cache import ByteCache
from .devices import resolve_device
from .errors import OutputError
from .explanation import Explanation
from .imageio import ImageSource, Photograph, digest_of, read_photograph
from .methods import find_method
from .models import DEFAULT_MODEL, MODELS, LoadedModel, find_spec, load
from .targets import prediction, top_predictions
from .types import Layer, ModelInfo, Placement

__all__ = ["Explainer"]

AUTO = "auto"
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

    def photograph(self, image: ImageSource | None) -> Photograph:
        """The image upright in RGB, decoded once; raises ImageError."""
        return self._photographs.get(digest_of(image), partial(read_photograph, image))

    def explain(
        self,
        image: ImageSource | None,
        *,
        model: str | None = None,
        layer: str | None = None,
        target: int | str | None = None,
        method: str = "gradcam",
        counterfactual: bool = False,
    ) -> Explanation:
        """Explain one class of one image.

        `image` is a path, bytes, a PIL image or an (H, W, 3) uint8 RGB array; `layer` a dotted module name,
        None for the model's default; `target` a class index or label, None for the top prediction; `method` a
        key of METHODS. With `counterfactual` the weights are negated: what speaks against the class.

        Only the first question about an image costs a forward pass. Raises CamError of the kind that fits:
        ImageError, ModelError, LayerError, TargetError, MethodError, OutputError.
        """
        return self.explain_many(
            image, model=model, layers=[layer], targets=[target], method=method, counterfactuals=[counterfactual]
        )[0]

    def explain_many(
        self,
        image: ImageSource | None,
        *,
        model: str | None = None,
        layers: Iterable[str | None] = (None,),
        targets: Iterable[int | str | None] = (None,),
        method: str = "gradcam",
        counterfactuals: Iterable[bool] = (False,),
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
        photograph = self.photograph(image)
        # offered layers share one capture, under None; every other module has its own
        groups: dict[str | None, list[str]] = {}
        for layer in dict.fromkeys(names):
            groups.setdefault(None if modules[layer] is loaded.offered else layer, []).append(layer)
        maps: dict[tuple[str, int | None, bool], Explanation] = {}
        for group, members in groups.items():
            key = (loaded.name, photograph.digest, group)
            seen: _Seen = self._results.get(("seen", *key), partial(self._see, loaded, photograph, modules[members[0]]))
            top = top_predictions(seen.probabilities, loaded.labels)
            for target in dict.fromkeys(wanted):
                explained = top[0] if target is None else prediction(seen.probabilities, loaded.labels, target)
                gradients = self._gradients(key, seen.capture, members, explained.index)
                for layer, side in itertools.product(members, dict.fromkeys(sides)):
                    sign = -1 if side else 1
                    cam = chosen.function(seen.capture.activations(layer).float(), sign * gradients[layer].float())
                    maps[layer, target, side] = Explanation(
                        photograph=photograph,
                        placement=seen.placement,
                        cam=_checked(cam, layer),
                        top=top,
                        target=explained,
                        model=loaded.name,
                        model_title=loaded.title,
                        layer=layer,
                        method=method,
                        counterfactual=side,
                        provenance=self._provenance(loaded),
                    )
        return tuple(maps[combination] for combination in itertools.product(names, wanted, sides))

    def _see(self, loaded: LoadedModel, photograph: Photograph, modules: Any) -> _Seen:
        inputs, placement = loaded.preprocessing.encode(photograph.pixels)
        precision = next(loaded.network.parameters()).dtype
        capture = capturing.run(loaded.network, inputs.to(self.device, precision), modules)
        probabilities = capture.logits.detach().float().softmax(-1)[0].cpu().numpy()
        if len(probabilities) != len(loaded.labels):
            raise OutputError(
                f"{loaded.title} returned {len(probabilities)} class scores, but has {len(loaded.labels)} labels."
            )
        return _Seen(capture, placement, probabilities)

    def _gradients(
        self, key: tuple[Hashable, ...], capture: capturing.Capture, layers: list[str], target: int
    ) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}

        def make(layer: str) -> Tensor:
            if layer not in found:
                # one backward pass for all of them
                found.update(capture.gradients_at(layers, target))
            return found[layer]

        return {layer: self._results.get(("gradients", *key, layer, target), partial(make, layer)) for layer in layers}

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


def _checked(cam: Tensor, layer: str) -> NDArray[np.float32]:
    values = cam.cpu().numpy().astype(np.float32, copy=False)
    if not np.isfinite(values).all():
        raise OutputError(
            f"The map at `layer` {layer!r} is not finite (NaN or infinity); try another layer or full precision."
        )
    return values
