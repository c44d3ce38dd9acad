"""What tabs and panels are made of, and what they share.

Public names: `AT_ONCE`, `Page`, `Panel`, `Tab`, `say_where_refused`, `told`, `update_in_browser`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from pathlib import Path
from typing import Any, Literal, TypeAlias

import gradio as gr

from ..languages import Finding, say
from ..serving.services import Services
from .messages import problem_box
from .wording import word

__all__ = ["AT_ONCE", "Page", "Panel", "Tab", "say_where_refused", "told", "update_in_browser"]

PanelPlace: TypeAlias = Literal["beside the sentence", "below the pictures", "below the answer"]

# an event that is not queued, or it would wait for what it is to end
AT_ONCE: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


@dataclass(frozen=True, eq=False)
class Page:
    """What every tab is laid out with; `has` is what this page offers to panels on each of its tabs.

    `examples` are the host's own photographs; nothing for the usual ones. What a tab puts into `offered` those behind
    it can use. Tabs and panels put those parts into `kept`, each with an `elem_id`, whose values no link holds and that
    are to show the same after a switch of the language.

    `shown_photograph` and `shown_text` hold the question whose answer is shown; `ready` changes when another model can
    be used. They stand outside the tabs: of a state in a tab that nobody has opened gradio says twice that it has
    changed, the second time seconds later.
    """

    blocks: gr.Blocks
    services: Services
    has: Mapping[str, Any] = field(default_factory=dict)
    examples: tuple[Path, ...] = ()
    offered: dict[str, Any] = field(default_factory=dict)
    kept: list[Any] = field(default_factory=list)
    shown_photograph: gr.State = field(default_factory=lambda: gr.State(None))
    shown_text: gr.State = field(default_factory=lambda: gr.State(None))
    ready: gr.State = field(default_factory=lambda: gr.State(0))


@dataclass(frozen=True)
class Tab:
    """One tab; `lay_out` puts its components on the page and connects them; `title` is the key of its words."""

    title: str
    lay_out: Callable[[Page], None]


@dataclass(frozen=True)
class Panel:
    """One area of a tab; it appears in its `place` on each tab that has what `lay_out` needs."""

    place: PanelPlace
    lay_out: Callable[..., None]

    @property
    def needs(self) -> frozenset[str]:
        """The names of `lay_out`'s parameters, but for the page itself."""
        return frozenset(signature(self.lay_out).parameters) - {"page"}


def update_in_browser(**changes: Any) -> str:
    """The script of an update of one component, as `gr.update` makes it on the server."""
    return json.dumps({"__type__": "update", **changes}, ensure_ascii=False)


def say_where_refused(event: Any, problem: gr.HTML) -> None:
    """Say in `problem` that `event` was not answered: the server has refused it, or failed.

    Gradio's own notice says why, and goes away after some seconds.
    """
    box = update_in_browser(value=problem_box(word("page.unanswered"), kept=False), visible=True)
    event.failure(None, None, problem, js=f"() => ({box})", **AT_ONCE)


def told(progress: gr.Progress) -> Callable[..., object]:
    """What tells the page of passes done, of how many, and what else there is to say of them."""

    def tell(done: int, count: int, *said: Finding) -> None:
        why: dict[str, Any] = {"desc": " ".join(map(say, said))} if said else {}
        progress((done, count), unit=word("page.passes"), **why)

    return tell
