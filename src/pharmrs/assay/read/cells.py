"""Spreadsheets and text tables as rows of cells; numbers as plate readers write them."""

from __future__ import annotations

import csv
import io
import math
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import numpy as np

from pharmrs.assay.records.plate import Missing
from pharmrs.core.files.content import LARGEST_TEXT_BYTES, read_content, without_hidden
from pharmrs.core.read.problems import Problems

Cell = str | float | None
_NUMBER = re.compile(r"[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)([eE][+-]?[0-9]+)?")
_WORDS: dict[str, Missing] = {
    **dict.fromkeys(("over", "overflow", "ovrflw", "ovflw", "saturated", "sat", ">max", "#sat", "*****"), "over"),
    **dict.fromkeys(("under", "underflow", "undrflw", "<min"), "under"),
    **dict.fromkeys(("mask", "masked", "excluded", "invalid", "flagged", "rejected"), "masked"),
    **dict.fromkeys(("missed", "missing", "n/a", "nan", "na", "empty", "---", "--", "-"), "empty"),
}
_ROUNDING = 1e-14  # workbooks write 15 to 17 digits of a double
_LARGEST_UNPACKED_BYTES = 1 << 26
_DELIMITERS = "\t;,|"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its title (empty for a text file) and its rows, trailing empty cells included."""

    title: str
    rows: tuple[tuple[Cell, ...], ...]

    def text(self, row: int, column: int) -> str:
        """The cell as stripped text, empty outside the sheet."""
        if row >= len(self.rows) or column >= len(self.rows[row]):
            return ""
        value = self.rows[row][column]
        if value is None:
            return ""
        return f"{value:g}" if isinstance(value, float) else value.strip()

    def cell(self, row: int, column: int) -> Cell:
        """The cell, None outside the sheet."""
        inside = row < len(self.rows) and column < len(self.rows[row])
        return self.rows[row][column] if inside else None


def read_sheets(path: Path, problems: Problems) -> tuple[Sheet, ...]:
    """All sheets of an .xlsx or .xls workbook, or the one table of a text file; none when the file cannot be read."""
    try:
        content = read_content(path, LARGEST_TEXT_BYTES)
    except OSError as error:
        problems.add("file", "must be readable", error.strerror or error, "check the path and the permissions")
        return ()
    try:
        if content.startswith(b"PK"):
            return _read_xlsx(content)
        if content.startswith(b"\xd0\xcf\x11\xe0"):
            return _read_xls(content)
        return _read_text(content)
    except _TooLarge as error:
        remedy = "export the plate alone, without pictures and other sheets"
        problems.add("file", "must be the export of a plate reader", error, remedy)
    except UnicodeDecodeError:
        problems.add("file", "must be text or a workbook", "bytes that are neither", "export the plate again")
    except Exception as error:  # what a broken workbook makes openpyxl, xlrd or zipfile raise is not documented
        problems.add("file", "must be a whole workbook", f"{type(error).__name__}: {error}", "export the plate again")
    return ()


class _TooLarge(ValueError):
    """A workbook that unpacks to more than a plate reader writes."""


def _read_xlsx(content: bytes) -> tuple[Sheet, ...]:
    from openpyxl import load_workbook

    with zipfile.ZipFile(io.BytesIO(content)) as archive:  # no more than these sizes is ever unpacked
        if sum(member.file_size for member in archive.infolist()) > _LARGEST_UNPACKED_BYTES:
            raise _TooLarge(f"more than {_LARGEST_UNPACKED_BYTES >> 20} MiB unpacked")
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    try:
        budget = _Budget()
        return tuple(Sheet(sheet.title, _rows(sheet.iter_rows(values_only=True), budget)) for sheet in book.worksheets)
    finally:
        book.close()


@dataclass(slots=True)
class _Budget:
    """Cells that may still be read."""

    cells: int = 1_000_000


def _rows(rows: Iterable[Sequence[object]], budget: _Budget) -> tuple[tuple[Cell, ...], ...]:
    """The rows of a sheet. A cell far below or to the right comes with all the empty ones before it."""
    found = []
    for row in rows:
        budget.cells -= len(row) + 1
        if budget.cells < 0:
            raise _TooLarge("more than a million cells")
        found.append(tuple(_cell(value) for value in row))
    return tuple(found)


def _read_xls(content: bytes) -> tuple[Sheet, ...]:
    import xlrd

    with xlrd.open_workbook(file_contents=content, logfile=io.StringIO()) as book:  # it would print its doubts
        budget = _Budget()
        return tuple(
            Sheet(sheet.name, _rows((sheet.row_values(row) for row in range(sheet.nrows)), budget))
            for sheet in book.sheets()
        )


def _read_text(content: bytes) -> tuple[Sheet, ...]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252")  # readers on Windows write the degree sign so
    if "\x00" in text:
        raise UnicodeDecodeError("text", content[:1], 0, 1, "binary")
    lines = text.splitlines()
    counts = {mark: sum(mark in line for line in lines) for mark in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda mark: counts[mark])
    return (Sheet("", _rows(csv.reader(lines, delimiter=delimiter), _Budget())),)


def _cell(value: object) -> Cell:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return without_hidden(str(value)) or None


def number(cell: Cell) -> float | None:
    """A number, written with a decimal point or a decimal comma; None for anything else."""
    if isinstance(cell, float):
        return _without_dust(cell) if math.isfinite(cell) else None
    if cell is None:
        return None
    text = cell.strip().replace("\N{MINUS SIGN}", "-")
    value = float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else math.nan
    return value if math.isfinite(value) else None


def _without_dust(value: float) -> float:
    """Readers store single precision: 0.0931999981 is 0.0932. The shortest decimal of that single is what was read."""
    with np.errstate(over="ignore"):
        single = np.float32(value)
    same = np.isfinite(single) and abs(float(single) - value) <= _ROUNDING * abs(value)
    return float(str(single)) if same else value


def missing_word(cell: Cell) -> Missing | None:
    """What a word in place of a number means; None when it is no such word."""
    return _WORDS.get(cell.strip().lower()) if isinstance(cell, str) else None


def mixes_decimal_marks(cells: Sequence[Cell]) -> bool:
    """Whether some numbers are written with a decimal comma and others with a decimal point."""
    numbers = [cell for cell in cells if isinstance(cell, str) and _NUMBER.fullmatch(cell.strip())]
    return any("," in text for text in numbers) and any("." in text for text in numbers)
