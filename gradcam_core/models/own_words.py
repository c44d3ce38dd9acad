"""A network of one's own that takes words beside the photograph, as a `ModelSpec`.

    explainer.add_model("mine", network, task="answer", labels=["yes", "no"], words=Wording.of(["what", "is", ...]))

`network(image, words)` returns (1, K) scores of the answers to a question, or with the task "caption" (1, T, V)
scores of what stands behind each of its T words. Public names: `ANSWERS`, `CAPTIONS`, `Worded`, `spec`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ..engine.inputs import called
from ..engine.watch import Watch
from ..errors import ModelError, OutputError
from ..reading.preprocess import Encoder
from ..reading.trials import trial_picture
from ..tasks.classes import SOFTMAX, find_head
from .alone import with_other_dice
from .base import ModelSpec, Speech
from .beam import Caption, search
from .failing import check_weights, registered
from .labels_file import Labels, names_of
from .own import About, Reader, encoder_of, twin, unwrapped
from .returned import described, unsteady
from .sizes import placed
from .spoken import Answering, Describing, Wording

__all__ = ["ANSWERS", "CAPTIONS", "Worded", "spec"]


@dataclass(frozen=True)
class Worded:
    """What is different for each task of a network that takes words.

    `trial` makes (1, T) numbers to try it with. It has to return scores with `dimensions`, which begin as those of
    the numbers do; `misfit` is what is found where it does not. `speech` is made of the classes' names and of how it
    takes words. One that `writes` has words as its classes, and has to be told how a text begins and ends.
    """

    trial: Callable[[Wording], Tensor]
    dimensions: int
    misfit: str
    speech: Callable[[tuple[str, ...], Wording, nn.Module], Speech]
    writes: bool = False


def spec(worded: Worded, name: str, module: nn.Module, about: About) -> ModelSpec:
    """The entry for `module`, run twice to learn how many scores it has; raises ModelError, OutputError."""
    if not isinstance(module, nn.Module):
        raise ModelError("module.wrong_type", kind=type(module).__name__)
    words = about.words
    if not isinstance(words, Wording):
        raise ModelError("wording.missing", task=about.task, kind=type(words).__name__)
    if worded.writes and (words.end is None or not words.before):
        raise ModelError("wording.without_ends")
    inner, encoder = unwrapped(module), encoder_of(about.transform, about.input_size)
    check_weights(inner)
    read = partial(_read, about.logits)
    network = twin(inner, Reader(read))
    ask = partial(_scores, network, encoder, words, worded)
    scores, again = registered(inner, network, ask), with_other_dice(ask)
    count = scores.shape[-1]
    labels: Labels | None = (words.words or None) if about.labels is None and worded.writes else about.labels
    named = tuple(f"class {index}" for index in range(count)) if labels is None else names_of(labels, count)
    return ModelSpec(
        name=name,
        title=about.title or name,
        source="own",
        build=lambda: twin(inner, Reader(read)),
        preprocessing=lambda: encoder,
        labels=lambda: named,
        is_offline=lambda: True,
        head=SOFTMAX if about.head is None else find_head(about.head),
        private=about.private,
        usable=about.usable,
        largest_input=about.largest_input,
        speech=partial(worded.speech, named, words),
        task=about.task,
        remarks=unsteady(scores, again),
    )


def _read(logits: Callable[[Any], Tensor] | None, run: Callable[[], Any]) -> Any:
    returned = run()
    return returned if logits is None else logits(returned)


def _answering(labels: tuple[str, ...], words: Wording, _network: nn.Module) -> Answering:
    return Answering(labels, words)


def _describing(labels: tuple[str, ...], words: Wording, network: nn.Module) -> Describing:
    special = {*words.before, *words.behind, *words.never, words.end}

    def text(numbers: Sequence[int]) -> str:
        return " ".join(labels[number] for number in numbers if number not in special)

    return Describing(labels, words, text, partial(_write, network, words))


def _write(network: nn.Module, words: Wording, image: Tensor, beam: int, watch: Watch) -> list[Caption]:
    """Captions by running the whole network once for each further word, those of the beam as one batch."""

    def after(rows: Sequence[tuple[int, ...]], _chosen: Sequence[int]) -> Tensor:
        numbers = torch.tensor([[*words.before, *row] for row in rows], device=image.device)
        scores: Tensor = called(network, {"image": image.expand(len(rows), *image.shape[1:]), "words": numbers})
        return scores[:, -1]

    never = {*words.before, *words.never} - {words.end}
    if words.unknown is not None:
        never.add(words.unknown)
    return search(after, end=int(words.end or 0), never=sorted(never), beam=beam, limit=words.limit, watch=watch)


def _scores(network: nn.Module, encoder: Encoder, words: Wording, worded: Worded) -> Tensor:
    """What `network` returns for a trial, as many scores as there are answers or words; raises OutputError."""
    numbers = worded.trial(words)
    picture = placed(trial_picture(encoder), network)
    with torch.no_grad():
        scores = called(network, {"image": picture, "words": numbers.to(picture.device)})
    fits = isinstance(scores, Tensor) and scores.ndim == worded.dimensions
    if not fits or scores.shape[:-1] != numbers.shape[: scores.ndim - 1] or not scores.shape[-1]:
        raise OutputError(worded.misfit, steps=numbers.shape[1], described=described(scores))
    return scores


def _short_question(words: Wording) -> Tensor:
    return words.question([0] * min(words.limit, 3))


def _short_caption(words: Wording) -> Tensor:
    return words.caption([0, 0])


ANSWERS = Worded(_short_question, 2, "wording.no_answers", _answering)
CAPTIONS = Worded(_short_caption, 3, "wording.no_words", _describing, writes=True)
