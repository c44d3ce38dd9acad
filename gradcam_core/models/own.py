"""A network of one's own as a `ModelSpec`: shared weights, nothing of it changed. Public names: `About`, `spec`,
`unwrapped`.

What is run is a copy of the modules that shares every tensor with the original: in eval mode, frozen, on any
device, while the original may be trained or run by others.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ..engine.devices import is_out_of_memory
from ..errors import CamError, ModelError, OutputError
from ..languages import Finding
from ..reading.preprocess import Encoder, Preprocessing
from ..reading.probed_transform import Ramped
from ..tasks.classes import HEADS, SOFTMAX, Head, find_head
from .base import ModelSpec
from .labels_file import from_mapping

__all__ = ["About", "spec", "unwrapped"]

DEFAULT_SIZE = 224
# of the resized picture, the part that the usual crop keeps
CENTRE = 0.875
# wrappers around a module, by the attribute that holds it
WRAPPERS = {"DataParallel": "module", "DistributedDataParallel": "module", "OptimizedModule": "_orig_mod"}


@dataclass(frozen=True, kw_only=True)
class About:
    """What somebody says about a network of one's own: the options of `Explainer.add_model`, which describes them."""

    labels: Sequence[str] | Mapping[Any, Any] | None = None
    transform: Encoder | Callable[[Any], Any] | None = None
    input_size: int | None = None
    logits: Callable[[Any], Tensor] | None = None
    head: str | None = None
    title: str | None = None
    private: bool = False
    usable: Callable[[], bool] | None = None
    largest_input: int | None = None


def spec(name: str, module: nn.Module, about: About) -> ModelSpec:
    """The entry for `module`, run once to learn its number of classes; raises ModelError, OutputError."""
    if not isinstance(module, nn.Module):
        raise ModelError("module.wrong_type", kind=type(module).__name__)
    inner = unwrapped(module)
    encoder = _encoder(about.transform, about.input_size)
    tried = _twin(inner, about.logits, SOFTMAX)
    outputs = _outputs(tried, encoder, about.title or name)
    chosen = find_head(about.head) if about.head is not None else (HEADS["logit"] if outputs == 1 else SOFTMAX)
    if chosen is HEADS["logit"] and outputs != 1:
        raise ModelError("head.logit_needs_one_output", outputs=outputs)
    if chosen is SOFTMAX and outputs == 1:
        raise ModelError("head.softmax_of_one_output")
    named = _labels(about.labels, outputs, chosen)
    twin = partial(_twin, inner, about.logits, chosen)
    # the copy that was tried out serves once, unless its scores are to be read in another way
    ready = [tried] if chosen.classes is SOFTMAX.classes else []
    return ModelSpec(
        name=name,
        title=about.title or name,
        source="own",
        build=lambda: ready.pop() if ready else twin(),
        preprocessing=lambda: encoder,
        labels=lambda: named,
        is_offline=lambda: True,
        head=chosen,
        private=about.private,
        usable=about.usable,
        largest_input=about.largest_input,
    )


def unwrapped(module: nn.Module) -> nn.Module:
    """The module inside DataParallel, DistributedDataParallel and torch.compile's wrapper."""
    while (attribute := WRAPPERS.get(type(module).__name__)) and isinstance(getattr(module, attribute), nn.Module):
        module = getattr(module, attribute)
    return module


def _twin(module: nn.Module, logits: Callable[[Any], Tensor] | None, head: Head) -> nn.Module:
    """The modules copied, the tensors shared; its call returns (n, K) logits."""
    shared: dict[int, Any] = {}
    for part in module.modules():
        for parameter in part.parameters(recurse=False):
            shared[id(parameter)] = nn.Parameter(parameter.detach(), requires_grad=False)
        # buffers, and what a forward pass has left behind, which as a part of a graph cannot be copied
        for tensor in (*part.buffers(recurse=False), *(v for v in vars(part).values() if isinstance(v, Tensor))):
            shared.setdefault(id(tensor), tensor.detach())
    try:
        twin = copy.deepcopy(module, shared)
    except (RuntimeError, TypeError, AttributeError, NotImplementedError, RecursionError) as error:
        raise ModelError("module.not_copied", kind=type(module).__name__, first_line=_first_line(error)) from error
    kind = type(twin)

    class Scores(kind):  # type: ignore[valid-type, misc]
        def forward(self, *args: Any, **options: Any) -> Tensor:
            returned = super().forward(*args, **options)
            return head.classes(_scores(returned if logits is None else logits(returned)))

    Scores.__name__ = Scores.__qualname__ = kind.__name__
    twin.__class__ = Scores
    return twin.eval().requires_grad_(False)


def _scores(returned: Any) -> Any:
    # a network with one output often drops the axis of the classes
    return returned[:, None] if isinstance(returned, Tensor) and returned.ndim == 1 else returned


def _encoder(transform: Encoder | Callable[[Any], Any] | None, input_size: int | None) -> Encoder:
    if transform is not None and input_size is not None:
        raise ModelError("input_size.beside_transform", input_size=input_size)
    if isinstance(transform, Encoder):
        return transform
    if transform is not None:
        return Ramped(transform)
    size = DEFAULT_SIZE if input_size is None else input_size
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ModelError("input_size.not_positive", input_size=input_size)
    return Preprocessing(int(size / CENTRE), size)


def _outputs(network: nn.Module, encoder: Encoder, name: str) -> int:
    first = next(network.parameters(), None)
    zeros = torch.zeros(encoder.input_shape)
    try:
        with torch.no_grad():
            scores = network(zeros if first is None else zeros.to(first))
    except CamError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        # anything may happen in somebody's own code: it is said, not thrown at them
        raise ModelError(
            "module.fails",
            input_shape=encoder.input_shape,
            error_type=type(error).__name__,
            first_line=_first_line(error),
            name=name,
        ) from error
    if not isinstance(scores, Tensor) or scores.ndim != 2 or len(scores) != 1 or not scores.shape[1]:
        raise OutputError("module.no_scores", described=_described(scores), remedy=_remedy(scores))
    return int(scores.shape[1])


def _described(returned: Any) -> Finding:
    if isinstance(returned, Tensor):
        return Finding("value.shape", shape=tuple(returned.shape))
    kind = type(returned).__name__
    if isinstance(returned, Mapping) and returned:
        return Finding("value.mapping", kind=kind, names=tuple(map(repr, list(returned)[:6])))
    return Finding("value.empty_mapping" if isinstance(returned, Mapping) else "value.other", kind=kind)


def _remedy(returned: Any) -> Finding:
    one = returned[0] if isinstance(returned, (list, tuple)) and returned else returned
    values = list(one.values()) if isinstance(one, Mapping) else [one]
    if isinstance(one, Mapping) and "boxes" in one:
        return Finding("module.finds_boxes")
    if any(isinstance(value, Tensor) and value.ndim == 4 and value.shape[-1] * value.shape[-2] > 1 for value in values):
        return Finding("module.value_for_each_place")
    return Finding("module.give_logits")


def _labels(labels: Sequence[str] | Mapping[Any, Any] | None, outputs: int, head: Head) -> tuple[str, ...]:
    classes = head.classes(torch.zeros(1, outputs)).shape[1]
    if labels is None:
        return ("no", "yes") if head is HEADS["logit"] else tuple(f"class {index}" for index in range(classes))
    if isinstance(labels, (set, frozenset)):
        raise ModelError("labels.a_set", argument="`labels`")
    if isinstance(labels, Mapping):
        labels = from_mapping(labels, "`labels`")
    names = tuple(labels) if not isinstance(labels, str) else (labels,)
    if not all(isinstance(name, str) for name in names):
        wrong = next(name for name in names if not isinstance(name, str))
        raise ModelError("labels.holds_other", wrong=wrong)
    if head is HEADS["logit"] and len(names) == 1:
        names = (f"not {names[0]}", names[0])
    if len(names) != classes:
        raise ModelError("labels.wrong_count", names_count=len(names), classes=classes)
    return names


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
