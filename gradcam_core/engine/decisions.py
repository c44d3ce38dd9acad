"""What a network decides by what it sees: where it looks more closely, which tokens it keeps, which branch it takes.

    with Decisions(image) as decisions:
        network(image)
    decisions.made           # what was looked up by places, or numbers, that depend on the image; [] for most networks
    with Decisions(changed, decisions.made):
        network(changed)     # the same again, whatever it sees now

Where cells lie is then another matter for each photograph, and while strips of one are changed to find out, what it
decided must stay. Public name: `Decisions`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

__all__ = ["Decisions"]

# operations that take values from places, and which of their arguments says from where
LOOKED_UP = {
    "aten::gather": 2,
    "aten::grid_sampler_2d": 1,
    "aten::index": 1,
    "aten::index_select": 2,
    "aten::take": 1,
    "torchvision::roi_align": 1,
    "torchvision::roi_pool": 1,
}
# numbers that Python reads: of a condition, or where to cut
READ = "aten::_local_scalar_dense"


class Decisions(TorchDispatchMode):
    """Notes what a forward pass in its context decides by the values of `image`, or does as was decided before.

    `made` holds the places that were looked up and the numbers that were read, in order.
    """

    def __init__(self, image: Tensor, before: Sequence[Any] | None = None) -> None:
        super().__init__()
        self.made: list[Any] = []
        self._before: Iterator[Any] | None = None if before is None else iter(before)
        # where memory holds what depends on the image
        self._fed = {_memory(image)}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        name, fed = func._schema.name, self._is_fed(args) or self._is_fed(kwargs)
        at = LOOKED_UP.get(name)
        if at is not None and fed and self._is_fed(args[0]) and self._is_fed(args[at]):
            args = (*args[:at], self._decided(args[at]), *args[at + 1 :])
        found = func(*args, **(kwargs or {}))
        if name == READ and fed:
            return self._decided(found)
        for one in tree_leaves(found):
            if isinstance(one, Tensor):
                self._note(one, fed, args)
        return found

    def _decided(self, now: Any) -> Any:
        """What was decided before, where something was; else `now`."""
        made = now if self._before is None else next(self._before, now)
        # what follows may write to it
        self.made.append(torch.utils._pytree.tree_map_only(Tensor, torch.clone, made))
        return made

    def _is_fed(self, values: Any) -> bool:
        return any(isinstance(one, Tensor) and _memory(one) in self._fed for one in tree_leaves(values))

    def _note(self, made: Tensor, fed: bool, args: Sequence[Any]) -> None:
        if fed:
            self._fed.add(_memory(made))
        elif not any(isinstance(one, Tensor) and _memory(one) == _memory(made) for one in tree_leaves(args)):
            # new memory, where something that is no longer there may have been
            self._fed.discard(_memory(made))


def _memory(values: Tensor) -> int:
    try:
        return values.untyped_storage().data_ptr()
    except (NotImplementedError, RuntimeError):
        # sparse ones, and those without any
        return 0
