"""Drawings of what checks found, as SVG with what they show in words, and the figures in a table below.

Public names: `curves_drawing`, `sanity_drawing`.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from ...checks import Curves, Sanity
from ...checks.sanity import UNCHANGED
from ..messages import sentence, table
from ..wording import word

__all__ = ["curves_drawing", "sanity_drawing"]

# width and height of a drawing in its own units, and what is left for the words at its axes
WIDE, HIGH = 300, 150
LEFT, UNDER, AROUND = 44, 18, 8
# which places go first along a line
KINDS = ("hottest", "random", "coldest")


def curves_drawing(found: Curves, label: str) -> str:
    """Deletion and insertion: a line for each order of the places."""
    parts = []
    for key, along, kinds in (
        ("trust.deletion", "trust.deletion_share", (found.deletion, found.deletion_random, found.deletion_reversed)),
        (
            "trust.insertion",
            "trust.insertion_share",
            (found.insertion, found.insertion_random, found.insertion_reversed),
        ),
    ):
        title = word(key)
        lines = []
        for kind, curve in zip(KINDS, kinds, strict=True):
            pairs = zip(found.shares, curve.values, strict=True)
            lines.append(_line(kind, [(share * WIDE, (1 - value) * HIGH) for share, value in pairs]))
        names = [word(f"trust.{kind}_first") for kind in KINDS]
        areas = [(name, f"{curve.area:.3f}") for name, curve in zip(names, kinds, strict=True)]
        said = word("trust.picture", title=title, areas=", ".join(f"{kind} {area}" for kind, area in areas))
        drawing = _drawing(lines, said, down=("100 %", "50 %", "0 %"), along=("0 %", word(along), "100 %"))
        under = table(word("trust.area"), (word("trust.order"), word("trust.area_head")), areas)
        parts.append(f"<figure><figcaption>{title}</figcaption>{drawing}{_key(names)}{under}</figure>")
    return f"{sentence(word('trust.curves_said', label=label))}<div class='curves'>{''.join(parts)}</div>"


def sanity_drawing(found: Sanity) -> str:
    """How alike the map stays as more and more of the network forgets; above the dashed line it hardly changes."""
    names = [_forgotten(step.layer) for step in found.stages]
    values = [step.correlation for step in found.stages]
    apart = WIDE / len(values)
    points = [(0.0, 0.0), *(((number + 1) * apart, _down(value)) for number, value in enumerate(values))]
    dots = "".join(
        f"<circle cx='{x:.1f}' cy='{y:.1f}' r='4'><title>{html.escape(name)}: {value:.2f}</title></circle>"
        for (x, y), name, value in zip(points, [word("trust.nothing"), *names], [1.0, *values], strict=True)
    )
    limit = f"<line class='limit' x1='0' x2='{WIDE}' y1='{_down(UNCHANGED):.1f}' y2='{_down(UNCHANGED):.1f}'/>"
    said = word("trust.sanity_picture", first=values[0], last=values[-1], limit=UNCHANGED)
    along = (word("trust.nothing"), word("trust.weights"), names[-1])
    drawing = _drawing([limit, _line("hottest", points), dots], said, down=("1", f"{UNCHANGED:g}", "0"), along=along)
    rows = [(name, f"{value:.2f}") for name, value in zip(names, values, strict=True)]
    under = table(word("trust.weights"), (word("trust.random"), word("trust.correlation")), rows)
    return (
        f"{sentence(found.sentence)}<div class='curves'><figure><figcaption>{word('trust.sanity_title')}</figcaption>"
        f"{drawing}<p class='note'>{html.escape(said)}</p></figure><figure>{under}</figure></div>"
    )


def _forgotten(layer: str | None) -> str:
    return word("trust.behind", layer=layer) if layer else word("trust.everywhere")


def _down(correlation: float) -> float:
    """How far below the top; what is turned around is as little the same map as what has nothing to do with it."""
    return (1 - max(correlation, 0.0)) * HIGH


def _line(kind: str, points: Sequence[tuple[float, float]]) -> str:
    return f"<polyline class='{kind}' points='{' '.join(f'{x:.1f},{y:.1f}' for x, y in points)}'/>"


def _drawing(parts: Sequence[str], said: str, *, down: Sequence[str], along: Sequence[str]) -> str:
    """`parts` in a frame, with three words down its left side and three along its lower one."""
    beside = "".join(
        f"<text x='-5' y='{HIGH * place / 2 + 4:.0f}' text-anchor='end'>{html.escape(text)}</text>"
        for place, text in enumerate(down)
    )
    below = "".join(
        f"<text x='{WIDE * place / 2:.0f}' y='{HIGH + 14}' text-anchor='{anchor}'>{html.escape(text)}</text>"
        for place, (text, anchor) in enumerate(zip(along, ("start", "middle", "end"), strict=True))
    )
    box = f"{-LEFT} {-AROUND} {WIDE + LEFT + AROUND} {HIGH + UNDER + AROUND}"
    return (
        f"<svg viewBox='{box}' role='img' aria-label='{html.escape(said, quote=True)}'>"
        f"<rect width='{WIDE}' height='{HIGH}'/>{beside}{below}{''.join(parts)}</svg>"
    )


def _key(names: Sequence[str]) -> str:
    """Which line is which."""
    lines = (f"<polyline class='{kind}' points='0,4 30,4'/>" for kind in KINDS)
    shown = "".join(
        f"<span><svg viewBox='0 0 30 8' aria-hidden='true'>{line}</svg> {name}</span>"
        for line, name in zip(lines, names, strict=True)
    )
    return f"<p class='key'>{shown}</p>"
