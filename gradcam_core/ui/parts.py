"""What tabs and panels are made of, and what they share. Public names: `AT_ONCE`, `Page`, `Panel`, `Tab`, `told`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from pathlib import Path
from typing import Any, Literal, TypeAlias

import gradio as gr

from ..languages import Finding, say
from ..serving.services import Services
from .wording import word

__all__ = ["AT_ONCE", "Page", "Panel", "Tab", "told"]

PanelPlace: TypeAlias = Literal["beside the sentence", "below the pictures", "below the answer"]

# an event that is not queued, or it would wait for what it is to end
AT_ONCE: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


@dataclass(frozen=True, eq=False)
class Page:
    """What every tab is laid out with; `has` is what this page offers to panels on each of its tabs.

    `examples` are the host's own photographs; nothing for the usual ones. What a tab puts into `offered` those behind
    it can use.
    """

    blocks: gr.Blocks
    services: Services
    has: Mapping[str, Any] = field(default_factory=dict)
    examples: tuple[Path, ...] = ()
    offered: dict[str, Any] = field(default_factory=dict)


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


def told(progress: gr.Progress) -> Callable[..., object]:
    """What tells the page of passes done, of how many, and what else there is to say of them."""

    def tell(done: int, count: int, *said: Finding) -> None:
        why: dict[str, Any] = {"desc": " ".join(map(say, said))} if said else {}
        progress((done, count), unit=word("page.passes"), **why)

    return tell
