"""Asking a network again about changed versions of one input: in chunks, watched, to be stopped at any time.

    watch = Watch(progress=lambda done, count: print(done, "of", count), stop=threading.Event())
    scores = in_chunks(lambda part: network(changed[part]), len(changed), size=32, device=changed.device, watch=watch)

Public names: `Rerun`, `Watch`, `chunk_of`, `guided_gradients`, `in_chunks`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Event
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from ..errors import DeviceError, MethodError, OutputError, StoppedError
from .capture import recording, tensor_in, with_tensor
from .cores import SpareCores
from .devices import is_out_of_memory
from .layout import MAPS, Layout
from .packing import Packing, laid_out
from .score import Score

__all__ = ["Rerun", "Watch", "chunk_of", "guided_gradients", "in_chunks"]

# inputs in one pass of the whole network: what a CPU computes of more does not stay near it and has to be fetched
# again, so that few are faster (tests/benchmarks/README.md), and sooner stopped; of fewer, more calls take their time
CHUNK, CHUNK_ON_CPU = 32, 4
# in one pass of the part behind a layer: so much of activations, but at least and at most so many inputs. The part in
# front runs once a pass, so that few are slow; of many a CPU fetches again what it computed
CHUNK_BYTES, CHUNK_BOUNDS = 256_000_000, (32, 512)
CHUNK_BYTES_ON_CPU, CHUNK_BOUNDS_ON_CPU = 8_000_000, (8, 32)


@dataclass(frozen=True, eq=False)
class Watch:
    """Somebody who waits: `progress(done, count)` is told how far it is, setting `stop` ends it."""

    progress: Callable[[int, int], object] | None = None
    stop: Event | None = None

    @property
    def stopped(self) -> bool:
        """Whether nobody waits any more."""
        return self.stop is not None and self.stop.is_set()

    def at(self, done: int, count: int) -> None:
        """Report progress; raises StoppedError where nobody waits any more."""
        if self.stopped:
            raise StoppedError(f"Stopped after {done} of {count} passes, as asked; ask again to start over.")
        if self.progress is not None:
            self.progress(done, count)

    def part(self, number: int, parts: int) -> Watch:
        """For the part `number`, from 0, of so many: what it reports is counted as if all were as long."""

        def report(done: int, count: int) -> None:
            if self.progress is not None:
                self.progress(number * count + done, parts * count)

        return Watch(report, self.stop)


NOBODY = Watch()


def chunk_of(inputs: Tensor) -> int:
    """How many inputs like the one of `inputs`, (1, C, H, W), its device should be given at a time."""
    return CHUNK_ON_CPU if inputs.device.type == "cpu" else CHUNK


def in_chunks(
    compute: Callable[[slice], Tensor], count: int, *, size: int, device: torch.device, watch: Watch = NOBODY
) -> Tensor:
    """(count, ...) results of `compute`, asked for at most `size` items at a time, in inference mode and packed.

    On a CPU as many chunks are computed beside each other as cores have nothing else of this to do. Out of memory
    halves the chunk and goes on. Raises StoppedError through `watch`, DeviceError where not even one item fits.
    """
    packing = Packing()

    def computed(part: slice) -> Tensor:
        with torch.inference_mode(), packing:
            return compute(part)

    parts: list[Tensor] = []
    done = 0
    watch.at(done, count)
    with SpareCores(device) as cores:
        while done < count:
            try:
                found = cores.some(computed, (slice(at, min(at + size, count)) for at in range(done, count, size)))
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                failed = error
            else:
                for part in found:
                    parts.append(part)
                    done += len(part)
                    watch.at(done, count)
                continue
            if size == 1:
                raise DeviceError(
                    "Out of memory even for one input at a time; choose a smaller model or a deeper layer."
                ) from failed
            # outside the except block, where the failed passes no longer hold their tensors
            del failed
            size //= 2
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
    return torch.cat(parts)


class _Replace:
    """Lets the network go on from `maps`, (n, C, h, w), instead of those that `layer` returned."""

    def __init__(self, layer: nn.Module, layout: Layout, maps: Tensor) -> None:
        self._layer = layer
        self._layout = layout
        self._maps = maps

    def wants(self, module: nn.Module) -> bool:
        return module is self._layer

    def see(self, module: nn.Module, output: Any) -> Any:
        values = tensor_in(output) if module is self._layer else None
        return None if values is None else with_tensor(output, self._layout.inverse(self._maps, values))


@dataclass(frozen=True, eq=False)
class Rerun:
    """The score of one input, (1, 3, H, W), and of changed versions of it.

    `layer` is the explained module, whose output is laid out as `layout` says.
    """

    network: nn.Module
    inputs: Tensor
    layer: nn.Module
    explained: Score
    logits: Tensor
    watch: Watch = NOBODY
    layout: Layout = MAPS

    @cached_property
    def score(self) -> float:
        return float(self.explained.of(self.logits.detach())[0])

    @property
    def input_size(self) -> tuple[int, int]:
        return self.inputs.shape[-2], self.inputs.shape[-1]

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
            return self._replaced(changed, self.inputs.expand(len(changed), -1, -1, -1))

        on_cpu = self.inputs.device.type == "cpu"
        room = (CHUNK_BYTES_ON_CPU if on_cpu else CHUNK_BYTES) // change(slice(0, 1)).nbytes
        least, most = CHUNK_BOUNDS_ON_CPU if on_cpu else CHUNK_BOUNDS
        size = min(max(least, room), most)
        return in_chunks(compute, count, size=size, device=self.inputs.device, watch=self.watch)

    def with_masks(self, masks: Callable[[slice], Tensor], count: int) -> Tensor:
        """(count,) scores of the input times the items of `masks(part)`, (n, H, W) at the input's size."""

        def compute(part: slice) -> Tensor:
            return self.explained.of(self.network(self.inputs * masks(part)[:, None].to(self.inputs)))

        return in_chunks(compute, count, size=chunk_of(self.inputs), device=self.inputs.device, watch=self.watch)

    def _replaced(self, changed: Tensor, inputs: Tensor) -> Tensor:
        with recording(_Replace(self.layer, self.layout, laid_out(changed.to(inputs)))):
            logits = self.network(inputs)
        if logits.shape != (len(changed), self.logits.shape[1]):
            raise OutputError(f"The model returned scores of shape {tuple(logits.shape)} for {len(changed)} inputs.")
        return self.explained.of(logits)


class _OnlyPositive(torch.autograd.Function):
    """Hands on its input; of the gradient only what is positive."""

    @staticmethod
    def forward(_: Any, values: Tensor) -> Tensor:
        return values.clone()

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        return gradient.clamp(min=0)


RECTIFYING = (nn.ReLU, nn.ReLU6)
RECTIFIERS = (functional.relu, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_, functional.relu6)


def _rectifies(func: Any, args: Any, kwargs: Mapping[str, Any]) -> bool:
    # nn.ReLU6 calls hardtanh(input, 0, 6, inplace)
    lowest = args[1] if len(args) > 1 else kwargs.get("min_val")
    return func in RECTIFIERS or (func is functional.hardtanh and lowest == 0)


class _Guided(TorchFunctionMode):
    """In this thread, as long as it is entered: every rectifier lets only positive gradients back.

    Sees functions as a mode of torch and modules as a recorder: a module may hide its function from the mode.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rectifiers = 0

    def wants(self, module: nn.Module) -> bool:
        return isinstance(module, RECTIFYING)

    def __torch_function__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        # without gradients it runs inside an autograd function, whose module is seen as a whole
        guided = torch.is_grad_enabled() and _rectifies(func, args, kwargs or {})
        return self._guide(result) if guided else result

    def see(self, module: nn.Module, output: Any) -> Any:
        return self._guide(output) if isinstance(module, RECTIFYING) else None

    def _guide(self, output: Tensor) -> Tensor:
        self.rectifiers += 1
        return _OnlyPositive.apply(output)


def guided_gradients(network: nn.Module, inputs: Tensor, explained: Score) -> Tensor:
    """(3, H, W) gradient of the score at the input, negative parts dropped at every rectifier on its way.

    Springenberg et al., arXiv:1412.6806, fig. 1. ReLU as a module or a function counts, and so does ReLU6, which
    captum and grad-cam leave alone. Nothing of the network is exchanged, so others may run it meanwhile.
    Raises MethodError where the network has no rectifier to guide.
    """
    leaf = inputs.detach().clone().requires_grad_()
    with torch.enable_grad(), _Guided() as guide, recording(guide):
        score = explained.of(network(leaf))[0]
    if not guide.rectifiers:
        raise MethodError(
            "`method` 'guided_backprop' and 'guided_gradcam' need a network with ReLU, and this one has none;"
            " choose 'gradcam'."
        )
    (gradient,) = torch.autograd.grad(score, leaf)
    return gradient[0]
