"""How true are the explanations of text? `python -m tests.benchmarks.text_faithfulness --data DIR`

DIR holds valid.tsv.gz. Over reviews of at least two words, drawn with a seed, the words are left out in the order
that each method gives them, in random order, and in that of integrated gradients (captum); the predicted class
is explained. Prints a table of comprehensiveness (more is better) and sufficiency (less is better), after DeYoung
et al. 2020 (ERASER), averaged over the shares in gradcam_core/checks/words.py, with the standard error of the mean.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from captum.attr import LayerIntegratedGradients

from gradcam_core import TEXT_METHODS, TextExplainer, TextExplanation
from gradcam_core.canvases.sentence import random_orders, ranked
from gradcam_core.checks.words import faithfulness
from gradcam_core.models.reviews.train import load_reviews
from gradcam_core.reading.text import words_of

STEPS = 50
DRAWS = 5


def integrated_gradients(explainer: TextExplainer, explanation: TextExplanation) -> list[float]:
    """A value a word: integrated gradients at the word representation from zero vectors, averaged like ours."""
    network = explainer.trained.network
    reading = explanation.reading
    attribution = LayerIntegratedGradients(network, network.embedding).attribute(
        reading.inputs,
        baselines=torch.zeros_like(reading.inputs),
        target=explanation.target.index,
        n_steps=STEPS,
    )
    chars = attribution.detach().sum(dim=(0, 1, 2)).numpy()
    return [float(chars[slice(*place)].mean()) for place in words_of(reading.chars)]


def _ours(key: str, field: str) -> Callable[[TextExplainer, str], list[float]]:
    return lambda explainer, text: [getattr(word, field) for word in explainer.explain(text, method=key).words]


def sources() -> dict[str, Callable[[TextExplainer, str], list[float]]]:
    """Each order by name: a function that gives every word of a text a value."""
    found = {method.title: _ours(key, "value") for key, method in TEXT_METHODS.items()}
    found["Grad-CAM, ReLU for each width"] = _ours("gradcam", "weight")
    found["HiResCAM, rival class"] = lambda explainer, text: [
        word.value for word in explainer.explain(text, method="hirescam", contrast=True).words
    ]
    found["Integrated gradients (captum)"] = lambda explainer, text: integrated_gradients(
        explainer, explainer.explain(text)
    )
    return found


def measure(explainer: TextExplainer, texts: list[str], seed: int = 0) -> dict[str, dict[str, float]]:
    """Figures of each order over `texts`, each of at least two words."""
    orders = sources()
    scores: dict[str, list[tuple[float, float]]] = {name: [] for name in [*orders, "Random order"]}
    seconds = dict.fromkeys(orders, 0.0)
    for number, text in enumerate(texts):
        words = [word.text for word in explainer.explain(text).words]
        target = explainer.explain(text).target.index
        given = []
        for name, values in orders.items():
            begun = time.perf_counter()
            given.append(ranked(values(explainer, text)))
            seconds[name] += time.perf_counter() - begun
        chance = random_orders(len(words), DRAWS, seed=seed + number)
        found = [
            (score.comprehensiveness, score.sufficiency)
            for score in faithfulness(words, [*given, *chance], target, explainer.probabilities)
        ]
        for name, score in zip(orders, found, strict=False):
            scores[name].append(score)
        scores["Random order"].append(tuple(np.mean(found[len(orders) :], axis=0)))
    figures = {}
    for name, rows in scores.items():
        mean = np.mean(rows, axis=0)
        error = np.std(rows, axis=0) / np.sqrt(len(rows))
        figures[name] = {
            "comprehensiveness": float(mean[0]),
            "comprehensiveness_error": float(error[0]),
            "sufficiency": float(mean[1]),
            "sufficiency_error": float(error[1]),
            "milliseconds": 1000 * seconds.get(name, 0.0) / len(rows),
        }
    return figures


def table(figures: dict[str, dict[str, float]]) -> str:
    """The figures as a Markdown table, best comprehensiveness first."""
    rows = ["| order of the words | comprehensiveness | sufficiency |", "|---|---|---|"]
    for name, row in sorted(figures.items(), key=lambda item: -item[1]["comprehensiveness"]):
        rows.append(
            f"| {name} | {row['comprehensiveness']:.3f} ± {row['comprehensiveness_error']:.3f}"
            f" | {row['sufficiency']:.3f} ± {row['sufficiency_error']:.3f} |"
        )
    return "\n".join(rows)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.text_faithfulness", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with valid.tsv.gz")
    parser.add_argument("--weights", type=Path, help="another model than the shipped one")
    parser.add_argument("--reviews", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args(arguments)
    explainer = TextExplainer(weights=options.weights, device="cpu")
    texts = [text for text in load_reviews(options.data / "valid.tsv.gz").texts if len(text.split()) > 1]
    chosen = np.random.default_rng(options.seed).permutation(len(texts))[: options.reviews]
    figures = measure(explainer, [texts[row] for row in chosen], options.seed)
    print(table(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
