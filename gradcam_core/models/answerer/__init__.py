"""The embedded answerer: a question about a photograph, answered by votes of its places.

    answerer = load_answerer()
    reading = answerer.read("What colour is the dog?")        # words with .start and .end; reading.unknown
    question = answerer.question(reading)                     # (1, limit) int64
    inputs, placement = answerer.steps.encode(pixels)         # (1, 3, 224, 224): the whole photograph, squashed
    logits = answerer.network(inputs, question)               # (1, answers); answerer.answers[i] is the text of i

The network's inputs are `image` and `question`. Its layers: `backbone.bn2`, (1, 1280, 7, 7), for the map;
`embedding`, (1, limit, E), for the question's words: gradient times activation there, summed over E, is a word's
signed value (words stand in order from position 0; the rest is padding). `without_picture` says what the
network would answer without looking. Public names: `WEIGHTS`, `AnswerNetwork`, `Answerer`, `load_answerer`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...reading.preprocess import Preprocessing
from ..features import build_backbone, photograph_steps
from ..training import read_weights, restore
from ..vocabulary import PAD, EncodedText, WordVocabulary
from .network import AnswerNetwork, AnswerShape

__all__ = ["WEIGHTS", "AnswerNetwork", "Answerer", "load_answerer"]

WEIGHTS = Path(__file__).parents[3] / "assets" / "answerer" / "answerer.safetensors"


@dataclass(frozen=True, eq=False)
class Answerer:
    """A network ready to answer, with its words, its possible answers and the figures of its training."""

    network: AnswerNetwork
    vocabulary: WordVocabulary
    answers: tuple[str, ...]
    card: Mapping[str, Any]

    @property
    def steps(self) -> Preprocessing:
        """What makes the network's input of a photograph."""
        return photograph_steps()

    @property
    def limit(self) -> int:
        """How many words of a question the network reads."""
        return self.network.shape.limit

    def read(self, text: str) -> EncodedText:
        """Split a question; raises TextError where it is empty, too long, or nothing that the network knows."""
        return self.vocabulary.read(text, limit=self.limit, name="question")

    def question(self, reading: EncodedText) -> Tensor:
        """(1, limit) int64: the words' numbers, then padding."""
        numbers = [*reading.numbers, *[PAD] * (self.limit - len(reading.numbers))]
        return torch.tensor([numbers], dtype=torch.int64)

    def without_picture(self, question: Tensor) -> Tensor:
        """(1, answers) logits of the question alone: what the network says without looking.

        An evenly grey picture is like nothing that it was trained on and makes it guess worse than that.
        """
        with torch.inference_mode():
            return self.network.prior(self.network.encode_question(question))


def load_answerer(path: Path = WEIGHTS) -> Answerer:
    """Read the weights and put them behind the frozen backbone; raises ModelError where they cannot be read."""
    tensors, header = read_weights(path)
    vocabulary, answers = WordVocabulary(header["vocabulary"]), tuple(header["answers"])
    network = AnswerNetwork(len(vocabulary), len(answers), AnswerShape(**header["shape"]), build_backbone())
    return Answerer(restore(network, tensors, path), vocabulary, answers, header.get("card", {}))
