"""Look at a folder of photographs from the command line. Public name: `main`.

python -m gradcam_core.report FOLDER --model resnet50 --out audit.html --rows rows.parquet
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from ..engine.devices import share_cores
from ..engine.watch import Watch
from ..errors import CamError
from ..explainer import Explainer
from ..folders import LEFT_OUT, Audit, steps
from ..folders.audit import Making
from ..folders.looking import minutes_left
from ..languages import ENGLISH, LANGUAGES, Finding, say
from ..request import AUTO, Request
from ..serving.cluster.connecting import HERE
from ..serving.cluster.rows import far_rows

__all__ = ["main"]

SECONDS_BETWEEN_LINES = 2.0
# what is asked of every photograph
OPTIONS = {name: option for name, option in Request.options().items() if name not in LEFT_OUT}


class Told:
    """Writes how far it is, and about how long it takes still, counted from what was done in this run alone."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._begun: tuple[int, float] | None = None
        self._last = 0.0

    def __call__(self, done: int, count: int) -> None:
        now = time.monotonic()
        first, begun = self._begun = self._begun or (done, now)
        if done < count and now - self._last < SECONDS_BETWEEN_LINES:
            return
        self._last = now
        minutes = minutes_left(done, count, begun, first)
        self.say(Finding("audit.progress", done=done, count=count, minutes=minutes if done < count else None))

    def say(self, finding: Finding) -> None:
        """Write it."""
        print(say(finding, self._language), file=sys.stderr, flush=True)


def command_line() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m gradcam_core.report",
        description="Explain every photograph of a folder, and find where a class is decided by a place that it should"
        " not be. Sub-folders that are called like a class, or labels.csv, say which class is true. Stopped or killed,"
        " it goes on where it was when it is started again with the same --rows.",
    )
    parser.add_argument("folder", type=Path, help="the photographs")
    for name, option in OPTIONS.items():
        switch: dict[str, Any] = {"action": argparse.BooleanOptionalAction} if option.kind == "switch" else {}
        parser.add_argument(f"--{name}", default=option.default, help=option.description.replace("%", "%%"), **switch)
    parser.add_argument("--architecture", help="that of torchvision or timm, where --model is a file of weights")
    parser.add_argument("--labels", type=Path, help="its classes, one a line, where --model is a file of weights")
    parser.add_argument("--out", type=Path, default=Path("audit.html"), help="the report, one HTML file")
    parser.add_argument("--rows", type=Path, help="what is known of each photograph, as a Parquet file")
    parser.add_argument("--outlines", type=Path, help="where the objects lie: COCO's JSON, or a folder of PNG masks")
    parser.add_argument("--device", default=AUTO)
    parser.add_argument("--engine", default=AUTO, help="auto, or torch for PyTorch alone")
    parser.add_argument(
        "--ray",
        nargs="?",
        const=HERE,
        metavar="ADDRESS",
        help="let the workers of a Ray cluster make the rows, which lie beside --out where --rows is not given; alone:"
        " on this machine. Folder and rows have to lie where all of its machines see them",
    )
    parser.add_argument("--lang", default=ENGLISH, choices=LANGUAGES, help="language of the report")
    return parser


def opened(options: argparse.Namespace) -> Explainer:
    """What explains, with the model at hand; raises DeviceError, ModelError."""
    explainer = Explainer(device=options.device, engine=options.engine)
    name = _name(options)
    if options.architecture:
        explainer.add_checkpoint(options.model, options.architecture, labels=options.labels, name=name)
    # all of it then runs on one engine
    explainer.warm_up(None if name == AUTO else name)
    return explainer


def _make_absolute(options: argparse.Namespace) -> None:
    if options.architecture:
        options.model = str(Path(options.model).absolute())
    options.labels = options.labels and options.labels.absolute()


def _name(options: argparse.Namespace) -> str:
    return Path(options.model).stem if options.architecture else options.model


def _looked_at(options: argparse.Namespace, making: Making | None) -> Audit:
    """The audit, and before that how far it is; raises as `audit` does."""
    told = Told(options.lang)
    made = steps(
        opened(options),
        options.folder,
        rows=options.rows,
        outlines=options.outlines,
        watch=Watch(told),
        making=making,
        **{name: getattr(options, name) for name in OPTIONS} | {"model": _name(options)},
    )
    # the audit comes last
    while not isinstance(one := next(made), Audit):
        if isinstance(one, Finding):
            told.say(one)
    return one


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, look at the folder, and write the report."""
    options = command_line().parse_args(arguments)
    # several photographs are computed beside each other
    share_cores(os.cpu_count() or 1)
    try:
        with ExitStack() as after:
            making = None
            if options.ray is not None:
                # workers stand in a folder of their own
                _make_absolute(options)
                cards = options.device == "cuda"
                making = after.enter_context(far_rows(options.ray, partial(opened, options), cards=cards))
                options.rows = options.rows or options.out.with_suffix(".parquet")
            found = _looked_at(options, making)
        print(found.said(options.lang))
        for cluster in found.alarms[1:]:
            print(cluster.said(options.lang))
        print(found.report(options.out, language=options.lang))
    except CamError as error:
        sys.exit(f"{command_line().prog}: {error.said(options.lang)}")
    except KeyboardInterrupt:
        kept = Finding("audit.stopped_kept") if options.rows else Finding("audit.stopped_lost")
        print(f"\n{say(kept, options.lang)}", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
    # on the ordinary way out, threads of other libraries that still compute would abort the process
    sys.stdout.flush()
    os._exit(0)
