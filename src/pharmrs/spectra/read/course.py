"""The table of a series: which spectra, in which order, and what changed between them.

Columns: `file` (beside the table, or a whole path); where one recording is cut, `first` and `last`, its transients of
the row counted from 1; every other column is something that metabolites may follow: 0 and 1 for before and during,
minutes, the concentration of the drug in plasma.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pharmrs.core.read.cells import CellReader
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow, read_text_table
from pharmrs.core.records.arrays import FloatArray

_NAMED = ("file", "first", "last")


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseRow:
    """One spectrum: its file, the transients of it (None: all), and the row of the table."""

    file: Path
    transients: tuple[int, int] | None
    where: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseTable:
    """The rows in their order, and the names of the columns of the course."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[CourseRow, ...]


def read_course(path: Path) -> CourseTable:
    """The table of a series. Raises InputError with everything that is wrong with it."""
    problems = Problems(str(path))
    lines = read_text_table(path, problems, ("file",), None)
    columns = tuple(dict.fromkeys(name for line in lines for name in line.cells if name not in _NAMED))
    if lines and not columns:
        rule, remedy = "must have a column that tells the course", "add one, e.g. drug with 0 before and 1 after it"
        problems.add("columns", rule, "none", remedy)
    cells = CellReader(problems)
    rows = [_row(line, path.parent, columns, cells) for line in lines]
    _check_overlap(rows, problems)
    if len(problems.found) == 0:
        check_columns(rows, columns, problems)
    problems.raise_errors()
    return CourseTable(path=path, columns=columns, rows=tuple(rows))


def design_of(rows: tuple[CourseRow, ...] | list[CourseRow]) -> FloatArray:
    """The course (rows, columns)."""
    return np.array([row.values for row in rows], dtype=float)


def check_columns(rows: list[CourseRow], columns: tuple[str, ...], problems: Problems) -> None:
    """Enough spectra, and columns that can be told from the level and from each other."""
    needed = len(columns) + 2
    if len(rows) < needed:
        rule = f"must hold at least {needed} spectra for {len(columns)} column(s) of a course"
        problems.add("rows", rule, len(rows), "add spectra, cut the recording into more blocks, or leave a column out")
        return
    whole = np.column_stack([np.ones(len(rows)), design_of(rows)])
    for number, name in enumerate(columns, start=1):
        if np.linalg.matrix_rank(whole[:, : number + 1]) == np.linalg.matrix_rank(whole[:, :number]):
            rule = "must change over the spectra, and not as the columns before it do"
            values = ", ".join(f"{value:g}" for value in whole[:, number])
            problems.add(name, rule, values, "correct the column, or take it out of the table")


def _row(line: TextRow, folder: Path, columns: tuple[str, ...], cells: CellReader) -> CourseRow:
    problems, name = cells.problems, line.text("file")
    if not name:
        problems.add(f"{line.where}: file", "must be given", "missing", "write the name of the spectrum")
    values = []
    for column in columns:
        before = len(problems.found)
        values.append(cells.number(line, column))
        if not np.isfinite(values[-1]) and len(problems.found) == before:
            remedy = "write a number; take the row, or a column that is not a course, out of the table"
            problems.add(f"{line.where}: {column}", "must be a number", line.text(column) or "missing", remedy)
    return CourseRow(file=folder / name, transients=_transients(line, cells), where=line.where, values=tuple(values))


def _transients(line: TextRow, cells: CellReader) -> tuple[int, int] | None:
    if not line.text("first") and not line.text("last"):
        return None
    first, last = (cells.number(line, name) for name in ("first", "last"))
    if np.isfinite([first, last]).all() and 1 <= first <= last and first == int(first) and last == int(last):
        return int(first), int(last)
    found = f"{line.text('first') or 'missing'} to {line.text('last') or 'missing'}"
    cells.problems.add(
        f"{line.where}: first, last", "must be whole numbers from 1, first not above last", found,
        "write the first and the last transient of the row, or neither for all",
    )  # fmt: skip
    return None


def _check_overlap(rows: list[CourseRow], problems: Problems) -> None:
    """Each transient once: the same noise twice would count as two measurements."""
    seen: dict[Path, list[CourseRow]] = {}
    for row in rows:
        for other in seen.setdefault(row.file, []):
            apart = (
                row.transients
                and other.transients
                and (row.transients[0] > other.transients[1] or row.transients[1] < other.transients[0])
            )
            if not apart:
                rule = "must not hold transients of another row: they would be counted twice"
                problems.add(row.where, rule, f"{row.file.name}, see also {other.where}", "correct first and last")
                break
        seen[row.file].append(row)
