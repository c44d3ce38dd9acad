"""Checkpoints that would take memory, time or the process, each made in a moment.

`HOSTILE` maps what is in one to its file's name, a function that makes its bytes, and words of the answer.
"""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import torch
from safetensors.torch import save as save_safetensors

__all__ = ["HOSTILE", "Hostile"]

MARK, STOP = b"(", b"."


def zipped(content: bytes, more: dict[str, bytes] | None = None) -> bytes:
    """A file as torch.save makes it, around the pickle `content`."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mine/data.pkl", content)
        for name, entry in {"version": b"3\n", **(more or {})}.items():
            archive.writestr(f"mine/{name}", entry)
    return file.getvalue()


def name(module: str, name: str) -> bytes:
    return b"c" + f"{module}\n{name}\n".encode()


def number(value: int) -> bytes:
    return b"\x8a" + bytes([9]) + value.to_bytes(9, "little", signed=True)


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def entry(key: str, value: bytes) -> bytes:
    """A pickle of a dict with one key."""
    return b"\x80\x02}" + text(key) + value + b"s" + STOP


def storage(count: int, key: str = "0") -> bytes:
    """The persistent identity of `count` floats."""
    identity = MARK + text("storage") + name("torch", "FloatStorage") + text(key) + text("cpu") + number(count) + b"t"
    return identity + b"Q"


def tensor(stored: bytes, first: int, shape: tuple[int, ...], stride: tuple[int, ...]) -> bytes:
    sizes = [MARK + b"".join(map(number, sides)) + b"t" for sides in (shape, stride)]
    arguments = MARK + stored + number(first) + sizes[0] + sizes[1] + b"\x89" + name("collections", "OrderedDict")
    return name("torch._utils", "_rebuild_tensor_v2") + arguments + b")Rt" + b"R"


FLOAT = {"data/0": bytes(4)}


def called_often(function: bytes) -> bytes:
    """A list of 100,000 numbers, and `function` called with it 50,000 times: each a copy, 40 GB."""
    values = b"](" + b"K\x01" * 100_000 + b"e" + b"q\x00"
    return entry("a", b"(" + values + function + b"q\x01" + b"".join([b"h\x01h\x00\x85R"] * 50_000) + b"t")


def deep_key() -> bytes:
    """A dict whose key is a tuple in a tuple in a tuple: to hash it Python calls itself 200,000 times, and ends."""
    return b"\x80\x02})" + b"\x85" * 200_000 + b"K\x01s."


def colliding_keys() -> bytes:
    """Numbers that Python's dict puts all in one place."""
    prime = (1 << 61) - 1
    return b"\x80\x02}(" + b"".join(number(index * prime) + b"N" for index in range(1, 60_000 // 512)) * 512 + b"u."


def many_entries() -> bytes:
    """A directory of 600,000 entries."""
    one = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    directory = one * 600_000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, len(directory), 4, 0)
    return b"PK\x03\x04" + directory + end


def overlapping() -> bytes:
    """A hundred entries that are all the same 20 MB, each declared as numbers of its own."""
    content = zipped(entry("a", b"N"), {"data/0": bytes(20_000_000)})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        one, start = archive.getinfo("mine/data/0"), archive.start_dir
    more = b""
    for index in range(1, 100):
        called = f"mine/data/{index}".encode()
        more += struct.pack(
            "<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 3, 20, 0, 0, 0, 0, 0, one.CRC, one.compress_size, one.file_size,
            len(called), 0, 0, 0, 0, 0, one.header_offset,
        ) + called  # fmt: skip
    end_at = content.rindex(b"PK\x05\x06")
    directory = content[start:end_at] + more
    count = 99 + 3
    return (
        content[:start]
        + directory
        + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), start, 0)
    )


def zip_bomb(kind: int, megabytes: int, declared: int) -> Callable[[], bytes]:
    """A file that unpacks to so many `megabytes`, and says that it unpacks to `declared` bytes."""

    def make() -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", kind, compresslevel=1) as archive:
            archive.writestr("mine/data.pkl", entry("a", tensor(storage(1), 0, (1,), (1,))))
            with archive.open("mine/data/0", "w") as packed:
                for _ in range(megabytes):
                    packed.write(bytes(1_000_000))
        content = bytearray(file.getvalue())
        struct.pack_into("<L", content, content.rindex(b"PK\x01\x02") + 24, declared)
        return bytes(content)

    return make


def safetensors(header: Any, values: bytes = b"", length: int | None = None) -> bytes:
    packed = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(packed) if length is None else length) + packed + values


def described(shape: Any, offsets: Any, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def many_names(count: int) -> bytes:
    empty = described([0], [0, 0])
    return safetensors({f"layer{index}.weight": empty for index in range(count)})


def long_name() -> bytes:
    return save_safetensors({"module." * 100_000 + "conv1.weight": torch.zeros(64, 3, 7, 7)})


def legacy(*pickles: bytes) -> bytes:
    start = [pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    return b"".join([*start, *pickles])


CODE, DAMAGED, NO_FIT = "can only be read by running code", "is damaged", "does not fit `architecture`"
TOO_LARGE, NOTHING = "MB, the limit is", "holds no tensors"
Hostile = tuple[str, Callable[[], bytes], str]
CALL = b"\x85R"
HUGE = number(3_000_000_000)
BYTEARRAY = name("builtins", "bytearray") + HUGE + CALL
MILLION_A = text("a" * 1_000_000) + b"q\x00" + name("_codecs", "encode") + b"q\x01"
STORED_BEFORE = (
    MARK + text("storage") + name("torch", "FloatStorage") + text("0") + text("cpu") + number(1 << 40) + b"NtQ"
)


def pt(value: bytes, words: str) -> Hostile:
    """A pickle that holds `value` under a key, beside the four bytes of one number."""
    return "a.pt", lambda: zipped(entry("conv1.weight", value), {"data/0": bytes(4)}), words


def raw(content: Callable[[], bytes], words: str) -> Hostile:
    return "a.pt", lambda: zipped(content()), words


def st(header: Any, words: str) -> Hostile:
    return "a.safetensors", lambda: safetensors(header, bytes(4)), words


HOSTILE: dict[str, Hostile] = {
    "bytearray": pt(BYTEARRAY, "builtins.bytearray"),
    "bytearray of Python 2": pt(name("__builtin__", "bytearray") + HUGE + CALL, "builtins.bytearray"),
    "bytearray before 1.6": ("a.pt", lambda: legacy(entry("a", BYTEARRAY), pickle.dumps([], 2)), "builtins.bytearray"),
    "bytearray by its operation": pt(b"\x96" + struct.pack("<Q", 3 << 30), DAMAGED),
    "text by its operation": pt(b"X" + struct.pack("<I", 4_000_000_000), DAMAGED),
    "an empty tensor": pt(name("torch", "Tensor") + HUGE + CALL, "(torch.Tensor)"),
    "a storage": pt(name("torch", "FloatStorage") + HUGE + CALL, CODE),
    "an untyped storage": pt(name("torch.storage", "UntypedStorage") + HUGE + CALL, CODE),
    "a range": pt(name("builtins", "range") + HUGE + CALL, "builtins.range"),
    "numpy": pt(name("numpy", "zeros") + HUGE + CALL, "numpy.zeros"),
    "an object": pt(name("torch", "Tensor") + b")\x81", CODE),
    "a far place in the memo": pt(b"Nr\xff\xff\xff\x7f", NOTHING),
    "sets of one list": raw(lambda: called_often(name("builtins", "set")), NOTHING),
    "dicts of one list": raw(lambda: called_often(name("collections", "OrderedDict")), CODE),
    "counters of one list": raw(lambda: called_often(name("collections", "Counter")), NOTHING),
    "bytes of one text": pt(b"(" + MILLION_A + b"h\x01h\x00X\x06\x00\x00\x00latin1\x86R" * 50_000 + b"t", NOTHING),
    "a key in a key": raw(deep_key, "a key of the type tuple"),
    "keys that collide": raw(colliding_keys, "a key of the type int"),
    "millions of lists": raw(lambda: b"\x80\x02(" + b"]" * 3_000_000 + b"t.", DAMAGED),
    "lists in lists": raw(lambda: b"\x80\x02" + b"]" * 200_000 + b"a" * 199_999 + b".", "holds 'list'"),
    "a trillion numbers": pt(storage(1 << 40), DAMAGED),
    "a trillion numbers before 1.6": (
        "a.pt",
        lambda: legacy(entry("a", STORED_BEFORE), pickle.dumps(["0"], 2), struct.pack("<q", 1 << 40)),
        DAMAGED,
    ),
    "one number spread over many": pt(tensor(storage(1), 0, (1 << 31, 1 << 10), (0, 0)), NO_FIT),
    "beyond what is stored": pt(tensor(storage(1), 0, (64, 3, 7, 7), (147, 49, 7, 1)), NO_FIT),
    "a place below nothing": pt(tensor(storage(1), -99, (1,), (1,)), DAMAGED),
    "sides without end": pt(tensor(storage(1), 0, (1,) * 2000, (1,) * 2000), DAMAGED),
    "no storage": pt(tensor(b"N", 0, (1,), (1,)), DAMAGED),
    "a zip bomb": ("a.pt", zip_bomb(zipfile.ZIP_DEFLATED, 410, 410_000_000), TOO_LARGE),
    "a zip bomb of another kind": ("a.pt", zip_bomb(zipfile.ZIP_BZIP2, 1, 1_000_000_000), TOO_LARGE),
    "a zip bomb that says it is none": ("a.pt", zip_bomb(zipfile.ZIP_DEFLATED, 410, 4), DAMAGED),
    "entries over each other": ("a.pt", overlapping, NOTHING),
    "more entries than tensors": ("a.pt", many_entries, DAMAGED),
    "a zip of nothing": ("a.pt", lambda: b"PK\x05\x06" + bytes(18), DAMAGED),
    "an old archive": ("a.pt", lambda: bytes(257) + b"ustar" + bytes(250), "before 2017"),
    "empty": ("a.pt", bytes, DAMAGED),
    "a header that lies": ("a.safetensors", lambda: safetensors({}, length=1 << 62), DAMAGED),
    "a header of blanks": st(b"{" + b" " * 30_000_000 + b"}", DAMAGED),
    "brackets": st(b'{"a":' + b"[" * 1_000_000, DAMAGED),
    "a header that is a list": st([1, 2], DAMAGED),
    "a tensor of exabytes": st({"a": described([1 << 60], [0, 4])}, DAMAGED),
    "a shape without end": st({"a": described([1] * 100_000, [0, 4])}, DAMAGED),
    "sides below nothing": st({"a": described([-1, -1], [0, 4])}, DAMAGED),
    "a kind of number": st({"a": described([1], [0, 4], "X" * 9999)}, NO_FIT),
    "a kind that is a list": st({"a": {**described([1], [0, 4]), "dtype": []}}, DAMAGED),
    "places as text": st({"a": described([1], ["0", "4"])}, DAMAGED),
    "many names": ("a.safetensors", lambda: many_names(120_000), "more than 100,000 tensors"),
    "very many names": ("a.safetensors", lambda: many_names(300_000), "header is longer"),
    "a long name": ("a.safetensors", long_name, NO_FIT),
}
