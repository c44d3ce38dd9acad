"""The HTML of a report. Public names: `NOTHING_ELSE`, `Checked`, `Reported`,
`moment`, `report_page`, `summary`."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from ..canvases.render import Look
from ..canvases.urls import jpeg_url
from ..languages import Finding, language_now, percent, say
from ..types import Prediction

__all__ = ["NOTHING_ELSE", "Checked", "Reported", "moment", "report_page", "summary"]

# the longer side of each picture: sharp on A4, and the file stays below a megabyte
LONGEST = 1200
# pixels of the longer side of the pictures in a notebook
SMALL = 420
STYLE = Path(__file__).with_suffix(".css")
# nothing may be fetched, and no script runs, whatever a label or a file's name holds
NOTHING_ELSE = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
MINUS = "\N{MINUS SIGN}"
ASKED = {"question": "report.asked_question", "caption": "report.asked_caption"}
MEANING = ("report.places", "report.not_right", "report.not_what", "report.cells")


class Checked(Protocol):
    """A check that was made; `finding` says what came out."""

    @property
    def finding(self) -> Finding: ...


class Reported(Protocol):
    """An explanation of one class of one photograph."""

    @property
    def finding(self) -> Finding: ...
    @property
    def remarks(self) -> tuple[Finding, ...]: ...
    @property
    def both_sides(self) -> tuple[Finding, Finding]: ...
    @property
    def top(self) -> tuple[Prediction, ...]: ...
    @property
    def target(self) -> Prediction: ...
    @property
    def look(self) -> Look: ...
    @property
    def scale(self) -> float: ...
    @property
    def cam(self) -> Any: ...
    @property
    def photograph(self) -> Any: ...
    def at_most(self, pixels: int) -> Any: ...
    def record(self) -> dict[str, Any]: ...


def moment() -> str:
    """When a report is made, in words: now, in UTC."""
    return f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC"


def report_page(
    explanation: Reported, *, checks: Iterable[Checked] = (), look: Look | None = None, language: str | None = None
) -> str:
    """All about `explanation` as one HTML page; `look` says how its maps are drawn, None: as usual."""
    language = language or language_now()

    def words(key: str, **values: Any) -> str:
        return html.escape(say(Finding(key, **values), language))

    record = explanation.record()
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    made = words("report.made", date=moment(), versions=versions)
    found = _items(say(one.finding, language) for one in checks)
    unchecked = words("report.no_checks")
    sections = {
        "report.notes": _items(say(one, language) for one in explanation.remarks),
        _title_of_bars(record["request"]): _bars(explanation),
        "report.checks": found or f"<p>{unchecked}</p>",
        "report.meaning": _items(say(Finding(key), language) for key in MEANING),
        "report.record": f"<pre>{_plain(record)}</pre>",
    }
    parts = [
        f"<h1>{html.escape(say(explanation.finding, language))}</h1>{_asked(record, language)}"
        f"<p class='facts'>{made}</p>",
        _pictures(explanation, look or explanation.look, language, LONGEST),
        *(f"<h2>{words(key)}</h2>{content}" for key, content in sections.items() if content),
    ]
    title = words("report.title", label=explanation.target.label)
    return (
        f"<!doctype html>\n<html lang='{language}'><head><meta charset='utf-8'><title>{title}</title>"
        f'<meta http-equiv="Content-Security-Policy" content="{NOTHING_ELSE}">'
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<style>{STYLE.read_text('utf-8')}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def summary(explanation: Reported, *, language: str | None = None) -> str:
    """The sentence, the pictures and the most probable classes, for a notebook."""
    language = language or language_now()
    # a notebook's own rules are left alone: each of these is about what is inside
    rules = STYLE.read_text("utf-8").split("@page")[0].splitlines()[2:]
    scoped = "\n".join(
        ", ".join(f".gradcam {selector.strip()}" for selector in selectors.split(",")) + " {" + rest
        for selectors, rest in (rule.split("{", 1) for rule in rules if rule)
    )
    found = html.escape(say(explanation.finding, language))
    parts = [
        f"<p><strong>{found}</strong></p>{_asked(explanation.record(), language)}",
        _pictures(explanation, explanation.look, language, SMALL),
        _bars(explanation),
    ]
    return f"<div class='gradcam' lang='{language}'><style>{scoped}</style>{''.join(parts)}</div>"


def _asked(record: dict[str, Any], language: str) -> str:
    """The question that was answered, or the caption that the explained word belongs to."""
    found = [
        f"<p>{html.escape(say(Finding(key, text=text), language))}</p>"
        for name, key in ASKED.items()
        if (text := record["request"].get(name))
    ]
    return "".join(found)


def _title_of_bars(request: dict[str, Any]) -> str:
    """The key of what stands above the bars: not every answer is a class."""
    if request.get("question"):
        return "report.top_answers"
    if request.get("caption"):
        return "report.probability" if request.get("word") is None else "report.top_words"
    return "report.top"


def _pictures(explanation: Reported, look: Look, language: str, longest: int) -> str:
    drawn = explanation.at_most(4 * longest * longest)
    photograph = Image.fromarray(drawn.photograph.pixels)
    pictures = {
        "report.overlay": drawn.overlay(look),
        "report.heatmap": drawn.heatmap_picture(look),
        "report.photograph": photograph,
    }
    figures = []
    for key, picture in pictures.items():
        title = html.escape(say(Finding(key), language))
        url = jpeg_url(picture, longest)
        figures.append(f"<figure><figcaption>{title}</figcaption><img src='{url}' alt='{title}'></figure>")
    return f"<div class='pictures'>{''.join(figures)}</div>{_scale(explanation, look, language)}"


def _scale(explanation: Reported, look: Look, language: str) -> str:
    """The colour bar, with what its ends stand for."""
    own = max(float(explanation.cam.max()), -float(explanation.cam.min()) if look.signed else 0.0)
    top = own if look.stretched else explanation.scale
    table = look.table
    colors = ", ".join("#{:02x}{:02x}{:02x}".format(*table[level]) for level in (0, 64, 128, 192, 255))
    above, below = explanation.both_sides
    ends = (f"{MINUS}{top:.2g}", f"+{top:.2g}") if look.signed else ("0", f"{top:.2g}")
    key = "report.stretched" if look.stretched and own < explanation.scale else "report.shared"
    said = html.escape(say(Finding(key, above=above, below=below, signed=look.signed), language))
    ramp = f"<span class='ramp' style='background: linear-gradient(90deg, {colors})'></span>"
    return f"<p class='scale'><span>{ends[0]}</span>{ramp}<span>{ends[1]}</span><span>{said}</span></p>"


def _bars(explanation: Reported) -> str:
    shown = [*explanation.top, *([] if explanation.target in explanation.top else [explanation.target])]
    rows = []
    for one in shown:
        chosen = " class='chosen'" if one == explanation.target else ""
        fill = f"<span class='track'><span class='fill' style='width: {one.probability:.2%}'></span></span>"
        rows.append(
            f"<tr{chosen}><th scope='row'>{html.escape(one.label)}</th><td>{fill}</td>"
            f"<td class='share'>{percent(one.probability)}</td></tr>"
        )
    return f"<table>{''.join(rows)}</table>"


def _items(sentences: Iterable[str]) -> str:
    items: Sequence[str] = [f"<li>{html.escape(sentence)}</li>" for sentence in sentences]
    return f"<ul>{''.join(items)}</ul>" if items else ""


def _plain(record: dict[str, Any]) -> str:
    return html.escape(json.dumps(record, indent=2, ensure_ascii=False), quote=False)
