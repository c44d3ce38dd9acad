"""What makes an image of an array, a tensor or a list that is none yet, as Python that somebody can copy.

    making_image(np.zeros((4, 4), np.float32))   # "(np.stack([image] * 3, -1) * 255).round().astype(np.uint8)"

Public name: `making_image`.
"""

from __future__ import annotations

from io import TextIOBase, TextIOWrapper
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["making_image"]

NAME = "image"
# the values of 8 and 16 bits, and how many of the second stand for one of the first
BYTE, WORD = 255, 65_535
WORDS_A_BYTE = 257


def making_image(given: Any) -> str | None:
    """Code that makes (height, width, 3) uint8 of `given`, or bytes of an open file; None where no way is known."""
    if callable(getattr(given, "getvalue", None)):
        # whatever was read of it before
        return None if isinstance(given, TextIOBase) else f"{NAME}.getvalue()"
    if callable(getattr(given, "read", None)):
        return f"{NAME}.buffer.read()" if isinstance(given, TextIOWrapper) else f"{NAME}.read()"
    if isinstance(given, Tensor) and given.is_meta:
        return None
    if isinstance(given, Tensor):
        own = f"{NAME}.detach().cpu()" if given.requires_grad or given.is_cuda else NAME
        # numpy knows no bfloat16
        plain = f"{own}.float()" if given.is_floating_point() else own
        values = given.detach().cpu()
        return _of_array(_as_array(values.float() if values.is_floating_point() else values), f"{plain}.numpy()")
    if isinstance(given, (list, tuple)):
        return _of_array(_as_array(given), f"np.array({NAME})")
    return _of_array(given, NAME) if isinstance(given, np.ndarray) else None


def _as_array(given: Any) -> NDArray[Any] | None:
    try:
        return np.asarray(given)
    except (TypeError, ValueError, RuntimeError):
        # lists of several lengths, sparse or quantised tensors
        return None


def _of_array(array: NDArray[Any] | None, name: str) -> str | None:
    if array is None or not array.size or array.dtype.kind not in "buif":
        return None
    shaped = _shaped(array.shape, name)
    return None if shaped is None else _bytes(array, shaped)


def _shaped(shape: tuple[int, ...], name: str) -> str | None:
    """Code for an array of (height, width, 3)."""
    if len(shape) == 4 and shape[0] == 1:
        return _shaped(shape[1:], f"{name}[0]")
    if len(shape) == 2:
        return f"np.stack([{name}] * 3, -1)"
    if len(shape) != 3:
        return None
    if shape[2] not in (1, 3, 4) and shape[0] in (1, 3, 4):
        return _shaped((*shape[1:], shape[0]), f"{name}.transpose(1, 2, 0)")
    codes = {1: f"{name}.repeat(3, -1)", 3: name, 4: f"{name}[..., :3]"}
    return codes.get(shape[2])


def _bytes(array: NDArray[Any], shaped: str) -> str | None:
    """Code for the same as uint8."""
    most, floats = array.max(), array.dtype.kind == "f"
    if array.dtype == np.uint8:
        return shaped
    if array.dtype.kind == "b":
        return f"{shaped}.astype(np.uint8) * {BYTE}"
    if not (array.min() >= 0 and most <= (BYTE if floats else WORD)):
        # negative, standardised or no numbers: nobody but their maker knows what is black and what is white
        return None
    if floats:
        return f"{shaped if most > 1 else f'({shaped} * {BYTE})'}.round().astype(np.uint8)"
    return f"{shaped if most <= BYTE else f'({shaped} // {WORDS_A_BYTE})'}.astype(np.uint8)"
