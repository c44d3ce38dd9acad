"""Of values of which only one part is looked at, a graph computes no other part.

    steps = narrowed(steps, shapes, ends)

A transformer that reads its scores off a class token throws all other tokens of its last block away. The step that
picks the token is moved to the front of all that treats each token by itself: the products of the last block are made
for one token instead of 197, there and on the way back, where all other slopes would be zeros. Public name: `narrowed`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from .graph import GETITEM, Ref, Step

__all__ = ["narrowed"]

# of a value's axes
Lengths = tuple[int, ...]
SELECT, SLICE = "aten.select.int", "aten.slice.Tensor"
# from each number another, wherever it stands
EACH = frozenset(
    f"aten.{name}.default"
    for name in ("clone", "erf", "exp", "gelu", "hardswish", "hardtanh", "neg", "relu", "sigmoid", "silu", "tanh")
)  # fmt: skip
# from two, one of which may be the same for all places
PAIRS = frozenset(f"aten.{name}.Tensor" for name in ("add", "sub", "mul", "div"))
LINEAR, NORM = "aten.linear.default", "aten.native_layer_norm.default"
ATTENTION = "aten.scaled_dot_product_attention.default"
# the arguments of attention behind the queries
KEYS_AND_VALUES = 2
PRODUCTS = frozenset({LINEAR, ATTENTION})
PERMUTE, VIEW, SQUEEZE = "aten.permute.default", "aten.view.default", "aten.squeeze.dims"


def narrowed(steps: Sequence[Step], shapes: Mapping[str, Lengths], ends: Collection[str]) -> tuple[Step, ...]:
    """`steps` that compute the same values called `ends`, which are the only ones that somebody asks for.

    `shapes` are those of all values that are one tensor, inputs and weights too.
    """
    narrowing = _Narrowing(steps, shapes, ends)
    for step in steps:
        narrowing.take(step)
    return _needed(narrowing.steps, ends)


class _Narrowing:
    def __init__(self, steps: Sequence[Step], shapes: Mapping[str, Lengths], ends: Collection[str]) -> None:
        self.steps: list[Step] = []
        self._made_by = {step.name: step for step in steps}
        self._shapes = dict(shapes)
        self._ends = ends
        self._known: dict[tuple[str, int, int], str] = {}

    def take(self, step: Step) -> None:
        """Add `step`, or what picks the same out of less."""
        picked = self._picked(step) if step.target == SELECT and step.args[0].name in self._shapes else None
        self.steps.append(picked or step)

    def _picked(self, step: Step) -> Step | None:
        """What picks the same as `step` out of a part that takes fewer products; None where that saves none."""
        ref, axis, index = step.args
        shape, begun, known = self._shapes[ref.name], len(self.steps), dict(self._known)
        axis, index = axis % len(shape), index % shape[axis]
        if shape[axis] > 1:
            # of a chain too long to be followed all is computed
            with suppress(RecursionError):
                part = self._part(ref.name, axis, index)
                if not PRODUCTS.isdisjoint(one.target for one in self.steps[begun:]):
                    return Step(step.name, SELECT, (Ref(part), axis, 0), step.kwargs)
        # engines know the usual order
        self._known = known
        del self.steps[begun:]
        return None

    def _part(self, name: str, axis: int, index: int) -> str:
        """What the value `name` has at `index` along `axis`, which stays, made of as little as possible."""
        key = (name, axis, index)
        if key not in self._known:
            # whoever asks for the whole value wants to know what follows from it
            step = None if name in self._ends else self._of_parts(name, axis, index)
            step = step or Step("", SLICE, (Ref(name), axis, index, index + 1), {})
            self._known[key] = self._add(f"{name}_part_{len(self._known)}", step)
            shape = self._shapes[name]
            self._shapes[self._known[key]] = (*shape[:axis], 1, *shape[axis + 1 :])
        return self._known[key]

    def _add(self, name: str, step: Step) -> str:
        while name in self._shapes or name in self._made_by:
            name += "_"
        self.steps.append(Step(name, step.target, step.args, step.kwargs))
        return name

    def _of_parts(self, name: str, axis: int, index: int) -> Step | None:
        """A step that makes this part of `name` out of parts; None where it takes more than that."""
        step = self._made_by.get(name)
        if step is None:
            return None
        if step.target == GETITEM:
            return self._of_norm(step, axis, index)
        if step.target in PAIRS:
            axes = len(self._shapes[name])
            return _with(step, [self._aligned(one, axes, axis, index) for one in step.args])
        first, *others = step.args or [None]
        if not isinstance(first, Ref) or first.name not in self._shapes:
            return None
        origin = _origin(step, self._shapes[first.name], self._shapes[name], axis)
        return origin and _with(step, [Ref(self._part(first.name, origin.axis, index)), *(origin.others or others)])

    def _of_norm(self, step: Step, axis: int, index: int) -> Step | None:
        ref, place = step.args
        norm = self._made_by.get(ref.name)
        if norm is None or norm.target != NORM or place != 0 or norm.args[0].name not in self._shapes:
            return None
        values, normalised, *others = norm.args
        if axis >= len(self._shapes[values.name]) - len(normalised):
            return None
        part = self._part(values.name, axis, index)
        name = self._add(f"{norm.name}_part_{len(self._known)}_of", _with(norm, [Ref(part), normalised, *others]))
        return _with(step, [Ref(name), 0])

    def _aligned(self, value: object, axes: int, axis: int, index: int) -> object:
        """The same part of one of a pair, which may be a number, or have no such axis, or one place for all."""
        if not isinstance(value, Ref) or value.name not in self._shapes:
            return value
        own = axis - (axes - len(self._shapes[value.name]))
        if own < 0 or self._shapes[value.name][own] == 1:
            return value
        return Ref(self._part(value.name, own, index))


class _Origin(NamedTuple):
    """Along which axis of a step's first argument one part is enough, and the other arguments where they differ."""

    axis: int
    others: Sequence[object] = ()


def _origin(step: Step, of: Lengths, shape: Lengths, axis: int) -> _Origin | None:
    """What `step`, from a first argument of shape `of` to one of `shape`, makes one part along `axis` out of."""
    others = step.args[1:]
    if step.target == PERMUTE:
        return _Origin(others[0][axis] % len(of))
    if step.target == VIEW:
        size = [*shape[:axis], 1, *shape[axis + 1 :]]
        return _Origin(axis, [size]) if of[: axis + 1] == shape[: axis + 1] else None
    if step.target == SQUEEZE:
        gone = {one % len(of) for one in others[0] if of[one] == 1}
        return _Origin([one for one in range(len(of)) if one not in gone][axis], [sorted(gone)])
    if step.target == LINEAR:
        alone = axis < len(shape) - 1
    elif step.target == ATTENTION:
        # a mask would have to be narrowed, too
        alone = axis == len(shape) - 2 and len(others) == KEYS_AND_VALUES and not set(step.kwargs) - {"scale"}
    elif step.target == SLICE:
        alone = axis != (others[0] if others else 0) % len(of)
    else:
        alone = step.target in EACH
    return _Origin(axis) if alone else None


def _with(step: Step, args: Sequence[object]) -> Step:
    return Step("", step.target, tuple(args), step.kwargs)


def _needed(steps: Sequence[Step], ends: Collection[str]) -> tuple[Step, ...]:
    """Those of `steps` that lead to `ends`."""
    needed = set(ends)
    for step in reversed(steps):
        if step.name in needed:
            needed.update(step.needs)
    return tuple(step for step in steps if step.name in needed)
