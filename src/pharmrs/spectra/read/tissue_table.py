"""Tissue fractions from a table: our own tissue.tsv, a spreadsheet, or what Osprey and Gannet write."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from pharmrs.core.errors import InputProblem, some_of
from pharmrs.core.read.cells import CellReader
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow, read_text_table
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.spectra.records.declared import Tissue

_NAMES = {
    "gray_matter": ("gray_matter", "grey_matter", "fGM", "GM"),
    "white_matter": ("white_matter", "fWM", "WM"),
    "csf": ("csf", "fCSF"),
}
_SDS = ("sd", *(f"{key}_sd" for key in _NAMES), "gm_sd", "wm_sd")
_USUAL_SD = 0.02


def read_tissue_table(path: Path, scans: Sequence[ScanFiles]) -> tuple[dict[str, Tissue], list[InputProblem]]:
    """Fractions by name of the scan, and what is wrong. A line names a scan, or subject and session."""
    problems = Problems(str(path))
    rows = read_text_table(path, problems, ())
    if not rows:
        return {}, problems.found
    header = {name.casefold(): name for name in rows[0].cells}
    columns = {
        key: next((header[name.casefold()] for name in names if name.casefold() in header), "")
        for key, names in _NAMES.items()
    }
    if lacking := [f"{key} ({', '.join(_NAMES[key][1:])})" for key, name in columns.items() if not name]:
        problems.add("header", f"must have the columns {', '.join(lacking)}", ", ".join(rows[0].cells), "add them")
    if not {"scan", "subject"} & set(rows[0].cells):
        remedy = "add a column scan, or subject and session: the order of lines does not show which scan is meant"
        problems.add("header", "must name the scan of each line", ", ".join(rows[0].cells), remedy)
    if any(one.severity == "error" for one in problems.found):
        return {}, problems.found
    found: dict[str, Tissue] = {}
    cells = CellReader(problems)
    for row in rows:
        tissue = _tissue(row, columns, cells, path)
        for name in _scans_of(row, scans, problems):
            if name in found:
                problems.add(row.where, "each scan must stand once", name, "delete one of the lines")
            elif tissue is not None:
                found[name] = tissue
    return found, problems.found


def _tissue(row: TextRow, columns: dict[str, str], cells: CellReader, path: Path) -> Tissue | None:
    values = {key: cells.number(row, name, low=0.0) for key, name in columns.items()}
    if any(math.isnan(value) for value in values.values()):
        return None
    sds = [cells.number(row, name, low=0.0) for name in _SDS if row.text(name)]
    total = math.fsum(values.values())
    if abs(total - 1.0) > 0.02:
        remedy = "write shares of the voxel (not per cent) of all three tissues"
        cells.problems.add(row.where, "gray_matter + white_matter + csf must be 1", f"{total:g}", remedy)
        return None
    values = {key: value / total for key, value in values.items()}  # printed with two or three digits
    return Tissue(**values, sd=max(sds, default=_USUAL_SD), source=row.text("source") or path.name)


def _scans_of(row: TextRow, scans: Sequence[ScanFiles], problems: Problems) -> list[str]:
    """The scans a line is about: the one it names, or all of its session."""
    known = [scan.name for scan in scans]
    if name := row.text("scan"):
        fitting = [one for one in known if one == name]
    else:
        subject, session = row.text("subject").removeprefix("sub-"), row.text("session").removeprefix("ses-")
        fitting = [scan.name for scan in scans if scan.subject == subject and session in ("", scan.session)]
    if not fitting:
        named = row.text("scan") or f"{row.text('subject')} {row.text('session')}".strip()
        remedy = f"correct it, or leave it; scans are {some_of(known, 3)}" if known else "correct it, or leave it"
        problems.add(row.where, "names no scan of the study and is passed over", named, remedy, severity="warning")
    return fitting
