"""The command line of the app, as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

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
