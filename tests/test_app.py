"""The command line of the app, as a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import app
from gradcam_core import ui
from gradcam_core.reading.photograph import MAX_UPLOAD_BYTES
from gradcam_core.serving.room import MAX_WEIGHTS

from . import forks


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return forks.run("app.py", *arguments, environment={**os.environ, **variables})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_help_explains_every_option() -> None:
    # as it is typed: nothing is imported before
    command = [sys.executable, "app.py", "--help"]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=forks.ROOT, timeout=120, check=False)
    assert answer.returncode == 0
    for option in ("--host", "--port", "--device", "--cache-mb", "--share", "--mcp", "--no-own-models"):
        assert option in answer.stdout


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_missing_device_is_one_clear_line() -> None:
    answer = run("--device", "cuda", "--port", str(free_port()))
    assert answer.returncode == 1
    assert answer.stderr.strip() == "app.py: `device` 'cuda' is not available on this machine; use 'auto' or 'cpu'."


WRONG = {
    "--cache-mb": ("-1", "nan", "inf", "-inf", "much", "", "1e999"),
    "--port": ("0", "-1", "99999", "65536", "http", "7860.5", "", "1e3"),
    "--host": ("", "nowhere.invalid", "999.1.1.1", "http://localhost", "a b", "x" * 300, "\x1b[31m", "203.0.113.7"),
    "--allow-host": ("", "*", "*.", "http://a.example", "a.example:80", "a.example/b", "a b", "\n"),
    "--device": ("", "tpu", "cuda:x", "\x1b[31m"),
}


@pytest.mark.parametrize(("option", "value"), [(option, value) for option in WRONG for value in WRONG[option]])
def test_every_wrong_value_is_one_clear_line(
    option: str,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setattr(app.signal, "signal", lambda *_: None)
    monkeypatch.setattr(app, "share_one_arena", lambda: None)
    # what is not refused is not served either
    monkeypatch.setattr(ui, "build", lambda *_, **__: None)
    monkeypatch.setattr(ui, "serve", lambda *_, **__: None)
    port = ["--port", str(free_port())] if option != "--port" else []
    monkeypatch.setattr(sys, "argv", ["app.py", *port, f"{option}={value}"])
    with pytest.raises(SystemExit) as ended:
        app.main()
    said = capsys.readouterr().err.strip().splitlines()[-1] if ended.value.code == 2 else str(ended.value.code)
    assert ended.value.code == 2 or said.startswith("app.py: ")
    assert option in said or option.strip("-").replace("-", "_") in said
    assert said.isprintable()
    assert repr(value)[1:-1] in said


def test_a_port_that_is_taken_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = run("--port", str(port))
    assert answer.returncode == 1
    (line,) = answer.stderr.strip().splitlines()
    assert f"`port` {port}" in line
    assert "--port" in line


def test_a_folder_that_cannot_be_used_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    answer = run("--port", str(free_port()), GRADIO_TEMP_DIR=str(tmp_path / "file"))
    assert answer.returncode == 1
    (line,) = answer.stderr.strip().splitlines()
    assert line.startswith("app.py: ")
    assert "GRADIO_TEMP_DIR" in line


@pytest.mark.parametrize(
    ("arguments", "in_a_space", "own_models"),
    [([], False, True), (["--no-own-models"], False, False), ([], True, False), (["--own-models"], True, True)],
)
def test_own_models_are_switched_with_their_uploads(
    arguments: list[str],
    in_a_space: bool,
    own_models: bool,
    explainer: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Without them nothing larger than a photograph is taken."""
    built: list[Any] = []
    served: list[dict[str, Any]] = []
    monkeypatch.setattr(sys, "argv", ["app.py", "--port", str(free_port()), *arguments])
    if in_a_space:
        monkeypatch.setenv("SPACE_ID", "somebody/space")
    else:
        monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.setattr(app, "share_one_arena", lambda: None)
    monkeypatch.setattr(app, "Explainer", lambda **_: explainer)
    monkeypatch.setattr(ui, "build", lambda _, *, own_models, demo, served_by: built.append(own_models))
    monkeypatch.setattr(ui, "serve", lambda _, **options: served.append(options))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setattr(app.signal, "signal", lambda *_: None)
    app.main()
    assert built == [own_models]
    assert [options["max_file"] for options in served] == [MAX_WEIGHTS if own_models else MAX_UPLOAD_BYTES]
    assert [options["server_name"] for options in served] == ["0.0.0.0" if in_a_space else "127.0.0.1"]  # noqa: S104
    # what was handed in went with the server
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
