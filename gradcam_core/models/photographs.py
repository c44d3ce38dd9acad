"""The photographs, captions, questions and guessed objects that the captioner and the answerer are trained on.

    photographs = read_photographs(Path("photographs"))
    photographs.captions["1000268201_693b08cb0e.jpg"]   # five captions
    photographs.held_out("COCO_train2014_000000000009.jpg")  # never trained on

The folder holds `flickr8k.tsv` (image, split, caption), `questions.tsv` (image, source, type, question, answer),
`questions_without_images.tsv.gz` (source, type, question, answer), `objects.tsv` (image, kind, score, left, top, right,
bottom) and the archives `flickr8k.tar` and `coco.tar`. Public names: `FILES`, `Detection`, `PhotographQuestion`,
`Photographs`, `read_photographs`.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import TextError

__all__ = ["FILES", "Detection", "PhotographQuestion", "Photographs", "read_photographs"]

FILES = (
    "coco.tar",
    "flickr8k.tar",
    "flickr8k.tsv",
    "objects.tsv",
    "questions.tsv",
    "questions_without_images.tsv.gz",
)
# one in this many COCO photographs is held out
HELD_OUT = 8
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
SAME = {"grey": "gray", **{str(number): word for number, word in enumerate(DIGITS)}}


@dataclass(frozen=True)
class PhotographQuestion:
    """A question and its answers: one of COCO-QA, ten of VQA v2."""

    image: str
    source: str
    type: str
    text: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Detection:
    """What a detector takes to be in a photograph: a guess."""

    kind: str
    score: float
    area: float


@dataclass(frozen=True, eq=False)
class Photographs:
    """All that is known of the photographs, by file name."""

    captions: dict[str, list[str]]
    splits: dict[str, str]
    questions: dict[str, list[PhotographQuestion]]
    blind: list[PhotographQuestion]
    objects: dict[str, list[Detection]]

    def held_out(self, image: str) -> bool:
        """Whether a photograph is kept for choosing and scoring: Flickr8k's `valid`, an eighth of COCO's by name."""
        if image in self.splits:
            return self.splits[image] != "train"
        return hashlib.sha256(image.encode()).digest()[0] % HELD_OUT == 0


def read_photographs(folder: Path) -> Photographs:
    """Read the tables of `folder`; raises TextError that names a missing file."""
    for name in FILES:
        if not (folder / name).is_file():
            raise TextError("training.missing", folder=str(folder), name=name)
    captions: dict[str, list[str]] = defaultdict(list)
    splits = {}
    for image, split, caption in _rows(folder / "flickr8k.tsv"):
        captions[image].append(caption)
        splits[image] = split
    questions: dict[str, list[PhotographQuestion]] = defaultdict(list)
    for image, source, kind, text, answer in _rows(folder / "questions.tsv"):
        questions[image].append(PhotographQuestion(image, source, kind, text, _answers(answer)))
    blind = [
        PhotographQuestion("", source, kind, text, _answers(answer))
        for source, kind, text, answer in _rows(folder / "questions_without_images.tsv.gz")
    ]
    objects: dict[str, list[Detection]] = defaultdict(list)
    for image, kind, score, left, top, right, bottom in _rows(folder / "objects.tsv"):
        area = (float(right) - float(left)) * (float(bottom) - float(top))
        objects[image].append(Detection(kind, float(score), area))
    return Photographs(dict(captions), splits, dict(questions), blind, dict(objects))


def _answers(cell: str) -> tuple[str, ...]:
    found = json.loads(cell) if cell.startswith("[") else [cell]
    return tuple(SAME.get(answer.lower(), answer.lower()) for answer in found)


def _rows(path: Path) -> Iterator[list[str]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        yield from rows
