"""A convolutional network over characters, several filter widths side by side and max over time.

After Kim 2014, "Convolutional Neural Networks for Sentence Classification", arXiv:1408.5882: multichannel
(a static and a fine-tuned vector for each syllable), to which a third channel adds the letters that a
syllable is made of. Public names: `CharCNN`, `load_network`, `save_network`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ...engine.inputs import Inputs
from ...engine.layout import Layout
from ...errors import ModelError
from ...methods.text import CHARACTERS, WINDOWS
from ...reading.text import JAMO, PAD, Reading, Vocabulary, read_text
from ...tasks.classes import SOFTMAX, Head, calibrated

__all__ = ["CharCNN", "Embedding", "Shape", "TrainedText", "WidthMap", "load_network", "save_network"]

CLASSES = 2


@dataclass(frozen=True)
class Shape:
    """The sizes of a `CharCNN`: vector sizes of its channels, filters of each width, characters read."""

    static: int = 64
    tuned: int = 64
    letters: int = 32
    filters: int = 256
    widths: tuple[int, ...] = (2, 3, 4, 5)
    limit: int = 140


class Embedding(nn.Module):
    """Characters to vectors, the channels one after another: (N, L, FIELDS) int64 -> (N, D, 1, L); padding is zero."""

    def __init__(self, size: int, shape: Shape) -> None:
        super().__init__()
        self.register_buffer("static", torch.zeros(size, shape.static))
        self.tuned = nn.Embedding(size, shape.tuned, padding_idx=PAD)
        self.letters = nn.Embedding(JAMO, shape.letters, padding_idx=PAD)
        self.static: Tensor

    def vectors(self, characters: Tensor) -> Tensor:
        """(..., FIELDS) int64 -> (..., D)."""
        numbers, letters = characters[..., 0], characters[..., 1:]
        static = nn.functional.embedding(numbers, self.static)
        return torch.cat([static, self.tuned(numbers), self.letters(letters).sum(-2)], dim=-1)

    def forward(self, characters: Tensor) -> Tensor:
        return self.vectors(characters).transpose(1, 2).unsqueeze(2)


class WidthMap(nn.Module):
    """The feature maps of one filter width: (N, D, 1, L) -> (N, F, 1, L + width - 1), after ReLU.

    Position p of a map covers the characters p - width + 1 to p, so that every character lies in exactly
    `width` windows; those of the first and last windows that lie outside of the text are zero vectors.
    """

    def __init__(self, dimension: int, filters: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.convolution = nn.Conv2d(dimension, filters, (1, width), padding=(0, width - 1))

    def forward(self, vectors: Tensor, lengths: Tensor) -> Tensor:
        maps = self.convolution(vectors).relu()
        positions = torch.arange(maps.shape[-1], device=maps.device)
        beyond = positions >= (lengths + self.width - 1)[:, None]
        # a window that sees padding alone still yields its bias, which must never win the maximum
        return maps.masked_fill(beyond[:, None, None], 0.0)


class CharCNN(nn.Module):
    """(N, L, FIELDS) int64 characters -> (N, 2) logits, negative first.

    Behind each width's map come only the maximum over time and one linear layer. The maps are the outputs
    of the submodules `maps.width2` and so on, the word representation is that of `embedding`.
    """

    def __init__(self, size: int, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or Shape()
        self.embedding = Embedding(size, shape)
        dimension = shape.static + shape.tuned + shape.letters
        self.maps = nn.ModuleDict(
            {f"width{width}": WidthMap(dimension, shape.filters, width) for width in shape.widths}
        )
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(shape.filters * len(shape.widths), CLASSES)

    @property
    def width_maps(self) -> tuple[WidthMap, ...]:
        """The modules behind `maps`, in the order of the widths."""
        return tuple(cast(WidthMap, module) for module in self.maps.values())

    def forward(self, characters: Tensor) -> Tensor:
        lengths = (characters[..., 0] != PAD).sum(1)
        vectors = self.embedding(characters)
        strongest = [maps(vectors, lengths).amax(dim=(-2, -1)) for maps in self.width_maps]
        return self.head(self.dropout(torch.cat(strongest, dim=1)))


class _OneRow(Layout):
    """Maps one cell high; of a single character, one with a single cell, which for a picture would be none."""

    def fitted(self, shape: tuple[int, ...], size: tuple[int, int]) -> Layout:
        return self


@dataclass(frozen=True, eq=False)
class TrainedText:
    """A network with all that belongs to it, ready to be run; it is given a `Reading`.

    `temperature` divides the logits, `card` says how it was made, `fingerprint` is the SHA-256 of its file.
    """

    network: CharCNN
    vocabulary: Vocabulary
    labels: tuple[str, ...]
    temperature: float
    card: Mapping[str, Any]
    fingerprint: str = ""
    identity: object = field(default_factory=object)
    name: str = "reviews"
    title: str = "The text model"
    detail: bool = False
    resized: bool = False
    private: bool = False
    dtype: torch.dtype = torch.float32
    in_place_safe: frozenset[str] = frozenset()
    gates: dict[Hashable, Any] = field(default_factory=dict)
    beside: Mapping[str, Tensor] = field(default_factory=dict)
    parts: None = None

    @cached_property
    def layers(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the layers with a value for each of WINDOWS, and of CHARACTERS."""
        return {
            CHARACTERS: ("embedding",),
            WINDOWS: tuple(f"maps.{name}" for name in self.network.maps),
        }

    @cached_property
    def offered(self) -> Mapping[str, nn.Module]:
        """The modules of all these layers by dotted name."""
        return {name: self.network.get_submodule(name) for names in self.layers.values() for name in names}

    @cached_property
    def layouts(self) -> Mapping[str, Layout]:
        """How the outputs of all layers are laid out."""
        return dict.fromkeys(self.offered, _OneRow())

    @cached_property
    def head(self) -> Head:
        """How its scores are read."""
        return calibrated(SOFTMAX, self.temperature)

    @property
    def key(self) -> tuple[Hashable, ...]:
        """The same for whatever sees the same in a text."""
        return (self.identity,)

    @property
    def limit(self) -> int:
        """How many characters are read."""
        return self.network.shape.limit

    def layer_modules(self, layer: str) -> Mapping[str, nn.Module]:
        """The modules to capture so that a map at `layer` can be made: all layers share one capture."""
        return self.offered

    def read(self, text: str) -> Reading:
        """What it sees of a text; raises TextError."""
        return read_text(text, self.vocabulary, self.limit)

    def encoded(self, reading: Reading) -> tuple[Inputs, Reading]:
        """Its input, and where what it saw lies in the text."""
        return {"text": reading.inputs}, reading

    @property
    def unplaced(self) -> Collection[str]:
        """None: words stand where they stand."""
        return ()

    def placed_for(self, _inputs: Inputs) -> TrainedText:
        """Itself, whatever is read."""
        return self


def save_network(path: str | Path, trained: TrainedText) -> None:
    """Write weights (half precision) and, in the header, vocabulary, sizes and card, as safetensors."""
    tensors = {name: tensor.half().contiguous() for name, tensor in trained.network.state_dict().items()}
    header = {
        "vocabulary": json.dumps(trained.vocabulary.chars, ensure_ascii=False),
        "shape": json.dumps(asdict(trained.network.shape)),
        "labels": json.dumps(trained.labels),
        "temperature": repr(trained.temperature),
        "card": json.dumps(trained.card),
    }
    save_file(tensors, str(path), header)


def load_network(path: str | Path) -> TrainedText:
    """Read what `save_network` wrote, frozen and in eval mode, in single precision; raises ModelError."""
    try:
        content = Path(path).read_bytes()
        with safe_open(str(path), framework="pt") as file:
            header = file.metadata()
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        sizes: dict[str, Any] = json.loads(header["shape"])
        widths: Sequence[int] = sizes.pop("widths")
        vocabulary = Vocabulary(json.loads(header["vocabulary"]))
        network = CharCNN(len(vocabulary), Shape(**sizes, widths=tuple(widths)))
        network.load_state_dict(tensors)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ModelError("text_model.not_readable", file=Path(path).name, error_type=type(error).__name__) from error
    network.eval().requires_grad_(False)
    return TrainedText(
        network=network,
        vocabulary=vocabulary,
        labels=tuple(json.loads(header["labels"])),
        temperature=float(header["temperature"]),
        card=json.loads(header["card"]),
        fingerprint=sha256(content).hexdigest(),
    )
