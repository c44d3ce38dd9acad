"""Do the maps of words and answers hold? `python -m tests.benchmarks.word_checks --data DIR`

For masked photographs: the network's own answer to "what is in the picture" and the words of its own caption that
name a kind. Prints by which factor hiding the hottest fifth of the picture lowers the probability, and hiding a
random fifth, how often the first lowers it more, and the rank correlation of each map with that of a network whose
trained weights are drawn anew.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path

import torch
from torch import Tensor, nn

from gradcam_core.models.answerer import Answerer, load_answerer
from gradcam_core.models.captioner import Captioner, load_captioner
from gradcam_core.models.kinds import kinds_in

from .answers import answer_maps
from .captions import word_maps
from .masked import hidden, hottest, rank_correlation, read_masked, read_pixels

Maps = dict[str, Tensor]
DRAWS = 3


def forgetful(network: nn.Module) -> nn.Module:
    """A copy whose linear layers are drawn anew; the backbone stays."""
    copy = deepcopy(network)
    for name, module in copy.named_modules():
        if isinstance(module, nn.Linear) and not name.startswith("backbone"):
            module.reset_parameters()
    return copy


def answer_case(answerer: Answerer, other: Answerer, inputs: Tensor) -> Iterator[tuple[Callable, Maps, Maps]]:
    """A score of the input, the maps, and those of the forgetful network, for one answer."""
    question = answerer.question(answerer.read("what is in the picture"))
    with torch.no_grad():
        activations = answerer.network.backbone(inputs)
        target = int(answerer.network(inputs, question).argmax())

    def score(changed: Tensor) -> float:
        with torch.inference_mode():
            return float(answerer.network(changed, question)[0].softmax(-1)[target])

    yield (
        score,
        answer_maps(answerer, activations, question, target),
        answer_maps(other, activations, question, target),
    )


def word_cases(captioner: Captioner, other: Captioner, inputs: Tensor) -> Iterator[tuple[Callable, Maps, Maps]]:
    """The same for each word of the caption that names a kind."""
    with torch.no_grad():
        activations = captioner.network.backbone(inputs)
    numbers = captioner.write(inputs)[0].numbers
    words = [captioner.vocabulary.word(number) for number in numbers]
    for first, length, _ in kinds_in(words):
        at = first + length - 1
        before = captioner.previous(numbers[:at])

        def score(changed: Tensor, before: Tensor = before, at: int = at) -> float:
            with torch.inference_mode():
                return float(captioner.network(changed, before)[0, -1].softmax(-1)[numbers[at]])

        yield score, word_maps(captioner, activations, numbers, at), word_maps(other, activations, numbers, at)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.word_checks", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--at-most", type=int, default=80, help="photographs (default: 80)")
    options = parser.parse_args()
    torch.manual_seed(0)
    answerer, captioner = load_answerer(), load_captioner()
    others = (
        Answerer(forgetful(answerer.network), answerer.vocabulary, answerer.answers, {}),  # type: ignore[arg-type]
        Captioner(forgetful(captioner.network), captioner.vocabulary, {}),  # type: ignore[arg-type]
    )
    figures: dict[str, dict[str, list[list[float]]]] = defaultdict(lambda: defaultdict(list))
    for photograph in list(read_masked(options.data))[: options.at_most]:
        inputs = answerer.steps.encode(read_pixels(options.data, photograph.name))[0]
        cases = {
            "answers": answer_case(answerer, others[0], inputs),
            "words": word_cases(captioner, others[1], inputs),
        }
        for title, several in cases.items():
            for score, maps, forgotten in several:
                whole = score(inputs)
                random = sum(score(hidden(inputs, torch.randperm(49))) for _ in range(DRAWS)) / DRAWS / whole
                for name, cam in maps.items():
                    hot = score(hidden(inputs, hottest(cam))) / whole
                    alike = rank_correlation(cam, forgotten[name])
                    figures[title][name].append([hot, random, float(hot < random), alike])
    for title, methods in figures.items():
        print(f"\n| {title} | hottest hidden | random hidden | hottest lowers more | correlation | number |")
        print("|---|---|---|---|---|---|")
        for name, rows in methods.items():
            values = torch.tensor(rows).median(0).values.tolist()
            often = torch.tensor(rows)[:, 2].mean()
            print(f"| {name} | {values[0]:.2f} | {values[1]:.2f} | {often:.2f} | {values[3]:.2f} | {len(rows)} |")


if __name__ == "__main__":
    main()
