"""Networks that are given words beside a photograph: they describe it, or answer questions about it.

Asked about one word of one caption, or one question, each is a classifier of photographs: its classes are words, or
answers. A `Wording` says how such a network takes words. Public names: `ANSWER`, `CAPTION`, `Answering`, `Describing`,
`Wording`, `Written`, `blind_logits`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from ..engine.inputs import Inputs, called
from ..engine.layout import Layout
from ..engine.score import Score, contrast
from ..engine.watch import NOBODY, Watch
from ..errors import ModelError, TextError
from ..request import Request
from ..tasks.classes import Head
from .base import LoadedModel
from .beam import Caption
from .vocabulary import EncodedText, Token, read, split_words

__all__ = ["ANSWER", "CAPTION", "Answering", "Describing", "Wording", "Written", "blind_logits"]

ANSWER, CAPTION = "answer", "caption"
# the brightness of a picture that shows nothing
GREY = 128


@dataclass(frozen=True, kw_only=True)
class Wording:
    """How a network takes words: the numbers that it is given for a text, as (1, T) int64 beside the image.

    `tokens` makes (number, start, end) of a text, one for each piece of it: its characters `start` to before `end`. A
    network may read at most `limit` of them; `before` and `behind` are numbers around them, such as the one that
    begins a caption, and `fill` is what a question is filled up with to its full length, None where it need not be.

    `end` is the number that ends a caption, `never` those that are no words, `unknown` what stands for a word that it
    never saw. `embedding` is the dotted name of the module whose output, (1, T, E), holds the words: with it a
    question's words have values too. `looks_with` names the module that is given the image alone, "" where
    image and words go through the network together. Of one `in_parts`, `network(image, words)` is `network.say(seen,
    words)` of what that module returns: it is run once for a photograph, whatever is asked. Where it has `in_steps`,
    that returns the same and what gives the (n, 1, V) scores of one step again, whose gradient is cheaper. With
    `english_only` other scripts are refused. `words` are the texts of all numbers, where they are known.
    """

    tokens: Callable[[str], Sequence[Token]]
    limit: int = 40
    before: tuple[int, ...] = ()
    behind: tuple[int, ...] = ()
    fill: int | None = None
    end: int | None = None
    never: tuple[int, ...] = ()
    unknown: int | None = None
    embedding: str | None = None
    looks_with: str = ""
    english_only: bool = False
    in_parts: bool = False
    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, words: Sequence[str], **options: object) -> Wording:
        """For a network that has a number for each of its `words`, which is their index; any other is `unknown`."""
        numbers = {word.lower(): number for number, word in enumerate(words)}
        unknown = options.get("unknown")

        def tokens(text: str) -> list[Token]:
            found = ((numbers.get(word.plain, unknown), word.start, word.end) for word in split_words(text))
            return [(number, start, end) for number, start, end in found if isinstance(number, int)]

        return cls(tokens=tokens, words=tuple(words), **options)  # type: ignore[arg-type]

    def read(self, text: str, name: str) -> EncodedText:
        """The words and numbers of `text`, which an error calls `name`; raises TextError."""
        return read(
            text, self.tokens, limit=self.limit, name=name, unknown=self.unknown, english_only=self.english_only
        )

    def question(self, numbers: Sequence[int]) -> Tensor:
        """(1, T) int64: the numbers of a question with all that stands around them."""
        whole = [*self.before, *numbers, *self.behind]
        if self.fill is not None:
            whole += [self.fill] * (self.limit - len(numbers))
        return torch.tensor([whole], dtype=torch.int64)

    def caption(self, numbers: Sequence[int]) -> Tensor:
        """(1, T) int64: the numbers of a caption behind what begins it."""
        return torch.tensor([[*self.before, *numbers]], dtype=torch.int64)


@dataclass(frozen=True)
class Written:
    """What a network wrote of a photograph, the best first."""

    captions: tuple[str, ...]

    @property
    def nbytes(self) -> int:
        return sum(len(caption) for caption in self.captions)


@dataclass(frozen=True, eq=False)
class Answering:
    """A network that is given a question: its classes are the answers, `labels`.

    `alone` gives its (1, answers) logits of a question alone, None where it has to be shown a grey picture for that.
    """

    labels: tuple[str, ...]
    wording: Wording
    alone: Callable[[Tensor], Tensor] | None = None
    task: str = ANSWER

    @property
    def word_layer(self) -> str | None:
        """The module whose output holds the question's words."""
        return self.wording.embedding

    @property
    def looks_with(self) -> str:
        """The module that is given the image alone."""
        return self.wording.looks_with

    @property
    def in_parts(self) -> bool:
        """Whether the network's output is its `say` of what that module returns and the words."""
        return self.wording.in_parts

    def read(self, text: str) -> EncodedText:
        """The words of a question; raises TextError."""
        return self.wording.read(text, "question")

    def example(self) -> Inputs:
        """A question to try the network out with."""
        return {"question": self.wording.question(_any_numbers(len(self.labels), self.wording))}

    def bound(self, model: LoadedModel, request: Request) -> LoadedModel:
        """`model` for the question of `request`; raises TextError."""
        if request.question is None:
            raise TextError("question.missing", model=model.title)
        question = self.wording.question(self.read(request.question).numbers)
        layouts = model.layouts
        if self.word_layer is not None:
            words = Layout(channels=2, grid=(1, question.shape[1]), on_image=False)
            layouts = {**layouts, self.word_layer: words}
        return replace(model, beside={"question": question}, layouts=layouts)

    def places(self, reading: EncodedText) -> list[list[int]]:
        """Where in what the network is given the numbers of each word stand."""
        return [[at + len(self.wording.before) for at in own] for own in reading.places]

    def blind(self, model: LoadedModel) -> Tensor:
        """(1, answers) logits for the question that `model` is bound to, without looking at any photograph."""
        question = next(iter(model.beside.values()))
        if self.alone is not None:
            return self.alone(question)
        height, width = model.preprocessing.input_shape[-2:]
        grey, _ = model.preprocessing.encode(np.full((height, width, 3), GREY, np.uint8))
        first = next(model.network.parameters(), grey)
        with torch.inference_mode():
            return called(model.network, {"image": grey.to(first), "question": question.to(first.device)})


@dataclass(frozen=True, eq=False)
class Describing:
    """A network that is given the words of a caption: its classes are what may stand at one place of it, by `labels`.

    `text` makes a caption of numbers, and `write` up to so many captions of a (1, 3, H, W) input, or of what was seen
    of it by a network in parts, the best first; it is told who waits for them.
    """

    labels: tuple[str, ...]
    wording: Wording
    text: Callable[[Sequence[int]], str]
    write: Callable[[Tensor, int, Watch], Sequence[Caption]]
    task: str = CAPTION
    word_layer: str | None = None

    @property
    def looks_with(self) -> str:
        """The module that is given the image alone."""
        return self.wording.looks_with

    @property
    def in_parts(self) -> bool:
        """Whether the network's output is its `say` of what that module returns and the words."""
        return self.wording.in_parts

    def read(self, text: str) -> EncodedText:
        """The words of a caption; raises TextError."""
        return self.wording.read(text, "caption")

    def example(self) -> Inputs:
        """A caption to try the network out with."""
        return {"words": self.wording.caption(_any_numbers(len(self.labels), self.wording)[:3])}

    def bound(self, model: LoadedModel, request: Request) -> LoadedModel:
        """`model` for one word of the caption of `request`, or all of it; raises TextError."""
        if request.caption is None:
            raise TextError("caption.missing", model=model.title)
        reading = self.read(request.caption)
        asked = replace(model, beside={"words": self.wording.caption(reading.numbers)})
        if request.word is None:
            head = Head("caption", "the caption's words (geometric mean)", True, partial(_mean, self._terms(reading)))
            return _as_one(asked, self.text(reading.numbers), head, self._terms(reading))
        place = place_of(request.word, reading)
        terms = self._terms(reading, place)
        if not terms:
            raise TextError("words.unknown", name="word", text=reading.words[place].text)
        if len(terms) > 1:
            head = Head("words", "the word's parts (product)", True, partial(_product, terms))
            return replace(_as_one(asked, reading.words[place].text, head, terms), word=place)
        ((step, number),) = terms
        head = Head("word", "one of the words (softmax)", True, partial(_at, step))
        return replace(asked, step=step, word=place, head=head, score=partial(_word_score, step), own_target=number)

    def chances(self, logits: Tensor, reading: EncodedText) -> list[float]:
        """The probability of each word given those before it, from (1, steps, K) logits for the caption."""
        logs = logits.float().log_softmax(-1)[0]
        words = (self._terms(reading, place) for place in range(len(reading.words)))
        return [math.exp(sum(float(logs[step, number]) for step, number in terms)) for terms in words]

    def written(self, image: Tensor, beam: int, watch: Watch = NOBODY) -> Written:
        """Up to `beam` captions of what `write` takes; raises StoppedError through `watch`."""
        texts = (self.text(one.numbers).strip() for one in self.write(image, beam, watch))
        return Written(tuple(dict.fromkeys(text for text in texts if text)))

    def _terms(self, reading: EncodedText, place: int | None = None) -> tuple[tuple[int, int], ...]:
        """(step, number) of the word at `place`, or of the whole caption."""
        ahead = len(self.wording.before) - 1
        chosen = range(len(reading.numbers)) if place is None else reading.places[place]
        return tuple((ahead + at, reading.numbers[at]) for at in chosen)


def blind_logits(model: LoadedModel) -> Tensor:
    """(1, answers) logits for the question that `model` is bound to, without looking at any photograph."""
    if not isinstance(model.speech, Answering):
        raise ModelError("model.no_answers", model=model.title)
    return model.speech.blind(model)


def place_of(word: int | str, reading: EncodedText) -> int:
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


def _any_numbers(count: int, wording: Wording) -> list[int]:
    """Numbers to try a network out with, as many as it reads."""
    special = {*wording.before, *wording.behind, *wording.never, wording.end, wording.fill}
    usual = [number for number in range(max(count, 2)) if number not in special] or [0]
    return [usual[at % len(usual)] for at in range(wording.limit)]


def _as_one(model: LoadedModel, label: str, head: Head, terms: Sequence[tuple[int, int]]) -> LoadedModel:
    """`model` with one class: all of `terms` together."""
    return replace(model, head=head, labels=(label,), score=partial(_sum_score, terms), own_target=0)


def _at(step: int, logits: Tensor) -> Tensor:
    return logits[:, step].softmax(-1)


def _product(terms: Sequence[tuple[int, int]], logits: Tensor) -> Tensor:
    return Score(tuple((*one, 1.0) for one in terms), log=True).of(logits).exp()[:, None]


def _mean(terms: Sequence[tuple[int, int]], logits: Tensor) -> Tensor:
    return (Score(tuple((*one, 1 / len(terms)) for one in terms), log=True).of(logits)).exp()[:, None]


def _word_score(step: int, target: int, rivals: Sequence[int], counterfactual: bool) -> Score:
    return contrast(target, rivals, counterfactual=counterfactual, step=step, log=True)


def _sum_score(terms: Sequence[tuple[int, int]], _target: int, _rivals: Sequence[int], counterfactual: bool) -> Score:
    sign = -1.0 if counterfactual else 1.0
    return Score(tuple((*one, sign) for one in terms), log=True)
