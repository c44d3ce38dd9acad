"""What is offered to others, with a page or without: who computes what for whom, in words. Knows no web library."""

from __future__ import annotations

__all__: list[str] = []
