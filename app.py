"""Grad-CAM Explorer: `python app.py` opens the page. `python app.py --help` lists the options."""

from __future__ import annotations

try:
    # before torch, which it prepares for cards that are lent; only there in a Space
    import spaces
except ImportError:
    spaces = None

import argparse
import os
import signal
import sys
from contextlib import closing
from importlib.util import find_spec
from typing import NoReturn

from gradcam_core import CamError, Explainer
from gradcam_core.engine.devices import DEVICES, share_cores
from gradcam_core.engine.engines import ENGINES
from gradcam_core.engine.memory import share_one_arena
from gradcam_core.explainer import DEFAULT_CACHE_MB
from gradcam_core.serving import options as values
from gradcam_core.serving.folder import ServerFolder
from gradcam_core.serving.hosts import Hosts
from gradcam_core.serving.lanes import CHEAP, usual_lanes
from gradcam_core.serving.room import MAX_PHOTOGRAPH, MAX_WEIGHTS


def arguments() -> argparse.ArgumentParser:
    in_space = "SPACE_ID" in os.environ
    parser = argparse.ArgumentParser(
        prog="app.py",
        description="Serve the Grad-CAM Explorer: upload an image, see the evidence for what a network says.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--host",
        default="0.0.0.0" if in_space else "127.0.0.1",  # noqa: S104 - a Space is reached from outside
        help="address to listen on; 0.0.0.0 for every network interface",
    )
    parser.add_argument("--port", type=values.port, default=7860, help="port to listen on")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name under which the page may be asked for, such as explain.example.org; may be given again",
    )
    parser.add_argument(
        "--behind-proxy",
        action="store_true",
        help="believe the addresses of visitors that the proxy in front writes down (X-Forwarded-For); without a proxy"
        " anybody could write there what he likes",
    )
    parser.add_argument("--device", default="auto", help=f"where to compute: {', '.join(DEVICES)}, or cuda:N")
    parser.add_argument("--engine", choices=ENGINES, default="auto", help="auto: OpenVINO where it answers the same")
    parser.add_argument(
        "--cache-mb", type=values.size, default=DEFAULT_CACHE_MB, help="memory for photographs and captures"
    )
    parser.add_argument("--share", action="store_true", help="also open a public link through Gradio's tunnel")
    parser.add_argument("--mcp", action="store_true", help="also serve the API as tools for language models (MCP)")
    parser.add_argument(
        "--own-models",
        action=argparse.BooleanOptionalAction,
        default=not in_space,
        help="let visitors upload weights of their own (switched off in a Space, where anybody may come)",
    )
    return parser


def main() -> None:
    parser = arguments()
    options = parser.parse_args()
    if options.mcp and find_spec("mcp") is None:
        parser.error("argument --mcp: the package 'mcp' is missing; run: pip install 'gradio[mcp]'")
    # as Ctrl-C: what visitors have handed in is deleted
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        serve(options)
    except CamError as error:
        sys.exit(f"app.py: {error}")
    except KeyboardInterrupt:
        return


def serve(options: argparse.Namespace) -> None:
    """Serve the page until it is interrupted. Raises CamError."""
    hosts = Hosts.of(options.host, allow=tuple(options.allow_host), behind_proxy=options.behind_proxy)
    values.free(options.host, options.port)
    with closing(ServerFolder()) as folder:
        os.environ["GRADIO_TEMP_DIR"] = str(folder.path)
        share_one_arena()
        share_cores(usual_lanes()[CHEAP].run)
        explainer = Explainer(
            device=options.device,
            cache_mb=options.cache_mb,
            borrow=getattr(spaces, "GPU", None),
            engine=options.engine,
        )
        # takes less than the imports above, and nobody's first click has to wait for it; converting goes on beside
        explainer.warm_up(seconds=0)
        # gradio notes down where its files go when it is imported
        from gradcam_core import ui  # noqa: PLC0415

        ui.serve(
            ui.build(explainer, own_models=options.own_models),
            hosts=hosts,
            folder=folder,
            max_file=MAX_WEIGHTS if options.own_models else MAX_PHOTOGRAPH,
            server_name=f"[{options.host}]" if ":" in options.host.strip("[]") else options.host,
            server_port=options.port,
            share=options.share,
            mcp_server=options.mcp,
        )


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
    # on the ordinary way out, threads of other libraries that still compute would abort the process
    sys.stdout.flush()
    os._exit(0)
