"""Networks of the Hugging Face hub that describe photographs or answer questions, through transformers' classes.

    spec("Salesforce/blip-image-captioning-base")     # BLIP and GIT write captions, BLIP and ViLT answer

Each is wrapped so that it takes an image and words and returns scores, and so that its image tokens are what a module
returns. Weights are fetched when a model is chosen and not before. Public names: `KINDS`, `SPECS`,
`Kind`, `spec_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from ..engine.watch import Watch
from ..errors import ModelError
from ..languages import Finding
from ..reading.fitted import Fitted
from ..reading.preprocess import Encoder, Preprocessing
from ..reading.probed_transform import Ramped
from ..tasks.classes import HEADS, SOFTMAX, Head
from . import hub
from .base import ModelSpec
from .beam import Caption, search
from .fetch import reason
from .spoken import ANSWER, CAPTION, Answering, Describing, Wording
from .vocabulary import Token
from .worded_networks import BlipAnswers, BlipCaptions, GitCaptions, ViltAnswers

__all__ = ["KINDS", "SPECS", "Kind", "spec_of"]

# nothing else is fetched: no code, no weights in other frameworks' formats
NEEDED = (("config.json",), hub.WEIGHTS)
BESIDE = ("preprocessor_config.json", "tokenizer_config.json", "tokenizer.json", "special_tokens_map.json", "vocab.txt",
          "vocab.json", "merges.txt", "added_tokens.json", "generation_config.json")  # fmt: skip
# numbers that a network writes, and that it reads: what it wrote may be split into more than it was made of
LONGEST_WRITTEN, LONGEST_CAPTION, LONGEST_QUESTION = 30, 60, 38
INTERPOLATIONS = {0: "NEAREST", 1: "LANCZOS", 2: "BILINEAR", 3: "BICUBIC", 4: "BOX", 5: "HAMMING"}


@dataclass(frozen=True)
class Kind:
    """An architecture: transformers' `network` class, what wraps it, and how it takes words.

    `embedding` and `looks_with` are those of a `Wording`; `begins` names what begins a caption by its place in the
    network's configuration. Of one that `names_answers` the configuration has them, as labels. `remarks` are what a
    person should know about its scores.
    """

    network: str
    wrapper: Callable[[Any], nn.Module]
    task: str
    looks_with: str = ""
    embedding: str | None = None
    begins: str = ""
    head: Head = SOFTMAX
    names_answers: bool = False
    remarks: tuple[Finding, ...] = ()


KINDS = {
    "blip-captions": Kind(
        "BlipForConditionalGeneration", BlipCaptions, CAPTION, "model.vision_model", begins="text_config.bos_token_id"
    ),
    "git": Kind("GitForCausalLM", GitCaptions, CAPTION, "model.git.image_encoder", begins="bos_token_id"),
    "blip-answers": Kind(
        "BlipForQuestionAnswering", BlipAnswers, ANSWER, "model.vision_model",
        embedding="model.text_encoder.embeddings.word_embeddings", remarks=(Finding("answer.first_word"),),
    ),
    "vilt": Kind(
        "ViltForQuestionAnswering", ViltAnswers, ANSWER,
        embedding="model.vilt.embeddings.text_embeddings.word_embeddings", head=HEADS["sigmoid"],
        names_answers=True,
    ),
}  # fmt: skip

# repository, kind, megabytes
OFFERED = (
    ("Salesforce/blip-image-captioning-base", "blip-captions", 990),
    ("Salesforce/blip-image-captioning-large", "blip-captions", 1880),
    ("microsoft/git-base-coco", "git", 707),
    ("Salesforce/blip-vqa-base", "blip-answers", 1540),
    ("dandelin/vilt-b32-finetuned-vqa", "vilt", 470),
)


def spec_of(repository: str, kind: Kind, *, folder: Path | None = None, megabytes: float = 0.0) -> ModelSpec:
    """The model of a repository, or of a `folder` that `save_pretrained` wrote to."""
    files = partial(_folder, repository) if folder is None else (lambda: folder)
    return ModelSpec(
        name=repository,
        title=repository.rpartition("/")[2],
        source="transformers",
        identity=("transformers", repository, folder),
        build=partial(_build, repository, kind, files),
        preprocessing=partial(_preprocessing, repository, files),
        labels=tuple,
        is_offline=lambda: folder is not None or _is_here(repository),
        download_mb=megabytes,
        head=kind.head,
        remarks=kind.remarks,
        speech=partial(_speech, kind, files),
        task=kind.task,
    )


def _build(repository: str, kind: Kind, files: Callable[[], Path]) -> nn.Module:
    import transformers  # noqa: PLC0415 - takes seconds

    folder = files()
    try:
        # in full precision whatever it was saved in, and attention in plain operations, whose gradients are everywhere
        network = getattr(transformers, kind.network).from_pretrained(
            folder, local_files_only=True, dtype=torch.float32, attn_implementation="eager"
        )
    except Exception as error:  # whatever a library makes of a damaged file
        raise ModelError(
            "weights.damaged_in_hub_cache", file=folder.name, name=repository, reason=reason(error)
        ) from error
    return kind.wrapper(network.eval()).eval()


def _preprocessing(repository: str, files: Callable[[], Path]) -> Encoder:
    from transformers import AutoImageProcessor  # noqa: PLC0415

    try:
        processor: Any = AutoImageProcessor.from_pretrained(files(), local_files_only=True)
        found = processor.to_dict()
        size, mean, std = found["size"], tuple(found["image_mean"]), tuple(found["image_std"])
        interpolation = INTERPOLATIONS[int(found["resample"])]
        if found.get("size_divisor"):
            # the ratio that transformers' own processor has for its longer side
            short, cell = int(size["shortest_edge"]), int(found["size_divisor"])
            return Fitted(short, int(1333 / 800 * short), cell, interpolation, mean, std)
        if "shortest_edge" in size:
            # cuts off by a rounding of its own: it does it itself, and where it looks is found by trying
            return Ramped(_processing(processor))
        return Preprocessing(int(size["height"]), int(size["height"]), interpolation, mean, std, squash=True)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError("weights.no_processor", name=repository, reason=reason(error)) from error


def _processing(processor: Any) -> Callable[[Image.Image], Tensor]:
    def process(image: Image.Image) -> Tensor:
        return processor(image, return_tensors="pt")["pixel_values"][0]

    # what records call it
    process.__name__ = type(processor).__name__
    return process


def _speech(kind: Kind, files: Callable[[], Path], network: nn.Module) -> Answering | Describing:
    from transformers import AutoTokenizer  # noqa: PLC0415

    tokenizer: Any = AutoTokenizer.from_pretrained(files(), local_files_only=True)
    model: Any = network.model
    config: Any = model.config

    def tokens(text: str) -> list[Token]:
        found = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        spans = zip(found["input_ids"], found["offset_mapping"], strict=True)
        return [(number, start, end) for number, (start, end) in spans]

    special = tuple(sorted({*tokenizer.all_special_ids}))
    common: dict[str, Any] = {
        "tokens": tokens, "unknown": tokenizer.unk_token_id, "looks_with": kind.looks_with, "english_only": True,
        "never": special,
    }  # fmt: skip
    count = int(network.outputs)  # type: ignore[arg-type]
    if kind.task == ANSWER:
        wording = Wording(
            limit=LONGEST_QUESTION, before=(tokenizer.cls_token_id,), behind=(tokenizer.sep_token_id,),
            embedding=kind.embedding, **common,
        )  # fmt: skip
        return Answering(_labels(config, tokenizer, count, kind), wording)
    begin = config
    for name in kind.begins.split("."):
        begin = getattr(begin, name)
    wording = Wording(limit=LONGEST_CAPTION, before=(int(begin),), end=tokenizer.sep_token_id, **common)

    def text(numbers: Sequence[int]) -> str:
        return str(tokenizer.decode(list(numbers), skip_special_tokens=True))

    write = partial(_write, network, wording, range(len(tokenizer), count))
    return Describing(_words(tokenizer, count), wording, text, write)


def _write(network: Any, wording: Wording, beyond: range, image: Tensor, beam: int, watch: Watch) -> list[Caption]:
    """Captions from one pass of the image's encoder."""
    with torch.inference_mode():
        seen = network.look(image)

    def after(rows: Sequence[tuple[int, ...]], _chosen: Sequence[int]) -> Tensor:
        numbers = torch.tensor([[*wording.before, *row] for row in rows], device=image.device)
        return network.say(seen.expand(len(rows), *seen.shape[1:]), numbers)[:, -1]

    never = sorted({*wording.never, *wording.before, *beyond} - {wording.end})
    return search(after, end=int(wording.end or 0), never=never, beam=beam, limit=LONGEST_WRITTEN, watch=watch)


def _labels(config: Any, tokenizer: Any, count: int, kind: Kind) -> tuple[str, ...]:
    """The answers: those of the configuration, or the words that an answer may begin with."""
    if kind.names_answers:
        return tuple(config.id2label[number] for number in range(count))
    return _words(tokenizer, count)


def _words(tokenizer: Any, count: int) -> tuple[str, ...]:
    """The text of each number that a network may say; some have more than their tokenizer."""
    named = tokenizer.convert_ids_to_tokens(range(min(len(tokenizer), count)))
    return (*named, *(f"({number})" for number in range(len(named), count)))


def _is_here(repository: str) -> bool:
    return hub.stored(repository, NEEDED, beside=BESIDE) is not None


def _folder(repository: str) -> Path:
    """The repository's files on this machine, fetched where they are not; raises ModelError."""
    found = hub.snapshot_of(repository, NEEDED, beside=BESIDE)
    return next(iter(found.files.values())).parent


SPECS = tuple(spec_of(repository, KINDS[kind], megabytes=size) for repository, kind, size in OFFERED)
