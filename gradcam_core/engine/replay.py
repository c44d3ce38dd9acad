"""Asking a network again about one input, with a layer's activations or the input itself changed.

    replay = Replay(network, {"image": pixels}, network.layer4, score, logits)
    replay.score, replay.with_activations(change, count), replay.with_masks(masks, count)

Public name: `Replay`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torch import Tensor, nn

from ..errors import OutputError
from .calls import Calls
from .capture import recording, tensor_in, with_tensor
from .chunks import chunk_of, in_chunks
from .devices import is_out_of_memory
from .inputs import Inputs, called, first_of, with_first
from .layout import MAPS, Layout
from .score import Score
from .watch import NOBODY, Watch

__all__ = ["Replay"]

# how much goes into one pass of the part behind a layer: bytes of activations, and the fewest and most inputs. The part
# in front runs once a pass, so that few inputs are slow; with too many a CPU's cache overflows
CHUNK_BYTES, CHUNK_BOUNDS = 256_000_000, (32, 512)
CHUNK_BYTES_ON_CPU, CHUNK_BOUNDS_ON_CPU = 8_000_000, (8, 32)


class _Replace:
    """Lets the network go on from `maps`, (n, C, h, w), instead of those that `layer` returned."""

    def __init__(self, name: str, layer: nn.Module, layout: Layout, maps: Tensor) -> None:
        self._calls = Calls({name: layer})
        self._layout = layout
        self._maps = maps

    def see(self, module: nn.Module, output: Any) -> Any:
        values = None if self._calls.of(module) is None else tensor_in(output)
        return None if values is None else with_tensor(output, self._layout.inverse(self._maps, values))


@dataclass(frozen=True, eq=False)
class Replay:
    """The score of one input and of changed versions of it.

    What is changed of `inputs` is the first, (1, C, H, W); `logits` are what the network returned for them as they
    are. `layer` is the explained module, whose output is laid out as `layout` says;
    a number behind its `name` means one of its calls.
    """

    network: nn.Module
    inputs: Inputs
    layer: nn.Module
    explained: Score
    logits: Tensor
    watch: Watch = NOBODY
    layout: Layout = MAPS
    name: str = ""

    @cached_property
    def score(self) -> float:
        return float(self.explained.of(self.logits.detach())[0])

    @property
    def input_size(self) -> tuple[int, int]:
        return self._first.shape[-2], self._first.shape[-1]

    @property
    def _first(self) -> Tensor:
        return first_of(self.inputs)

    def with_activations(self, change: Callable[[slice], Tensor], count: int) -> Tensor:
        """(count,) scores with the layer's activations replaced by the items of `change(part)`, (n, C, h, w).

        What lies in front of the layer runs once a chunk, on one input; behind it the batch takes its place.
        Where a network does not allow that (it concatenates what is older than the layer), the input is
        repeated instead.
        """
        repeated = False

        def compute(part: slice) -> Tensor:
            nonlocal repeated
            changed = change(part)
            try:
                if not repeated:
                    return self._replaced(changed, self.inputs)
            except (RuntimeError, OutputError) as error:
                if is_out_of_memory(error):
                    raise
                repeated = True
            return self._replaced(changed, with_first(self.inputs, self._first.expand(len(changed), -1, -1, -1)))

        on_cpu = self._first.device.type == "cpu"
        room = (CHUNK_BYTES_ON_CPU if on_cpu else CHUNK_BYTES) // change(slice(0, 1)).nbytes
        least, most = CHUNK_BOUNDS_ON_CPU if on_cpu else CHUNK_BOUNDS
        size = min(max(least, room), most)
        return in_chunks(compute, count, size=size, device=self._first.device, watch=self.watch)

    def with_masks(self, masks: Callable[[slice], Tensor], count: int) -> Tensor:
        """(count,) scores of the input times the items of `masks(part)`, (n, H, W) at the input's size."""

        def compute(part: slice) -> Tensor:
            lit = self._first * masks(part)[:, None].to(self._first)
            return self.explained.of(called(self.network, with_first(self.inputs, lit)))

        return in_chunks(compute, count, size=chunk_of(self._first), device=self._first.device, watch=self.watch)

    def _replaced(self, changed: Tensor, inputs: Inputs) -> Tensor:
        with recording(_Replace(self.name, self.layer, self.layout, changed.to(self._first))):
            logits = called(self.network, inputs)
        if logits.shape != (len(changed), *self.logits.shape[1:]):
            raise OutputError("scores.wrong_shape_again", logits_shape=tuple(logits.shape), changed_count=len(changed))
        return self.explained.of(logits)
