"""Lists of wells without a header that names the readings: A1 above A2 above A3, a number beside each."""

from __future__ import annotations

from pathlib import Path

from pharmrs.assay.read.cells import Sheet, number
from pharmrs.assay.read.find import find_lists
from pharmrs.assay.read.grid import read_grids
from pharmrs.assay.records.plate import PlateExport
from pharmrs.core.errors import some_of
from pharmrs.core.read.problems import Problems

NAME = "list of wells"
_CYCLES = 3  # columns that are called by numbers: points of time, or a spectrum


def recognises(path: Path, sheets: tuple[Sheet, ...]) -> bool:
    """Whether any sheet holds wells below each other with numbers beside them."""
    ignored = Problems(str(path))
    return any(not block.labels for sheet in sheets for block in find_lists(sheet, ignored))


def read(path: Path, sheets: tuple[Sheet, ...], problems: Problems) -> PlateExport:
    """One plate per sheet; every column of numbers is a read."""
    plates = read_grids(path, sheets, problems, NAME, find_lists)
    for plate in plates:
        points = {read.label for read in plate.reads if number(read.label) is not None}
        if len(points) >= _CYCLES:
            found = f"{len(points)} points of time, or of a spectrum: {some_of(sorted(points))}"
            problems.add(f"plate {plate.names[0]}", "must be an end-point measurement", found, "export the end point")
    return PlateExport(source=str(path), plates=plates)
