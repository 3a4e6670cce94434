"""Tidy tables: one row per observation, tab-separated, each with a BIDS data dictionary beside it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.characters import shown_as_text
from pharmrs.core.errors import SEVERITIES, InputProblem
from pharmrs.core.files.atomic import write_text, writing
from pharmrs.core.records.columns import Column, columns_of
from pharmrs.core.report import dictionaries
from pharmrs.core.report.numbers import MISSING

Cell = str | float | int | bool | None
Row = dict[str, Cell]

_SIGNIFICANT_DIGITS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table to be written as `<name>.tsv` and `<name>.json`: columns with their definitions, and rows.

    Where there may be millions, `rows` are made one by one as they are asked for.
    """

    name: str
    columns: Mapping[str, Column]
    rows: Iterable[Row]


def table_of_rows(name: str, row: type, rows: Iterable[object]) -> Table:
    """The table of records of the class `row`, whose fields carry their columns."""
    columns = columns_of(row)
    cells = tuple({column: getattr(one, column) for column in columns} for one in rows)
    return Table(name=name, columns=columns, rows=cells)


@dataclass(frozen=True, slots=True)
class RowsWhenAsked:
    """Rows that are made anew each time somebody goes through them, and held by nobody."""

    make: Callable[[], Iterator[Row]]

    def __iter__(self) -> Iterator[Row]:
        return self.make()


def cell_text(value: Cell) -> str:
    """One cell: `n/a` when missing (BIDS), yes/no, at most ten significant digits, no more than needed; no formula."""
    if isinstance(value, float):
        return MISSING if math.isnan(value) else f"{value:.{_SIGNIFICANT_DIGITS}g}"
    if value is None or value == "":
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    return shown_as_text(" ".join(value.split())) or MISSING  # a tab or line end inside a cell would break the row


def tsv_lines(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """The lines of a tab-separated table, header first, each with its end."""
    yield "\t".join(map(shown_as_text, columns)) + "\n"
    for row in rows:
        yield "\t".join(map(cell_text, map(row.get, columns))) + "\n"


def write_tsv(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a table with a header line, whole or not at all; no more than a row is held.

    Separated by tabs, or by commas where the name ends in `.csv`.
    """
    lines = _csv_lines(columns, rows) if path.suffix.lower() == ".csv" else tsv_lines(columns, rows)
    with writing(path) as stream:
        for line in lines:
            stream.write(line.encode("utf-8"))


def _csv_lines(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """The same cells, quoted where a comma or a quote needs it."""
    for cells in (list(map(shown_as_text, columns)), *([cell_text(row.get(name)) for name in columns] for row in rows)):
        quoted = ['"' + cell.replace('"', '""') + '"' if re.search('[",]', cell) else cell for cell in cells]
        yield ",".join(quoted) + "\n"


def write_table(folder: Path, table: Table) -> tuple[Path, Path]:
    """Write `<name>.tsv` and its data dictionary `<name>.json` into `folder`."""
    tsv, description = folder / f"{table.name}.tsv", folder / f"{table.name}.json"
    write_tsv(tsv, tuple(table.columns), table.rows)
    entries = dictionaries.dictionary(table.columns)
    write_text(description, json.dumps(entries, indent=2, ensure_ascii=False) + "\n")
    return tsv, description


def problems_table(problems: Iterable[InputProblem]) -> Table:
    """One row per problem of the input, errors first, each once."""
    columns = dictionaries.PROBLEMS
    ordered = sorted(
        dict.fromkeys(problems), key=lambda one: (SEVERITIES.index(one.severity), one.file, one.field, one.rule)
    )
    rows = tuple({column: getattr(problem, column) for column in columns} for problem in ordered)
    return Table(name="problems", columns=columns, rows=rows)
