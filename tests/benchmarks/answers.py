"""How good are the embedded answerer's answers and their maps? `python -m tests.benchmarks.answers --data DIR`

DIR is described in gradcam_core/models/photographs.py, with masked.tar and masked.json beside it. Prints the
shares of right answers on the held-out photographs (COCO-QA by type, without a picture, VQA v2), of "is there a
...?" on the masked photographs with as many yes as no, and how often the highest place of an answer's map lies on
its object, for the right and for the predicted answers, by method, beside the image's centre and the votes
themselves.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random

import torch
from torch import Tensor

from gradcam_core.models.answerer import WEIGHTS, Answerer, load_answerer
from gradcam_core.models.answerer.questions import absent_kinds, caption_questions, plain, presence_question
from gradcam_core.models.features import Maps, archive_maps
from gradcam_core.models.kinds import KINDS, kind_of
from gradcam_core.models.photographs import read_photographs

from .masked import MaskedPhotograph, Tally, activations_of, centre_hits, method_maps, peak_hits, read_masked, share


def numbers(answerer: Answerer, words: tuple[str, ...]) -> torch.Tensor:
    """(1, limit) int64 of a question's words, as many as the network reads."""
    known = [answerer.vocabulary.number(word) for word in words[: answerer.limit]]
    return torch.tensor([known + [0] * (answerer.limit - len(known))])


def accuracies(answerer: Answerer, data: Path, cache: Path) -> dict[str, list[bool]]:
    """Right or wrong for each held-out question, by what was asked."""
    photographs = read_photographs(data)
    network = answerer.network
    maps = Maps([archive_maps(data / "coco.tar", cache, network.backbone)])
    right: dict[str, list[bool]] = defaultdict(list)
    with torch.inference_mode():
        for name in sorted(name for name in photographs.questions if photographs.held_out(name)):
            projected = network.votes.project(maps.of([name]))
            for one in photographs.questions[name]:
                question = numbers(answerer, plain(one.text))
                says = answerer.answers[int(network.answer(projected, question).argmax())]
                blind = answerer.answers[int(answerer.without_picture(question).argmax())]
                if one.source == "coco-qa":
                    right["COCO-QA"].append(says == one.answers[0])
                    right[f"COCO-QA, {one.type}"].append(says == one.answers[0])
                    right["COCO-QA, without a picture"].append(blind == one.answers[0])
                else:
                    right[f"VQA v2, {one.type} (given by at least 3 of 10)"].append(one.answers.count(says) >= 3)
    return right


def presence(
    answerer: Answerer, photograph: MaskedPhotograph, maps: Maps, weights: list[float], random: Random
) -> Iterator[bool]:
    """Is it there? As many kinds that are not in a photograph as are, absent ones as often as they occur elsewhere."""
    yes, no = (answerer.answers.index(word) for word in ("yes", "no"))
    network = answerer.network
    with torch.inference_mode():
        projected = network.votes.project(maps.of([photograph.name]))
        present = sorted(photograph.cells)
        absent = absent_kinds(present, len(present), weights, random)
        for kind in (*present, *absent):
            logits = network.answer(projected, numbers(answerer, presence_question(kind, random)))[0]
            yield bool(logits[yes] > logits[no]) == (kind in present)


def answer_maps(answerer: Answerer, activations: Tensor, question: torch.Tensor, target: int) -> dict:
    """Maps of the logit of answer `target`, and the votes for it."""
    network = answerer.network
    leaf = activations.detach().requires_grad_()
    projected = network.votes.project(leaf.flatten(2).transpose(1, 2))
    (gradients,) = torch.autograd.grad(network.answer(projected, question)[0, target], leaf)
    with torch.no_grad():
        votes = network.votes(projected, network.encode_question(question))[0, :, target].view(leaf.shape[2:])
    return {**method_maps(leaf.detach(), gradients), "votes": votes}


def point(
    answerer: Answerer, photograph: MaskedPhotograph, activations: Tensor, given: Tally, predicted: Tally
) -> None:
    """Count the peaks for questions made from people's captions whose answer has an outline."""
    made = {pair for text in photograph.captions for pair in caption_questions(plain(text), answerer.answers)}
    for words, right in sorted(made):
        question = numbers(answerer, words)
        with torch.inference_mode():
            projected = answerer.network.votes.project(activations.flatten(2).transpose(1, 2))
            says = answerer.answers[int(answerer.network.answer(projected, question).argmax())]
        for tally, answer in ((given, right), (predicted, says)):
            kind = kind_of(answer)
            if kind not in photograph.cells or answer not in answerer.answers:
                continue
            cells, area = photograph.cells[kind], photograph.areas[kind]
            for name, cam in answer_maps(answerer, activations, question, answerer.answers.index(answer)).items():
                tally.add(name, peak_hits(cam, cells), area)
            tally.add("image's centre", centre_hits(cells), area)
            tally.add("chance", bool(torch.rand(()) < cells.mean()), area)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.answers", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help="folder for the backbone's maps, also for later runs")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    torch.manual_seed(0)
    answerer = load_answerer(options.weights)
    print("| held-out photographs | right |\n|---|---|")
    for name, hits in accuracies(answerer, options.data, options.cache).items():
        print(f"| {name} | {share(hits)} |")
    maps = Maps([archive_maps(options.data / "masked.tar", options.cache, answerer.network.backbone)])
    photographs = list(read_masked(options.data))
    weights = [float(sum(kind in one.cells for one in photographs)) + 0.5 for kind in KINDS]
    random = Random(0)  # noqa: S311 - the same questions each time
    there = [right for one in photographs for right in presence(answerer, one, maps, weights, random)]
    print(f"| is it there? (masked photographs, balanced) | {share(there)} |")
    given, predicted = Tally(), Tally()
    for photograph in photographs:
        point(answerer, photograph, activations_of(maps, photograph), given, predicted)
    for title, tally in (("right answers", given), ("predicted answers", predicted)):
        print(f"\n| peak on the object, {title} | all | small |\n|---|---|---|")
        for row in tally.rows():
            print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
