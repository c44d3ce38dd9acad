"""An audit as one HTML file: nothing is fetched, pictures are drawn when they come into view. Public name:
`write_report`.

Rows travel as JSON, a number of them in each block, and so do their thumbnails and maps, so that a browser reads only
what is looked at.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..canvases.render import color_table
from ..canvases.urls import base64_text, jpeg_url
from ..languages import LANGUAGES, Finding, say
from ..report.bound import bound
from ..report.page import NOTHING_ELSE, moment
from ..request import Request
from .clusters import Cluster
from .confusions import Confusion
from .embedding import points_of
from .rows import Row
from .table import Table

__all__ = ["write_report"]

HERE = Path(__file__).parent
# rows whose pictures are in one block
BLOCK = 200
# pixels of a contrast's longer side
CONTRAST = 320
# the words of the page, which it knows by what stands behind the prefix
PREFIX = "audit.page_"
PAGE_WORDS = (
    "audit.page_accuracy",
    "audit.page_all",
    "audit.page_back",
    "audit.page_alarm",
    "audit.page_by_cluster",
    "audit.page_by_right",
    "audit.page_class",
    "audit.page_clusters",
    "audit.page_clusters_meaning",
    "audit.page_coloured",
    "audit.page_confusions",
    "audit.page_contrast",
    "audit.page_count",
    "audit.page_effect",
    "audit.page_every_class",
    "audit.page_maps",
    "audit.page_mean",
    "audit.page_more_clusters",
    "audit.page_no_clusters",
    "audit.page_on",
    "audit.page_open",
    "audit.page_photographs",
    "audit.page_points",
    "audit.page_points_meaning",
    "audit.page_search",
    "audit.page_show",
    "audit.page_show_all",
    "audit.page_show_every",
    "audit.page_show_right",
    "audit.page_show_these",
    "audit.page_show_unread",
    "audit.page_show_wrong",
    "audit.page_sort",
    "audit.page_sort_border",
    "audit.page_sort_effect",
    "audit.page_sort_inside",
    "audit.page_sort_name",
    "audit.page_sort_small",
    "audit.page_sort_unsure",
    "audit.page_true_class",
)


class Audited(Protocol):
    """What a report is about; see `Audit`."""

    @property
    def folder(self) -> Path: ...
    @property
    def request(self) -> Request: ...
    @property
    def model_title(self) -> str: ...
    @property
    def table(self) -> Table: ...
    @property
    def clusters(self) -> Sequence[Cluster]: ...
    @property
    def confusions(self) -> Sequence[Confusion]: ...
    @property
    def accuracy(self) -> float | None: ...
    @property
    def finding(self) -> Finding: ...
    def rows(self) -> Iterator[Row]: ...


def write_report(audit: Audited, path: Path, language: str) -> Path:
    """Write it to `path`, whole or not at all, row by row, so that tens of thousands need no memory; raises OSError."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            for part in _parts(audit, language):
                file.write(part)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def _parts(audit: Audited, language: str) -> Iterator[str]:
    words = {key.removeprefix(PREFIX): LANGUAGES[language][key] for key in PAGE_WORDS}
    script = (HERE / "report.js").read_text("utf-8")
    sealed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    title = html.escape(say(Finding("audit.title", folder=audit.folder.name), language))
    page = (HERE / "report.html").read_text("utf-8")
    filled = {
        "LANGUAGE": language,
        "TITLE": title,
        "POLICY": f"{NOTHING_ELSE}; script-src 'sha256-{sealed}'",
        "STYLE": (HERE / "report.css").read_text("utf-8"),
        "FOUND": bound(say(audit.finding, language)),
        "FACTS": bound(_facts(audit, language)),
        **{key.upper(): html.escape(str(text)) for key, text in words.items()},
    }
    head, _, tail = page.partition("{{DATA}}")
    yield _filled(head, filled)
    yield _block("words", words)
    yield _block("clusters", [_cluster(one, audit.table, language) for one in audit.clusters])
    yield _block("confusions", [_confusion(audit, place, language) for place in range(len(audit.confusions))])
    yield _block("colours", base64_text(color_table("viridis").tobytes()))
    yield from _rows(audit)
    yield _filled(tail, filled).replace("{{SCRIPT}}", script)


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", value)
    return text


def _facts(audit: Audited, language: str) -> str:
    request = audit.request
    told = {"model": audit.model_title, "view": request.view, "accuracy": audit.accuracy, "made": moment()}
    return say(Finding("audit.facts", **told), language)


def _block(name: str, value: Any) -> str:
    """JSON that no label can break out of."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return f"<script type='application/json' id='data-{name}'>{text}</script>\n"


def _cluster(cluster: Cluster, table: Table, language: str) -> dict[str, Any]:
    return {
        "label": cluster.label,
        "sentence": say(cluster.finding, language),
        "suspicious": cluster.suspicious,
        "accuracy": cluster.accuracy,
        "map": _levels(cluster.spot),
        "side": len(cluster.spot),
        "members": [table.names[one] for one in cluster.members],
        "typical": len(cluster.typical),
    }


def _confusion(audit: Audited, place: int, language: str) -> dict[str, Any]:
    confusion = audit.confusions[place]
    pictures = [jpeg_url(one.at_most(CONTRAST * CONTRAST).overlay(), CONTRAST) for one in confusion.contrasts]
    names = [audit.table.names[one] for one in confusion.members[: len(pictures)]]
    return {
        "sentence": say(confusion.finding, language),
        "truth": confusion.truth,
        "taken_for": confusion.taken_for,
        "pictures": [{"name": name, "url": url} for name, url in zip(names, pictures, strict=True)],
    }


def _rows(audit: Audited) -> Iterator[str]:
    """What each row says, and behind each number of rows their pictures."""
    at = {name: number for number, name in enumerate(audit.table.names)}
    clusters = np.full(len(at), -1)
    # a photograph of several clusters is shown in the most suspicious one
    for number, cluster in reversed([*enumerate(audit.clusters)]):
        clusters[cluster.members] = number
    points = np.zeros((len(at), 2), np.float32)
    for index in np.unique(audit.table.index):
        own = np.flatnonzero(audit.table.index == index)
        points[own] = points_of(audit.table.soft[own])
    said: list[list[Any]] = []
    shown: list[Any] = []
    for row in audit.rows():
        place = at.get(row.name)
        beside = [-1, 0, 0] if place is None else [int(clusters[place]), *(round(float(x), 4) for x in points[place])]
        said.append([*_said(row), *beside])
        shown.append(_picture(row))
        if len(shown) == BLOCK:
            yield _block(f"pictures-{(len(said) - 1) // BLOCK}", shown)
            shown = []
    if shown:
        yield _block(f"pictures-{(len(said) - 1) // BLOCK}", shown)
    yield _block("rows", said)


def _said(row: Row) -> list[Any]:
    numbers = (row.probability, row.effect, row.margin, row.concentration, row.border_share, row.inside_share)
    rounded = [None if one is None else round(one, 4) for one in numbers]
    return [row.name, row.reason, row.label, row.truth_label, row.right, *rounded]


def _picture(row: Row) -> Sequence[Any] | None:
    if row.thumbnail is None:
        return None
    if row.map is None:
        return [base64_text(row.thumbnail)]
    cells = [round(float(edge or 0), 4) for edge in (row.left, row.top, row.right_edge, row.bottom)]
    return [base64_text(row.thumbnail), _levels(row.cam), row.map_height, row.map_width, cells]


def _levels(cam: Any) -> str:
    """The positive part of a map in 256 levels of its strongest place."""
    positive = np.maximum(np.asarray(cam, np.float64), 0)
    return base64_text(np.round(positive / max(positive.max(), 1e-30) * 255).astype(np.uint8).tobytes())
