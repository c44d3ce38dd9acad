"""The networks that are trained here to speak: one describes photographs, one answers questions about them.

Both stand in the registry as classifiers do. Asked about one word of one caption, or one question, each is a classifier
of photographs: its classes are words, or answers. Public names: `ANSWER`, `CAPTION`, `DEFAULT_ANSWERER`,
`DEFAULT_CAPTIONER`, `SPECS`, `Answering`, `Describing`, `Written`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..engine.inputs import Inputs
from ..engine.score import Score, contrast
from ..errors import TextError
from ..request import Request
from ..tasks.classes import Head
from . import answerer, captioner
from .base import LoadedModel, ModelSpec
from .features import photograph_steps
from .training import read_weights
from .vocabulary import END, Reading, Vocabulary

__all__ = ["ANSWER", "CAPTION", "DEFAULT_ANSWERER", "DEFAULT_CAPTIONER", "SPECS", "Answering", "Describing", "Written"]

ANSWER, CAPTION = "answer", "caption"
DEFAULT_ANSWERER, DEFAULT_CAPTIONER = "answerer", "captioner"
# of a network's vocabulary, for what is no word
NO_WORD = "(end)"


@dataclass(frozen=True)
class Written:
    """What a network wrote of a photograph, the best first."""

    captions: tuple[str, ...]

    @property
    def nbytes(self) -> int:
        return sum(len(caption) for caption in self.captions)


@dataclass(frozen=True, eq=False)
class Answering:
    """A network that is given a question: its classes are the answers."""

    answerer: answerer.Answerer
    task: str = ANSWER
    word_layer: str | None = "embedding"
    looks_with: str = "backbone"

    @property
    def labels(self) -> tuple[str, ...]:
        """The answers, by index."""
        return self.answerer.answers

    def read(self, text: str) -> Reading:
        """The words of a question; raises TextError."""
        return self.answerer.read(text)

    def example(self) -> Inputs:
        """A question to try the network out with."""
        limit = self.answerer.limit
        return {"question": torch.arange(limit).remainder(len(self.answerer.vocabulary))[None]}

    def bound(self, model: LoadedModel, request: Request) -> LoadedModel:
        """`model` for the question of `request`; raises TextError."""
        if request.question is None:
            raise TextError("question.missing", model=model.title)
        return replace(model, beside={"question": self.answerer.question(self.read(request.question))})

    def blind(self, model: LoadedModel) -> Tensor:
        """(1, answers) logits for the question that `model` is bound to, without looking."""
        question = next(iter(model.beside.values()))
        return self.answerer.without_picture(question)


@dataclass(frozen=True, eq=False)
class Describing:
    """A network that is given the words of a caption: its classes are the words that may stand at one place of it."""

    captioner: captioner.Captioner
    task: str = CAPTION
    word_layer: str | None = None
    looks_with: str = "backbone"

    @property
    def labels(self) -> tuple[str, ...]:
        """The words, by number."""
        vocabulary = self.captioner.vocabulary
        return tuple(NO_WORD if number == END else vocabulary.word(number) for number in range(len(vocabulary)))

    def read(self, text: str) -> Reading:
        """The words of a caption; raises TextError."""
        return self.captioner.read(text)

    def example(self) -> Inputs:
        """A caption to try the network out with."""
        return {"words": self.captioner.previous([4, 5, 6])}

    def bound(self, model: LoadedModel, request: Request) -> LoadedModel:
        """`model` for one word of the caption of `request`, or all of it; raises TextError."""
        if request.caption is None:
            raise TextError("caption.missing", model=model.title)
        reading = self.read(request.caption)
        beside = {"words": self.captioner.previous(reading.numbers)}
        if request.word is None:
            terms = tuple(enumerate(reading.numbers))
            head = Head("caption", "the caption's words (geometric mean)", True, partial(_mean, terms))
            score = partial(_whole_score, terms)
            caption = self.captioner.vocabulary.text(reading.numbers)
            return replace(model, beside=beside, head=head, labels=(caption,), score=score, own_target=0)
        step = place_of(request.word, reading)
        head = Head("word", "one of the words (softmax)", True, partial(_at, step))
        score = partial(_word_score, step)
        return replace(model, beside=beside, step=step, head=head, score=score, own_target=reading.numbers[step])

    def written(self, image: Tensor, beam: int) -> Written:
        """Up to `beam` captions of a (1, 3, H, W) input."""
        found = self.captioner.write(image, beam=beam)
        return Written(tuple(self.captioner.vocabulary.text(one.numbers) for one in found))


def place_of(word: int | str, reading: Reading) -> int:
    """Where in a caption `word` stands, a place from 0 or the word itself; raises TextError."""
    words = [one.plain for one in reading.words]
    if isinstance(word, int):
        if not 0 <= word < len(words):
            raise TextError("word.out_of_range", word=word, last=len(words) - 1)
        return word
    found = [place for place, one in enumerate(words) if one == word.lower()]
    if not found:
        raise TextError("word.not_there", word=word, words=tuple(words))
    if len(found) > 1:
        raise TextError("word.several_times", word=word, places=tuple(found))
    return found[0]


def _at(step: int, logits: Tensor) -> Tensor:
    return logits[:, step].softmax(-1)


def _mean(terms: Sequence[tuple[int, int]], logits: Tensor) -> Tensor:
    return (Score(tuple((*one, 1 / len(terms)) for one in terms), log=True).of(logits)).exp()[:, None]


def _word_score(step: int, target: int, rivals: Sequence[int], counterfactual: bool) -> Score:
    return contrast(target, rivals, counterfactual=counterfactual, step=step, log=True)


def _whole_score(terms: Sequence[tuple[int, int]], _target: int, _rivals: Sequence[int], counterfactual: bool) -> Score:
    sign = -1.0 if counterfactual else 1.0
    return Score(tuple((*one, sign) for one in terms), log=True)


def _answering(network: nn.Module) -> Answering:
    _, header = read_weights(answerer.WEIGHTS)
    vocabulary, answers = Vocabulary(header["vocabulary"]), tuple(header["answers"])
    return Answering(answerer.Answerer(cast(Any, network), vocabulary, answers, header.get("card", {})))


def _describing(network: nn.Module) -> Describing:
    _, header = read_weights(captioner.WEIGHTS)
    vocabulary = Vocabulary(header["vocabulary"])
    return Describing(captioner.Captioner(cast(Any, network), vocabulary, header.get("card", {})))


def _spec(
    name: str,
    title: str,
    task: str,
    weights: Path,
    load: Callable[[], Any],
    speech: Callable[[nn.Module], Answering | Describing],
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
    )


SPECS = (
    _spec(DEFAULT_CAPTIONER, "Captioner", CAPTION, captioner.WEIGHTS, captioner.load_captioner, _describing),
    _spec(DEFAULT_ANSWERER, "Answerer", ANSWER, answerer.WEIGHTS, answerer.load_answerer, _answering),
)
