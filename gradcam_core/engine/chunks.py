"""Asking a network about many inputs: in chunks, watched, to be stopped at any time.

    watch = Watch(progress=lambda done, count: print(done, "of", count), stop=threading.Event())
    scores = in_chunks(lambda part: network(changed[part]), len(changed), size=32, device=changed.device, watch=watch)

Public names: `chunk_of`, `in_chunks`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..errors import DeviceError
from .cores import SpareCores
from .devices import is_out_of_memory
from .watch import NOBODY, Watch

__all__ = ["chunk_of", "in_chunks"]

# inputs in one pass of the whole network: what a CPU computes of more does not stay near it and has to be fetched
# again, so that few are faster (tests/benchmarks/README.md), and sooner stopped; of fewer, more calls take their time
CHUNK, CHUNK_ON_CPU = 32, 4


def chunk_of(inputs: Tensor) -> int:
    """How many inputs like the one of `inputs`, (1, C, H, W), its device should be given at a time."""
    return CHUNK_ON_CPU if inputs.device.type == "cpu" else CHUNK


def in_chunks(
    compute: Callable[[slice], Tensor], count: int, *, size: int, device: torch.device, watch: Watch = NOBODY
) -> Tensor:
    """(count, ...) results of `compute`, asked for at most `size` items at a time, in inference mode.

    On a CPU as many chunks are computed beside each other as cores have nothing else of this to do. Out of memory
    halves the chunk and goes on. Raises StoppedError through `watch`, DeviceError where not even one item fits.
    """

    def computed(part: slice) -> Tensor:
        with torch.inference_mode():
            return compute(part)

    parts: list[Tensor] = []
    done = 0
    watch.at(done, count)
    with SpareCores(device) as cores:
        while done < count:
            try:
                found = cores.some(computed, (slice(at, min(at + size, count)) for at in range(done, count, size)))
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                failed = error
            else:
                for part in found:
                    parts.append(part)
                    done += len(part)
                    watch.at(done, count)
                continue
            if size == 1:
                raise DeviceError("memory.one_input_too_large") from failed
            # outside the except block, where the failed passes no longer hold their tensors
            del failed
            size //= 2
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
    return torch.cat(parts)
