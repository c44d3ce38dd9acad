"""The names of classes, as somebody gives them and out of a file in any of the forms in which people keep them.

One a line; JSON, YAML or the text of a Python value: a list, or a dict of index to name or name to index, perhaps
inside a model's configuration; a list of things that each have a name and perhaps a number; a table with commas,
semicolons or tabs whose header, or column of numbers, says where the names are.
Public names: `Labels`, `given_names`, `names_of`, `read_labels`.
"""

from __future__ import annotations

import ast
import csv
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, SupportsIndex, TypeAlias

import yaml

from ..errors import ModelError
from ..reading.uploads import Upload
from ..types import MEGABYTE
from .checkpoint import opened
from .fetch import reason

__all__ = ["Labels", "given_names", "names_of", "read_labels"]

# how somebody names classes: by index, as a dict either way round, or as a file
Labels: TypeAlias = "Sequence[str] | Mapping[Any, Any] | os.PathLike[str] | Upload"

MAX_LABEL_BYTES = 10 * MEGABYTE
# Python's reader of its own values takes a hundred times as much memory as the text
MAX_PYTHON_BYTES = MEGABYTE
# ten times as many classes as the largest public set of photographs has
MOST_CLASSES = 200_000
# keys of configurations, and of what datasets write, under which the names stand
KEYS = (
    "id2label",
    "class_to_idx",
    "label2id",
    "idx_to_class",
    "label_names",
    "class_names",
    "classes",
    "labels",
    "names",
)
# headers of tables: columns of names, the best first, and of numbers
NAME_COLUMNS = ("name", "label", "class_name", "label_name", "class", "category", "text")
INDEX_COLUMNS = ("index", "id", "idx", "class_id", "label_id", "class_index", "number", "")
THINGS = (NAME_COLUMNS, INDEX_COLUMNS)
# what may separate the cells of a table; a first line longer than this is no row of a number and a name
DELIMITERS, LONGEST_ROW = ",;\t", 10_000
# how values of JSON and Python begin; names of classes hardly do
BEGINNINGS = re.compile(r"""\s*[\[{]\s*(["'\d\]\[{}]|$)""")
QUOTED = re.compile(r'\s*"(?:[^"]|"")+"\s*')
LINES = re.compile(r"\r\n|\n|\r")
# how YAML begins that holds names: its keys, or in each line a dash or an index, and a name
YAML_KEYS = re.compile(rf"^(?:{'|'.join(KEYS)})[ \t]*:", re.MULTILINE)
YAML_ROW = re.compile(r"\s*(?:\d{1,9}[ \t]*:[ \t]+\S|-[ \t]+\S|#|$)")


def read_labels(path: str | Path | Upload) -> tuple[str, ...]:
    """The names in a file by index; raises ModelError."""
    name = path.name if isinstance(path, Upload) else Path(path).name
    text = _text(path, name)
    if BEGINNINGS.match(text.split("\n", 1)[0]):
        return tuple(_cleaned(_of_value(_value(text, name), f"`labels` {name!r}")))
    if text.count("\n") + text.count("\r") > 2 * MOST_CLASSES:
        raise _too_many(name)
    lines = LINES.split(text)
    while lines and not lines[-1].strip():
        lines.pop()
    while lines and not lines[0]:
        del lines[0]
    if YAML_KEYS.search(text) or (lines and all(map(YAML_ROW.match, lines))):
        return tuple(_cleaned(_of_value(_yaml(text, name), f"`labels` {name!r}")))
    if len(lines) > MOST_CLASSES:
        raise _too_many(name)
    if all(line.endswith(",") for line in lines):
        # a table of one column
        lines = [line[:-1] for line in lines]
    return tuple(_cleaned(_column(lines) or lines))


def given_names(labels: Any) -> tuple[str, ...]:
    """The names that somebody gave by index: texts, one text, a file of them, or a mapping as below; raises ModelError.

    Of more than any network has the first are taken, for what gives them may never end.
    """
    if isinstance(labels, (set, frozenset)):
        raise ModelError("labels.a_set", argument="`labels`")
    if isinstance(labels, Upload):
        return read_labels(labels)
    if isinstance(labels, os.PathLike) or (isinstance(labels, str) and _is_file(labels)):
        return read_labels(Path(os.fsdecode(labels)))
    # a column of a table is one too: its values may stand in another order than its indices
    if isinstance(labels, Mapping) or (callable(getattr(labels, "items", None)) and hasattr(labels, "index")):
        labels = _from_mapping(dict(islice(labels.items(), MOST_CLASSES + 1)), "`labels`")
    if not isinstance(labels, Iterable):
        raise ModelError("labels.holds_other", wrong=labels)
    names = tuple(islice(labels, MOST_CLASSES + 1)) if not isinstance(labels, str) else (labels,)
    for name in names:
        if not isinstance(name, str):
            raise ModelError("labels.holds_other", wrong=name)
    # those of arrays are texts of a kind of their own
    return tuple(map(str, names))


def names_of(labels: Labels, classes: int) -> tuple[str, ...]:
    """The names that somebody gave of so many classes; raises ModelError, also where they are more or fewer."""
    names = given_names(labels)
    if len(names) != classes:
        raise ModelError("labels.wrong_count", names_count=len(names), classes=classes)
    return names


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        # too long for a path, or with a zero in it
        return False


def _from_mapping(names: Mapping[Any, Any], argument: str) -> list[Any]:
    """The names by index of a mapping of index to name, or of name to index; raises ModelError about `argument`."""
    inverse = {value: key for key, value in names.items() if isinstance(value, (SupportsIndex, str))}
    # text beside whole numbers is the name, though it may be a number: "10" is the third folder of "0", "1", "10"
    only_names = all(isinstance(key, str) and isinstance(value, SupportsIndex) for key, value in names.items())
    named = inverse if only_names else names
    for by in (named, inverse):
        indices = {_index(key): value for key, value in by.items()}
        if None not in indices and len(indices) == len(names):
            absent = next((index for index in range(len(indices)) if index not in indices), None)
            if absent is None:
                return [indices[index] for index in range(len(indices))]
            raise ModelError("labels.index_missing", argument=argument, absent=absent)
    raise ModelError("labels.no_mapping", argument=argument)


def _index(value: Any) -> int | None:
    if isinstance(value, SupportsIndex) and not isinstance(value, bool):
        return value.__index__()
    return int(value) if isinstance(value, str) and re.fullmatch(r"\s*\d{1,9}\s*", value) else None


def _too_many(name: str) -> ModelError:
    return ModelError("labels.too_many", argument=f"`labels` {name!r}", most=MOST_CLASSES)


def _text(path: str | Path | Upload, name: str) -> str:
    with opened(path, "labels") as file:
        content = file.read(MAX_LABEL_BYTES + 1)
    if len(content) > MAX_LABEL_BYTES:
        raise ModelError("labels.too_large", name=name, megabytes=MAX_LABEL_BYTES / MEGABYTE)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ModelError("labels.not_utf8", name=name, byte=error.start) from error


def _value(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        problem = reason(error)
    if len(text) <= MAX_PYTHON_BYTES:
        try:
            return ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            # the usual form is the one to be mended
            pass
    raise ModelError("labels.no_json", name=name, problem=problem)


def _yaml(text: str, name: str) -> Any:
    if len(text) > MAX_PYTHON_BYTES:
        raise ModelError("labels.too_large", name=name, megabytes=MAX_PYTHON_BYTES / MEGABYTE)
    try:
        # every value is a text: "no" and "1e5" are names here
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes texts, lists and dicts, nothing else
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ModelError("labels.no_yaml", name=name, problem=reason(error)) from error


def _of_value(value: Any, argument: str) -> list[str]:
    if isinstance(value, dict):
        inner = next((value[key] for key in KEYS if isinstance(value.get(key), (dict, list))), value)
        value = _from_mapping(inner, argument) if isinstance(inner, dict) else inner
    if isinstance(value, (set, frozenset)):
        raise ModelError("labels.a_set", argument=argument)
    if not isinstance(value, (list, tuple)):
        raise ModelError("labels.texts_only", argument=argument)
    if len(value) > MOST_CLASSES:
        raise ModelError("labels.too_many", argument=argument, most=MOST_CLASSES)
    if value and all(isinstance(one, dict) for one in value):
        value = _of_things(value, argument)
    # as ImageNet's own list has them: the identifier, then the name
    names = [one[-1] if isinstance(one, (list, tuple)) and one else one for one in value]
    if not all(isinstance(name, str) for name in names):
        raise ModelError("labels.texts_only", argument=argument)
    return names


def _of_things(things: Sequence[dict[Any, Any]], argument: str) -> list[Any]:
    """The names of things that each have one, by the numbers that they have, or in their order; raises ModelError."""
    name, number = (next((key for key in keys if all(key in one for one in things)), None) for keys in THINGS)
    if name is None:
        raise ModelError("labels.texts_only", argument=argument)
    if number is None:
        return [one[name] for one in things]
    if any(_index(one[number]) is None for one in things):
        raise ModelError("labels.no_mapping", argument=argument)
    return _from_mapping({_index(one[number]): one[name] for one in things}, argument)


def _column(lines: Sequence[str]) -> list[str]:
    """The names in a table, whose header or whose column of numbers says where they stand; none where it is none.

    Several lines of nothing but a name in quotation marks are one too.
    """
    found = (read(lines, between) for between in DELIMITERS for read in (_below_header, _beside_numbers))
    quoted = len(lines) > 1 and all(map(QUOTED.fullmatch, lines))
    return next(filter(None, found), [row[0] for row in _rows(lines, ",", 1)] if quoted else [])


def _below_header(lines: Sequence[str], between: str) -> list[str]:
    header = [cell.strip().strip('"').casefold() for cell in lines[0].split(between)] if lines else []
    column = next((header.index(name) for name in NAME_COLUMNS if name in header), None)
    if column is None or not (len(header) > 1 and any(name in header for name in INDEX_COLUMNS)):
        return []
    rows = _rows(lines[1:], between, len(header))
    at = next(header.index(name) for name in INDEX_COLUMNS if name in header)
    return [row[column] for row in _in_order(rows, at) or rows]


def _beside_numbers(lines: Sequence[str], between: str) -> list[str]:
    """Of two columns the one that does not hold all numbers from 0 on."""
    first = lines[0] if lines and len(lines[0]) <= LONGEST_ROW else ""
    sides = [at for at, cell in enumerate(next(csv.reader([first], delimiter=between), ())) if _index(cell) is not None]
    rows = _rows(lines, between, 2) if sides and between in first else []
    return next(([row[1 - at] for row in ordered] for at in sides if (ordered := _in_order(rows, at))), [])


def _rows(lines: Sequence[str], between: str, columns: int) -> list[list[str]]:
    """The cells of each line; none where some have others than so many `columns`."""
    try:
        rows = list(csv.reader(lines, skipinitialspace=True, delimiter=between))
    except csv.Error:
        return []
    return rows if all(len(row) == columns for row in rows) else []


def _in_order(rows: list[list[str]], at: int) -> list[list[str]]:
    """The `rows` by the numbers in the column `at`; none where these are not all from 0 on."""
    indices = [_index(row[at]) for row in rows]
    if sorted(index if index is not None else -1 for index in indices) != list(range(len(rows))):
        return []
    return [row for _, row in sorted(zip(indices, rows, strict=True), key=lambda pair: pair[0] or 0)]


def _cleaned(names: Sequence[str]) -> list[str]:
    return [name.strip() or f"class {index}" for index, name in enumerate(names)]
