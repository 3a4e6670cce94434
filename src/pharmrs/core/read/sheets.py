"""The one reader of containers: text (tabs, commas, semicolons; UTF-8, UTF-16, Windows-1252), workbooks; as cells.

Every cell is text as it stands; the numbers of a workbook are `Typed`, whole ones with all their digits, so that a
sample 1234567 stays 1234567. What a workbook calls a date or a time is ISO text.
"""

from __future__ import annotations

import csv
import io
import math
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

from pharmrs.core.files.content import LARGEST_TEXT_BYTES, read_content
from pharmrs.core.read.numbers import Typed
from pharmrs.core.read.problems import Problems

_LARGEST_UNPACKED_BYTES = 1 << 26
_MOST_CELLS = 20_000_000  # a gibibyte or two of memory
_MOST_CELLS_OF_A_BOOK = 1_000_000
_EXACT = 10**15  # workbooks keep 15 digits
_WORKBOOKS = (b"PK", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True, slots=True)
class SheetOfText:
    """One sheet: its title (empty for a text file) and its rows of cells, none of them stripped."""

    title: str
    rows: tuple[tuple[str, ...], ...]


class TooLarge(ValueError):
    """A workbook or text that unpacks to more than a table holds."""


def sheets_of(content: bytes, problems: Problems) -> tuple[SheetOfText, ...]:
    """The sheets of a workbook, or the one table of a text; none, with the reason in `problems`, for anything else."""
    try:
        if content.startswith(_WORKBOOKS[0]):
            return _of_xlsx(content, problems)
        if content.startswith(_WORKBOOKS[1]):
            return _of_xls(content)
    except TooLarge as error:
        problems.add("file", "must be a workbook with tables", error, "save the table alone, without pictures")
        return ()
    except Exception as error:  # what a broken workbook makes openpyxl, xlrd or zipfile raise is not documented
        remedy = "save the table again, best as tab-separated text"
        problems.add("file", "must be a whole workbook", f"{type(error).__name__}: {error}", remedy)
        return ()
    text = text_of(content, problems)
    return () if text is None else table_of(text, problems)


def read_sheets(path: Path, problems: Problems, largest: int = LARGEST_TEXT_BYTES) -> tuple[SheetOfText, ...]:
    """The same of a file. Raises OSError where it cannot be read."""
    return sheets_of(read_content(path, largest), problems)


def text_of(content: bytes, problems: Problems) -> str | None:
    """The text of UTF-8, UTF-16 (as Excel calls it, Unicode text) or, with a warning, Windows-1252."""
    zeros = content[:64:2].count(0), content[1:64:2].count(0)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif 3 * max(zeros) > len(content[:64]) and min(zeros) == 0:  # UTF-16 without its mark: every other byte is 0
        encodings = ["utf-16-be" if zeros[0] else "utf-16-le"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "cp1252":
            rule, remedy = "should be UTF-8 text, and was read as Windows-1252", "save the table as UTF-8"
            problems.add("file", rule, "other bytes", remedy, severity="warning")
        return text
    problems.add("file", "must be UTF-8 text", "other bytes", "save the table as tab-separated text in UTF-8")
    return None


def table_of(text: str, problems: Problems) -> tuple[SheetOfText, ...]:
    """A text as one sheet. Its cells are separated by what stands in its first line that is not empty."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    mark = "\t" if "\t" in first else ";" if first.count(";") >= max(1, first.count(",")) else ","
    cells = text.count(mark) + text.count("\n")
    if cells > _MOST_CELLS:
        problems.add("file", f"must hold at most {_MOST_CELLS} cells", cells, "split the table")
        return ()
    try:
        rows = tuple(tuple(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark))
    except csv.Error as error:
        problems.add("file", "must be lines of cells", error, "export the table again, without line ends inside cells")
        return ()
    return (SheetOfText("", rows),)


def _of_xlsx(content: bytes, problems: Problems) -> tuple[SheetOfText, ...]:
    from openpyxl import load_workbook

    with zipfile.ZipFile(io.BytesIO(content)) as archive:  # no more than these sizes is ever unpacked
        if sum(member.file_size for member in archive.infolist()) > _LARGEST_UNPACKED_BYTES:
            raise TooLarge(f"more than {_LARGEST_UNPACKED_BYTES >> 20} MiB unpacked")
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    try:
        budget = [_MOST_CELLS_OF_A_BOOK]
        sheets = []
        for sheet in book.worksheets:
            cells = (((cell.value, getattr(cell, "number_format", "")) for cell in row) for row in sheet.iter_rows())
            sheets.append(SheetOfText(sheet.title, _rows(cells, budget, problems)))
        return tuple(sheets)
    finally:
        book.close()


def _of_xls(content: bytes) -> tuple[SheetOfText, ...]:
    import xlrd

    with xlrd.open_workbook(file_contents=content, logfile=io.StringIO()) as book:  # it would print its doubts
        budget = [_MOST_CELLS_OF_A_BOOK]
        sheets = []
        for sheet in book.sheets():
            cells = (((_xls_value(cell, book.datemode), "") for cell in sheet.row(row)) for row in range(sheet.nrows))
            sheets.append(SheetOfText(sheet.name, _rows(cells, budget, Problems(""))))
        return tuple(sheets)


def _xls_value(cell: object, datemode: int) -> object:
    import xlrd

    kind, value = cell.ctype, cell.value  # type: ignore[attr-defined]
    if kind == xlrd.XL_CELL_DATE:
        moment = xlrd.xldate_as_datetime(value, datemode)
        return moment.time() if value < 1 else moment
    return bool(value) if kind == xlrd.XL_CELL_BOOLEAN else None if kind == xlrd.XL_CELL_ERROR else value


def _rows(
    cells: Iterable[Iterable[tuple[object, str]]], budget: list[int], problems: Problems
) -> tuple[tuple[str, ...], ...]:
    """The rows of a sheet. A cell far below or to the right comes with all the empty ones before it."""
    rows = []
    for number, row in enumerate(cells, start=1):
        made = tuple(_cell(value, form, number, problems) for value, form in row)
        budget[0] -= len(made) + 1
        if budget[0] < 0:
            raise TooLarge("more than a million cells")
        rows.append(made)
    return tuple(rows)


def _cell(value: object, form: str, line: int, problems: Problems) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        if not math.isfinite(value):
            return ""
        if value == int(value) and abs(value) < _EXACT:
            digits = str(int(value))
            return Typed(digits.zfill(len(form)) if form and set(form) == {"0"} else digits)  # 007 shown as 007
        if abs(value) >= _EXACT:
            remedy = "format the column as text and write it again, if it is a number of something"
            rule = "a workbook keeps 15 digits of a number"
            problems.add(f"line {line}", rule, f"{value:.17g}", remedy, severity="warning")
        return Typed(repr(float(value)))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)
