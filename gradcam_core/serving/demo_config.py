"""A file of options: every option of the command line by its name, in TOML.

    title = "Why did the sorter say so?"
    only = true

    [[models]]
    model = "weights.safetensors"
    architecture = "timm/resnet18"
    labels = "classes.txt"

Paths in it are meant from where it lies. A mistake is one sentence with its place. Public names: `VARIABLE`,
`found_config`, `read_config`.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli

from ..errors import LONGEST_SHOWN, ServingError, did_you_mean, first_line, shown
from ..languages import Finding
from .options import MODEL_OPTIONS, OPTIONS, HostOption

__all__ = ["VARIABLE", "found_config", "read_config"]

# the path of such a file, or what stands in it
VARIABLE = "GRADCAM_DEMO"
BESIDE_APP = "demo.toml"
MODELS = "models"
MAX_BYTES = 1_000_000
# what TOML gives for each kind of option, and how that is called
KINDS: Mapping[str, tuple[tuple[type, ...], Finding]] = {
    "text": ((str,), Finding("config.kind_text")),
    "number": ((int, float), Finding("config.kind_number")),
    "numbers": ((list,), Finding("config.kind_numbers")),
    "texts": ((str, list), Finding("config.kind_texts")),
    "switch": ((bool,), Finding("config.kind_switch")),
}
# options that are paths where something lies there
PATHS = ("examples", "labels")


def found_config(given: str | None, beside: Path) -> dict[str, Any]:
    """What the file of options says: the one `given`, that of the variable, or demo.toml in the folder `beside`.

    Empty where there is none. Raises ServingError.
    """
    variable = os.environ.get(VARIABLE, "")
    if given is not None:
        return _in_file(Path(given))
    if "=" in variable or "\n" in variable:
        return read_config(variable, VARIABLE, beside)
    if variable.strip():
        return _in_file(Path(variable))
    path = beside / BESIDE_APP
    return _in_file(path) if path.is_file() else {}


def _in_file(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise OSError(0, f"it has more than {MAX_BYTES:,} bytes")
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        raise ServingError("config.unreadable", path=str(path), reason=Finding("config.not_utf8")) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ServingError("config.unreadable", path=str(path), reason=reason) from None
    return read_config(text, path.name, path.resolve().parent)


def read_config(text: str, name: str, folder: Path) -> dict[str, Any]:
    """The options in `text`, checked; `name` is what mistakes call it, and its paths start in `folder`.

    Models are a list of dicts called "models". Raises ServingError.
    """
    try:
        # what ends without a line's end has no line to name
        content = tomli.loads(f"{text}\n")
    except (tomli.TOMLDecodeError, RecursionError) as error:
        raise ServingError("config.no_toml", name=name, reason=first_line(error)) from None
    reader = _FileReader(text, name, folder)
    single = {key: content.pop(key) for key in list(content) if key in MODEL_OPTIONS}
    tables = content.pop(MODELS, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ServingError("config.models_table", place=reader.place(MODELS))
    found = reader.options(content, OPTIONS, (MODELS, *MODEL_OPTIONS))
    models = [reader.options(single, MODEL_OPTIONS)] if single else []
    models += [reader.options(table, MODEL_OPTIONS, table=number) for number, table in enumerate(tables, 1)]
    for number, model in enumerate(models, 0 if single else 1):
        if "model" not in model:
            key = next(iter(model), MODELS)
            raise ServingError("config.model_missing", place=reader.place(key, number))
        model["place"] = reader.place("model", number)
    return {**found, **({MODELS: models} if models else {})}


@dataclass(frozen=True)
class _FileReader:
    """Reads the values of one file."""

    text: str
    name: str
    folder: Path

    def place(self, key: str, table: int = 0) -> Finding:
        """Where `key` stands, of the options themselves or of the so manieth table of models."""
        lines, seen, at = self.text.splitlines(), 0, 0
        for number, line in enumerate(lines, 1):
            if re.match(r"\s*\[", line):
                seen += 1
                if table and seen == table:
                    # where the key itself cannot be found, its table
                    at = number
            elif seen == table and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*[.=]""", line):
                at = number
                break
        return Finding("config.place", name=self.name, line=at or 1, key=key[:LONGEST_SHOWN])

    def options(
        self, content: Mapping[str, Any], known: Mapping[str, HostOption], further: tuple[str, ...] = (), table: int = 0
    ) -> dict[str, Any]:
        """The values of `content` by option; raises ServingError for the first that is none of the `known`."""
        found: dict[str, Any] = {}
        for written, value in content.items():
            key = written.replace("-", "_")
            place = self.place(written, table)
            if key not in known:
                raise ServingError("config.unknown", place=place, near=did_you_mean(key, [*known, *further]))
            found[key] = self._value(key, value, known[key], place)
        return found

    def _value(self, key: str, value: Any, option: HostOption, place: Finding) -> Any:
        types, called = KINDS[option.kind]
        values = value if isinstance(value, list) else [value]
        inner = (str,) if option.kind == "texts" else (int, float) if option.kind == "numbers" else types
        # a switch is a number too, as Python sees it
        fits = isinstance(value, types) and all(
            isinstance(one, inner) and isinstance(one, bool) == (option.kind == "switch") for one in values
        )
        if not fits:
            raise ServingError("config.kind", place=place, expected=called, value=shown(value))
        if option.kind == "switch":
            return value
        if option.choices and value not in option.choices:
            near = did_you_mean(str(value), option.choices)
            raise ServingError("config.choice", place=place, value=shown(value), near=near)
        try:
            if option.kind == "numbers":
                return option.read(",".join(map(str, values)))
            read = [option.read(str(one)) for one in values]
        except argparse.ArgumentTypeError as error:
            raise ServingError("config.value", place=place, problem=str(error)) from None
        if key in PATHS or key == "model":
            read = [self._path(one, only_if_there=key == "model") for one in read]
        return read if option.kind == "texts" else read[0]

    def _path(self, text: str, *, only_if_there: bool) -> str:
        path = self.folder / text
        try:
            return str(path) if path.exists() or not only_if_there else text
        except (OSError, ValueError):
            return text
