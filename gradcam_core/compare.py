"""Maps side by side: models, methods, layers or classes as a grid on one scale.

    grid = Explainer().compare("cat.jpg", targets=[281, 282], methods=["gradcam", "hirescam"])
    grid.scale, grid.values(0, 1), grid.rank_correlation()

Public names: `AXES`, `TOLD_APART`, `Cell`, `Comparison`, `axes`, `compared`, `filled`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .canvases.project import normalise, project
from .canvases.render import Look, overlay_picture
from .engine.watch import Watch
from .errors import CamError, DeviceError, LayerError, MethodError, ModelError, OutputError
from .explanation import Explanation
from .languages import Finding, Said, say
from .methods import METHODS, find_method
from .request import AUTO, Request, as_list

__all__ = ["AXES", "TOLD_APART", "Cell", "Comparison", "axes", "compared", "filled"]

FloatArray = NDArray[np.float32]
# pixels of the picture that shows where two maps differ
MOST_DRAWN = 300_000
# what a row or a column of the grid asks for, by the options that it sets
Varied = Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """One map, or the sentence that says why there is none."""

    explanation: Explanation | None
    error: CamError | None = None

    @property
    def problem(self) -> str:
        """Why there is no map, in a sentence; empty where there is one."""
        return str(self.error or "")

    @classmethod
    def of(cls, explain: Callable[[], Explanation]) -> Cell:
        """What `explain` returns; where method, layer and side do not go together, why."""
        try:
            return cls(explain())
        except (DeviceError, LayerError, MethodError, ModelError, OutputError) as error:
            return cls(None, error)

    @property
    def in_score(self) -> bool:
        """Whether the map's values are parts of the score, and so on the scale that all such cells share."""
        return self.explanation is not None and METHODS[self.explanation.method].in_score

    @property
    def density(self) -> FloatArray:
        """(h, w) values times the number of places: what the whole input would add if it were all like this place.

        So that maps of different resolution compare: a score is shared among 49 places here and 12,544 there.
        """
        if self.explanation is None:
            return np.zeros((1, 1), np.float32)
        return self.explanation.cam * np.float32(self.explanation.cam.size)


@dataclass(frozen=True, repr=False)
class Comparison(Said):
    """A grid of maps of one image: `row_axis` and `column_axis` say what varies, "model", "target", "method", "layer".

    `rows` and `columns` are titles; `cells` has one tuple a row. Where the maps are contrasts, the grid is `signed`:
    both sides are drawn.
    """

    row_axis: str
    column_axis: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    signed: bool = False

    @property
    def scale(self) -> float:
        """The end of the shared scale: the largest magnitude of `Cell.density` among cells in units of the score.

        Finer maps are averaged to 7 x 7 places first, so that no single spike of an early layer sets it.
        """
        return max((_largest(cell) for row in self.cells for cell in row if cell.in_score), default=0.0)

    def values(self, row: int, column: int, *, shared: bool = True) -> FloatArray:
        """(h, w) in [-1, 1]: parts of `scale`; or of its own largest value for a map in other units or not `shared`.

        The largest of either sign where the grid is `signed`. What lies beyond the scale is at its end.
        """
        cell = self.cells[row][column]
        own = np.abs(cell.density) if self.signed else cell.density
        top = self.scale if shared and cell.in_score else float(own.max())
        return (cell.density / np.float32(top)).clip(-1, 1) if top > 0 else np.zeros_like(cell.density)

    def rank_correlation(self, column: int = 0) -> NDArray[np.float64]:
        """(rows, rows) rank correlation of the maps in `column`, -1 to 1; NaN where two cannot be compared.

        Maps of different models are compared on the photograph, where both look.
        """
        maps = [row[column].explanation for row in self.cells]
        found = np.full((len(maps), len(maps)), np.nan)
        for place in np.ndindex(found.shape):
            first, second = (maps[index] for index in place)
            if first is not None and second is not None:
                if self.row_axis == "model":
                    found[place] = first.rank_correlation_on_photograph(second)
                elif first.cam.shape == second.cam.shape:
                    found[place] = first.rank_correlation(second)
        return found

    def difference(self, column: int = 0) -> Image.Image | None:
        """Where the first two maps of `column` differ, over the photograph in grey: orange where the first is stronger.

        Each is divided by its strongest place before, and the colours end at the greatest difference; small, to be
        looked at. None where one of the two has no map.
        """
        first, second = ([row[column].explanation for row in self.cells] + [None, None])[:2]
        if first is None or second is None:
            return None
        first, second = first.at_most(MOST_DRAWN), second.at_most(MOST_DRAWN)
        drawn = [project(normalise(one.cam), one.placement) for one in (first, second)]
        differs = drawn[0] - drawn[1]
        # maps that are alike differ by little, and over a photograph's own colours nothing would be seen of it
        greatest = np.nanmax(np.abs(differs), initial=0.0)
        grey = np.asarray(Image.fromarray(first.photograph.pixels).convert("L").convert("RGB"))
        return overlay_picture(grey, differs / (greatest or 1.0), Look(signed=True, opacity=1.0))

    @property
    def finding(self) -> Finding:
        """What is compared, and for classes and models how alike the maps of the first two are."""
        rows, columns = len(self.rows), len(self.columns)
        grid = Finding("grid.maps", rows=rows, columns=columns, scale=self.scale, signed=self.signed)
        if self.row_axis not in TOLD_APART or len(self.rows) < 2 or np.isnan(alike := self.rank_correlation()[0, 1]):
            return grid
        first, second = self.rows[:2]
        at, by = Finding("grid.at_layer", layer=self.columns[0]), Finding("grid.by_method", method=self.columns[0])
        return Finding(
            "grid.nearly_same" if alike > NEARLY_THE_SAME else "grid.differ",
            grid=grid,
            first=first,
            second=second,
            where=at if self.column_axis == "layer" else by,
            correlation=float(alike),
        )

    def record(self) -> dict[str, Any]:
        """The grid as plain JSON values, raw maps included."""
        return {
            "sentence": self.sentence,
            "rows": {"are": self.row_axis, "titles": list(self.rows)},
            "columns": {"are": self.column_axis, "titles": list(self.columns)},
            "scale": self.scale,
            "cells": [[_plain(cell) for cell in row] for row in self.cells],
            "alike": [
                [
                    [None if np.isnan(value) else float(value) for value in line]
                    for line in self.rank_correlation(column)
                ]
                for column in range(len(self.columns))
            ],
        }


# options of a request of which a grid has several, each given as a list
AXES = ("target", "method", "layer")
NEARLY_THE_SAME = 0.9
# axes whose first two maps are held against each other in words
TOLD_APART = ("target", "model")
COARSE = 7


def compared(
    answered: Callable[[Request, Watch], Explanation],
    request: Request,
    targets: Sequence[Any],
    methods: Sequence[str | None],
    layers: Sequence[Any],
    models: Sequence[Any],
    watch: Watch,
) -> Comparison:
    """The grid of what is `answered` to `request` with each of the targets, methods, layers and models.

    Raises OptionError where one value is given for several, MethodError where a method is unknown, more than two have
    several or one has none, and the first cell's error where no cell has a map.
    """
    row_axis, rows, column_axis, columns = axes(targets, methods, layers, models)
    for varied in (*rows, *columns):
        if varied.get("method") not in (None, AUTO):
            find_method(varied["method"])
    places = [(row, column) for row in rows for column in columns]
    cells = []
    for number, (row, column) in enumerate(places):
        watch.at(number, len(places))
        asked = request.replace(**row, **column)
        cells.append(Cell.of(partial(answered, asked, watch.part(number, len(places)))))
    watch.at(len(places), len(places))
    lines = [cells[at : at + len(columns)] for at in range(0, len(cells), len(columns))]
    return filled(row_axis, rows, column_axis, columns, lines)


def axes(
    targets: Sequence[Any], methods: Sequence[str | None], layers: Sequence[Any], models: Sequence[Any] = (None,)
) -> tuple[str, list[Varied], str, list[Varied]]:
    """What varies along the rows with what each row asks for, and the same for the columns.

    Raises OptionError where one value is given for several, MethodError where more than two have several or one has
    none.
    """
    given = {"model": models, "target": targets, "method": methods, "layer": layers}
    wanted = {name: as_list(values, f"{name}s") for name, values in given.items()}
    if empty := tuple(f"`{name}s`" for name, values in wanted.items() if not values):
        raise MethodError("compare.nothing_to_compare", empty=empty)
    varying = [name for name, values in wanted.items() if len(values) > 1]
    if len(varying) > 2:
        raise MethodError("compare.three_sides", several=tuple(f"`{name}s`" for name in varying))
    # what does not vary stands where it reads best: one class over its methods, one method over its layers
    row, column = {
        (): ("target", "method"),
        ("target",): ("target", "method"),
        ("method",): ("target", "method"),
        ("layer",): ("method", "layer"),
        ("model",): ("model", "method"),
    }.get(tuple(varying)) or varying
    rest = {name: values[0] for name, values in wanted.items() if name not in (row, column)}
    rows: list[Varied] = [{**rest, row: value} for value in wanted[row]]
    columns: list[Varied] = [{column: value} for value in wanted[column]]
    return row, rows, column, columns


def filled(
    row_axis: str, rows: Sequence[Varied], column_axis: str, columns: Sequence[Varied], cells: Any
) -> Comparison:
    """The comparison with its titles; raises the first cell's error where no cell has a map."""
    table = tuple(tuple(line) for line in cells)
    if table[0][0].error is not None and all(cell.explanation is None for line in table for cell in line):
        raise table[0][0].error
    return Comparison(
        row_axis,
        column_axis,
        tuple(_title(row_axis, asked, line) for asked, line in zip(rows, table, strict=True)),
        tuple(_title(column_axis, asked, line) for asked, line in zip(columns, zip(*table, strict=True), strict=True)),
        table,
        any(cell.explanation is not None and cell.explanation.look.signed for line in table for cell in line),
    )


def _title(axis: str, asked: Varied, cells: Sequence[Cell]) -> str:
    found = next((cell.explanation for cell in cells if cell.explanation), None)
    if axis == "method":
        key = found.method if found else asked[axis]
        return METHODS[key].title if key in METHODS else str(key)
    if found is None:
        return str(asked[axis])
    if axis == "model":
        chance = Finding("class.given", label=found.target.label, probability=found.target.probability)
        return f"{found.model_title}: {say(chance)}"
    if axis != "target":
        return found.layer
    return say(Finding("class.sure", label=found.target.label, probability=found.target.probability))


def _largest(cell: Cell) -> float:
    height, width = (min(side, COARSE) for side in cell.density.shape)
    return float(np.abs(cv2.resize(cell.density, (width, height), interpolation=cv2.INTER_AREA)).max())


def _plain(cell: Cell) -> dict[str, Any]:
    if cell.explanation is None:
        return {"problem": cell.problem}
    record = cell.explanation.record()
    return {
        "request": record["request"],
        "in_score": cell.in_score,
        "map": {**record["map"], "values": cell.explanation.cam.tolist()},
    }
