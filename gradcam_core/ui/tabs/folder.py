"""The folder tab: many photographs at once, and where a class is decided by a place that it should not be.

Public name: `folder_tab`.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import gradio as gr

from ...canvases.urls import jpeg_url
from ...folders import Audit, Cluster, Row
from ...folders.pictures import mean_picture, thumbnail_url
from ...languages import say
from ...models import Access
from ...reading.uploads import Upload
from ...serving.auditing import Stand, audited
from ...serving.failures import plain_words
from ...serving.lanes import COSTLY
from ..handlers import model_choices
from ..messages import note, problem_box, sentence
from ..named_files import in_answer
from ..parts import AT_ONCE, Page
from ..wording import word

__all__ = ["folder_tab"]

SLOT = "folder"
ENDINGS = ["image", ".zip", ".csv"]
# groups that are shown beside the report, which has all
CARDS = 6
LAST, CLUSTERS, MEAN_SAID = "audit.tab_last", "audit.tab_clusters", "audit.tab_mean"
# pixels of the side of an average map
MEAN = 96


def folder_tab(page: Page) -> None:
    """Lay out the tab and connect it."""
    explainer, running = page.services.explainer, page.services.running
    with gr.Row(elem_classes="workplace"):
        with gr.Column(scale=1, min_width=300, elem_classes="given"):
            files = gr.File(label=word("audit.tab_files"), file_count="multiple", file_types=ENDINGS, height=180)
            model = gr.Dropdown(
                model_choices(explainer.models_first()),
                value=explainer.default_model,
                label=word("audit.tab_model"),
                allow_custom_value=explainer.offer.access is not Access.NOTHING,
                elem_id="folder-model",
            )
            with gr.Row():
                go = gr.Button(word("audit.tab_go"), variant="primary", elem_id="folder-go")
                stop = gr.Button(word("audit.tab_stop"), min_width=80, elem_id="folder-stop")
        with gr.Column(scale=4, min_width=320, elem_classes="found"):
            told = gr.HTML(note(word("audit.tab_first")), elem_id="folder-said", min_height=60)
            clusters = gr.HTML(elem_id="folder-clusters")
            rows = gr.HTML(elem_id="folder-rows")
            report = gr.File(
                label=word("audit.tab_report"),
                file_count="multiple",
                interactive=False,
                visible=False,
                elem_id="folder-report",
            )

    def look_at_folder(paths: list[str] | None, name: str, request: gr.Request) -> Iterator[dict[Any, Any]]:
        if not paths:
            yield {told: problem_box(word("audit.tab_nothing"), kept=False)}
            return
        running.overtake(request.session_hash, slot=SLOT)
        uploads = [Upload(path, files.GRADIO_CACHE) for path in paths]
        with running.task(request.session_hash, slot=SLOT) as task:
            try:
                yield {clusters: "", rows: "", report: gr.update(visible=False)}
                for stand in audited(explainer, uploads, name, files.GRADIO_CACHE, task.watch):
                    yield {told: sentence(say(stand.finding)), rows: _strip(stand.rows)} | answered(stand)
            except Exception as error:
                if not task.overtaken:
                    yield {told: problem_box(plain_words(error), kept=False)}

    def answered(stand: Stand) -> dict[Any, Any]:
        if stand.audit is None:
            return {}
        packed = (("audit.html", stand.report), ("rows.parquet", stand.table))
        written = [in_answer(content, name, files.GRADIO_CACHE)["path"] for name, content in packed]
        return {clusters: _cards(stand.audit), report: gr.update(value=written, visible=True)}

    def stop_it(request: gr.Request) -> None:
        running.stop(request.session_hash, slot=SLOT)

    go.click(
        look_at_folder,
        [files, model],
        [told, clusters, rows, report],
        concurrency_id=COSTLY,
        show_progress="hidden",
        api_visibility="private",
    )
    stop.click(stop_it, None, None, **AT_ONCE)


def _strip(rows: tuple[Row, ...]) -> str:
    """The last rows, the newest first."""
    if not rows:
        return ""
    figures = []
    for row in reversed(rows):
        picture, name = thumbnail_url(row), html.escape(row.name)
        shown = f"<img src='{picture}' alt='{name}'>" if picture else ""
        what = f"{row.label} {row.probability:.0%}" if row.label is not None else row.reason or ""
        figures.append(f"<figure>{shown}<figcaption title='{name}'>{html.escape(what)}</figcaption></figure>")
    return f"<h3>{html.escape(word(LAST))}</h3><div class='strip'>{''.join(figures)}</div>"


def _cards(audit: Audit) -> str:
    """The most suspicious groups, each with its average map and its most typical photographs."""
    if not audit.clusters:
        return ""
    wanted = {audit.table.names[one] for cluster in audit.clusters[:CARDS] for one in cluster.typical}
    pictures = {row.name: thumbnail_url(row) for row in audit.rows() if row.name in wanted}
    cards = "".join(
        _card(one, [audit.table.names[at] for at in one.typical], pictures) for one in audit.clusters[:CARDS]
    )
    return f"<h3>{html.escape(word(CLUSTERS))}</h3><div class='cards'>{cards}</div>"


def _card(cluster: Cluster, names: list[str], pictures: dict[str, str | None]) -> str:
    style = "card alarm" if cluster.suspicious else "card"
    mean = f"<img src='{jpeg_url(mean_picture(cluster.mean, MEAN), MEAN)}' alt='{html.escape(word(MEAN_SAID))}'>"
    shown = "".join(f"<img src='{pictures[name]}' alt='{html.escape(name)}'>" for name in names if pictures.get(name))
    return (
        f"<div class='{style}'><p>{html.escape(say(cluster.finding))}</p><div class='strip'>{mean}{shown}</div></div>"
    )
