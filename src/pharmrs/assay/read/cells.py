"""Spreadsheets and text tables as rows of cells; words and numbers as plate readers write them.

Cells and numbers are those of `core/read`: text exactly as it stands, numbers of workbooks with all their digits, one
rule for commas. What is added here is what only plate readers do: words in place of a number, single precision, a
delimiter that the first line of an export does not show.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pharmrs.assay.records.plate import Missing
from pharmrs.core.characters import without_hidden
from pharmrs.core.files.content import LARGEST_TEXT_BYTES, read_content
from pharmrs.core.read.numbers import Commas, Typed, could_be_number, read_number
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.sheets import sheets_of, text_of

_WORDS: dict[str, Missing] = {
    **dict.fromkeys(("over", "overflow", "ovrflw", "ovflw", "ovrflow", "saturated", "sat", ">max", "#sat"), "over"),
    **dict.fromkeys(("under", "underflow", "undrflw", "<min"), "under"),
    **dict.fromkeys(("mask", "masked", "excluded", "invalid", "flagged", "rejected"), "masked"),
    **dict.fromkeys(("missed", "missing", "n/a", "nan", "na", "#n/a", "empty", "---", "--", "-", "-----"), "empty"),
}
_BEYOND = re.compile(r"([<>])\s*\d+([.,]\d*)?")  # >4.000: above what the detector can measure
_NUMBER_LIKE = re.compile(r"[-+\N{MINUS SIGN}]?\d[\d.,'\u2019\s]*")
_STARS = re.compile(r"\*{3,}|\?{3,}")
_ROUNDING = 1e-14  # workbooks write 15 to 17 digits of a double
_MOST_CELLS = 1_000_000
_DELIMITERS = "\t;,|"
_WORKBOOKS = (b"PK", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its title (empty for a text file) and its rows of cells; empty cells are empty text."""

    title: str
    rows: tuple[tuple[str, ...], ...]

    def text(self, row: int, column: int) -> str:
        """The cell as stripped text, empty outside the sheet."""
        return self.cell(row, column).strip()

    def cell(self, row: int, column: int) -> str:
        """The cell as it stands (numbers of workbooks are `Typed`), empty outside the sheet."""
        inside = row < len(self.rows) and column < len(self.rows[row])
        return self.rows[row][column] if inside else ""

    def row_text(self, row: int) -> str:
        """All that a row holds, separated by blanks."""
        return " ".join(text for place in range(len(self.rows[row])) if (text := self.text(row, place)))


def read_sheets(path: Path, problems: Problems) -> tuple[Sheet, ...]:
    """All sheets of an .xlsx or .xls workbook, or the one table of a text file; none when the file cannot be read."""
    try:
        content = read_content(path, LARGEST_TEXT_BYTES)
    except OSError as error:
        problems.add("file", "must be readable", error.strerror or error, "check the path and the permissions")
        return ()
    own = Problems(problems.file)
    if content.startswith(_WORKBOOKS):
        sheets = tuple(Sheet(one.title, one.rows) for one in sheets_of(content, own))
    else:
        text = text_of(content, own)
        sheets = () if text is None else (_table(text, own),)
    for one in own.found:
        if one.severity == "error":  # the rest is what exports are like
            problems.add(one.field, one.rule, one.value, "export the plate again, as a workbook or as text")
    return sheets


def _table(text: str, problems: Problems) -> Sheet:
    """A text as one sheet: the delimiter is the one that most of its lines hold."""
    if "\x00" in text:
        problems.add("file", "must be text or a workbook", "bytes that are neither", "export the plate again")
        return Sheet("", ())
    lines = text.splitlines()
    counts = {mark: sum(mark in line for line in lines) for mark in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda mark: counts[mark])
    if text.count(delimiter) > _MOST_CELLS:
        problems.add("file", "must be the export of a plate reader", "more than a million cells", "export one plate")
        return Sheet("", ())
    rows = csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter, strict=False)
    return Sheet("", tuple(tuple(without_hidden(cell) for cell in row) for row in rows))


def number(cell: str, commas: Commas = Commas.UNKNOWN) -> float | None:
    """A number by the program's one rule for commas; None for anything else, what could be two numbers included."""
    found = read_number(cell, commas)
    if found.rule:
        return None
    return _without_dust(found.value) if isinstance(cell, Typed) else found.value


def number_like(cell: str) -> bool:
    """Whether a cell that is not read as a number is one all the same: 6'041, 23 717, 1.2.3, 1e300."""
    return _NUMBER_LIKE.fullmatch(cell.strip()) is not None or could_be_number(cell)


def _without_dust(value: float) -> float:
    """Readers store single precision: 0.0931999981 is 0.0932. The shortest decimal of that single is what was read."""
    with np.errstate(over="ignore"):
        single = np.float32(value)
    same = np.isfinite(single) and abs(float(single) - value) <= _ROUNDING * abs(value)
    return float(str(single)) if same else value


def missing_word(cell: str) -> Missing | None:
    """What a word in place of a number means; None when it is no such word."""
    text = cell.strip().lower()
    if beyond := _BEYOND.fullmatch(text):
        return "over" if beyond[1] == ">" else "under"
    return "over" if _STARS.fullmatch(text) else _WORDS.get(text)


def is_empty(cells: Iterable[str]) -> bool:
    """Whether nothing stands in any of the cells."""
    return not any(cell.strip() for cell in cells)
