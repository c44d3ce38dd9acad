"""Train the answerer further on which kinds of things are there, many of them for each photograph.

    python -m gradcam_core.models.answerer.presence --data DIR --start FILE --out FILE [--cache DIR] [--epochs 1]

A question about one kind of one photograph teaches little: here each photograph is asked about all kinds that are there
and a good many that are not. As kinds are there seldom, and asked about as often with yes as with no, how often each is
there is taken out while it trains (logit adjustment: Menon et al. 2021, arXiv:2007.07314, sec. 4). All other questions
go on being learnt, and the weights are mixed with those from before, which keeps what was known (Wortsman et al. 2022,
arXiv:2109.01903). `--start` is a file that `train` wrote. Public names: `PresenceSettings`, `main`, `train`.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor, nn

from ..features import Maps, load_maps
from ..kinds import KINDS, kinds_in
from ..photographs import Photographs, read_photographs
from ..training import fit, read_weights, restore, write_weights
from ..vocabulary import WordVocabulary
from .network import AnswerNetwork, AnswerShape
from .questions import plain, presence_question
from .train import AnswererSettings, AnswerMaterial, evaluate, pad, trimmed
from .train import loss as answer_loss

__all__ = ["PresenceSettings", "main", "train"]


@dataclass(frozen=True)
class PresenceSettings(AnswererSettings):
    """Everything that decides what comes out: of each photograph `asked` kinds, and what they count beside the rest.

    What comes out lies a `share` of the way from the weights that were begun with to those that were learnt.
    """

    epochs: int = 1
    until: int = 1
    warmup: int = 100
    others: float = 1.0
    asked: int = 40
    presence_weight: float = 10.0
    share: float = 0.6


class Presence:
    """Which kinds are there, as far as that is known, and how often each is."""

    def __init__(self, material: AnswerMaterial) -> None:
        self._material = material
        self._there: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        counts = dict.fromkeys(KINDS, 0)
        given = [name for name in material.images if name in material.given]
        for name in given:
            for kind in self.of(name)[0]:
                counts[kind] += 1
        shares = torch.tensor([(counts[kind] + 5) / (len(given) + 100) for kind in KINDS])
        self.odds = torch.logit(shares)

    def of(self, image: str) -> tuple[frozenset[str], frozenset[str]]:
        """The kinds that are there, and those of which nobody knows; a detector's word counts less beside captions."""
        if image not in self._there:
            material = self._material
            seen = material.photographs.objects.get(image, [])
            sure = 0.5 if image in material.given else 0.6
            told = [plain(text) for text in material.photographs.captions.get(image, [])]
            for one in material.given.get(image, []):
                if one.source == "coco-qa" and one.type == "object":
                    told += [plain(one.text), plain(one.answers[0])]
            named = {kind for words in told for _, _, kind in kinds_in(words)}
            there = frozenset(named | {one.kind for one in seen if one.score >= sure})
            self._there[image] = there, frozenset({one.kind for one in seen} - there)
        return self._there[image]

    def drawn(self, image: str, count: int, random: Random) -> list[tuple[int, bool, float]]:
        """`count` kinds, by number: those that are there, up to half as many, and others; whether each is there, and
        the log-odds of that among what is drawn."""
        there, unsure = self.of(image)
        absent = [kind for kind in KINDS if kind not in there and kind not in unsure]
        yes = random.sample(sorted(there), min(len(there), count // 2))
        no = random.sample(absent, min(len(absent), count - len(yes)))
        # nearly all that is there is drawn, and a part of what is not
        more = math.log(len(yes) / max(len(there), 1) or 1.0) - math.log(len(no) / len(absent))
        return [
            (number, kind in there, float(self.odds[number]) + more)
            for kind in (*yes, *no)
            for number in (KINDS.index(kind),)
        ]


def _loss(
    network: AnswerNetwork, material: AnswerMaterial, presence: Presence, places: Tensor, images: list[str],
    random: Random,
) -> Tensor:  # fmt: skip
    settings: Any = material.settings
    drawn = [(row, *one) for row, image in enumerate(images) for one in presence.drawn(image, settings.asked, random)]
    # one way to ask about each kind a step: encoding questions takes as long as answering them
    questions = [material.number(presence_question(kind, random)) for kind in KINDS]
    encoded = network.encode_question(trimmed(pad(questions, settings.shape.limit)))
    rows, kinds = (torch.tensor([one[at] for one in drawn]) for at in (0, 1))
    there = torch.tensor([float(one[2]) for one in drawn])
    pair = torch.tensor([material.answers.index(word) for word in ("yes", "no")])
    votes = network.votes.votes_for(network.votes.project(places)[rows], encoded[kinds], pair)
    logits = network.pool(votes) + network.prior(encoded)[kinds][:, pair]
    adjusted = logits[:, 0] - logits[:, 1] + torch.tensor([one[3] for one in drawn])
    return nn.functional.binary_cross_entropy_with_logits(adjusted, there)


def train(
    photographs: Photographs, maps: Maps, settings: PresenceSettings, start: Path, out: Path | None = None
) -> tuple[AnswerNetwork, dict[str, Any]]:
    """Train on from the file `start`, average the weights, and score them on held-out photographs after each epoch."""
    torch.manual_seed(settings.seed)
    random = Random(settings.seed)  # noqa: S311 - draws questions, keeps no secret
    tensors, header = read_weights(start)
    settings = replace(settings, shape=AnswerShape(**header["shape"]))
    material = AnswerMaterial(photographs, settings, (WordVocabulary(header["vocabulary"]), header["answers"]))
    network = AnswerNetwork(len(material.vocabulary), len(material.answers), settings.shape)
    restore(network, tensors, start).requires_grad_(True)
    presence = Presence(material)
    steps = settings.epochs * (len(material.drawn(random)) // settings.images)

    def losses(trained: AnswerNetwork) -> Iterator[Tensor]:
        order = material.drawn(random)
        random.shuffle(order)
        for at in range(0, len(order) - settings.images + 1, settings.images):
            images = order[at : at + settings.images]
            places = maps.of(images)
            chosen = torch.rand(places.shape[:2]).topk(settings.places, dim=1).indices
            some = places.gather(1, chosen.unsqueeze(-1).expand(-1, -1, places.shape[2]))
            known = _loss(trained, material, presence, some, images, random)
            yield answer_loss(trained, material, maps, images, random) + settings.presence_weight * known

    def keep(averaged: AnswerNetwork, card: dict[str, Any]) -> None:
        header["presence"] = card
        if out is not None:
            write_weights(out, averaged, header)

    averaged = fit(network, settings, steps, losses, lambda one: evaluate(one, material, maps), keep)
    learnt = averaged.state_dict()
    mixed = {name: torch.lerp(before, learnt[name], settings.share) for name, before in tensors.items()}
    network = restore(AnswerNetwork(len(material.vocabulary), len(material.answers), settings.shape), mixed, start)
    keep(network, {**header["presence"], "mixed": evaluate(network, material, maps)})
    return network, header


def main(arguments: list[str] | None = None, settings: PresenceSettings | None = None) -> None:
    """The command: train on and write the weights after each epoch."""
    settings = settings or PresenceSettings()
    parser = argparse.ArgumentParser(prog="python -m gradcam_core.models.answerer.presence", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of photographs, captions and questions")
    parser.add_argument("--start", type=Path, required=True, help="file that the first training wrote")
    parser.add_argument("--out", type=Path, required=True, help="file to write, *.safetensors")
    parser.add_argument("--cache", type=Path, help="folder for the backbone's maps (default: a folder beside --out)")
    parser.add_argument("--seed", type=int, default=settings.seed)
    parser.add_argument("--epochs", type=int, default=settings.epochs)
    parser.add_argument("--threads", type=int, default=1, help="processor threads (default: 1)")
    options = parser.parse_args(arguments)
    photographs = read_photographs(options.data)
    torch.set_num_threads(options.threads)
    maps = load_maps(options.data, options.cache or options.out.parent / "maps")
    settings = replace(settings, seed=options.seed, epochs=options.epochs, until=options.epochs)
    _, header = train(photographs, maps, settings, options.start, options.out)
    print(json.dumps(header["presence"], indent=2))


if __name__ == "__main__":
    main()
