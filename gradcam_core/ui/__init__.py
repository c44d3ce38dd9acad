"""The Gradio layer: one module a tab, the page's own components, the web API.

Public names: `Address`, `build`, `launch`, `serve`."""

from __future__ import annotations

import os

# before gradio is imported, which reads these once. Nothing here is to be reported anywhere, and statistics of its own
# events, which nobody looks at, are not to be made of all of them after each: they slow every answer the more the
# longer the app has run
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000000")
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1")

from .launching import Address, launch
from .page import build, serve

__all__ = ["Address", "build", "launch", "serve"]
