"""Spreadsheets and text tables as rows of cells; numbers as plate readers write them."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import numpy as np

from pharmrs.io.problems import Problems
from pharmrs.records.plate import Missing

Cell = str | float | None
_NUMBER = re.compile(r"[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)([eE][+-]?[0-9]+)?")
_WORDS: dict[str, Missing] = {
    **dict.fromkeys(("over", "overflow", "ovrflw", "ovflw", "saturated", "sat", ">max", "#sat", "*****"), "over"),
    **dict.fromkeys(("under", "underflow", "undrflw", "<min"), "under"),
    **dict.fromkeys(("mask", "masked", "excluded", "invalid", "flagged", "rejected"), "masked"),
    **dict.fromkeys(("missed", "missing", "n/a", "nan", "na", "empty", "---", "--", "-"), "empty"),
}
_ROUNDING = 1e-14  # workbooks write 15 to 17 digits of a double
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
        start = path.open("rb").read(8)
    except OSError as error:
        problems.add("file", "must be readable", error.strerror or error, "check the path and the permissions")
        return ()
    try:
        if start.startswith(b"PK"):
            return _read_xlsx(path)
        if start.startswith(b"\xd0\xcf\x11\xe0"):
            return _read_xls(path)
        return _read_text(path)
    except UnicodeDecodeError:
        problems.add("file", "must be text or a workbook", "bytes that are neither", "export the plate again")
    except Exception as error:  # what a broken workbook makes openpyxl, xlrd or zipfile raise is not documented
        problems.add("file", "must be a whole workbook", f"{type(error).__name__}: {error}", "export the plate again")
    return ()


def _read_xlsx(path: Path) -> tuple[Sheet, ...]:
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    try:
        return tuple(
            Sheet(sheet.title, tuple(tuple(_cell(value) for value in row) for row in sheet.iter_rows(values_only=True)))
            for sheet in book.worksheets
        )
    finally:
        book.close()


def _read_xls(path: Path) -> tuple[Sheet, ...]:
    import xlrd

    with xlrd.open_workbook(path, logfile=io.StringIO()) as book:  # it would print its doubts
        return tuple(
            Sheet(
                sheet.name, tuple(tuple(_cell(value) for value in sheet.row_values(row)) for row in range(sheet.nrows))
            )
            for sheet in book.sheets()
        )


def _read_text(path: Path) -> tuple[Sheet, ...]:
    content = path.read_bytes()
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
    rows = csv.reader(lines, delimiter=delimiter)
    return (Sheet("", tuple(tuple(_cell(value) for value in row) for row in rows)),)


def _cell(value: object) -> Cell:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value)


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
