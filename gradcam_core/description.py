"""What a network says of a photograph in words, and what it answers to a question; each part can be explained.

    d = explainer.describe("dog.jpg")
    d.caption, [(word.text, word.probability) for word in d.words]
    d.explain("dog").overlay().save("where.png")
    a = explainer.ask("dog.jpg", "what colour is the dog?")
    a.top[0].label, [(word.text, word.value) for word in a.words]

Public names: `Answer`, `AnswerWord`, `Description`, `DescribedWord`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from .canvases.project import normalise
from .canvases.sentence import Piece
from .engine.capture import Capture
from .engine.watch import NOBODY, Watch
from .errors import ModelError
from .explanation import Explanation
from .languages import Finding, Noted, Said
from .models import LoadedModel
from .models.spoken import Answering, Describing
from .reading.photograph import Photograph
from .request import Request
from .tasks.classes import prediction, top_predictions
from .types import Prediction

__all__ = ["Answer", "AnswerWord", "DescribedWord", "Description"]


class Explains(Protocol):
    """What answers a request about a photograph."""

    def answer(self, image: Photograph, request: Request, *, watch: Watch = NOBODY) -> Explanation: ...


@dataclass(frozen=True)
class DescribedWord:
    """A word of a caption, its characters `start` to before `end` in it, and its probability given those before it.

    `known` is false for a word that the network never saw: its probability is that of any such word.
    """

    text: str
    probability: float
    start: int
    end: int
    known: bool = True


def _unknown(words: Sequence[DescribedWord | AnswerWord]) -> tuple[Finding, ...]:
    unknown = tuple(dict.fromkeys(word.text for word in words if not word.known))
    return (Finding("words.never_seen", words=unknown),) if unknown else ()


@dataclass(frozen=True, eq=False, repr=False)
class Description(Said, Noted):
    """A caption of a photograph, word by word.

    `captions` are those that the network wrote itself, the best first; empty for a caption of one's own.
    """

    photograph: Photograph
    request: Request
    caption: str
    words: tuple[DescribedWord, ...]
    captions: tuple[str, ...]
    model_title: str
    explainer: Explains

    @classmethod
    def of(
        cls,
        explainer: Explains,
        photograph: Photograph,
        request: Request,
        model: LoadedModel,
        logits: Tensor,
        captions: tuple[str, ...],
    ) -> Description:
        """The description that (1, steps, K) `logits` of a model, bound to the request's caption, tell of."""
        if not isinstance(model.speech, Describing):
            raise ModelError("model.no_captions", model=model.title)
        caption = str(request.caption)
        reading = model.speech.read(caption)
        chances = model.speech.chances(logits.detach(), reading)
        words = tuple(
            DescribedWord(word.text, chance, word.start, word.end, word.text not in reading.unknown)
            for word, chance in zip(reading.words, chances, strict=True)
        )
        return cls(photograph, request, caption, words, captions, model.title, explainer)

    @property
    def finding(self) -> Finding:
        """What was said, and how sure of it the network is."""
        least = min(self.words, key=lambda word: word.probability)
        key = "caption.written" if self.captions else "caption.given"
        return Finding(
            key, model=self.model_title, caption=self.caption, word=least.text, probability=least.probability
        )

    @property
    def remarks(self) -> tuple[Finding, ...]:
        """What a person should know about this caption."""
        return _unknown(self.words)

    def explain(self, word: int | str | None = None, *, watch: Watch = NOBODY, **options: Any) -> Explanation:
        """Where a word of the caption comes from, or with None all of it.

        `word` is its place, from 0, or the word itself where it stands there once; `options` are those of
        `Explainer.explain`: `target` another word at the same place, `rival` one that it is compared with. Explained is
        the log-probability of the word given the words before it, or the sum of all of them (Selvaraju et al.,
        arXiv:1610.02391, sec. 7.1). Raises as `Explainer.explain` does, and TextError.
        """
        return self.explainer.answer(self.photograph, self.request.replace(word=word, **options), watch=watch)

    def _repr_html_(self) -> str:
        """How a notebook shows it: with the map of the whole caption."""
        return self.explain()._repr_html_()

    def record(self) -> dict[str, Any]:
        """The description as plain JSON values."""
        return {
            "sentence": self.sentence,
            "caption": self.caption,
            "words": [asdict(word) for word in self.words],
            "captions": list(self.captions),
            "notes": list(self.notes),
            "request": self.request.record(),
        }


@dataclass(frozen=True)
class AnswerWord(Piece):
    """A word of a question, its characters `start` to before `end` in it, and how much it speaks for the answer.

    `value` is signed, in units of the answer's logit: gradient times the word's vector, summed. `weight` is what is
    positive of it, the largest of the question 1. `known` is false for a word that the network never saw.
    """

    known: bool = True


@dataclass(frozen=True, eq=False, repr=False)
class Answer(Said, Noted):
    """The five most probable answers to a question about a photograph.

    `words` are those of the question, valued for `target`, the most probable answer; `without_picture` are the answers
    that the network would give to the same question without looking at any picture.
    """

    photograph: Photograph
    request: Request
    question: str
    top: tuple[Prediction, ...]
    words: tuple[AnswerWord, ...]
    without_picture: tuple[Prediction, ...]
    model_title: str
    explainer: Explains
    _model: LoadedModel
    _capture: Capture
    _on_model: tuple[Finding, ...] = ()

    @classmethod
    def of(
        cls,
        explainer: Explains,
        photograph: Photograph,
        request: Request,
        model: LoadedModel,
        capture: Capture,
        blind: Callable[[], Tensor],
    ) -> Answer:
        """The answer that the capture of a model, bound to the request's question, tells of; `blind` are the logits of
        the question alone."""
        if not isinstance(model.speech, Answering):
            raise ModelError("model.no_answers", model=model.title)
        top = top_predictions(model.head.of(capture.logits)[0], model.labels)
        alone = top_predictions(model.head.of(blind())[0], model.labels)
        asked = photograph, request, str(request.question)
        made = cls(*asked, top, (), alone, model.title, explainer, model, capture, model.remarks)
        return replace(made, words=made.words_for(top[0].index))

    @property
    def target(self) -> Prediction:
        """The most probable answer."""
        return self.top[0]

    def words_for(self, target: int | str) -> tuple[AnswerWord, ...]:
        """The words of the question with how much each speaks for the answer `target`, an index or its text.

        Gradient of the answer's logit at the word's vector, times that vector. Raises TargetError.
        """
        speech = self._model.speech
        if not isinstance(speech, Answering) or speech.word_layer is None:
            return ()
        score = self._model.score(self._model.class_index(target), (), False)
        products = self._capture.activations(speech.word_layer) * self._capture.gradient(speech.word_layer, score)
        reading = speech.read(self.question)
        pieces = products.float().sum(0).flatten().cpu().numpy()
        values = np.array([pieces[own].sum() for own in speech.places(reading)])
        weights = normalise(values)
        return tuple(
            AnswerWord(word.text, word.start, word.end, float(value), float(weight), word.text not in reading.unknown)
            for word, value, weight in zip(reading.words, values, weights, strict=True)
        )

    @property
    def finding(self) -> Finding:
        """The answer, and whether the picture changed it."""
        blind = self.without_picture[0]
        key = "answer.same_without" if blind.index == self.target.index else "answer.other_without"
        return Finding(
            key,
            model=self.model_title,
            answer=self.target.label,
            probability=self.target.probability,
            blind=blind.label,
            blind_probability=blind.probability,
        )

    @property
    def remarks(self) -> tuple[Finding, ...]:
        """What a person should know about this answer."""
        return (*_unknown(self.words), *self._on_model)

    def explain(self, target: int | str | None = None, *, watch: Watch = NOBODY, **options: Any) -> Explanation:
        """Where an answer comes from: an index or its text, None for the most probable.

        `options` are those of `Explainer.explain`. Explained is the answer's logit (Selvaraju et al.,
        arXiv:1610.02391, sec. 7.2). Raises as `Explainer.explain` does.
        """
        return self.explainer.answer(self.photograph, self.request.replace(target=target, **options), watch=watch)

    def chance(self, target: int | str) -> Prediction:
        """One answer with its probability; raises TargetError."""
        probabilities = self._model.head.of(self._capture.logits)[0]
        return prediction(probabilities, self._model.labels, self._model.class_index(target))

    def _repr_html_(self) -> str:
        """How a notebook shows it: with the map of the most probable answer."""
        return self.explain()._repr_html_()

    def record(self) -> dict[str, Any]:
        """The answer as plain JSON values."""
        return {
            "sentence": self.sentence,
            "question": self.question,
            "top": [asdict(one) for one in self.top],
            "words": [asdict(word) for word in self.words],
            "without_picture": [asdict(one) for one in self.without_picture],
            "notes": list(self.notes),
            "request": self.request.record(),
        }
