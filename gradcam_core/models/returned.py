"""The class scores in whatever a network returns: a tensor of another shape, the first of several, one by its name.

    found = scores_in(network(image))
    found.pick(network(images))            # (n, K)
    found.remark                           # what is said of it, None where the network returns them as usual

Public names: `ScorePick`, `described`, `remedy`, `scores_in`, `unsteady`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..errors import OutputError
from ..languages import Finding

__all__ = ["ScorePick", "described", "remedy", "scores_in", "unsteady"]

# what networks call their scores, the likeliest first
NAMES = ("logits", "scores", "score", "preds", "pred", "prediction", "predictions", "output", "out", "y")
# what stands beside the scores of boxes, which are no classes of the image
OF_DETECTORS = frozenset({"boxes", "pred_boxes", "bboxes", "masks"})
# how deep the scores may lie, such as in a tuple inside a dict
DEEPEST = 2
# how many names an error lists
NAMED = 6
# the part of the largest score by which an answer may differ when it is given again: a GPU adds in any order
STEADY = 1e-3


@dataclass(frozen=True)
class ScorePick:
    """`pick` makes (n, K) scores of what the network returns for n images."""

    pick: Callable[[Any], Tensor]
    remark: Finding | None = None


def scores_in(returned: Any, classes: int | None = None) -> ScorePick | None:
    """Where the scores of one image are in what a network `returned`; None where none can be told for certain.

    Of several things in a row the scores are those of so many `classes`, where somebody named these, else the first.
    Raises OutputError where it returns the class that it has chosen instead of scores.
    """
    found = _found(returned, DEEPEST, classes)
    if found is None:
        return None
    path, steps = found
    one = _followed(returned, steps)
    if steps:
        remark: Finding | None = Finding("scores.picked", path=path)
    else:
        remark = Finding("scores.shape", shape=tuple(one.shape)) if one.ndim != 2 and one.numel() > 1 else None

    count = one.numel()

    def pick(returned: Any) -> Tensor:
        # an axis of classes or of images that the network has dropped is put back
        return _followed(returned, steps).reshape(-1, count)

    return ScorePick(pick, remark)


def unsteady(first: Tensor, again: Tensor) -> tuple[Finding, ...]:
    """What is said of a network whose scores of one input are these, and those `again` with other random numbers."""
    apart, largest = (again - first).abs().max(), first.abs().max()
    # of scores that are no numbers something else is said
    return (Finding("scores.unsteady"),) if bool(apart > STEADY * largest) else ()


def _found(returned: Any, depth: int, classes: int | None) -> tuple[str, tuple[Any, ...]] | None:
    """The way to the scores, as code and step by step."""
    if isinstance(returned, Tensor):
        if _is_whole(returned) and returned.numel():
            raise OutputError("scores.whole_numbers", kind=str(returned.dtype).removeprefix("torch."))
        return ("out", ()) if _are_scores(returned) else None
    parts = dict(_parts(returned))
    if not depth or not parts or OF_DETECTORS & {*map(str, parts)}:
        return None
    inside = {}
    for step, part in parts.items():
        # beside scores anything may lie
        within = None if _is_whole(part) else _found(part, depth - 1, classes)
        if within is not None:
            inside[step] = within
    fitting = [step for step, (_, steps) in inside.items() if _followed(parts[step], steps).numel() == classes]
    step = _chosen(returned, list(inside), fitting)
    if step is None:
        return None
    path, steps = inside[step]
    return f"out{_written(returned, step)}{path.removeprefix('out')}", (step, *steps)


def _is_whole(part: Any) -> bool:
    return isinstance(part, Tensor) and not part.is_floating_point() and not part.is_complex()


def _are_scores(values: Tensor) -> bool:
    if not values.is_floating_point() or not _is_plain(values):
        return False
    # one image: all axes but that of the classes have one value, the first among them
    most = max(values.shape, default=1)
    return values.numel() > 0 and values.numel() == most and (values.ndim < 2 or values.shape[0] == 1)


def _is_plain(values: Tensor) -> bool:
    """Whether it holds a number for each place, which sparse and nested ones do not."""
    return values.layout is torch.strided and not values.is_nested


def _parts(returned: Any) -> Iterator[tuple[Any, Any]]:
    """What lies in a collection or a value with fields, by key, index or name."""
    if isinstance(returned, Mapping):
        yield from returned.items()
    elif hasattr(returned, "_fields"):
        yield from ((name, getattr(returned, name)) for name in returned._fields)
    elif isinstance(returned, (tuple, list)):
        yield from enumerate(returned)
    elif dataclasses.is_dataclass(returned):
        yield from ((one.name, getattr(returned, one.name)) for one in dataclasses.fields(returned))
    elif not isinstance(returned, (str, bytes)):
        yield from vars(returned).items() if hasattr(returned, "__dict__") else ()


def _chosen(returned: Any, steps: list[Any], fitting: list[Any]) -> Any | None:
    """Of the `steps` that lead to scores the one to go; None where several may be meant.

    Those that are `fitting` lead to as many scores as somebody has named classes.
    """
    named = next((name for name in NAMES if name in steps), None)
    if named is not None or not steps:
        return named
    parts = dict(_parts(returned))
    if isinstance(returned, (tuple, list)) and fitting:
        return fitting[0]
    if isinstance(returned, (tuple, list)) and steps[0] == next(iter(parts)):
        return steps[0]
    tensors = [key for key, part in parts.items() if isinstance(part, Tensor)]
    alone = not isinstance(returned, (tuple, list)) or tensors == steps
    return steps[0] if len(steps) == 1 and alone else None


def _written(returned: Any, step: Any) -> str:
    by_name = isinstance(step, str) and not isinstance(returned, Mapping)
    return f".{step}" if by_name else f"[{step!r}]"


def _followed(returned: Any, steps: tuple[Any, ...]) -> Tensor:
    for step in steps:
        by_name = isinstance(step, str) and not isinstance(returned, Mapping)
        returned = getattr(returned, step) if by_name else returned[step]
    if not isinstance(returned, Tensor):
        raise OutputError("scores.gone", kind=type(returned).__name__)
    return returned


def described(returned: Any) -> Finding:
    """What a module returned."""
    if isinstance(returned, Tensor):
        if returned.is_nested:
            return Finding("value.other", kind="NestedTensor")
        return Finding("value.shape", shape=tuple(returned.shape))
    kind, parts = type(returned).__name__, [*_parts(returned)][:NAMED]
    if parts and isinstance(parts[0][0], str):
        return Finding("value.mapping", kind=kind, names=tuple(repr(name) for name, _ in parts))
    if parts:
        return Finding("value.sequence", kind=kind, parts=tuple(described(part) for _, part in parts))
    return Finding("value.empty_mapping" if isinstance(returned, Mapping) else "value.other", kind=kind)


def remedy(returned: Any) -> Finding:
    """What can be done about a network that returned this."""
    one = returned[0] if isinstance(returned, (list, tuple)) and returned else returned
    parts = dict(_parts(one)) if not isinstance(one, Tensor) else {"": one}
    if OF_DETECTORS & {*map(str, parts)}:
        return Finding("module.finds_boxes")
    tensors = [part for part in parts.values() if isinstance(part, Tensor) and _is_plain(part)]
    if any(part.ndim == 4 and part.shape[-1] * part.shape[-2] > 1 for part in tensors):
        return Finding("module.value_for_each_place")
    if isinstance(returned, Tensor) and (made := _made_plain(returned)):
        return Finding("module.give_logits", such=(made,))
    if isinstance(returned, Tensor):
        return Finding("module.not_one_image" if returned.ndim and len(returned) != 1 else "module.several_axes")
    candidates = [_together(returned), *(f"lambda out: out{path}" for path in _paths(returned, DEEPEST))]
    candidates = [*filter(None, candidates)]
    if not candidates:
        return Finding("module.no_tensor")
    return Finding("module.give_logits", such=tuple(candidates[:NAMED]))


def _paths(returned: Any, depth: int) -> Iterator[str]:
    """The ways to all tensors in a collection, as code."""
    for step, part in _parts(returned) if depth else ():
        if isinstance(part, Tensor):
            yield _written(returned, step)
        else:
            yield from (f"{_written(returned, step)}{path}" for path in _paths(part, depth - 1))


def _together(returned: Any) -> str:
    """What makes one row of a dict that holds a single score for each class; nothing of anything else."""
    scores = [*returned.values()] if isinstance(returned, Mapping) else []
    single = all(isinstance(one, Tensor) and one.numel() == 1 and one.is_floating_point() for one in scores)
    return (
        "lambda out: torch.cat([one.reshape(-1, 1) for one in out.values()], 1)" if len(scores) > 1 and single else ""
    )


def _made_plain(values: Tensor) -> str:
    """What makes usual numbers of `values`; nothing where they are, or where there are none."""
    if values.is_nested:
        return "lambda out: out.to_padded_tensor(0)"
    if values.layout is not torch.strided:
        return "lambda out: out.to_dense()"
    return "lambda out: out.real" if values.is_complex() else ""
