"""Converting in a process of its own: nothing of it outlives the process that asked for it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

# the process that asks ends as abruptly as one can, as soon as the other one runs
ENDS = """
import os, subprocess, sys
from pathlib import Path
import torch
from gradcam_core.engine import convert
from tests.helpers import SmallNetwork

begin = subprocess.Popen
def and_end(*arguments, **options):
    begin(*arguments, **options)
    assert (Path(sys.argv[1]) / convert.ASKED).exists()
    os._exit(3)

subprocess.Popen = and_end
convert.in_own_process(SmallNetwork().eval(), torch.zeros(1, 3, 32, 32), ["last"], Path(sys.argv[1]), seconds=60)
"""


def test_what_was_handed_over_goes_with_the_process_that_asked(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    assert subprocess.run([sys.executable, "-c", ENDS, str(folder)], check=False).returncode == 3
    end = time.monotonic() + 60
    while folder.exists() and time.monotonic() < end:
        time.sleep(0.1)
    assert not folder.exists()
