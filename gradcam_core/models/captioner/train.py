"""Train the captioner on photographs with five captions each, and on statements made of questions and answers.

    python -m gradcam_core.models.captioner.train --data DIR --out FILE [--cache DIR] [--seed 1] [--epochs 4]

DIR is described in `gradcam_core.models.photographs`; `--cache` keeps the backbone's maps (1.5 GB) between runs.
Public names: `CaptionerSettings`, `main`, `train`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor, nn

from ..answerer.questions import Match, plain
from ..features import Maps, channel_statistics
from ..kinds import KINDS, PLURALS, SINGULARS
from ..photographs import Photographs
from ..training import Progress, Schedule, command, fit, write_weights
from ..vocabulary import END, PAD, START, UNKNOWN, WordVocabulary
from .decode import decode_picture
from .network import CaptionNetwork, CaptionShape, Picture
from .scores import bleu4, cider
from .sentences import statement

__all__ = ["CaptionerSettings", "main", "train"]

# words that no place can show
NOT_SHOWN = """
a an the is are was were be been being am and or but of to in on at by for from with without as it its his her
their they he she him them this that these those there which who while what where when into onto up down out off
over under through around along across near next behind above below between against towards toward after before
during about other another each one s t has have had do does not some very so then than
"""
FUNCTION_WORDS = frozenset(NOT_SHOWN.split())


@dataclass(frozen=True)
class CaptionerSettings(Schedule):
    """Everything that decides what comes out of a training.

    A step takes `photographs` with captions and `others` without.
    """

    photographs: int = 8
    others: int = 4
    statements: int = 2
    smoothing: float = 0.1
    concept_weight: float = 20.0
    other_weight: float = 0.6
    word_seen: int = 5
    statement_word_seen: int = 50
    concepts: int = 600
    scored: int = 200
    shape: CaptionShape = field(default_factory=CaptionShape)


class CaptionMaterial:
    """Captions as numbers, and statements for the photographs without captions, drawn anew for each epoch."""

    def __init__(self, photographs: Photographs, settings: CaptionerSettings) -> None:
        self.photographs, self.settings = photographs, settings
        self.train = sorted(name for name in photographs.splits if not photographs.held_out(name))
        self.valid = sorted(name for name in photographs.splits if photographs.held_out(name))
        self.others = sorted(
            name for name in photographs.objects if name not in photographs.splits and not photographs.held_out(name)
        )
        captions = {name: [plain(text) for text in photographs.captions[name]] for name in photographs.splits}
        coco = [one for one in photographs.blind if one.source == "coco-qa"]
        self.match = Match(coco)
        self.given = {
            name: [
                made
                for one in photographs.questions.get(name, [])
                if one.source == "coco-qa" and (made := statement(plain(one.text), one.answers[0]))
            ]
            for name in self.others
        }
        self.references = captions
        seen = Counter(word for name in self.train for words in captions[name] for word in words)
        stated = Counter(word for one in coco for word in statement(plain(one.text), one.answers[0]) or ())
        names = {word for kind in KINDS for name in (SINGULARS[kind][0], PLURALS[kind][0]) for word in name.split()}
        known = {word for word, count in seen.items() if count >= settings.word_seen}
        known |= {word for word, count in stated.items() if count >= settings.statement_word_seen} | names
        self.vocabulary = WordVocabulary(sorted(known))
        # a statement's word counts less: there are many more statements than are used
        content = Counter({word: seen[word] + stated[word] // 20 for word in known - FUNCTION_WORDS})
        chosen = {word for word, _ in content.most_common(settings.concepts)} | names
        self.concepts = sorted(self.vocabulary.number(word) for word in chosen)
        self.column = {number: column for column, number in enumerate(self.concepts)}
        self.kind_columns = {
            kind: [
                self.column[number]
                for name in (SINGULARS[kind][0], PLURALS[kind][0])
                if len(name.split()) == 1 and (number := self.vocabulary.number(name)) in self.column
            ]
            for kind in KINDS
        }

    def numbers(self, words: tuple[str, ...]) -> tuple[int, ...]:
        """A caption as the network writes it, with the end."""
        return (*(self.vocabulary.number(word) for word in words[: self.settings.shape.limit - 1]), END)

    def captions(self, image: str, random: Random) -> list[tuple[int, ...]]:
        """The captions of a photograph, or some statements for one that has none."""
        if image in self.references:
            return [self.numbers(words) for words in self.references[image] if len(words) > 2]
        made = list(self.given[image])
        for words, answer in self.match.questions(self.photographs.objects.get(image, []), random, at_most=4):
            made += [words] if (words := statement(words, answer) or ()) else []
        random.shuffle(made)
        return [self.numbers(words) for words in made[: self.settings.statements]]

    def wanted(self, image: str, captions: list[tuple[int, ...]]) -> tuple[Tensor, Tensor]:
        """(K,) which concepts a photograph shows, and (K,) which of them are known well enough to be learnt from."""
        shown, certain = torch.zeros(len(self.concepts)), torch.ones(len(self.concepts))
        if image in self.references:
            columns = [self.column[number] for caption in captions for number in caption if number in self.column]
            shown[columns] = 1
            return shown, certain
        certain *= 0.1
        found = self.photographs.objects.get(image, [])
        best = {one.kind: max(other.score for other in found if other.kind == one.kind) for one in found}
        for kind, columns in self.kind_columns.items():
            certain[columns] = 0.0 if 0 < best.get(kind, 0) < 0.5 else 1.0
            if best.get(kind, 0) >= 0.5:
                several = sum(one.kind == kind and one.score >= 0.5 for one in found) > 1
                column = columns[-1 if several else 0] if columns else None
                if column is not None:
                    shown[column] = 1
                    certain[[other for other in columns if other != column]] = 0.0
        for words in self.given[image]:
            for word in words:
                column = self.column.get(self.vocabulary.number(word))
                if column is not None:
                    shown[column] = certain[column] = 1
        return shown, certain


def train(
    photographs: Photographs, maps: Maps, settings: CaptionerSettings, out: Path | None = None
) -> tuple[CaptionNetwork, dict[str, Any]]:
    """Train, average the weights, and score them on held-out photographs after each epoch."""
    torch.manual_seed(settings.seed)
    random = Random(settings.seed)  # noqa: S311 - draws questions, keeps no secret
    material = CaptionMaterial(photographs, settings)
    network = CaptionNetwork(len(material.vocabulary), material.concepts, settings.shape)
    mean, deviation = channel_statistics(maps)
    network.standardise.mean.copy_(mean)
    network.standardise.deviation.copy_(deviation)
    nn.init.normal_(network.embedding.weight, std=0.1)
    nn.init.constant_(network.votes.bias, -3.0)
    steps = settings.epochs * (len(material.train) // settings.photographs)
    Progress.say(
        f"{len(material.train)} photographs with captions, {len(material.others)} without;"
        f" {len(material.vocabulary)} words, {len(material.concepts)} concepts"
    )
    header: dict[str, Any] = {
        "vocabulary": material.vocabulary.words, "concepts": material.concepts, "shape": asdict(settings.shape),
    }  # fmt: skip

    def losses(trained: CaptionNetwork) -> Iterator[Tensor]:
        return (_loss(trained, material, maps, images, random) for images in _batches(material, random))

    def keep(averaged: CaptionNetwork, card: dict[str, Any]) -> None:
        header["card"] = card
        if out is not None:
            write_weights(out, averaged, header)

    averaged = fit(network, settings, steps, losses, lambda one: evaluate(one, material, maps, settings.scored), keep)
    return averaged, header


def _batches(material: CaptionMaterial, random: Random) -> Iterator[list[str]]:
    settings = material.settings
    order = random.sample(material.train, len(material.train))
    for start in range(0, len(order) - settings.photographs + 1, settings.photographs):
        others = random.sample(material.others, min(settings.others, len(material.others)))
        yield [*order[start : start + settings.photographs], *others]


def _loss(network: CaptionNetwork, material: CaptionMaterial, maps: Maps, images: list[str], random: Random) -> Tensor:
    settings = material.settings
    captions = [material.captions(image, random) for image in images]
    shown, certain = zip(*(material.wanted(*pair) for pair in zip(images, captions, strict=True)), strict=True)
    flat = [(row, numbers) for row, several in enumerate(captions) for numbers in several]
    inputs = nn.utils.rnn.pad_sequence([torch.tensor((START, *numbers[:-1])) for _, numbers in flat], batch_first=True)
    following = nn.utils.rnn.pad_sequence([torch.tensor(numbers) for _, numbers in flat], batch_first=True)
    rows = torch.tensor([row for row, _ in flat])

    picture = network.look(maps.of(images))
    hidden, cell = network.first_state(picture)
    states, _ = network.lstm(network.dropout(network.embedding(inputs)), (hidden[rows], cell[rows]))
    several = Picture(*(part[rows] for part in vars(picture).values()))
    used = following != PAD
    mixed = network.mixed(network.dropout(states), several)[used]
    at = used.nonzero()[:, 0]
    logits = network.score(mixed, network.trust(states[used]), several.concepts[at])
    wanted = following[used]
    losses = nn.functional.cross_entropy(logits, wanted, reduction="none", label_smoothing=settings.smoothing)
    weights = torch.tensor([1.0 if images[row] in material.references else settings.other_weight for row, _ in flat])[
        at
    ]
    weights = weights * (wanted != UNKNOWN)
    loss = (losses * weights).sum() / weights.sum()
    told = nn.functional.binary_cross_entropy_with_logits(picture.concepts, torch.stack(shown), torch.stack(certain))
    return loss + settings.concept_weight * told


@torch.inference_mode()
def evaluate(
    network: CaptionNetwork, material: CaptionMaterial, maps: Maps, at_most: int, beam: int = 3
) -> dict[str, float]:
    """BLEU-4 and CIDEr-D on the first `at_most` held-out photographs, and how many different words were used."""
    network.eval()
    names = material.valid[:at_most]
    written = []
    for name in names:
        caption = decode_picture(network, network.look(maps.of([name])), beam=beam)[0]
        written.append(material.vocabulary.text(caption.numbers).split())
    references = [material.references[name] for name in names]
    return {
        "bleu4": round(bleu4(written, references), 4),
        "cider": round(cider(written, references), 4),
        "words": len({word for words in written for word in words}),
    }


def main(arguments: list[str] | None = None, settings: CaptionerSettings | None = None) -> None:
    """The command: train and write the weights after each epoch."""
    command("python -m gradcam_core.models.captioner.train", __doc__, train, settings or CaptionerSettings(), arguments)


if __name__ == "__main__":
    main()
