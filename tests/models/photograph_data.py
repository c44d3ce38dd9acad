"""A folder like the one that the captioner and the answerer are trained on, of twelve photographs in two colours."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WORDS = {"red": ("dog", "grass", "runs"), "blue": ("cat", "bed", "sleeps")}
COLOURS = {"red": (220, 30, 30), "blue": (30, 40, 220)}


def noisy(colour: str, seed: int) -> NDArray[np.uint8]:
    """(224, 224, 3) of one colour and a little noise."""
    pixels = np.random.default_rng(seed).integers(-20, 20, (224, 224, 3)) + np.array(COLOURS[colour])
    return pixels.clip(0, 255).astype(np.uint8)


def archive(path: Path, names: list[str]) -> None:
    """JPEGs that are red where their number is even, else blue, with a little noise."""
    with tarfile.open(path, "w") as tar:
        for number, name in enumerate(names):
            file = io.BytesIO()
            Image.fromarray(noisy("blue" if number % 2 else "red", number)).save(file, "JPEG")
            member = tarfile.TarInfo(name)
            member.size = file.tell()
            file.seek(0)
            tar.addfile(member, file)


def write_data(folder: Path, count: int = 12) -> None:
    """All files, with masked ones that are broken: nobody may read them while training."""
    flickr, coco = ([f"{kind}{number}.jpg" for number in range(count)] for kind in ("flickr", "coco"))
    archive(folder / "flickr8k.tar", flickr)
    archive(folder / "coco.tar", coco)
    for name in ("masked.tar", "masked.json"):
        (folder / name).write_text("broken")
    colours = ["blue" if number % 2 else "red" for number in range(count)]
    with (folder / "flickr8k.tsv").open("w") as file:
        file.write("image\tsplit\tcaption\n")
        for number, name in enumerate(flickr):
            thing, place, does = WORDS[colours[number]]
            split = "valid" if number >= count - 4 else "train"
            file.writelines(f"{name}\t{split}\t{start} {thing} {does} on the {place} .\n" for start in ("A", "The"))
    with (folder / "questions.tsv").open("w") as file:
        file.write("image\tsource\ttype\tquestion\tanswer\n")
        for number, name in enumerate(coco):
            thing, place, does = WORDS[colours[number]]
            file.write(f"{name}\tcoco-qa\tobject\twhat {does} on the {place}\t{thing}\n")
            file.write(f"{name}\tcoco-qa\tcolour\twhat is the color of the picture\t{colours[number]}\n")
            file.write(f"{name}\tvqa-v2\tyes/no\tIs it red?\t{json.dumps(['no' if number % 2 else 'yes'] * 10)}\n")
    with gzip.open(folder / "questions_without_images.tsv.gz", "wt") as file:
        file.write("source\ttype\tquestion\tanswer\n")
        for colour, (thing, place, does) in WORDS.items():
            file.write(f"coco-qa\tobject\twhat {does} on the {place}\t{thing}\n" * 3)
            file.write(f"coco-qa\tcolour\twhat is the color of the picture\t{colour}\n" * 3)
    with (folder / "objects.tsv").open("w") as file:
        file.write("image\tkind\tscore\tleft\ttop\tright\tbottom\n")
        for names in (flickr, coco):
            file.writelines(
                f"{name}\t{WORDS[colours[number]][0]}\t0.9\t0.1\t0.1\t0.9\t0.9\n" for number, name in enumerate(names)
            )
