"""Does a map hold? Evidence that anybody can check, by asking the network again.

    examiner = Examiner(explainer)
    print(examiner.hide_and_look(explainer.explain("cat.jpg")).sentence)

`Examiner` has the questions, the other public names are its answers.
"""

from __future__ import annotations

from .examiner import Examiner
from .hiding import Curve, Curves, Hidden, HideAndLook
from .judged import Judged, Verdict
from .places import Change, Evidence, Place, brushed, found_without
from .sanity import Forgotten, Sanity
from .words import Check

__all__ = [
    "Change",
    "Check",
    "Curve",
    "Curves",
    "Evidence",
    "Examiner",
    "Forgotten",
    "Hidden",
    "HideAndLook",
    "Judged",
    "Place",
    "Sanity",
    "Verdict",
    "brushed",
    "found_without",
]
