"""A file of somebody's own weights, put into an architecture of torchvision's or timm's.

    loaded = load_checkpoint("mine.safetensors", find_architecture("resnet18"))
    loaded.network, loaded.preprocessing

A file is data and never code: safetensors, or what torch.save writes. Public names: `Checkpoint`,
`load_checkpoint`, `opened`, `read_weights`.
"""

from __future__ import annotations

import math
import mmap
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor, nn

from ..engine.devices import is_out_of_memory
from ..engine.forecast import Bound, forecast, twice_within
from ..errors import LONGEST_SHOWN, ModelError
from ..languages import Finding
from ..reading.preprocess import Preprocessing, input_side
from ..reading.uploads import Upload
from ..types import BILLION, GIGABYTE, MEGABYTE
from .base import Architecture
from .fetch import reason
from .fitting import REFERENCE_CLASSES, fitting, without_memory
from .tensor_file import Stored, check_size, read_content

__all__ = ["Checkpoint", "load_checkpoint", "opened", "read_weights"]

MAX_BYTES = 10_000 * MEGABYTE
FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


@dataclass(frozen=True)
class Checkpoint:
    """A network with the weights of a file, and the preprocessing that it wants.

    Inputs of more than `largest_input` pixels a side would take more than was allowed; None where nothing was said.
    `remarks` are what a person should know about where in the file the weights were found.
    """

    network: nn.Module
    preprocessing: Preprocessing
    largest_input: int | None = None
    remarks: tuple[Finding, ...] = ()


def load_checkpoint(
    path: str | Path | Upload,
    architecture: Architecture,
    *,
    input_size: int | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    max_bytes: int = MAX_BYTES,
    bound: Bound | None = None,
) -> Checkpoint:
    """The network with the weights of `path`; raises ModelError.

    The number of classes is read from the head. `input_size` in pixels, `mean` and `std` per channel for values in
    [0, 1] replace what the architecture's own pretrained weights use. A pass may take no more than `bound`, which is
    told before anything is read, built or run.
    """
    usual = architecture.preprocessing()
    preprocessing = _preprocessing(usual, input_size, mean, std)
    size = preprocessing.crop
    outline = without_memory(architecture, REFERENCE_CLASSES, size).eval()
    largest = None if bound is None else _largest(outline, architecture.name, size, usual.crop, bound)
    content = read_weights(path, max_bytes=max_bytes)
    classes, stored, remarks = fitting(content, architecture, outline, size)
    check_size(_name(path), sum(tensor.nbytes for tensor in stored.values()), max_bytes)
    # not before: the file could be for a network that is much larger than it
    network = architecture.build(classes, size)
    weights = _values(stored, network, _name(path))
    try:
        network.load_state_dict(weights, strict=False)
    except (RuntimeError, NotImplementedError) as error:
        raise ModelError("checkpoint.does_not_load", architecture=architecture.name, reason=reason(error)) from error
    return Checkpoint(network.eval(), preprocessing, largest, remarks)


def _largest(network: nn.Module, name: str, size: int, usual: int, bound: Bound) -> int:
    """`size`, or twice that where it fits within `bound` too; raises ModelError where `size` does not."""
    cost = forecast(network, (1, 3, size, size))
    if cost is None:
        if size > usual:
            raise ModelError("input_size.cost_unknown", size=size, usual=usual, name=name)
        return size
    if bound.share(cost) > 1:
        raise ModelError(
            "input_size.too_costly",
            size=size,
            name=name,
            gigabytes=cost.nbytes / GIGABYTE,
            billions=cost.operations / BILLION,
            most_gigabytes=bound.nbytes / GIGABYTE,
            most_billions=bound.operations / BILLION,
            largest=bound.largest(size, cost),
        )
    return twice_within(network, size, bound)


def read_weights(path: str | Path | Upload, *, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """What the file was saved from, each tensor a `Stored`, without running anything in it; raises ModelError."""
    name = _name(path)
    try:
        content = read_content(_buffer(path, max_bytes), name, max_bytes=max_bytes)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise ModelError("checkpoint.no_memory", name=name) from error
    if not isinstance(content, dict):
        raise ModelError("checkpoint.no_dict", name=name, content_type=type(content).__name__)
    return content


def _name(path: str | Path | Upload) -> str:
    return path.name if isinstance(path, Upload) else Path(path).name


def opened(path: str | Path | Upload, argument: str = "path") -> BinaryIO:
    """The file, of any length; raises ModelError about `argument`, UploadError."""
    if isinstance(path, Upload):
        return path.open(limit=sys.maxsize)
    try:
        return Path(path).open("rb")
    except (OSError, ValueError) as error:
        raise ModelError("file.not_readable", argument=argument, file=Path(path).name, reason=reason(error)) from error


def _buffer(path: str | Path | Upload, max_bytes: int) -> Any:
    """All bytes of the file, of which none is read before it is needed."""
    with opened(path) as file:
        size = file.seek(0, 2)
        check_size(_name(path), size, max_bytes)
        # an own copy of what is written to, for torch knows no memory that cannot be
        return mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY) if size else b""


def _values(stored: Mapping[str, Stored], network: nn.Module, name: str) -> dict[str, Tensor]:
    expected, values = network.state_dict(), {}
    for key, one in stored.items():
        unfit = one.unfit
        if not unfit and expected[key].is_floating_point() and one.dtype not in FLOATS:
            unfit = str(one.dtype).removeprefix("torch.")
        if unfit:
            raise ModelError("checkpoint.tensor_unfit", tensor=key, unfit=unfit)
        try:
            values[key] = one.tensor()
        except (ValueError, RuntimeError) as error:
            raise ModelError("checkpoint.tensor_cut_off", name=name, tensor=key) from error
        if values[key].is_floating_point() and not bool(torch.isfinite(values[key]).all()):
            raise ModelError("checkpoint.tensor_not_finite", tensor=key)
    return values


def _preprocessing(
    usual: Preprocessing, size: int | None, mean: Sequence[float] | None, std: Sequence[float] | None
) -> Preprocessing:
    changes: dict[str, Any] = {}
    if size is not None:
        side = input_side(size)
        changes |= {"crop": side, "resize": round(side * usual.resize / usual.crop)}
    for name, values in (("mean", mean), ("std", std)):
        if values is None:
            continue
        numbers = tuple(values) if isinstance(values, Iterable) else ()
        fits = len(numbers) == 3 and all(isinstance(one, (int, float)) and math.isfinite(one) for one in numbers)
        if not fits or (name == "std" and min(numbers) <= 0):
            rule = "colours.above_zero" if name == "std" else "colours.any"
            shown = str(values)[:LONGEST_SHOWN]
            raise ModelError("colours.not_three_numbers", name=name, values=shown, rule=Finding(rule))
        changes[name] = tuple(float(number) for number in numbers)
    return replace(usual, **changes)
