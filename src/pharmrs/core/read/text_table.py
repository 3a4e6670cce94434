"""Tab-separated tables in (CSV where a file has no tab): cells as text, `n/a` and nothing alike missing."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.errors import some_of
from pharmrs.core.files.content import hidden_character, read_text
from pharmrs.core.read.problems import Problems

_MISSING = ("", "n/a")
_LARGEST_BYTES = 1 << 28
_MOST_CELLS = 20_000_000  # a gibibyte or two of memory


@dataclass(frozen=True, slots=True)
class TextRow:
    """One line of a table: its number in the file (the header is line 1) and its cells by column."""

    line: int
    cells: dict[str, str]

    def text(self, column: str) -> str:
        """The cell, blanks around it removed; empty where it is missing."""
        value = self.cells.get(column, "")
        return "" if value.lower() in _MISSING else value

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

    `optional`: the other columns that may occur; None: any. Empty lines are passed over. `when_missing`: remedy for a
    file that does not exist.
    """
    text = _read(path, problems, when_missing)
    return [] if text is None else parse_text_table(text, problems, required, optional)


def parse_text_table(
    text: str, problems: Problems, required: Sequence[str], optional: Sequence[str] | None = None
) -> list[TextRow]:
    """The same for the text of a table."""
    if not text.strip():
        problems.add("file", "must hold a header and lines", "an empty file", "export the table again")
        return []
    mark = "\t" if "\t" in text else ","
    if not _holds_a_table(text, mark, problems):
        return []
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
    except csv.Error as error:
        problems.add("file", "must be lines of cells", error, "export the table again, without line ends inside cells")
        return []
    header = [name.strip() for name in lines[0]]
    if len(header) == 1 and ";" in header[0]:
        remedy = "save it as tab-separated text, with decimal points"
        problems.add("file", "cells must be separated by tabs (or commas)", "semicolons", remedy)
        return []
    if not _check_header(header, problems, required, optional):
        return []
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in line):
            continue
        if len(line) != len(header):
            rule = f"must have {len(header)} cells, as the header"
            problems.add(f"line {number}", rule, len(line), "check the tabs or commas of the line")
            continue
        rows.append(TextRow(number, dict(zip(header, (cell.strip() for cell in line), strict=True))))
    if not rows and not problems.found:
        problems.add("file", "must hold at least one line below the header", "none", "add the lines of the table")
    return rows


def _holds_a_table(text: str, mark: str, problems: Problems) -> bool:
    """Whether the text can be a table, compared before it is taken apart."""
    if hidden := hidden_character(text):
        line = next(number for number, one in enumerate(text.split("\n"), start=1) if hidden_character(one))
        remedy = "delete it, or export the table again as text"
        problems.add(f"line {line}", "must not hold control characters", hidden, remedy)
        return False
    cells = text.count(mark) + text.count("\n")
    if cells > _MOST_CELLS:
        problems.add("file", f"must hold at most {_MOST_CELLS} cells", cells, "split the table")
    return cells <= _MOST_CELLS


def _read(path: Path, problems: Problems, when_missing: str) -> str | None:
    try:
        return read_text(path, largest=_LARGEST_BYTES)
    except FileNotFoundError:
        problems.add("file", "must exist", "missing", when_missing)
    except OSError as error:
        problems.add("file", "must be readable", error.strerror or error, "check the permissions and the disk")
    except UnicodeDecodeError:
        problems.add("file", "must be UTF-8 text", "other bytes", "export the table as tab-separated text in UTF-8")
    return None


def _check_header(
    header: list[str], problems: Problems, required: Sequence[str], optional: Sequence[str] | None
) -> bool:
    before = len(problems.found)
    for name in required:
        if name not in header:
            problems.add("header", f"must have the column {name}", ", ".join(header), f"add the column {name}")
    allowed = header if optional is None else (*required, *optional)
    if unknown := [name for name in dict.fromkeys(header) if name not in allowed]:
        rule = f"must have known columns only ({', '.join(allowed)})"
        problems.add("header", rule, some_of(unknown, 10), "rename or delete what is not known")
    for name in dict.fromkeys(header):
        if header.count(name) > 1:
            problems.add("header", "must name a column once", name, "delete one of the columns")
    return len(problems.found) == before
