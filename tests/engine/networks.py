"""Small networks of every odd kind, and their activations and gradients by hooks and autograd of the tests' own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from gradcam_core.engine.front import convert, decompositions
from gradcam_core.engine.gate import Gate
from gradcam_core.engine.graph import Graph
from gradcam_core.engine.inputs import Inputs, called, named
from gradcam_core.engine.tracing import trace

SIZE = 16


def inputs() -> Tensor:
    return torch.randn(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(5))


def truth(
    network: nn.Module, given: Tensor | Inputs, layers: Iterable[str], weights: Tensor
) -> tuple[Tensor, dict[str, Any]]:
    """The scores, and of each layer its last output and the gradient of the weighted scores there."""
    kept: dict[str, Tensor] = {}
    hooks = []
    for name in layers:

        def keep(_module: nn.Module, _inputs: Any, output: Any, name: str = name) -> Any:
            found = output[0] if isinstance(output, tuple) else output
            if not found.requires_grad:
                found = found.detach().requires_grad_()
            kept[name] = found
            copy = found.clone()
            return (copy, *output[1:]) if isinstance(output, tuple) else copy

        hooks.append(network.get_submodule(name).register_forward_hook(keep))
    try:
        scores = called(network, named(given))
    finally:
        for hook in hooks:
            hook.remove()
    scores = scores["logits"] if isinstance(scores, dict) else scores
    slopes = torch.autograd.grad((scores * weights).sum(), list(kept.values()))
    return scores.detach(), {name: (kept[name].detach(), slope) for name, slope in zip(kept, slopes, strict=True)}


def converted_here(
    network: nn.Module, given: Tensor | Inputs, layers: Iterable[str], folder: Path, *, scores: Any = None, **_: Any
) -> Graph:
    """As `convert.in_own_process`, in this process: nothing else computes in a test."""
    graph = trace(network, given, layers, scores=scores, decompositions=decompositions())
    graph.save(folder)
    convert(graph, network, given, folder)
    return Graph.load(folder)


def gate_here(*given: Any, **options: Any) -> Gate:
    """A gate that traces and converts in this process."""
    return Gate(*given, **options, convert=converted_here)


def folder() -> Path:
    return Path(tempfile.mkdtemp())


class Plain(nn.Module):
    """Two convolutions with activations in place behind them."""

    LAYERS = ("first", "second")

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, 8, 3, 2, 1)
        self.norm = nn.BatchNorm2d(8)
        self.act = nn.ReLU(inplace=True)
        self.second = nn.Conv2d(8, 12, 3, 1, 1)
        self.head = nn.Linear(12, 5)
        with torch.no_grad():
            self.norm.running_mean.uniform_(-1, 1)
            self.norm.running_var.uniform_(0.5, 2)
        self.eval().requires_grad_(False)

    def features(self, x: Tensor) -> Tensor:
        return self.act(self.second(self.act(self.norm(self.first(x)))))

    def forward(self, x: Tensor) -> Any:
        return self.head(self.features(x).mean((2, 3)))


class InPlace(Plain):
    """Writes to what its layers returned, by operators and slices too."""

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        x += 1
        x[:, :2] *= 3
        x = self.second(functional.relu_(x))
        x.clamp_(-1, 2)
        return self.head(x.mean((2, 3)))


class Residual(Plain):
    """What is older than a layer crosses into its tail."""

    def __init__(self) -> None:
        super().__init__()
        self.third = nn.Conv2d(12, 12, 3, 1, 1)
        self.side = nn.Conv2d(3, 12, 3, 2, 1)
        self.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        side = self.side(x)
        second = self.features(x)
        return self.head((torch.tanh(self.third(second)) * second + side).mean((2, 3)))


class ChannelsLast(Plain):
    """Channels lie last, as behind a norm over channels, when all places are pooled to one."""

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x).permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
        return self.head(functional.adaptive_avg_pool2d(x, 1).flatten(1))


class Twice(Plain):
    """A layer that is called twice, on its own output."""

    def __init__(self) -> None:
        super().__init__()
        self.second = nn.Conv2d(8, 8, 3, 1, 1)
        self.head = nn.Linear(8, 5)
        self.requires_grad_(False)

    def features(self, x: Tensor) -> Tensor:
        return torch.tanh(self.second(torch.tanh(self.second(self.first(x)))))


class Pairs(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        return self.layer(x), None


class Tuples(Plain):
    """Layers that return tuples, and scores in a mapping."""

    def __init__(self) -> None:
        super().__init__()
        self.second = Pairs(self.second)  # type: ignore[assignment]

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        x, _ = self.second(self.act(self.first(x)))
        return {"features": x, "logits": self.head(x.mean((2, 3)))}


class TwoInputs(Plain):
    """A picture and a question."""

    LAYERS = ("first", "second", "words")

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(20, 12)
        self.requires_grad_(False)

    def forward(self, image: Tensor, question: Tensor) -> Tensor:
        asked = self.words(question).mean(1)
        return self.head(self.features(image).mean((2, 3)) * torch.sigmoid(asked))


class Attention(nn.Module):
    """A transformer's block, whose fast path in torch has no gradient."""

    LAYERS = ("embed", "block")

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Conv2d(3, 16, 4, 4)
        self.block = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.head = nn.Linear(16, 5)
        self.eval().requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.block(self.embed(x).flatten(2).mT).mean(1))


class Parametrised(Plain):
    """Weights that are computed of others."""

    def __init__(self) -> None:
        super().__init__()
        nn.utils.parametrizations.weight_norm(self.second)
        self.requires_grad_(False)


class Steps(Plain):
    """Scores for several steps, as a caption has for its words."""

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x).flatten(2).mT[:, :4])


SOUND: tuple[type[nn.Module], ...] = (
    Attention,
    InPlace,
    Parametrised,
    Plain,
    ChannelsLast,
    Residual,
    Steps,
    Tuples,
    Twice,
    TwoInputs,
)


def given_of(network: nn.Module) -> Tensor | Inputs:
    if isinstance(network, TwoInputs):
        return {"image": inputs(), "question": torch.tensor([[3, 7, 11]])}
    return inputs()


def layers_of(network: nn.Module) -> tuple[str, ...]:
    return network.LAYERS  # type: ignore[return-value]


def pick(returned: Any) -> Tensor:
    return returned["logits"] if isinstance(returned, dict) else returned
