"""A network of one's own as a `ModelSpec`: shared weights, nothing of it changed.

Public names: `About`, `Reader`, `encoder_of`, `spec`, `tried`, `twin`, `unwrapped`.

What is run is a copy of the modules that shares every tensor with the original: in eval mode, frozen, on any
device, while the original may be trained or run by others.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ..engine.devices import is_out_of_memory
from ..errors import CamError, ModelError, OutputError, first_line
from ..languages import Finding
from ..reading.preprocess import Encoder, Preprocessing, input_side
from ..reading.probed_transform import Ramped
from ..reading.trials import trial_picture, trial_pictures
from ..tasks.classes import HEADS, LOGIT, SOFTMAX, VALUE, Head, find_head
from .alone import alone, detached, patched_forward
from .base import CLASSES, ModelSpec
from .failing import check_weights, failing, registered
from .frozen import frozen
from .labels_file import Labels, given_names, names_of
from .returned import described, remedy, scores_in, unsteady
from .sizes import placed
from .spoken import Wording
from .squashed import EACH_ALONE, SIGMOID, Squashed, TrialAnswers, squashed

__all__ = ["About", "Reader", "encoder_of", "spec", "tried", "twin", "unwrapped"]

DEFAULT_SIZE = 224
# the share of the resized picture's side that the usual crop keeps
CENTRE = 0.875
# wrappers around a module, by the attribute that holds it
WRAPPERS = {"DataParallel": "module", "DistributedDataParallel": "module", "OptimizedModule": "_orig_mod"}


@dataclass(frozen=True, kw_only=True)
class About:
    """What somebody says about a network of one's own: the options of `Explainer.add_model`, which describes them."""

    task: str = CLASSES
    words: Wording | None = None
    labels: Labels | None = None
    transform: Encoder | Callable[[Any], Any] | None = None
    input_size: int | None = None
    logits: Callable[[Any], Tensor] | None = None
    head: str | None = None
    title: str | None = None
    private: bool = False
    usable: Callable[[], bool] | None = None
    largest_input: int | None = None


def spec(name: str, module: nn.Module, about: About) -> ModelSpec:
    """The entry for `module`, run a few times to learn what it returns; raises ModelError, OutputError."""
    if not isinstance(module, nn.Module):
        raise ModelError("module.wrong_type", kind=type(module).__name__)
    inner = unwrapped(module)
    check_weights(inner)
    encoder = encoder_of(about.transform, about.input_size)
    reader = Reader()
    raw = twin(inner, reader)
    pictures = [placed(picture, raw) for picture in trial_pictures(encoder)]
    returned = tried(raw, inner, encoder, about.title or name)
    # once: what gives them may be used up
    names = None if about.labels is None else given_names(about.labels)
    pick, remarks = _picked(about.logits, returned, None if names is None else len(names))
    answers = TrialAnswers.of(raw, pictures, pick)
    if answers.are_constant:
        remarks = (*remarks, Finding("scores.constant"))
    remarks = (*remarks, *unsteady(answers.rows[0], answers.again))
    squash = squashed(raw, pictures, answers)
    outputs = pick(returned).shape[1]
    chosen = _head(about.head, outputs, squash, labelled=names is not None)
    if chosen is VALUE:
        squash = None
        remarks = (*remarks, Finding("scores.value"))
    remarks = (*remarks, squash.remark) if squash is not None else remarks
    named = _labels(names, outputs, chosen)
    read = partial(_read, pick, squash, chosen)
    reader.read = read
    # the copy that was tried out serves once
    ready = [raw]
    return ModelSpec(
        name=name,
        title=about.title or name,
        source="own",
        build=lambda: ready.pop() if ready else twin(inner, Reader(read)),
        preprocessing=lambda: encoder,
        labels=lambda: named,
        is_offline=lambda: True,
        head=chosen,
        private=about.private,
        usable=about.usable,
        largest_input=about.largest_input,
        remarks=remarks,
    )


def _picked(
    logits: Callable[[Any], Tensor] | None, returned: Any, classes: int | None
) -> tuple[Callable[[Any], Tensor], tuple[Finding, ...]]:
    """What makes (n, K) scores of what the network returns, and what is said of it; raises OutputError, ModelError."""
    if logits is None:
        found = scores_in(returned, classes)
        if found is None:
            raise OutputError("module.no_scores", described=described(returned), remedy=remedy(returned))
        return found.pick, (found.remark,) if found.remark else ()
    if not callable(logits):
        raise ModelError("logits.not_callable", logits=logits)
    try:
        values = logits(returned)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise ModelError(
            "logits.fails",
            described=described(returned),
            error_type=type(error).__name__,
            first_line=first_line(error, type(error).__name__),
        ) from error
    found = scores_in(values) if isinstance(values, Tensor) and values.is_floating_point() else None
    if found is None:
        raise OutputError("logits.no_scores", described=described(values))
    return partial(_through, logits, found.pick), ()


def _through(logits: Callable[[Any], Tensor], pick: Callable[[Tensor], Tensor], returned: Any) -> Tensor:
    return pick(logits(returned))


def _head(key: str | None, outputs: int, squash: Squashed | None, *, labelled: bool) -> Head:
    """The head called `key`, or of None the one that fits; raises ModelError where it cannot be."""
    if key is None:
        if outputs == 1:
            return LOGIT if squash is not None or labelled else VALUE
        return HEADS[SIGMOID] if squash is not None and squash.kind in EACH_ALONE else SOFTMAX
    chosen = find_head(key)
    if chosen is LOGIT and outputs != 1:
        raise ModelError("head.logit_needs_one_output", outputs=outputs)
    if chosen is SOFTMAX and outputs == 1:
        raise ModelError("head.softmax_of_one_output")
    return chosen


def unwrapped(module: nn.Module) -> nn.Module:
    """The module inside DataParallel, DistributedDataParallel and torch.compile's wrapper."""
    while (attribute := WRAPPERS.get(type(module).__name__)) and isinstance(getattr(module, attribute), nn.Module):
        module = getattr(module, attribute)
    return module


def _as_it_is(run: Callable[[], Any]) -> Any:
    return run()


@dataclass
class Reader:
    """What a twin's call returns: what `read` makes of the call of its module."""

    read: Callable[[Callable[[], Any]], Any] = _as_it_is


def twin(module: nn.Module, reader: Reader) -> nn.Module:
    """The modules copied, the tensors shared; its call returns what `reader` makes of the call of the module's own."""
    shared: dict[int, Any] = {}
    for part in module.modules():
        for parameter in part.parameters(recurse=False):
            shared[id(parameter)] = nn.Parameter(parameter.detach(), requires_grad=False)
        # buffers, and what a forward pass has left behind, which as a part of a graph cannot be copied
        for tensor in (*part.buffers(recurse=False), *(v for v in vars(part).values() if isinstance(v, Tensor))):
            shared.setdefault(id(tensor), tensor.detach())
    try:
        copied = copy.deepcopy(module, shared)
    except Exception as error:
        if is_out_of_memory(error):
            raise
        line = first_line(error, type(error).__name__)
        raise ModelError("module.not_copied", kind=type(module).__name__, first_line=line) from error
    detached(copied, shared)
    kind = type(copied)
    # a class may do something of its own around its forward
    around = kind.__call__ is not nn.Module.__call__
    try:

        class Scores(kind):  # type: ignore[valid-type, misc]
            def forward(self, *args: Any, **options: Any) -> Any:
                forward = patched_forward(self) or super().forward
                return forward(*args, **options) if around else _answered(reader, self, forward, *args, **options)

        if around:

            def call(self: nn.Module, *args: Any, **options: Any) -> Any:
                return _answered(reader, self, partial(kind.__call__, self), *args, **options)

            Scores.__call__ = call
        Scores.__name__ = Scores.__qualname__ = kind.__name__
        # a class may refuse what is set on it
        object.__setattr__(copied, "__class__", Scores)
    except Exception:
        # a class may forbid others to derive from it; a copy of the copy has a call of its own
        vars(copied)["forward"] = partial(_called, reader, copied)
    return frozen(copied)


def _called(reader: Reader, module: nn.Module, *args: Any, **options: Any) -> Any:
    forward = patched_forward(module) or partial(type(module).forward, module)
    return _answered(reader, module, forward, *args, **options)


def _answered(reader: Reader, module: nn.Module, forward: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """What `reader` makes of `forward`, which leaves nothing behind, not even in what it is given."""
    if not torch.compiler.is_exporting():
        # it may write to its input, and split it up as only what lies in one piece can be
        args = tuple(one.clone(memory_format=torch.contiguous_format) if _is_image(one) else one for one in args)
    try:
        return alone(module, partial(reader.read, partial(forward, *args, **options)))
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:
        # of somebody's script, that is; here it would end the program, or whatever thread runs it
        line = first_line(error, "no word about it")
        raise ModelError("module.exits", error_type=type(error).__name__, first_line=line) from error


def _is_image(given: Any) -> bool:
    return isinstance(given, Tensor) and given.is_floating_point()


def _read(pick: Callable[[Any], Tensor], squash: Squashed | None, head: Head, run: Callable[[], Any]) -> Tensor:
    """(n, K) logits of the classes of `head`."""
    return head.classes(pick(run()) if squash is None else squash.undo(run))


def encoder_of(transform: Encoder | Callable[[Any], Any] | None, input_size: int | None) -> Encoder:
    """What makes the input of a photograph: a `transform`, or the usual one; raises ModelError."""
    if transform is not None and input_size is not None:
        raise ModelError("input_size.beside_transform", input_size=input_size)
    if isinstance(transform, Encoder):
        return transform
    if transform is not None:
        return Ramped(transform)
    size = DEFAULT_SIZE if input_size is None else input_side(input_size)
    return Preprocessing(int(size / CENTRE), size)


def tried(network: nn.Module, module: nn.Module, encoder: Encoder, name: str) -> Any:
    """What `network`, the twin of `module`, returns for a picture; raises ModelError."""
    try:
        with torch.no_grad():
            return registered(module, network, lambda: network(placed(trial_picture(encoder), network)))
    except CamError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        # anything may happen in somebody's own code: it is said, not thrown at them
        raise failing(module, error, encoder.input_shape, name) from error


def _labels(names: tuple[str, ...] | None, outputs: int, head: Head) -> tuple[str, ...]:
    classes = head.classes(torch.zeros(1, outputs)).shape[1]
    if names is None and head is VALUE:
        return ("value",) if outputs == 1 else tuple(f"value {index}" for index in range(outputs))
    if names is None:
        return ("no", "yes") if head is LOGIT else tuple(f"class {index}" for index in range(classes))
    if head is LOGIT and len(names) == 1:
        names = (f"not {names[0]}", names[0])
    return names_of(names, classes)
