"""A file of somebody's own weights, put into an architecture of torchvision's or timm's.

    network, preprocessing = load_checkpoint("mine.safetensors", "resnet18")
    labels = read_labels("classes.txt")

A file is data and never code: safetensors, or what `torch.load(weights_only=True)` reads. Public names:
`load_checkpoint`, `read_labels`, `read_weights`.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..engine.devices import is_out_of_memory
from ..errors import ModelError
from ..reading.preprocess import Preprocessing
from .base import Architecture
from .fetch import reason

__all__ = ["load_checkpoint", "read_labels", "read_weights"]

MEGABYTE = 1_000_000
MAX_BYTES = 10_000 * MEGABYTE
MAX_LABEL_BYTES = 10 * MEGABYTE
# where training scripts put the weights; averaged ones first, for these are what their authors measured
WRAPPINGS = (
    "state_dict_ema", "model_ema", "ema_state_dict", "ema_model", "ema", "state_dict", "model_state_dict", "model",
    "net", "network", "weights",
)  # fmt: skip
DEEPEST = 3
PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.", "backbone.", "timm_model.")
# what averaging and counting leave beside the weights, which no forward pass in eval mode reads
COUNTERS = ("n_averaged", "num_batches_tracked")
# any number will do: the head is known by it
REFERENCE_CLASSES = 1000
NAMED = 3
FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
SAVE_AGAIN = "save the weights alone, with safetensors or torch.save(model.state_dict(), path), and give that file."


def load_checkpoint(
    path: str | Path,
    architecture: Architecture,
    *,
    input_size: int | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    max_bytes: int = MAX_BYTES,
) -> tuple[nn.Module, Preprocessing]:
    """The network with the weights of `path`, and the preprocessing that it wants; raises ModelError.

    The number of classes is read from the head. `input_size` in pixels, `mean` and `std` per channel for values in
    [0, 1] replace what the architecture's own pretrained weights use.
    """
    preprocessing = _preprocessing(architecture.preprocessing(), input_size, mean, std)
    weights = read_weights(path, max_bytes=max_bytes)
    network, fitting = _fitted(weights, architecture, preprocessing.crop)
    _check_values(fitting, network)
    try:
        network.load_state_dict(fitting, strict=False)
    except (RuntimeError, NotImplementedError) as error:
        raise ModelError(f"The checkpoint cannot be put into {architecture.name!r} ({reason(error)}).") from error
    return network.eval(), preprocessing


def read_weights(path: str | Path, *, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """What the file holds, without running anything in it; raises ModelError."""
    path = Path(path)
    try:
        size, is_safetensors = path.stat().st_size, _is_safetensors(path)
    except OSError as error:
        raise ModelError(f"`path` {path.name!r} cannot be read ({reason(error)}); check the name.") from error
    if zipfile.is_zipfile(path):
        size = max(size, _unpacked(path))
    _check_size(path, size, max_bytes)
    content = _safetensors(path) if is_safetensors else _pickled(path)
    if not isinstance(content, dict):
        raise ModelError(
            f"`path` {path.name!r} holds {type(content).__name__!r}, expected a dict of tensors: {SAVE_AGAIN}"
        )
    for tensors in _state_dicts(content):
        # a few bytes may be told to stand for many numbers, all alike
        _check_size(path, sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()), max_bytes)
    return content


def _is_safetensors(path: Path) -> bool:
    with path.open("rb") as file:
        # whatever it is called: behind the length of its header that header, in JSON
        return path.suffix.lower() == ".safetensors" or file.read(9)[8:] == b"{"


def _check_size(path: Path, size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise ModelError(
            f"`path` {path.name!r} holds {size / MEGABYTE:,.0f} MB, the limit is {max_bytes / MEGABYTE:,.0f} MB;"
            " leave out what is not needed to run the model, such as the optimizer's state, or save in half precision."
        )


def _unpacked(path: Path) -> int:
    """Bytes of what is inside, which may be much larger than the file; raises ModelError for an archive of code."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile as error:
        raise _damaged(path) from error
    if any("/code/" in entry.filename for entry in entries):
        raise _code(path)
    return sum(entry.file_size for entry in entries)


def _damaged(path: Path) -> ModelError:
    return ModelError(f"`path` {path.name!r} is damaged, cut off, or no checkpoint of PyTorch's.")


def _code(path: Path) -> ModelError:
    return ModelError(
        f"`path` {path.name!r} can only be read by running code that is in it, which could do anything, so it is"
        f" refused: {SAVE_AGAIN}"
    )


def _safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.torch import load_file  # noqa: PLC0415

    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"`path` {path.name!r} is damaged or no safetensors file ({reason(error)}).") from error


def _pickled(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        # of a damaged file it may raise anything
        if is_out_of_memory(error):
            raise ModelError(f"`path` {path.name!r} needs more memory than there is, or is damaged.") from error
        # torch's words for a name that is not among those allowed
        is_code = "GLOBAL" in str(error) or "Trying to" in str(error)
        raise (_code(path) if is_code else _damaged(path)) from error


def _fitted(content: dict[str, Any], architecture: Architecture, size: int) -> tuple[nn.Module, dict[str, Tensor]]:
    """The network without its weights, and the tensors that belong into it."""
    reference = _shapes(architecture, REFERENCE_CLASSES, size)
    problems: list[list[str]] = []
    for candidate in _state_dicts(content):
        weights = _unprefixed(candidate, reference)
        classes = _classes(weights, reference)
        expected = reference if classes in (None, 0, REFERENCE_CLASSES) else _shapes(architecture, classes, size)
        found = _differences(weights, expected, architecture.optional)
        if not found and classes is None:
            found = ["its head is missing, so that the number of classes is not known"]
        if not found:
            return architecture.build(classes, size), {name: weights[name] for name in expected if name in weights}
        problems.append(found)
    if not problems:
        raise ModelError(f"The checkpoint holds no tensors, expected a dict of them: {SAVE_AGAIN}")
    nearest: list[str] = min(problems, key=len)
    raise ModelError(
        f"The checkpoint does not fit `architecture` {architecture.name!r}: {'; '.join(nearest)}."
        " Choose the architecture, and where tensors have another shape the input size, that it was trained with."
    )


def _shapes(architecture: Architecture, classes: int | None, size: int) -> dict[str, tuple[int, ...]]:
    try:
        with torch.device("meta"):
            network = architecture.build(classes, size)
    except (RuntimeError, NotImplementedError, ValueError, TypeError):
        # some look at values while they are built, and on this device there are none
        network = architecture.build(classes, size)
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def _state_dicts(content: Mapping[Any, Any], depth: int = 0) -> Iterator[dict[str, Tensor]]:
    """Every dict of tensors in `content`, the one most likely meant first."""
    if depth < DEEPEST:
        for key in WRAPPINGS:
            if isinstance(inner := content.get(key), Mapping):
                yield from _state_dicts(inner, depth + 1)
    tensors = {name: value for name, value in content.items() if isinstance(name, str) and isinstance(value, Tensor)}
    if tensors:
        yield tensors


def _unprefixed(weights: dict[str, Tensor], expected: Mapping[str, Any]) -> dict[str, Tensor]:
    """`weights` without what wrappers put before every name, or into those of a part."""

    def known(names: Sequence[str]) -> int:
        return sum(name in expected for name in names)

    again = True
    while again:
        again = False
        for prefix in PREFIXES:
            without = {name.removeprefix(prefix): tensor for name, tensor in weights.items()}
            shorter = len(without) == len(weights) and without.keys() != weights.keys()
            # below one prefix there may be another, which hides the names still
            if shorter and (
                known([*without]) > known([*weights])
                or all(name.startswith(prefix) for name in weights if not name.endswith(COUNTERS))
            ):
                weights, again = without, True
    # as older training scripts wrap the convolutions of AlexNet and VGG alone
    inner = {name.replace(".module.", "."): tensor for name, tensor in weights.items()}
    return inner if len(inner) == len(weights) and known([*inner]) > known([*weights]) else weights


def _classes(weights: Mapping[str, Tensor], reference: Mapping[str, tuple[int, ...]]) -> int | None:
    """How many classes the head has: the last tensors whose first side is the reference's number of classes."""
    found = [
        weights[name].shape[0]
        for name, shape in reference.items()
        if shape[0:1] == (REFERENCE_CLASSES,)
        and name in weights
        and tuple(weights[name].shape[1:]) == shape[1:]
        and weights[name].ndim
    ]
    return int(found[-1]) if found else None


def _differences(
    weights: Mapping[str, Tensor], expected: Mapping[str, tuple[int, ...]], optional: tuple[str, ...]
) -> list[str]:
    """What does not fit, in words: nothing where all does."""
    skip = (*optional, *COUNTERS)
    missing = [name for name in expected if name not in weights and not _is_any(name, skip)]
    unknown = [name for name in weights if name not in expected and not _is_any(name, skip)]
    other = [name for name in expected if name in weights and tuple(weights[name].shape) != expected[name]]
    words = []
    if missing:
        words.append(f"{len(missing)} tensors are missing ({_named(f'{n!r} {expected[n]}' for n in missing)})")
    if unknown:
        words.append(f"{len(unknown)} are not known there ({_named(repr(n) for n in unknown)})")
    if other:
        shapes = (f"{n!r}: expected {expected[n]}, found {tuple(weights[n].shape)}" for n in other)
        words.append(f"{len(other)} have another shape ({_named(shapes)})")
    return words


def _is_any(name: str, parts: tuple[str, ...]) -> bool:
    return name.startswith(parts) or name.endswith(parts)


def _named(items: Iterator[str]) -> str:
    names = list(items)
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")


def _check_values(weights: Mapping[str, Tensor], network: nn.Module) -> None:
    expected = network.state_dict()
    for name, tensor in weights.items():
        if found := _unfit(tensor, expected[name]):
            raise ModelError(
                f"The checkpoint's tensor {name!r} is {found}, expected floating point numbers, dense and of at least"
                f" 16 bits: {SAVE_AGAIN}"
            )
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise ModelError(
                f"The checkpoint's tensor {name!r} holds values that are not finite (NaN or infinity): its training"
                " went wrong, or the file is damaged. Give an earlier checkpoint."
            )


def _unfit(tensor: Tensor, expected: Tensor) -> str:
    """What `tensor` is, in a word, where it cannot be used in the place of `expected`."""
    if tensor.is_meta:
        return "without values"
    if tensor.layout is not torch.strided:
        return "sparse"
    numbers = expected.is_floating_point() and tensor.dtype not in FLOATS
    return str(tensor.dtype).removeprefix("torch.") if numbers else ""


def _preprocessing(
    usual: Preprocessing, size: int | None, mean: Sequence[float] | None, std: Sequence[float] | None
) -> Preprocessing:
    changes: dict[str, Any] = {}
    if size is not None:
        if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= 4096:
            raise ModelError(f"`input_size` {size!r} must be a whole number of pixels from 1 to 4096.")
        changes |= {"crop": size, "resize": round(size * usual.resize / usual.crop)}
    for name, values in (("mean", mean), ("std", std)):
        if values is None:
            continue
        numbers = tuple(values)
        fits = len(numbers) == 3 and all(isinstance(number, (int, float)) for number in numbers)
        if not fits or (name == "std" and min(numbers) <= 0):
            rule = "three numbers above 0" if name == "std" else "three numbers"
            raise ModelError(f"`{name}` {values!r} must be {rule}, one for each of red, green and blue in [0, 1].")
        changes[name] = tuple(float(number) for number in numbers)
    return replace(usual, **changes)


def read_labels(path: str | Path) -> tuple[str, ...]:
    """The names in a file: one a line, or JSON, a list or an object of index to name; raises ModelError."""
    path = Path(path)
    try:
        if path.stat().st_size > MAX_LABEL_BYTES:
            raise ModelError(f"`labels` {path.name!r} is larger than {MAX_LABEL_BYTES / MEGABYTE:.0f} MB.")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ModelError(f"`labels` {path.name!r} cannot be read ({reason(error)}); check the name.") from error
    except UnicodeDecodeError as error:
        raise ModelError(
            f"`labels` {path.name!r} is not UTF-8 text (byte {error.start} is no part of it); save it as UTF-8."
        ) from error
    names = _from_json(text, path.name) if text.lstrip()[:1] in ("{", "[") else text.strip("\r\n").splitlines()
    return tuple(name.strip() or f"class {index}" for index, name in enumerate(names))


def _from_json(text: str, file_name: str) -> list[str]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"`labels` {file_name!r} is no valid JSON ({reason(error)}).") from error
    if isinstance(content, dict):
        try:
            by_index = {int(key): value for key, value in content.items()}
            content = [by_index[index] for index in range(len(by_index))]
        except (ValueError, KeyError) as error:
            raise ModelError(
                f"`labels` {file_name!r} must map every index from 0 on to a name, but {reason(error)} is missing or"
                " no index."
            ) from error
    if not all(isinstance(name, str) for name in content):
        raise ModelError(f"`labels` {file_name!r} must hold texts only, one a class.")
    return content
