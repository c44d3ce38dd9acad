"""Replicas in this process, of which any may be lost: all that `Asking` does but for Ray's own part."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from io import BytesIO
from typing import Any
from unittest.mock import patch

from PIL import Image

from gradcam_core import Explainer
from gradcam_core.engine.cache import ByteCache
from gradcam_core.models import LoadedModel
from gradcam_core.serving.cluster import replica
from gradcam_core.serving.cluster.replica import Replica, Report
from gradcam_core.serving.options import OPTIONS
from tests.helpers import noise

USUAL = {name: option.default for name, option in OPTIONS.items()}
OPTIONS_HERE = {**USUAL, "device": "cpu", "engine": "torch", "cache_mb": 200}


def jpeg(seed: int, height: int = 60, width: int = 80) -> bytes:
    """A photograph of its own for each `seed`, as a file."""
    file = BytesIO()
    Image.fromarray(noise(height, width, seed)).save(file, "JPEG")
    return file.getvalue()


class LostError(Exception):
    """The replica is gone."""


class ReplicasHere:
    """`answered` counts questions by replica and key; the next `losses` questions lose their replica half way.

    They share the networks of the registry and nothing else: each would read and try out the same ones.
    """

    def __init__(self, count: int = 2) -> None:
        self._networks: ByteCache[LoadedModel] | None = None
        self.replicas = [self._new() for _ in range(count)]
        self.answered: Counter[tuple[int, str]] = Counter()
        self.losses = 0
        self.ended = 0

    def _new(self) -> Replica:
        def explainer_for(options: Mapping[str, Any]) -> Explainer:
            made = whole(options)
            self._networks = made._models = made._models if self._networks is None else self._networks
            return made

        whole = replica.explainer_for
        with patch.object(replica, "explainer_for", explainer_for):
            return Replica(OPTIONS_HERE, 2, lambda reference: reference)

    async def reports(
        self, key: str, question: bytes, photographs: Mapping[str, bytes], private: Mapping[str, Any]
    ) -> AsyncIterator[Report]:
        index = zlib.crc32(key.encode()) % len(self.replicas)
        self.answered[index, key] += 1
        try:
            async for report in self.replicas[index].answer(question, photographs, private):
                if self.losses:
                    self.losses -= 1
                    # another one takes its place, which remembers nothing
                    self.replicas[index] = self._new()
                    raise LostError
                yield report
        except GeneratorExit:
            self.ended += 1
            raise

    def is_loss(self, error: BaseException) -> bool:
        return isinstance(error, LostError)

    def keep(self, value: Any) -> Any:
        return value
