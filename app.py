"""Grad-CAM Explorer: `python app.py` opens the page. `python app.py --help` lists the options."""

from __future__ import annotations

import gc

if __name__ == "__main__":
    # a quarter of the start was spent on looking through what is imported for garbage, again and again
    gc.disable()

try:
    # before torch, which it prepares for cards that are borrowed; only there in a Space
    import spaces
except ImportError:
    spaces = None

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread
from typing import Any, NoReturn

from gradcam_core import CamError, Explainer
from gradcam_core.engine.devices import share_cores
from gradcam_core.engine.memory import share_one_arena
from gradcam_core.reading.photograph import MAX_UPLOAD_BYTES
from gradcam_core.serving.demo import Demo, explainer_for, prepared, warm_up
from gradcam_core.serving.demo_config import found_config
from gradcam_core.serving.folder import ServerFolder
from gradcam_core.serving.hosts import Hosts
from gradcam_core.serving.lanes import CHEAP, usual_lanes
from gradcam_core.serving.options import OPTIONS, command_line, default_of, free
from gradcam_core.serving.room import MAX_WEIGHTS
from gradcam_core.serving.services import Services

# a fifth of Python's own
SWITCH_SECONDS = 0.001
# whether somebody has asked this process to end
_interrupted = Event()


def chosen() -> dict[str, Any]:
    """Every option: as the command line says it, else the file of options, else as usual. Raises ServingError."""
    in_space = "SPACE_ID" in os.environ
    parser = command_line(in_space=in_space)
    given = vars(parser.parse_args())
    usual = {name: default_of(option, in_space) for name, option in OPTIONS.items()}
    options = {**usual, **found_config(given.pop("config", None), Path(__file__).parent), **given}
    if options["mcp"] and find_spec("mcp") is None:
        parser.error("argument --mcp: the package 'mcp' is missing; run: pip install 'gradio[mcp]'")
    return options


def main() -> None:
    # what visitors have handed in is deleted either way
    for ends in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ends, _interrupt)
    try:
        serve(chosen())
    except CamError as error:
        sys.exit(f"app.py: {error}")
    except KeyboardInterrupt:
        return


def serve(options: dict[str, Any]) -> None:
    """Serve the page until it is interrupted. Raises CamError."""
    host = options["host"]
    hosts = Hosts.of(host, allow=tuple(options["allow_host"] or ()), behind_proxy=options["behind_proxy"])
    free(host, options["port"])
    with closing(ServerFolder()) as folder:
        os.environ["GRADIO_TEMP_DIR"] = str(folder.path)
        # one thread speaks to everybody: it waits no longer than this for those that compute
        sys.setswitchinterval(SWITCH_SECONDS)
        share_one_arena()
        with computing(options) as (explainer, demo, served_by, warmed_up):
            # gradio notes down where its files go when it is imported
            from gradcam_core import ui  # noqa: PLC0415

            page = ui.build(explainer, own_models=options["own_models"], demo=demo, served_by=served_by)
            # nobody's first click has to wait for it
            warmed_up()
            _keep_what_is_there()
            if _interrupted.is_set():
                # Python drops what is raised while it cleans up behind something else
                raise KeyboardInterrupt
            ui.serve(
                page,
                hosts=hosts,
                folder=folder,
                max_file=MAX_WEIGHTS if options["own_models"] else MAX_UPLOAD_BYTES,
                server_name=f"[{host}]" if ":" in host.strip("[]") else host,
                server_port=options["port"],
                share=options["share"],
                mcp_server=options["mcp"],
            )


@contextmanager
def computing(options: dict[str, Any]) -> Iterator[tuple[Explainer, Demo, Any, Callable[[], None]]]:
    """What computes, how the page differs from the usual one, what makes its services, and what waits for the first
    model to be warm. Raises CamError."""
    if options["ray"] is not None:
        from gradcam_core.serving.cluster.connecting import connected  # noqa: PLC0415
        from gradcam_core.serving.cluster.far import FarServices  # noqa: PLC0415

        with connected(options["ray"], options) as (far, demo):
            yield far, demo, FarServices.of, lambda: None
        return
    share_cores(usual_lanes()[CHEAP].run)
    explainer = explainer_for(options, borrow=getattr(spaces, "GPU", None))
    demo = prepared(options, explainer)
    # beside the import of gradio and the making of the page; converting goes on behind it
    warming = Thread(target=_warm_up, args=(explainer, demo), name="warm up", daemon=True)
    warming.start()
    yield explainer, demo, Services.of, warming.join


def _keep_what_is_there() -> None:
    """Collect garbage from now on, and of what is made from now on.

    All that was imported stays until the end. To look through it took most of a second each time, in which nobody was
    answered.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _warm_up(explainer: Explainer, demo: Demo) -> None:
    # the page that is made says what is wrong
    with suppress(CamError):
        warm_up(explainer, demo)


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    _interrupted.set()
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
    # on the ordinary way out, threads of other libraries that still compute would abort the process
    sys.stdout.flush()
    os._exit(0)
