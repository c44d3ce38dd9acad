"""The rows of an audit, one a photograph, and their Parquet file. Public names: `PART`, `SCHEMA`, `Row`, `RowFile`,
`read`.

    with RowFile(Path("rows.parquet"), settings) as rows:
        for row in rows.kept():     # what an earlier run, which may have been killed, has left
            ...
        rows.add(row)
    pandas.read_parquet("rows.parquet")

While rows come they are written as numbered parts into a folder beside the file; at the end the parts become the file,
without ever being in memory together. `settings` say what the rows were made with: other ones begin anew.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import OptionError

__all__ = ["PART", "SCHEMA", "Row", "RowFile", "read"]

# rows that are written to the disk together, or what there is after so long: where the program is killed it loses no
# more, and one photograph may take minutes
PART, PART_SECONDS = 64, 5.0
SETTINGS = b"gradcam_audit"


def _column(kind: str, about: str, default: Any = None) -> Any:
    return field(default=default, metadata={"kind": kind, "about": about})


@dataclass(frozen=True, kw_only=True)
class Row:
    """One photograph; what is not known of it is None. The columns of the Parquet file have the same names."""

    name: str = field(metadata={"kind": "string", "about": "path below the folder"})
    size_bytes: int = _column("int64", "length of the file", 0)
    modified: float = _column("float64", "when the file was last written, in seconds since 1970", 0.0)
    reason: str | None = _column("string", "why there is no answer; null where there is one")
    width: int | None = _column("int32", "pixels of the photograph, upright")
    height: int | None = _column("int32", "pixels of the photograph, upright")
    truth: int | None = _column("int32", "index of the true class")
    truth_label: str | None = _column("string", "its label")
    index: int | None = _column("int32", "index of the most probable class, which the map explains")
    label: str | None = _column("string", "its label")
    probability: float | None = _column("float32", "its probability")
    right: bool | None = _column("bool", "whether it is the true class")
    second: int | None = _column("int32", "index of the runner-up")
    second_label: str | None = _column("string", "its label")
    margin: float | None = _column("float32", "how much more probable the first is than the runner-up, 0 to 1")
    concentration: float | None = _column("float32", "0: evidence is even, near 1: one place has it all")
    centre_x: float | None = _column("float32", "the evidence's centre of mass, from 0 on the left to 1")
    centre_y: float | None = _column("float32", "the same from 0 at the top to 1")
    border_share: float | None = _column("float32", "share of the evidence within 0.15 of an edge")
    border_place: str | None = _column("string", "where at the border most of it lies, as top_left or right")
    hidden: float | None = _column("float32", "the probability with the hottest 20 % hidden")
    effect: float | None = _column("float32", "what hiding them takes from the probability")
    inside_share: float | None = _column("float32", "share of the map inside the object's outline, where one is given")
    peak_inside: bool | None = _column("bool", "whether the map's peak lies inside it")
    map: tuple[float, ...] | None = _column("list", "the map row by row, signed, at its own resolution")
    map_height: int | None = _column("int32", "rows of the map")
    map_width: int | None = _column("int32", "columns of the map")
    left: float | None = _column("float32", "where the map's cells lie on the photograph, in parts of its width")
    top: float | None = _column("float32", "the same in parts of its height")
    right_edge: float | None = _column("float32", "the same in parts of its width")
    bottom: float | None = _column("float32", "the same in parts of its height")
    thumbnail: bytes | None = _column("binary", "the photograph as a small JPEG")

    @property
    def cam(self) -> NDArray[np.float32]:
        """(h, w) signed map."""
        return np.array(self.map or (0.0,), np.float32).reshape(self.map_height or 1, self.map_width or 1)


SCHEMA: Mapping[str, tuple[str, str]] = {one.name: (one.metadata["kind"], one.metadata["about"]) for one in fields(Row)}


def _arrow() -> Any:
    """Arrow's schema of the rows, each column with what it means."""
    import pyarrow  # noqa: PLC0415 - takes a part of a second, and only audits need it

    kinds = {"list": pyarrow.list_(pyarrow.float32()), "bool": pyarrow.bool_()}
    return pyarrow.schema(
        pyarrow.field(name, kinds.get(kind) or getattr(pyarrow, kind)(), metadata={"about": about})
        for name, (kind, about) in SCHEMA.items()
    )


class RowFile:
    """The rows at `path`, to be entered by one process, which others may help with `write`.

    With `path` None they are kept nowhere.

    Raises OptionError where something else lies there, OSError where the disk is full.
    """

    def __init__(self, path: Path | None, settings: Mapping[str, Any]) -> None:
        self.path = path
        self._settings = _bytes_of(settings)
        self._waiting: list[Row] = []
        self._next = 0
        self._written_at = time.monotonic()

    @property
    def parts(self) -> Path:
        """The folder of the parts."""
        path = self.path or Path()
        return path.with_name(f"{path.name}.parts")

    def __enter__(self) -> RowFile:
        if self.path is None:
            return self
        if self.path.exists() and _settings_of(self.path) is None:
            raise OptionError("audit.other_file", file=self.path.name)
        self.parts.mkdir(parents=True, exist_ok=True)
        written = self._written()
        self._next = 1 + max((int(part.stem) for part in written), default=-1)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # what was computed before somebody stopped it is kept for the next time
        self.flush()

    def kept(self) -> Iterator[Row]:
        """The rows that were made with the same settings before, each photograph's last one last."""
        if self.path is None:
            return
        for path in ([self.path] if self.path.exists() else []) + self._written():
            if _settings_of(path) == self._settings:
                yield from read(path)

    def add(self, row: Row) -> None:
        """Write a row, with others, soon."""
        if self.path is not None:
            self._waiting.append(row)
            if len(self._waiting) >= PART or time.monotonic() - self._written_at >= PART_SECONDS:
                self.flush()

    def is_of(self, settings: Mapping[str, Any]) -> bool:
        """Whether the rows are made with these settings."""
        return self._settings == _bytes_of(settings)

    def flush(self) -> None:
        """Write what waits."""
        if self.path is not None and self._waiting:
            self.write(self.free(), self._waiting)
            self._waiting.clear()
            self._written_at = time.monotonic()

    def free(self) -> int:
        """The number of a part that nobody has written yet."""
        self._next += 1
        return self._next - 1

    def part(self, number: int) -> Path:
        """The file of a part."""
        return self.parts / f"{number:08}.parquet"

    def write(self, number: int, rows: Sequence[Row]) -> None:
        """Write a part, whole or not at all; other processes may write others meanwhile."""
        import pyarrow.parquet  # noqa: PLC0415

        listed = [{name: getattr(row, name) for name in SCHEMA} for row in rows]
        schema = _arrow().with_metadata({SETTINGS: self._settings})
        unfinished = self.part(number).with_suffix(".unfinished")
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(listed, schema), unfinished, compression="zstd")
        unfinished.replace(self.part(number))

    def finish(self, names: list[str]) -> None:
        """Make one file of all parts, the last row of each of `names` in their order, and delete the parts."""
        if self.path is None:
            return
        import pyarrow.parquet  # noqa: PLC0415

        self.flush()
        unfinished = self.parts / "unfinished"
        schema = _arrow().with_metadata({SETTINGS: self._settings})
        lies: dict[str, tuple[Path, int, int]] = {}
        for source in ([self.path] if self.path.exists() else []) + self._written():
            if _settings_of(source) == self._settings:
                lies |= _lying(source)
        with pyarrow.parquet.ParquetWriter(unfinished, schema, compression="zstd") as writer:
            for start in range(0, len(names), PART):
                places = [lies[name] for name in names[start : start + PART] if name in lies]
                together = groupby(places, lambda place: (place[0], place[1]))
                pieces = [_taken(source, group, [at for _, _, at in several]) for (source, group), several in together]
                if pieces:
                    writer.write_table(pyarrow.concat_tables(pieces).cast(schema))
        unfinished.replace(self.path)
        shutil.rmtree(self.parts)

    def _written(self) -> list[Path]:
        return sorted(path for path in self.parts.glob("*.parquet") if path.stem.isdecimal())


def read(path: Path) -> Iterator[Row]:
    """The rows of a Parquet file, some at a time."""
    for batch in _batches(path):
        for values in batch.to_pylist():
            if values["map"] is not None:
                values["map"] = tuple(values["map"])
            yield Row(**values)


def _lying(path: Path) -> dict[str, tuple[Path, int, int]]:
    """In which group of a file each name's last row lies, and where there."""
    import pyarrow.parquet  # noqa: PLC0415

    with pyarrow.parquet.ParquetFile(path) as file:
        groups = range(file.metadata.num_row_groups)
        listed = [(group, file.read_row_group(group, columns=["name"]).column(0).to_pylist()) for group in groups]
    return {name: (path, group, at) for group, names in listed for at, name in enumerate(names)}


def _taken(path: Path, group: int, places: list[int]) -> Any:
    """The rows at some `places` of one group."""
    import pyarrow.parquet  # noqa: PLC0415

    with pyarrow.parquet.ParquetFile(path) as file:
        return file.read_row_group(group, columns=list(SCHEMA)).take(places)


def _batches(path: Path) -> Iterator[Any]:
    import pyarrow.parquet  # noqa: PLC0415

    with pyarrow.parquet.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=PART, columns=list(SCHEMA))


def _bytes_of(settings: Mapping[str, Any]) -> bytes:
    return json.dumps(settings, sort_keys=True).encode()


def _settings_of(path: Path) -> bytes | None:
    """What the rows of a file were made with; None where it holds no audit's rows."""
    import pyarrow  # noqa: PLC0415
    import pyarrow.parquet  # noqa: PLC0415

    try:
        return (pyarrow.parquet.read_schema(path).metadata or {}).get(SETTINGS)
    except (pyarrow.ArrowException, OSError):
        return None
