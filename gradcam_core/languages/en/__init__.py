"""English: a sentence for every finding, by what it is about. Public name: `SENTENCES`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .engine import ENGINE
from .hosting import HOSTING
from .networks import NETWORKS
from .questions import QUESTIONS
from .reading import READING
from .report import REPORT
from .results import RESULTS
from .server import SERVER

__all__ = ["SENTENCES"]

SENTENCES: Mapping[str, str | Callable[..., str]] = {
    **ENGINE,
    **HOSTING,
    **NETWORKS,
    **QUESTIONS,
    **READING,
    **REPORT,
    **RESULTS,
    **SERVER,
}
