"""Train the text model: `python -m gradcam_core.models.reviews.train --data DIR --out FILE`.

DIR holds train.tsv.gz and valid.tsv.gz (tab-separated, header `text` and `label`, 0 negative, 1 positive).
A part of train is held out for tuning and for the temperature; valid is scored once, at the end, from the
written file. The same seed on the same machine gives the same weights.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import sys
import time
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...reading.text import FIELDS, UNKNOWN, Vocabulary, graphemes, normal
from .fast_forward import window_maxima
from .network import CharCNN, Shape, TrainedText, load_network, save_network
from .vectors import neighbour_vectors

__all__ = ["ReviewSettings", "Reviews", "calibration_error", "fit_temperature", "load_reviews", "score", "train"]

LABELS = ("negative", "positive")
BINS = 15


@dataclass(frozen=True)
class ReviewSettings:
    """Everything that decides the result besides the data."""

    seed: int = 1
    epochs: int = 10
    batch: int = 512
    rate: float = 1.5e-3
    warmup: int = 200
    average: float = 0.998
    seen_at_least: int = 5
    held_out: int = 12_000
    # a character is sometimes read by its letters alone, as a rare one will be
    character_dropout: float = 0.05
    vector_dropout: float = 0.1
    shape: Shape = field(default_factory=Shape)


@dataclass(frozen=True, eq=False)
class Reviews:
    """Texts and their labels, 0 or 1."""

    texts: list[str]
    labels: NDArray[np.int64]

    def part(self, rows: NDArray[np.int64]) -> Reviews:
        """Some of the rows."""
        return Reviews([self.texts[row] for row in rows], self.labels[rows])


@dataclass(frozen=True, eq=False)
class _Coded:
    """Reviews as rows of `kinds`, the distinct characters."""

    rows: list[NDArray[np.int64]]
    labels: NDArray[np.int64]


def load_reviews(path: Path) -> Reviews:
    """Read a gzipped file of tab-separated `text` and `label` with a header line."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = [line.rstrip("\n").rsplit("\t", 1) for line in file][1:]
    return Reviews([text for text, _ in lines], np.array([int(label) for _, label in lines], dtype=np.int64))


def train(reviews: Reviews, settings: ReviewSettings) -> TrainedText:
    """Train on all but the held-out part, average the weights, and fit the temperature on that part."""
    torch.manual_seed(settings.seed)
    order = np.random.default_rng(0).permutation(len(reviews.texts))
    held_out, learnt = reviews.part(order[: settings.held_out]), reviews.part(order[settings.held_out :])
    split = [[normal(char.text) for char in graphemes(text, settings.shape.limit)] for text in learnt.texts]
    counts = Counter(char for text in split for char in text)
    vocabulary = Vocabulary(char for char, count in counts.most_common() if count >= settings.seen_at_least)
    distinct = {char: row for row, char in enumerate(counts, 1)}
    kinds = torch.tensor([(0,) * FIELDS, *(vocabulary.fields(char) for char in distinct)])
    coded = _Coded([np.array([distinct[char] for char in text]) for text in split], learnt.labels)

    network = CharCNN(len(vocabulary), settings.shape)
    _initialise(network, [kinds[rows, 0].numpy() for rows in coded.rows])
    averaged = deepcopy(network).eval().requires_grad_(False)
    steps = settings.epochs * math.ceil(len(coded.rows) / settings.batch)
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / settings.warmup) * (1 + math.cos(math.pi * step / steps)) / 2
    )
    generator = np.random.default_rng(settings.seed)
    step, begun = 0, time.monotonic()
    card: dict[str, object] = {"settings": asdict(settings), "characters": len(vocabulary)}
    history: list[float] = []
    for epoch in range(settings.epochs):
        network.train()
        for batch, lengths, labels in _batches(coded, settings.batch, generator):
            shown = _without_names(kinds, settings.character_dropout)
            maxima = window_maxima(network, shown, batch, lengths, vector_dropout=settings.vector_dropout)
            loss = nn.functional.cross_entropy(network.head(network.dropout(maxima)), labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            step += 1
            _average(averaged, network, min(settings.average, (1 + step) / (10 + step)))
            if step % 100 == 0:
                left = (time.monotonic() - begun) * (steps - step) / step
                _say(f"epoch {epoch + 1}  step {step}/{steps}  loss {loss.item():.3f}  {left / 60:.0f} min left")
        logits, labels_seen = score(averaged, vocabulary, held_out)
        history.append(_accuracy(logits, labels_seen))
        _say(f"epoch {epoch + 1}: accuracy on the held-out part {history[-1]:.4f}")
    temperature = fit_temperature(logits, labels_seen)
    card["held_out"] = {
        "reviews": len(held_out.texts),
        "accuracy_by_epoch": [round(value, 4) for value in history],
        "ece_before": round(calibration_error(logits, labels_seen), 4),
        "ece": round(calibration_error(logits / temperature, labels_seen), 4),
    }
    card["minutes"] = round((time.monotonic() - begun) / 60, 1)
    return TrainedText(averaged, vocabulary, LABELS, temperature, card)


def score(network: CharCNN, vocabulary: Vocabulary, reviews: Reviews) -> tuple[Tensor, Tensor]:
    """(N, 2) logits before the temperature and (N,) labels, in the order of the reviews."""
    network.eval()
    limit = network.shape.limit
    inputs = [vocabulary.read(text, limit).inputs[0] for text in reviews.texts]
    order = sorted(range(len(inputs)), key=lambda row: len(inputs[row]))
    logits = torch.zeros(len(inputs), len(LABELS))
    with torch.inference_mode():
        for start in range(0, len(order), 256):
            rows = order[start : start + 256]
            batch = nn.utils.rnn.pad_sequence([inputs[row] for row in rows], batch_first=True)
            logits[rows] = network(batch)
    return logits, torch.from_numpy(reviews.labels)


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature that minimises the cross entropy (Guo et al. 2017, arXiv:1706.04599, section 4.2)."""
    grid = torch.linspace(0.3, 3.0, 541)
    losses = torch.stack([nn.functional.cross_entropy(logits / value, labels) for value in grid])
    return round(float(grid[losses.argmin()]), 4)


def calibration_error(logits: Tensor, labels: Tensor, bins: int = BINS) -> float:
    """Expected calibration error: confidence against accuracy over even bins (Guo et al. 2017, eq. 3)."""
    confidence, predicted = logits.softmax(-1).max(-1)
    right = (predicted == labels).float()
    where = (confidence * bins).long().clamp_max(bins - 1)
    gaps = [
        (confidence[where == index].mean() - right[where == index].mean()).abs() * (where == index).float().mean()
        for index in range(bins)
        if (where == index).any()
    ]
    return float(torch.stack(gaps).sum())


def _initialise(network: CharCNN, numbers: list[NDArray[np.int64]]) -> None:
    shape, embedding = network.shape, network.embedding
    embedding.static.copy_(neighbour_vectors(numbers, len(embedding.static), shape.static))
    for table in (embedding.tuned, embedding.letters):
        nn.init.normal_(table.weight, std=0.3)
        with torch.no_grad():
            table.weight[0] = 0


def _batches(coded: _Coded, size: int, generator: np.random.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Shuffled batches of reviews of about the same length: (N, L) rows of the kinds, (N,) lengths, labels."""
    lengths = np.array([len(rows) for rows in coded.rows])
    order = np.argsort(lengths + generator.random(len(lengths)) * 3, kind="stable")
    starts = generator.permutation(np.arange(0, len(order), size))
    for start in starts:
        chosen = order[start : start + size]
        batch = np.zeros((len(chosen), lengths[chosen].max()), dtype=np.int64)
        for row, review in enumerate(chosen):
            batch[row, : lengths[review]] = coded.rows[review]
        yield torch.from_numpy(batch), torch.from_numpy(lengths[chosen]), torch.from_numpy(coded.labels[chosen])


def _without_names(kinds: Tensor, share: float) -> Tensor:
    """`kinds` with a share of the characters left to be known by their letters alone."""
    shown = kinds.clone()
    shown[(torch.rand(len(kinds)) < share) & (kinds[:, 0] > 0), 0] = UNKNOWN
    return shown


@torch.no_grad()
def _average(averaged: CharCNN, network: CharCNN, keep: float) -> None:
    for mean, value in zip(averaged.parameters(), network.parameters(), strict=True):
        mean.lerp_(value, 1 - keep)


def _accuracy(logits: Tensor, labels: Tensor) -> float:
    return float((logits.argmax(-1) == labels).float().mean())


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None, settings: ReviewSettings | None = None) -> None:
    """The command: train, write the weights, measure valid once from the written file, write the card."""
    settings = settings or ReviewSettings()
    parser = argparse.ArgumentParser(prog="python -m gradcam_core.models.reviews.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with train.tsv.gz and valid.tsv.gz")
    parser.add_argument("--out", type=Path, required=True, help="file to write, *.safetensors")
    parser.add_argument("--seed", type=int, default=settings.seed)
    parser.add_argument("--epochs", type=int, default=settings.epochs)
    parser.add_argument("--threads", type=int, default=1, help="processor threads (default: 1)")
    options = parser.parse_args(arguments)
    for name in ("train.tsv.gz", "valid.tsv.gz"):
        if not (options.data / name).is_file():
            parser.error(f"--data {str(options.data)!r} holds no {name}")
    torch.set_num_threads(options.threads)
    options.out.parent.mkdir(parents=True, exist_ok=True)

    settings = replace(settings, seed=options.seed, epochs=options.epochs)
    save_network(options.out, train(load_reviews(options.data / "train.tsv.gz"), settings))
    trained = load_network(options.out)
    logits, labels = score(trained.network, trained.vocabulary, load_reviews(options.data / "valid.tsv.gz"))
    figures = {
        "reviews": len(labels),
        "accuracy": round(_accuracy(logits, labels), 4),
        "ece_before": round(calibration_error(logits, labels), 4),
        "ece": round(calibration_error(logits / trained.temperature, labels), 4),
    }
    card = {**trained.card, "temperature": trained.temperature, "valid": figures, "threads": options.threads}
    save_network(
        options.out,
        TrainedText(trained.network, trained.vocabulary, trained.labels, trained.temperature, card),
    )
    print(json.dumps(card, indent=2))


if __name__ == "__main__":
    main()
