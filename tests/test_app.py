"""The command line of the app, as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import app
from gradcam_core.ui.panels.own_model import MAX_UPLOAD

ROOT = Path(__file__).parent.parent


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "app.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)


def test_help_explains_every_option() -> None:
    answer = run("--help")
    assert answer.returncode == 0
    for option in ("--host", "--port", "--device", "--cache-mb", "--share", "--mcp", "--no-own-models"):
        assert option in answer.stdout


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_missing_device_is_one_clear_line() -> None:
    answer = run("--device", "cuda")
    assert answer.returncode == 1
    assert answer.stderr.strip() == "app.py: `device` 'cuda' is not available on this machine; use 'auto' or 'cpu'."


def test_a_negative_cache_is_refused() -> None:
    answer = run("--cache-mb", "-1")
    assert answer.returncode == 2
    assert "must not be negative" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "in_a_space", "own_models"),
    [([], False, True), (["--no-own-models"], False, False), ([], True, False), (["--own-models"], True, True)],
)
def test_own_models_are_switched_with_their_uploads(
    arguments: list[str], in_a_space: bool, own_models: bool, explainer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without them nothing larger than a photograph is taken."""
    built: list[Any] = []
    served: list[dict[str, Any]] = []
    monkeypatch.setattr(sys, "argv", ["app.py", *arguments])
    if in_a_space:
        monkeypatch.setenv("SPACE_ID", "somebody/space")
    else:
        monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.setattr(app, "share_one_arena", lambda: None)
    monkeypatch.setattr(app, "Explainer", lambda **_: explainer)
    monkeypatch.setattr(app, "build", lambda _, *, own_models: built.append(own_models))
    monkeypatch.setattr(app, "serve", lambda _, **options: served.append(options))
    app.main()
    assert built == [own_models]
    assert [options.get("max_file_size") for options in served] == [MAX_UPLOAD if own_models else None]
