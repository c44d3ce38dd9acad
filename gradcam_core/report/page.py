"""The HTML of a report, whatever was explained. Public names: `MINUS`, `NOTHING_ELSE`, `Checked`, `Figure`, `Reported`,
`css_color`, `moment`, `report_page`, `summary`."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

from ..canvases.render import Look
from ..languages import Finding, language_now, percent, say
from ..types import Prediction
from .bound import bound

__all__ = ["MINUS", "NOTHING_ELSE", "Checked", "Figure", "Reported", "css_color", "moment", "report_page", "summary"]

STYLE = Path(__file__).with_suffix(".css")
# nothing may be fetched, and no script runs, whatever a label or a file's name holds
NOTHING_ELSE = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
MINUS = "\N{MINUS SIGN}"
ASKED = {"question": "report.asked_question", "caption": "report.asked_caption"}


class Checked(Protocol):
    """A check that was made; `finding` says what came out."""

    @property
    def finding(self) -> Finding: ...


class Figure(Protocol):
    """What a report shows of one kind of input; `meaning` and `title_of_bars` are keys of sentences."""

    @property
    def meaning(self) -> Sequence[str]: ...
    @property
    def title_of_bars(self) -> str: ...
    def drawn(self, language: str, *, small: bool) -> str: ...


class Reported(Protocol):
    """An explanation of one class of one input."""

    @property
    def finding(self) -> Finding: ...
    @property
    def remarks(self) -> tuple[Finding, ...]: ...
    @property
    def top(self) -> tuple[Prediction, ...]: ...
    @property
    def target(self) -> Prediction: ...
    def figure(self, look: Look | None = None) -> Figure: ...
    def record(self) -> dict[str, Any]: ...


def moment() -> str:
    """When a report is made, in words: now, in UTC."""
    return f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC"


def css_color(color: Iterable[int]) -> str:
    """An RGB of 0 to 255 as style sheets have it."""
    return "#{:02x}{:02x}{:02x}".format(*color)


def report_page(
    explanation: Reported, *, checks: Iterable[Checked] = (), look: Look | None = None, language: str | None = None
) -> str:
    """All about `explanation` as one HTML page; `look` says how the maps of a photograph are drawn, None: as usual."""
    language = language or language_now()

    def words(key: str, **values: Any) -> str:
        return bound(say(Finding(key, **values), language))

    record, figure = explanation.record(), explanation.figure(look)
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    made = words("report.made", date=moment(), versions=versions)
    found = _items(say(one.finding, language) for one in checks)
    unchecked = words("report.no_checks")
    sections = {
        "report.notes": _items(say(one, language) for one in explanation.remarks),
        figure.title_of_bars: _bars(explanation),
        "report.checks": found or f"<p>{unchecked}</p>",
        "report.meaning": _items(say(Finding(key), language) for key in figure.meaning),
        "report.record": f"<pre>{_plain(record)}</pre>",
    }
    parts = [
        f"<h1>{bound(say(explanation.finding, language))}</h1>{_asked(record, language)}<p class='facts'>{made}</p>",
        figure.drawn(language, small=False),
        *(f"<h2>{words(key)}</h2>{content}" for key, content in sections.items() if content),
    ]
    title = html.escape(say(Finding("report.title", label=explanation.target.label), language))
    return (
        f"<!doctype html>\n<html lang='{language}'><head><meta charset='utf-8'><title>{title}</title>"
        f'<meta http-equiv="Content-Security-Policy" content="{NOTHING_ELSE}">'
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<style>{STYLE.read_text('utf-8')}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def summary(explanation: Reported, *, language: str | None = None) -> str:
    """The sentence, what was explained and the most probable classes, for a notebook."""
    language = language or language_now()
    # a notebook's own rules are left alone: each of these is about what is inside
    rules = STYLE.read_text("utf-8").split("@page")[0].splitlines()[2:]
    scoped = "\n".join(
        ", ".join(f".gradcam {selector.strip()}" for selector in selectors.split(",")) + " {" + rest
        for selectors, rest in (rule.split("{", 1) for rule in rules if rule)
    )
    found = bound(say(explanation.finding, language))
    parts = [
        f"<p><strong>{found}</strong></p>{_asked(explanation.record(), language)}",
        explanation.figure().drawn(language, small=True),
        _bars(explanation),
    ]
    return f"<div class='gradcam' lang='{language}'><style>{scoped}</style>{''.join(parts)}</div>"


def _asked(record: dict[str, Any], language: str) -> str:
    """The question that was answered, or the caption that the explained word belongs to."""
    found = [
        f"<p>{bound(say(Finding(key, text=text), language))}</p>"
        for name, key in ASKED.items()
        if (text := record["request"].get(name))
    ]
    return "".join(found)


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
    items: Sequence[str] = [f"<li>{bound(sentence)}</li>" for sentence in sentences]
    return f"<ul>{''.join(items)}</ul>" if items else ""


def _plain(record: dict[str, Any]) -> str:
    """The record as JSON, each entry of a list of tables on a line of its own: a text has a hundred and more."""
    fields = ",\n".join(f"  {_json(name)}: {_laid_out(value)}" for name, value in record.items())
    return html.escape(f"{{\n{fields}\n}}", quote=False)


def _laid_out(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        entries = ",\n".join(f"    {_json(one)}" for one in value)
        return f"[\n{entries}\n  ]"
    return _json(value, indent=2).replace("\n", "\n  ")


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, indent=indent, ensure_ascii=False)
