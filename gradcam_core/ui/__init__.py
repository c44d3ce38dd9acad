"""The Gradio layer: one module a tab, the page's own components, the web API. Public names: `build`, `serve`."""

from __future__ import annotations

import os

# before gradio is imported: it reads this once, and nothing here is to be reported anywhere
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

from .page import build, serve

__all__ = ["build", "serve"]
