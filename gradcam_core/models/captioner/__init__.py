"""The embedded captioner: a photograph described in words, one after another.

    captioner = load_captioner()
    inputs, placement = captioner.steps.encode(pixels)       # (1, 3, 224, 224): the whole photograph, squashed
    captions = captioner.write(inputs, most=3)               # best first; captions[0].numbers, .log_probability
    captioner.vocabulary.text(captions[0].numbers)           # "a dog runs through the grass"
    reading = captioner.read("A cat on a bed")               # or a caption of one's own: words with .start and .end
    words = captioner.previous(captions[0].numbers)          # (1, T) int64, START first
    logits = captioner.network(inputs, words)                # (1, T, V)

The network's inputs are `image` and `words`. `logits[0, t].log_softmax(-1)[numbers[t]]` is the log-probability of
word t given the words before it; position len(numbers) is that of the end. The layer for maps is `backbone.bn2`,
(1, 1280, 7, 7). Public names: `NEVER`, `WEIGHTS`, `Caption`, `CaptionNetwork`, `Captioner`, `load_captioner`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...engine.watch import NOBODY, Watch
from ...reading.preprocess import Preprocessing
from ..beam import Caption, consensus
from ..features import build_backbone, photograph_steps
from ..training import read_weights, restore
from ..vocabulary import START, EncodedText, WordVocabulary
from .decode import NEVER, decode_picture
from .network import CaptionNetwork, CaptionShape

__all__ = ["NEVER", "WEIGHTS", "Caption", "CaptionNetwork", "Captioner", "load_captioner"]

WEIGHTS = Path(__file__).parents[3] / "assets" / "captioner" / "captioner.safetensors"
# so many captions are searched side by side for the one that most agree on
BEAM = 10


@dataclass(frozen=True, eq=False)
class Captioner:
    """A network ready to describe photographs, with its words and the figures of its training."""

    network: CaptionNetwork
    vocabulary: WordVocabulary
    card: Mapping[str, Any]

    @property
    def steps(self) -> Preprocessing:
        """What makes the network's input of a photograph."""
        return photograph_steps()

    @property
    def limit(self) -> int:
        """How many words a caption may have."""
        return self.network.shape.limit - 1

    def read(self, text: str) -> EncodedText:
        """Split a caption of one's own; raises TextError where it is empty, too long, or nothing that it knows."""
        return self.vocabulary.read(text, limit=self.limit, name="caption")

    def previous(self, numbers: Sequence[int]) -> Tensor:
        """(1, T + 1) int64: the start and the words, from which the network says each next word and the end."""
        return torch.tensor([[START, *numbers]], dtype=torch.int64)

    def write(self, image: Tensor, *, most: int = 3) -> list[Caption]:
        """Up to `most` captions of a (1, 3, H, W) input, best first; one pass of the backbone."""
        with torch.inference_mode():
            return self.write_of(self.network.backbone(image), most=most)

    def write_of(self, maps: Tensor, *, most: int = 3, watch: Watch = NOBODY) -> list[Caption]:
        """The same of the (1, C, h, w) maps that the backbone made of it; raises StoppedError through `watch`.

        First comes what a beam of `BEAM` agrees on, and behind it the most probable others.
        """
        with torch.inference_mode():
            picture = self.network.look(maps.flatten(2).transpose(1, 2))
        found = decode_picture(self.network, picture, beam=BEAM, limit=self.limit, watch=watch)
        best = consensus(found)
        return [best, *(one for one in found if one is not best)][:most]


def load_captioner(path: Path = WEIGHTS) -> Captioner:
    """Read the weights and put them behind the frozen backbone; raises ModelError where they cannot be read."""
    tensors, header = read_weights(path)
    vocabulary = WordVocabulary(header["vocabulary"])
    network = CaptionNetwork(len(vocabulary), header["concepts"], CaptionShape(**header["shape"]), build_backbone())
    return Captioner(restore(network, tensors, path), vocabulary, header.get("card", {}))
