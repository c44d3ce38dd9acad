"""The networks that were trained here to speak: one describes photographs, one answers questions about them.

Public names: `DEFAULT_ANSWERER`, `DEFAULT_CAPTIONER`, `SPECS`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from torch import Tensor, nn

from ..engine.watch import Watch
from . import answerer, captioner
from .base import ModelSpec, Speech
from .beam import Caption
from .features import photograph_steps
from .spoken import ANSWER, CAPTION, Answering, Describing, Wording
from .training import read_weights
from .vocabulary import END, PAD, START, UNKNOWN, WordVocabulary

__all__ = ["DEFAULT_ANSWERER", "DEFAULT_CAPTIONER", "SPECS"]

DEFAULT_ANSWERER, DEFAULT_CAPTIONER = "answerer", "captioner"
# the label of what is no word in a network's vocabulary
NO_WORD = "(end)"


def _answering(network: nn.Module) -> Answering:
    _, header = read_weights(answerer.WEIGHTS)
    vocabulary, answers = WordVocabulary(header["vocabulary"]), tuple(header["answers"])
    own = answerer.Answerer(cast(Any, network), vocabulary, answers, header.get("card", {}))
    wording = Wording(
        tokens=vocabulary.tokens, limit=own.limit, fill=PAD, unknown=UNKNOWN, embedding="embedding",
        looks_with="backbone", in_parts=True,
    )  # fmt: skip
    return Answering(answers, wording, own.without_picture)


def _describing(network: nn.Module) -> Describing:
    _, header = read_weights(captioner.WEIGHTS)
    vocabulary = WordVocabulary(header["vocabulary"])
    own = captioner.Captioner(cast(Any, network), vocabulary, header.get("card", {}))
    labels = tuple(NO_WORD if number == END else vocabulary.word(number) for number in range(len(vocabulary)))
    wording = Wording(
        tokens=vocabulary.tokens, limit=own.limit, before=(START,), end=END, never=captioner.NEVER, unknown=UNKNOWN,
        looks_with="backbone", in_parts=True,
    )  # fmt: skip

    def write(maps: Tensor, beam: int, watch: Watch) -> list[Caption]:
        return own.write_of(maps, most=beam, watch=watch)

    return Describing(labels, wording, vocabulary.text, write)


def _spec(
    name: str,
    title: str,
    task: str,
    weights: Path,
    load: Callable[[], Any],
    speech: Callable[[nn.Module], Speech],
    method: str,
) -> ModelSpec:
    return ModelSpec(
        name=name,
        title=title,
        source="embedded",
        build=lambda: load().network,
        preprocessing=photograph_steps,
        labels=tuple,
        is_offline=weights.is_file,
        default_layer="backbone.bn2",
        speech=speech,
        task=task,
        default_method=method,
        packaged=True,
    )


# by which a word's or an answer's map peaks on its object most often (tests/benchmarks/README.md)
SPECS = (
    _spec(
        DEFAULT_CAPTIONER, "Captioner", CAPTION, captioner.WEIGHTS, captioner.load_captioner, _describing, "hirescam"
    ),
    _spec(DEFAULT_ANSWERER, "Answerer", ANSWER, answerer.WEIGHTS, answerer.load_answerer, _answering, "gradcam"),
)
