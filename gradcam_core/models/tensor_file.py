"""Files of tensors, read as data: safetensors, and what torch.save writes, now and before version 1.6.

    content = read_content(buffer, "mine.pt", max_bytes=400_000_000)
    content["conv1.weight"].shape        # nothing but the description has been read yet
    content["conv1.weight"].tensor()

A tensor is a view into the file: however many and however large ones it speaks of, they take no memory before they
are asked for. Public names: `Stored`, `TensorShape`, `check_count`, `check_size`, `read_content`.
"""

from __future__ import annotations

import json
import math
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import torch
from torch import Tensor

from ..errors import ModelError
from ..languages import Finding
from ..types import MEGABYTE
from .plain_pickle import NotPlainError, PickledCall, read_pickle

__all__ = ["Stored", "TensorShape", "check_count", "check_size", "read_content"]

# bytes of all that is no tensor: a network of a thousand layers takes less than 1 MB
MAX_HEADER = 64 * MEGABYTE
MAX_DIRECTORY = 8 * MEGABYTE
LONGEST_NAME = 80
# the largest networks have 5,000
MOST_TENSORS = 100_000
MOST_SIDES = 16
TensorShape = tuple[int, ...]
ZIP, TAR = b"PK\x03\x04", b"ustar"
# the first and the second pickle of a file that is no zip
MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
STORAGES = {
    "Double": torch.float64, "Float": torch.float32, "Half": torch.float16, "BFloat16": torch.bfloat16,
    "Long": torch.int64, "Int": torch.int32, "Short": torch.int16, "Char": torch.int8, "Byte": torch.uint8,
    "Bool": torch.bool, "ComplexDouble": torch.complex128, "ComplexFloat": torch.complex64, "QInt8": torch.qint8,
    "QUInt8": torch.quint8, "QInt32": torch.qint32,
}  # fmt: skip
SAFETENSORS = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
    "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool", "C64": "complex64", "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2", "U16": "uint16", "U32": "uint32", "U64": "uint64",
}  # fmt: skip


@dataclass(eq=False)
class _Block:
    """`nbytes` of the file from `offset` on; where that is known only later, `offset` is below 0."""

    buffer: Any
    offset: int
    nbytes: int


@dataclass(frozen=True, eq=False)
class _Storage:
    """Numbers of one kind in a block, from its element `first` on; None where each tensor says which kind."""

    dtype: torch.dtype | None
    block: _Block
    first: int = 0


@dataclass(frozen=True, eq=False)
class Stored:
    """One tensor of a file: its shape, and how to get it. `unfit` says why it cannot be had, in a word."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    stride: tuple[int, ...] = ()
    first: int = 0
    block: _Block | None = field(default=None, repr=False)
    unfit: str | Finding = ""

    @property
    def nbytes(self) -> int:
        """Of all its values, which may be many more than are stored."""
        return math.prod(self.shape) * self.dtype.itemsize

    def tensor(self) -> Tensor:
        """The values, a view into the file; raises ValueError where they are not in it."""
        if self.block is None:
            raise ValueError(f"a tensor that is {self.unfit}")
        if not math.prod(self.shape):
            return torch.empty(self.shape, dtype=self.dtype)
        size = self.dtype.itemsize
        last = self.first + sum((side - 1) * step for side, step in zip(self.shape, self.stride, strict=True))
        if self.block.offset < 0 or min(self.first, *self.stride, 0) < 0 or (last + 1) * size > self.block.nbytes:
            raise ValueError("a tensor that reaches beyond what is stored")
        start, count = self.block.offset + self.first * size, last + 1 - self.first
        buffer = memoryview(self.block.buffer)[start : start + count * size]
        # torch warns of what it may not write to, and numbers must begin where the processor expects them to
        writable = bytearray(buffer) if buffer.readonly or start % size else buffer
        values = torch.frombuffer(writable, dtype=torch.uint8)
        return values.view(self.dtype).as_strided(self.shape, self.stride)


def check_size(name: str, size: int, max_bytes: int) -> None:
    """Raises ModelError where a file called `name` holds more than `max_bytes`."""
    if size > max_bytes:
        raise ModelError("checkpoint.too_large", name=name, megabytes=size / MEGABYTE, most=max_bytes / MEGABYTE)


def check_count(count: int) -> None:
    """Raises ModelError where a file holds more tensors than any network."""
    if count > MOST_TENSORS:
        raise ModelError("checkpoint.too_many_tensors", most_tensors=MOST_TENSORS)


def read_content(buffer: Any, name: str, *, max_bytes: int) -> Any:
    """What a file called `name`, whose bytes `buffer` holds, was saved from, each tensor a `Stored`.

    Raises ModelError for files that are damaged, those that hold more than `max_bytes` once unpacked, and those that
    ask for more than tensors, containers, numbers and text, by the name of what they ask for.
    """
    is_safetensors = name.lower().endswith(".safetensors") or buffer[8:9] == b"{"
    try:
        if is_safetensors:
            return _safetensors(buffer)
        return (
            _zipped(buffer, lambda size: check_size(name, size, max_bytes)) if buffer[:4] == ZIP else _in_a_row(buffer)
        )
    except ModelError:
        raise
    except NotPlainError as error:
        raise ModelError("checkpoint.needs_code", name=name, what=_detail(error)) from error
    except (ValueError, TypeError, AttributeError, LookupError, zipfile.BadZipFile, zlib.error,
            struct.error, EOFError, OverflowError, RuntimeError) as error:  # fmt: skip
        # a changed byte may lead anywhere
        if is_safetensors:
            raise ModelError("checkpoint.damaged_safetensors", name=name, what=_detail(error)) from error
        raise ModelError("checkpoint.damaged", name=name) from error


def _detail(error: Exception) -> str | Finding:
    found = error.args[0] if error.args else ""
    return found if isinstance(found, Finding) else _cut(str(error))


def _cut(text: str) -> str:
    line = "".join(character if character.isprintable() else " " for character in text[: LONGEST_NAME + 1])
    return line if len(line) <= LONGEST_NAME else f"{line[:LONGEST_NAME]}..."


def _safetensors(buffer: Any) -> dict[str, Stored]:
    """The format's own description is a page long: the length of the header, the header in JSON, the values."""
    (length,) = struct.unpack("<Q", buffer[:8])
    if length > min(MAX_HEADER // 4, len(buffer) - 8):
        raise ValueError(Finding("file.long_header"))
    start = 8 + length
    header = json.loads(bytes(buffer[8:start]))
    check_count(len(header))
    return {name: _described(entry, buffer, start) for name, entry in header.items() if name != "__metadata__"}


def _described(entry: Any, buffer: Any, start: int) -> Stored:
    begin, end = entry["data_offsets"]
    shape = _numbers(entry["shape"])
    if entry["dtype"] not in SAFETENSORS:
        return Stored(torch.uint8, shape, unfit=_cut(str(entry["dtype"])))
    dtype = getattr(torch, SAFETENSORS[entry["dtype"]])
    fits = 0 <= begin <= end <= len(buffer) - start and end - begin == math.prod(shape) * dtype.itemsize
    if not fits:
        raise ValueError(Finding("file.other_size"))
    return Stored(dtype, shape, _contiguous(shape), 0, _Block(buffer, start + begin, end - begin))


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def _numbers(values: Any) -> tuple[int, ...]:
    """A shape or what is like one; raises ValueError."""
    fits = isinstance(values, (list, tuple)) and len(values) <= MOST_SIDES
    if not fits or not all(type(value) is int and 0 <= value < 1 << 62 for value in values):
        raise ValueError(Finding("file.no_shape"))
    return tuple(values)


class _Metered(BytesIO):
    """A file that `zipfile` may not read in larger pieces than a list of its entries can have.

    It would go through millions of entries, for a minute and with gigabytes, before it could be asked how many.
    """

    def __init__(self, buffer: Any) -> None:
        super().__init__()
        self._buffer, self._at = buffer, 0

    def seek(self, offset: int, whence: int = 0) -> int:
        at = (0, self._at, len(self._buffer))[whence] + offset
        if at < 0:
            raise OSError("before the beginning")
        self._at = at
        return at

    def tell(self) -> int:
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        left = max(len(self._buffer) - self._at, 0)
        count = left if size is None or size < 0 else min(size, left)
        if count > MAX_DIRECTORY:
            raise ValueError("a list of entries that is longer than any checkpoint's")
        self._at += count
        return bytes(self._buffer[self._at - count : self._at])


def _zipped(buffer: Any, check: Callable[[int], None]) -> Any:
    with zipfile.ZipFile(_Metered(buffer)) as archive:
        check(sum(entry.file_size for entry in archive.infolist() if entry.compress_type != zipfile.ZIP_STORED))
        entries = {entry.filename: entry for entry in archive.infolist()}
        if len(entries) < len(archive.infolist()):
            raise ValueError("two entries of one name")
        roots = [
            name.removesuffix("data.pkl") for name in entries if name.count("/") == 1 and name.endswith("/data.pkl")
        ]
        (root,) = roots
        if any(name.startswith(f"{root}code/") for name in entries):
            raise NotPlainError(Finding("file.torchscript"))
        blocks: dict[str, _Block] = {}

        def block(name: str) -> _Block:
            if name not in blocks:
                blocks[name] = _block(archive, entries[name], buffer)
            return blocks[name]

        if f"{root}byteorder" in entries and _whole(block(f"{root}byteorder")) != b"little":
            raise NotPlainError(Finding("file.other_processors"))

        def stored(identity: Any) -> _Storage:
            kind, (dtype, key, _place, count) = identity[0], identity[1:]
            if kind not in ("storage", b"storage") or not isinstance(key, str):
                raise NotPlainError(Finding("file.no_tensors_beside"))
            return _checked(dtype, count, block(f"{root}data/{key}"))

        content, promised = _whole(block(f"{root}data.pkl")), entries[f"{root}data.pkl"].CRC
        # torch can be told to write none
        if promised and zlib.crc32(content) != promised:
            raise ValueError("a pickle that has been changed")
        return read_pickle(BytesIO(content), KNOWN, stored)


def _block(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, buffer: Any) -> _Block:
    """Where an entry lies; one that is packed is unpacked, no further than it says."""
    if entry.compress_type == zipfile.ZIP_DEFLATED:
        unpacked = bytearray()
        with archive.open(entry) as file:
            while piece := file.read(MEGABYTE):
                unpacked += piece
        return _Block(unpacked, 0, len(unpacked))
    names, extra = struct.unpack("<HH", buffer[entry.header_offset + 26 : entry.header_offset + 30])
    start = entry.header_offset + 30 + names + extra
    is_there = (
        entry.compress_type == zipfile.ZIP_STORED and buffer[entry.header_offset : entry.header_offset + 4] == ZIP
    )
    if not is_there or start + entry.file_size > len(buffer):
        raise ValueError("an entry that is not in the file")
    return _Block(buffer, start, entry.file_size)


def _whole(block: _Block) -> bytes:
    if block.nbytes > MAX_HEADER:
        raise ValueError("a pickle longer than any network's")
    return bytes(block.buffer[block.offset : block.offset + block.nbytes])


def _checked(dtype: Any, count: Any, block: _Block) -> _Storage:
    (count,) = _numbers((count,))
    if not (dtype is None or isinstance(dtype, torch.dtype)) or count * (dtype.itemsize if dtype else 1) > block.nbytes:
        raise ValueError("more numbers than are stored")
    return _Storage(dtype, block)


def _in_a_row(buffer: Any) -> Any:
    """As torch.save wrote before version 1.6: five pickles, then the numbers of each storage behind their count."""
    if buffer[257:262] == TAR:
        raise NotPlainError(Finding("file.before_2017"))
    file = BytesIO(bytes(buffer[:MAX_HEADER]))
    storages: dict[str, _Storage] = {}

    def plain(_: Any) -> Any:
        raise ValueError("nothing is beside these pickles")

    def stored(identity: Any) -> _Storage:
        if identity[0] not in ("storage", b"storage"):
            # the source of a class
            named = _cut(repr(identity[1:2])) if type(identity[1]) is str else ""
            raise NotPlainError(Finding("file.a_class", name=named))
        dtype, key, _place, count, part = identity[1:]
        (count,) = _numbers((count,))
        if not isinstance(key, str) or not isinstance(dtype, torch.dtype):
            raise ValueError("a storage without a name")
        whole = storages.setdefault(key, _Storage(dtype, _Block(buffer, -1, count * dtype.itemsize)))
        first = 0 if part is None else _numbers(part[1:])[0]
        return _Storage(dtype, whole.block, first)

    magic, protocol, _system = (read_pickle(file, {}, plain) for _ in range(3))
    if magic != MAGIC or protocol != PROTOCOL:
        raise ValueError("no checkpoint")
    content, keys = read_pickle(file, KNOWN, stored), read_pickle(file, {}, plain)
    at = file.tell()
    for key in keys:
        block, dtype = storages[key].block, storages[key].dtype
        (count,) = struct.unpack("<q", buffer[at : at + 8])
        if not dtype or count * dtype.itemsize != block.nbytes or at + 8 + block.nbytes > len(buffer):
            raise ValueError("a storage that is not in the file")
        block.offset = at + 8
        at = block.offset + block.nbytes
    return content


def _view(storage: Any, first: int, shape: Any, stride: Any, *_: Any, dtype: torch.dtype | None = None) -> Stored:
    if not isinstance(storage, _Storage):
        raise ValueError("a tensor of nothing")
    dtype = dtype or storage.dtype or torch.uint8
    shape, stride, (first,) = _numbers(shape), _numbers(stride), _numbers((first,))
    if len(shape) != len(stride):
        raise ValueError(Finding("file.no_shape"))
    return Stored(dtype, shape, stride, storage.first + first, storage.block)


def _view_of(
    storage: Any, first: int, shape: Any, stride: Any, _gradient: Any, _hooks: Any, dtype: Any, *_: Any
) -> Any:
    if not isinstance(dtype, torch.dtype):
        raise ValueError("a tensor of no kind")
    return _view(storage, first, shape, stride, dtype=dtype)


def _without(why: Finding, shape_at: int) -> PickledCall:
    """A tensor that is known but cannot be used, whose shape is the argument at `shape_at`."""

    def describe(*arguments: Any) -> Stored:
        shape = arguments[shape_at]
        return Stored(torch.uint8, _numbers(shape) if isinstance(shape, tuple) else (), unfit=why)

    return PickledCall(describe)


def _sparse(_layout: Any, data: Any) -> Stored:
    return Stored(torch.uint8, _numbers(data[2]), unfit=Finding("tensor.sparse"))


def _typed(function: Any, _kind: Any, arguments: Any, _state: Any) -> Any:
    if not isinstance(function, PickledCall) or not isinstance(arguments, tuple):
        raise ValueError("a tensor of nothing")
    return function.describe(*arguments)


def _first(value: Any, *_: Any) -> Any:
    return value


def _empty(*arguments: Any) -> dict[Any, Any]:
    if arguments:
        # copied as often as a file wants
        raise NotPlainError(Finding("file.dict_of_list"))
    return {}


# what may be asked for by name; nothing of it allocates, and what is handed in is handed on, never copied
KNOWN: Mapping[str, Any] = {
    **{f"torch.{name}Storage": dtype for name, dtype in STORAGES.items()},
    **{f"torch.{name}": value for name, value in vars(torch).items() if isinstance(value, torch.dtype)},
    **{f"torch.{name}": name for name, value in vars(torch).items() if isinstance(value, torch.qscheme)},
    "torch.storage.UntypedStorage": None,
    "torch.Tensor": "torch.Tensor",
    "torch.nn.parameter.Parameter": "torch.nn.parameter.Parameter",
    "torch._utils._rebuild_tensor": PickledCall(_view),
    "torch._utils._rebuild_tensor_v2": PickledCall(_view),
    "torch._utils._rebuild_tensor_v3": PickledCall(_view_of),
    "torch._utils._rebuild_parameter": PickledCall(_first),
    "torch._utils._rebuild_parameter_with_state": PickledCall(_first),
    "torch._tensor._rebuild_from_type_v2": PickledCall(_typed),
    "torch._utils._rebuild_sparse_tensor": PickledCall(_sparse),
    "torch._utils._rebuild_qtensor": _without(Finding("tensor.quantised"), 2),
    "torch._utils._rebuild_meta_tensor_no_storage": _without(Finding("tensor.without_values"), 1),
    "torch.serialization._get_layout": PickledCall(_first),
    "torch.Size": PickledCall(_first),
    "torch.device": PickledCall(_first),
    "collections.OrderedDict": PickledCall(_empty),
    "collections.Counter": PickledCall(_first),
    "builtins.set": PickledCall(_first),
    "builtins.complex": PickledCall(_first),
    "_codecs.encode": PickledCall(_first),
}
