"""Tecan Sunrise with Magellan, Excel 97 export: a grid of readings, a grid of sample names, a table of samples."""

from __future__ import annotations

from pathlib import Path

from pharmrs.assay.read.cells import Sheet
from pharmrs.assay.read.grid import read_grids
from pharmrs.assay.records.plate import PlateExport
from pharmrs.core.read.problems import Problems

NAME = "Tecan Sunrise (Magellan)"


def recognises(_path: Path, sheets: tuple[Sheet, ...]) -> bool:
    """Whether a sheet is named as Magellan names them and begins with a grid."""
    return any(sheet.title.startswith("Magellan Sheet") and _begins_with_grid(sheet) for sheet in sheets)


def _begins_with_grid(sheet: Sheet) -> bool:
    return any(sheet.text(row, 0) == "<>" for row in range(20))


def read(path: Path, sheets: tuple[Sheet, ...], problems: Problems) -> PlateExport:
    """One plate per Magellan sheet."""
    chosen = tuple(sheet for sheet in sheets if _begins_with_grid(sheet))
    return PlateExport(source=str(path), plates=read_grids(path, chosen, problems, NAME))
