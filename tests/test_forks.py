"""Programs that tests fork are what they are on a command line, but that torch was imported before."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from . import forks

TELL = """
import sys
before = {*sys.modules}
import os
if __name__ == "__main__":
    print(sys.argv, os.getcwd(), os.environ.get("TOLD"), "HOME" in os.environ, sorted({"torch", "gradio"} & before))
    sys.exit("enough" if sys.argv[1:] else None)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "tell.py"
    path.write_text(TELL)
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot be forked")
def test_a_program_finds_torch_and_not_gradio(program: Path) -> None:
    assert forks.run(program).stdout.rstrip().endswith("['torch']")


def test_a_program_gets_what_a_command_line_gives_it(program: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    environment = {"TOLD": "yes"}
    done = forks.run(program, "a", "--b=c", folder=tmp_path / "there", environment=environment)
    command = [sys.executable, str(program), "a", "--b=c"]
    alone = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path / "there", env=environment, check=False
    )
    assert (done.returncode, done.stderr) == (alone.returncode, alone.stderr) == (1, "enough\n")
    assert done.stdout.rpartition(" [")[0] == alone.stdout.rpartition(" [")[0]


def test_its_end_is_told_and_waited_for_no_longer_than_asked(tmp_path: Path) -> None:
    (tmp_path / "wait.py").write_text("import time\nprint('here', flush=True)\ntime.sleep(1000)\n")
    process = forks.start(tmp_path / "wait.py", output=tmp_path / "log")
    while not (tmp_path / "log").exists() or not (tmp_path / "log").read_text():
        time.sleep(0.01)
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == process.poll() == -signal.SIGTERM
    # nobody else's process may have its number by now
    process.kill()
