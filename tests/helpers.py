"""What several test modules need: tiny networks with known weights, random ones, and ways to look inside."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Barrier
from typing import Any, TypeVar
from weakref import WeakSet

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.modules import module as torch_module

from gradcam_core.engine.capture import EagerCapture
from gradcam_core.models import ModelSpec
from gradcam_core.reading.preprocess import Preprocessing

Result = TypeVar("Result")

PIXEL_WEIGHT = 8.0
# 4 x 4 pixels of the light 0/15, 1/15, ... 15/15
RAMP = np.repeat((np.arange(16, dtype=np.uint8) * 17).reshape(4, 4, 1), 3, axis=2)
PLAIN = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}


def awaited(coroutine: Coroutine[Any, Any, Result], seconds: float | None = None) -> Result:
    """What a coroutine returns, run by a loop of its own: a browser that earlier tests drove leaves one running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result(seconds)


class HandNetwork(nn.Module):
    """One input channel, two maps x and relu(3 - x), two classes that weigh each position by `CLASS_WEIGHTS`.

    Small enough to work out every map on paper for the input [[1, 2], [3, 4]].
    """

    INPUT = ((1.0, 2.0), (3.0, 4.0))
    ACTIVATIONS = (((1.0, 2.0), (3.0, 4.0)), ((2.0, 1.0), (0.0, 0.0)))
    # class, channel, row, column: what the gradient of each logit at `act` must be
    CLASS_WEIGHTS = (
        (((1.0, 0.0), (0.0, 3.0)), ((-2.0, 0.0), (2.0, -4.0))),
        (((0.0, 1.0), (-1.0, 0.0)), ((0.0, 0.0), (0.0, 5.0))),
    )
    BIAS = (10.0, -1.0)
    # 1*1 + 3*4 - 2*2 + 10 and 1*2 - 1*3 - 1
    LOGITS = (19.0, -2.0)

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 1)
        self.act = nn.ReLU(inplace=True)
        self.head = nn.Linear(8, 2)
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor([1.0, -1.0]).view(2, 1, 1, 1))
            self.conv.bias.copy_(torch.tensor([0.0, 3.0]))
            self.head.weight.copy_(torch.tensor(self.CLASS_WEIGHTS).view(2, 8))
            self.head.bias.copy_(torch.tensor(self.BIAS))
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.act(self.conv(x)).flatten(1))

    @classmethod
    def inputs(cls) -> Tensor:
        return torch.tensor(cls.INPUT)[None, None]


class SmallNetwork(nn.Module):
    """A quick classifier of RGB images of any size, with in-place activations and a few stages."""

    def __init__(self, classes: int = 6, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.middle = nn.Sequential(nn.Conv2d(8, 12, 3, 2, 1), nn.ReLU(inplace=True))
        self.last = nn.Sequential(nn.Conv2d(12, 16, 3, 1, 1), nn.ReLU(inplace=True))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(16, classes)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.pool(self.last(self.middle(self.stem(x)))).flatten(1))


class Sidetrack(SmallNetwork):
    """Computes something that the scores do not depend on."""

    def __init__(self) -> None:
        super().__init__()
        self.side = nn.Conv2d(16, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        last = self.last(self.middle(self.stem(x)))
        self.side(last)
        return self.head(self.pool(last).flatten(1))


class CellNetwork(nn.Module):
    """The map at `cells` is the mean light of each 8 x 8 cell of the input; the score is their mean.

    So the map of class 0 shows exactly where the photograph is bright.
    """

    def __init__(self, cells: int) -> None:
        super().__init__()
        self.cells = nn.Conv2d(3, 1, 8, 8, bias=False)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(1, 2, bias=False)
        with torch.no_grad():
            self.cells.weight.fill_(1 / (3 * 8 * 8))
            self.head.weight.copy_(torch.tensor([[float(cells * cells)], [-1.0]]))
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.pool(self.cells(x)).flatten(1))


class PixelNetwork(nn.Module):
    """The map is the light of each pixel; class 0 scores `PIXEL_WEIGHT` times its mean, class 1 scores 0."""

    def __init__(self) -> None:
        super().__init__()
        self.light = nn.Conv2d(3, 1, 1, bias=False)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(1, 2, bias=False)
        with torch.no_grad():
            self.light.weight.fill_(1 / 3)
            self.head.weight.copy_(torch.tensor([[PIXEL_WEIGHT], [0.0]]))
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.pool(self.light(x)).flatten(1))


class CrashingNetwork(SmallNetwork):
    """Raises inside a submodule as long as `crashes` is true."""

    class Fuse(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.burnt = True

        def forward(self, x: Tensor) -> Tensor:
            if self.burnt:
                raise RuntimeError("the fuse is burnt")
            return x

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.Sequential(self.pool, self.Fuse()).eval()

    @property
    def fuse(self) -> Any:
        return self.pool[1]


def sure(light: float) -> float:
    """The probability of class 0 where the pixels' light adds up to `light`."""
    return 1 / (1 + np.exp(-PIXEL_WEIGHT * light / 16))


def random_network(name: str, size: int) -> nn.Module:
    """torchvision's architecture with random weights; norms are set so that the signal does not die out."""
    from torchvision.models import get_model

    torch.manual_seed(1)
    options = {"init_weights": True} if name in {"googlenet", "inception_v3"} else {}
    if name == "googlenet":
        options["aux_logits"] = False
    network = get_model(name, weights=None, **options)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
    if norms:
        with torch.no_grad():
            network(torch.randn(4, 3, size, size))
    return network.eval()


def small_spec(
    name: str, network: nn.Module, *, size: int = 32, resize: int | None = None, classes: int = 6, **more: Any
) -> ModelSpec:
    """An entry for the registry of models that needs no file."""
    fields: dict[str, Any] = {
        "name": name,
        "title": name.title(),
        "source": "test",
        "build": lambda: network,
        "preprocessing": partial(Preprocessing, resize or size, size, "BOX", **PLAIN),
        "labels": lambda: tuple(f"class {index}" for index in range(classes)),
        "is_offline": lambda: True,
    }
    return ModelSpec(**{**fields, **more})


def noise(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """(height, width, 3) random pixels."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def hook_count(network: nn.Module) -> int:
    """Hooks of any kind on any module of `network`."""
    kinds = [name for name in vars(nn.Module()) if name.endswith("_hooks")]
    return sum(len(getattr(module, kind)) for module in network.modules() for kind in kinds)


def global_hook_count() -> int:
    """Hooks that fire for every module of the process."""
    return sum(
        len(value)
        for name, value in vars(torch_module).items()
        if name.startswith("_global_") and "hooks" in name and isinstance(value, dict)
    )


@contextmanager
def counted_calls(owner: Any, name: str) -> Iterator[list[Any]]:
    """Lists the arguments of each call of the method `name` of the object `owner` while the block runs."""
    calls: list[Any] = []
    original = getattr(owner, name)

    def counted(*args: Any, **options: Any) -> Any:
        calls.append(args)
        return original(*args, **options)

    setattr(owner, name, counted)
    try:
        yield calls
    finally:
        delattr(owner, name)


def in_threads(jobs: list[Callable[[], Result]], threads: int = 8) -> list[Result]:
    """The results of `jobs` in order, run by `threads` threads that start together."""
    barrier = Barrier(min(threads, len(jobs)))

    def started(job: Callable[[], Result]) -> Result:
        return job()

    with ThreadPoolExecutor(threads, initializer=barrier.wait) as pool:
        return list(pool.map(started, jobs))


def live_captures() -> WeakSet[EagerCapture]:
    """Captures that something still refers to; the answer itself keeps none alive."""
    gc.collect()
    return WeakSet(item for item in gc.get_objects() if type(item) is EagerCapture)


def live_tensor_bytes() -> int:
    """Bytes of the distinct tensors that Python knows."""
    gc.collect()
    tensors = [item for item in gc.get_objects() if type(item) in (Tensor, nn.Parameter)]
    return sum({t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}.values())
