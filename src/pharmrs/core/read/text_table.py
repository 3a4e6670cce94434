"""The one reader of tables with a header: tabs, commas or semicolons, UTF-8 or UTF-16, .xlsx and .xls.

Cells are text as written; `n/a`, R's `NA` and `NaN`, Excel's `#N/A` and nothing at all are missing. Columns that are
not known are left out with a warning; one that looks like a known column that is not there is an error.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pharmrs.core.characters import hidden_character, text_shown, without_marks
from pharmrs.core.errors import some_of
from pharmrs.core.read.numbers import Commas, commas_of, could_be_number
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.sheets import SheetOfText, read_sheets, table_of

_MISSING = frozenset({"", "n/a", "N/A", "n/A", "N/a", "NA", "NaN", "#N/A"})  # not Na, which is sodium
_LARGEST_BYTES = 1 << 28
_ALIKE = 0.8


@dataclass(frozen=True, slots=True)
class TextRow:
    """One line of a table: its number in the file (the header is line 1), cells by column, what commas are there."""

    line: int
    cells: dict[str, str]
    commas: Mapping[str, Commas] = field(default_factory=dict)

    def text(self, column: str) -> str:
        """The cell, blanks around it removed; empty where it is missing."""
        value = self.cells.get(column, "")
        return "" if value in _MISSING else value

    @property
    def where(self) -> str:
        return f"line {self.line}"


def read_text_table(
    path: Path,
    problems: Problems,
    required: Sequence[str],
    optional: Sequence[str] | None = None,
    when_missing: str = "check the path of the table",
) -> list[TextRow]:
    """The lines of a table that hold anything. What is wrong goes to `problems`; then there may be no row.

    `optional`: the other columns that are known; None: any. Empty lines are passed over. `when_missing`: remedy for a
    file that does not exist. Of a workbook the sheet is read that has the required columns.
    """
    try:
        sheets = read_sheets(path, problems, _LARGEST_BYTES)
    except FileNotFoundError:
        problems.add("file", "must exist", "missing", when_missing)
        return []
    except OSError as error:
        problems.add("file", "must be readable", error.strerror or error, "check the permissions and the disk")
        return []
    return _rows(_chosen(sheets, required, problems), problems, required, optional)


def parse_text_table(
    text: str, problems: Problems, required: Sequence[str], optional: Sequence[str] | None = None
) -> list[TextRow]:
    """The same for the text of a table."""
    sheets = table_of(text, problems)
    return _rows(sheets[0] if sheets else None, problems, required, optional)


def _chosen(sheets: Sequence[SheetOfText], required: Sequence[str], problems: Problems) -> SheetOfText | None:
    """The only sheet with the required columns, else the only one that holds anything."""
    filled = [sheet for sheet in sheets if any(cell.strip() for row in sheet.rows for cell in row)]
    fitting = [sheet for sheet in filled if set(required) <= set(_names(_header(sheet)[1], required).values())]
    if len(fitting) > 1:
        remedy = "keep one of them in the workbook, or save the right one as tab-separated text"
        found = some_of([sheet.title for sheet in fitting])
        problems.add("file", "one sheet only may have the columns of the table", found, remedy)
        return None
    return next(iter(fitting or filled or sheets), None)


def _rows(
    sheet: SheetOfText | None, problems: Problems, required: Sequence[str], optional: Sequence[str] | None
) -> list[TextRow]:
    if sheet is None:
        return []
    start, header = _header(sheet)
    if not header:
        problems.add("file", "must hold a header and lines", "an empty file", "export the table again")
        return []
    lines = _lines(sheet, start, header, problems)
    columns = _columns(header, lines, problems, required, optional)
    if columns is None:
        return []
    if not lines and not problems.found:
        problems.add("file", "must hold at least one line below the header", "none", "add the lines of the table")
    cells = [(line, {name: row[place] for name, place in columns.items()}) for line, row in lines]
    commas = _commas({name: [row[name] for _, row in cells] for name in columns})
    return [TextRow(line, row, commas) for line, row in cells]


def _header(sheet: SheetOfText) -> tuple[int, list[str]]:
    """Place and names of the first row that holds anything, without what is empty at its end."""
    for place, row in enumerate(sheet.rows):
        names = [text_shown(without_marks(name).strip()) for name in row]
        while names and not names[-1]:
            names.pop()
        if names:
            return place, names
    return 0, []


def _lines(sheet: SheetOfText, start: int, header: list[str], problems: Problems) -> list[tuple[int, list[str]]]:
    """Line number and cells of each row below the header that holds anything and is as long as the header."""
    found: list[tuple[int, list[str]]] = []
    marked = []
    for line, row in enumerate(sheet.rows[start + 1 :], start=start + 2):
        cells = [cell if cell == (plain := without_marks(cell).strip()) else plain for cell in row]
        if any(len(plain) < len(cell.strip()) for plain, cell in zip(cells, row, strict=True)):
            marked.append(f"line {line}")
        cells = [text_shown(cell) if cell.startswith("'") else cell for cell in cells]
        while len(cells) > len(header) and not cells[-1]:
            cells.pop()
        if not any(cells):
            continue
        if hidden := next(filter(None, map(hidden_character, cells)), ""):
            remedy = "delete it, or export the table again as text"
            problems.add(f"line {line}", "must not hold control characters", hidden, remedy)
            continue
        found.append((line, cells + [""] * (len(header) - len(cells)) if sheet.title else cells))
    if marked:
        rule, remedy = "invisible marks were left out", "nothing, if the labels there are right"
        problems.add(some_of(marked, 3), rule, "marks of direction or of no width", remedy, severity="note")
    return [(line, cells) for line, cells in found if _as_long(line, cells, header, problems)]


def _as_long(line: int, cells: list[str], header: list[str], problems: Problems) -> bool:
    if len(cells) != len(header):
        rule = f"must have {len(header)} cells, as the header"
        remedy = "check the tabs, commas or semicolons of the line; a cell that holds one stands in quotes"
        problems.add(f"line {line}", rule, len(cells), remedy)
    return len(cells) == len(header)


def _columns(
    header: list[str],
    lines: Sequence[tuple[int, list[str]]],
    problems: Problems,
    required: Sequence[str],
    optional: Sequence[str] | None,
) -> dict[str, int] | None:
    """Place of each column that is taken, by its known name; None where the header cannot be used."""
    before = sum(one.severity == "error" for one in problems.found)
    for name in header:
        if hidden := hidden_character(name):
            problems.add("header", "must not hold control characters", hidden, "delete it")
    known = (*required, *(optional or ()))
    names = _names(header, known)
    taken = [names.get(name, name) for name in header]
    lacking = [name for name in known if name not in taken]
    for name in required:
        if name in lacking:
            strange = [one for one in header if one and one not in known]
            near = difflib.get_close_matches(name, strange, n=1, cutoff=_ALIKE)
            remedy = f"did you mean '{near[0]}'? Rename it to {name}" if near else f"add the column {name}"
            problems.add("header", f"must have the column {name}", ", ".join(header), remedy)
    unknown = [name for name in dict.fromkeys(taken) if name and name not in known]
    for name in unknown:
        if near := difflib.get_close_matches(name, [one for one in lacking if one not in required], 1, _ALIKE):
            remedy = f"did you mean '{near[0]}'? Rename the column, or delete it"
            problems.add("header", "must not nearly be the name of a known column", name, remedy)
    if optional is not None and unknown:
        rule, remedy = "only known columns are read", f"nothing, or rename it; known here: {', '.join(known)}"
        problems.add("header", rule, some_of(unknown, 10), remedy, severity="note")
        unknown = []
    for name in (*known, *unknown):
        if taken.count(name) > 1:
            problems.add("header", "must name a column once", name, "delete one of the columns")
    failed = sum(one.severity == "error" for one in problems.found) > before
    return None if failed else {name: i for i, name in enumerate(taken) if name in known or name in unknown}


def _names(header: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    """Known name by name in the header: as written, or but for capitals, blanks and hyphens (`Time point`)."""
    plain: dict[str, list[str]] = {}
    for name in known:
        plain.setdefault(_plain(name), []).append(name)
    found = {}
    for name in header:
        alike = plain.get(_plain(name), [])
        if name in known:
            found[name] = name
        elif len(alike) == 1 and alike[0] not in header:
            found[name] = alike[0]
    return found


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip()).casefold()


def _commas(columns: Mapping[str, list[str]]) -> dict[str, Commas]:
    """What commas are in each column: as its own numbers show, or else as the table's columns of numbers show."""
    own = {name: commas_of(cells) for name, cells in columns.items()}
    shown = {
        own[name] for name, cells in columns.items()
        if own[name] is not Commas.UNKNOWN and all(cell in _MISSING or could_be_number(cell) for cell in cells)
    }  # fmt: skip
    table = shown.pop() if len(shown) == 1 else Commas.UNKNOWN
    return {name: table if found is Commas.UNKNOWN else found for name, found in own.items()}
