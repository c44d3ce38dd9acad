"""`TextExplainer`: which characters of a review made the network call it positive or negative.

Usage:

    from gradcam_core import TextExplainer
    explanation = TextExplainer().explain("정말 재미있어요")
    for word in explanation.words:
        print(word.text, round(word.value, 2))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..canvases.project import normalise
from ..engine import capture as capturing
from ..engine.cache import ByteCache
from ..engine.devices import resolve_device
from ..engine.score import Score
from ..errors import TextError
from ..models.reviews.network import TrainedText, load_network
from ..reading.text import Reading, Span, words_of
from ..request import AUTO
from ..tasks.classes import class_index, prediction, top_predictions
from .explanation import Piece, TextExplanation
from .methods import DEFAULT_METHOD, Maps, find_text_method
from .trust import Check, check

__all__ = ["TextExplainer"]

WEIGHTS = Path(__file__).parents[2] / "assets" / "text" / "reviews.safetensors"
TITLE = "The text model"
DEFAULT_CACHE_MB = 64
DEFAULT_TTL_SECONDS = 3600.0
BATCH = 256
HANGUL = (range(0xAC00, 0xD7A4), range(0x1100, 0x1200), range(0x3131, 0x318F))


@dataclass(frozen=True, eq=False)
class _Seen:
    capture: capturing.Capture
    probabilities: NDArray[np.float32]

    @property
    def nbytes(self) -> int:
        return self.capture.nbytes + self.probabilities.nbytes


class TextExplainer:
    """Explains a review's sentiment; one object serves any number of threads.

    `weights` is a file that `python -m gradcam_core.models.reviews.train` wrote, None for the one in assets/text.
    Raises DeviceError, ModelError.
    """

    def __init__(
        self,
        *,
        weights: str | Path | None = None,
        device: str | torch.device = AUTO,
        cache_mb: float = DEFAULT_CACHE_MB,
        cache_ttl: float = DEFAULT_TTL_SECONDS,
    ) -> None:
        self.device = resolve_device(device)
        self.trained: TrainedText = load_network(WEIGHTS if weights is None else weights)
        self._network = self.trained.network.to(self.device)
        self._layers: dict[str, nn.Module] = {"embedding": self._network.embedding}
        self._layers |= {f"maps.{name}": module for name, module in self._network.maps.items()}
        self._results: ByteCache[_Seen] = ByteCache(int(cache_mb * 1_000_000), cache_ttl)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes, by index."""
        return self.trained.labels

    @property
    def limit(self) -> int:
        """How many characters are read."""
        return self._network.shape.limit

    def explain(
        self,
        text: str,
        target: int | str | None = None,
        *,
        method: str = DEFAULT_METHOD,
        counterfactual: bool = False,
        contrast: bool = False,
    ) -> TextExplanation:
        """Explain one class of one text.

        `target` is a class index or label, None or "auto" for the more probable; `method` a key of
        TEXT_METHODS. `counterfactual` asks what speaks against the class, `contrast` why it rather than
        the other. Only the first question about a text costs a forward pass.
        Raises TextError, TargetError, MethodError.
        """
        chosen = find_text_method(method)
        wanted = None if target in (None, AUTO) else class_index(target, self.labels, TITLE)
        reading = self._read(text)
        seen = self._results.get(reading.inputs.numpy().tobytes(), partial(self._see, reading.inputs))
        top = top_predictions(seen.probabilities, self.labels)
        explained = top[0] if wanted is None else prediction(seen.probabilities, self.labels, wanted)
        factors = torch.zeros(len(self.labels))
        factors[explained.index] = 1
        if contrast:
            factors -= (factors == 0).float() / (len(self.labels) - 1)
        if counterfactual:
            factors = -factors
        maps = self._maps(seen.capture, factors, len(reading.chars))
        values = chosen.function(maps, False).cpu().numpy()
        weights = normalise(chosen.function(maps, True).cpu().numpy())
        words = words_of(reading.chars)
        return TextExplanation(
            text=text,
            chars=tuple(
                Piece(char.text, char.start, char.end, float(value), float(weight))
                for char, value, weight in zip(reading.chars, values, weights, strict=True)
            ),
            words=tuple(
                _word(text, reading.chars[slice(*place)], values[slice(*place)], weights[slice(*place)])
                for place in words
            ),
            unread=None if reading.cut is None else Span(text[reading.cut :], reading.cut, len(text)),
            top=top,
            target=explained,
            method=method,
            counterfactual=bool(counterfactual),
            contrast=bool(contrast),
            score=float(seen.capture.logits.detach()[0].cpu() @ factors),
            bias=float(self._network.head.bias.cpu() @ factors),
            notes=_notes(reading, self.limit),
        )

    def check(self, explanation: TextExplanation) -> Check:
        """Leave out the strongest words, and as many at random, and look again; raises TextError."""
        return check(explanation, self.probabilities)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(N, 2) calibrated probabilities of each class, in batches; raises TextError."""
        inputs = [self._read(text).inputs[0] for text in texts]
        found = []
        with torch.inference_mode():
            for start in range(0, len(inputs), BATCH):
                batch = nn.utils.rnn.pad_sequence(inputs[start : start + BATCH], batch_first=True)
                found.append(self._probable(self._network(batch.to(self.device))))
        return np.concatenate(found) if found else np.zeros((0, len(self.labels)), np.float32)

    def _read(self, text: str) -> Reading:
        if not isinstance(text, str):
            raise TextError(f"`text` should be a string, but is {type(text).__name__}; type a sentence.")
        if not text.strip():
            raise TextError("The text is empty; type a sentence, for example a film review in Korean.")
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise TextError(
                f"The text is no valid Unicode at character {error.start + 1}; type or paste it again."
            ) from None
        reading = self.trained.vocabulary.read(text, self.limit)
        if all(char.text.isspace() for char in reading.chars):
            raise TextError(f"The first {self.limit} characters are all spaces; put the sentence in front.")
        return reading

    def _see(self, inputs: Tensor) -> _Seen:
        capture = capturing.run(self._network, inputs.to(self.device), self._layers)
        return _Seen(capture, self._probable(capture.logits.detach())[0])

    def _probable(self, logits: Tensor) -> NDArray[np.float32]:
        return (logits.float() / self.trained.temperature).softmax(-1).cpu().numpy()

    def _maps(self, capture: capturing.Capture, factors: Tensor, length: int) -> Maps:
        names = list(self._layers)
        gradients = {name: torch.zeros_like(capture.activations(name)) for name in names}
        for index in factors.nonzero().flatten().tolist():
            for name, gradient in capture.gradients_at(names, Score.logit(index)).items():
                gradients[name] = gradients[name] + float(factors[index]) * gradient
        pairs = {name: (capture.activations(name), gradients[name]) for name in names}
        margin = self._network.embedding.margin
        vectors, slopes = (tensor[..., margin : margin + length] for tensor in pairs["embedding"])
        return Maps(
            length=length,
            widths={module.width: pairs[f"maps.width{module.width}"] for module in self._network.width_maps},
            embedding=(vectors, slopes),
        )


def _word(text: str, chars: Sequence[Span], values: NDArray[np.float32], weights: NDArray[np.float32]) -> Piece:
    start, end = chars[0].start, chars[-1].end
    return Piece(text[start:end], start, end, float(values.mean()), float(weights.mean()))


def _notes(reading: Reading, limit: int) -> tuple[str, ...]:
    """What a person should know about how this text was read, in sentences."""
    notes = []
    if reading.cut is not None:
        notes.append(f"Only the first {limit} characters were read; the rest is shown as not read.")
    unknown = {char.text for char, strange in zip(reading.chars, reading.unknown, strict=True) if strange}
    visible = [char.text for char in reading.chars if not char.text.isspace()]
    if unknown.issuperset(visible):
        notes.append("The model has never seen any of these characters, so its answer is a guess.")
    elif unknown:
        notes.append(f"The model has never seen: {' '.join(sorted(unknown)[:8])}")
    if not any(ord(point) in block for char in visible for point in char for block in HANGUL):
        notes.append("The model learnt from Korean reviews only; for other text its answer means little.")
    return tuple(notes)
