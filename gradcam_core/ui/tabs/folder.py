"""The folder tab: many photographs at once, and where a class is decided by a place that it should not be.

Public name: `folder_tab`.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import gradio as gr

from ...errors import CamError, StoppedError
from ...folders import Row
from ...folders.pictures import thumbnail_url
from ...languages import percent, say
from ...reading.uploads import Upload
from ...serving.auditing import Stand, photograph_of
from ...serving.failures import plain_words
from ...serving.folder import written
from ...serving.lanes import COSTLY
from ..handlers import model_choices
from ..messages import note, problem_box, sentence
from ..model_menu import how_to_search
from ..named_files import in_answer
from ..parts import AT_ONCE, Page, say_where_refused, update_in_browser
from ..web.audit import report_frame, report_value
from ..wording import word

__all__ = ["folder_tab"]

SLOT = "folder"
ENDINGS = ["image", ".zip", ".csv"]
# after a switch of the language the menu that is followed is set to what it showed, and this one was set by itself
FOLLOWED = """(name) => {
  const [followed, here] = window.camKept.models ?? [];
  if (name !== followed) delete window.camKept.models;
  return name === followed && here ? here : name;
}"""
# the first report, where it is one from before a switch of the language
KEPT = """(shown) => {
  const before = window.camKept.set?.["folder-found"];
  delete window.camKept.set?.["folder-found"];
  return shown && shown.report.path === before?.report.path ? SAID : { __type__: "update" };
}"""


def folder_tab(page: Page) -> None:
    """Lay out the tab and connect it."""
    with gr.Row(elem_classes="workplace"):
        with gr.Column(scale=1, min_width=300, elem_classes="given"):
            files = gr.File(
                label=word("audit.tab_files"),
                file_count="multiple",
                file_types=ENDINGS,
                height=180,
                elem_id="folder-files",
            )
            model = _models(page)
            with gr.Row():
                go = gr.Button(word("audit.tab_go"), variant="primary", elem_id="folder-go")
                stop = gr.Button(word("audit.tab_stop"), min_width=80, interactive=False, elem_id="folder-stop")
        with gr.Column(scale=4, min_width=320, elem_classes="found"):
            said = gr.HTML(note(word("audit.tab_first")), elem_id="folder-said", min_height=60)
            last = gr.HTML(elem_id="folder-last")
            packed = gr.File(
                label=word("audit.tab_report"),
                file_count="multiple",
                interactive=False,
                visible=False,
                elem_id="folder-report",
            )
            report = report_frame("folder-found")
            page.kept.extend([files, model, packed, report])
    said_of_kept = update_in_browser(value=note(word("audit.tab_kept")))
    report.change(None, report, said, js=KEPT.replace("SAID", said_of_kept), **AT_ONCE)
    looking = _AuditEvents(page, files.GRADIO_CACHE, stop, said, last, packed, report)
    looked = go.click(
        looking.look,
        [files, model],
        [stop, said, last, packed, report],
        preprocess=False,
        concurrency_id=COSTLY,
        show_progress="minimal",
        show_progress_on=said,
        api_visibility="private",
    )
    # refused, or broken off while photographs are looked at
    say_where_refused(looked, said)
    looked.failure(None, None, stop, js=f"() => ({update_in_browser(interactive=False)})", **AT_ONCE)
    stop.click(looking.stop_it, None, None, **AT_ONCE)
    report.select(
        looking.open_it,
        [files, model],
        [page.offered["tabs"], page.offered["photograph"], page.offered["model"], said],
        preprocess=False,
        show_progress="hidden",
        api_visibility="private",
    )


def _models(page: Page) -> gr.Dropdown:
    """The menu of models, which follows that of the photograph's tab: somebody's own is chosen there."""
    explainer, chosen = page.services.explainer, page.offered["model"]
    choices = model_choices(explainer.models_first())
    menu = gr.Dropdown(
        choices,
        # the one that the page opens with, where it classifies
        value=choices[0][1],
        label=word("audit.tab_model"),
        info=how_to_search(explainer),
        allow_custom_value=True,
        elem_id="folder-model",
    )
    chosen.change(None, chosen, menu, js=FOLLOWED, api_visibility="private")
    return menu


@dataclass(frozen=True, eq=False)
class _AuditEvents:
    """What happens on the server; uploads lie in the `folder`, and the others are parts of the tab."""

    page: Page
    folder: str
    stop: gr.Button
    said: gr.HTML
    last: gr.HTML
    packed: gr.File
    report: gr.HTML

    def look(self, given: Any, model: str, request: gr.Request) -> Iterator[dict[Any, Any]]:
        """Look at all that was handed in, and tell of it meanwhile."""
        if not given:
            yield {self.said: problem_box(word("audit.tab_nothing"), kept=False)}
            return
        services = self.page.services
        with services.running.task(request.session_hash, slot=SLOT) as task:
            yield {
                self.stop: gr.update(interactive=True),
                self.last: "",
                self.packed: gr.update(value=None, visible=False),
                self.report: None,
            }
            stand = None
            try:
                for stand in services.audited(self._uploads(given), self.folder, task.watch, model=model):
                    yield self._told(stand)
            except StoppedError:
                yield {self.said: sentence(_stopped(stand))}
            except Exception as error:
                yield {self.said: problem_box(plain_words(error), kept=False)}
        yield {self.stop: gr.update(interactive=False)}

    def stop_it(self, request: gr.Request) -> None:
        """End it."""
        self.page.services.running.stop(request.session_hash, slot=SLOT)

    def open_it(self, given: Any, model: str, event: gr.EventData) -> dict[Any, Any]:
        """Show one of the photographs in the photograph's tab."""
        offered, name = self.page.offered, str((event._data or {}).get("open"))
        try:
            content = photograph_of(self._uploads(given or []), name)
        except CamError as error:
            return {self.said: problem_box(str(error), kept=False)}
        return {
            offered["tabs"]: gr.update(selected="tab.photograph"),
            offered["photograph"]: in_answer(content, PurePosixPath(name).name, self.folder),
            offered["model"]: model,
        }

    def _uploads(self, given: list[dict[str, Any]]) -> list[Upload]:
        return [Upload(one["path"], self.folder) for one in given]

    def _told(self, stand: Stand) -> dict[Any, Any]:
        found = say(stand.finding)
        if stand.found is None:
            share = f"<progress max='{stand.count}' value='{stand.done}'></progress>"
            told = f"<p class='sentence'>{html.escape(found)}</p>{share}"
            # said each time: a page that is busy may skip all but the last of what it is sent
            return {self.stop: gr.update(interactive=True), self.said: told, self.last: _strip(stand.rows)}
        report = in_answer(stand.report, "audit.html", self.folder)
        paths = [report["path"], written(stand.table, "rows.parquet", self.folder)]
        return {
            self.said: sentence(found),
            self.last: "",
            self.packed: gr.update(value=paths, visible=True),
            self.report: report_value(report),
        }


def _stopped(stand: Stand | None) -> str:
    """How far it was, where it has begun."""
    at = {"done": stand.done, "count": stand.count} if stand else {}
    return f"{word('audit.tab_stopped_at' if at else 'audit.tab_stopped', **at)} {word('audit.tab_anew')}"


def _strip(rows: tuple[Row, ...]) -> str:
    """The last rows, the newest first."""
    figures = []
    for row in reversed(rows):
        picture, name = thumbnail_url(row), html.escape(row.name)
        shown = f"<img src='{picture}' alt=''>" if picture else ""
        # a number keeps its sign beside it in a narrow column
        sure = "" if row.probability is None else percent(row.probability).replace(" ", "\u00a0")
        answer = f"{row.label} {sure}" if sure else row.reason or ""
        figures.append(f"<figure title='{name}'>{shown}<figcaption>{html.escape(answer)}</figcaption></figure>")
    return f"<h3>{html.escape(word('audit.tab_last'))}</h3><div class='strip'>{''.join(figures)}</div>" * bool(rows)
