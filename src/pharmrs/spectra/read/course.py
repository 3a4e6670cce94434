"""The course of a series: from a table, or from what a session tells of its times.

Columns: `file` (beside the table, or a whole path); where one recording is cut, `first` and `last`, its transients of
the row counted from 1; every other column is something that metabolites may follow: 0 and 1 for before and during,
minutes, the concentration of the drug in plasma.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from pharmrs.core.files.content import is_file
from pharmrs.core.read.cells import CellReader
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.sidecar import stem_of
from pharmrs.core.read.text_table import TextRow, read_text_table
from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.records.scan_files import ScanFiles

Levels = dict[tuple[str, str], tuple[tuple[float, ...], tuple[float, ...]]]
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
        rule, remedy = "must have a column with the course", "add one, e.g. drug with 0 before and 1 after it"
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


def minutes_of(scans: list[ScanFiles], problems: Problems) -> list[float]:
    """When each recording of one session began, minutes after the first; NaN where *_scans.tsv does not tell it.

    A single recording begins at 0.
    """
    if len(scans) == 1:
        return [0.0]
    folder = Path(scans[0].metabolite).parent.parent
    parts = [f"sub-{scans[0].subject}", *([f"ses-{scans[0].session}"] if scans[0].session else []), "scans.tsv"]
    table = folder / "_".join(parts)
    if not is_file(table):
        return [math.nan] * len(scans)
    own = Problems(str(table))
    times: dict[str, datetime] = {}
    for row in read_text_table(table, own, ("filename", "acq_time")):
        try:
            times[Path(row.text("filename")).name] = datetime.fromisoformat(row.text("acq_time"))
        except ValueError:
            rule, remedy = "must be a date and time like 2024-03-01T10:15:00", "correct it, or write n/a"
            if row.text("acq_time"):
                own.add(f"{row.where}: acq_time", rule, row.text("acq_time"), remedy)
    problems.found += own.found
    known = [times.get(Path(one.metabolite).name) for one in scans]
    begun = [one for one in known if one is not None]
    if len({one.tzinfo is None for one in begun}) > 1:
        remedy = "write all of them with or all without a time zone"
        problems.add(table.name, "acq_time must be of one kind", "with and without a time zone", remedy)
        return [math.nan] * len(scans)
    return [math.nan if one is None else (one - min(begun)).total_seconds() / 60.0 for one in known]


def events_file(scan: ScanFiles) -> Path:
    """Where BIDS has the events of a recording."""
    path = Path(scan.metabolite)
    return path.with_name(stem_of(path).removesuffix("_svs") + "_events.tsv")


def read_events(scan: ScanFiles, problems: Problems) -> dict[str, tuple[tuple[float, float], ...]]:
    """Onset and duration in minutes from the start of the recording, by trial type."""
    path = events_file(scan)
    own = Problems(str(path))
    remedy = "bring the events of this recording, or give the course by its steps"
    rows = read_text_table(path, own, ("onset", "duration", "trial_type"), when_missing=remedy)
    cells = CellReader(own)
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in rows:
        onset, duration = cells.number(row, "onset"), cells.number(row, "duration", low=0.0)
        if math.isfinite(onset) and math.isfinite(duration):
            found[row.text("trial_type")].append((onset / 60.0, duration / 60.0))
    problems.found += own.found
    return {name: tuple(spans) for name, spans in found.items()}


def read_levels(root: Path, column: str, problems: Problems) -> Levels:
    """Measured levels by participant and session: minutes on the clock of the session, ascending, and values."""
    keys = ("participant_id", "session_id", "time_min")
    folder = root / "phenotype"
    tables = sorted(folder.glob("*.tsv")) if folder.is_dir() else []
    having = []
    for path in tables:
        rows = read_text_table(path, Problems(str(path)), ("participant_id",))
        if rows and column in rows[0].cells:
            having.append(path)
    if len(having) != 1:
        rule = f"{column} must be a column of one table with {', '.join(keys)}"
        found = ", ".join(path.name for path in having) or "in none"
        problems.add("phenotype/", rule, found, "bring the table, or correct series.courses of study.yaml")
        return {}
    own = Problems(str(having[0]))
    cells = CellReader(own)
    samples: dict[tuple[str, str], dict[float, float]] = defaultdict(dict)
    for row in read_text_table(having[0], own, (*keys, column)):
        person, session = (
            row.text(key).removeprefix(prefix) for key, prefix in zip(keys, ("sub-", "ses-"), strict=False)
        )
        minutes, value = cells.number(row, "time_min"), cells.number(row, column)
        if not (math.isfinite(minutes) and math.isfinite(value)):
            continue
        if minutes in samples[person, session]:
            own.add(row.where, "one line for each time", f"time_min {minutes:g} twice", "keep one of the two lines")
        samples[person, session][minutes] = value
    problems.found += own.found
    return {
        place: (tuple(sorted(values)), tuple(values[time] for time in sorted(values)))
        for place, values in samples.items()
    }
