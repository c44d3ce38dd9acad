"""What the commands that train on photographs share: the loop, averaged weights, and files of them in half precision.

Public names: `Average`, `Progress`, `Schedule`, `command`, `fit`, `half_cosine`, `read_weights`, `restore`,
`write_weights`.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ..errors import ModelError, TextError
from .features import Maps, load_maps
from .photographs import Photographs, read_photographs

__all__ = [
    "Average",
    "Progress",
    "Schedule",
    "command",
    "fit",
    "half_cosine",
    "read_weights",
    "restore",
    "write_weights",
]

_Network = TypeVar("_Network", bound=nn.Module)
_Settings = TypeVar("_Settings", bound="Schedule")
# gradients are no longer than this
LONGEST_GRADIENT = 5.0


@dataclass(frozen=True)
class Schedule:
    """How long and how fast is trained: the learning rate falls over `epochs`, training ends after `until` of them.

    The rate rises to `rate` in `warmup` steps; `decay` is that of the weights, `keep` that of their running mean.
    """

    seed: int = 1
    epochs: int = 4
    until: int = 4
    rate: float = 0.001
    warmup: int = 300
    decay: float = 0.01
    keep: float = 0.999


class Average(Generic[_Network]):
    """A running mean of a network's weights, which scores better than the last ones; `network` holds it."""

    def __init__(self, network: _Network, keep: float) -> None:
        self.network = deepcopy(network).eval().requires_grad_(False)
        self.keep = keep
        self._steps = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move a little towards the weights of `network`; more in the beginning, when they are still random."""
        self._steps += 1
        keep = min(self.keep, (1 + self._steps) / (10 + self._steps))
        means: list[Tensor] = list(self.network.parameters())
        values: list[Tensor] = list(network.parameters())
        torch._foreach_lerp_(means, values, 1 - keep)


def half_cosine(step: int, steps: int, warmup: int) -> float:
    """The share of the full learning rate at `step`: a line up during `warmup`, then half a cosine down to zero."""
    return min(1.0, (step + 1) / warmup) * (1 + math.cos(math.pi * min(step / steps, 1.0))) / 2


@dataclass
class Progress:
    """Says on stderr how far a training is, every `each` steps."""

    steps: int
    each: int = 50
    begun: float = field(default_factory=time.monotonic)

    def step(self, step: int, loss: float) -> None:
        """Report `step` (counted from 1) where it is one of those to report."""
        if step % self.each == 0:
            left = (time.monotonic() - self.begun) * (self.steps - step) / step
            self.say(f"step {step}/{self.steps}  loss {loss:.3f}  {left / 60:.0f} min left")

    @property
    def minutes(self) -> float:
        return round((time.monotonic() - self.begun) / 60, 1)

    @staticmethod
    def say(line: str) -> None:
        """One line to stderr."""
        print(line, file=sys.stderr, flush=True)


def fit(
    network: _Network,
    settings: Schedule,
    steps: int,
    losses: Callable[[_Network], Iterable[Tensor]],
    score: Callable[[_Network], dict[str, Any]],
    keep: Callable[[_Network, dict[str, Any]], object],
) -> _Network:
    """Train by AdamW, one step a loss, with `losses` of an epoch; returns the network with averaged weights.

    The learning rate is down to zero after so many `steps`. After each epoch the average is scored and handed to `keep`
    with a card of the settings, the scores until then and the minutes.
    """
    average = Average(network, settings.keep)
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.decay, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: half_cosine(step, steps, settings.warmup))
    progress = Progress(steps)
    history, step = [], 0
    for epoch in range(min(settings.epochs, settings.until)):
        network.train()
        for loss in losses(network):
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), LONGEST_GRADIENT)
            optimizer.step()
            schedule.step()
            average.update(network)
            step += 1
            progress.step(step, loss.item())
        history.append(score(average.network))
        progress.say(f"epoch {epoch + 1}: {json.dumps(history[-1])}")
        keep(average.network, {"settings": asdict(settings), "history": history, "minutes": progress.minutes})
    return average.network


def command(
    program: str,
    description: str | None,
    train: Callable[[Photographs, Maps, _Settings, Path], tuple[nn.Module, dict[str, Any]]],
    settings: _Settings,
    arguments: list[str] | None,
) -> None:
    """The command line of a training: `train` with what it names, and its card on stdout."""
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("--data", type=Path, required=True, help="folder of photographs, captions and questions")
    parser.add_argument("--out", type=Path, required=True, help="file to write, *.safetensors")
    parser.add_argument("--cache", type=Path, help="folder for the backbone's maps (default: a folder beside --out)")
    parser.add_argument("--seed", type=int, default=settings.seed)
    parser.add_argument("--epochs", type=int, default=settings.epochs)
    parser.add_argument("--until", type=int, help="end after this epoch of a longer schedule (default: the last)")
    parser.add_argument("--threads", type=int, default=1, help="processor threads (default: 1)")
    options = parser.parse_args(arguments)
    try:
        photographs = read_photographs(options.data)
    except TextError as error:
        parser.error(str(error))
    torch.set_num_threads(options.threads)
    maps = load_maps(options.data, options.cache or options.out.parent / "maps")
    until = options.epochs if options.until is None else options.until
    settings = replace(settings, seed=options.seed, epochs=options.epochs, until=until)
    _, header = train(photographs, maps, settings, options.out)
    print(json.dumps(header["card"], indent=2))


def write_weights(path: Path, network: nn.Module, header: Mapping[str, Any]) -> None:
    """Write all but the backbone's tensors in float16, and `header` as JSON beside them."""
    tensors = {
        name: tensor.detach().to(torch.float16).contiguous()
        for name, tensor in network.state_dict().items()
        if not name.startswith("backbone.")
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    save_file(tensors, beside, {"header": json.dumps(dict(header))})
    beside.replace(path)


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of a weight file in float32, and its header; raises ModelError where it is missing or damaged."""
    try:
        with safe_open(path, "pt") as file:
            header = json.loads(file.metadata()["header"])
            return {name: file.get_tensor(name).float() for name in file.keys()}, header  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelError("weights.damaged", file=path.name) from error


def restore(network: _Network, tensors: Mapping[str, Tensor], path: Path) -> _Network:
    """Put a weight file's tensors into a network that has its backbone already: frozen, in eval mode.

    Raises ModelError where the file, `path`, holds other tensors than the network has.
    """
    own = {name: tensor for name, tensor in network.state_dict().items() if not name.startswith("backbone.")}
    if {name: tensor.shape for name, tensor in own.items()} != {name: tensor.shape for name, tensor in tensors.items()}:
        raise ModelError("weights.damaged", file=path.name)
    network.load_state_dict(tensors, strict=False)
    return network.eval().requires_grad_(False)
