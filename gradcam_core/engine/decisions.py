"""What a network decides by what it sees: where it looks more closely, which tokens it keeps, which branch it takes.

    with Decisions(image) as decisions:
        network(image)
    decisions.made           # what was looked up by places, or numbers, that depend on the image; [] for most networks
    with Decisions(changed, decisions.made):
        network(changed)     # the same again, whatever it sees now

Where cells lie is then another matter for each photograph, and while strips of one are changed to find out, what it
decided must stay. Public names: `Decisions`, `reads`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from .inputs import Inputs, called

__all__ = ["Decisions", "reads"]

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
READ = frozenset({"aten::_local_scalar_dense", "aten::equal"})
# what these return has a shape that depends on values, and Python reads shapes
OF_SOME_LENGTH = frozenset(
    f"aten::{name}" for name in ("_unique", "_unique2", "masked_select", "nonzero", "unique_consecutive", "unique_dim")
)
# all numbers at once, which no operation takes out
TAKEN_OUT = frozenset({Tensor.__array__, Tensor.__dlpack__, Tensor.apply_, Tensor.map_, Tensor.numpy, Tensor.tolist})


class Decisions(TorchDispatchMode):
    """Notes what a forward pass in its context decides by the values of `image`, or does as was decided before.

    `made` holds the places that were looked up and the numbers that were read, in order; `read` says whether Python
    saw any number that depends on the image, or on one of the `others`.
    """

    def __init__(self, image: Tensor, before: Sequence[Any] | None = None, others: Sequence[Tensor] = ()) -> None:
        super().__init__()
        self.made: list[Any] = []
        self.read = False
        self._before: Iterator[Any] | None = None if before is None else iter(before)
        # where memory holds what depends on the image
        self._fed = {_memory(one) for one in (image, *others)}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        name, fed = func._schema.name, self.is_fed(args) or self.is_fed(kwargs)
        at = LOOKED_UP.get(name)
        if at is not None and fed and self.is_fed(args[0]) and self.is_fed(args[at]):
            args = (*args[:at], self._decided(args[at]), *args[at + 1 :])
        found = func(*args, **(kwargs or {}))
        self.read = self.read or (fed and (name in READ or name in OF_SOME_LENGTH or _by_mask(name, args)))
        if name in READ and fed:
            return self._decided(found)
        for one in tree_leaves(found):
            if isinstance(one, Tensor):
                self._note(one, fed, args)
        return found

    def is_fed(self, values: Any) -> bool:
        """Whether any of the `values` depends on the image."""
        return any(isinstance(one, Tensor) and _memory(one) in self._fed for one in tree_leaves(values))

    def _decided(self, now: Any) -> Any:
        """What was decided before, where something was; else `now`."""
        made = now if self._before is None else next(self._before, now)
        # what follows may write to it
        self.made.append(torch.utils._pytree.tree_map_only(Tensor, torch.clone, made))
        return made

    def _note(self, made: Tensor, fed: bool, args: Sequence[Any]) -> None:
        if fed:
            self._fed.add(_memory(made))
        elif not any(isinstance(one, Tensor) and _memory(one) == _memory(made) for one in tree_leaves(args)):
            # new memory, where something that is no longer there may have been
            self._fed.discard(_memory(made))


def reads(network: nn.Module, inputs: Inputs) -> bool:
    """Whether Python sees numbers that depend on what `network` is given, words aside: then it may do as it likes.

    A graph shows one way through the network alone; which way another input takes, only its own code knows. Words are
    left out: what is read of them is whether any is hidden from attention.
    """
    given = [value for value in inputs.values() if value.is_floating_point()]
    if not given:
        return False
    with torch.no_grad(), Decisions(given[0], others=given[1:]) as decisions, _TakingOut(decisions):
        called(network, inputs)
    return decisions.read


class _TakingOut(TorchFunctionMode):
    """Notes where all numbers of something that depends on the image leave PyTorch."""

    def __init__(self, decisions: Decisions) -> None:
        super().__init__()
        self._decisions = decisions

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        before = self._decisions.read or (func in TAKEN_OUT and self._decisions.is_fed(args))
        found = func(*args, **given)
        # where it knows how many classes there are, it reads numbers only to check them
        checked = func is one_hot and given.get("num_classes", (*args, -1)[1]) != -1
        self._decisions.read = before or (self._decisions.read and not checked)
        return found


def _by_mask(name: str, args: Sequence[Any]) -> bool:
    return name == "aten::index" and any(one is not None and one.dtype == torch.bool for one in args[1])


def _memory(values: Tensor) -> int:
    try:
        return values.untyped_storage().data_ptr()
    except (NotImplementedError, RuntimeError):
        # sparse ones, and those without any
        return 0
