"""Files made to take memory, time or the process: each ends in a sentence, soon, and takes next to nothing."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from gradcam_core import CamError
from gradcam_core.models import find_architecture
from gradcam_core.models.checkpoint import load_checkpoint

from .hostile import HOSTILE

# the processor's seconds: a machine may be busy with other things
MEGABYTES, SECONDS = 300, 20
MAX_BYTES = 400_000_000


def peak() -> float:
    """Megabytes that this process held at most since `start_peak`."""
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(kilobytes) / 1000


def start_peak() -> float:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pytest.skip("the peak of a process's memory is read from /proc")
    return peak()


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_checkpoints_end_in_a_sentence_soon_and_without_memory(kind: str, tmp_path: Path) -> None:
    file_name, make, words = HOSTILE[kind]
    (tmp_path / file_name).write_bytes(make())
    resnet = find_architecture("resnet18")
    before, start = start_peak(), time.process_time()
    with pytest.raises(CamError) as caught:
        load_checkpoint(tmp_path / file_name, resnet, max_bytes=MAX_BYTES)
    assert peak() - before < MEGABYTES
    assert time.process_time() - start < SECONDS
    message = str(caught.value)
    assert words in message
    assert len(message) < 900
    assert "\n" not in message
    assert str(tmp_path) not in message
