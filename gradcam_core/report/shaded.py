"""What a report shows of a text: its words shaded by their values. Public names: `ShadedText`, `ShadedWords`."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..canvases.render import Look
from ..canvases.sentence import Piece, foremost, shaded
from ..languages import Finding, say
from ..reading.text import Span
from .bound import bound
from .page import MINUS, Reported, css_color

__all__ = ["ShadedText", "ShadedWords"]

SIGNED = Look(signed=True)
# on a colour lighter than this relative luminance (WCAG 2.2) black is easier to read than white
LIGHT = 0.18
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
# of the line under the word with the largest value, in pixels
THICKEST = 4
# the explained text is Korean, whatever the language of the report
OF_THE_TEXT = "ko"


class ShadedWords(Reported, Protocol):
    """An explanation of one class of one text."""

    @property
    def text(self) -> str: ...
    @property
    def words(self) -> tuple[Piece, ...]: ...
    @property
    def unread(self) -> Span | None: ...
    @property
    def scored(self) -> Finding: ...


@dataclass(frozen=True)
class ShadedText:
    """The words of `explanation`: each with a colour, a number, and a line as thick as its value, dashed below zero."""

    explanation: ShadedWords

    @property
    def meaning(self) -> Sequence[str]:
        """The keys of what the numbers mean, and what they do not."""
        return "report.words", "report.not_right_text", "report.not_what_word", "report.neighbours"

    @property
    def title_of_bars(self) -> str:
        """The key of what stands above the bars: they show all classes that there are."""
        return "report.probability"

    def drawn(self, language: str, *, small: bool) -> str:
        """The shaded text with its key, and unless it is `small` the strongest words as bars, as HTML."""
        found = self.explanation
        top = max((abs(word.value) for word in found.words), default=0.0) or 1.0
        unread = found.unread.text if found.unread else ""
        parts = [
            html.escape(text) if value is None else _piece(text, value, top)
            for text, value in shaded(found.text, found.words, end=len(found.text) - len(unread))
        ]
        key = [Finding("shaded.above", score=found.scored)]
        if unread:
            parts.append(f"<span class='unread'>{html.escape(unread)}</span>")
            key.append(Finding("shaded.striped"))
        said = bound(" ".join(say(one, language) for one in key))
        text = f"<p class='text' lang='{OF_THE_TEXT}'>{''.join(parts)}</p><p class='facts'>{said}</p>"
        return text if small else text + self._strongest(language, top)

    def _strongest(self, language: str, top: float) -> str:
        title = html.escape(say(Finding("shaded.strongest"), language))
        rows = []
        for word in foremost(self.explanation.words):
            style = f"width: {abs(word.value) / top:.1%}; background: {css_color(_color(np.sign(word.value)))}"
            rows.append(
                f"<tr><th scope='row'>{html.escape(word.text)}</th>"
                f"<td><span class='track'><span class='fill' style='{style}'></span></span></td>"
                f"<td class='share'>{_signed(word.value)}</td></tr>"
            )
        return f"<h2>{title}</h2><table>{''.join(rows)}</table>"


def _piece(text: str, value: float, top: float) -> str:
    share = value / top
    color = _color(share)
    ink = "#000" if _luminance(color) > LIGHT else "#fff"
    line = f"{round(THICKEST * abs(share))}px {'dashed' if value < 0 else 'solid'}"
    return (
        f"<span class='piece' style='background: {css_color(color)}; color: {ink}'>{html.escape(text)}"
        f"<span class='mark' style='border-top: {line}'></span><small>{_signed(value)}</small></span>"
    )


def _color(share: float) -> np.ndarray:
    """(3,) RGB of a value from -1 to 1."""
    return SIGNED.table[int(SIGNED.levels(np.float32(share)))]


def _luminance(color: np.ndarray) -> float:
    """From 0 for black to 1 for white, without the special case of WCAG for what is nearly black."""
    return float(LUMINANCE @ ((color / 255 + 0.055) / 1.055) ** 2.4)


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", MINUS)
