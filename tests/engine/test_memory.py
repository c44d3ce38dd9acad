"""Threads share one heap once they were told to, as the C library itself reports."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from gradcam_core.engine import memory

FILE = Path(memory.__file__)
HEAPS = """
import ctypes, runpy, sys, threading
# the file alone: with all of the package it would take seconds, and threads of its own
share_one_arena = runpy.run_path(sys.argv[2])["share_one_arena"]
if sys.argv[1] == "shared":
    share_one_arena()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
together = threading.Barrier(4)
def allocate():
    libc.malloc(50_000)
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc.fdopen.restype = ctypes.c_void_p
libc.malloc_info(0, ctypes.c_void_p(libc.fdopen(1, b"w")))
libc.fflush(None)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have one heap or none that is told")
def test_threads_allocate_from_one_heap() -> None:
    def heaps(how: str) -> int:
        command = [sys.executable, "-c", HEAPS, how, str(FILE)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.count("<heap nr=")

    assert heaps("shared") == 1
    assert heaps("apart") > 1
