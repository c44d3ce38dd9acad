"""`TextExplainer`: which characters of a review made the network call it positive or negative.

Usage:

    from gradcam_core import TextExplainer
    explanation = TextExplainer().explain("정말 재미있어요")
    for word in explanation.words:
        print(word.text, round(word.value, 2))
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .canvases.sentence import pieces, spread, words
from .captures import Captures
from .checks.words import FEWEST, Check, check
from .engine.devices import resolve_device
from .engine.runner import LocalRunner, Runner, Variants
from .engine.score import contrast as contrasted
from .engine.watch import NOBODY, Watch
from .explanation import made_with
from .methods.evidence import Question
from .methods.text import DEFAULT_TEXT_METHOD, find_text_method
from .models.reviews.network import TrainedText, load_network
from .remembering import DEFAULT_TTL_SECONDS, check_bounds
from .request import AUTO, OPTIONS, Request
from .tasks.classes import choose
from .text_explanation import TextExplanation
from .types import MEGABYTE

__all__ = ["TextExplainer"]

WEIGHTS = Path(__file__).parents[1] / "assets" / "text" / "reviews.safetensors"
# what is kept of a text is small
CACHE_MB = 64
# texts in one pass: a text is a thousandth of a picture
AT_ONCE = 256


class TextExplainer:
    """Explains a review's sentiment; one object serves any number of threads.

    `weights` is a file that `python -m gradcam_core.models.reviews.train` wrote, None for the one in assets/text.
    Raises DeviceError, ModelError, OptionError.
    """

    def __init__(
        self,
        *,
        weights: str | Path | None = None,
        device: str | torch.device = AUTO,
        cache_mb: float = CACHE_MB,
        cache_ttl: float = DEFAULT_TTL_SECONDS,
    ) -> None:
        check_bounds(cache_mb, cache_ttl)
        # a graph is made for one shape of input, and each length of text is another
        self._runner: Runner = LocalRunner(resolve_device(device))
        self.trained: TrainedText = load_network(WEIGHTS if weights is None else weights)
        self.trained.network.to(self.device)
        self._captures = Captures(self._runner, int(cache_mb * MEGABYTE), cache_ttl)

    @property
    def device(self) -> torch.device:
        """Where the network is kept."""
        return self._runner.device

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes, by index."""
        return self.trained.labels

    @property
    def limit(self) -> int:
        """How many characters are read."""
        return self.trained.limit

    def explain(
        self,
        text: str,
        target: int | str | None = None,
        *,
        method: str = DEFAULT_TEXT_METHOD,
        counterfactual: bool = False,
        rival: Any = None,
        contrast: bool = False,
        watch: Watch = NOBODY,
    ) -> TextExplanation:
        """Explain one class of one text.

        `target` is a class index or label, None or "auto" for the more probable; `method` a key of
        TEXT_METHODS. `counterfactual` asks what speaks against the class, a `rival` why it rather than that class,
        "auto" for the most probable other; `contrast` is short for that. Only the first question about a text costs a
        forward pass. Raises TextError, TargetError, MethodError, OptionError, OutputError, DeviceError.
        """
        request = Request.parse(
            model=self.trained.name,
            target=target,
            method=DEFAULT_TEXT_METHOD if method in (None, "", AUTO) else method,
            counterfactual=counterfactual,
            rival=rival,
        )
        if request.rival is None and OPTIONS["counterfactual"].read(contrast, "contrast"):
            request = request.replace(rival=AUTO)
        return self.answer(text, request, watch=watch)

    def answer(self, text: str, request: Request, *, watch: Watch = NOBODY) -> TextExplanation:
        """What `explain` answers to the options of `request`; those about pictures are left out."""
        method, model = find_text_method(request.method or DEFAULT_TEXT_METHOD), self.trained
        reading = model.read(text)
        layers = model.layers[method.over]
        seen = self._captures.seen(model, reading, layers[0])
        gradients = self._captures.gradients(model, reading, seen, [*model.offered])
        choice = choose(request, seen.probabilities, model.labels, model.title)
        rivals = [one.index for one in choice.rivals]
        score = contrasted(choice.target.index, rivals, counterfactual=choice.request.counterfactual)
        question = partial(
            Question,
            runner=self._runner,
            model=model,
            inputs=partial(self._captures.given, model, reading),
            capture=seen.capture,
            score=score,
            watch=watch,
        )
        # (windows,) values at each layer
        maps = [question(layer=layer, gradient=partial(gradients.at, layer)).map(method)[0] for layer in layers]
        values, positive = (
            np.sum([spread(part, len(reading.chars)) for part in parts], axis=0)
            for parts in (maps, [part.clip(min=0) for part in maps])
        )
        chars = pieces(reading.chars, values, positive)
        return TextExplanation(
            top=choice.top,
            target=choice.target,
            request=choice.request,
            rivals=choice.rivals,
            provenance={
                "weights": {"name": model.name, "fingerprint": model.fingerprint},
                **made_with(model.head, self.device, "torch", "numpy", "regex"),
            },
            reading=reading,
            chars=chars,
            words=words(text, chars),
            score=float(score.of(seen.capture.logits.detach())[0]),
            bias=float(score.of(model.network.head.bias[None])[0]),
        )

    def check(self, explanation: TextExplanation, *, watch: Watch = NOBODY) -> Check:
        """Leave out the strongest words, and as many at random, and look again; raises TextError, StoppedError."""
        return check(explanation, partial(self.probabilities, watch=watch))

    def checks(self, explanation: TextExplanation, *, watch: Watch = NOBODY) -> tuple[Check, ...]:
        """The checks that can be made, for a report: none of a single word, where nothing can be left out."""
        return (self.check(explanation, watch=watch),) if len(explanation.words) >= FEWEST else ()

    def probabilities(self, texts: Sequence[str], *, watch: Watch = NOBODY) -> NDArray[np.float32]:
        """(N, K) calibrated probabilities of each class, in batches; raises TextError, StoppedError."""
        model = self.trained
        readings = [model.read(text) for text in texts]
        if not readings:
            return np.zeros((0, len(self.labels)), np.float32)

        def given(part: slice) -> Tensor:
            inputs = [reading.inputs[0] for reading in readings[part]]
            return nn.utils.rnn.pad_sequence(inputs, batch_first=True).to(self.device)

        inputs = self._runner.placed(model, model.encoded(readings[0])[0])
        return model.head.of(self._runner.outputs(model, inputs, Variants(given, len(texts), AT_ONCE), watch))
