"""Which of a file's tensors belong into an architecture: the best-fitting part and prefix, found by names and shapes.

Training scripts put the weights beside much else, under keys and prefixes of their own; here none of those is known by
name. Every dict of the file and every prefix in it is tried, all at once, in time that grows with the file alone.
Public names: `REFERENCE_CLASSES`, `FoundWeights`, `fitting`, `without_memory`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ..errors import ModelError
from ..languages import Finding
from .base import Architecture
from .composed import Composed, composed
from .fetch import reason
from .tensor_file import Stored, TensorShape, check_count

__all__ = ["REFERENCE_CLASSES", "FoundWeights", "fitting", "without_memory"]

# what wrappers put between the names of modules, in front or in the middle
WRAPPERS = {"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}
# what averaging and counting leave beside the weights, which no forward pass in eval mode reads
COUNTERS = ("n_averaged", "num_batches_tracked")
# parts of a network that only training uses, by what is in their name
TRAINING = re.compile(r"criterion|loss|metric|acc", re.IGNORECASE)
# a file may hold two copies that fit: the averaged one is taken, for it is what its authors measured
AVERAGED = re.compile(r"(^|[._])(ema|averaged?|swa|teacher)([._]|$)", re.IGNORECASE)
DEEPEST, LONGEST_NAME, MOST_TRIED = 4, 1000, 6
# any number will do: the head is known by it
REFERENCE_CLASSES = 1000
NAMED = 3
COLOURS = 3


class FoundWeights(NamedTuple):
    """The number of classes, the tensors by the architecture's names, and what is said of where they were found."""

    classes: int
    tensors: dict[str, Stored]
    remarks: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class _Part:
    """The tensors of one dict below one prefix, by what their names are without it; `beside` it are unknown ones.

    `head` is what the layer is called that stands apart from the rest and was taken for the head.
    """

    where: str
    tensors: Mapping[str, Stored]
    beside: tuple[str, ...]
    fits: int
    head: str = ""


class _Reference:
    """What an architecture holds with REFERENCE_CLASSES classes."""

    def __init__(self, expected: Mapping[str, TensorShape]) -> None:
        self.shapes = expected
        self.heads = sorted(name for name, shape in expected.items() if shape[:1] == (REFERENCE_CLASSES,))
        self.deepest = max((name.count(".") for name in expected), default=0) + 1
        self.wrapped = any(WRAPPERS & set(name.split(".")) for name in expected)

    def alike(self, name: str, tensor: Stored) -> bool:
        """Whether `tensor` has the shape of what is called `name`, whatever the number of classes."""
        skip = 1 if name in self.heads else 0
        return tensor.shape[skip:] == self.shapes[name][skip:]


def fitting(content: Mapping[Any, Any], architecture: Architecture, outline: nn.Module, size: int) -> FoundWeights:
    """The number of classes, and the tensors that belong into `architecture` by its own names.

    `outline` is the architecture with REFERENCE_CLASSES classes, as `without_memory` makes it. Raises ModelError where
    they do not fit, with what differs.
    """
    reference = _Reference(_shapes(outline))
    dicts = list(_dicts(content))
    if not dicts:
        raise ModelError("checkpoint.no_tensors")
    parts = [part for where, tensors in dicts for part in _parts(where, tensors, reference)]
    # where nothing fits, what differs from the largest
    if not parts:
        largest = max((tensors for _, tensors in dicts), key=len)
        parts = [_Part("", largest, tuple(name for name in largest if name not in reference.shapes), 0)]
    parts.sort(key=lambda part: (-part.fits, AVERAGED.search(part.where) is None))
    problems = []
    for part in parts[:MOST_TRIED]:
        classes, problem = _checked(part, reference, architecture, size)
        if problem is None:
            tensors = {name: part.tensors[name] for name in reference.shapes if name in part.tensors}
            return FoundWeights(classes, tensors, _remarks(part, parts))
        problems.append(problem)
    raise ModelError("checkpoint.does_not_fit", architecture=architecture.name, problem=problems[0])


def _remarks(taken: _Part, parts: Sequence[_Part]) -> tuple[Finding, ...]:
    """What somebody should know about the part that was taken: other copies of the network, a head from elsewhere."""
    remarks = [Finding("checkpoint.head_apart", layer=taken.head)] if taken.head else []
    if count := sum(isinstance(one, Composed) for one in taken.tensors.values()):
        remarks.append(Finding("checkpoint.composed", count=count))
    others = [part.where for part in parts if part is not taken and part.fits == taken.fits]
    if others:
        remarks.append(Finding("checkpoint.several", taken=taken.where, others=tuple(others)))
    return tuple(remarks)


def _shapes(network: nn.Module) -> dict[str, TensorShape]:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def without_memory(architecture: Architecture, classes: int | None, size: int) -> nn.Module:
    """The network of an architecture with tensors that have a shape and no values; raises ModelError."""
    try:
        with torch.device("meta"):
            return architecture.build(classes, size)
    except Exception:
        # some look at values that they compute while they are built, and on that device there are none
        try:
            with _RoomOnMeta():
                return architecture.build(classes, size)
        except Exception as error:
            raise ModelError(
                "architecture.other_input_size",
                architecture=architecture.name,
                size=size,
                reason=reason(error),
            ) from error


class _RoomOnMeta(TorchFunctionMode):
    """Tensors that are only to be filled take no memory; those that are computed with are as usual."""

    def __torch_function__(self, function: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        options = dict(kwargs or {})
        if function in FILLED and options.get("device") is None:
            options["device"] = "meta"
        return function(*args, **options)


FILLED = {
    torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.empty_strided, torch.eye,
    torch.randint, torch.randperm,
}  # fmt: skip


def _dicts(content: Mapping[Any, Any]) -> Iterator[tuple[str, dict[str, Stored]]]:
    """Every dict of tensors in `content`, with the keys that lead to it."""
    seen, count = set(), 0
    level: list[tuple[str, Mapping[Any, Any]]] = [("", content)]
    for _ in range(DEEPEST):
        inner: list[tuple[str, Mapping[Any, Any]]] = []
        for where, one in level:
            if id(one) in seen:
                continue
            seen.add(id(one))
            tensors = {key: value for key, value in one.items() if isinstance(key, str) and isinstance(value, Stored)}
            count += len(tensors)
            check_count(count)
            if tensors:
                yield where, tensors
            inner += [(f"{where}.{str(key)[:LONGEST_NAME]}", v) for key, v in one.items() if isinstance(v, dict)]
        level = inner


def _parts(where: str, tensors: Mapping[str, Stored], reference: _Reference) -> Iterator[_Part]:
    """What is below each prefix under which a name of the architecture stands."""
    unwrapped = composed(dict(tensors) if reference.wrapped else _unwrapped(tensors), reference.shapes)
    fits: Counter[str] = Counter()
    known: dict[str, list[str]] = {}
    for name, tensor in unwrapped.items():
        pieces = name.rsplit(".", reference.deepest) if len(name) <= LONGEST_NAME else []
        for start in range(len(pieces)):
            ending = ".".join(pieces[start:])
            if ending in reference.shapes:
                prefix = name.removesuffix(ending)
                fits[prefix] += 1 + reference.alike(ending, tensor)
                known.setdefault(prefix, []).append(name)
    # other copies of the network, such as its average; one part that is called like another is none
    copies = {prefix for prefix, names in known.items() if 2 * len(names) > len(reference.shapes)}
    for prefix, count in fits.most_common(MOST_TRIED):
        below = {name[len(prefix) :]: tensor for name, tensor in unwrapped.items() if name.startswith(prefix)}
        others = {name for copy in copies - {prefix} for name in known[copy]}
        apart = {
            name: tensor
            for name, tensor in unwrapped.items()
            if name not in others and name.removeprefix(prefix) not in reference.shapes
            and not TRAINING.search(name.removeprefix(prefix).split(".")[0])
        }  # fmt: skip
        beside = tuple(name[len(prefix) :] for name in apart if name.startswith(prefix))
        tensors = _with_heads(below, reference)
        head = _head_apart(tensors, apart, reference)
        if head:
            last = reference.heads[0].rpartition(".")[0]
            tensors = {**tensors, **{f"{last}.{leaf}": apart[f"{head}.{leaf}"] for leaf in ("weight", "bias")}}
            beside = ()
        yield _Part(f"{where}.{prefix}".strip("."), tensors, beside, count, head)


def _unwrapped(tensors: Mapping[str, Stored]) -> dict[str, Stored]:
    """`tensors` by their names without what wrappers put into them."""
    found: dict[str, Stored] = {}
    for name, tensor in tensors.items():
        bare = ".".join(piece for piece in name.split(".") if piece not in WRAPPERS)
        found[bare if bare not in tensors else name] = tensor
    return found


def _layers_of(head: str, tensors: Mapping[str, Stored]) -> list[str]:
    """Names of the weights in a head that is a sequence of layers where the architecture has a single one."""
    base = head.rpartition(".")[0]
    inside = re.compile(rf"{re.escape(base)}\.\d+\.weight")
    return [name for name in tensors if inside.fullmatch(name)]


def _with_heads(tensors: dict[str, Stored], reference: _Reference) -> Mapping[str, Stored]:
    """With a head of one layer beside others without weights, such as dropout, under the name of the layer alone."""
    renamed = dict(tensors)
    for head in reference.heads:
        base, _, leaf = head.rpartition(".")
        layers = _layers_of(head, tensors) if head not in tensors else []
        inside = f"{layers[0].rpartition('.')[0]}.{leaf}" if len(layers) == 1 else ""
        if inside in tensors and reference.alike(f"{base}.weight", tensors[layers[0]]):
            renamed[head] = renamed.pop(inside)
    return renamed


def _head_apart(tensors: Mapping[str, Stored], apart: Mapping[str, Stored], reference: _Reference) -> str:
    """The name of the one layer beside the network that can only be its head; empty where there is none.

    People keep a network without its classes and a linear layer behind it as two parts of their own.
    """
    weights = [name for name in reference.heads if name.endswith(".weight")]
    base = weights[0].removesuffix(".weight") if len(weights) == 1 else ""
    head = next(iter(apart), "").rpartition(".")[0]
    pair = {f"{head}.weight", f"{head}.bias"}
    if set(reference.heads) != {f"{base}.weight", f"{base}.bias"} or tensors.keys() & reference.heads:
        return ""
    if not head or apart.keys() != pair or len(apart[f"{head}.weight"].shape) != 2:
        return ""
    fits = reference.alike(f"{base}.weight", apart[f"{head}.weight"])
    return head if fits and len(apart[f"{head}.bias"].shape) == 1 else ""


def _checked(part: _Part, reference: _Reference, architecture: Architecture, size: int) -> tuple[int, Finding | None]:
    """The number of classes, and what does not fit: None where all does."""
    classes = _classes(part.tensors, reference)
    expected = reference.shapes
    if classes not in (None, 0, REFERENCE_CLASSES):
        expected = _shapes(without_memory(architecture, classes, size))
    found = _differences(part, expected, architecture.optional)
    if not found and classes is None:
        found = [Finding("misfit.no_head")]
    if not found:
        return classes or 0, None
    remedy = _remedy(part, expected, reference.heads)
    return classes or 0, Finding("misfit.all", found=tuple(found), remedy=remedy)


def _classes(tensors: Mapping[str, Stored], reference: _Reference) -> int | None:
    """How many classes the head has: the last tensors whose first side is the reference's number of classes."""
    found = [
        tensors[name].shape[0]
        for name in reference.shapes
        if name in reference.heads and name in tensors and tensors[name].shape and reference.alike(name, tensors[name])
    ]
    return found[-1] if found else None


def _differences(part: _Part, expected: Mapping[str, TensorShape], optional: tuple[str, ...]) -> list[Finding]:
    skip = (*optional, *COUNTERS)
    missing = [name for name in expected if name not in part.tensors and not _is_any(name, skip)]
    unknown = [name for name in part.beside if name in part.tensors and not _is_any(name, skip)]
    other = [name for name, shape in expected.items() if name in part.tensors and part.tensors[name].shape != shape]
    found = []
    if missing:
        named = _named(f"{n!r} {expected[n]}" for n in missing)
        found.append(Finding("misfit.missing", count=len(missing), named=named))
    if unknown:
        found.append(Finding("misfit.unknown", count=len(unknown), named=_named(_short(n) for n in unknown)))
    if other:
        shapes = tuple(
            Finding("misfit.shape", name=n, expected=expected[n], found=part.tensors[n].shape) for n in other[:NAMED]
        )
        found.append(Finding("misfit.other_shape", count=len(other), shapes=shapes))
    return found


def _remedy(part: _Part, expected: Mapping[str, TensorShape], heads: Sequence[str]) -> Finding:
    for head in heads:
        if len(layers := _layers_of(head, part.tensors)) > 1:
            return Finding("misfit.several_layers", count=len(layers), named=_named(repr(name) for name in layers))
    for name, shape in expected.items():
        found = part.tensors[name].shape if name in part.tensors else shape
        if len(shape) == len(found) == 4 and shape[1] == COLOURS != found[1] and found[2:] == shape[2:]:
            return Finding("misfit.other_colours", channels=found[1], colours=COLOURS)
    return Finding("misfit.choose_architecture")


def _is_any(name: str, parts: tuple[str, ...]) -> bool:
    return name.startswith(parts) or name.endswith(parts)


def _short(name: str) -> str:
    return repr(name if len(name) <= 80 else f"{name[:80]}...")


def _named(items: Iterator[str] | Sequence[str]) -> str:
    names = list(items)
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
