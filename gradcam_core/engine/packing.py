"""Convolutions whose weights lie as the CPU's library wants them, for many passes in a row.

oneDNN computes with weights in blocks and lays them out anew at every call, and with one thread torch leaves 1 x 1
convolutions to a plain matrix product instead. Here they are laid out once for all passes. What the network says is
the same up to rounding. Public names: `Packing`, `laid_out`.
"""

from __future__ import annotations

from functools import lru_cache
from threading import Lock
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

__all__ = ["Packing", "laid_out"]

# of second copies of weights, which live as long as the passes do
ROOM = 256_000_000
TOLERANCE = 1e-5

Pair = tuple[int, int]


class Packing(TorchFunctionMode):
    """In threads that have entered it, which may be several: convolutions use packed weights where that is possible.

    Meant for inference mode, in which all others are left to torch: on other devices and in other types, in autocast,
    with weights that the network makes anew at each pass, and beyond 256 MB of weights. Weights that somebody has
    written to are packed anew.
    """

    def __init__(self) -> None:
        super().__init__()
        self._room = ROOM
        # each with its version and the weights themselves, so that no others can bear their id
        self._packed: dict[int, tuple[Tensor, int, Tensor]] = {}
        self._packing = Lock()

    def __torch_function__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is functional.conv2d and torch.is_inference_mode_enabled() and _can_pack():
            with torch._C.DisableTorchFunction():
                return self._convolved(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))

    def _convolved(
        self, input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int | Pair = 1,  # noqa: A002
        padding: int | Pair | str = 0, dilation: int | Pair = 1, groups: int = 1,
    ) -> Tensor:  # fmt: skip
        """What torch.conv2d returns, whose names these are."""
        packed = None
        if not isinstance(padding, str) and input.ndim == 4 and _is_plain(input) and _is_plain(weight):
            settings = (_pair(padding), _pair(stride), _pair(dilation), groups)
            packed = self._of(weight, (*settings, list(input.shape)))
        if packed is None:
            return functional.conv2d(input, weight, bias, stride, padding, dilation, groups)
        return _convolve(input, packed, bias, settings)

    def _of(self, weight: Tensor, settings: tuple[Any, ...]) -> Tensor | None:
        if weight.is_inference():
            # made in this pass, and not seen again
            return None
        with self._packing:
            known = self._packed.get(id(weight))
            if known is None or known[1] != weight._version:
                self._room -= weight.nbytes if known is None else 0
                if self._room < 0:
                    return None
                known = self._packed[id(weight)] = (weight, weight._version, _pack(weight, settings))
            return known[2]


def laid_out(maps: Tensor) -> Tensor:
    """(n, C, H, W) the same values with channels last on a CPU, as packed convolutions return theirs.

    For maps that are added to such ones; what a convolution takes may lie either way.
    """
    return maps.contiguous(memory_format=torch.channels_last) if maps.device.type == "cpu" else maps


def _is_plain(values: Tensor) -> bool:
    kind = type(values)
    return (
        values.dtype == torch.float32
        and values.device.type == "cpu"
        and values.layout == torch.strided
        and (kind is Tensor or kind is torch.nn.Parameter)
    )


def _pair(value: int | Pair) -> Pair:
    return (value, value) if isinstance(value, int) else (value[0], value[-1])


# the operations that torch's own compiler uses for networks whose weights do not change
def _pack(weight: Tensor, settings: tuple[Any, ...]) -> Any:
    return torch.ops.mkldnn._reorder_convolution_weight.default(weight.detach(), *settings)


def _convolve(values: Tensor, packed: Tensor, bias: Tensor | None, settings: tuple[Any, ...]) -> Any:
    return torch.ops.mkldnn._convolution_pointwise.default(values, packed, bias, *settings, "none", [], "")


def _can_pack() -> bool:
    """Whether this build of torch packs weights, and nobody has switched that off in this context."""
    return torch._C._get_mkldnn_enabled() and not torch.is_autocast_enabled("cpu") and _is_right()


@lru_cache(maxsize=1)
def _is_right() -> bool:
    """Whether the operations are there and do what they are taken for: they are not part of torch's public face."""
    seed = torch.Generator().manual_seed(0)
    values, weight = torch.randn(1, 3, 8, 8, generator=seed), torch.randn(4, 3, 3, 3, generator=seed)
    settings = ((1, 1), (2, 2), (1, 1), 1)
    wanted = functional.conv2d(values, weight, None, 2, 1)
    try:
        found = _convolve(values, _pack(weight, (*settings, list(values.shape))), None, settings)
    except (AttributeError, RuntimeError, TypeError):
        return False
    return found.shape == wanted.shape and bool((found - wanted).abs().max() <= TOLERANCE * wanted.abs().max())
