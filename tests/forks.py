"""A Python program in a process of its own that need not import torch again: a fork of one that has done so.

    process = start("app.py", "--port", "7861", output=log)     # used like a `subprocess.Popen`
    done = run("app.py", "--device", "cuda")                    # used like `subprocess.run`

To import torch and what gradio needs takes longer than all else that a server does until its first page. Arguments,
environment, folder, output and exit status are as on a command line. gradio itself is left to the program: it notes
down where its files go when it is imported, and the app says so before that.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
IMPORTED = ["app", "fastapi", "gradio_client", "httpx", "mcp", "pandas", "timm", "uvicorn"]


class Process:
    """A program that runs, or has ended."""

    def __init__(self, process: BaseProcess) -> None:
        self._process = process
        assert process.pid is not None
        self.pid = process.pid

    def poll(self) -> int | None:
        """Its exit status, negative after a signal; None while it runs."""
        return self._process.exitcode

    def wait(self, seconds: float | None = None) -> int:
        """Its exit status once it has ended. Raises subprocess.TimeoutExpired."""
        self._process.join(seconds)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired(self._process.name, seconds or 0.0)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(
    program: str | Path, *arguments: str, output: Path, errors: Path | None = None, folder: Path = ROOT,
    environment: Mapping[str, str] | None = None,
) -> Process:  # fmt: skip
    """Start the program at a path below the project's folder, or the module of this name.

    What it writes is added to the file `output`, its errors to the file `errors` where there is one.
    """
    given = (str(program), arguments, str(folder), dict(os.environ if environment is None else environment))
    process = _context().Process(target=_become, args=(*given, str(output), str(errors or output)), name=str(program))
    process.start()
    return Process(process)


def run(program: str | Path, *arguments: str, seconds: float = 120, **options: Any) -> subprocess.CompletedProcess[str]:
    """What the program says until it ends by itself. Raises subprocess.TimeoutExpired."""
    with tempfile.TemporaryDirectory() as place:
        output, errors = Path(place) / "output", Path(place) / "errors"
        process = start(program, *arguments, output=output, errors=errors, **options)
        try:
            status = process.wait(seconds)
        finally:
            process.kill()
        return subprocess.CompletedProcess([str(program), *arguments], status, output.read_text(), errors.read_text())


@cache
def _context() -> Any:
    """What forks, where the system can: its first process has imported everything in the project's folder."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    here = Path.cwd()
    os.chdir(ROOT)
    try:
        forkserver.ensure_running()
    finally:
        os.chdir(here)
    return context


def _become(
    program: str, arguments: tuple[str, ...], folder: str, environment: dict[str, str], output: str, errors: str
) -> None:
    """Be that program from here on."""
    os.environ.clear()
    os.environ.update(environment)
    for path, number in ((output, 1), (errors, 2)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(file, number)
        os.close(file)
    faulthandler.enable()
    os.chdir(ROOT)
    path = Path(program).resolve()
    os.chdir(folder)
    sys.argv = [program, *arguments]
    sys.path.insert(0, str(ROOT))
    if path.suffix == ".py":
        runpy.run_path(str(path), run_name="__main__")
    else:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
