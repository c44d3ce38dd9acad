"""Grad-CAM Explorer: `python app.py` opens the page. `python app.py --help` lists the options."""

from __future__ import annotations

try:
    # before torch, which it prepares for cards that are lent; only there in a Space
    import spaces
except ImportError:
    spaces = None

import argparse
import os
import sys
from importlib.util import find_spec

from gradcam_core import CamError, Explainer
from gradcam_core.engine.devices import DEVICES, share_cores
from gradcam_core.engine.memory import share_one_arena
from gradcam_core.explainer import DEFAULT_CACHE_MB
from gradcam_core.ui import build, serve
from gradcam_core.ui.panels.own_model import MAX_UPLOAD
from gradcam_core.ui.tabs.answering import CONCURRENT


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="app.py",
        description="Serve the Grad-CAM Explorer: upload an image, see the evidence for what a network says.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for every network interface")
    parser.add_argument("--port", type=int, default=7860, help="port to listen on")
    parser.add_argument("--device", default="auto", help=f"where to compute: {', '.join(DEVICES)}, or cuda:N")
    parser.add_argument("--cache-mb", type=float, default=DEFAULT_CACHE_MB, help="memory for photographs and captures")
    parser.add_argument("--share", action="store_true", help="also open a public link through Gradio's tunnel")
    parser.add_argument("--mcp", action="store_true", help="also serve the API as tools for language models (MCP)")
    parser.add_argument(
        "--own-models",
        action=argparse.BooleanOptionalAction,
        default="SPACE_ID" not in os.environ,
        help="let visitors upload weights of their own (switched off in a Space, where anybody may come)",
    )
    return parser


def main() -> None:
    parser = arguments()
    options = parser.parse_args()
    if options.cache_mb < 0:
        parser.error(f"argument --cache-mb: must not be negative, got {options.cache_mb}")
    if options.mcp and find_spec("mcp") is None:
        parser.error("argument --mcp: the package 'mcp' is missing; run: pip install 'gradio[mcp]'")
    share_one_arena()
    share_cores(CONCURRENT)
    try:
        explainer = Explainer(device=options.device, cache_mb=options.cache_mb, borrow=getattr(spaces, "GPU", None))
        # takes less than the imports above, and nobody's first click has to wait for it
        explainer.warm_up()
        page = build(explainer, own_models=options.own_models)
    except CamError as error:
        sys.exit(f"app.py: {error}")
    serve(
        page,
        server_name=options.host,
        server_port=options.port,
        share=options.share,
        mcp_server=options.mcp,
        **({"max_file_size": MAX_UPLOAD} if options.own_models else {}),
    )


if __name__ == "__main__":
    main()
