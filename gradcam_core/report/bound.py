"""Sentences as HTML in which numbers stay on one line with their units. Public name: `bound`.

    bound("0.5 % & more")    # "<span class='bound'>0.5 %</span> &amp; more"

The spaces stay plain ones, so that a sentence is found and copied as it is said elsewhere; the style sheet of the page
says `.bound { white-space: nowrap; }`.
"""

from __future__ import annotations

import html
import re

__all__ = ["bound"]

# as in ../ui/web/page.js and ../folders/report.js
NUMBERS = re.compile("((?:[<>] )?\\d[\\d.,]* (?:%|MB|px)|\\d+ \N{MULTIPLICATION SIGN} \\d+)")


def bound(text: str) -> str:
    """`text` as HTML, each number with its unit in an element of its own."""
    return "".join(
        f"<span class='bound'>{html.escape(part)}</span>" if place % 2 else html.escape(part)
        for place, part in enumerate(NUMBERS.split(text))
    )
