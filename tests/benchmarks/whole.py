"""Whole calls of `Explainer`: large photographs, and memory after many images."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from gradcam_core import Explainer
from gradcam_core.request import AUTO

from .timing import Row, interleaved, quartiles, ratio

EXAMPLE = Path(__file__).parents[2] / "assets" / "examples" / "1-coffee.jpg"
MEGABYTE = 1_000_000


def jpeg(width: int, height: int, seed: int = 0) -> bytes:
    """A photograph of that size, a little different for every seed."""
    with Image.open(EXAMPLE) as image:
        pixels = np.array(image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC))
    # sensor noise: a smooth enlargement would decode faster than a photograph does
    noise = np.random.default_rng(seed).integers(-6, 7, pixels.shape, np.int8)
    packed = BytesIO()
    Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8)).save(packed, "JPEG", quality=90)
    return packed.getvalue()


def large(rounds: int, clock: Callable[[], float], engine: str = AUTO) -> list[Row]:
    """A new 12-megapixel photograph against a new one of half a megapixel: bytes in, map and placement out."""
    explainer = Explainer(cache_mb=0, engine=engine)
    small, big = jpeg(816, 612), jpeg(4000, 3000)
    timed = interleaved(
        {"small": lambda: explainer.explain(small), "big": lambda: explainer.explain(big)}, rounds, clock
    )
    low, middle, high = ratio(timed["big"], timed["small"])
    return [
        Row("12-megapixel photograph against 0.5, Explainer.explain", explainer.load().name, "this project",
            middle, low, high, "times", reach=2.0),
    ]  # fmt: skip


def resident() -> int:
    """Bytes of this process in memory; 0 where the system does not say."""
    try:
        fields = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in fields if line.startswith("VmRSS:"))


def memory(images: int, cache_mb: int = 300, engine: str = AUTO) -> list[Row]:
    """Growth of the process over distinct images, the model loaded before."""
    explainer = Explainer(cache_mb=cache_mb, engine=engine)
    explainer.warm_up()
    dice = np.random.default_rng(0)
    before, growth = resident(), []
    for _ in range(images):
        explainer.explain(dice.integers(0, 256, (300, 400, 3), np.uint8))
        growth.append((resident() - before) / MEGABYTE)
    _, middle, _ = quartiles(growth[-max(len(growth) // 10, 1) :])
    reach = cache_mb + 100
    name = f"memory after {images} images, cache of {cache_mb} MB"
    return [Row(name, explainer.load().name, "this project", middle, min(growth), max(growth), "MB", reach=reach)]
