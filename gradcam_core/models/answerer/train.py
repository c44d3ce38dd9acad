"""Train the answerer on photographs, their questions, and questions made from captions and guessed objects.

    python -m gradcam_core.models.answerer.train --data DIR --out FILE [--cache DIR] [--seed 1] [--epochs 7]

DIR is described in `gradcam_core.models.photographs`; `--cache` keeps the backbone's maps (3 GB) between runs.
Public names: `AnswererSettings`, `main`, `train`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..features import Maps, channel_statistics
from ..kinds import KINDS, kind_of, kinds_in, words_of
from ..photographs import Detection, Photographs
from ..training import Progress, Schedule, command, fit, write_weights
from ..vocabulary import PAD, WordVocabulary
from .network import AnswerNetwork, AnswerShape
from .questions import Made, Match, absent_kinds, caption_questions, plain, presence_questions

__all__ = ["AnswererSettings", "main", "train"]

PEOPLE = ("man", "woman", "boy", "girl", "people", "child", "children", "men")


@dataclass(frozen=True)
class AnswererSettings(Schedule):
    """Everything that decides what comes out of a training.

    A step takes `images` photographs, at most `each` questions on one of them, and `places` of its 49 places drawn by
    chance; an epoch takes all photographs with given questions and the share `others` of the rest.
    """

    epochs: int = 7
    until: int = 7
    images: int = 12
    each: int = 7
    others: float = 0.5
    places: int = 25
    blind: int = 32
    made_weight: float = 0.5
    blind_weight: float = 0.3
    smoothing: float = 0.05
    answer_seen: int = 40
    word_seen: int = 3
    shape: AnswerShape = field(default_factory=AnswerShape)


@dataclass(frozen=True)
class _Pair:
    """A question as numbers, and its answers with their shares."""

    numbers: tuple[int, ...]
    answers: dict[int, float]
    weight: float


class AnswerMaterial:
    """The photographs' questions as numbers, drawn anew for each epoch.

    `known` are the vocabulary and the answers of a network that is to be trained further.
    """

    def __init__(
        self,
        photographs: Photographs,
        settings: AnswererSettings,
        known: tuple[WordVocabulary, list[str]] | None = None,
    ) -> None:
        self.photographs, self.settings = photographs, settings
        counts = Counter(question.answers[0] for question in photographs.blind)
        coco = {question.answers[0] for question in photographs.blind if question.source == "coco-qa"}
        often = [answer for answer, count in counts.items() if count >= settings.answer_seen]
        self.answers = known[1] if known else sorted({*coco, *often, *PEOPLE, "yes", "no"})
        self._answer = {answer: number for number, answer in enumerate(self.answers)}
        train = [name for name in photographs.splits if not photographs.held_out(name)]
        self.made = {
            name: [
                made
                for text in photographs.captions[name]
                for made in self._known(caption_questions(plain(text), self._answer))
            ]
            for name in train
        }
        self.given = {
            name: [*questions] for name, questions in photographs.questions.items() if not photographs.held_out(name)
        }
        seen = [name for name in photographs.objects if not photographs.held_out(name)]
        self.images = sorted({*self.made, *self.given, *seen})
        words = Counter(word for question in photographs.blind for word in plain(question.text))
        words.update(word for pairs in self.made.values() for question, _ in pairs for word in question)
        words.update({word: settings.word_seen for kind in KINDS for name in words_of(kind) for word in name.split()})
        frequent = sorted(word for word, count in words.items() if count >= settings.word_seen)
        self.vocabulary = known[0] if known else WordVocabulary(frequent)
        self.match = Match([question for question in photographs.blind if question.source == "coco-qa"])
        present = Counter(one.kind for found in photographs.objects.values() for one in found if one.score >= 0.5)
        self.kind_weights = [(present[kind] + 20) ** 0.75 for kind in KINDS]
        self.blind = [
            (self.number(plain(question.text)), self._answer[question.answers[0]])
            for question in photographs.blind
            if question.answers[0] in self._answer
        ]

    def _known(self, made: Iterator[Made]) -> Iterator[Made]:
        return ((words, answer) for words, answer in made if answer in self._answer)

    def number(self, words: tuple[str, ...]) -> tuple[int, ...]:
        """The numbers of a question's words, as many as the network reads."""
        return tuple(self.vocabulary.number(word) for word in words[: self.settings.shape.limit])

    def shares(self, answers: tuple[str, ...]) -> dict[int, float]:
        """The known answers' numbers and how many of those asked gave each."""
        counts = Counter(self._answer[answer] for answer in answers if answer in self._answer)
        return {number: count / len(answers) for number, count in counts.items()}

    def drawn(self, random: Random) -> list[str]:
        """The photographs of one epoch."""
        others = [name for name in self.images if name not in self.given]
        return [*self.given, *random.sample(others, int(len(others) * self.settings.others))]

    def pairs(self, image: str, random: Random) -> list[_Pair]:
        """Questions on one photograph: all that were given, and some of those that can be made."""
        settings, weight = self.settings, self.settings.made_weight
        found = self.photographs.objects.get(image, [])
        # where there are captions, the detector is believed only in what they name: it takes dogs for bears
        believed = [one for one in found if image not in self.made or one.kind in self._named(image)]
        made: list[Made] = list(self.match.questions(believed, random))
        pool = self.made.get(image, [])
        made += random.sample(pool, min(4, len(pool)))
        made += self._presence(image, found, random)
        given = [(self.number(plain(one.text)), self.shares(one.answers)) for one in self.given.get(image, [])]
        pairs = [_Pair(numbers, shares, 1.0) for numbers, shares in given if shares]
        random.shuffle(made)
        pairs += [_Pair(self.number(words), {self._answer[answer]: 1.0}, weight) for words, answer in made]
        return pairs[: settings.each]

    def _presence(self, image: str, found: list[Detection], random: Random) -> list[Made]:
        named = self._named(image)
        sure = 0.7 if image in self.made else 0.5
        present = sorted({one.kind for one in found if one.score >= sure} | named)
        others = {one.kind for one in found} | named
        # people are asked about less often: they are in half of all photographs
        weights = [self.kind_weights[KINDS.index(kind)] ** -0.5 for kind in present]
        asked = list(dict.fromkeys(random.choices(present, weights, k=2))) if present else []
        absent = absent_kinds(others, max(len(asked), 1), self.kind_weights, random)
        return list(presence_questions(asked, absent, random))

    def _named(self, image: str) -> set[str]:
        """Kinds that captions or given answers name."""
        if not hasattr(self, "_names"):
            names: dict[str, set[str]] = defaultdict(set)
            for name in self.images:
                for caption in self.photographs.captions.get(name, []):
                    names[name] |= {kind for _, _, kind in kinds_in(plain(caption))}
                for one in self.given.get(name, []):
                    if one.source == "coco-qa":
                        kind = kind_of(one.answers[0]) if one.type == "object" else None
                        names[name] |= {kind} if kind else set()
            self._names = names
        return self._names[image]


def pad(rows: list[tuple[int, ...]], limit: int) -> Tensor:
    """(N, limit) int64, filled up on the right."""
    padded = torch.full((len(rows), limit), PAD)
    for row, numbers in enumerate(rows):
        padded[row, : len(numbers)] = torch.tensor(numbers, dtype=torch.int64)
    return padded


def trimmed(questions: Tensor) -> Tensor:
    return questions[:, : max(3, int((questions != PAD).sum(1).max()))]


def train(
    photographs: Photographs, maps: Maps, settings: AnswererSettings, out: Path | None = None
) -> tuple[AnswerNetwork, dict[str, Any]]:
    """Train, average the weights, and score them on held-out photographs after each epoch."""
    torch.manual_seed(settings.seed)
    random = Random(settings.seed)  # noqa: S311 - draws questions, keeps no secret
    material = AnswerMaterial(photographs, settings)
    network = AnswerNetwork(len(material.vocabulary), len(material.answers), settings.shape)
    mean, deviation = channel_statistics(maps)
    network.votes.standardise.mean.copy_(mean)
    network.votes.standardise.deviation.copy_(deviation)
    steps = settings.epochs * (len(material.drawn(random)) // settings.images)
    Progress.say(
        f"{len(material.images)} photographs, {len(material.vocabulary)} words, {len(material.answers)} answers"
    )
    header: dict[str, Any] = {
        "vocabulary": material.vocabulary.words, "answers": material.answers, "shape": asdict(settings.shape),
    }  # fmt: skip

    def losses(trained: AnswerNetwork) -> Iterator[Tensor]:
        return (
            loss(trained, material, maps, images, random)
            for images in _batches(material.drawn(random), settings.images, random)
        )

    def keep(averaged: AnswerNetwork, card: dict[str, Any]) -> None:
        header["card"] = card
        if out is not None:
            write_weights(out, averaged, header)

    averaged = fit(network, settings, steps, losses, lambda one: evaluate(one, material, maps), keep)
    return averaged, header


def _batches(images: list[str], size: int, random: Random) -> Iterator[list[str]]:
    order = random.sample(images, len(images))
    for start in range(0, len(order) - size + 1, size):
        yield order[start : start + size]


def loss(network: AnswerNetwork, material: AnswerMaterial, maps: Maps, images: list[str], random: Random) -> Tensor:
    settings = material.settings
    pairs = [(row, pair) for row, image in enumerate(images) for pair in material.pairs(image, random)]
    blind = random.sample(material.blind, min(settings.blind, len(material.blind)))
    rows = torch.tensor([row for row, _ in pairs])
    questions = trimmed(pad([pair.numbers for _, pair in pairs], settings.shape.limit))
    wanted = torch.zeros(len(pairs), len(material.answers))
    for at, (_, pair) in enumerate(pairs):
        for answer, share in pair.answers.items():
            wanted[at, answer] = share
    wanted = wanted / wanted.sum(1, keepdim=True)
    wanted = (1 - settings.smoothing) * wanted + settings.smoothing / wanted.shape[1]
    weights = torch.tensor([pair.weight for _, pair in pairs])
    places = maps.of(images)
    if settings.places < places.shape[1]:
        # a random part of the places costs half and, like dropout, lets no answer hang on one of them
        chosen = torch.rand(places.shape[:2]).topk(settings.places, dim=1).indices
        places = places.gather(1, chosen.unsqueeze(-1).expand(-1, -1, places.shape[2]))
    projected = network.votes.project(places)
    logits = network.answer(projected[rows], questions)
    losses = nn.functional.cross_entropy(logits, wanted, reduction="none")
    total = (losses * weights).sum() / weights.sum()
    if blind:
        texts = trimmed(pad([numbers for numbers, _ in blind], settings.shape.limit))
        answers = torch.tensor([answer for _, answer in blind])
        prior = network.prior(network.encode_question(texts))
        total = total + settings.blind_weight * nn.functional.cross_entropy(prior, answers)
    return total


@torch.inference_mode()
def evaluate(network: AnswerNetwork, material: AnswerMaterial, maps: Maps) -> dict[str, float]:
    """Shares of right answers on the held-out photographs: COCO-QA by type, without the picture, VQA v2, presence."""
    network.eval()
    photographs, limit = material.photographs, material.settings.shape.limit
    held = [one for name, some in photographs.questions.items() if photographs.held_out(name) for one in some]
    right: dict[str, list[float]] = defaultdict(list)
    for start in range(0, len(held), 64):
        some = held[start : start + 64]
        questions = pad([material.number(plain(one.text)) for one in some], limit)
        projected = network.votes.project(maps.of([one.image for one in some]))
        found = network.answer(projected, questions).argmax(1).tolist()
        blind = network.prior(network.encode_question(questions)).argmax(1).tolist()
        for one, number, without in zip(some, found, blind, strict=True):
            answer, guess = material.answers[number], material.answers[without]
            if one.source == "coco-qa":
                for name in ("coco-qa", f"coco-qa {one.type}"):
                    right[name].append(answer == one.answers[0])
                right["coco-qa question alone"].append(guess == one.answers[0])
            else:
                for name in ("vqa", f"vqa {one.type}"):
                    right[name].append(min(1.0, one.answers.count(answer) / 3))
    right["presence"] = _presence(network, material, maps)
    return {name: round(float(np.mean(values)), 4) for name, values in sorted(right.items()) if values}


def _presence(network: AnswerNetwork, material: AnswerMaterial, maps: Maps) -> list[float]:
    random = Random(0)  # noqa: S311 - the same questions each time
    photographs = material.photographs
    yes, no = material.answers.index("yes"), material.answers.index("no")
    right = []
    for name in sorted(name for name in photographs.questions if photographs.held_out(name)):
        found = photographs.objects.get(name, [])
        present = sorted({one.kind for one in found if one.score >= 0.5})[:3]
        absent = absent_kinds({one.kind for one in found}, len(present), material.kind_weights, random)
        pairs = list(presence_questions(present, absent, random))
        if not pairs:
            continue
        questions = pad([material.number(words) for words, _ in pairs], material.settings.shape.limit)
        projected = network.votes.project(maps.of([name])).expand(len(pairs), -1, -1)
        logits = network.answer(projected, questions)
        says = (logits[:, yes] > logits[:, no]).tolist()
        right += [float(said == (answer == "yes")) for said, (_, answer) in zip(says, pairs, strict=True)]
    return right


def main(arguments: list[str] | None = None, settings: AnswererSettings | None = None) -> None:
    """The command: train and write the weights after each epoch."""
    command("python -m gradcam_core.models.answerer.train", __doc__, train, settings or AnswererSettings(), arguments)


if __name__ == "__main__":
    main()
