"""What a report shows of a photograph: its maps and their colour bar. Public names: `Pictured`, `Pictures`."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from PIL import Image

from ..canvases.render import Look
from ..canvases.urls import jpeg_url
from ..languages import Finding, say
from ..request import Request
from .bound import bound
from .page import MINUS, Reported, css_color

__all__ = ["Pictured", "Pictures"]

# the longer side of each picture: sharp on A4, and the file stays below a megabyte
LONGEST = 1200
# pixels of the longer side of the pictures in a notebook
SMALL = 420


class Pictured(Reported, Protocol):
    """An explanation of one class of one photograph."""

    @property
    def request(self) -> Request: ...
    @property
    def both_sides(self) -> tuple[Finding, Finding]: ...
    @property
    def look(self) -> Look: ...
    @property
    def scale(self) -> float: ...
    @property
    def cam(self) -> Any: ...
    @property
    def photograph(self) -> Any: ...
    def at_most(self, pixels: int) -> Any: ...


@dataclass(frozen=True)
class Pictures:
    """The pictures of `explanation`; `look` says how its maps are drawn."""

    explanation: Pictured
    look: Look

    @property
    def meaning(self) -> Sequence[str]:
        """The keys of what a map means, and what it does not."""
        return "report.places", "report.not_right", "report.not_what", "report.cells"

    @property
    def title_of_bars(self) -> str:
        """The key of what stands above the bars: not every answer is a class."""
        request = self.explanation.request
        if request.question:
            return "report.top_answers"
        if request.caption:
            return "report.probability" if request.word is None else "report.top_words"
        return "report.top"

    def drawn(self, language: str, *, small: bool) -> str:
        """The pictures side by side and the colour bar below them, as HTML."""
        longest = SMALL if small else LONGEST
        drawn = self.explanation.at_most(4 * longest * longest)
        pictures = {
            "report.overlay": drawn.overlay(self.look),
            "report.heatmap": drawn.heatmap_picture(self.look),
            "report.photograph": Image.fromarray(drawn.photograph.pixels),
        }
        figures = []
        for key, picture in pictures.items():
            title = html.escape(say(Finding(key), language))
            url = jpeg_url(picture, longest)
            figures.append(f"<figure><figcaption>{title}</figcaption><img src='{url}' alt='{title}'></figure>")
        return f"<div class='pictures'>{''.join(figures)}</div>{self._scale(language)}"

    def _scale(self, language: str) -> str:
        """The colour bar, with what its ends stand for."""
        explanation, look = self.explanation, self.look
        own = max(float(explanation.cam.max()), -float(explanation.cam.min()) if look.signed else 0.0)
        top = own if look.stretched else explanation.scale
        colors = ", ".join(css_color(look.table[level]) for level in (0, 64, 128, 192, 255))
        above, below = explanation.both_sides
        ends = (f"{MINUS}{top:.2g}", f"+{top:.2g}") if look.signed else ("0", f"{top:.2g}")
        key = "report.stretched" if look.stretched and own < explanation.scale else "report.shared"
        said = bound(say(Finding(key, above=above, below=below, signed=look.signed), language))
        ramp = f"<span class='ramp' style='background: linear-gradient(90deg, {colors})'></span>"
        return f"<p class='scale'><span>{ends[0]}</span>{ramp}<span>{ends[1]}</span><span>{said}</span></p>"
