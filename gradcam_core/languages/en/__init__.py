"""English: a sentence for every finding, by what it is about. Public names: `NAME`, `SENTENCES`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .audit import AUDIT
from .door import DOOR
from .engine import ENGINE
from .hosting import HOSTING
from .methods import METHODS
from .networks import NETWORKS
from .page import PAGE
from .panels import PANELS
from .pictures import PICTURES
from .questions import QUESTIONS
from .reading import READING
from .report import REPORT
from .results import RESULTS
from .server import SERVER

__all__ = ["NAME", "SENTENCES"]

# what the switch of the page calls it
NAME = "EN"

SENTENCES: Mapping[str, str | Callable[..., str]] = {
    **AUDIT,
    **DOOR,
    **ENGINE,
    **HOSTING,
    **METHODS,
    **NETWORKS,
    **PAGE,
    **PANELS,
    **PICTURES,
    **QUESTIONS,
    **READING,
    **REPORT,
    **RESULTS,
    **SERVER,
}
