"""What models saw of photographs and texts, kept for as long as there is room: no question costs a second forward pass.

    captures = Captures(LocalRunner(device), max_bytes, ttl)
    seen = captures.seen(model, photograph, "layer4")
    captures.gradients(model, photograph, seen, ["layer4"]).at("layer4", Score.logit(281))

Public names: `Captures`, `Classifier`, `Gradients`, `Looked`, `Seen`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from .engine.cache import ByteCache
from .engine.capture import Capture
from .engine.devices import with_room
from .engine.inputs import Inputs
from .engine.runner import Runnable, Runner
from .engine.score import Score
from .engine.watch import NOBODY, Watch
from .errors import OutputError, StoppedError
from .languages import Finding
from .tasks.classes import Head

__all__ = ["Captures", "Classifier", "Gradients", "Looked", "Seen"]


class Given(Protocol):
    """What somebody handed in, read; `digest` is the same for two that look the same to a model."""

    @property
    def digest(self) -> Hashable: ...


# bytes of inputs that are kept, and their share of all: the last dozen, for who has an answer asks at once what it
# comes to with places hidden
INPUT_BYTES, INPUT_SHARE = 8_000_000, 0.1
Given_contra = TypeVar("Given_contra", bound=Given, contravariant=True)
Place_co = TypeVar("Place_co", covariant=True)


class Classifier(Runnable, Protocol[Given_contra, Place_co]):
    """A model that names classes; `key` is the same for two that see the same in whatever they are given.

    `identity` is a part of it, the same for a network however it is asked.
    """

    @property
    def identity(self) -> object: ...
    @property
    def key(self) -> tuple[Hashable, ...]: ...
    @property
    def title(self) -> str: ...
    @property
    def labels(self) -> Sequence[str]: ...
    @property
    def head(self) -> Head: ...
    @property
    def unplaced(self) -> Collection[str]:
        """The layers whose cells follow no place."""

    @property
    def beside(self) -> Inputs: ...

    def layer_modules(self, layer: str) -> Mapping[str, nn.Module]:
        """The modules to capture so that a map at `layer` can be made; raises LayerError."""

    def encoded(self, given: Given_contra) -> tuple[Inputs, Place_co]:
        """What the network is given, by name, and where that lies on the original."""

    def placed_for(self, inputs: Inputs) -> Classifier[Given_contra, Place_co]:
        """The same with its layers laid out as they are for these inputs."""


@dataclass(frozen=True, eq=False)
class _Encoded(Generic[Place_co]):
    """What a network is given of one input, and where that lies on the original."""

    inputs: Inputs
    placement: Place_co

    @property
    def nbytes(self) -> int:
        return sum(values.nbytes for values in self.inputs.values())


@dataclass(frozen=True, eq=False)
class Looked(Generic[Place_co]):
    """One photograph as the part of a network saw it that is given nothing else."""

    capture: Capture
    placement: Place_co

    @property
    def nbytes(self) -> int:
        return self.capture.nbytes


@dataclass(frozen=True, eq=False)
class Seen(Generic[Place_co]):
    """One input as one model saw it; `probabilities` are (K,).

    The cells of layers called `unplaced` follow no place of it.
    """

    capture: Capture
    placement: Place_co
    probabilities: NDArray[np.float32]
    unplaced: Collection[str] = ()

    @property
    def nbytes(self) -> int:
        return self.capture.nbytes + self.probabilities.nbytes


class Captures:
    """Captures, gradients and whatever else is computed of inputs, in one order of use.

    `make_room` is called where memory does not suffice; it may call `clear`, which is called where it is None.
    """

    def __init__(
        self, runner: Runner, max_bytes: int, ttl: float, make_room: Callable[[], object] | None = None
    ) -> None:
        self._runner = runner
        self._make_room = make_room or self.clear
        input_bytes = min(INPUT_BYTES, int(max_bytes * INPUT_SHARE))
        self._kept: ByteCache[Any] = ByteCache(max_bytes - input_bytes, ttl)
        self._inputs: ByteCache[_Encoded[Any]] = ByteCache(input_bytes, ttl)
        # the state of the weights of each network, by its identity
        self._weights: dict[object, int] = {}

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def nbytes(self) -> int:
        """Bytes held now."""
        return self._kept.nbytes + self._inputs.nbytes

    def seen(self, model: Classifier[Given_contra, Place_co], given: Given_contra, layer: str) -> Seen[Place_co]:
        """What `model` saw of the input, with all that maps at `layer` need; raises LayerError, OutputError."""
        modules = model.layer_modules(layer)
        return self._get(("seen", *self.key(model, given, layer)), partial(self._see, model, given, modules))

    def looked(self, model: Classifier[Given_contra, Place_co], given: Given_contra) -> Looked[Place_co] | None:
        """What the part of `model` that looks saw of the input, whatever is asked; None where it is not run alone."""
        if model.parts is None or not self._runner.in_parts:
            return None
        looks: Any = model.parts.looks
        return self._get(("looked", *looks.key, given.digest), partial(self._look, looks, given))

    def given(self, model: Classifier[Given_contra, Place_co], given: Given_contra) -> Inputs:
        """All that `model` is given, by name."""
        return self.encoded(model, given)[0]

    def encoded(self, model: Classifier[Given_contra, Place_co], given: Given_contra) -> tuple[Inputs, Place_co]:
        """All that `model` is given, by name, and where that lies on the original."""
        found = self._inputs.get((*model.key, given.digest), lambda: _Encoded(*model.encoded(given)))
        # copies: somebody's network may write to what it is given
        inputs = {name: values.clone() for name, values in found.inputs.items()}
        return self._runner.placed(model, inputs), found.placement

    def gradients(
        self,
        model: Classifier[Given_contra, Place_co],
        given: Given_contra,
        seen: Seen[Place_co],
        layers: Sequence[str],
    ) -> Gradients:
        """The gradients at `layers`, which share the capture that was `seen`."""
        return Gradients(self._get, self.key(model, given, layers[0]), seen.capture, layers)

    def key(self, model: Classifier[Given_contra, Place_co], given: Given_contra, layer: str) -> tuple[Hashable, ...]:
        """The same for two layers that share a capture: all offered ones do, any other module has its own."""
        return (*model.key, given.digest, None if layer in model.offered else layer)

    def remembered(self, key: Hashable, make: Callable[[], Any], watch: Watch = NOBODY) -> Any:
        """`make()`, which has `nbytes`, computed once for `key` as long as there is room.

        Where somebody else who asked for the same stopped it, it is begun again. Raises what `make` raises.
        """
        while True:
            try:
                return self._get(key, make)
            except StoppedError:
                if watch.stopped:
                    raise

    def follow(self, model: Classifier[Any, Any], weights: int) -> None:
        """Let go of what `model` saw while its `weights` were in another state."""
        before = self._weights.get(model.identity, weights)
        if before != weights:
            self.forget(model.identity)
            if model.parts is not None:
                self.forget(model.parts.looks.identity)
        self._weights[model.identity] = weights

    def followed(self, model: Classifier[Any, Any]) -> int | None:
        """The state of the weights that `follow` was last told for `model`."""
        return self._weights.get(model.identity)

    def forget(self, identity: object) -> None:
        """Let go of all whose key holds `identity`."""
        self._weights.pop(identity, None)
        for kept in (self._kept, self._inputs):
            kept.drop(lambda key: isinstance(key, tuple) and any(part is identity for part in key))

    def clear(self) -> None:
        """Let go of everything: what is in use stays alive through whoever uses it."""
        self._kept.clear()
        self._inputs.clear()

    def _get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        return self._kept.get(key, partial(with_room, make, self._make_room))

    def _look(self, looks: Classifier[Given_contra, Place_co], given: Given_contra) -> Looked[Place_co]:
        inputs, placement = self.encoded(looks, given)
        return Looked(self._runner.capture(looks, inputs, looks.offered), placement)

    def _capture(
        self, model: Classifier[Given_contra, Place_co], given: Given_contra, modules: Mapping[str, nn.Module]
    ) -> tuple[Classifier[Given_contra, Place_co], Capture, Place_co]:
        looked = self.looked(model, given) if modules is model.offered else None
        if looked is None or model.parts is None:
            inputs, placement = self.encoded(model, given)
            model = model.placed_for(inputs)
            return model, self._runner.capture(model, inputs, modules), placement
        beside = self._runner.placed(model, model.beside)
        return model, model.parts.capture(looked.capture, beside, model), looked.placement

    def _see(
        self, model: Classifier[Given_contra, Place_co], given: Given_contra, modules: Mapping[str, nn.Module]
    ) -> Seen[Place_co]:
        model, capture, placement = self._capture(model, given, modules)
        probabilities = model.head.of(capture.logits)[0]
        if probabilities.ndim != 1:
            raise OutputError("scores.wrong_shape", found=Finding("value.shape", shape=tuple(capture.logits.shape)))
        if len(probabilities) != len(model.labels):
            raise OutputError(
                "scores.not_as_many_as_labels",
                model_title=model.title,
                probabilities_count=len(probabilities),
                labels_count=len(model.labels),
            )
        return Seen(capture, placement, probabilities, model.unplaced)


class Gradients:
    """Gradients at some layers of one capture: one backward pass a score, however many of the layers are asked for."""

    def __init__(
        self,
        remember: Callable[[Hashable, Callable[[], Tensor]], Tensor],
        key: tuple[Hashable, ...],
        capture: Capture,
        layers: Sequence[str],
    ) -> None:
        self._remember = remember
        self._key = key
        self._capture = capture
        self._layers = layers
        self._found: dict[Score, Mapping[str, Tensor]] = {}

    def at(self, layer: str, score: Score) -> Tensor:
        """(C, h, w) gradient of `score` at `layer`; raises LayerError."""
        return self._remember(("gradients", *self._key, layer, score), partial(self._made, layer, score))

    def _made(self, layer: str, score: Score) -> Tensor:
        if score not in self._found:
            self._found[score] = self._capture.gradients_at(self._layers, score)
        return self._found[score][layer]
