"""Weights that a file keeps in parts: of weight norm, of spectral norm, and of pruning.

    whole = composed(tensors, {"features.0.weight", ...})    # "features.0.weight_g" and "..._v" are "features.0.weight"

PyTorch computes such a weight from its parts in every forward pass: weight norm as g v / |v| (Salimans and Kingma 2016,
arXiv:1602.07868, equation 2), spectral norm as W / (u W v) with the vectors that training has left (Miyato et al. 2018,
arXiv:1802.05957, equation 8), pruning as W times a mask of zeros and ones. Public names: `Composed`, `composed`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ..languages import Finding
from .tensor_file import Stored, TensorShape

__all__ = ["Composed", "composed"]


@dataclass(frozen=True, eq=False)
class Composed(Stored):
    """One that is computed from the `parts` that a file holds of it."""

    parts: tuple[Stored, ...] = ()
    made: Callable[..., Tensor] = torch.mul

    def tensor(self) -> Tensor:
        """The values; raises ValueError, RuntimeError where a part is not in the file."""
        return self.made(*(part.tensor().float() for part in self.parts))


class _InParts(NamedTuple):
    """How a weight is kept in parts: what the names of its parts end with, when their shapes fit, and how it is made.

    The weight has the shape of the part numbered `like`.
    """

    ends: tuple[str, ...]
    like: int
    fits: Callable[..., bool]
    made: Callable[..., Tensor]

    def whole(self, name: str) -> str:
        """What the weight is called of which `name` is the first part; empty where it is none."""
        begin, end = self.ends[0].split("{}")
        module, dot, leaf = name.removesuffix(end).rpartition(".")
        if not name.endswith(end) or not leaf or not (module + dot).endswith(begin):
            return ""
        return (module + dot).removesuffix(begin) + leaf


def _of_directions(length: Tensor, direction: Tensor) -> Tensor:
    """Weight norm: `direction` v with the norm `length` g, for each row along the axis that g has, or as a whole."""
    kept = {axis for axis, side in enumerate(length.shape) if side > 1}
    axes = [axis for axis in range(direction.ndim) if axis not in kept]
    return direction * (length / torch.linalg.vector_norm(direction, dim=axes, keepdim=True))


def _by_largest(weight: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Spectral norm: `weight` over its largest singular value, as the vectors u and v say it."""
    sides = [weight.movedim(axis, 0).flatten(1) @ right for axis in _axes(weight.shape, left.shape, right.shape)]
    # of one that is as high as wide, u is the direction of W v along the right axis alone
    along = max(sides, key=lambda side: float(torch.dot(left, side) / (torch.linalg.vector_norm(side) or 1)))
    return weight / torch.dot(left, along)


def _axes(weight: TensorShape, left: TensorShape, right: TensorShape) -> list[int]:
    """The axes of the weight along which u may lie: its rows, or those of a transposed convolution."""
    count = math.prod(weight)
    sides = (axis for axis in (0, 1) if axis < len(weight) and weight[axis])
    return [axis for axis in sides if left == (weight[axis],) and right == (count // weight[axis],)]


def _lengths_fit(length: TensorShape, direction: TensorShape) -> bool:
    rows = [side for side in length if side > 1]
    along = [(one, other) for one, other in zip(length, direction, strict=False) if one > 1]
    return len(length) in (0, len(direction)) and len(rows) <= 1 and all(one == other for one, other in along)


def _vectors_fit(weight: TensorShape, left: TensorShape, right: TensorShape) -> bool:
    return bool(_axes(weight, left, right))


KINDS_OF_PARTS = (
    _InParts(("{}_g", "{}_v"), 1, _lengths_fit, _of_directions),
    _InParts(("parametrizations.{}.original0", "parametrizations.{}.original1"), 1, _lengths_fit, _of_directions),
    _InParts(("{}_orig", "{}_u", "{}_v"), 0, _vectors_fit, _by_largest),
    _InParts(
        ("parametrizations.{}.original", "parametrizations.{}.0._u", "parametrizations.{}.0._v"),
        0, _vectors_fit, _by_largest,
    ),
    _InParts(("{}_orig", "{}_mask"), 0, lambda weight, mask: weight == mask, torch.mul),
)  # fmt: skip


def composed(tensors: Mapping[str, Stored], known: Collection[str]) -> dict[str, Stored]:
    """The same with each weight that is kept in parts in their place, but for parts that are `known` by their names."""
    found = dict(tensors)
    kept = {name.rpartition(".")[2] for name in known}
    for name in tensors:
        for kind in KINDS_OF_PARTS:
            whole = kind.whole(name)
            if not whole or whole in tensors or name.rpartition(".")[2] in kept:
                continue
            module, _, leaf = whole.rpartition(".")
            names = [".".join(filter(None, (module, end.format(leaf)))) for end in kind.ends]
            parts = tuple(tensors[one] for one in names if one in tensors)
            if len(parts) < len(names) or not kind.fits(*(one.shape for one in parts)):
                continue
            for one in names:
                found.pop(one, None)
            unfit: str | Finding = next((one.unfit for one in parts if one.unfit), "")
            found[whole] = Composed(torch.float32, parts[kind.like].shape, unfit=unfit, parts=parts, made=kind.made)
    return found
