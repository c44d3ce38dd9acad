"""Where networks run: the only door to a device.

    runner = LocalRunner(torch.device("cpu"))
    capture = runner.capture(model, inputs, model.offered)
    outputs = runner.outputs(model, inputs, Variants(lambda part: changed[part], len(changed)))

Whatever runs a network, here, on a borrowed GPU or in another engine, is a `Runner`. Public names: `Decision`,
`LocalRunner`, `Runnable`, `Runner`, `Variants`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..errors import OutputError
from ..languages import Finding, say
from . import capture as capturing
from .calls import module_of
from .capture import Capture
from .chunks import chunk_of, in_chunks
from .devices import full_precision, is_mixed
from .guided import guided_gradients
from .inputs import Inputs, called, first_of, with_first
from .layout import Layout
from .replay import Replay
from .score import Score
from .watch import NOBODY, Watch

__all__ = ["OPENVINO", "TORCH", "Decision", "LocalRunner", "Runnable", "Runner", "Variants"]

OPENVINO, TORCH = "openvino", "torch"


@dataclass(frozen=True)
class Decision:
    """Which `engine` a network runs on, "openvino" or "torch", and `why` where it is the second."""

    engine: str
    why: Finding | None = None

    @property
    def reason(self) -> str:
        """`why` in plain English; empty where there is nothing to say."""
        return "" if self.why is None else say(self.why)


class Runnable(Protocol):
    """A network that is ready to be run: frozen, in eval mode, on its device, its layers found.

    `name` and `detail` say which it is where another process has to find it; one that is `resized` is given inputs of
    another size than its own. `offered` are the modules of the layers that are captured together, `layouts` how the
    outputs of modules are laid out, and nothing behind those called `in_place_safe` writes to what they return. Nothing
    of a `private` one may be kept on disk. `gates` is the runner's, for what it finds out about the network with inputs
    of each size; it is there as long as the network. `parts` are a `Parts` where one of them is given the image alone,
    else None.
    """

    @property
    def name(self) -> str: ...
    @property
    def detail(self) -> bool: ...
    @property
    def resized(self) -> bool: ...
    @property
    def private(self) -> bool: ...
    @property
    def network(self) -> nn.Module: ...
    @property
    def dtype(self) -> torch.dtype: ...
    @property
    def gates(self) -> dict[Hashable, Any]: ...
    @property
    def parts(self) -> Any: ...
    @property
    def offered(self) -> Mapping[str, nn.Module]: ...
    @property
    def layouts(self) -> Mapping[str, Layout]: ...
    @property
    def in_place_safe(self) -> Collection[str]: ...


@dataclass(frozen=True, eq=False)
class Variants:
    """`count` inputs that differ from another in the first of its values: `change(part)` gives a slice of them.

    They are (n, C, H, W). So many are computed `at_once`, None: as many as suits pictures.
    """

    change: Callable[[slice], Tensor]
    count: int
    at_once: int | None = None


class Runner(Protocol):
    """Runs networks; what it gives back may be kept for as long as anybody likes."""

    @property
    def device(self) -> torch.device:
        """Where networks and inputs are kept."""

    @property
    def copies(self) -> float:
        """How often the weights of a network are in memory, at most."""

    @property
    def in_parts(self) -> bool:
        """Whether it runs a part of a network as it runs a network."""

    def decide(
        self, model: Runnable, inputs: Inputs, seconds: float | None = None, kept_seconds: float = 0.0
    ) -> Decision:
        """What `model` runs on for inputs like these, once that is decided or so many `seconds` are over.

        `kept_seconds` instead, where these are more and all that takes long was done and kept on disk before.
        """

    def placed(self, model: Runnable, inputs: Inputs) -> Inputs:
        """`inputs` where `model` is, in the type that it computes in."""

    def capture(self, model: Runnable, inputs: Inputs, layers: Mapping[str, nn.Module]) -> Capture:
        """One forward pass with what maps at `layers` need; raises LayerError, OutputError."""

    def outputs(self, model: Runnable, inputs: Inputs, variants: Variants, watch: Watch = NOBODY) -> Tensor:
        """(count, K) logits of the `variants` of `inputs`, of which no gradient is asked.

        Raises StoppedError through `watch`, DeviceError.
        """

    def replay(
        self, model: Runnable, inputs: Inputs, layer: str, score: Score, capture: Capture, watch: Watch = NOBODY
    ) -> Replay:
        """Asks for `score` again with the activations of `layer`, or the first of `inputs`, changed."""

    def guided(self, model: Runnable, inputs: Inputs, score: Score) -> Tensor:
        """(3, H, W) guided gradient of `score` at the first of `inputs`; raises MethodError."""


class LocalRunner:
    """Runs networks in this process, by PyTorch as they are, on `device`."""

    copies = 1.0
    in_parts = True

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def decide(
        self, model: Runnable, inputs: Inputs, seconds: float | None = None, kept_seconds: float = 0.0
    ) -> Decision:
        """PyTorch, at once."""
        return Decision(TORCH, Finding("engine.not_asked"))

    def placed(self, model: Runnable, inputs: Inputs) -> Inputs:
        """`inputs` where `model` is, in the type that it computes in; whole numbers stay whole."""
        return {
            name: values.to(self.device, model.dtype if values.is_floating_point() else values.dtype)
            for name, values in inputs.items()
        }

    def capture(self, model: Runnable, inputs: Inputs, layers: Mapping[str, nn.Module]) -> Capture:
        """One forward pass with the graph behind the earliest of `layers`; raises LayerError, OutputError."""
        run = partial(
            capturing.run, model.network, inputs, layers, layouts=model.layouts, in_place_safe=model.in_place_safe
        )
        try:
            return run()
        except OutputError:
            if not is_mixed(model.network):
                raise
            # half precision may have overflowed
            with full_precision():
                return run()

    def outputs(self, model: Runnable, inputs: Inputs, variants: Variants, watch: Watch = NOBODY) -> Tensor:
        """(count, K) logits of the `variants` of `inputs`, in chunks."""
        first = first_of(inputs)

        def compute(part: slice) -> Tensor:
            return called(model.network, with_first(inputs, variants.change(part)))

        return in_chunks(
            compute, variants.count, size=variants.at_once or chunk_of(first), device=first.device, watch=watch
        )

    def replay(
        self, model: Runnable, inputs: Inputs, layer: str, score: Score, capture: Capture, watch: Watch = NOBODY
    ) -> Replay:
        """Asks for `score` again with the activations of `layer`, or the first of `inputs`, changed."""
        module, logits = module_of(model.network, layer), capture.logits.detach()
        return Replay(model.network, inputs, module, score, logits, watch, capture.layouts[layer], layer)

    def guided(self, model: Runnable, inputs: Inputs, score: Score) -> Tensor:
        """(3, H, W) guided gradient of `score` at the first of `inputs`; raises MethodError."""
        return guided_gradients(model.network, inputs, score)
