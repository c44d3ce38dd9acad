"""How good are the embedded captioner's captions and their maps? `python -m tests.benchmarks.captions --data DIR`

DIR is described in gradcam_core/models/photographs.py, with masked.tar and masked.json beside it. Prints BLEU-4
and CIDEr-D on Flickr8k's development split (beams 1 and 3, and as the app writes), how many of the kinds that captions
of the masked photographs name are really there, and how often the highest place of a word's map lies on its object: for
the network's own captions and for people's, by method, beside the image's centre and the attention weights.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor

from gradcam_core.models.captioner import WEIGHTS, Captioner, load_captioner
from gradcam_core.models.captioner.decode import decode_picture
from gradcam_core.models.captioner.scores import bleu4, cider
from gradcam_core.models.features import GRID, Maps, archive_maps
from gradcam_core.models.kinds import kinds_in
from gradcam_core.models.photographs import read_photographs
from gradcam_core.models.vocabulary import UNKNOWN, split_words

from .masked import MaskedPhotograph, Tally, activations_of, centre_hits, method_maps, peak_hits, read_masked, share


def written(captioner: Captioner, data: Path, cache: Path, beam: int | None, at_most: int) -> dict[str, float]:
    """BLEU-4, CIDEr-D and the number of different words on the held-out photographs with captions.

    `beam` None stands for what the app writes.
    """
    photographs = read_photographs(data)
    maps = Maps([archive_maps(data / "flickr8k.tar", cache, captioner.network.backbone)])
    names = sorted(name for name in photographs.splits if photographs.held_out(name))[:at_most]
    captions, references = [], []
    for name in names:
        places = maps.of([name])
        if beam is None:
            best = captioner.write_of(places.transpose(1, 2).unflatten(2, (GRID, GRID)))[0]
        else:
            with torch.inference_mode():
                picture = captioner.network.look(places)
            best = decode_picture(captioner.network, picture, beam=beam, limit=captioner.limit)[0]
        captions.append(captioner.vocabulary.text(best.numbers).split())
        references.append([[word.plain for word in split_words(text)] for text in photographs.captions[name]])
    different = len({word for words in captions for word in words})
    return {"BLEU-4": bleu4(captions, references), "CIDEr": cider(captions, references), "words": different}


def word_maps(captioner: Captioner, activations: Tensor, numbers: tuple[int, ...], at: int) -> dict:
    """Maps of the log-probability of word `at` given those before it, and the attention with which it is written."""
    network = captioner.network
    leaf = activations.detach().requires_grad_()
    picture = network.look(leaf.flatten(2).transpose(1, 2))
    words = captioner.previous(numbers[:at])
    logits, _ = network.step(picture, words, network.first_state(picture))
    score = logits[0, -1].log_softmax(-1)[numbers[at]]
    (gradients,) = torch.autograd.grad(score, leaf)
    with torch.no_grad():
        states, _ = network.lstm(network.embedding(words), network.first_state(picture))
        attention = network.attend(states, picture)[1][0, -1].view(leaf.shape[2:])
    return {**method_maps(leaf.detach(), gradients), "attention": attention}


def point(
    captioner: Captioner, photograph: MaskedPhotograph, activations: Tensor, numbers: tuple[int, ...], tally: Tally
) -> list[bool]:
    """Count the peaks of each word that names a kind with an outline; which named kinds are there."""
    there = []
    words = [captioner.vocabulary.word(number) for number in numbers]
    for first, length, kind in kinds_in(words):
        there.append(kind in photograph.cells)
        at = first + length - 1
        if not there[-1] or numbers[at] == UNKNOWN:
            continue
        cells, area = photograph.cells[kind], photograph.areas[kind]
        for name, cam in word_maps(captioner, activations, numbers, at).items():
            tally.add(name, peak_hits(cam, cells), area)
        tally.add("image's centre", centre_hits(cells), area)
        tally.add("chance", bool(torch.rand(()) < cells.mean()), area)
    return there


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.captions", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help="folder for the backbone's maps, also for later runs")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--at-most", type=int, default=1000, help="photographs to caption (default: all 1,000)")
    options = parser.parse_args()
    torch.manual_seed(0)
    captioner = load_captioner(options.weights)
    for beam in (1, 3, None):
        found = written(captioner, options.data, options.cache, beam, options.at_most)
        figures = ", ".join(f"{name} {value:.4g}" for name, value in found.items())
        print(f"{'as the app' if beam is None else f'beam {beam}'}: {figures}", flush=True)
    own, people, there = Tally(), Tally(), []
    maps = Maps([archive_maps(options.data / "masked.tar", options.cache, captioner.network.backbone)])
    for photograph in read_masked(options.data):
        activations = activations_of(maps, photograph)
        best = captioner.write_of(activations)[0]
        there += point(captioner, photograph, activations, best.numbers, own)
        for text in photograph.captions:
            words = split_words(text)[: captioner.limit]
            numbers = tuple(captioner.vocabulary.number(word.plain) for word in words)
            point(captioner, photograph, activations, numbers, people)
    print(f"kinds that its captions name and that are there: {share(there)}")
    for title, tally in (("its own captions", own), ("people's captions", people)):
        print(f"\n| peak on the object, {title} | all | small |\n|---|---|---|")
        for row in tally.rows():
            print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
