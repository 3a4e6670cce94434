"""Cells that somebody points at, `Sheet1!B15:M22`, as a plate; and which cells of an unknown export may be one."""

from __future__ import annotations

import math
import re
from pathlib import Path

from pharmrs.assay.read.blocks import as_array, cell_name, plate_shape
from pharmrs.assay.read.cells import Sheet, missing_word, number
from pharmrs.assay.read.find import block_of_cells
from pharmrs.assay.records.plate import Plate, PlateExport, PlateRead
from pharmrs.core.read.problems import Problems

_CELLS = re.compile(r"(?:'?(.+?)'?!)?\$?([A-Za-z]{1,3})\$?([1-9]\d{0,5}):\$?([A-Za-z]{1,3})\$?([1-9]\d{0,5})")
_MOST_ROWS, _MOST_COLUMNS = 32, 48
_FEWEST_ROWS, _FEWEST_COLUMNS, _SHOWN = 2, 3, 8
_MOST_LINES = 5000


def is_range(asked: str) -> bool:
    """Whether an option names cells: B15:M22, Sheet1!B15:M22."""
    return _CELLS.fullmatch(asked.strip()) is not None


def read_cells(path: Path, sheets: tuple[Sheet, ...], asked: str, problems: Problems) -> PlateExport:
    """The plate in these cells; the first of them is A1."""
    match = _CELLS.fullmatch(asked.strip())
    assert match is not None
    title = (match[1] or "").strip()
    sheet = next((one for one in sheets if not title or one.title.lower() == title.lower()), None)
    first, last = (int(match[3]) - 1, _column(match[2])), (int(match[5]) - 1, _column(match[4]))
    tall, wide = last[0] - first[0] + 1, last[1] - first[1] + 1
    if sheet is None:
        titles = ", ".join(one.title for one in sheets if one.title) or "one without a name"
        problems.add("read", f"must name a sheet of the export: {titles}", title, "correct the name of the sheet")
    elif not (1 <= tall <= _MOST_ROWS and 1 <= wide <= _MOST_COLUMNS):
        rule = f"must be cells of a plate, from its first well to its last: at most {_MOST_ROWS} x {_MOST_COLUMNS}"
        problems.add("read", rule, asked, "write the first and the last cell of the readings, e.g. B15:M22")
    if problems.found or sheet is None:
        return PlateExport(source=str(path), plates=())
    block = block_of_cells(sheet, first, last)
    block.report_texts(sheet, problems)
    read = PlateRead(
        label=asked.strip(), mode="", wavelength_nm=None, values=as_array(block.values, plate_shape([block])),
        missing=block.missing,
    )  # fmt: skip
    names = (path.stem, *((sheet.title,) if sheet.title else ()))
    plate = Plate(source=str(path), names=names, instrument=f"cells {asked.strip()}", reads=(read,))
    return PlateExport(source=str(path), plates=(plate,))


def _column(letters: str) -> int:
    place = 0
    for letter in letters.upper():
        place = 26 * place + ord(letter) - ord("A") + 1
    return place - 1


def grids_of_numbers(sheets: tuple[Sheet, ...]) -> list[str]:
    """What an unknown export holds: the cells of each block of numbers, how many they are, and from where to where."""
    found = [text for sheet in sheets for text in _numbers_of(sheet)]
    more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return found[:_SHOWN] + more


def _numbers_of(sheet: Sheet) -> list[str]:
    listed = []
    open_runs: dict[tuple[int, int], list[list[float]]] = {}  # first and last column -> lines so far
    for row in range(min(len(sheet.rows), _MOST_LINES) + 1):
        runs = _runs(sheet, row) if row < len(sheet.rows) else {}
        for columns in [one for one in open_runs if one not in runs]:
            listed += _as_text(sheet, row, columns, open_runs.pop(columns))
        for columns, values in runs.items():
            open_runs.setdefault(columns, []).append(values)
    return listed


def _runs(sheet: Sheet, row: int) -> dict[tuple[int, int], list[float]]:
    """Numbers side by side in a row: first and last column, and their values."""
    runs: dict[tuple[int, int], list[float]] = {}
    start, values = 0, list[float]()
    for place in range(len(sheet.rows[row]) + 1):
        value = number(sheet.cell(row, place))
        if value is not None or (values and missing_word(sheet.cell(row, place)) is not None):
            start = start if values else place
            values.append(value if value is not None else float("nan"))
            continue
        if len(values) >= _FEWEST_COLUMNS:
            runs[start, place - 1] = values
        values = []
    return runs


def _as_text(sheet: Sheet, end: int, columns: tuple[int, int], lines: list[list[float]]) -> list[str]:
    if len(lines) < _FEWEST_ROWS:
        return []
    known = [value for line in lines for value in line if math.isfinite(value)]
    cells = f"{cell_name(end - len(lines), columns[0])}:{cell_name(end - 1, columns[1])}"
    where = f"{sheet.title}!{cells}" if sheet.title else cells
    size = f"{len(lines)} x {columns[1] - columns[0] + 1}"
    return [f"{where} ({size} numbers, {min(known):.4g} to {max(known):.4g})"]
