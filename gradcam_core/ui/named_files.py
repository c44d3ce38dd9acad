"""Files that requests name: uploads and nothing else; and those that answers name.

Public names: `in_answer`, `is_in_answer`, `of_request`, `of_tool_call`.

Gradio on its own fetches whatever address a request names as a file, and hands on a path that lacks its mark. A tool's
call (MCP) it answers by asking its own server as a client would, and that client opens whatever file a value names, as
if the server's files were the caller's, and hands it in.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, unquote

import gradio as gr
from gradio.blocks import Block

from ..errors import UploadError
from ..reading.archive import MAX_ARCHIVE_BYTES
from ..reading.uploads import NOT_UPLOADED, Upload
from ..serving.folder import written

__all__ = ["in_answer", "is_in_answer", "of_request", "of_tool_call"]

# how gradio tells a file from other values
MARK = {"_type": "gradio.FileData"}
# how gradio's helper that hands in a language model's file names it afterwards
ADDRESS = "/gradio_api/file="


def in_answer(content: bytes, name: str, folder: str) -> dict[str, Any]:
    """How an answer names a file of this `content`, which is written below `folder`; raises OSError.

    As gradio would say it, which looks the path up a dozen times, in the one thread that serves everybody.
    """
    path = written(content, name, folder)
    return {"path": path, "url": ADDRESS + quote(path), "orig_name": name, "is_stream": False, "meta": MARK}


def is_in_answer(value: Any) -> bool:
    """Whether it is what `in_answer` has made."""
    return isinstance(value, dict) and value.get("meta") is MARK


def of_request(value: Any, block: Block) -> Any:
    """What a request gives to `block`, a part of the page; raises UploadError where it names any file but an upload."""
    if not isinstance(block, (gr.Image, gr.File)) or value is None:
        _refuse_files(value)
        return value
    if getattr(block, "file_count", "single") == "multiple":
        return [_uploaded(one, block.GRADIO_CACHE) for one in (value if isinstance(value, list) else [value])]
    return _uploaded(value, block.GRADIO_CACHE)


def _uploaded(value: Any, folder: str) -> dict[str, Any]:
    upload = Upload(value["path"], folder) if _names_file(value) else None
    if upload is None or not upload.is_below:
        raise UploadError(NOT_UPLOADED)
    # nothing else that it says of the file is believed, an address least of all
    return {"path": upload.path, "orig_name": upload.name, "meta": MARK}


def of_tool_call(folder: str) -> Callable[[Any, Sequence[list[str | int]]], Any]:
    """What makes an endpoint's values of a tool's: a file is one in `folder`, or comes along as a data: address.

    It takes the place of gradio's `convert_strings_to_filedata`, and raises UploadError.
    """

    def convert(arguments: dict[str, Any], positions: Sequence[list[str | int]]) -> dict[str, Any]:
        files = {position[0] for position in positions}
        for name, value in arguments.items():
            if name not in files:
                _refuse_files(value)
        return {name: _tools_file(value, folder) if name in files else value for name, value in arguments.items()}

    return convert


def _tools_file(value: Any, folder: str) -> dict[str, Any]:
    text = value if isinstance(value, str) else ""
    if text.startswith("data:"):
        path = written(_decoded(text), "file", folder)
    else:
        path = unquote(text.partition(ADDRESS)[2]) if ADDRESS in text else text
    # what cannot be opened here is not handed to gradio's client, which opens it next; one more than a photograph's
    # size is refused where it is read
    Upload(path, folder).open(limit=MAX_ARCHIVE_BYTES).close()
    return {"path": path, "meta": MARK}


def _decoded(address: str) -> bytes:
    try:
        return base64.b64decode(address.partition(",")[2], validate=True)
    except (ValueError, binascii.Error):
        raise UploadError("uploads.no_base64") from None


def _refuse_files(value: Any) -> None:
    parts = [value]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            if _names_file(part) and "meta" in part:
                raise UploadError(NOT_UPLOADED)
            parts += part.values()
        elif isinstance(part, list):
            parts += part


def _names_file(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("path"), str)
